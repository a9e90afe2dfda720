//! What the tailer knows of each file, for people to see.

use std::path::PathBuf;
use std::sync::Arc;

use fillwatch_model::LogFile;

use crate::generation::{Generation, Life, Named, Trouble};
use crate::tailer::Tailer;

/// One generation, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStatus {
    /// Its id, the path it was first seen under, and its source.
    pub file: Arc<LogFile>,
    /// Where it is now, or was last.
    pub path: PathBuf,
    /// Its length, unpacked, as far as known.
    pub size: u64,
    /// How much of it was handed over.
    pub offset: u64,
    /// Bytes at its end that are no whole line yet.
    pub waiting: u64,
    /// How it is.
    pub state: FileState,
}

/// How a generation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is where lines are written.
    Active,
    /// It goes by a rotated name.
    Rotated,
    /// It is gone from its directory, and read to its end.
    Deleted,
    /// It cannot be read for now.
    Unreadable {
        /// What the system said.
        error: String,
    },
    /// It is in no file in sight.
    Missing,
    /// It ended and was read.
    Finished,
}

impl Tailer {
    /// The generations that are known, in no order.
    pub fn files(&self) -> impl Iterator<Item = FileStatus> {
        self.generations.values().map(|generation| self.status(generation))
    }

    /// Whether a verdict is only being waited for: whether an archive is damaged or still being
    /// written, or whether a rotated file's last line without newline is all there will be of it.
    pub fn is_settling(&self) -> bool {
        self.disks.values().any(|disk| {
            let is_doubtful = |trouble: &Trouble| trouble.failures == 0;
            let archive = disk.name.packing.is_some();
            (archive && disk.trouble.as_ref().is_some_and(is_doubtful))
                || (disk.retired && disk.waiting > 0)
        })
    }

    fn status(&self, generation: &Generation) -> FileStatus {
        let disk = match generation.life {
            Life::In(inode) => self.disks.get(&inode),
            Life::Lost(_) | Life::Ended => None,
        };
        let state = match (disk, generation.life) {
            (None, Life::Ended) => FileState::Finished,
            (None, _) => FileState::Missing,
            (Some(disk), _) => match &disk.trouble {
                Some(trouble) if trouble.failures > 0 => {
                    FileState::Unreadable { error: trouble.error.clone() }
                }
                _ if disk.named == Named::Gone => FileState::Deleted,
                _ if disk.retired => FileState::Rotated,
                _ => FileState::Active,
            },
        };
        FileStatus {
            file: Arc::clone(&generation.file),
            path: generation.path.clone(),
            size: generation.size.unwrap_or(generation.offset).max(generation.offset),
            offset: generation.offset,
            waiting: disk.map_or(0, |disk| disk.waiting),
            state,
        }
    }
}
