//! A rule, ready to be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fillwatch_model::{Kind, Micros, Peak, Row, Severity, Transition, Value};

use crate::RuleError;
use crate::header::{self, Every, Header, Optional};
use crate::machine::{Change, Terms};
use crate::param::{Overrides, Param, ParamValue};
use crate::template::{self, Told};

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The stem of its file.
    pub name: String,
    /// Where it was read.
    pub file: PathBuf,
    /// Whether it is one of ours.
    pub is_shipped: bool,
    /// The whole file: it is SQL, the header a comment in it.
    pub text: String,
    /// When it is evaluated.
    pub every: Every,
    /// How far back its query sees.
    pub window: Micros,
    /// How long after a tick the last lines about it may be read.
    pub delay: Micros,
    /// What the state machine needs to know of it.
    pub terms: Terms,
    /// Its levels, the worst first: one for a rule without levels.
    pub levels: Vec<Level>,
    /// Its params, as the file has them.
    pub params: Vec<Param>,
    /// Tables of the user's that it can do without.
    pub tables: Vec<Optional>,
    /// The kinds of events that are a change; none for all.
    pub kinds: Vec<Kind>,
    /// With more rows than this one alert stands for all.
    pub max_rows: usize,
    /// How long one evaluation may take.
    pub timeout: Micros,
    /// Whether it is evaluated.
    pub is_enabled: bool,
    /// Templates.
    pub summary: String,
    /// Templates.
    pub description: String,
    /// Names and templates.
    pub labels: Vec<(String, String)>,
    /// Where it says what to do; may be empty.
    pub runbook: String,
    /// What it means when it fires.
    pub doc: String,
    /// Who defined the threshold; may be empty.
    pub source: String,
    /// What a log must have, in the words of a view's `Needs:`; may be empty.
    pub needs: String,
}

/// One severity of a rule, and its params.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// What an alert of it is.
    pub severity: Severity,
    /// The params of all bots but those in `bots`.
    pub params: BTreeMap<String, ParamValue>,
    /// The params of single bots.
    pub bots: BTreeMap<String, BTreeMap<String, ParamValue>>,
}

/// One question that an evaluation asks: a rule asks one for each level, and for each group of bots
/// with params of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    /// What its rows are.
    pub severity: Severity,
    /// The params, as SQL, by name.
    pub params: BTreeMap<String, String>,
    /// The bots whose rows count; `None` for all but `not`.
    pub only: Option<BTreeSet<String>>,
    /// The bots whose rows do not count, since another asking is about them.
    pub not: BTreeSet<String>,
}

impl Asking {
    /// Whether a row of the answer counts.
    pub fn counts(&self, row: &Row) -> bool {
        if self.only.is_none() && self.not.is_empty() {
            return true;
        }
        let bot = row.get("bot").and_then(Value::text);
        match (&self.only, bot) {
            (Some(only), bot) => bot.is_some_and(|bot| only.contains(bot)),
            (None, bot) => bot.is_none_or(|bot| !self.not.contains(bot)),
        }
    }
}

impl Rule {
    /// Reads a rule's file, with what the configuration says of it.
    pub fn read(
        file: &Path,
        text: &str,
        is_shipped: bool,
        overrides: &Overrides,
    ) -> Result<Rule, RuleError> {
        let fault =
            |line: Option<usize>, cause: String| RuleError { file: file.to_owned(), line, cause };
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !is_name(&name) {
            return Err(fault(
                None,
                "a rule is named by its file: lower-case letters, digits and `_`".to_owned(),
            ));
        }
        let head = header::cut(text);
        if head.trim().is_empty() {
            return Err(fault(
                Some(1),
                "it has no header: TOML in lines that begin with `---`".to_owned(),
            ));
        }
        let mut table: toml::Table = toml::from_str(&head).map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = 1 + head.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
            fault(Some(line), error.message().trim_end().to_owned())
        })?;
        // The file must be right by itself, before somebody's configuration is put into it.
        let line_of = |cause: &str| line_of(&head, cause);
        Header::read(&table).map_err(|cause| fault(line_of(&cause), cause))?;
        let ours =
            |cause: String| fault(None, format!("[rules.{name}] of the configuration: {cause}"));
        for (key, value) in &overrides.header {
            if key == "severity" && table.contains_key("levels") {
                return Err(ours("it has levels, each with its own severity".to_owned()));
            }
            table.insert(key.clone(), value.clone());
        }
        let header = Header::read(&table).map_err(&ours)?;
        let levels = levels(&header, overrides).map_err(&ours)?;
        if !overrides.bots.is_empty() && !header.key.iter().any(|column| column == "bot") {
            return Err(ours(
                "its key has no `bot`, so it cannot have params of single bots".to_owned(),
            ));
        }
        let rule = Rule {
            file: file.to_owned(),
            is_shipped,
            text: text.to_owned(),
            every: header.every,
            window: header.window,
            delay: header.delay,
            terms: Terms {
                name: name.clone(),
                key: header.key,
                value: header.value,
                worse: header.worse,
                hold: header.hold,
                keep: header.keep,
            },
            levels,
            params: header.params,
            tables: header.tables,
            kinds: header.kinds,
            max_rows: header.max_rows,
            timeout: header.timeout,
            is_enabled: overrides.enabled.unwrap_or(header.enabled),
            summary: header.summary,
            description: header.description,
            labels: header.labels,
            runbook: header.runbook,
            doc: header.doc,
            source: header.source,
            needs: header.needs,
            name,
        };
        rule.check_templates().map_err(|cause| fault(line_of(&cause), cause))?;
        Ok(rule)
    }

    /// The questions that an evaluation asks.
    pub fn askings(&self) -> Vec<Asking> {
        let sql = |params: &BTreeMap<String, ParamValue>| {
            params.iter().map(|(name, value)| (name.clone(), value.sql())).collect()
        };
        let mut askings = Vec::new();
        for level in &self.levels {
            askings.push(Asking {
                severity: level.severity,
                params: sql(&level.params),
                only: None,
                not: level.bots.keys().cloned().collect(),
            });
            let mut groups: Vec<(&BTreeMap<String, ParamValue>, BTreeSet<String>)> = Vec::new();
            for (bot, params) in &level.bots {
                match groups.iter_mut().find(|(known, _)| *known == params) {
                    Some((_, bots)) => {
                        bots.insert(bot.clone());
                    }
                    None => groups.push((params, BTreeSet::from([bot.clone()]))),
                }
            }
            askings.extend(groups.into_iter().map(|(params, bots)| Asking {
                severity: level.severity,
                params: sql(params),
                only: Some(bots),
                not: BTreeSet::new(),
            }));
        }
        askings
    }

    /// The worst that it can be.
    pub fn severity(&self) -> Severity {
        self.levels.iter().map(|level| level.severity).max().unwrap_or(Severity::Info)
    }

    /// The rule with other values of some of its params, as a backtest tries them.
    pub fn with_params(&self, values: &toml::Table) -> Result<Rule, String> {
        let mut rule = self.clone();
        for (name, value) in values {
            let param = rule.params.iter().find(|param| param.name == *name);
            let param = param.ok_or_else(|| no_param(name, &self.params))?;
            let value = param.take(value)?;
            for level in &mut rule.levels {
                level.params.insert(name.clone(), value.clone());
                for params in level.bots.values_mut() {
                    params.insert(name.clone(), value.clone());
                }
            }
        }
        Ok(rule)
    }

    /// What people are told of a change.
    pub fn transition(&self, change: &Change) -> Transition {
        let told = self.told(change);
        Transition {
            rule: self.name.clone(),
            severity: change.severity,
            key: change.key.clone(),
            episode: change.episode.clone(),
            turn: change.turn,
            at: change.at,
            since: change.since,
            value: change.value,
            peak: change.peak,
            fired_within_1h: change.fired_within_1h,
            row: change.row.clone(),
            summary: told.summary,
            description: told.description,
            labels: told.labels,
            runbook: self.runbook.clone(),
            belated: None,
        }
    }

    fn told(&self, change: &Change) -> Told {
        if let Some(summary) = &change.says {
            return Told { summary: summary.clone(), ..Told::default() };
        }
        let bot = change.row.get("bot").and_then(Value::text);
        let level = self.levels.iter().find(|level| level.severity == change.severity);
        let params =
            level.map(|level| bot.and_then(|bot| level.bots.get(bot)).unwrap_or(&level.params));
        let mut more: Vec<(String, Value)> = vec![
            ("rule".to_owned(), Value::Text(self.name.clone())),
            ("severity".to_owned(), Value::Text(change.severity.to_string())),
        ];
        if let Some(Peak { value, .. }) = change.peak {
            more.push(("peak".to_owned(), Value::Float(value)));
        }
        more.extend(
            params.into_iter().flatten().map(|(name, value)| (name.clone(), as_value(value))),
        );
        let more: Vec<(&str, Value)> =
            more.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let render = |template: &str| template::render(template, &change.row, &more);
        Told {
            summary: one_line(&render(&self.summary)),
            description: render(&self.description),
            labels: self.labels.iter().map(|(name, label)| (name.clone(), render(label))).collect(),
        }
    }

    /// The templates parse. Which columns there are is only known when the query is planned.
    fn check_templates(&self) -> Result<(), String> {
        let templates = [("summary", &self.summary), ("description", &self.description)];
        let labels = self.labels.iter().map(|(name, label)| (name.as_str(), label));
        for (name, text) in templates.into_iter().chain(labels) {
            template::check(text).map_err(|error| format!("`{name}`: {error}"))?;
        }
        Ok(())
    }

    /// The names that its templates read and that are neither params nor `known` columns.
    pub fn unknown_in_templates(&self, known: &[String]) -> Vec<String> {
        let templates = [&self.summary, &self.description]
            .into_iter()
            .chain(self.labels.iter().map(|(_, label)| label));
        let read = templates.flat_map(|text| template::check(text).unwrap_or_default());
        let is_known = |name: &String| {
            known.contains(name)
                || self.params.iter().any(|param| param.name == *name)
                || ["rule", "severity", "peak"].contains(&name.as_str())
        };
        let unknown: BTreeSet<String> = read.filter(|name| !is_known(name)).collect();
        unknown.into_iter().collect()
    }
}

fn as_value(param: &ParamValue) -> Value {
    match param {
        ParamValue::Float(value) => Value::Float(*value),
        ParamValue::Int(value) => Value::Int(*value),
        ParamValue::Bool(value) => Value::Bool(*value),
        ParamValue::Text(text) => Value::Text(text.clone()),
    }
}

/// A summary is a subject and a line of a chat: what a log put into it must not make it two.
fn one_line(text: &str) -> String {
    text.split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn levels(header: &Header, overrides: &Overrides) -> Result<Vec<Level>, String> {
    let defaults = header.params.iter().map(|param| (param.name.clone(), param.default.clone()));
    let defaults: BTreeMap<String, ParamValue> = defaults.collect();
    let mut bases = header.levels.clone();
    if let Some(severity) = header.severity {
        bases.push((severity, Vec::new()));
    }
    let mut levels = Vec::new();
    for (severity, values) in bases {
        let mut params = defaults.clone();
        params.extend(values);
        let said = |base: &BTreeMap<String, ParamValue>, table: &toml::Table| {
            said(base, table, header, severity)
        };
        let params = said(&params, &overrides.params)?;
        let bots = overrides.bots.iter().map(|(bot, table)| {
            let params = said(&params, table).map_err(|why| format!("bots.{bot}: {why}"))?;
            Ok((bot.clone(), params))
        });
        levels.push(Level { severity, bots: bots.collect::<Result<_, String>>()?, params });
    }
    Ok(levels)
}

/// `base`, moved by what a table of the configuration says: for all levels, or in a table named by
/// one of them for that alone.
fn said(
    base: &BTreeMap<String, ParamValue>,
    table: &toml::Table,
    header: &Header,
    severity: Severity,
) -> Result<BTreeMap<String, ParamValue>, String> {
    let mut params = base.clone();
    let mut own = None;
    for (name, value) in table {
        if let (Ok(level), Some(values)) = (name.parse::<Severity>(), value.as_table()) {
            if !header.levels.iter().any(|(known, _)| *known == level) {
                return Err(format!("it has no level `{name}`"));
            }
            own = if level == severity { Some(values) } else { own };
            continue;
        }
        take(&mut params, name, value, header)?;
    }
    for (name, value) in own.into_iter().flatten() {
        take(&mut params, name, value, header)?;
    }
    Ok(params)
}

fn take(
    params: &mut BTreeMap<String, ParamValue>,
    name: &str,
    value: &toml::Value,
    header: &Header,
) -> Result<(), String> {
    let param = header.params.iter().find(|param| param.name == name);
    let param = param.ok_or_else(|| no_param(name, &header.params))?;
    params.insert(name.to_owned(), param.take(value)?);
    Ok(())
}

fn no_param(name: &str, params: &[Param]) -> String {
    let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
    if names.is_empty() {
        format!("there is no param `{name}`; it has none")
    } else {
        format!("there is no param `{name}`; there are {}", names.join(", "))
    }
}

/// The line of the header that a complaint is about, if it names a key that stands there.
fn line_of(head: &str, cause: &str) -> Option<usize> {
    let key = cause.split('`').nth(1)?;
    let stands = |line: &str| {
        let line = line.trim_start();
        line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
            || line
                .strip_prefix('[')
                .is_some_and(|rest| rest.trim_end().trim_end_matches(']') == key)
    };
    head.lines().position(stands).map(|at| at + 1)
}

pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
