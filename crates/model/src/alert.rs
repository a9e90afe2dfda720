//! What is told of an alert.

use std::fmt;
use std::str::FromStr;

use crate::{Micros, Row, Value};

/// How bad it is; the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// For the daily look.
    Info,
    /// For today.
    Warning,
    /// Now, also at night.
    Critical,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: &[Severity] = &[Severity::Critical, Severity::Warning, Severity::Info];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// It is no severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSeverity;

impl FromStr for Severity {
    type Err = NoSeverity;

    /// Also by the names that other systems have for them.
    fn from_str(name: &str) -> Result<Severity, NoSeverity> {
        match name.to_ascii_lowercase().as_str() {
            "critical" | "p1" => Ok(Severity::Critical),
            "warning" | "p2" | "high" => Ok(Severity::Warning),
            "info" | "p3" | "medium" | "low" => Ok(Severity::Info),
            _ => Err(NoSeverity),
        }
    }
}

/// What became of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// Its row is there; its `for` runs.
    Pending,
    /// Its row went before its `for` was over.
    Dropped,
    /// It fires.
    Fired,
    /// It fires no more.
    Resolved,
    /// Rows that came late changed what had been told of it.
    Amended,
}

impl Turn {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Turn::Pending => "pending",
            Turn::Dropped => "dropped",
            Turn::Fired => "firing",
            Turn::Resolved => "resolved",
            Turn::Amended => "amended",
        }
    }
}

/// The largest or smallest that a value was, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// The value, in the unit of its column.
    pub value: f64,
    /// The tick it was seen at.
    pub at: Micros,
}

/// One turn of one alert, as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The rule's name.
    pub rule: String,
    /// Of this alert; a rule may have several.
    pub severity: Severity,
    /// What tells it from the rule's other alerts.
    pub key: Vec<(String, Value)>,
    /// The time from firing to resolving has this id, the same whenever and wherever it is computed.
    pub episode: String,
    /// What became of it.
    pub turn: Turn,
    /// The tick.
    pub at: Micros,
    /// The tick its row was first there at.
    pub since: Micros,
    /// The value of the rule's `value` column.
    pub value: Option<f64>,
    /// The worst of it so far.
    pub peak: Option<Peak>,
    /// How often it fired within the last hour, this time included.
    pub fired_within_1h: u32,
    /// The row; of a resolved alert the last there was.
    pub row: Row,
    /// What happened, in one line.
    pub summary: String,
    /// More of it; empty if the rule has none.
    pub description: String,
    /// The rule's labels.
    pub labels: Vec<(String, String)>,
    /// What to do; empty if the rule names none.
    pub runbook: String,
    /// It was found when ticks that had been missed were made up for, or by rows that came late.
    pub belated: Option<Belated>,
}

/// Why something is told long after its tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belated {
    /// fillwatch was not running, or was behind.
    CaughtUp,
    /// Rows came late.
    LateRows,
}

impl Belated {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Belated::CaughtUp => "caught_up",
            Belated::LateRows => "late_rows",
        }
    }
}
