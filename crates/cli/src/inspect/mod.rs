//! The parts of `fillwatch inspect`: what was found, for people, what can be asked of it, and
//! all of it as a configuration.

pub(crate) mod draft;
pub(crate) mod findings;
pub(crate) mod measures;
