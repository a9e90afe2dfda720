//! What a run is told.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fillwatch_decode::Mapping;
use fillwatch_model::limits;
use fillwatch_store::Retention;
use fillwatch_tail::Source;

use crate::RuleSettings;

/// What a run is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the store.
    pub store: PathBuf,
    /// Where logs are found.
    pub sources: Vec<Source>,
    /// How each source's lines are read; by [`SourceId`](fillwatch_model::SourceId).
    pub mappings: Arc<[Mapping]>,
    /// How files are followed.
    pub tail: fillwatch_tail::Options,
    /// How rows are held.
    pub storage: fillwatch_store::Options,
    /// A commit is made this long after the first row that waits for it…
    pub commit_interval: Duration,
    /// …or when the rows that wait came from this many bytes of log, or take half of the memory
    /// that rows may take.
    pub commit_bytes: u64,
    /// What is kept.
    pub retention: Retention,
    /// Threads that decode.
    pub decoders: usize,
    /// The rules that are evaluated, if any are.
    pub rules: Option<RuleSettings>,
}

impl Settings {
    /// The defaults, for a store and its sources.
    pub fn new(store: PathBuf, sources: Vec<Source>, mappings: Arc<[Mapping]>) -> Settings {
        Settings {
            store,
            sources,
            mappings,
            tail: fillwatch_tail::Options::default(),
            storage: fillwatch_store::Options::default(),
            commit_interval: limits::COMMIT_INTERVAL,
            commit_bytes: limits::COMMIT_BYTES,
            retention: Retention::default(),
            decoders: std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4)),
            rules: None,
        }
    }
}
