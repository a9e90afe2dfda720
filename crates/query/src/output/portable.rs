//! A batch in types that every reader of Arrow files knows, and with the bytes of its own rows only.
//!
//! A row that the engine hands out may be a view into a page of a thousand others, and a word a
//! number in the dictionary of a whole file; written as they are, a question for one row would give
//! away the text of all. A file also may not change a dictionary half-way, and ours come from many.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

/// The schema that [`portable`] gives.
pub(super) fn schema(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(fields(schema.fields())))
}

/// The same rows in the columns of `schema`, without what belongs to others.
pub(super) fn portable(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| match column.data_type() == field.data_type() {
        // What is no view and no dictionary is cut to the rows as it is written.
        true => Ok(Arc::clone(column)),
        false => cast(column, field.data_type()),
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows)
}

fn fields(fields: &Fields) -> Fields {
    fields.iter().map(field).collect()
}

fn field(field: &FieldRef) -> FieldRef {
    Arc::new(Field::new(field.name(), owned(field.data_type()), field.is_nullable()))
}

/// The type that holds its values itself.
fn owned(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, value) => owned(value),
        DataType::Utf8View => DataType::LargeUtf8,
        DataType::BinaryView => DataType::LargeBinary,
        DataType::List(item) => DataType::List(field(item)),
        DataType::LargeList(item) => DataType::LargeList(field(item)),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(field(item), *length),
        DataType::Struct(members) => DataType::Struct(fields(members)),
        other => other.clone(),
    }
}
