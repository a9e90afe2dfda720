//! How a store is.

use std::path::Path;

use fillwatch_model::Column;
use fillwatch_store::{SourceState, TableSize};

use crate::{ServeError, attach};

/// How a store is.
#[derive(Clone, Debug)]
pub struct Status {
    /// A `watch` runs on it.
    pub live: bool,
    /// Each log file: how far it is read.
    pub sources: Vec<SourceState>,
    /// The size of `events`.
    pub events: TableSize,
    /// The size of `quarantine`.
    pub quarantine: TableSize,
    /// Columns of `events`.
    pub columns: usize,
    /// Columns with values that did not fit their type, and how many.
    pub conflicts: Vec<(Column, u64)>,
}

/// How the store in `dir` is.
///
/// # Errors
/// If there is no store, or it cannot be read.
pub async fn status(dir: &Path) -> Result<Status, ServeError> {
    let attached = attach(dir).await?;
    let snapshot = attached.snapshot;
    Ok(Status {
        live: attached.live,
        sources: snapshot.source_states(),
        events: snapshot.events_size(),
        quarantine: snapshot.quarantine_size(),
        columns: snapshot.columns().len(),
        conflicts: snapshot.conflicts(),
    })
}
