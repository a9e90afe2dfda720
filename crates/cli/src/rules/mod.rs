//! Rules and alerts, as `fillwatch rules`, `alerts` and `watch` have them.

pub(crate) mod book;
pub(crate) mod support;
pub(crate) mod telling;
// The commands.
pub(crate) mod backtest;
pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod list;
pub(crate) mod once;
pub(crate) mod pages;
pub(crate) mod rehearsal;
