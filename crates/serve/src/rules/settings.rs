//! What the rules of a run are told, and what they tell of themselves.

use std::sync::Arc;

use fillwatch_model::Micros;
use fillwatch_query::Views;
use fillwatch_rules::RuleSource;

use crate::{References, ServeError};

/// How far back missed ticks are made up for, unless said otherwise.
const CATCH_UP: Micros = 24 * 3_600_000_000;

/// What the rules of a run are told.
#[derive(Clone, Debug)]
pub struct RuleSettings {
    /// Where they come from.
    pub source: RuleSource,
    /// The views that their queries read.
    pub views: Arc<Views>,
    /// The user's own tables.
    pub references: Arc<References>,
    /// The bots that the configuration declares.
    pub expected: Vec<String>,
    /// Ticks missed are made up for as far back as this, µs.
    pub catch_up: Micros,
}

impl RuleSettings {
    /// The rules that ship, as they ship.
    ///
    /// # Errors
    /// If a view that ships cannot be read.
    pub fn shipped() -> Result<RuleSettings, ServeError> {
        Ok(RuleSettings {
            source: RuleSource::default(),
            views: Arc::new(Views::shipped()?),
            references: Arc::default(),
            expected: Vec::new(),
            catch_up: CATCH_UP,
        })
    }
}

/// What is told of the rules themselves.
#[derive(Debug)]
pub enum RuleNews<'a> {
    /// They were read: so many are evaluated.
    Read {
        /// How many are evaluated.
        rules: usize,
    },
    /// A file is no rule.
    Broken {
        /// What is wrong with it.
        error: &'a fillwatch_rules::RuleError,
        /// Its last good version is used.
        kept: bool,
    },
    /// Ticks were missed, and are made up for.
    CatchingUp {
        /// From when.
        from: Micros,
        /// Until when.
        to: Micros,
    },
    /// That is done: so many alerts fired or resolved meanwhile.
    CaughtUp {
        /// How many turns there were.
        turns: usize,
    },
    /// Ticks were missed so long ago that they are not made up for.
    Skipped {
        /// From when.
        from: Micros,
        /// Until when.
        to: Micros,
    },
    /// A rule is no more, and with it its alerts.
    Retired {
        /// The rule.
        rule: &'a str,
        /// How many of its alerts fired.
        alerts: usize,
    },
    /// Evaluations take longer than there is between them.
    Overloaded {
        /// The rule.
        rule: &'a str,
        /// Ticks that were left out.
        ticks: u64,
    },
}
