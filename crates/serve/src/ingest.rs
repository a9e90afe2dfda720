//! Reading logs once, to their ends.

use std::future::Future;
use std::sync::Arc;

use fillwatch_model::Clock;

use crate::pipeline::{Mode, Pipeline};
use crate::upkeep::tidy;
use crate::watch::{beside, drain, open};
use crate::{Observer, Report, ServeError, Settings};

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
    let tasks = beside(&pipeline, &settings, &store, &observer);
    let (interrupted, failed) = tokio::select! {
        () = shutdown => (true, None),
        ended = pipeline.ended() => (false, ended.err()),
    };
    let mut report = drain(pipeline, tasks, &store, observer.as_ref()).await?;
    report.interrupted = interrupted;
    if let Some(error) = failed {
        return Err(error);
    }
    if !interrupted {
        tidy(&store, observer.as_ref()).await;
    }
    Ok(report)
}
