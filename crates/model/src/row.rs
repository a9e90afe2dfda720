//! A row of an answer, away from the engine that gave it.

use std::fmt;

use crate::Micros;

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Unknown. It is never 0.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number; finite.
    Float(f64),
    /// Text.
    Text(String),
    /// A moment.
    Time(Micros),
}

impl Value {
    /// It as a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// It as text, if it is that.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("unknown"),
            Value::Bool(value) => value.fmt(f),
            Value::Int(value) => value.fmt(f),
            Value::Float(value) => value.fmt(f),
            Value::Text(text) => f.write_str(text),
            Value::Time(at) => f.write_str(&show_time(*at)),
        }
    }
}

/// A row: its columns in order, each name once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row(pub Vec<(String, Value)>);

impl Row {
    /// The value of a column.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(column, _)| column == name).map(|(_, value)| value)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

/// `2026-01-05T12:00:00Z`, with as many decimals as it has.
pub fn show_time(at: Micros) -> String {
    const DAY: Micros = 86_400_000_000;
    let (day, of_day) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let (year, month, date) = civil(day);
    let (seconds, micros) = (of_day / 1_000_000, of_day % 1_000_000);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = match micros {
        0 => String::new(),
        micros if micros % 1_000 == 0 => format!(".{:03}", micros / 1_000),
        micros => format!(".{micros:06}"),
    };
    format!("{year:04}-{month:02}-{date:02}T{clock}{fraction}Z")
}

/// The date of the day that is so many after 1970-01-01 (Hinnant, chrono-compatible low-level date
/// algorithms, `civil_from_days`).
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_in_utc() {
        assert_eq!(show_time(0), "1970-01-01T00:00:00Z");
        assert_eq!(show_time(1_767_571_200_000_000), "2026-01-05T00:00:00Z");
        assert_eq!(show_time(1_709_210_096_789_000), "2024-02-29T12:34:56.789Z");
        assert_eq!(show_time(-1), "1969-12-31T23:59:59.999999Z");
    }
}
