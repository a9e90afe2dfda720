//! When a row is an alert.
//!
//! ```text
//! rule files ─▶ RuleBook ─ Rule ─┐
//!                      Outcome ──┴▶ Watch::step ─▶ Change ─▶ Transition
//! ```
//!
//! A [`Rule`] is a file: a header and a query. Somebody asks the query as of a tick and gets an
//! [`Outcome`]; [`Watch`] is the state machine that makes alerts of outcomes. It is the same live,
//! in a test, in a backtest and when missed ticks are made up for, and it is pure: no clock, no
//! disk, no query engine.

mod error;
mod param;
// From a file to a rule.
mod header;
mod rule;
mod rulebook;
mod template;
// From outcomes to alerts.
mod key;
mod machine;
mod outcome;
mod tick;
mod watch;
// What tests are written in.
pub mod timeline;
// What is dubious about a rule.
mod lint;

#[cfg(test)]
mod tests;

pub use error::RuleError;
pub use header::{Every, Optional};
pub use key::{AlertKey, episode_id};
pub use lint::{Finding, lint};
pub use machine::{Alert, Change, Machine, Phase, Terms};
pub use outcome::{Found, Held, Outcome};
pub use param::{MOVABLE, Overrides, Param, ParamValue};
pub use rule::{Asking, Level, Rule};
pub use rulebook::{Broken, RuleBook, RuleSource, SHIPPED, SHIPPED_TESTS};
pub use template::Told;
pub use tick::{Course, Ticks, ticks_between};
pub use watch::{Health, OutcomeKind, RULE_FAILING, Stepped, Watch, of_failing};
