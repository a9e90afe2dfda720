//! A table in Markdown.

use std::io::Write;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::cell::{Cells, FOR_PEOPLE, Kind, harmless};
use super::plain::plain;
use super::{OutputError, Wants, Writer};

pub(super) struct Markdown<'a> {
    out: &'a mut (dyn Write + Send),
}

impl<'a> Markdown<'a> {
    pub(super) fn new(
        schema: &Schema,
        out: &'a mut (dyn Write + Send),
    ) -> Result<Markdown<'a>, OutputError> {
        let names = schema.fields().iter().map(|field| escaped(field.name()));
        line(out, names)?;
        let rules = schema.fields().iter().map(|field| match Kind::of(field.data_type()) {
            Kind::Number => "---:".to_owned(),
            Kind::Fixed | Kind::Text => "---".to_owned(),
        });
        line(out, rules)?;
        Ok(Markdown { out })
    }
}

impl Writer for Markdown<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Wants, OutputError> {
        let batch = plain(batch)?;
        let columns = batch.columns().iter().map(|column| Cells::new(column, &FOR_PEOPLE));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let cells =
                columns.iter().map(|cells| cells.get(row)).collect::<Result<Vec<_>, _>>()?;
            line(self.out, cells.iter().map(|cell| escaped(cell.as_deref().unwrap_or_default())))?;
        }
        Ok(Wants::More)
    }

    fn finish(self: Box<Self>) -> Result<(), OutputError> {
        Ok(self.out.flush()?)
    }
}

fn line(
    out: &mut (dyn Write + Send),
    cells: impl Iterator<Item = String>,
) -> Result<(), OutputError> {
    writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "))?;
    Ok(())
}

/// Text that stays in its cell and stays text.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        if matches!(c, '\\' | '|' | '<' | '[' | '`') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}
