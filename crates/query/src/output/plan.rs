//! The answer of `explain`, for people: a plan is a tree, and drawn in lines.

use std::io::Write;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::cell::{Cells, FOR_PEOPLE, harmless};
use super::plain::plain;
use super::{OutputError, Wants, Writer};

pub(super) struct Plan<'a> {
    out: &'a mut (dyn Write + Send),
}

impl<'a> Plan<'a> {
    /// Whether these are the columns that `explain` answers with.
    pub(super) fn has(schema: &Schema) -> bool {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        names == ["plan_type", "plan"]
    }

    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Plan<'a> {
        Plan { out }
    }
}

impl Writer for Plan<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Wants, OutputError> {
        let batch = plain(batch)?;
        let names = Cells::new(batch.column(0), &FOR_PEOPLE)?;
        let plans = Cells::new(batch.column(1), &FOR_PEOPLE)?;
        for row in 0..batch.num_rows() {
            writeln!(self.out, "{}", harmless(&names.get(row)?.unwrap_or_default()))?;
            for line in plans.get(row)?.unwrap_or_default().lines() {
                writeln!(self.out, "  {}", harmless(line))?;
            }
        }
        Ok(Wants::More)
    }

    fn finish(self: Box<Self>) -> Result<(), OutputError> {
        Ok(self.out.flush()?)
    }
}
