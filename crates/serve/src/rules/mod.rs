//! Rules, asked of the store.
//!
//! ```text
//! Snapshot ─▶ Look ─ Outcome ─▶ Watch::step ─ Transition ─▶ journal ─▶ people
//! ```
//!
//! A [`Look`](look::Look) is one tick over one snapshot. Who makes ticks is another matter: the clock
//! ([`live`]), a timeline ([`rehearsal`]) or history ([`backtest`]); what they have in common is
//! all here.

pub(crate) mod backtest;
pub(crate) mod catch_up;
pub(crate) mod live;
pub(crate) mod look;
pub(crate) mod prepared;
pub(crate) mod readiness;
pub(crate) mod rehearsal;
pub(crate) mod settings;
pub(crate) mod told;
pub(crate) mod unready;
