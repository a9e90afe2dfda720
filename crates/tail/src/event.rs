//! What a user would like to be told. The tailer itself logs nothing.

use std::path::PathBuf;
use std::sync::Arc;

use fillwatch_model::{LineChunk, LogFile};

/// Takes what the tailer finds.
pub trait Sink {
    /// Takes a piece of a file. It may block: that is the back-pressure, and the log waits on disk.
    ///
    /// # Errors
    /// [`Closed`] if nobody wants more. The piece then counts as not delivered.
    fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed>;

    /// Takes notice of something.
    fn event(&mut self, event: Event);
}

/// The receiver is gone: stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the receiver of the log lines is gone")]
pub struct Closed;

/// Something happened to a file, or to our sight of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A new generation is read, from its first byte.
    FileAdded {
        /// The generation.
        file: Arc<LogFile>,
        /// Its size when it was found.
        size: u64,
    },
    /// A generation known from before the start was found again.
    Resumed {
        /// The generation.
        file: Arc<LogFile>,
        /// Where it lies now.
        path: PathBuf,
        /// Where reading goes on.
        offset: u64,
    },
    /// A generation goes by another name. It is read to its end under that.
    Rotated {
        /// The generation.
        file: Arc<LogFile>,
        /// Its name so far.
        from: PathBuf,
        /// Its name now.
        to: PathBuf,
    },
    /// A copy, or an archive, of a generation was recognised. What was read is not read again.
    Copied {
        /// The generation.
        file: Arc<LogFile>,
        /// The copy.
        path: PathBuf,
    },
    /// The file lost its contents, or they were replaced. What follows is a new generation.
    Truncated {
        /// The generation that ended.
        file: Arc<LogFile>,
        /// The file.
        path: PathBuf,
        /// How far it was read.
        offset: u64,
        /// The file's size now.
        size: u64,
    },
    /// The file is gone from its directory. It is read to its end if it is held open.
    Deleted {
        /// The generation.
        file: Arc<LogFile>,
        /// Its name so far.
        path: PathBuf,
    },
    /// All of a file that is gone was read.
    Finished {
        /// The generation.
        file: Arc<LogFile>,
        /// Its length.
        offset: u64,
    },
    /// Bytes that were written and are nowhere to be read any more.
    Gap {
        /// The generation.
        file: Arc<LogFile>,
        /// From where on.
        offset: u64,
        /// How many, as far as the file's last known size tells.
        bytes: Option<u64>,
        /// How they were lost.
        why: Loss,
    },
    /// A line over the limit.
    LineTooLong {
        /// The generation.
        file: Arc<LogFile>,
        /// Where it begins.
        offset: u64,
        /// Its length with its newline.
        bytes: u64,
    },
    /// A run of NUL bytes was skipped.
    Hole {
        /// The generation.
        file: Arc<LogFile>,
        /// Where it begins.
        offset: u64,
        /// Its length.
        bytes: u64,
    },
    /// A file or directory cannot be read. It is tried again; nothing is forgotten.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: String,
    },
    /// It can be read again.
    Readable {
        /// Which.
        path: PathBuf,
    },
    /// An archive breaks off or breaks its format. What came before that was read.
    Corrupt {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// The kernel will not notify us of (some) changes; they are seen by the next sweep instead.
    NotifyDown {
        /// What the system said.
        why: String,
    },
    /// Notifications came faster than they were taken and some were lost; a sweep makes up for it.
    NotifyOverflow,
}

/// How bytes were lost before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The file was truncated or overwritten, and no copy of it was found.
    Truncated,
    /// The file was deleted, and was not open here.
    Deleted,
    /// While we were not running, another file took its place, and it is nowhere.
    WhileStopped,
}
