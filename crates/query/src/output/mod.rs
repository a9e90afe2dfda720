//! How an answer is written down.
//!
//! Every format is written as the rows come, holding one batch of them, but for the table on a
//! terminal, which has to know its widths and so holds the rows it shows, a bounded number.

mod cell;
mod columnar;
mod csv;
mod json;
mod markdown;
mod plain;
mod plan;
mod portable;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;

use arrow::error::ArrowError;
use futures::StreamExt;

pub use self::cell::harmless;
use crate::answer::Answer;
use crate::{QueryError, limits};

/// How an answer is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns, for people.
    Table,
    /// Comma-separated, quoted as RFC 4180 has it, with a header; lines end in `\n`. Null is
    /// nothing, empty text is `""`.
    Csv,
    /// One array of objects.
    Json,
    /// One object a line.
    Ndjson,
    /// A table in Markdown.
    Markdown,
    /// A Parquet file, zstd.
    Parquet,
    /// An Arrow IPC file.
    Arrow,
}

impl Format {
    /// All of them.
    pub const ALL: &[Format] = &[
        Format::Table,
        Format::Csv,
        Format::Json,
        Format::Ndjson,
        Format::Markdown,
        Format::Parquet,
        Format::Arrow,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Csv => "csv",
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::Markdown => "markdown",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
        }
    }

    /// The format that a file's name asks for.
    pub fn of_file(file: &Path) -> Option<Format> {
        Some(match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "txt" => Format::Table,
            "csv" => Format::Csv,
            "json" => Format::Json,
            "ndjson" | "jsonl" => Format::Ndjson,
            "md" => Format::Markdown,
            "parquet" => Format::Parquet,
            "arrow" => Format::Arrow,
            _ => return None,
        })
    }

    /// Whether a terminal would be upset by it.
    pub fn is_binary(self) -> bool {
        matches!(self, Format::Parquet | Format::Arrow)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A format that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("no format `{0}`; there are table, csv, json, ndjson, markdown, parquet and arrow")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Format, UnknownFormat> {
        let found = Format::ALL.iter().find(|format| format.name() == name);
        found.copied().ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// How [`Format::Table`] looks.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Characters in a line of the terminal; text is cut and columns are left out to fit. `None`
    /// fits nothing.
    pub width: Option<usize>,
    /// How many rows are shown; the rest are counted.
    pub rows_max: usize,
    /// One line per value instead of one per row.
    pub expanded: bool,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { width: None, rows_max: limits::TABLE_ROWS, expanded: false }
    }
}

/// Why an answer could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// There was none.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// It could not be put where it should go.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<ArrowError> for OutputError {
    fn from(error: ArrowError) -> OutputError {
        match error {
            ArrowError::IoError(_, error) => OutputError::Io(error),
            ArrowError::ExternalError(error) => match error.downcast::<io::Error>() {
                Ok(error) => OutputError::Io(*error),
                Err(error) => QueryError::Failed(error.to_string()).into(),
            },
            other => QueryError::Failed(other.to_string()).into(),
        }
    }
}

/// Writes `answer` to `out` as `format`, and flushes it.
pub async fn write(
    answer: Answer,
    format: Format,
    layout: &Layout,
    out: &mut (dyn Write + Send),
) -> Result<(), OutputError> {
    let Answer { schema, mut stream } = answer;
    let mut writer: Box<dyn Writer + Send + '_> = match format {
        Format::Table if plan::Plan::has(&schema) => Box::new(plan::Plan::new(out)),
        Format::Table => Box::new(table::Table::new(&schema, layout, out)),
        Format::Csv => Box::new(csv::Csv::new(&schema, out)?),
        Format::Json => Box::new(json::Json::array(out)),
        Format::Ndjson => Box::new(json::Json::lines(out)),
        Format::Markdown => Box::new(markdown::Markdown::new(&schema, out)?),
        Format::Parquet => Box::new(columnar::Parquet::new(&schema, out)?),
        Format::Arrow => Box::new(columnar::Arrow::new(&schema, out)?),
    };
    while let Some(batch) = stream.next().await {
        if writer.batch(&batch?)? == Wants::NoMore {
            break;
        }
    }
    writer.finish()
}

/// One answer being written.
trait Writer {
    fn batch(&mut self, batch: &arrow::record_batch::RecordBatch) -> Result<Wants, OutputError>;
    fn finish(self: Box<Self>) -> Result<(), OutputError>;
}

/// Whether a writer has use for more rows.
#[derive(PartialEq, Eq)]
enum Wants {
    More,
    NoMore,
}
