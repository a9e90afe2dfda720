//! The parts of `fillwatch demo`: a fleet that plays, a look at it, and what is said at the end.

pub(crate) mod closing;
pub(crate) mod place;
pub(crate) mod player;
pub(crate) mod view;
