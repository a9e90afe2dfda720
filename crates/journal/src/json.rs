//! Rows and keys as JSON that gives back what was put in.

use fillwatch_model::{Row, Value};
use serde_json::{Map, Value as Json};

use crate::JournalError;

/// A row as an object; a moment is `{"us": …}`, so that it is no number when it is read again.
pub(crate) fn of_row(columns: &[(String, Value)]) -> String {
    // An array of pairs, since the order of columns is the query's.
    let pairs =
        columns.iter().map(|(name, value)| Json::Array(vec![name.as_str().into(), of(value)]));
    Json::Array(pairs.collect()).to_string()
}

pub(crate) fn to_row(text: &str) -> Result<Row, JournalError> {
    let damaged = || JournalError::Damaged(format!("`{text}` is no row"));
    let Ok(Json::Array(pairs)) = serde_json::from_str(text) else { return Err(damaged()) };
    let pair = |pair: Json| match pair {
        Json::Array(pair) => match <[Json; 2]>::try_from(pair) {
            Ok([Json::String(name), value]) => Ok((name, to(&value).ok_or_else(damaged)?)),
            _ => Err(damaged()),
        },
        _ => Err(damaged()),
    };
    Ok(Row(pairs.into_iter().map(pair).collect::<Result<_, _>>()?))
}

fn of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Time(at) => Json::Object(Map::from_iter([("us".to_owned(), (*at).into())])),
    }
}

fn to(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Value::Int(value),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Object(object) => Value::Time(object.get("us")?.as_i64()?),
        Json::Array(_) => return None,
    })
}

/// The same for people: an object, with moments as text.
pub(crate) fn shown(columns: &[(String, Value)]) -> String {
    let fields = columns.iter().map(|(name, value)| {
        let value = match value {
            Value::Time(_) => Json::String(value.to_string()),
            value => of(value),
        };
        (name.clone(), value)
    });
    Json::Object(fields.collect()).to_string()
}

pub(crate) fn of_labels(labels: &[(String, String)]) -> String {
    let fields = labels.iter().map(|(name, value)| (name.clone(), Json::String(value.clone())));
    Json::Object(fields.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_as_it_was() {
        let row = Row(vec![
            ("bot".to_owned(), Value::Text("m\"m1".to_owned())),
            ("n".to_owned(), Value::Int(5)),
            ("x".to_owned(), Value::Float(5.0)),
            ("at".to_owned(), Value::Time(1_767_571_200_000_000)),
            ("is".to_owned(), Value::Bool(true)),
            ("mid".to_owned(), Value::Null),
        ]);
        assert_eq!(to_row(&of_row(&row.0)).unwrap(), row);
        assert!(to_row("[1]").is_err());
    }
}
