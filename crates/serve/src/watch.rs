//! Following logs until told to stop.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use fillwatch_model::Clock;
use fillwatch_store::Store;
use tokio::task::JoinSet;

use crate::closing::keep_closing;
use crate::pipeline::{Mode, Pipeline};
use crate::rules::live::keep_ruling;
use crate::socket::Socket;
use crate::upkeep::{keep_committing, keep_telling, keep_tidy, tell_late};
use crate::{Observer, Report, ServeError, Settings, Trouble};

/// How long the lines that were read may take to get into the store once we are told to stop.
/// What does not make it is read again at the next start.
const DRAIN: Duration = Duration::from_secs(20);

/// Follows the logs of `settings` until `shutdown`, then commits what was read and returns.
///
/// # Errors
/// If the store cannot be opened or is in use, or a thread died. A full disk is not an error: it is
/// reported to `observer`, the lines wait in the log, and it goes on by itself.
pub async fn watch(
    settings: Settings,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()>,
    observer: Arc<dyn Observer>,
) -> Result<Report, ServeError> {
    let store = open(&settings, &clock, observer.as_ref()).await?;
    let socket = Socket::bind(store.layout())?;
    let mut pipeline = Pipeline::start(&settings, Mode::Follow, &store, &clock, &observer)?;
    let mut tasks = beside(&pipeline, &settings, &store, &observer);
    tasks.spawn(tell_late(Arc::clone(&pipeline.gauges), Arc::clone(&observer)));
    if let Some(rules) = settings.rules.clone() {
        let (store, readiness) = (Arc::clone(&store), Arc::clone(&pipeline.readiness));
        tasks.spawn(keep_ruling(
            store,
            readiness,
            Arc::clone(&clock),
            rules,
            Arc::clone(&observer),
        ));
    }
    tasks.spawn(keep_tidy(Arc::clone(&store), settings, Arc::clone(&observer)));
    tasks.spawn(keep_closing(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&observer)));
    tasks.spawn(socket.answer(Arc::clone(&store), Arc::clone(&observer)));
    let failed = tokio::select! {
        () = shutdown => None,
        ended = pipeline.ended() => ended.err(),
    };
    let mut report = drain(pipeline, tasks, &store, observer.as_ref()).await?;
    report.interrupted = true;
    failed.map_or(Ok(report), Err)
}

/// Opens the store, and says what had to be set aside.
pub(crate) async fn open(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    observer: &dyn Observer,
) -> Result<Arc<Store>, ServeError> {
    let store = Store::open(&settings.store, settings.storage.clone(), Arc::clone(clock)).await?;
    for name in store.set_aside() {
        observer.trouble(&Trouble::SetAside(name));
    }
    Ok(Arc::new(store))
}

/// What commits and tells while the threads run.
pub(crate) fn beside(
    pipeline: &Pipeline,
    settings: &Settings,
    store: &Arc<Store>,
    observer: &Arc<dyn Observer>,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let gauges = || Arc::clone(&pipeline.gauges);
    let (committing, telling) = (Arc::clone(store), Arc::clone(store));
    tasks.spawn(keep_committing(committing, settings.clone(), gauges(), Arc::clone(observer)));
    tasks.spawn(keep_telling(telling, gauges(), Arc::clone(observer)));
    tasks
}

/// Stops the threads, lets what they have read into the store, and commits it.
pub(crate) async fn drain(
    pipeline: Pipeline,
    mut tasks: JoinSet<()>,
    store: &Arc<Store>,
    observer: &dyn Observer,
) -> Result<Report, ServeError> {
    pipeline.stop();
    let gauges = Arc::clone(&pipeline.gauges);
    let mut joined = tokio::task::spawn_blocking(move || pipeline.join());
    if tokio::time::timeout(DRAIN, &mut joined).await.is_err() {
        // The disk is full, or hangs. Whoever waits for room is let go.
        store.close();
        let _joined = joined.await;
    }
    // Not only told to stop but gone, and with them the last hands on the store.
    tasks.shutdown().await;
    commit_all(store, &gauges, observer).await?;
    if let Some(late) = gauges.untold_late() {
        observer.trouble(&Trouble::TooLate(late));
    }
    let progress = gauges.read(0);
    observer.progress(&progress);
    Ok(Report {
        files: progress.files,
        bytes: progress.bytes,
        rows: progress.rows,
        rejects: progress.rejects,
        commits: progress.commits,
        unfinished: gauges.unfinished(),
        interrupted: false,
    })
}

async fn commit_all(
    store: &Store,
    gauges: &crate::gauges::Gauges,
    observer: &dyn Observer,
) -> Result<(), ServeError> {
    while store.is_dirty() {
        match store.commit().await {
            Ok(Some(committed)) => {
                gauges.committed(&committed);
                observer.committed(&committed);
            }
            Ok(None) => {}
            Err(error) => return Err(ServeError::Uncommitted(error)),
        }
    }
    Ok(())
}
