//! The parts of `fillwatch inspect`: what was found, for people, and as a configuration.

pub(crate) mod draft;
pub(crate) mod findings;
