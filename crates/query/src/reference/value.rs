//! The values of a table, and the one type that those of a column have.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use chrono::DateTime;
use fillwatch_model::Micros;

use super::{Column, Fault};

/// A value, in the narrowest of the types.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    Time(Micros),
}

/// Values that can stand in one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Text,
    Number,
    Bool,
    Time,
}

impl Family {
    const ALL: [Family; 4] = [Family::Text, Family::Number, Family::Bool, Family::Time];

    pub(super) fn describe(self) -> &'static str {
        match self {
            Family::Text => "a text",
            Family::Number => "a number",
            Family::Bool => "true or false",
            Family::Time => "a time",
        }
    }
}

impl Value {
    /// What `text`, which stands where a type is not told, most narrowly is.
    pub(super) fn of(text: &str) -> Value {
        if let Some(number) = number(text) {
            return number;
        }
        if text.eq_ignore_ascii_case("true") {
            return Value::Bool(true);
        }
        if text.eq_ignore_ascii_case("false") {
            return Value::Bool(false);
        }
        match DateTime::parse_from_rfc3339(text) {
            Ok(time) => Value::Time(time.timestamp_micros()),
            Err(_) => Value::Text(text.to_owned()),
        }
    }

    pub(super) fn family(&self) -> Family {
        match self {
            Value::Text(_) => Family::Text,
            Value::Int(_) | Value::Float(_) => Family::Number,
            Value::Bool(_) => Family::Bool,
            Value::Time(_) => Family::Time,
        }
    }

    fn float(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            _ => None,
        }
    }
}

/// A number in digits. `007` is somebody's name, and `nan` is nobody's limit.
fn number(text: &str) -> Option<Value> {
    let digits = text.trim_start_matches(['-', '+']);
    let is_name = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    if is_name || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Ok(number) = text.parse() {
        return Some(Value::Int(number));
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
}

/// The family that a column is of where every value was written with its type: the one that most
/// have, if others stand among them.
pub(super) fn most<'a>(values: impl Iterator<Item = &'a Value>) -> Option<(Family, usize)> {
    let mut counts = [0; Family::ALL.len()];
    for value in values {
        let family = value.family();
        if let Some(at) = Family::ALL.iter().position(|known| *known == family) {
            counts[at] += 1;
        }
    }
    let most = Family::ALL.into_iter().zip(counts).max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| *count > 0)
}

/// The column as Arrow has it.
pub(super) fn array(column: &Column) -> Result<ArrayRef, Fault> {
    let values = || column.values.iter().map(|value| value.as_ref().map(|(_, value)| value));
    let family = most(values().flatten()).map_or(Family::Text, |(family, _)| family);
    let misfit = column.values.iter().flatten().find(|(_, value)| value.family() != family);
    if let Some((line, value)) = misfit {
        let cause = format!(
            "column `{}`: {} stands where others have {}",
            column.name,
            value.family().describe(),
            family.describe()
        );
        return Err(Fault::at(*line, cause));
    }
    Ok(match family {
        Family::Number if values().flatten().all(|value| matches!(value, Value::Int(_))) => {
            let number = |value: Option<&Value>| match value {
                Some(Value::Int(number)) => Some(*number),
                _ => None,
            };
            Arc::new(values().map(number).collect::<Int64Array>())
        }
        Family::Number => {
            Arc::new(values().map(|value| value.and_then(Value::float)).collect::<Float64Array>())
        }
        Family::Bool => {
            let flag = |value: Option<&Value>| match value {
                Some(Value::Bool(flag)) => Some(*flag),
                _ => None,
            };
            Arc::new(values().map(flag).collect::<BooleanArray>())
        }
        Family::Time => {
            let time = |value: Option<&Value>| match value {
                Some(Value::Time(time)) => Some(*time),
                _ => None,
            };
            let times: TimestampMicrosecondArray = values().map(time).collect();
            Arc::new(times.with_timezone("UTC"))
        }
        Family::Text => {
            let text = |value: Option<&Value>| match value {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            };
            Arc::new(values().map(text).collect::<StringArray>())
        }
    })
}
