//! One value as text.

use arrow::array::Array;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};

/// How a column's values look.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Digits: to the right, and never cut.
    Number,
    /// Of a fixed form, like a time: never cut.
    Fixed,
    /// Anything.
    Text,
}

impl Kind {
    pub(super) fn of(data_type: &DataType) -> Kind {
        match data_type {
            DataType::Dictionary(_, value) => Kind::of(value),
            data_type if data_type.is_numeric() => Kind::Number,
            data_type if data_type.is_temporal() => Kind::Fixed,
            DataType::Boolean | DataType::Null => Kind::Fixed,
            _ => Kind::Text,
        }
    }
}

/// Times as people read them; without a zone, since all are in UTC.
pub(super) const FOR_PEOPLE: FormatOptions<'static> = FormatOptions::new()
    .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
    .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f"))
    .with_datetime_format(Some("%Y-%m-%d"))
    .with_duration_format(DurationFormat::Pretty);

/// Times as programs read them.
pub(super) const RFC3339: &str = "%Y-%m-%dT%H:%M:%S%.f";
pub(super) const RFC3339_UTC: &str = "%Y-%m-%dT%H:%M:%S%.fZ";
pub(super) const FOR_PROGRAMS: FormatOptions<'static> = FormatOptions::new()
    .with_timestamp_format(Some(RFC3339))
    .with_timestamp_tz_format(Some(RFC3339_UTC))
    .with_datetime_format(Some("%Y-%m-%d"));

/// The values of a column, as text.
pub(super) struct Cells<'a> {
    array: &'a dyn Array,
    formatter: ArrayFormatter<'a>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(
        array: &'a dyn Array,
        options: &FormatOptions<'a>,
    ) -> Result<Cells<'a>, ArrowError> {
        Ok(Cells { array, formatter: ArrayFormatter::try_new(array, options)? })
    }

    /// The value of a row; `None` for null.
    pub(super) fn get(&self, row: usize) -> Result<Option<String>, ArrowError> {
        if self.array.is_null(row) {
            return Ok(None);
        }
        self.formatter.value(row).try_to_string().map(Some)
    }
}

/// Text that can do nothing to a terminal: what moves the cursor, changes the colour or reverses
/// the direction of writing is shown and not done. Log lines come from anywhere.
pub fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if c.is_ascii_control() => safe.push_str(&format!("\\x{:02x}", c as u32)),
            c if c.is_control() || is_invisible(c) => {
                safe.push_str(&format!("\\u{{{:x}}}", c as u32))
            }
            c => safe.push(c),
        }
    }
    safe
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
