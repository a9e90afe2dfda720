//! Reading logs once, to their ends.

use std::future::Future;
use std::sync::Arc;

use fillwatch_model::Clock;

use crate::closing::{close_days, day_of};
use crate::pipeline::{Mode, Pipeline};
use crate::upkeep::{checkpoint, tidy};
use crate::watch::{beside, drain, open};
use crate::{Observer, Report, ServeError, Settings, Trouble};

/// Reads all that the sources hold and the store does not, commits it, and returns. With
/// `final_lines`, last lines that have no newline are taken as finished; otherwise they wait.
///
/// # Errors
/// If the store cannot be opened or is in use, the last commit fails, or a thread died.
pub async fn ingest(
    settings: Settings,
    final_lines: bool,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()>,
    observer: Arc<dyn Observer>,
) -> Result<Report, ServeError> {
    let store = open(&settings, &clock, observer.as_ref()).await?;
    let mode = Mode::Once { final_lines };
    let mut pipeline = Pipeline::start(&settings, mode, &store, &clock, &observer)?;
    tokio::pin!(shutdown);
    let tasks = beside(&pipeline, &settings, &store, &observer);
    let (interrupted, failed) = tokio::select! {
        () = &mut shutdown => (true, None),
        ended = pipeline.ended() => (false, ended.err()),
    };
    let mut report = drain(pipeline, tasks, &store, observer.as_ref()).await?;
    report.interrupted = interrupted;
    if let Some(error) = failed {
        return Err(error);
    }
    if !interrupted {
        tidy(&store, observer.as_ref()).await;
        let now = clock.now();
        tokio::select! {
            () = &mut shutdown => report.interrupted = true,
            closed = close_days(&store, day_of(now), now, observer.as_ref()) => {
                // The rows are in. The next run closes what this one could not.
                if let Err(error) = closed {
                    observer.trouble(&Trouble::Upkeep(&error));
                }
                checkpoint(&store, observer.as_ref()).await;
            }
        }
    }
    Ok(report)
}
