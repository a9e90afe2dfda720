//! What can go wrong with a store.

use std::path::PathBuf;

/// An error of the store. Each names the place, and where a person can do something, what.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no store in the folder.
    #[error("no store at `{}`", .0.display())]
    Missing(PathBuf),
    /// The names of objects in a table cannot be told apart in such a path.
    #[error("a store cannot lie at `{}`: its path has {letter}", root.display())]
    Path {
        /// The path.
        root: PathBuf,
        /// What is wrong with it.
        letter: String,
    },
    /// Another process writes to the store.
    #[error("store `{}` is in use by another fillwatch (process {holder})", dir.display())]
    InUse {
        /// The store.
        dir: PathBuf,
        /// The process id the other one wrote into the lock file.
        holder: String,
    },
    /// A file or folder of the store could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A Delta table could not be read.
    #[error("table `{table}`: {source}")]
    Delta {
        /// `events`, `quarantine` or `daily_close`.
        table: String,
        /// Why not.
        source: Box<deltalake::DeltaTableError>,
    },
    /// A file of a table could not be read or written.
    #[error("table `{table}`: {source}")]
    Object {
        /// `events`, `quarantine` or `daily_close`.
        table: String,
        /// Why not.
        source: Box<object_store::Error>,
    },
    /// A file of a table is not what its log says.
    #[error("table `{table}`: {what}")]
    Corrupt {
        /// `events`, `quarantine` or `daily_close`.
        table: String,
        /// What is wrong with it.
        what: String,
    },
    /// Somebody else commits to the table, in spite of our lock.
    #[error(
        "table `{table}`: version {version} was written by another program; \
         only one fillwatch may write to a store"
    )]
    Conflict {
        /// `events`, `quarantine` or `daily_close`.
        table: String,
        /// The version we were about to write.
        version: u64,
    },
    /// `state.db` could not be read or written.
    #[error("state database: {0}")]
    State(Box<rusqlite::Error>),
    /// The table knows files that `state.db` can no longer recognise.
    #[error(
        "`state.db` no longer knows {files} of the log files in the table, so they would be read \
         twice; restore it from a backup, or start a new store"
    )]
    MarksLost {
        /// How many.
        files: usize,
    },
    /// Rows could not be merged or encoded.
    #[error("cannot encode rows: {0}")]
    Encode(Box<arrow::error::ArrowError>),
    /// Rows could not be written as Parquet.
    #[error("cannot write Parquet: {0}")]
    Parquet(Box<parquet::errors::ParquetError>),
    /// A merge of files failed.
    #[error("cannot read back rows: {0}")]
    Read(Box<datafusion::error::DataFusionError>),
}

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

impl StoreError {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> StoreError {
        let path = path.into();
        move |source| StoreError::Io { action, path, source }
    }

    pub(crate) fn object(table: &str) -> impl FnOnce(object_store::Error) -> StoreError + use<> {
        let table = table.to_owned();
        move |source| StoreError::Object { table, source: Box::new(source) }
    }

    pub(crate) fn delta(
        table: &str,
    ) -> impl FnOnce(deltalake::DeltaTableError) -> StoreError + use<> {
        let table = table.to_owned();
        move |source| StoreError::Delta { table, source: Box::new(source) }
    }

    pub(crate) fn corrupt(table: &str, what: impl Into<String>) -> StoreError {
        StoreError::Corrupt { table: table.to_owned(), what: what.into() }
    }
}

/// Errors of others are boxed: they are large, rare, and would make every `Result` of ours large.
macro_rules! boxed {
    ($($error:ty => $variant:ident,)*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> StoreError {
                StoreError::$variant(Box::new(error))
            }
        })*
    };
}

boxed! {
    arrow::error::ArrowError => Encode,
    parquet::errors::ParquetError => Parquet,
    datafusion::error::DataFusionError => Read,
    rusqlite::Error => State,
}
