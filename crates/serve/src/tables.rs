//! The store as a process sees it that asks and does not ingest.

use std::path::Path;

use fillwatch_query::{Closes, Tables};
use fillwatch_store::{Layout, Reader, Snapshot};

use crate::rules::told;
use crate::{ServeError, closing, socket};

/// A store's snapshot, and whether a running `watch` gave it.
#[derive(Debug)]
pub struct Attached {
    /// What there is to ask.
    pub snapshot: Snapshot,
    /// A `watch` runs on the store: the snapshot goes down to the last line it has read.
    pub live: bool,
}

/// A snapshot of the store in `dir`: from the `watch` that runs on it, down to the last line it has
/// read, or else of what is committed.
///
/// # Errors
/// If there is no store, or it cannot be read.
pub async fn attach(dir: &Path) -> Result<Attached, ServeError> {
    let reader = Reader::open(dir)?;
    let layout = reader.layout().clone();
    let asked = tokio::task::spawn_blocking(move || socket::ask(&layout)).await;
    // A `watch` that just ended, or is of another version, leaves us what it has committed.
    if let Ok(Ok(Some(exported))) = asked
        && let Ok(snapshot) = reader.with_exported(exported).await
    {
        return Ok(Attached { snapshot, live: true });
    }
    Ok(Attached { snapshot: reader.committed().await?, live: false })
}

/// The tables of [`attach`], for a [`Session`](fillwatch_query::Session).
///
/// # Errors
/// If there is no store, or it cannot be read.
pub async fn tables(dir: &Path) -> Result<Tables, ServeError> {
    let mut tables = of(&attach(dir).await?.snapshot)?;
    tables.alerts = told::alerts(&Layout::new(dir)?);
    Ok(tables)
}

/// A snapshot's tables.
pub(crate) fn of(snapshot: &Snapshot) -> Result<Tables, ServeError> {
    let definition = closing::definition()?;
    Ok(Tables {
        events: snapshot.events(),
        quarantine: snapshot.quarantine(),
        sources: snapshot.sources()?,
        fields: snapshot.fields()?,
        closes: closes_of(snapshot.closes(definition)),
        alerts: fillwatch_query::Alerts::default(),
        reference: Vec::new(),
    })
}

/// A snapshot's closes, as a session takes them.
pub(crate) fn closes_of(closes: fillwatch_store::Closes) -> Closes {
    Closes { table: closes.table, at: closes.at, retained_from: closes.retained_from }
}
