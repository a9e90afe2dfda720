//! TOML: the tables of `[[limits]]`, in a file of that table or the only one in it; or one table
//! a row, whose key becomes the column `name`.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::{Datetime, Offset};

use super::value::Value;
use super::{Column, Fault, checked, column_name, line_of, within};

/// The column that a table's key becomes.
const KEY: &str = "name";

/// The values of a row by column, each with its line.
type Row = Vec<(String, usize, Value)>;

pub(super) fn columns(name: &str, text: &str) -> Result<Vec<Column>, Fault> {
    let document = Document { text };
    let root = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Fault::at(document.line(at), error.message().trim_end())
    })?;
    let rows = document.rows(name, root.get_ref())?;
    within(rows.len())?;
    let mut names: Vec<String> = Vec::new();
    for (name, ..) in rows.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if names.is_empty() {
        return Err(Fault::of_all("it is empty"));
    }
    checked(&names, None)?;
    let column = |name: String| {
        let value = |row: &Row| {
            let found = row.iter().find(|(column, ..)| *column == name);
            found.map(|(_, line, value)| (*line, value.clone()))
        };
        let values = rows.iter().map(value).collect();
        Column { name, values }
    };
    Ok(names.into_iter().map(column).collect())
}

/// The file's text, which knows its lines.
struct Document<'a> {
    text: &'a str,
}

impl Document<'_> {
    fn line(&self, at: usize) -> usize {
        line_of(self.text.as_bytes(), at)
    }

    fn rows(&self, name: &str, root: &DeTable<'_>) -> Result<Vec<Row>, Fault> {
        let named = root.iter().find(|(key, _)| *key.get_ref() == name);
        let only = if root.len() == 1 { root.iter().next() } else { None };
        for (key, value) in [named, only].into_iter().flatten() {
            match value.get_ref() {
                DeValue::Array(tables) if is_of_tables(tables) => {
                    self.no_others(root, key.get_ref())?;
                    return tables.iter().map(|table| self.row(None, table)).collect();
                }
                DeValue::Table(tables) if *key.get_ref() == name && holds_tables(tables) => {
                    self.no_others(root, key.get_ref())?;
                    return self.keyed(tables);
                }
                _ => {}
            }
        }
        self.keyed(root)
    }

    /// Each table with its key.
    fn keyed(&self, tables: &DeTable<'_>) -> Result<Vec<Row>, Fault> {
        let mut tables: Vec<_> = tables.iter().collect();
        tables.sort_by_key(|(key, _)| key.span().start);
        tables.into_iter().map(|(key, table)| self.row(Some(key), table)).collect()
    }

    fn no_others(&self, root: &DeTable<'_>, rows: &str) -> Result<(), Fault> {
        match root.keys().find(|key| *key.get_ref() != rows) {
            Some(other) => Err(Fault::at(
                self.line(other.span().start),
                format!("`{}` stands beside the rows of `{rows}`", other.get_ref()),
            )),
            None => Ok(()),
        }
    }

    fn row(
        &self,
        key: Option<&Spanned<std::borrow::Cow<'_, str>>>,
        table: &Spanned<DeValue<'_>>,
    ) -> Result<Row, Fault> {
        let line = self.line(key.map_or(table.span(), Spanned::span).start);
        let DeValue::Table(cells) = table.get_ref() else {
            let called = key.map_or("a row", |key| key.get_ref());
            return Err(Fault::at(
                line,
                format!("`{called}` is not a table: a row is a [[table]] of a list, or a [table]"),
            ));
        };
        let mut values = Vec::with_capacity(cells.len() + 1);
        if let Some(key) = key {
            values.push((KEY.to_owned(), line, Value::Text(key.get_ref().to_string())));
        }
        let mut cells: Vec<_> = cells.iter().collect();
        cells.sort_by_key(|(column, _)| column.span().start);
        for (column, cell) in cells {
            let line = self.line(cell.span().start);
            let name = column_name(column.get_ref());
            if values.iter().any(|(known, ..)| *known == name) {
                return Err(Fault::at(line, format!("`{name}` is there twice in this row")));
            }
            let value = value(cell.get_ref())
                .map_err(|cause| Fault::at(line, format!("`{}`: {cause}", column.get_ref())))?;
            values.push((name, line, value));
        }
        Ok(values)
    }
}

fn is_of_tables(items: &[Spanned<DeValue<'_>>]) -> bool {
    !items.is_empty() && items.iter().all(|item| matches!(item.get_ref(), DeValue::Table(_)))
}

fn holds_tables(table: &DeTable<'_>) -> bool {
    !table.is_empty() && table.values().all(|value| matches!(value.get_ref(), DeValue::Table(_)))
}

fn value(value: &DeValue<'_>) -> Result<Value, &'static str> {
    Ok(match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            Value::Int(parsed.map_err(|_| "it has too many digits")?)
        }
        DeValue::Float(number) => {
            let number: f64 = number.as_str().parse().map_err(|_| "it is not a number")?;
            if !number.is_finite() {
                return Err("nothing compares with it");
            }
            Value::Float(number)
        }
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => {
            Value::Time(micros(time).ok_or("a time of day has no date to be a time of")?)
        }
        DeValue::Array(_) => return Err("a value is one text, number, truth or time, not a list"),
        DeValue::Table(_) => return Err("a value is one text, number, truth or time, not a table"),
    })
}

/// A time without an offset, and a date, is UTC.
fn micros(time: &Datetime) -> Option<i64> {
    let date = time.date?;
    let date = NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())?;
    let clock = match time.time {
        Some(time) => {
            let (hour, minute) = (time.hour.into(), time.minute.into());
            let second = time.second.unwrap_or(0).into();
            NaiveTime::from_hms_nano_opt(hour, minute, second, time.nanosecond.unwrap_or(0))?
        }
        None => NaiveTime::MIN,
    };
    let minutes = match time.offset {
        Some(Offset::Custom { minutes }) => minutes,
        Some(Offset::Z) | None => 0,
    };
    let utc = date.and_time(clock).checked_sub_signed(TimeDelta::minutes(minutes.into()))?;
    Some(utc.and_utc().timestamp_micros())
}
