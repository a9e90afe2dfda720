//! Tables that are nobody's log: limits, names of markets, whatever a query wants to compare with.
//!
//! A file is one table: CSV with a header, TOML, or Parquet. It is read whole and held in memory,
//! so it is bounded; what in it cannot be meant as it stands is an error that names the place.

mod csv;
mod parquet;
mod toml;
mod value;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;

use self::value::{Value, array};
use crate::limits::{REFERENCE_BYTES_MAX, REFERENCE_COLUMNS_MAX, REFERENCE_ROWS_MAX};
use crate::{QueryError, Views};

/// A table from a file.
#[derive(Clone, Debug)]
pub struct Reference {
    /// What queries call it.
    pub name: String,
    /// Where its rows are from.
    pub file: PathBuf,
    /// Its rows; or why there are none, which is the fault of those queries alone that read it.
    pub table: Result<Arc<dyn TableProvider>, ReferenceError>,
}

impl Reference {
    /// Reads it. The file may be CSV with a header, TOML or Parquet, as its name says.
    pub fn read(name: &str, file: &Path) -> Reference {
        let of_file =
            |Fault { line, cause }: Fault| ReferenceError { file: file.to_owned(), line, cause };
        let table = load(name, file).map_err(of_file);
        Reference { name: name.to_owned(), file: file.to_owned(), table }
    }

    /// One that nobody has looked at.
    pub fn unread(name: String, file: PathBuf) -> Reference {
        let cause = "it was not read yet".to_owned();
        let table = Err(ReferenceError { file: file.clone(), line: None, cause });
        Reference { name, file, table }
    }

    /// What a row is.
    pub(crate) fn doc(&self) -> String {
        format!("one row per entry of `{}`, as it is now, whatever the window", self.file.display())
    }
}

/// Why a file is no table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceError {
    /// The file.
    pub file: PathBuf,
    /// The line, where there is one to blame.
    pub line: Option<usize>,
    /// What is wrong.
    pub cause: String,
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file.display(), self.cause),
            None => write!(f, "{}: {}", self.file.display(), self.cause),
        }
    }
}

impl std::error::Error for ReferenceError {}

/// What is wrong with a file, and in which line.
#[derive(Debug)]
struct Fault {
    line: Option<usize>,
    cause: String,
}

impl Fault {
    fn at(line: usize, cause: impl Into<String>) -> Fault {
        Fault { line: Some(line), cause: cause.into() }
    }

    fn of_all(cause: impl Into<String>) -> Fault {
        Fault { line: None, cause: cause.into() }
    }
}

/// A column as it was read: the values with the lines they are from.
struct Column {
    name: String,
    values: Vec<Option<(usize, Value)>>,
}

/// Makes the tables known by their names, none of which may be that of a table or a view of ours.
pub(crate) fn register(
    tables: &[Reference],
    views: &Views,
    context: &SessionContext,
) -> Result<(), QueryError> {
    for Reference { name, file, table } in tables {
        if let Some(taken) = views.taken(name) {
            let file = file.display();
            return Err(QueryError::Invalid(format!(
                "the table `{name}` of `{file}` has the name of {taken}"
            )));
        }
        if let Ok(table) = table {
            context
                .register_table(TableReference::bare(name.as_str()), Arc::clone(table))
                .map_err(|error| QueryError::invalid(&error))?;
        }
    }
    Ok(())
}

/// Says why the table `name` has no rows, if it is one of `tables`.
pub(crate) fn check(tables: &[Reference], name: &str) -> Result<(), QueryError> {
    match tables.iter().find(|table| table.name == name).map(|table| &table.table) {
        Some(Err(error)) => Err(QueryError::Invalid(error.to_string())),
        _ => Ok(()),
    }
}

fn load(name: &str, file: &Path) -> Result<Arc<dyn TableProvider>, Fault> {
    let extension = file.extension().and_then(|extension| extension.to_str());
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    let bytes = match extension.as_str() {
        "csv" | "toml" | "parquet" => bytes(file)?,
        _ => return Err(Fault::of_all("a table is a file named *.csv, *.toml or *.parquet")),
    };
    let batches = match extension.as_str() {
        "csv" => vec![batch(csv::columns(text(&bytes)?)?)?],
        "toml" => vec![batch(toml::columns(name, text(&bytes)?)?)?],
        _ => parquet::batches(bytes)?,
    };
    let Some(first) = batches.first() else { return Err(Fault::of_all("it is empty")) };
    let table = MemTable::try_new(first.schema(), vec![batches]);
    Ok(Arc::new(table.map_err(|error| Fault::of_all(error.to_string()))?))
}

fn bytes(file: &Path) -> Result<Vec<u8>, Fault> {
    let found = fs::metadata(file).map_err(unreadable)?;
    if !found.is_file() {
        return Err(Fault::of_all("it is not a file"));
    }
    if found.len() > REFERENCE_BYTES_MAX {
        let (has, max) = (found.len() >> 20, REFERENCE_BYTES_MAX >> 20);
        return Err(Fault::of_all(format!("it has {has} MiB, and a table at most {max}")));
    }
    fs::read(file).map_err(unreadable)
}

/// As a fragment, without the number that Rust appends.
fn unreadable(error: io::Error) -> Fault {
    if error.kind() == io::ErrorKind::NotFound {
        return Fault::of_all("there is no such file");
    }
    let text = error.to_string();
    Fault::of_all(format!("cannot read it: {}", text.split(" (os error").next().unwrap_or(&text)))
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let line = line_of(bytes, error.valid_up_to());
            Err(Fault::at(line, "it is not UTF-8"))
        }
    }
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count()
}

/// The name of a column as SQL folds one that is not quoted.
fn column_name(name: &str) -> String {
    name.trim().to_lowercase()
}

fn checked(names: &[String], line: Option<usize>) -> Result<(), Fault> {
    if names.len() > REFERENCE_COLUMNS_MAX {
        let cause =
            format!("it has {} columns, and a table at most {REFERENCE_COLUMNS_MAX}", names.len());
        return Err(Fault { line, cause });
    }
    for (at, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(Fault { line, cause: format!("column {} has no name", at + 1) });
        }
        if names[..at].contains(name) {
            return Err(Fault { line, cause: format!("two columns are called `{name}`") });
        }
    }
    Ok(())
}

fn within(rows: usize) -> Result<(), Fault> {
    if rows <= REFERENCE_ROWS_MAX {
        return Ok(());
    }
    Err(Fault::of_all(format!(
        "it has more than {REFERENCE_ROWS_MAX} rows, the most that a table may have"
    )))
}

fn batch(columns: Vec<Column>) -> Result<RecordBatch, Fault> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for column in columns {
        let array = array(&column)?;
        fields.push(Field::new(column.name, array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Fault::of_all(error.to_string()))
}

#[cfg(test)]
mod tests;
