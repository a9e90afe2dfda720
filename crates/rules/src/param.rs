//! The numbers of a rule that its user may move.

use std::collections::BTreeMap;
use std::fmt;

use fillwatch_model::parse_span;

/// A param's value; its kind is the param's type.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamValue {
    /// A number; finite.
    Float(f64),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// Text.
    Text(String),
}

impl ParamValue {
    /// It as SQL.
    pub fn sql(&self) -> String {
        match self {
            // With a point or an exponent, so that it is a float there too.
            ParamValue::Float(value) => format!("cast({value:?} as double)"),
            ParamValue::Int(value) => format!("cast({value} as bigint)"),
            ParamValue::Bool(value) => value.to_string(),
            ParamValue::Text(text) => format!("'{}'", text.replace('\'', "''")),
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            ParamValue::Float(value) => Some(*value),
            ParamValue::Int(value) => Some(*value as f64),
            ParamValue::Bool(_) | ParamValue::Text(_) => None,
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            ParamValue::Float(_) => "a number",
            ParamValue::Int(_) => "a whole number",
            ParamValue::Bool(_) => "true or false",
            ParamValue::Text(_) => "text",
        }
    }

    fn of_toml(value: &toml::Value) -> Option<ParamValue> {
        match value {
            toml::Value::Float(value) if value.is_finite() => Some(ParamValue::Float(*value)),
            toml::Value::Integer(value) => Some(ParamValue::Int(*value)),
            toml::Value::Boolean(value) => Some(ParamValue::Bool(*value)),
            toml::Value::String(text) => Some(ParamValue::Text(text.clone())),
            _ => None,
        }
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamValue::Float(value) => value.fmt(f),
            ParamValue::Int(value) => value.fmt(f),
            ParamValue::Bool(value) => value.fmt(f),
            ParamValue::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// A number of a rule that its user may move.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// As the query calls it, without the `$`.
    pub name: String,
    /// What it is unless said otherwise; its kind is the param's type.
    pub default: ParamValue,
    /// The least it may be.
    pub min: Option<f64>,
    /// The most it may be.
    pub max: Option<f64>,
    /// Its unit; empty for a count or a ratio.
    pub unit: String,
    /// What it is.
    pub doc: String,
}

impl Param {
    /// Reads `name = 120` or `name = { default = 120, min = 1, unit = "s" }`.
    pub(crate) fn read(name: &str, value: &toml::Value) -> Result<Param, String> {
        let fault = |cause: &str| format!("param `{name}`: {cause}");
        let mut param = Param {
            name: name.to_owned(),
            default: ParamValue::Bool(false),
            min: None,
            max: None,
            unit: String::new(),
            doc: String::new(),
        };
        let default = match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    match (key.as_str(), value) {
                        ("default", _) => {}
                        ("min", value) => {
                            param.min =
                                Some(number(value).ok_or_else(|| fault("`min` is a number"))?)
                        }
                        ("max", value) => {
                            param.max =
                                Some(number(value).ok_or_else(|| fault("`max` is a number"))?)
                        }
                        ("unit", toml::Value::String(text)) => param.unit.clone_from(text),
                        ("doc", toml::Value::String(text)) => param.doc.clone_from(text),
                        (other, _) => {
                            return Err(fault(&format!(
                                "`{other}` is not known; there are default, min, max, unit and doc"
                            )));
                        }
                    }
                }
                table.get("default").ok_or_else(|| fault("it has no `default`"))?
            }
            value => value,
        };
        param.default = ParamValue::of_toml(default)
            .ok_or_else(|| fault("a default is a finite number, text, true or false"))?;
        param.check(&param.default)?;
        Ok(param)
    }

    /// `value` as this param has it: of its type, and within its bounds.
    pub fn take(&self, value: &toml::Value) -> Result<ParamValue, String> {
        let taken = match (&self.default, value) {
            (ParamValue::Float(_), toml::Value::Integer(value)) => {
                Some(ParamValue::Float(*value as f64))
            }
            // A length of time where seconds are wanted: `max_silence_s = "5m"`.
            (ParamValue::Float(_) | ParamValue::Int(_), toml::Value::String(text))
                if self.unit == "s" =>
            {
                parse_span(text).map(|span| self.of_seconds(span))
            }
            (default, value) => ParamValue::of_toml(value)
                .filter(|value| std::mem::discriminant(value) == std::mem::discriminant(default)),
        };
        let taken = taken.ok_or_else(|| {
            format!(
                "`{}` is {}, as in `{} = {}`",
                self.name,
                self.default.type_name(),
                self.name,
                self.default
            )
        })?;
        self.check(&taken)?;
        Ok(taken)
    }

    fn of_seconds(&self, span: fillwatch_model::Micros) -> ParamValue {
        match self.default {
            ParamValue::Int(_) => ParamValue::Int(span / 1_000_000),
            _ => ParamValue::Float(span as f64 / 1e6),
        }
    }

    fn check(&self, value: &ParamValue) -> Result<(), String> {
        let Some(number) = value.number() else { return Ok(()) };
        let bound = |word, bound: f64| {
            Err(format!("`{}` is {value}, and must be at {word} {bound}", self.name))
        };
        match (self.min, self.max) {
            (Some(min), _) if number < min => bound("least", min),
            (_, Some(max)) if number > max => bound("most", max),
            _ => Ok(()),
        }
    }
}

fn number(value: &toml::Value) -> Option<f64> {
    match value {
        toml::Value::Integer(value) => Some(*value as f64),
        toml::Value::Float(value) if value.is_finite() => Some(*value),
        _ => None,
    }
}

/// What the configuration says of one rule: `[rules.heartbeat_lost]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Whether it is evaluated.
    pub enabled: Option<bool>,
    /// Keys of its header, as they would stand there: `every`, `for`, `keep_firing`, `severity` ….
    pub header: toml::Table,
    /// Params, for all bots.
    pub params: toml::Table,
    /// Params of one bot.
    pub bots: BTreeMap<String, toml::Table>,
}

/// The keys of a rule's header that a configuration may move.
pub const MOVABLE: &[&str] = &[
    "severity",
    "every",
    "window",
    "delay",
    "for",
    "keep_firing",
    "max_rows",
    "timeout",
    "runbook",
    "labels",
];

impl Overrides {
    /// Reads the table `[rules.NAME]`.
    pub fn read(table: &toml::Table) -> Result<Overrides, String> {
        let mut overrides = Overrides::default();
        for (key, value) in table {
            match (key.as_str(), value) {
                ("enabled", toml::Value::Boolean(enabled)) => overrides.enabled = Some(*enabled),
                ("enabled", _) => return Err("`enabled` is true or false".to_owned()),
                ("bots", toml::Value::Table(bots)) => {
                    for (bot, value) in bots {
                        let toml::Value::Table(params) = value else {
                            return Err(format!("`bots.{bot}` is a table of params"));
                        };
                        overrides.bots.insert(bot.clone(), params.clone());
                    }
                }
                (key, value) if MOVABLE.contains(&key) => {
                    overrides.header.insert(key.to_owned(), value.clone());
                }
                (key, value) => {
                    overrides.params.insert(key.to_owned(), value.clone());
                }
            }
        }
        Ok(overrides)
    }
}
