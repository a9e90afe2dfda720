//! Which file a line came from.
//!
//! A *generation* is one life of one file's contents: a log that is rotated by rename keeps its
//! generation under the new name, and what then appears under the old name is a new one. Offsets
//! belong to a generation, never to a path.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The identity of one generation of a log file. Shown, and stored, as sixteen hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u64);

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileId({self})")
    }
}

impl FromStr for FileId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<FileId, Self::Err> {
        u64::from_str_radix(text, 16).map(FileId)
    }
}

/// The index of the `[[source]]` a file was found through; chooses its mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// One generation of a log file, as every later stage refers to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogFile {
    /// The generation.
    pub id: FileId,
    /// The path under which it was first seen; it keeps that name in the table when it is rotated.
    pub path: PathBuf,
    /// The source that found it.
    pub source: SourceId,
}

/// What recognises a generation on disk: where it lay, and hashes of what it said.
///
/// Inode numbers are reused and logs begin with the same header, so neither alone is enough; a
/// file is taken for the one we know only if the bytes before our offset are the bytes we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Device number; a remount may change it.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// How many of the file's first bytes `prefix_hash` covers; grows with the file up to
    /// [`limits::PREFIX_BYTES_MAX`](crate::limits::PREFIX_BYTES_MAX).
    pub prefix_len: u32,
    /// XXH3-128 of the first `prefix_len` bytes.
    pub prefix_hash: u128,
    /// How many bytes right before the offset `tail_hash` covers, at most
    /// [`limits::TAIL_BYTES_MAX`](crate::limits::TAIL_BYTES_MAX).
    pub tail_len: u32,
    /// XXH3-128 of the `tail_len` bytes before the offset.
    pub tail_hash: u128,
}

/// A generation that the table knows already: how a start learns where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// The generation.
    pub id: FileId,
    /// The path under which it was first seen; it may lie under another by now.
    pub path: PathBuf,
    /// Every line before this byte is in the table or in quarantine.
    pub offset: u64,
    /// What recognises it, taken at `offset`.
    pub mark: Mark,
    /// Some of the marks it had before: offsets, ascending, all below `offset`, and what recognises
    /// it there. A copy that ends before `offset` can be held against these alone.
    pub earlier: Vec<(u64, Mark)>,
}
