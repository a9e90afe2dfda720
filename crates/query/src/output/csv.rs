//! Comma-separated values.

use std::io::Write;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::cell::{Cells, FOR_PROGRAMS, Kind};
use super::plain::plain;
use super::{OutputError, Wants, Writer};

pub(super) struct Csv<'a> {
    out: &'a mut (dyn Write + Send),
}

impl<'a> Csv<'a> {
    pub(super) fn new(
        schema: &Schema,
        out: &'a mut (dyn Write + Send),
    ) -> Result<Csv<'a>, OutputError> {
        let name = |name: &String| quoted(&inert(name.clone()));
        let names: Vec<String> = schema.fields().iter().map(|field| name(field.name())).collect();
        writeln!(out, "{}", names.join(","))?;
        Ok(Csv { out })
    }
}

impl Writer for Csv<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Wants, OutputError> {
        let batch = plain(batch)?;
        let kinds: Vec<Kind> =
            batch.columns().iter().map(|column| Kind::of(column.data_type())).collect();
        let columns = batch.columns().iter().map(|column| Cells::new(column, &FOR_PROGRAMS));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            for (at, (cells, kind)) in columns.iter().zip(&kinds).enumerate() {
                if at > 0 {
                    self.out.write_all(b",")?;
                }
                if let Some(value) = cells.get(row)? {
                    let value = if *kind == Kind::Text { inert(value) } else { value };
                    self.out.write_all(quoted(&value).as_bytes())?;
                }
            }
            self.out.write_all(b"\n")?;
        }
        Ok(Wants::More)
    }

    fn finish(self: Box<Self>) -> Result<(), OutputError> {
        Ok(self.out.flush()?)
    }
}

/// Text that a spreadsheet would run as a formula, with a `'` in front, which makes it text. A
/// number is left alone: `-5` is minus five.
fn inert(text: String) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']) {
        true => format!("'{text}"),
        false => text,
    }
}

/// Quoted where it must be. Empty text is quoted too, and so differs from null.
fn quoted(text: &str) -> String {
    let needs = text.is_empty() || text.contains([',', '"', '\n', '\r']) || text.trim() != text;
    match needs {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
