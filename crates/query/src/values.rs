//! Rows of an answer as values, for those that are few and looked at one by one.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use fillwatch_model::{Row, Value};

use crate::QueryError;

/// The rows of a batch. A float that is not finite is null; what has no value of its own here
/// (a list, a struct, a decimal) is its text.
///
/// # Errors
/// If a column cannot be read as any value.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Row>, QueryError> {
    let mut rows = vec![Row::default(); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let read = values(column).map_err(|error| {
            QueryError::Failed(format!("column `{}` cannot be read: {error}", field.name()))
        })?;
        for (row, value) in rows.iter_mut().zip(read) {
            row.0.push((field.name().clone(), value));
        }
    }
    Ok(rows)
}

fn values(column: &dyn Array) -> Result<Vec<Value>, arrow::error::ArrowError> {
    use DataType::{
        Boolean, Decimal128, Decimal256, Float16, Float32, Float64, Int8, Int16, Int32, Int64,
        Timestamp, UInt8, UInt16, UInt32, UInt64,
    };
    Ok(match column.data_type() {
        DataType::Null => vec![Value::Null; column.len()],
        Boolean => {
            column.as_boolean().iter().map(|value| value.map_or(Value::Null, Value::Bool)).collect()
        }
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 => {
            let column = cast(column, &Int64)?;
            let ints = column.as_primitive::<Int64Type>();
            ints.iter().map(|value| value.map_or(Value::Null, Value::Int)).collect()
        }
        UInt64 | Float16 | Float32 | Float64 | Decimal128(..) | Decimal256(..) => {
            let column = cast(column, &Float64)?;
            let floats = column.as_primitive::<Float64Type>();
            let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
            floats.iter().map(|value| finite(value).map_or(Value::Null, Value::Float)).collect()
        }
        Timestamp(..) => {
            let column = cast(column, &Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?;
            let times = column.as_primitive::<TimestampMicrosecondType>();
            times.iter().map(|value| value.map_or(Value::Null, Value::Time)).collect()
        }
        _ => {
            let column = cast(column, &DataType::Utf8)?;
            let texts = column.as_string::<i32>();
            texts
                .iter()
                .map(|value| value.map_or(Value::Null, |text| Value::Text(text.to_owned())))
                .collect()
        }
    })
}
