//! decode → store.

use std::fmt;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use crate::{ColumnId, LogFile, Mark, Micros};

/// What some chunks said: rows, and what could not be read as rows.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// One row per JSON object, in the order read. Holds only the columns that have a value in it
    /// (always `ts`, `kind`, `bot`, `file`, `file_id`, `offset`, `ingested_at`); `date` is derived
    /// later. Text columns are `Utf8` or `Dictionary<Int32, Utf8>`.
    pub batch: RecordBatch,
    /// Lines, or parts of lines, that are not JSON objects.
    pub rejects: Vec<Reject>,
    /// How far this takes each file: one entry per file, contiguous with what came before.
    pub progress: Vec<Progress>,
    /// What was seen of each field.
    pub fields: Vec<FieldUse>,
}

/// How far one file has been read.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The file.
    pub file: Arc<LogFile>,
    /// Where this piece began.
    pub from: u64,
    /// Every line before this byte is a row or a reject, here or earlier.
    pub to: u64,
    /// Recognises the file at `to`.
    pub mark: Mark,
    /// Rows this piece gave.
    pub rows: u64,
    /// Rejects this piece gave.
    pub rejects: u64,
    /// Values of this piece that did not fit their column's type, or not exactly: its share of
    /// [`FieldUse::conflicts`].
    pub conflicts: u64,
}

/// A line, or a part of one, that goes to the table `quarantine`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The file.
    pub file: Arc<LogFile>,
    /// Offset of its first byte.
    pub offset: u64,
    /// Its length in bytes; more than `raw` holds if it was over the limit.
    pub len: u64,
    /// Why it is not a row.
    pub reason: Reason,
    /// The bytes as they were read.
    pub raw: Vec<u8>,
    /// When it was read.
    pub read_at: Micros,
}

/// Why a line is not a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No `{` in it at all: plain text.
    NotJson,
    /// A top-level array, number, text or literal.
    NotAnObject,
    /// An object that breaks off or breaks the grammar; what was expected, and where in `raw`.
    Malformed {
        /// What was expected.
        expected: &'static str,
        /// Position of the offending byte in `raw`.
        at: usize,
    },
    /// More levels than [`limits::NESTING_MAX`](crate::limits::NESTING_MAX).
    TooDeep,
    /// Longer than the limit; XXH3-128 of the whole line.
    TooLong {
        /// XXH3-128 of the whole line.
        hash: u128,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NotJson => f.write_str("no JSON object in this line"),
            Reason::NotAnObject => f.write_str("JSON, but not an object"),
            Reason::Malformed { expected, at } => {
                write!(f, "malformed JSON: expected {expected} at byte {at}")
            }
            Reason::TooDeep => {
                write!(f, "nested deeper than {} levels", crate::limits::NESTING_MAX)
            }
            Reason::TooLong { hash } => {
                write!(f, "line too long; xxh3-128 of all of it {hash:032x}")
            }
        }
    }
}

/// What one batch saw of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldUse {
    /// The column.
    pub column: ColumnId,
    /// Values that went into the column.
    pub values: u64,
    /// Values that did not fit its type, or not exactly, and so are (also) in `attrs`.
    pub conflicts: u64,
}
