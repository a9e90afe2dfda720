//! What stands in the `---` lines at the top of a rule.

use fillwatch_model::{ColumnType, Kind, Micros, SPAN_FORM, Severity, parse_span, write_span};

use crate::machine::Worse;
use crate::param::{Param, ParamValue};

/// How often a rule is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// At the multiples of this since midnight UTC.
    Span(Micros),
    /// When rows come, and every minute.
    Change,
}

impl Every {
    /// How far apart its ticks are at most.
    pub fn span(self) -> Micros {
        match self {
            Every::Span(span) => span,
            Every::Change => MINUTE,
        }
    }
}

impl std::fmt::Display for Every {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Every::Span(span) => f.pad(&write_span(*span)),
            Every::Change => f.pad("on_change"),
        }
    }
}

/// A table of the user's that a rule can do without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Optional {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<(String, ColumnType)>,
}

/// Each level's severity, and the params that it moves.
pub(crate) type Levels = Vec<(Severity, Vec<(String, ParamValue)>)>;

/// A header, as far as it can be read by itself.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) severity: Option<Severity>,
    pub(crate) every: Every,
    pub(crate) window: Micros,
    pub(crate) delay: Micros,
    pub(crate) hold: Micros,
    pub(crate) keep: Micros,
    pub(crate) key: Vec<String>,
    pub(crate) value: Option<String>,
    pub(crate) worse: Worse,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) runbook: String,
    pub(crate) doc: String,
    pub(crate) source: String,
    pub(crate) needs: String,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) max_rows: usize,
    pub(crate) timeout: Micros,
    pub(crate) enabled: bool,
    pub(crate) params: Vec<Param>,
    pub(crate) levels: Levels,
    pub(crate) tables: Vec<Optional>,
}

const MINUTE: Micros = 60_000_000;
const DAY: Micros = 86_400_000_000;
/// Shorter ones would be evaluated more often than lines are swept up.
const EVERY_MIN: Micros = 1_000_000;
const MAX_ROWS: i64 = 200;
const MAX_ROWS_MOST: i64 = 100_000;
const TIMEOUT: Micros = 10_000_000;

/// The keys there are.
const KEYS: &[&str] = &[
    "severity",
    "every",
    "window",
    "delay",
    "for",
    "keep_firing",
    "key",
    "value",
    "worse",
    "summary",
    "description",
    "labels",
    "runbook",
    "doc",
    "source",
    "needs",
    "kinds",
    "max_rows",
    "timeout",
    "enabled",
    "params",
    "levels",
    "tables",
];

/// Params with these names would hide what is bound already.
const BOUND: &[&str] = &["now", "from", "to", "opened"];

/// Cuts the header from a file: its lines without their dashes, each in its place.
pub(crate) fn cut(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("---"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

impl Header {
    pub(crate) fn read(table: &toml::Table) -> Result<Header, String> {
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("`{key}` is no key of a rule; there are {}", KEYS.join(", ")));
        }
        let text = |key: &str| text_of(table, key);
        let params = params(table)?;
        let every = every(table)?;
        let header = Header {
            severity: table.get("severity").map(severity).transpose()?,
            every,
            window: span(table, "window")?.ok_or_else(|| lacks("window", "\"15m\""))?,
            delay: span(table, "delay")?.unwrap_or(0),
            hold: span(table, "for")?.unwrap_or(0),
            keep: span(table, "keep_firing")?.unwrap_or(0),
            key: texts(table, "key")?
                .ok_or_else(|| lacks("key", "[\"bot\"], or [] for one alert in all"))?,
            value: text("value")?,
            worse: match text("worse")?.as_deref() {
                None | Some("high") => Worse::High,
                Some("low") => Worse::Low,
                Some(_) => return Err("`worse` is \"high\" or \"low\"".to_owned()),
            },
            summary: text("summary")?.ok_or_else(|| lacks("summary", "\"{{ bot }}: …\""))?,
            description: text("description")?.unwrap_or_default(),
            labels: labels(table)?,
            runbook: text("runbook")?.unwrap_or_default(),
            doc: text("doc")?.ok_or_else(|| lacks("doc", "\"what it means when it fires\""))?,
            source: text("source")?.unwrap_or_default(),
            needs: text("needs")?.unwrap_or_default(),
            kinds: kinds(table)?,
            max_rows: count(table, "max_rows", MAX_ROWS, MAX_ROWS_MOST)?,
            timeout: span(table, "timeout")?.unwrap_or(TIMEOUT),
            enabled: flag(table, "enabled")?.unwrap_or(true),
            levels: levels(table, &params)?,
            params,
            tables: tables(table)?,
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), String> {
        if self.levels.is_empty() && self.severity.is_none() {
            return Err(lacks("severity", "\"warning\""));
        }
        if !self.levels.is_empty() && self.severity.is_some() {
            return Err("it has `severity` and `levels`: leave one of them out".to_owned());
        }
        if self.window <= 0 || self.timeout <= 0 {
            return Err("`window` and `timeout` are longer than 0s".to_owned());
        }
        if let Some(twice) =
            self.key.iter().enumerate().find(|(at, name)| self.key[..*at].contains(name))
        {
            return Err(format!("`key` names `{}` twice", twice.1));
        }
        if self.every != Every::Change && !self.kinds.is_empty() {
            return Err("`kinds` goes with every = \"on_change\"".to_owned());
        }
        Ok(())
    }
}

fn lacks(key: &str, like: &str) -> String {
    format!("it has no `{key}`; write {key} = {like}")
}

fn text_of(table: &toml::Table, key: &str) -> Result<Option<String>, String> {
    match table.get(key) {
        None => Ok(None),
        Some(toml::Value::String(text)) => Ok(Some(text.trim().to_owned())),
        Some(_) => Err(format!("`{key}` is text, in quotes")),
    }
}

fn texts(table: &toml::Table, key: &str) -> Result<Option<Vec<String>>, String> {
    let fault = || format!("`{key}` is a list of texts, as in [\"bot\"]");
    match table.get(key) {
        None => Ok(None),
        Some(toml::Value::Array(values)) => {
            let text = |value: &toml::Value| value.as_str().map(str::to_owned).ok_or_else(fault);
            values.iter().map(text).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(fault()),
    }
}

fn span(table: &toml::Table, key: &str) -> Result<Option<Micros>, String> {
    let Some(text) = text_of(table, key)? else { return Ok(None) };
    parse_span(&text)
        .map(Some)
        .ok_or_else(|| format!("`{key}`: `{text}` is not a duration: {SPAN_FORM}"))
}

fn every(table: &toml::Table) -> Result<Every, String> {
    match text_of(table, "every")?.as_deref() {
        None => Ok(Every::Span(MINUTE)),
        Some("on_change") => Ok(Every::Change),
        Some(_) => match span(table, "every")?.unwrap_or(MINUTE) {
            span if span < EVERY_MIN => Err("`every` is 1s at least; or \"on_change\"".to_owned()),
            // Else the ticks of one day would not be those of the next.
            span if DAY % span != 0 => Err(format!(
                "`every`: a day is no multiple of {}; take 10s, 15s, 30s, 1m, 5m, 15m, 1h …",
                write_span(span)
            )),
            span => Ok(Every::Span(span)),
        },
    }
}

pub(crate) fn severity(value: &toml::Value) -> Result<Severity, String> {
    value.as_str().and_then(|name| name.parse().ok()).ok_or_else(|| {
        "`severity` is \"critical\" (P1), \"warning\" (P2, high) or \"info\" (P3, medium, low)"
            .to_owned()
    })
}

fn flag(table: &toml::Table, key: &str) -> Result<Option<bool>, String> {
    match table.get(key) {
        None => Ok(None),
        Some(toml::Value::Boolean(value)) => Ok(Some(*value)),
        Some(_) => Err(format!("`{key}` is true or false")),
    }
}

fn count(table: &toml::Table, key: &str, default: i64, most: i64) -> Result<usize, String> {
    match table.get(key) {
        None => Ok(default as usize),
        Some(toml::Value::Integer(value)) if (1..=most).contains(value) => Ok(*value as usize),
        Some(_) => Err(format!("`{key}` is a whole number from 1 to {most}")),
    }
}

fn labels(table: &toml::Table) -> Result<Vec<(String, String)>, String> {
    let fault = || "`labels` is a table of texts".to_owned();
    match table.get("labels") {
        None => Ok(Vec::new()),
        Some(toml::Value::Table(labels)) => labels
            .iter()
            .map(|(name, value)| Ok((name.clone(), value.as_str().ok_or_else(fault)?.to_owned())))
            .collect(),
        Some(_) => Err(fault()),
    }
}

fn kinds(table: &toml::Table) -> Result<Vec<Kind>, String> {
    let names = texts(table, "kinds")?.unwrap_or_default();
    let kind = |name: &String| {
        Kind::parse(name).ok_or_else(|| format!("`kinds`: `{name}` is no kind of event"))
    };
    names.iter().map(kind).collect()
}

fn params(table: &toml::Table) -> Result<Vec<Param>, String> {
    match table.get("params") {
        None => Ok(Vec::new()),
        Some(toml::Value::Table(params)) => params
            .iter()
            .map(|(name, value)| match name.as_str() {
                name if BOUND.contains(&name) => Err(format!("param `{name}`: the name is taken")),
                name if KEYS.contains(&name) || name == "bots" => {
                    Err(format!("param `{name}`: a key of the header has this name"))
                }
                name => Param::read(name, value),
            })
            .collect(),
        Some(_) => Err("`params` is a table".to_owned()),
    }
}

/// The levels, the worst first.
fn levels(table: &toml::Table, params: &[Param]) -> Result<Levels, String> {
    let fault =
        || "`levels` is a table for each severity: [levels.warning], [levels.critical]".to_owned();
    let Some(value) = table.get("levels") else { return Ok(Vec::new()) };
    let mut levels = Vec::new();
    for (name, values) in value.as_table().ok_or_else(fault)? {
        let severity: Severity = name.parse().map_err(|_| fault())?;
        let mut taken = Vec::new();
        for (name, value) in values.as_table().ok_or_else(fault)? {
            let param = params.iter().find(|param| param.name == *name);
            let param =
                param.ok_or_else(|| format!("`levels.{severity}`: there is no param `{name}`"))?;
            taken.push((
                name.clone(),
                param.take(value).map_err(|why| format!("`levels.{severity}`: {why}"))?,
            ));
        }
        if levels.iter().any(|(known, _)| *known == severity) {
            return Err(format!("`levels` has {severity} twice"));
        }
        levels.push((severity, taken));
    }
    levels.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    Ok(levels)
}

fn tables(table: &toml::Table) -> Result<Vec<Optional>, String> {
    let fault = || {
        "`tables` is a table for each: [tables.limits] with column = \"text\", \"float\", \"int\", \"bool\" or \"timestamp\"".to_owned()
    };
    let Some(value) = table.get("tables") else { return Ok(Vec::new()) };
    let mut tables = Vec::new();
    for (name, columns) in value.as_table().ok_or_else(fault)? {
        let column = |(name, of): (&String, &toml::Value)| {
            Ok((name.clone(), of.as_str().and_then(column_type).ok_or_else(fault)?))
        };
        let columns = columns.as_table().ok_or_else(fault)?.iter().map(column);
        tables.push(Optional {
            name: name.clone(),
            columns: columns.collect::<Result<_, String>>()?,
        });
    }
    Ok(tables)
}

fn column_type(name: &str) -> Option<ColumnType> {
    use ColumnType::{Bool, Date, Float, Int, Text, Time};
    [Text, Float, Int, Bool, Time, Date].into_iter().find(|column| column.name() == name)
}
