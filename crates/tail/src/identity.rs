//! Whether a file is the one we read: computing a [`Mark`], and holding a file against one.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use fillwatch_model::Mark;
use fillwatch_model::limits::{PREFIX_BYTES_MAX, TAIL_BYTES_MAX};
use rustix::buffer::spare_capacity;
use xxhash_rust::xxh3::xxh3_128;

/// Device and inode: which file this is, until it is deleted and the number is given to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Inode {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
}

impl Inode {
    pub(crate) fn of(meta: &std::fs::Metadata) -> Inode {
        Inode { dev: meta.dev(), ino: meta.ino() }
    }

    pub(crate) fn in_mark(mark: &Mark) -> Inode {
        Inode { dev: mark.dev, ino: mark.ino }
    }
}

/// The mark of a file of which nothing was read.
pub(crate) fn unread(inode: Inode) -> Mark {
    let nothing = xxh3_128(b"");
    Mark {
        dev: inode.dev,
        ino: inode.ino,
        prefix_len: 0,
        prefix_hash: nothing,
        tail_len: 0,
        tail_hash: nothing,
    }
}

/// Whether `file` still says, right before `offset`, what it said when it was read up to there.
///
/// Ask it *after* reading what follows `offset`: contents that are still ours then were ours
/// throughout the read, for a truncation never gives bytes back.
pub(crate) fn tail_matches(file: &File, offset: u64, mark: &Mark) -> io::Result<bool> {
    let from = offset - u64::from(mark.tail_len);
    let tail = read_at(file, from, mark.tail_len as usize)?;
    Ok(xxh3_128(&tail) == mark.tail_hash)
}

/// Whether `file` begins as the file of `mark` did.
pub(crate) fn prefix_matches(file: &File, mark: &Mark) -> io::Result<bool> {
    let prefix = read_at(file, 0, mark.prefix_len as usize)?;
    Ok(xxh3_128(&prefix) == mark.prefix_hash)
}

/// Whether a file with these first bytes begins as the file of `mark` did.
pub(crate) fn begins_as(beginning: &[u8], mark: &Mark) -> bool {
    let prefix = beginning.get(..mark.prefix_len as usize);
    prefix.is_some_and(|prefix| xxh3_128(prefix) == mark.prefix_hash)
}

/// Whether the first `offset` bytes of `file` are those of the generation of `mark`, as far as the
/// mark tells.
pub(crate) fn is(file: &File, offset: u64, mark: &Mark) -> io::Result<bool> {
    Ok(prefix_matches(file, mark)? && tail_matches(file, offset, mark)?)
}

/// The mark of a file read up to `offset`, from what it says now.
pub(crate) fn mark_at(file: &File, offset: u64) -> io::Result<Mark> {
    let mut trail = Trail::default();
    trail.push(&read_at(file, 0, PREFIX_BYTES_MAX.min(offset as usize))?);
    let tail = TAIL_BYTES_MAX.min(offset as usize);
    trail.tail = read_at(file, offset - tail as u64, tail)?;
    Ok(trail.mark(Inode::of(&file.metadata()?)))
}

/// Whether `copy`, of `len` bytes, is the beginning of `original`, judged by how both begin and by
/// the last bytes of the copy.
pub(crate) fn is_beginning_of(copy: &File, len: u64, original: &File) -> io::Result<bool> {
    let head = PREFIX_BYTES_MAX.min(len as usize);
    let tail = len.saturating_sub(PREFIX_BYTES_MAX as u64);
    Ok(read_at(copy, 0, head)? == read_at(original, 0, head)?
        && read_at(copy, tail, (len - tail) as usize)?
            == read_at(original, tail, (len - tail) as usize)?)
}

/// Up to `len` bytes from `offset`; fewer only at the end of the file.
pub(crate) fn read_at(file: &File, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(len);
    fill(file, offset, &mut bytes, len)?;
    Ok(bytes)
}

/// Reads on, until `bytes`, which begins at `offset`, has `len` of them or the file ends.
pub(crate) fn fill(file: &File, offset: u64, bytes: &mut Vec<u8>, len: usize) -> io::Result<()> {
    bytes.reserve_exact(len.saturating_sub(bytes.len()));
    while bytes.len() < len {
        let at = offset + bytes.len() as u64;
        // The allocator may have given more room than asked for; what that holds is dropped again.
        match rustix::io::pread(file, spare_capacity(bytes), at) {
            Ok(0) => break,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(len);
    Ok(())
}

/// The last bytes before an offset, and the first of the file: what a [`Mark`] is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail {
    /// The first bytes of the file, not more than [`PREFIX_BYTES_MAX`].
    prefix: Vec<u8>,
    /// The last bytes before the offset, not more than [`TAIL_BYTES_MAX`].
    tail: Vec<u8>,
}

impl Trail {
    /// Goes on by `bytes`.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = PREFIX_BYTES_MAX - self.prefix.len();
        self.prefix.extend_from_slice(&bytes[..room.min(bytes.len())]);
        push_tail(&mut self.tail, bytes);
    }

    pub(crate) fn mark(&self, inode: Inode) -> Mark {
        Mark {
            dev: inode.dev,
            ino: inode.ino,
            prefix_len: self.prefix.len() as u32,
            prefix_hash: xxh3_128(&self.prefix),
            tail_len: self.tail.len() as u32,
            tail_hash: xxh3_128(&self.tail),
        }
    }

    /// Whether the file begins as the one of `mark` did; `None` if too little of it was seen yet.
    pub(crate) fn begins_as(&self, mark: &Mark) -> Option<bool> {
        let prefix = self.prefix.get(..mark.prefix_len as usize)?;
        Some(xxh3_128(prefix) == mark.prefix_hash)
    }

    /// Whether the bytes right before this offset are those of `mark`.
    pub(crate) fn ends_as(&self, mark: &Mark) -> bool {
        let from = self.tail.len().checked_sub(mark.tail_len as usize);
        from.is_some_and(|from| xxh3_128(&self.tail[from..]) == mark.tail_hash)
    }
}

/// Keeps the last [`TAIL_BYTES_MAX`] bytes of `tail` followed by `bytes`.
pub(crate) fn push_tail(tail: &mut Vec<u8>, bytes: &[u8]) {
    let news = &bytes[bytes.len().saturating_sub(TAIL_BYTES_MAX)..];
    let surplus = (tail.len() + news.len()).saturating_sub(TAIL_BYTES_MAX);
    tail.drain(..surplus);
    tail.extend_from_slice(news);
}
