//! Closes as of recent instants, in memory: what makes a live question cost its interval and not
//! its day.
//!
//! A running close holds the state of everything before its instant, rows that are not committed
//! among them. It is good for as long as no earlier row comes; when one does, it goes, and so does
//! one that is being computed without that row.

use arrow::record_batch::RecordBatch;
use fillwatch_model::{Micros, limits};

/// A running close.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningClose {
    /// It is the state of everything before this instant.
    pub at: Micros,
    /// What it was made by.
    pub definition: String,
    /// Its rows, perhaps none, with `close_at` and `part`.
    pub rows: RecordBatch,
}

/// The right to install the running close whose computation it saw begin.
#[derive(Debug)]
pub struct RunningToken(u64);

/// Those that are kept.
#[derive(Debug, Default)]
pub(crate) struct Running {
    /// Ascending.
    kept: Vec<RunningClose>,
    computing: Option<Computing>,
    begun: u64,
}

/// One that is being computed.
#[derive(Debug)]
struct Computing {
    number: u64,
    /// The earliest row that came since it began, and that it may so lack.
    earliest: Micros,
}

const HOUR: Micros = 3_600_000_000;

impl Running {
    pub(crate) fn kept(&self) -> &[RunningClose] {
        &self.kept
    }

    /// A computation begins, in the place of one that was under way.
    pub(crate) fn begin(&mut self) -> RunningToken {
        self.begun += 1;
        self.computing = Some(Computing { number: self.begun, earliest: Micros::MAX });
        RunningToken(self.begun)
    }

    /// Rows have come, the first of them of the time `ts`.
    pub(crate) fn came(&mut self, ts: Micros) {
        self.kept.retain(|close| close.at <= ts);
        if let Some(computing) = &mut self.computing {
            computing.earliest = computing.earliest.min(ts);
        }
    }

    /// Takes in what was computed. False if an earlier row has come since it began, another
    /// computation has begun, or it is too large to be kept.
    pub(crate) fn install(&mut self, token: &RunningToken, close: RunningClose) -> bool {
        let lacks_none =
            |computing: &Computing| computing.number == token.0 && close.at <= computing.earliest;
        if !self.computing.as_ref().is_some_and(lacks_none) {
            return false;
        }
        self.computing = None;
        self.kept.retain(|kept| kept.definition == close.definition && kept.at < close.at);
        self.kept.push(close);
        thin(&mut self.kept);
        !self.kept.is_empty()
    }
}

/// Leaves the newest and the first of each hour, and of those the newest that there is room for.
fn thin(kept: &mut Vec<RunningClose>) {
    let Some(newest) = kept.last().map(|close| close.at) else { return };
    let oldest = newest - limits::RUNNING_CLOSE_AGE.as_micros() as Micros;
    let mut hour = None;
    kept.retain(|close| {
        let its_hour = close.at.div_euclid(HOUR);
        let is_first_of_hour = hour.replace(its_hour) != Some(its_hour);
        close.at == newest || (is_first_of_hour && close.at >= oldest)
    });
    let mut bytes = 0;
    let has_room = |close: &&RunningClose| {
        bytes += close.rows.get_array_memory_size();
        bytes <= limits::RUNNING_CLOSE_BYTES_MAX
    };
    let fitting = kept.iter().rev().take_while(has_room).count();
    kept.drain(..kept.len() - fitting);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    const MINUTE: Micros = 60_000_000;

    fn close(at: Micros, bytes: usize) -> RunningClose {
        let part: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(bytes)]));
        let rows = RecordBatch::try_from_iter([("part", part)]).unwrap();
        RunningClose { at, definition: "one".to_owned(), rows }
    }

    fn install(running: &mut Running, at: Micros) {
        let token = running.begin();
        assert!(running.install(&token, close(at, 10)));
    }

    fn kept(running: &Running) -> Vec<Micros> {
        running.kept().iter().map(|close| close.at).collect()
    }

    #[test]
    fn an_earlier_row_ends_those_that_lack_it() {
        let mut running = Running::default();
        for hour in 1..4 {
            install(&mut running, hour * HOUR);
        }
        running.came(3 * HOUR); // not before it
        assert_eq!(kept(&running), [HOUR, 2 * HOUR, 3 * HOUR]);
        running.came(2 * HOUR - 1);
        assert_eq!(kept(&running), [HOUR]);
    }

    #[test]
    fn one_that_is_being_computed_lacks_it_too() {
        let mut running = Running::default();
        let token = running.begin();
        running.came(HOUR + 1);
        running.came(HOUR - 1);
        running.came(HOUR + 2);
        assert!(!running.install(&token, close(HOUR, 10)));
        let token = running.begin();
        running.came(HOUR);
        assert!(running.install(&token, close(HOUR, 10)));
        assert!(!running.install(&token, close(HOUR, 10)), "a token is good once");
        let (old, _new) = (running.begin(), running.begin());
        assert!(!running.install(&old, close(2 * HOUR, 10)), "only the last computation counts");
    }

    #[test]
    fn the_newest_is_kept_and_the_first_of_each_hour() {
        let mut running = Running::default();
        for minute in 0..(28 * 60 + 30) {
            install(&mut running, minute * MINUTE);
        }
        let hours: Vec<Micros> = (3..=28).map(|hour| hour * HOUR).collect();
        let newest = 28 * HOUR + 29 * MINUTE;
        assert_eq!(kept(&running), [hours, vec![newest]].concat());
    }

    #[test]
    fn the_oldest_go_when_there_is_no_room() {
        let mut running = Running::default();
        let third = limits::RUNNING_CLOSE_BYTES_MAX / 3;
        for hour in 0..4 {
            let token = running.begin();
            assert!(running.install(&token, close(hour * HOUR, third - 1_000)));
        }
        assert_eq!(kept(&running), [HOUR, 2 * HOUR, 3 * HOUR]);
        let token = running.begin();
        assert!(!running.install(&token, close(4 * HOUR, 4 * third)));
        assert!(kept(&running).is_empty());
    }

    #[test]
    fn those_of_another_definition_go() {
        let mut running = Running::default();
        install(&mut running, HOUR);
        let token = running.begin();
        let other = RunningClose { definition: "two".to_owned(), ..close(2 * HOUR, 10) };
        assert!(running.install(&token, other));
        assert_eq!(kept(&running), [2 * HOUR]);
    }
}
