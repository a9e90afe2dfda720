//! A batch in the few types that every text format can write.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

/// The same rows with dictionaries decoded, bytes as text, times in UTC, and every column's name
/// once.
pub(super) fn plain(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let names = unique(batch.schema().fields().iter().map(|field| field.name().as_str()));
    let fields: Vec<Field> = names
        .into_iter()
        .zip(&columns)
        .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
        .collect();
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)
}

fn column(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Dictionary(_, value) => self::column(&cast(column, value)?),
        DataType::Timestamp(unit, Some(zone)) if &**zone != "UTC" => {
            cast(column, &DataType::Timestamp(*unit, Some(Arc::from("UTC"))))
        }
        DataType::Timestamp(TimeUnit::Second, None) => {
            cast(column, &DataType::Timestamp(TimeUnit::Millisecond, None))
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => bytes(column),
        _ => Ok(Arc::clone(column)),
    }
}

/// Bytes as the text they nearly always are; the others as `\xff`.
fn bytes(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let binary = cast(column, &DataType::Binary)?;
    let Some(binary) = binary.as_any().downcast_ref::<BinaryArray>() else {
        return Err(ArrowError::CastError("bytes are not bytes".to_owned()));
    };
    let text: StringArray = binary.iter().map(|bytes| bytes.map(readable)).collect();
    Ok(Arc::new(text))
}

fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// The names, the second `x` as `x_2`: an object with two equal keys loses one to most readers.
fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for name in names {
        let mut candidate = name.to_owned();
        let mut count = 1;
        while taken.contains(&candidate) {
            count += 1;
            candidate = format!("{name}_{count}");
        }
        taken.push(candidate);
    }
    taken
}
