//! How far things are, counted where they happen.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use fillwatch_model::Decoded;
use fillwatch_store::{Committed, Late};

/// How far things are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Log files in sight.
    pub files: u64,
    /// Bytes of log on disk that were not read yet.
    pub bytes_waiting: u64,
    /// Bytes of log read in this run.
    pub bytes: u64,
    /// Rows made of them: visible to SQL.
    pub rows: u64,
    /// Lines that are no rows.
    pub rejects: u64,
    /// Bytes of log whose rows are visible but not committed.
    pub bytes_uncommitted: u64,
    /// Commits in this run.
    pub commits: u64,
    /// All there is to read has been read, as of the last sweep.
    pub at_end: bool,
}

/// The counters behind [`Progress`].
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    files: AtomicU64,
    bytes_waiting: AtomicU64,
    bytes: AtomicU64,
    rows: AtomicU64,
    rejects: AtomicU64,
    commits: AtomicU64,
    at_end: AtomicBool,
    unfinished: Mutex<Vec<(PathBuf, u64)>>,
    late: Mutex<LateRows>,
}

/// Rows that came for days which retention had removed.
#[derive(Debug, Default)]
struct LateRows {
    all: Option<Late>,
    /// How many of them were told of.
    told: u64,
}

impl Gauges {
    pub(crate) fn decoded(&self, decoded: &Decoded) {
        let bytes: u64 = decoded.progress.iter().map(|progress| progress.to - progress.from).sum();
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.rows.fetch_add(decoded.batch.num_rows() as u64, Ordering::Relaxed);
        self.rejects.fetch_add(decoded.rejects.len() as u64, Ordering::Relaxed);
    }

    pub(crate) fn committed(&self, committed: &Committed) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        if let Some(late) = committed.late {
            let mut rows = self.late.lock().unwrap_or_else(PoisonError::into_inner);
            rows.all = Some(rows.all.map_or(late, |known| known.and(late)));
        }
    }

    /// Whether any row came too late.
    pub(crate) fn has_late(&self) -> bool {
        self.late.lock().unwrap_or_else(PoisonError::into_inner).all.is_some()
    }

    /// All rows of this run that came too late, if any did that were not told of yet.
    pub(crate) fn untold_late(&self) -> Option<Late> {
        let mut rows = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let late = rows.all.filter(|late| late.rows > rows.told)?;
        rows.told = late.rows;
        Some(late)
    }

    pub(crate) fn swept(&self, files: u64, bytes_waiting: u64, at_end: bool) {
        self.files.store(files, Ordering::Relaxed);
        self.bytes_waiting.store(bytes_waiting, Ordering::Relaxed);
        self.at_end.store(at_end, Ordering::Relaxed);
    }

    pub(crate) fn set_unfinished(&self, unfinished: Vec<(PathBuf, u64)>) {
        *self.unfinished.lock().unwrap_or_else(PoisonError::into_inner) = unfinished;
    }

    pub(crate) fn unfinished(&self) -> Vec<(PathBuf, u64)> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn read(&self, bytes_uncommitted: u64) -> Progress {
        Progress {
            files: self.files.load(Ordering::Relaxed),
            bytes_waiting: self.bytes_waiting.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            rejects: self.rejects.load(Ordering::Relaxed),
            bytes_uncommitted,
            commits: self.commits.load(Ordering::Relaxed),
            at_end: self.at_end.load(Ordering::Relaxed),
        }
    }
}
