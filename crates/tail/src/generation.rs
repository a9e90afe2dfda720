//! What the tailer keeps: the files it sees, and the generations their contents belong to.
//!
//! The two are apart because neither holds the other: a file that is truncated begins a new
//! generation, and a generation that was copied away goes on in another file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fillwatch_model::{FileId, LogFile, Mark, SourceId};

use crate::discover::{Found, Stat};
use crate::identity::Inode;
use crate::lines::Skim;
use crate::name::LogName;

/// One life of one file's contents.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) file: Arc<LogFile>,
    /// Where it was last seen.
    pub(crate) path: PathBuf,
    pub(crate) name: LogName,
    /// Everything before this was handed over.
    pub(crate) offset: u64,
    /// Recognises it at `offset`.
    pub(crate) mark: Mark,
    /// Some of its marks at earlier offsets, ascending.
    pub(crate) earlier: Vec<(u64, Mark)>,
    /// The sweep in which the last of them was kept.
    pub(crate) kept: u64,
    /// The size its file was last seen to have; unknown for one from before the start that was not
    /// found yet.
    pub(crate) size: Option<u64>,
    /// The sweep in which it was first seen; 0 for one from before the start.
    pub(crate) born: u64,
    pub(crate) life: Life,
}

/// Where the contents of a generation are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// In this file.
    In(Inode),
    /// In no file we see, for this many sweeps: it may still turn up as a copy or an archive.
    Lost(u32),
    /// Read to its end, or given up.
    Ended,
}

impl Generation {
    /// Bytes known to be there and not read.
    pub(crate) fn unread(&self) -> u64 {
        self.size.unwrap_or(0).saturating_sub(self.offset)
    }

    pub(crate) fn rename(&mut self, path: &Path) {
        self.path = path.to_path_buf();
        self.name = LogName::of(path);
    }
}

/// A file on disk.
pub(crate) struct Disk {
    /// A name it has, or had.
    pub(crate) path: PathBuf,
    pub(crate) name: LogName,
    pub(crate) source: SourceId,
    pub(crate) stat: Stat,
    pub(crate) role: Role,
    pub(crate) named: Named,
    /// It was renamed while we looked on, or is named as a rotation names.
    pub(crate) retired: bool,
    /// The sweep in which it was first seen.
    pub(crate) born: u64,
    /// Sweeps since it last changed.
    pub(crate) quiet: u32,
    pub(crate) held: Option<File>,
    /// The held descriptor was checked against the generation's mark.
    pub(crate) checked: bool,
    /// It changed since it was last read to its end.
    pub(crate) dirty: bool,
    /// It changed when it was last looked at, so its times may hide another change.
    pub(crate) recheck: bool,
    /// It stands in the queue of files to read.
    pub(crate) queued: bool,
    /// How much of it was found to be a copy, and what recognises that.
    pub(crate) copied: Option<(u64, Mark)>,
    /// Bytes at its end that are no whole line.
    pub(crate) waiting: u64,
    pub(crate) skim: Option<Box<Skim>>,
    pub(crate) trouble: Option<Trouble>,
}

/// What a file's contents are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Not known yet. If it was once recognised as a copy, of what.
    Unknown(Option<FileId>),
    /// Those of this generation, which is read from here.
    Reads(FileId),
    /// The same as some of this generation's, so there is nothing to read here.
    CopyOf(FileId),
}

/// Whether the file still has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Yes.
    Yes,
    /// Something else, or nothing, was found there. It may have been renamed.
    Displaced,
    /// It was looked for and not found.
    Gone,
}

/// A file that could not be read.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) error: String,
    pub(crate) failures: u32,
    /// Not to be tried before this sweep.
    pub(crate) until: u64,
}

impl Disk {
    pub(crate) fn new(found: Found, born: u64) -> Disk {
        let name = LogName::of(&found.path);
        Disk {
            retired: name.rotated,
            path: found.path,
            name,
            source: found.source,
            stat: found.stat,
            role: Role::Unknown(None),
            named: Named::Yes,
            born,
            quiet: 0,
            held: None,
            checked: false,
            dirty: true,
            recheck: true,
            queued: false,
            copied: None,
            waiting: 0,
            skim: None,
            trouble: None,
        }
    }

    /// The generation that is read from here.
    pub(crate) fn reads(&self) -> Option<FileId> {
        match self.role {
            Role::Reads(id) => Some(id),
            Role::Unknown(_) | Role::CopyOf(_) => None,
        }
    }

    /// Takes notice of what the system says now. Says whether anything changed.
    pub(crate) fn note(&mut self, stat: Stat) -> bool {
        // A rename changes an archive's status, and that is no reason to unpack it again.
        let changed = if self.name.packing.is_some() {
            !self.stat.says_same_contents(stat)
        } else {
            self.stat != stat
        };
        self.stat = stat;
        self.quiet = if changed { 0 } else { self.quiet.saturating_add(1) };
        self.dirty |= changed;
        changed
    }

    /// Whether what was found with the inode of this file is not this file renamed, but another
    /// that was given its inode. A log that grew meanwhile is told by its bytes, later.
    pub(crate) fn is_another(&self, found: &Found) -> bool {
        let repacked = self.name.packing != LogName::of(&found.path).packing;
        let settled = self.name.packing.is_some() || self.reads().is_none();
        self.held.is_none() && (repacked || settled && !self.stat.says_same_contents(found.stat))
    }

    /// Its contents are not what they were taken for.
    pub(crate) fn forget_contents(&mut self) {
        self.role = Role::Unknown(None);
        self.dirty = true;
        self.checked = false;
        self.waiting = 0;
        self.skim = None;
    }

    pub(crate) fn rename(&mut self, path: PathBuf) {
        self.path = path;
        self.name = LogName::of(&self.path);
        self.retired = true;
        self.quiet = 0;
    }
}
