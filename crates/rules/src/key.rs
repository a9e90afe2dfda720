//! What tells one alert from another.

use fillwatch_model::{Micros, Row, Severity, Value};

/// An alert's identity within its rule: its level, and its key's values as JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey {
    /// The level.
    pub severity: Severity,
    /// The values of the key's columns, in their order, as a JSON array.
    pub values: String,
}

/// The key of a row: the values of these columns.
pub(crate) fn of(columns: &[String], row: &Row) -> Result<Vec<(String, Value)>, String> {
    let value = |column: &String| match row.get(column) {
        Some(Value::Float(value)) if *value == 0.0 => Ok((column.clone(), Value::Float(0.0))),
        Some(value) => Ok((column.clone(), value.clone())),
        None => Err(format!("the query returns no column `{column}`, and the key names it")),
    };
    columns.iter().map(value).collect()
}

pub(crate) fn canonical(severity: Severity, key: &[(String, Value)]) -> AlertKey {
    let values: Vec<serde_json::Value> = key.iter().map(|(_, value)| json(value)).collect();
    AlertKey { severity, values: serde_json::Value::Array(values).to_string() }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Time(_) => value.to_string().into(),
    }
}

/// The id of the episode of an alert that began at `since`: the same in every process and on every
/// machine, so that whoever is told twice can tell.
pub fn episode_id(rule: &str, key: &AlertKey, since: Micros) -> String {
    // FNV-1a, twice from two beginnings: 128 bits, the same in every build.
    let text = format!("{rule}\u{0}{}\u{0}{}\u{0}{since}", key.severity, key.values);
    let hash = |start: u64| {
        text.bytes()
            .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    format!(
        "{rule}-{:016x}",
        hash(0xcbf2_9ce4_8422_2325) ^ hash(0x6c62_272e_07bb_0142).rotate_left(23)
    )
}
