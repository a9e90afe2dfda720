//! Hints: what the kernel says has changed, and being woken by another thread.
//!
//! A hint can be lost, late or wrong, and nothing but latency depends on it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// More hints than this at once say no more than "look at everything".
const HINTS_MAX: usize = 4096;

/// After a hint, others are given this long to arrive, so that a file written line by line is read
/// in pieces of a few lines, not one by one.
const GATHER: Duration = Duration::from_millis(2);

/// What has arrived since it was last asked.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    pub(crate) paths: HashSet<PathBuf>,
    /// Some were lost: look at everything.
    pub(crate) rescan: bool,
    /// The kernel's queue overflowed.
    pub(crate) overflow: bool,
    woken: bool,
}

#[derive(Debug, Default)]
struct Shared {
    hints: Mutex<Hints>,
    arrived: Condvar,
}

impl Shared {
    // A panic while the lock is held leaves the hints whole: they are a set and flags.
    fn lock(&self) -> MutexGuard<'_, Hints> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes [`Tailer::wait`](crate::Tailer::wait) from another thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Shared>);

impl Waker {
    /// Ends a wait that goes on, or the next one.
    pub fn wake(&self) {
        self.0.lock().woken = true;
        self.0.arrived.notify_all();
    }
}

/// The receiving end of hints, and the kernel's watches.
#[derive(Debug)]
pub(crate) struct Notice {
    shared: Arc<Shared>,
    watcher: Option<RecommendedWatcher>,
}

impl Notice {
    /// Without the kernel.
    pub(crate) fn off() -> Notice {
        Notice { shared: Arc::default(), watcher: None }
    }

    /// With the kernel; says why if it does not want to.
    pub(crate) fn on() -> (Notice, Option<String>) {
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        match notify::recommended_watcher(move |event| take(&theirs, event)) {
            Ok(watcher) => (Notice { shared, watcher: Some(watcher) }, None),
            Err(error) => (Notice { shared, watcher: None }, Some(error.to_string())),
        }
    }

    /// Whether the kernel was asked.
    pub(crate) fn is_watching(&self) -> bool {
        self.watcher.is_some()
    }

    /// Watches a directory.
    pub(crate) fn watch(&mut self, directory: &Path) -> Result<(), String> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        match watcher.watch(directory, RecursiveMode::NonRecursive) {
            Ok(()) => Ok(()),
            // Gone again: the walk will see it.
            Err(_) if !directory.exists() => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(crate) fn take(&self) -> Hints {
        std::mem::take(&mut *self.shared.lock())
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.shared))
    }

    /// Waits for a hint or the waker.
    pub(crate) fn wait(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        let mut hints = self.shared.lock();
        loop {
            if hints.woken {
                hints.woken = false;
                return;
            }
            if hints.rescan || !hints.paths.is_empty() {
                drop(hints);
                std::thread::sleep(GATHER.min(at_most));
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.shared.arrived.wait_timeout(hints, left);
            hints = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Takes one event on the watcher's thread.
fn take(shared: &Shared, event: notify::Result<notify::Event>) {
    let mut hints = shared.lock();
    match event {
        Ok(event) if event.need_rescan() => {
            hints.rescan = true;
            hints.overflow = true;
        }
        Ok(event) if !is_change(event.kind) => return,
        Ok(event) => hints.paths.extend(event.paths),
        Err(_) => hints.rescan = true,
    }
    if hints.paths.len() > HINTS_MAX {
        hints.paths.clear();
        hints.rescan = true;
    }
    drop(hints);
    shared.arrived.notify_all();
}

/// Opening and reading, which we do ourselves, is no change; to answer it would never end.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Other),
        EventKind::Any | EventKind::Access(_) | EventKind::Other => false,
    }
}
