//! When rules are evaluated.

use fillwatch_model::Micros;

use crate::Every;

/// The ticks of a rule: the multiples of its interval since midnight UTC. An interval divides a
/// day, so they are the multiples of it since 1970, which has no leap seconds and no summer time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticks {
    every: Micros,
}

impl Ticks {
    /// Those of `every`.
    pub fn of(every: Every) -> Ticks {
        Ticks { every: every.span() }
    }

    /// The last tick at or before `at`.
    pub fn at_or_before(self, at: Micros) -> Micros {
        at.div_euclid(self.every).saturating_mul(self.every)
    }

    /// The first tick after `at`.
    pub fn after(self, at: Micros) -> Micros {
        self.at_or_before(at).saturating_add(self.every)
    }

    /// How far apart they are.
    pub fn interval(self) -> Micros {
        self.every
    }
}

/// The ticks in `(after, until]`.
pub fn ticks_between(ticks: Ticks, after: Micros, until: Micros) -> impl Iterator<Item = Micros> {
    let first = ticks.after(after);
    std::iter::successors(Some(first), move |tick| tick.checked_add(ticks.every))
        .take_while(move |tick| *tick <= until)
}
