//! A TOML document, walked key by key so that every complaint can name its line.
//!
//! serde would read the same file in fewer words, but its errors for a value that parses and is
//! wrong (`"5 parsecs"`) lose the key, and it knows no near misses. A [`Section`] remembers the
//! keys it was asked for: what is left over at the end is unknown, and what was asked for is what
//! may have been meant.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use crate::quantity;
use crate::suggest;

/// The file's name and text.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl<'a> Document<'a> {
    /// Parses the text and hands out its top level.
    pub(super) fn parse(self) -> Result<Spanned<DeTable<'a>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.error(at, error.message().trim_end())
        })
    }

    pub(super) fn section<'t>(
        self,
        table: &'t DeTable<'t>,
        name: impl Into<Cow<'static, str>>,
        at: usize,
    ) -> Section<'t>
    where
        'a: 't,
    {
        Section { document: self, name: name.into(), at, table, asked: RefCell::default() }
    }

    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
    }

    fn error(&self, at: usize, message: impl Into<String>) -> ConfigError {
        ConfigError {
            path: self.path.to_owned(),
            line: self.line(at),
            message: message.into(),
            hint: None,
        }
    }
}

/// A table of the file: `[ingest]`, one `[[source]]`, or the top level.
pub(super) struct Section<'a> {
    document: Document<'a>,
    /// As errors call it; empty for the top level.
    name: Cow<'static, str>,
    /// Where it begins.
    at: usize,
    table: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// The value of `key`, read by `read`; `None` if the key is not there.
    pub(super) fn read<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(Value<'a>) -> Result<T, ConfigError>,
    ) -> Result<Option<T>, ConfigError> {
        self.asked.borrow_mut().push(key);
        self.table
            .get(key)
            .map(|value| {
                let key = self.call(key);
                read(Value { document: self.document, key, value })
            })
            .transpose()
    }

    /// All entries, for a table whose keys are the user's own.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        self.table.iter().map(|(key, value)| {
            let called = self.call(key.get_ref());
            let value = Value { document: self.document, key: called, value };
            (&**key.get_ref(), value)
        })
    }

    /// The entries that nobody asked for.
    pub(super) fn others(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let asked = self.asked.borrow().clone();
        self.entries().filter(move |(key, _)| !asked.contains(key))
    }

    /// The complaint that `key` is missing.
    pub(super) fn lacks(&self, key: &str) -> ConfigError {
        self.document.error(self.at, format!("{} needs a `{key}`", self.name))
    }

    /// Complains of the first key that nobody asked for.
    pub(super) fn finish(&self) -> Result<(), ConfigError> {
        self.finish_but(|_| false)
    }

    /// The same, but for keys that are `known` otherwise.
    pub(super) fn finish_but(&self, known: impl Fn(&str) -> bool) -> Result<(), ConfigError> {
        let asked = self.asked.borrow();
        let unknown = self
            .table
            .keys()
            .filter(|key| !asked.contains(&&**key.get_ref()) && !known(key.get_ref()));
        let Some(key) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
        let called = if self.name.is_empty() {
            format!("unknown key `{}`", key.get_ref())
        } else {
            format!("unknown key `{}` in {}", key.get_ref(), self.name)
        };
        let error = self.document.error(key.span().start, called);
        Err(match suggest::nearest(key.get_ref(), asked.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None if asked.is_empty() => error.hint("there are no keys here"),
            None => error.hint(format!("the keys here are {}", asked.join(", "))),
        })
    }

    fn call(&self, key: &str) -> String {
        if self.name.is_empty() { format!("`{key}`") } else { format!("`{key}` in {}", self.name) }
    }
}

/// One value, which knows what it is called.
pub(super) struct Value<'a> {
    document: Document<'a>,
    /// As errors call it: `` `columns` in [ingest] ``.
    key: String,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Value<'a> {
    pub(super) fn line(&self) -> usize {
        self.document.line(self.value.span().start)
    }

    /// The file that it stands in.
    pub(super) fn path(&self) -> &'a Path {
        self.document.path
    }

    /// The lines of the keys of a table and of the tables in it, each by its whole name.
    pub(super) fn lines(&self, within: &str, lines: &mut BTreeMap<String, usize>) {
        let DeValue::Table(table) = self.value.get_ref() else { return };
        for (key, value) in table {
            let name = format!("{within}{}", key.get_ref());
            lines.insert(name.clone(), self.document.line(key.span().start));
            self.item(value).lines(&format!("{name}."), lines);
        }
    }

    /// The value for those who read it themselves.
    pub(super) fn plain(&self) -> Result<toml::Value, ConfigError> {
        Ok(match self.value.get_ref() {
            DeValue::String(text) => toml::Value::String(text.clone().into_owned()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map(toml::Value::Integer)
                .map_err(|_| self.wrong("it is too large"))?,
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .map(toml::Value::Float)
                .map_err(|_| self.wrong("it is no number"))?,
            DeValue::Boolean(flag) => toml::Value::Boolean(*flag),
            DeValue::Datetime(at) => toml::Value::Datetime(*at),
            DeValue::Array(items) => {
                let items = items.iter().map(|item| self.item(item).plain());
                toml::Value::Array(items.collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => {
                let entry = |(key, value): (&Spanned<_>, _)| -> Result<_, ConfigError> {
                    Ok((Cow::into_owned(Cow::clone(key.get_ref())), self.item(value).plain()?))
                };
                toml::Value::Table(table.iter().map(entry).collect::<Result<_, _>>()?)
            }
        })
    }

    /// The complaint that this value, though well-formed, will not do.
    pub(super) fn wrong(&self, message: impl std::fmt::Display) -> ConfigError {
        self.document.error(self.value.span().start, format!("{}: {message}", self.key))
    }

    fn must_be(&self, wanted: &str) -> ConfigError {
        let message = format!("{} must be {wanted}", self.key);
        self.document.error(self.value.span().start, message)
    }

    fn not(&self, wanted: &str) -> ConfigError {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.must_be(&format!("{wanted}, not {found}"))
    }

    pub(super) fn text(&self) -> Result<&'a str, ConfigError> {
        match self.value.get_ref() {
            DeValue::String(text) if text.is_empty() => Err(self.wrong("it is empty")),
            DeValue::String(text) => Ok(text),
            _ => Err(self.not("a text")),
        }
    }

    /// A directory that is there, from `base`.
    pub(super) fn directory(&self, base: &Path) -> Result<PathBuf, ConfigError> {
        let path = base.join(self.text()?);
        if !path.is_dir() {
            return Err(self.wrong(format!("no such directory: {}", path.display())));
        }
        Ok(path)
    }

    /// One text, or a list of them.
    pub(super) fn texts(&self) -> Result<Vec<&'a str>, ConfigError> {
        match self.value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| self.item(item).text()).collect(),
            DeValue::String(_) => Ok(vec![self.text()?]),
            _ => Err(self.not("a text or a list of texts")),
        }
    }

    pub(super) fn flag(&self) -> Result<bool, ConfigError> {
        match self.value.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.not("true or false")),
        }
    }

    pub(super) fn count(&self, at_least: u64) -> Result<u64, ConfigError> {
        let DeValue::Integer(number) = self.value.get_ref() else {
            return Err(self.not("a whole number"));
        };
        let parsed = u64::from_str_radix(number.as_str(), number.radix());
        self.bounded(parsed.unwrap_or(0), at_least, |bound| bound.to_string())
    }

    pub(super) fn duration(&self, at_least: Duration) -> Result<Duration, ConfigError> {
        let DeValue::String(text) = self.value.get_ref() else {
            return Err(self.not("a duration in quotes, as in \"5s\""));
        };
        let duration = quantity::parse_duration(text).map_err(|why| self.wrong(why))?;
        self.bounded(duration, at_least, quantity::duration)
    }

    pub(super) fn size(&self, at_least: u64) -> Result<u64, ConfigError> {
        let DeValue::String(text) = self.value.get_ref() else {
            return Err(self.not("a size in quotes, as in \"64MiB\""));
        };
        let size = quantity::parse_size(text).map_err(|why| self.wrong(why))?;
        self.bounded(size, at_least, quantity::bytes)
    }

    /// The one of `choices` that the text names.
    pub(super) fn one_of<T: Copy>(
        &self,
        what: &str,
        choices: impl IntoIterator<Item = (&'static str, T)>,
    ) -> Result<T, ConfigError> {
        let text = self.text()?;
        let choices: Vec<(&str, T)> = choices.into_iter().collect();
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return Ok(*choice);
        }
        let error = self.wrong(format!("`{text}` is not {what}"));
        let names = || choices.iter().map(|(name, _)| *name);
        Err(match suggest::nearest(text, names()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            // Nobody reads six hundred time zones.
            None if choices.len() > 40 => error,
            None => error.hint(format!("use one of {}", names().collect::<Vec<_>>().join(", "))),
        })
    }

    pub(super) fn section(
        &self,
        name: impl Into<Cow<'static, str>>,
    ) -> Result<Section<'a>, ConfigError> {
        match self.value.get_ref() {
            DeValue::Table(table) => {
                Ok(self.document.section(table, name, self.value.span().start))
            }
            _ => Err(self.not("a table")),
        }
    }

    /// The value as a table, if it is one.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
    }

    /// The tables of `[[name]]`.
    pub(super) fn sections(&self, name: &'static str) -> Result<Vec<Section<'a>>, ConfigError> {
        match self.value.get_ref() {
            DeValue::Array(items) => {
                items.iter().map(|item| self.item(item).section(name)).collect()
            }
            _ => Err(self.not(&format!("written as {name}"))),
        }
    }

    fn item(&self, value: &'a Spanned<DeValue<'a>>) -> Value<'a> {
        Value { document: self.document, key: self.key.clone(), value }
    }

    fn bounded<T: PartialOrd>(
        &self,
        value: T,
        at_least: T,
        show: impl FnOnce(T) -> String,
    ) -> Result<T, ConfigError> {
        if value < at_least {
            return Err(self.must_be(&format!("at least {}", show(at_least))));
        }
        Ok(value)
    }
}
