//! Time is an argument.

use std::sync::atomic::{AtomicI64, Ordering};

/// Microseconds since the Unix epoch, UTC: the resolution of `events.ts`.
pub type Micros = i64;

/// Where the wall time comes from. The real one lives in the binary's wiring; everything else is
/// handed one, so that a test decides what time it is.
pub trait Clock: Send + Sync {
    /// The wall time now.
    fn now(&self) -> Micros;
}

/// A clock that stands still until it is told otherwise.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Micros) -> ManualClock {
        ManualClock(AtomicI64::new(now))
    }

    /// Moves the clock, backwards too: hosts do that.
    pub fn set(&self, now: Micros) {
        self.0.store(now, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Micros {
        self.0.load(Ordering::Relaxed)
    }
}
