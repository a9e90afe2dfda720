//! `fillwatch.toml`: everything in it is optional, and so is the file.
//!
//! Paths are relative to the file, so that it means the same wherever fillwatch is started.

mod document;
mod error;
mod rules;
mod source;
mod tables;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use fillwatch_model::{CANONICAL, limits};

use self::document::{Document, Section};
pub(crate) use self::error::ConfigError;
pub(crate) use self::rules::RulesConfig;
pub(crate) use self::source::SourceConfig;
pub(crate) use self::tables::TableConfig;
use crate::failure::Failure;
use crate::here::shown;

/// The file read when none is named.
pub(crate) const DEFAULT_FILE: &str = "fillwatch.toml";

/// The least memory that a query can be given.
pub(crate) const MEMORY_MIN: u64 = 1 << 20;

/// What the file says. What it leaves out is `None`: the defaults belong to those who use them.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Where it was read; `None` if there was no file.
    pub(crate) path: Option<PathBuf>,
    pub(crate) store: Option<PathBuf>,
    pub(crate) sources: Vec<SourceConfig>,
    pub(crate) ingest: Ingest,
    pub(crate) retention: Retention,
    pub(crate) sql: Sql,
    pub(crate) tables: Vec<TableConfig>,
    pub(crate) rules: RulesConfig,
    /// The bots that there should be.
    pub(crate) bots: Vec<String>,
}

/// `[ingest]`
#[derive(Debug, Default)]
pub(crate) struct Ingest {
    pub(crate) commit_interval: Option<Duration>,
    pub(crate) commit_bytes: Option<u64>,
    pub(crate) sweep_interval: Option<Duration>,
    pub(crate) line_bytes_max: Option<u64>,
    pub(crate) notify: Option<bool>,
    pub(crate) open_files_max: Option<u64>,
    pub(crate) columns_max: Option<u64>,
    pub(crate) hot_bytes_max: Option<u64>,
}

/// `[retention]`
#[derive(Debug, Default)]
pub(crate) struct Retention {
    pub(crate) age: Option<Duration>,
    pub(crate) bytes: Option<u64>,
}

/// `[sql]`
#[derive(Debug, Default)]
pub(crate) struct Sql {
    pub(crate) timeout: Option<Duration>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) views: Option<PathBuf>,
}

impl Config {
    /// Reads the file named, or `./fillwatch.toml` if there is one.
    pub(crate) fn load(named: Option<&Path>) -> Result<Config, Failure> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Config::parse(path, &text)?),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Config::default())
            }
            Err(error) => Err(Failure::usage(format!(
                "cannot read `{}`: {}",
                path.display(),
                crate::failure::sentence(&error)
            ))),
        }
    }

    /// Reads `text` as the file at `path`.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
        let document = Document { path, text };
        let root = document.parse()?;
        let root = document.section(root.get_ref(), "", 0);
        let base = path.parent().unwrap_or(Path::new(""));
        let config = Config {
            path: Some(path.to_owned()),
            store: root.read("store", |value| value.text().map(|text| base.join(text)))?,
            sources: root.read("source", |value| source::read(&value, base))?.unwrap_or_default(),
            ingest: root
                .read("ingest", |value| ingest(&value.section("[ingest]")?))?
                .unwrap_or_default(),
            retention: root
                .read("retention", |value| retention(&value.section("[retention]")?))?
                .unwrap_or_default(),
            sql: root.read("sql", |value| sql(&value.section("[sql]")?, base))?.unwrap_or_default(),
            tables: root
                .read("tables", |value| tables::read(&value.section("[tables]")?, base))?
                .unwrap_or_default(),
            rules: root
                .read("rules", |value| rules::read(&value.section("[rules]")?, base))?
                .unwrap_or_default(),
            bots: root
                .read("bots", |value| rules::bots(&value.section("[bots]")?))?
                .unwrap_or_default(),
        };
        root.finish()?;
        Ok(config)
    }

    /// Complains of the first source that is not on disk. Only for commands that read the logs:
    /// SQL over a store does not need them.
    pub(crate) fn check_sources(&self) -> Result<(), ConfigError> {
        let paths = self.sources.iter().flat_map(|source| &source.paths);
        match paths.filter(|path| !path.root.exists()).min_by_key(|path| path.line) {
            None => Ok(()),
            Some(missing) => Err(ConfigError {
                path: self.path.clone().unwrap_or_default(),
                line: missing.line,
                message: format!(
                    "`path` in [[source]]: no such file or directory: {}",
                    shown(&missing.root)
                ),
                hint: Some("paths are relative to the directory of the config file".to_owned()),
            }),
        }
    }

    /// The complaint that the table `name` has the name of something else.
    pub(crate) fn table_is_taken(&self, table: &TableConfig, taken: &str) -> ConfigError {
        ConfigError {
            path: self.path.clone().unwrap_or_default(),
            line: table.line,
            message: format!("`{}` in [tables]: it has the name of {taken}", table.name),
            hint: None,
        }
    }
}

fn ingest(section: &Section<'_>) -> Result<Ingest, ConfigError> {
    const SHORTEST: Duration = Duration::from_millis(1);
    let columns_min = CANONICAL.len() as u64;
    let ingest = Ingest {
        commit_interval: section.read("commit_interval", |value| value.duration(SHORTEST))?,
        commit_bytes: section.read("commit_size", |value| value.size(1))?,
        sweep_interval: section.read("sweep_interval", |value| value.duration(SHORTEST))?,
        line_bytes_max: section
            .read("line_size", |value| value.size(limits::TOO_LONG_HEAD_BYTES as u64))?,
        notify: section.read("notify", |value| value.flag())?,
        open_files_max: section.read("open_files", |value| value.count(1))?,
        columns_max: section.read("columns", |value| value.count(columns_min))?,
        hot_bytes_max: section.read("memory", |value| value.size(limits::BATCH_BYTES as u64))?,
    };
    section.finish()?;
    Ok(ingest)
}

fn retention(section: &Section<'_>) -> Result<Retention, ConfigError> {
    // The table is partitioned by day: less than one cannot be dropped.
    const DAY: Duration = Duration::from_secs(86_400);
    let retention = Retention {
        age: section.read("age", |value| value.duration(DAY))?,
        bytes: section.read("size", |value| value.size(1))?,
    };
    section.finish()?;
    Ok(retention)
}

fn sql(section: &Section<'_>, base: &Path) -> Result<Sql, ConfigError> {
    let sql = Sql {
        timeout: section.read("timeout", |value| value.duration(Duration::from_millis(1)))?,
        memory_bytes: section.read("memory", |value| value.size(MEMORY_MIN))?,
        views: section.read("views", |value| value.directory(base))?,
    };
    section.finish()?;
    Ok(sql)
}
