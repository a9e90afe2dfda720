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

/// A clock that is set back by more than this is believed; by less, it is waited for.
const SET_BACK: Micros = 60_000_000;

/// What there is to do for a rule at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// Nothing yet.
    Wait,
    /// It is new, or the clock was set back: it begins with the tick after this one. A new rule has
    /// missed none, and of a time that the clock tells twice nobody can say what happened.
    BeginAfter(Micros),
    /// These ticks, in order; more than one if some were missed.
    Evaluate(Vec<Micros>),
}

impl Ticks {
    /// What there is to do at `now` for a rule that was evaluated last at `cursor`, and whose ticks
    /// are looked at `delay` later.
    pub fn course(self, cursor: Option<Micros>, now: Micros, delay: Micros) -> Course {
        let tick = self.at_or_before(now - delay);
        match cursor {
            None => Course::BeginAfter(tick),
            Some(cursor) if cursor > now + SET_BACK => Course::BeginAfter(tick),
            Some(cursor) if tick <= cursor => Course::Wait,
            Some(cursor) => Course::Evaluate(ticks_between(self, cursor, tick).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Micros = 1_000_000;
    const MINUTE: Micros = 60 * SECOND;
    const HOUR: Micros = 60 * MINUTE;

    fn every(span: Micros) -> Ticks {
        Ticks::of(Every::Span(span))
    }

    #[test]
    fn ticks_are_the_multiples_since_midnight_utc() {
        let midnight = 1_767_571_200 * SECOND;
        for span in [SECOND, 10 * SECOND, MINUTE, 15 * MINUTE, HOUR, 24 * HOUR] {
            assert_eq!(every(span).at_or_before(midnight), midnight);
            assert_eq!(every(span).at_or_before(midnight - 1), midnight - span);
        }
    }

    #[test]
    fn summer_time_neither_skips_nor_repeats_a_tick() {
        // 2026-03-29T00:30Z and 2026-10-25T00:30Z: the clocks of Europe change at 01:00Z.
        for before in [1_774_744_200 * SECOND, 1_792_888_200 * SECOND] {
            let ticks: Vec<Micros> =
                ticks_between(every(HOUR), before, before + 3 * HOUR).collect();
            assert_eq!(ticks.len(), 3);
            assert!(ticks.windows(2).all(|pair| pair[1] - pair[0] == HOUR));
        }
    }

    #[test]
    fn a_new_rule_has_missed_nothing() {
        assert_eq!(every(MINUTE).course(None, 10 * MINUTE + 5, 0), Course::BeginAfter(10 * MINUTE));
    }

    #[test]
    fn a_clock_that_jumps_ahead_has_its_ticks_made_up_for() {
        let course = every(MINUTE).course(Some(10 * MINUTE), 13 * MINUTE + 5, 0);
        assert_eq!(course, Course::Evaluate(vec![11 * MINUTE, 12 * MINUTE, 13 * MINUTE]));
    }

    #[test]
    fn a_clock_that_is_set_back_a_little_is_waited_for_and_no_tick_comes_twice() {
        let ticks = every(10 * SECOND);
        assert_eq!(ticks.course(Some(100 * SECOND), 95 * SECOND, 0), Course::Wait);
        assert_eq!(ticks.course(Some(100 * SECOND), 105 * SECOND, 0), Course::Wait);
        let next = Course::Evaluate(vec![110 * SECOND]);
        assert_eq!(ticks.course(Some(100 * SECOND), 110 * SECOND, 0), next);
    }

    #[test]
    fn a_clock_that_is_set_back_by_hours_is_believed() {
        let ticks = every(MINUTE);
        assert_eq!(ticks.course(Some(5 * HOUR), 3 * HOUR, 0), Course::BeginAfter(3 * HOUR));
    }

    #[test]
    fn a_delay_puts_off_the_look_and_not_the_tick() {
        let ticks = every(MINUTE);
        let delay = 20 * SECOND;
        assert_eq!(ticks.course(Some(MINUTE), 2 * MINUTE + 19 * SECOND, delay), Course::Wait);
        let next = Course::Evaluate(vec![2 * MINUTE]);
        assert_eq!(ticks.course(Some(MINUTE), 2 * MINUTE + 20 * SECOND, delay), next);
    }
}
