//! Which column says when a row of a table was, and to which day that belongs.

use arrow::array::{AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use fillwatch_model::Micros;

use crate::file::date_of;

/// The column by which a table is divided into days, sorted and pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeColumn {
    /// When something happened.
    Ts,
    /// The state of everything before: a midnight, and so of the day that it ends.
    CloseAt,
}

impl TimeColumn {
    pub(crate) fn of_table(name: &str) -> TimeColumn {
        if name == crate::close::TABLE { TimeColumn::CloseAt } else { TimeColumn::Ts }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            TimeColumn::Ts => "ts",
            TimeColumn::CloseAt => "close_at",
        }
    }

    /// The partition that a row of this time lies in.
    pub(crate) fn day(self, at: Micros) -> i32 {
        match self {
            TimeColumn::Ts => date_of(at),
            TimeColumn::CloseAt => date_of(at.saturating_sub(1)),
        }
    }

    /// The column in a batch. Every batch of ours has one, first or not.
    pub(crate) fn of(self, batch: &RecordBatch) -> &PrimitiveArray<TimestampMicrosecondType> {
        match batch.column_by_name(self.name()) {
            Some(column) => column.as_primitive(),
            None => unreachable!("a batch without `{}` cannot come in", self.name()),
        }
    }
}
