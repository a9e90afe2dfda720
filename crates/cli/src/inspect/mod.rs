//! The parts of `fillwatch inspect`: what was found, for people, what can be asked of it, which rules
//! it supports, and all of it as a configuration.

pub(crate) mod coverage;
pub(crate) mod draft;
pub(crate) mod findings;
pub(crate) mod measures;
pub(crate) mod rules;
