//! The rows of an answer, by column.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use fillwatch_model::Micros;
use fillwatch_query::output::harmless;
use fillwatch_query::{Answer, QueryError};
use futures::TryStreamExt;

use crate::failure::Failure;

/// All rows of an answer that is known to have few.
#[derive(Debug)]
pub(crate) struct Rows {
    batch: RecordBatch,
}

impl Rows {
    pub(crate) async fn of(answer: Answer) -> Result<Rows, Failure> {
        let schema = answer.schema;
        let batches: Vec<RecordBatch> = answer.stream.try_collect().await?;
        // The batches say of a column whether it can be null, and not always as the schema does.
        let schema = batches.first().map_or(schema, RecordBatch::schema);
        let batch = concat_batches(&schema, &batches);
        let broken = |error| QueryError::Failed(format!("the answer is in pieces: {error}"));
        Ok(Rows { batch: batch.map_err(broken)? })
    }

    pub(crate) fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// The last of them, so many at most.
    pub(crate) fn last(&self, count: usize) -> Rows {
        let from = self.len().saturating_sub(count);
        Rows { batch: self.batch.slice(from, self.len() - from) }
    }

    /// The texts of a column, with nothing in them that a terminal would do. A column that is not
    /// there is null throughout.
    pub(crate) fn texts(&self, column: &str) -> Vec<Option<String>> {
        let array = self.column(column, &DataType::Utf8);
        let texts = array.as_ref().and_then(|array| array.as_string_opt::<i32>());
        let text = |row: usize| {
            let texts = texts?;
            texts.is_valid(row).then(|| harmless(texts.value(row)))
        };
        (0..self.len()).map(text).collect()
    }

    pub(crate) fn floats(&self, column: &str) -> Vec<Option<f64>> {
        let array = self.column(column, &DataType::Float64);
        let numbers = array.as_ref().and_then(|array| array.as_primitive_opt::<Float64Type>());
        let number = |row: usize| {
            let numbers = numbers?;
            numbers.is_valid(row).then(|| numbers.value(row)).filter(|number| number.is_finite())
        };
        (0..self.len()).map(number).collect()
    }

    pub(crate) fn counts(&self, column: &str) -> Vec<Option<i64>> {
        let array = self.column(column, &DataType::Int64);
        let counts = array.as_ref().and_then(|array| array.as_primitive_opt::<Int64Type>());
        let count = |row: usize| {
            let counts = counts?;
            counts.is_valid(row).then(|| counts.value(row))
        };
        (0..self.len()).map(count).collect()
    }

    pub(crate) fn times(&self, column: &str) -> Vec<Option<Micros>> {
        let of = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let array = self.column(column, &of);
        let times =
            array.as_ref().and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
        let time = |row: usize| {
            let times = times?;
            times.is_valid(row).then(|| times.value(row))
        };
        (0..self.len()).map(time).collect()
    }

    fn column(&self, name: &str, of: &DataType) -> Option<ArrayRef> {
        cast(self.batch.column_by_name(name)?, of).ok()
    }
}
