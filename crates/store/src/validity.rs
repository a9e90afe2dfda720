//! Which closes may be gone on from, decided from counts alone.
//!
//! Rows never change and never go but with their whole day, so as long as a day has as many rows as
//! it had, it has the same rows. A close says what it was made of: the definition, and the number of
//! rows of each day since the state that retention left. All of it goes into one number, day by day,
//! so that a late row for last Tuesday changes the number of Tuesday and of each day since: those
//! closes are no longer valid, not even when Tuesday's has been made anew.
//!
//! The days that retention removed can no longer be counted. Their closes are trusted, whatever
//! made them: they are all that is left. Rows that come late for such a day change nothing, and go
//! again with the next retention.

use std::collections::BTreeMap;

use fillwatch_model::Micros;
use xxhash_rust::xxh3::xxh3_64;

use crate::file::{date_of, start_of};

/// What a close was made of, in one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) u64);

/// The rows that a snapshot has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    /// Committed rows of each day.
    pub(crate) rows: BTreeMap<i32, u64>,
    /// The time of the earliest row that is not committed, of a day that is still whole.
    pub(crate) hot_from: Option<Micros>,
    /// The first day that retention left whole; all are, if it never ran.
    pub(crate) retained_from: Option<i32>,
}

/// What is to be thought of the closes of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The days whose closes are valid.
    pub(crate) valid: Vec<i32>,
    /// The days that have rows and no valid close.
    pub(crate) open: Vec<i32>,
    /// What the close of each day that has rows is to be made of.
    pub(crate) expected: BTreeMap<i32, Fingerprint>,
}

impl Ground {
    /// Whether rows of this time can still be counted.
    pub(crate) fn is_whole(&self, ts: Micros) -> bool {
        self.retained_from.is_none_or(|from| ts >= start_of(from))
    }

    /// Whether all rows up to the end of `day` are committed.
    pub(crate) fn is_settled(&self, day: i32) -> bool {
        self.hot_from.is_none_or(|ts| date_of(ts) > day)
    }
}

/// Judges `closes` (each day's, and what it says it was made of) on `ground`.
pub(crate) fn judge(
    ground: &Ground,
    closes: &BTreeMap<i32, Option<Fingerprint>>,
    definition: &str,
) -> Verdict {
    let first_whole = ground.retained_from.unwrap_or(i32::MIN);
    let trusted = closes.range(..first_whole);
    let mut made_of = trusted.clone().next_back().and_then(|(_, close)| *close);
    let mut verdict = Verdict {
        valid: trusted.map(|(day, _)| *day).collect(),
        open: Vec::new(),
        expected: BTreeMap::new(),
    };
    for (day, rows) in ground.rows.range(first_whole..) {
        let next = grown(made_of, *day, *rows, definition);
        verdict.expected.insert(*day, next);
        let matches = closes.get(day).copied().flatten() == Some(next);
        let valid = matches && ground.is_settled(*day);
        if valid { &mut verdict.valid } else { &mut verdict.open }.push(*day);
        made_of = Some(next);
    }
    verdict
}

/// What a close is made of that goes on from `before` with `rows` rows of `day`.
fn grown(before: Option<Fingerprint>, day: i32, rows: u64, definition: &str) -> Fingerprint {
    let mut bytes = Vec::with_capacity(20 + definition.len());
    bytes.extend(before.map_or(0, |before| before.0).to_le_bytes());
    bytes.extend(day.to_le_bytes());
    bytes.extend(rows.to_le_bytes());
    bytes.extend(definition.as_bytes());
    Fingerprint(xxh3_64(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::end_of;

    /// A store of some days, closed and changed as a test says.
    #[derive(Default)]
    struct World {
        ground: Ground,
        closes: BTreeMap<i32, Option<Fingerprint>>,
        definition: &'static str,
    }

    impl World {
        /// Days and their rows, all of them closed.
        fn closed(days: &[(i32, u64)]) -> World {
            let mut world = World { definition: "one", ..World::default() };
            world.ground.rows = days.iter().copied().collect();
            world.close_all();
            world
        }

        fn verdict(&self) -> Verdict {
            judge(&self.ground, &self.closes, self.definition)
        }

        fn close(&mut self, day: i32) {
            let made_of = self.verdict().expected[&day];
            self.closes.insert(day, Some(made_of));
        }

        fn close_all(&mut self) {
            for day in self.verdict().open {
                self.close(day);
            }
        }

        fn late(&mut self, day: i32) {
            *self.ground.rows.entry(day).or_default() += 1;
        }

        fn retain(&mut self, from: i32) {
            self.ground.retained_from = Some(from);
            self.ground.rows.retain(|day, _| *day >= from);
        }

        #[track_caller]
        fn check(&self, valid: &[i32], open: &[i32]) {
            let verdict = self.verdict();
            assert_eq!((verdict.valid.as_slice(), verdict.open.as_slice()), (valid, open));
        }
    }

    /// Day 3 had no events.
    const DAYS: &[(i32, u64)] = &[(1, 10), (2, 20), (4, 40), (5, 50)];

    #[test]
    fn a_day_without_events_needs_no_close() {
        World::closed(DAYS).check(&[1, 2, 4, 5], &[]);
    }

    #[test]
    fn a_late_row_reopens_its_day_and_those_after_it() {
        let mut world = World::closed(DAYS);
        world.late(2);
        world.check(&[1], &[2, 4, 5]);
        // Redoing that day alone does not make the later ones right.
        world.close(2);
        world.check(&[1, 2], &[4, 5]);
        world.close_all();
        world.check(&[1, 2, 4, 5], &[]);
    }

    #[test]
    fn a_late_row_for_a_day_without_events_makes_it_one_with() {
        let mut world = World::closed(DAYS);
        world.late(3);
        world.check(&[1, 2], &[3, 4, 5]);
        world.late(0);
        world.check(&[], &[0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn rows_moved_from_one_day_to_another_are_seen() {
        let mut world = World::closed(DAYS);
        world.ground.rows.insert(2, 19);
        world.ground.rows.insert(4, 41);
        world.check(&[1], &[2, 4, 5]);
    }

    #[test]
    fn a_row_that_is_not_committed_ends_what_comes_after_it() {
        let mut world = World::closed(DAYS);
        for (hot, valid, open) in [
            (end_of(5), &[1, 2, 4, 5][..], &[][..]),
            (end_of(5) - 1, &[1, 2, 4], &[5]),
            (end_of(2), &[1, 2], &[4, 5]), // on day 3
            (start_of(0), &[], &[1, 2, 4, 5]),
        ] {
            world.ground.hot_from = Some(hot);
            world.check(valid, open);
        }
    }

    #[test]
    fn the_day_under_way_is_open() {
        let mut world = World::closed(DAYS);
        world.late(6);
        world.check(&[1, 2, 4, 5], &[6]);
    }

    #[test]
    fn closes_of_removed_days_are_trusted() {
        let mut world = World::closed(DAYS);
        world.retain(4);
        world.check(&[1, 2, 4, 5], &[]);
        // A row that comes for a removed day is past help, and changes nothing.
        world.late(2);
        world.check(&[1, 2, 4, 5], &[]);
        world.late(4);
        world.check(&[1, 2], &[4, 5]);
        world.close_all();
        world.check(&[1, 2, 4, 5], &[]);
        world.retain(5);
        world.check(&[1, 2, 4, 5], &[]);
    }

    #[test]
    fn days_whose_first_close_is_lost_go_on_from_the_one_before() {
        let mut world = World::closed(DAYS);
        world.late(2);
        world.retain(4); // before day 2 was closed again: that row is lost, and nothing else
        world.check(&[1, 2, 4, 5], &[]);
        let mut world = World::closed(&DAYS[..1]);
        world.ground.rows.extend(DAYS.iter().copied());
        world.retain(4); // before day 2 was closed at all
        world.check(&[1], &[4, 5]);
        world.close_all();
        world.check(&[1, 4, 5], &[]);
    }

    #[test]
    fn a_close_that_is_not_ours_is_gone_on_from_only_if_there_is_nothing_else() {
        let mut world = World::closed(DAYS);
        world.closes.insert(2, None);
        world.check(&[1, 4, 5], &[2]);
        world.close_all();
        world.retain(4);
        // Somebody rewrote the file of the close that all go on from.
        world.closes.insert(2, None);
        world.check(&[1, 2], &[4, 5]);
        world.close_all();
        world.check(&[1, 2, 4, 5], &[]);
    }

    #[test]
    fn another_definition_makes_all_anew_but_those_whose_events_are_gone() {
        let mut world = World::closed(DAYS);
        world.definition = "two";
        world.check(&[], &[1, 2, 4, 5]);
        world.retain(2);
        world.check(&[1], &[2, 4, 5]);
        world.close_all();
        world.check(&[1, 2, 4, 5], &[]);
        world.definition = "one"; // and back
        world.check(&[1], &[2, 4, 5]);
    }

    #[test]
    fn commits_that_a_power_cut_took_are_missed_and_found_again() {
        let mut world = World::closed(DAYS);
        world.ground.rows.insert(5, 45);
        world.check(&[1, 2, 4], &[5]);
        world.ground.rows.remove(&5);
        world.check(&[1, 2, 4], &[]); // a close of rows that are not there is none
        world.ground.rows.insert(5, 50);
        world.check(&[1, 2, 4, 5], &[]);
    }
}
