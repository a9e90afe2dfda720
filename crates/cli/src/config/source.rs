//! `[[source]]`: which logs, and how to read them.

use std::path::{Path, PathBuf};

use fillwatch_decode::{FieldRule, Mapping, Unit};
use fillwatch_model::{CANONICAL, Kind, SourceId};
use fillwatch_tail::Source;

use super::document::{Section, Value};
use super::error::ConfigError;
use crate::suggest;

const NAME: &str = "[[source]]";

/// One `[[source]]`.
#[derive(Debug)]
pub(crate) struct SourceConfig {
    /// Directories, globs or files; absolute, or relative to where fillwatch was started.
    pub(crate) paths: Vec<SourcePath>,
    /// Globs of what to leave out.
    pub(crate) exclude: Vec<String>,
    /// How its lines are read.
    pub(crate) mapping: Mapping,
    /// What is allowed, and most likely a slip.
    pub(crate) warnings: Vec<String>,
}

/// One `path` of a source, and where the file says so.
#[derive(Debug)]
pub(crate) struct SourcePath {
    pub(crate) pattern: String,
    /// What everything it means lies under, and what therefore has to exist.
    pub(crate) root: PathBuf,
    pub(super) line: usize,
}

/// Reads all of `[[source]]`.
pub(super) fn read(value: &Value<'_>, base: &Path) -> Result<Vec<SourceConfig>, ConfigError> {
    value.sections(NAME)?.iter().map(|section| read_one(section, base)).collect()
}

fn read_one(section: &Section<'_>, base: &Path) -> Result<SourceConfig, ConfigError> {
    let exclude = section.read("exclude", |value| exclude(&value))?.unwrap_or_default();
    let paths = section.read("path", |value| paths(&value, base))?;
    let mut mapping = Mapping::default();
    if let Some(bot) = section.read("bot", |value| value.text().map(str::to_owned))? {
        mapping.bot = Some(bot);
    }
    if let Some(zone) = section.read("timezone", |value| zone(&value))? {
        mapping.timezone = zone;
    }
    if let Some(kind) = section.read("kind", |value| kind(&value))? {
        mapping.kind = Some(kind);
    }
    let mut warnings = Vec::new();
    if let Some(fields) = section.read("fields", |value| fields(&value, &mut warnings))? {
        mapping.fields = fields;
    }
    section.finish()?;
    let paths = paths.ok_or_else(|| section.lacks("path"))?;
    Ok(SourceConfig { paths, exclude, mapping, warnings })
}

fn paths(value: &Value<'_>, base: &Path) -> Result<Vec<SourcePath>, ConfigError> {
    let path = |text: &str| {
        let pattern = base.join(text).to_string_lossy().into_owned();
        let source = Source::new(SourceId(0), &pattern, &[]).map_err(|why| value.wrong(why))?;
        Ok(SourcePath { pattern, root: source.root().to_owned(), line: value.line() })
    };
    value.texts()?.into_iter().map(path).collect()
}

fn exclude(value: &Value<'_>) -> Result<Vec<String>, ConfigError> {
    let globs: Vec<String> = value.texts()?.into_iter().map(str::to_owned).collect();
    Source::new(SourceId(0), "/", &globs).map_err(|why| value.wrong(why))?;
    Ok(globs)
}

fn zone(value: &Value<'_>) -> Result<chrono_tz::Tz, ConfigError> {
    let zones = chrono_tz::TZ_VARIANTS.iter().map(|zone| (zone.name(), *zone));
    value.one_of("a time zone of the IANA database, as in \"Europe/Berlin\"", zones)
}

fn kind(value: &Value<'_>) -> Result<Kind, ConfigError> {
    value.one_of("a kind of event", Kind::ALL.iter().map(|kind| (kind.as_str(), *kind)))
}

/// `{ price = { path = "order.px", unit = "cents" }, fair = "data.fair" }`
fn fields(value: &Value<'_>, warnings: &mut Vec<String>) -> Result<Vec<FieldRule>, ConfigError> {
    let section = value.section("[[source]] fields")?;
    let mut rules = Vec::new();
    for (column, value) in section.entries() {
        rules.push(field(column, &value)?);
        warnings.extend(slip(column).map(|near| {
            value.wrong(format!("a column of your own; did you mean `{near}`?")).to_string()
        }));
    }
    Ok(rules)
}

/// The canonical column that `column`, which is none, was most likely meant to be.
fn slip(column: &str) -> Option<&'static str> {
    let canonical = || CANONICAL.iter().map(|(name, _)| *name);
    if canonical().any(|name| name == column) {
        return None;
    }
    suggest::nearest(column, canonical())
}

fn field(column: &str, value: &Value<'_>) -> Result<FieldRule, ConfigError> {
    if column.chars().any(char::is_uppercase) {
        return Err(value.wrong("columns are in lower case"));
    }
    let rule =
        |path: &str, unit| FieldRule { column: column.to_owned(), path: path.to_owned(), unit };
    if !value.is_table() {
        return Ok(rule(value.text()?, Unit::AsIs));
    }
    let section = value.section("[[source]] fields")?;
    let path = section.read("path", |path| path.text())?;
    let unit = section.read("unit", |unit| unit.one_of("a unit", Unit::NAMES))?;
    section.finish()?;
    let path = path.ok_or_else(|| value.wrong("a field needs a `path` in the JSON"))?;
    Ok(rule(path, unit.unwrap_or(Unit::AsIs)))
}
