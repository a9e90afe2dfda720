//! What is kept of alerts, in the SQLite database `state.db`.
//!
//! ```text
//! Watch, Transition ─▶ Journal::record ─▶ state.db ─▶ what is delivered
//!                                            └──────▶ Ledger: what people ask
//! ```
//!
//! The state of the rules after a tick, what became of their alerts in it, and what is to be
//! delivered are written in one transaction, with full synchronisation: after a `kill -9` a rule
//! goes on from the tick it was at, and nothing was told without being kept, or kept without being
//! told.

mod error;
mod json;
mod schema;
// The two sides.
mod ledger;
mod record;
mod upkeep;

pub use error::JournalError;
pub use ledger::{AlertRow, EpisodeRow, Ledger, RuleRow, TransitionRow};
pub use record::{Entry, Journal};
pub use upkeep::Outgoing;
