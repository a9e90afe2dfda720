//! What can go wrong with the database.

use std::path::PathBuf;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be opened.
    #[error("cannot open `{}`: {source}", path.display())]
    Open {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// It cannot be read or written.
    #[error("the state of the rules in state.db: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Something in it is not what was written.
    #[error("the state of the rules in state.db: {0}")]
    Damaged(String),
}

impl JournalError {
    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        let error = match self {
            JournalError::Open { source, .. } | JournalError::Sqlite(source) => source,
            JournalError::Damaged(_) => return false,
        };
        error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
    }
}
