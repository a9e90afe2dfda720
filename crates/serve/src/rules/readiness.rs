//! Up to when all lines are read.
//!
//! A file that is quiet holds nothing back: what tells is not the time of its last line, but the
//! time at which a sweep last found nothing unread in it, and what that sweep handed over is in
//! the store.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use fillwatch_model::{Decoded, FileId, Kind, Micros};
use tokio::sync::Notify;

/// Sweeps whose lines are on their way; more than this are as good as the newest of them.
const SWEEPS_MAX: usize = 64;

/// A file with lines that are not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    /// Which.
    pub(crate) file: FileId,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The last time that it was read to its end; 0 if it never was in this run.
    pub(crate) since: Micros,
    /// Why it cannot be read, if it cannot.
    pub(crate) error: Option<String>,
}

/// How far reading is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Lines written before this are in the store, but for those of files that are behind.
    pub(crate) at: Micros,
    /// The files that are behind.
    pub(crate) behind: Vec<Behind>,
}

/// One sweep: when it began, what it left, and how many chunks each decoder had been sent by then.
#[derive(Debug)]
struct Swept {
    reached: Reached,
    sent: Vec<u64>,
}

/// Up to when all lines are read, as the threads tell.
#[derive(Debug)]
pub(crate) struct Readiness {
    sent: Vec<AtomicU64>,
    stored: Vec<AtomicU64>,
    sweeps: Mutex<Sweeps>,
    /// A bit for each kind of event that came since somebody asked.
    kinds: AtomicU64,
    /// The last tick that was looked at.
    looked: AtomicI64,
    /// The time of the earliest event that came late, since somebody asked.
    earliest: AtomicI64,
    came: Notify,
}

/// What a batch had in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came {
    /// A bit for each kind.
    pub(crate) kinds: u64,
    /// The time of the earliest event.
    pub(crate) earliest: Micros,
}

/// What is in a batch.
pub(crate) fn came(decoded: &Decoded) -> Came {
    let mut came = Came { kinds: 0, earliest: Micros::MAX };
    let batch = &decoded.batch;
    let times = batch.column_by_name("ts");
    if let Some(times) = times.and_then(|ts| ts.as_primitive_opt::<TimestampMicrosecondType>()) {
        came.earliest = times.values().iter().copied().min().unwrap_or(Micros::MAX);
    }
    let Some(kinds) = batch.column_by_name("kind") else { return came };
    let mut note = |name: Option<&str>| {
        came.kinds |= name.and_then(Kind::parse).map_or(0, bit);
    };
    if let Some(names) = kinds.as_dictionary_opt::<Int32Type>() {
        // The words of the batch, each once.
        names.values().as_string::<i32>().iter().for_each(&mut note);
    } else if let Some(names) = kinds.as_string_opt::<i32>() {
        names.iter().for_each(&mut note);
    }
    came
}

#[derive(Debug, Default)]
struct Sweeps {
    underway: VecDeque<Swept>,
    reached: Reached,
    /// When each file that is behind was last at its end.
    at_end: BTreeMap<FileId, Micros>,
}

impl Readiness {
    pub(crate) fn new(decoders: usize) -> Readiness {
        let counters = || (0..decoders).map(|_| AtomicU64::new(0)).collect();
        Readiness {
            sent: counters(),
            stored: counters(),
            sweeps: Mutex::default(),
            kinds: AtomicU64::new(0),
            looked: AtomicI64::new(Micros::MIN),
            earliest: AtomicI64::new(Micros::MAX),
            came: Notify::new(),
        }
    }

    /// A chunk is on its way to a decoder.
    pub(crate) fn sent(&self, decoder: usize) {
        self.sent[decoder].fetch_add(1, Ordering::AcqRel);
    }

    /// A decoder has put so many chunks into the store, and this is what was in them.
    pub(crate) fn stored(&self, decoder: usize, chunks: u64, came: Came) {
        self.stored[decoder].fetch_add(chunks, Ordering::AcqRel);
        if came.earliest < self.looked.load(Ordering::Acquire) {
            self.earliest.fetch_min(came.earliest, Ordering::AcqRel);
        }
        if came.kinds != 0 {
            self.kinds.fetch_or(came.kinds, Ordering::AcqRel);
            self.came.notify_one();
        }
    }

    /// A tick is looked at: events before it that come from now on are late.
    pub(crate) fn looked(&self, tick: Micros) {
        self.looked.fetch_max(tick, Ordering::AcqRel);
    }

    /// The time of the earliest event that came late since this was asked last.
    pub(crate) fn take_late(&self) -> Option<Micros> {
        let earliest = self.earliest.swap(Micros::MAX, Ordering::AcqRel);
        (earliest < Micros::MAX).then_some(earliest)
    }

    /// A sweep that began at `began` is over, and left these files behind.
    pub(crate) fn swept(&self, began: Micros, mut behind: Vec<Behind>) {
        let mut sweeps = self.sweeps();
        let before = sweeps.reached_last();
        for file in &mut behind {
            file.since = *sweeps.at_end.entry(file.file).or_insert(before);
        }
        sweeps.at_end.retain(|id, _| behind.iter().any(|file| file.file == *id));
        let sent = self.sent.iter().map(|sent| sent.load(Ordering::Acquire)).collect();
        if sweeps.underway.len() == SWEEPS_MAX {
            sweeps.underway.pop_back();
        }
        sweeps.underway.push_back(Swept { reached: Reached { at: began, behind }, sent });
    }

    /// How far reading is.
    pub(crate) fn reached(&self) -> Reached {
        let stored: Vec<u64> = self.stored.iter().map(|at| at.load(Ordering::Acquire)).collect();
        let mut sweeps = self.sweeps();
        while let Some(first) = sweeps.underway.front()
            && first.sent.iter().zip(&stored).all(|(sent, stored)| sent <= stored)
        {
            if let Some(swept) = sweeps.underway.pop_front() {
                sweeps.reached = swept.reached;
            }
        }
        sweeps.reached.clone()
    }

    /// The kinds of events that came since this was asked last.
    pub(crate) fn take_kinds(&self) -> u64 {
        self.kinds.swap(0, Ordering::AcqRel)
    }

    /// Waits until events have come.
    pub(crate) async fn came(&self) {
        self.came.notified().await;
    }

    fn sweeps(&self) -> std::sync::MutexGuard<'_, Sweeps> {
        self.sweeps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sweeps {
    /// When the sweep before this one began: a file that it did not leave behind was at its end.
    fn reached_last(&self) -> Micros {
        self.underway.back().map_or(self.reached.at, |swept| swept.reached.at)
    }
}

/// The bit of a kind.
pub(crate) fn bit(kind: Kind) -> u64 {
    1 << (kind as u64)
}

/// The bits of these kinds; of none, all bits.
pub(crate) fn bits(kinds: &[Kind]) -> u64 {
    if kinds.is_empty() { u64::MAX } else { kinds.iter().fold(0, |bits, kind| bits | bit(*kind)) }
}

const _: () = assert!(Kind::ALL.len() <= 64);

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Came = Came { kinds: 0, earliest: Micros::MAX };

    fn behind(file: u64) -> Behind {
        Behind { file: FileId(file), path: PathBuf::new(), since: 0, error: None }
    }

    #[test]
    fn a_sweep_counts_when_its_lines_are_in_the_store() {
        let readiness = Readiness::new(2);
        readiness.sent(0);
        readiness.sent(1);
        readiness.swept(100, Vec::new());
        readiness.sent(0);
        readiness.swept(200, Vec::new());
        assert_eq!(readiness.reached().at, 0);
        readiness.stored(0, 1, NONE);
        assert_eq!(readiness.reached().at, 0, "the other decoder still has one");
        readiness.stored(1, 1, NONE);
        assert_eq!(readiness.reached().at, 100);
        readiness.stored(0, 1, NONE);
        assert_eq!(readiness.reached().at, 200);
    }

    #[test]
    fn a_quiet_file_holds_nothing_back_and_one_behind_says_since_when() {
        let readiness = Readiness::new(1);
        readiness.swept(100, Vec::new());
        readiness.swept(200, vec![behind(7)]);
        readiness.swept(300, vec![behind(7)]);
        let reached = readiness.reached();
        assert_eq!((reached.at, reached.behind[0].since), (300, 100));
        readiness.swept(400, Vec::new());
        readiness.swept(500, vec![behind(7)]);
        assert_eq!(readiness.reached().behind[0].since, 400);
    }

    #[test]
    fn kinds_are_told_once() {
        let readiness = Readiness::new(1);
        readiness.stored(0, 1, Came { kinds: bit(Kind::Fill) | bit(Kind::Halt), ..NONE });
        assert_eq!(readiness.take_kinds(), bits(&[Kind::Halt, Kind::Fill]));
        assert_eq!(readiness.take_kinds(), 0);
    }
}
