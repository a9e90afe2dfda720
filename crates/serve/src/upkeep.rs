//! What goes on beside the lines: commits, and the care of what is committed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_store::Store;

use crate::gauges::Gauges;
use crate::{Observer, ServeError, Settings, Trouble, closing};

/// How often it is asked whether a commit is due.
const COMMIT_POLL: Duration = Duration::from_millis(50);
/// After a failed commit: soon, since rows wait, and not so soon that a full disk burns a core.
const COMMIT_RETRY: Duration = Duration::from_secs(1);
const COMPACT_INTERVAL: Duration = Duration::from_secs(10);
const CLEAN_INTERVAL: Duration = Duration::from_secs(300);
const LATE_INTERVAL: Duration = Duration::from_secs(10);
/// Commits between checkpoints: each replaces reading as many small files when a table is opened.
const CHECKPOINT_COMMITS: u64 = 50;

/// Commits whenever it is due, for ever.
pub(crate) async fn keep_committing(
    store: Arc<Store>,
    settings: Settings,
    gauges: Arc<Gauges>,
    observer: Arc<dyn Observer>,
) {
    let mut dirty_since: Option<Instant> = None;
    let mut failing = false;
    loop {
        tokio::time::sleep(if failing { COMMIT_RETRY } else { COMMIT_POLL }).await;
        if !store.is_dirty() {
            dirty_since = None;
            continue;
        }
        let since = *dirty_since.get_or_insert_with(Instant::now);
        let full = store.pending_log_bytes() >= settings.commit_bytes || store.is_pressed();
        if !full && !failing && since.elapsed() < settings.commit_interval {
            continue;
        }
        dirty_since = None;
        match store.commit().await {
            Ok(committed) => {
                if std::mem::take(&mut failing) {
                    observer.trouble(&Trouble::CommitWorks);
                }
                if let Some(committed) = committed {
                    gauges.committed(&committed);
                    observer.committed(&committed);
                }
            }
            Err(error) => {
                failing = true;
                observer.trouble(&Trouble::Commit(&error));
            }
        }
    }
}

/// Merges, checkpoints and cleans, for ever. None of it is needed for a row to be safe, so none of
/// it ends a run.
pub(crate) async fn keep_tidy(store: Arc<Store>, settings: Settings, observer: Arc<dyn Observer>) {
    let mut cleaned: Option<Instant> = None;
    let mut waiting = Waiting::default();
    loop {
        tidy(&store, observer.as_ref()).await;
        if cleaned.is_none_or(|at| at.elapsed() >= CLEAN_INTERVAL) {
            cleaned = Some(Instant::now());
            if let Err(error) = retain(&store, &settings, &mut waiting, observer.as_ref()).await {
                observer.trouble(&Trouble::Upkeep(&error));
            }
            if let Err(error) = store.vacuum().await {
                observer.trouble(&Trouble::Upkeep(&error));
            }
        }
        tokio::time::sleep(COMPACT_INTERVAL).await;
    }
}

/// The day that retention waits for, and how often it has found it open.
#[derive(Default)]
struct Waiting {
    day: Option<String>,
    times: u32,
}

async fn retain(
    store: &Store,
    settings: &Settings,
    waiting: &mut Waiting,
    observer: &dyn Observer,
) -> Result<(), ServeError> {
    let done = store.retain(settings.retention, closing::definition()?).await?;
    if let Some(removed) = done.removed {
        observer.retained(&removed);
        if let Some(day) = &removed.unclosed {
            observer.trouble(&Trouble::RemovedUnclosed(day));
        }
    }
    waiting.times = if done.waits_for == waiting.day { waiting.times + 1 } else { 0 };
    waiting.day = done.waits_for;
    // The first time it may just be about to be closed, and more often is said once.
    if let (Some(day), 1) = (&waiting.day, waiting.times) {
        observer.trouble(&Trouble::RetentionWaits(day));
    }
    Ok(())
}

/// Merges what is due, and checkpoints.
pub(crate) async fn tidy(store: &Store, observer: &dyn Observer) {
    loop {
        match store.compact().await {
            Ok(Some(compacted)) => observer.compacted(&compacted),
            Ok(None) => break,
            Err(error) => {
                observer.trouble(&Trouble::Upkeep(&error));
                break;
            }
        }
    }
    checkpoint(store, observer).await;
}

/// Checkpoints what has many commits since its last one.
pub(crate) async fn checkpoint(store: &Store, observer: &dyn Observer) {
    if let Err(error) = store.checkpoint(CHECKPOINT_COMMITS).await {
        observer.trouble(&Trouble::Upkeep(&error));
    }
}

/// Tells of rows that came for days which retention had removed: a little after the first of them,
/// when those that come with it are in. What comes later is told of at the end of the run.
pub(crate) async fn tell_late(gauges: Arc<Gauges>, observer: Arc<dyn Observer>) {
    while !gauges.has_late() {
        tokio::time::sleep(LATE_INTERVAL).await;
    }
    tokio::time::sleep(LATE_INTERVAL).await;
    if let Some(late) = gauges.untold_late() {
        observer.trouble(&Trouble::TooLate(late));
    }
}

/// Tells how far things are, for ever.
pub(crate) async fn keep_telling(
    store: Arc<Store>,
    gauges: Arc<Gauges>,
    observer: Arc<dyn Observer>,
) {
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        observer.progress(&gauges.read(store.pending_log_bytes()));
    }
}
