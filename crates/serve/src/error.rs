//! What can end a run.

use std::path::PathBuf;

use fillwatch_query::QueryError;
use fillwatch_store::StoreError;
use fillwatch_tail::TailError;

/// Why a run ended, or could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The tailer.
    #[error(transparent)]
    Tail(#[from] TailError),
    /// The socket for other processes cannot be opened.
    #[error("cannot open the socket `{}`: {source}", path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// A thread died. It cannot, so this is a bug worth reporting.
    #[error("the {0} thread died; what it had not committed will be read again")]
    Died(&'static str),
    /// The last commit failed, and there is no time to try it again.
    #[error("the last lines are not committed and will be read again: {0}")]
    Uncommitted(StoreError),
    /// A log file could not be audited.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A close could not be computed.
    #[error("cannot compute the state {what}: {source}")]
    Close {
        /// As of when.
        what: String,
        /// Why not.
        source: QueryError,
    },
    /// A rule cannot be used.
    #[error(transparent)]
    Rule(#[from] fillwatch_rules::RuleError),
    /// The state of the rules.
    #[error(transparent)]
    Journal(#[from] fillwatch_journal::JournalError),
    /// A file of a test cannot be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A test cannot be set up.
    #[error("a test cannot be played: {0}")]
    Rehearsal(String),
    /// The store could not be asked.
    #[error("cannot read the store: {0}")]
    Query(#[from] QueryError),
}
