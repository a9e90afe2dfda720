//! How an evaluation ends.

use std::collections::BTreeSet;

use fillwatch_model::{Row, Severity, Value};

/// How an evaluation ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The query returned these rows, or none; `held` bots are left as they are.
    Rows(Vec<Found>, Held),
    /// It returned more rows than it may: so many.
    Exploded(Severity, u64),
    /// It failed.
    Error(String),
    /// What it reads is not there yet, and why.
    NotReady(String),
}

/// One row, and the level it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The level.
    pub severity: Severity,
    /// The row.
    pub row: Row,
}

/// Whose lines are not all read as of the tick: nothing can be said of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// Nobody's are missing.
    #[default]
    Nobody,
    /// Those of these bots are.
    Bots(BTreeSet<String>),
    /// There were too many rows to look at any: the other alerts stay as they are.
    ButExploded,
}

impl Held {
    /// Whether nothing can be said of the alert with this key.
    pub fn holds(&self, key: &[(String, Value)]) -> bool {
        match self {
            Held::Nobody => false,
            Held::ButExploded => !key.iter().any(|(name, _)| name == "exploded"),
            Held::Bots(bots) => {
                let bot = key.iter().find(|(name, _)| name == "bot");
                // An alert that names no bot may be about any of them.
                bot.and_then(|(_, value)| value.text()).is_none_or(|bot| bots.contains(bot))
            }
        }
    }
}
