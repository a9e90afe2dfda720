//! Parquet, with the types that it has.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Fault, checked, column_name, within};
use crate::limits::REFERENCE_MEMORY_MAX;

pub(super) fn batches(bytes: Vec<u8>) -> Result<Vec<RecordBatch>, Fault> {
    let broken = |error: &dyn std::fmt::Display| {
        Fault::of_all(format!("it is not a whole Parquet file: {error}"))
    };
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))
        .map_err(|error| broken(&error))?;
    let rows = usize::try_from(reader.metadata().file_metadata().num_rows());
    within(rows.unwrap_or(usize::MAX))?;
    let fields = reader.schema().fields();
    let names: Vec<String> = fields.iter().map(|field| column_name(field.name())).collect();
    checked(&names, None)?;
    let fields = fields
        .iter()
        .zip(&names)
        .map(|(field, name)| Field::new(name, field.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut batches = Vec::new();
    let mut memory = 0;
    for batch in reader.build().map_err(|error| broken(&error))? {
        let batch = batch.map_err(|error| broken(&error))?;
        memory += batch.get_array_memory_size();
        if memory > REFERENCE_MEMORY_MAX {
            let max = REFERENCE_MEMORY_MAX >> 20;
            return Err(Fault::of_all(format!("it takes more than {max} MiB of memory")));
        }
        let batch = RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec());
        batches.push(batch.map_err(|error| broken(&error))?);
    }
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(schema));
    }
    Ok(batches)
}
