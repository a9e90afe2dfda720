//! `[rules]`, `[rules.NAME]` and `[bots.NAME]`: which rules are evaluated, how they are moved, and
//! which bots there should be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fillwatch_model::Severity;
use fillwatch_rules::{MOVABLE, Overrides, Rule, RuleBook, RuleSource};

use super::document::{Section, Value};
use super::error::ConfigError;
use crate::suggest;

/// `[rules]`
#[derive(Debug, Default)]
pub(crate) struct RulesConfig {
    pub(crate) enabled: Option<bool>,
    /// Whether those that ship are among them.
    pub(crate) shipped: Option<bool>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) catch_up: Option<Duration>,
    /// What is said of single rules.
    moved: BTreeMap<String, Moved>,
}

/// `[rules.heartbeat_lost]`
#[derive(Debug)]
struct Moved {
    overrides: Overrides,
    path: PathBuf,
    line: usize,
    /// Where each key stands, by its name with those of the tables that it is in:
    /// `bots.mm1.max_silence_s`.
    lines: BTreeMap<String, usize>,
}

pub(super) fn read(section: &Section<'_>, base: &Path) -> Result<RulesConfig, ConfigError> {
    let mut config = RulesConfig {
        enabled: section.read("enabled", |value| value.flag())?,
        shipped: section.read("shipped", |value| value.flag())?,
        directory: section.read("directory", |value| value.directory(base))?,
        catch_up: section.read("catch_up", |value| value.duration(Duration::ZERO))?,
        moved: BTreeMap::new(),
    };
    for (name, value) in section.others().filter(|(_, value)| value.is_table()) {
        config.moved.insert(name.to_owned(), moved(&value)?);
    }
    section.finish_but(|key| config.moved.contains_key(key))?;
    Ok(config)
}

fn moved(value: &Value<'_>) -> Result<Moved, ConfigError> {
    let mut lines = BTreeMap::new();
    value.lines("", &mut lines);
    let table = value.plain()?;
    let table = table.as_table().cloned().unwrap_or_default();
    let overrides = Overrides::read(&table).map_err(|why| {
        let at = named(&why, &lines).unwrap_or(value.line());
        value.wrong(why).at(at)
    })?;
    Ok(Moved { overrides, path: value.path().to_owned(), line: value.line(), lines })
}

/// Reads the names of `[bots.NAME]`.
pub(super) fn bots(section: &Section<'_>) -> Result<Vec<String>, ConfigError> {
    let mut bots = Vec::new();
    for (name, value) in section.entries() {
        value.section(format!("[bots.{name}]"))?.finish()?;
        bots.push(name.to_owned());
    }
    Ok(bots)
}

impl RulesConfig {
    /// Where rules come from; `as_shipped` if the file shall not move them.
    pub(crate) fn source(&self, as_shipped: bool) -> RuleSource {
        let overrides = self.moved.iter().filter(|_| !as_shipped);
        let overrides = overrides.map(|(name, moved)| (name.clone(), moved.overrides.clone()));
        RuleSource {
            only_own: self.shipped == Some(false),
            directory: self.directory.clone(),
            overrides: overrides.collect(),
        }
    }

    /// Complains of what the file says of a rule that there is not, or that the rule cannot take.
    /// `book` is without what it says.
    pub(crate) fn check(&self, book: &RuleBook) -> Result<(), ConfigError> {
        for (name, moved) in &self.moved {
            match book.get(name) {
                Some(rule) => moved.check(rule)?,
                // What is wrong with its file is told elsewhere.
                None if book.broken().iter().any(|broken| broken.name == *name) => {}
                None => {
                    let error = moved
                        .error(moved.line, format!("[rules.{name}]: there is no rule `{name}`"));
                    let names = book.rules().map(|rule| rule.name.as_str());
                    return Err(match suggest::nearest(name, names) {
                        Some(near) => error.hint(format!("did you mean `{near}`?")),
                        None => error.hint("`fillwatch rules list` shows those there are"),
                    });
                }
            }
        }
        Ok(())
    }
}

impl Moved {
    fn check(&self, rule: &Rule) -> Result<(), ConfigError> {
        self.check_names(rule, &self.overrides.params, "")?;
        for (bot, params) in &self.overrides.bots {
            self.check_names(rule, params, &format!("bots.{bot}."))?;
        }
        match Rule::read(&rule.file, &rule.text, rule.is_shipped, &self.overrides) {
            Ok(_) => Ok(()),
            Err(error) => {
                let (_, why) =
                    error.cause.split_once("configuration: ").unwrap_or(("", &error.cause));
                let line = named(why, &self.lines).unwrap_or(self.line);
                Err(self.error(line, format!("[rules.{}]: {why}", rule.name)))
            }
        }
    }

    /// Complains of the first key that is none of the rule's.
    fn check_names(
        &self,
        rule: &Rule,
        table: &toml::Table,
        within: &str,
    ) -> Result<(), ConfigError> {
        for (key, value) in table {
            if let (Ok(_), Some(level)) = (key.parse::<Severity>(), value.as_table()) {
                self.check_names(rule, level, &format!("{within}{key}."))?;
                continue;
            }
            if rule.params.iter().any(|param| param.name == *key) {
                continue;
            }
            let line = self.lines.get(&format!("{within}{key}")).copied().unwrap_or(self.line);
            let place =
                if within.is_empty() { "" } else { &format!(".{}", within.trim_end_matches('.')) };
            let error =
                self.error(line, format!("unknown key `{key}` in [rules.{}{place}]", rule.name));
            let params = rule.params.iter().map(|param| param.name.as_str());
            let others = MOVABLE.iter().copied().chain(["enabled", "bots"]);
            let known: Vec<&str> =
                if within.is_empty() { params.chain(others).collect() } else { params.collect() };
            return Err(match suggest::nearest(key, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None if known.is_empty() => error.hint("the rule has no params"),
                None => error.hint(format!("the keys here are {}", known.join(", "))),
            });
        }
        Ok(())
    }

    fn error(&self, line: usize, message: String) -> ConfigError {
        ConfigError { path: self.path.clone(), line, message, hint: None }
    }
}

/// The line of the key that a complaint names; of one that is there several times, the bot's if the
/// complaint names that too.
fn named(why: &str, lines: &BTreeMap<String, usize>) -> Option<usize> {
    let key = why.split('`').nth(1)?;
    let is_it = |name: &str| name == key || name.rsplit('.').next() == Some(key);
    let found = || lines.iter().filter(|(name, _)| is_it(name));
    let of_bot = || {
        let (bot, _) = why.strip_prefix("bots.")?.split_once(": ")?;
        found().find(|(name, _)| name.starts_with(&format!("bots.{bot}.")))
    };
    of_bot().or_else(|| found().next()).map(|(_, line)| *line)
}
