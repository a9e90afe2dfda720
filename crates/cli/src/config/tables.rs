//! `[tables]`: the user's own tables, to be asked beside the events.

use std::path::{Path, PathBuf};

use fillwatch_query::header::is_name;

use super::document::{Section, Value};
use super::error::ConfigError;

/// One of them.
#[derive(Debug)]
pub(crate) struct TableConfig {
    /// What queries call it.
    pub(crate) name: String,
    /// CSV, TOML or Parquet. Whether it is there is the affair of those who ask for the table.
    pub(crate) file: PathBuf,
    pub(super) line: usize,
}

/// Reads `limits = "limits.csv"`.
pub(super) fn read(section: &Section<'_>, base: &Path) -> Result<Vec<TableConfig>, ConfigError> {
    section.entries().map(|(name, value)| one(name, &value, base)).collect()
}

fn one(name: &str, value: &Value<'_>, base: &Path) -> Result<TableConfig, ConfigError> {
    if !is_name(name) {
        return Err(value.wrong("a table has a name of lower-case letters, digits and `_`"));
    }
    let file = base.join(value.text()?);
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !["csv", "toml", "parquet"].iter().any(|known| extension.eq_ignore_ascii_case(known)) {
        return Err(value.wrong("a table is a file named *.csv, *.toml or *.parquet"));
    }
    Ok(TableConfig { name: name.to_owned(), file, line: value.line() })
}
