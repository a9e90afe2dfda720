//! Rules and alerts, as `fillwatch rules`, `alerts` and `watch` have them.

pub(crate) mod book;
pub(crate) mod telling;
