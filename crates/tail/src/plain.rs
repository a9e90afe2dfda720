//! Reading a file that is not compressed, from where its mark says we are.

use std::fs::File;
use std::io;

use fillwatch_model::limits::{PREFIX_BYTES_MAX, TAIL_BYTES_MAX};
use fillwatch_model::{Body, Mark};
use rustix::fs::SeekFrom;
use xxhash_rust::xxh3::xxh3_128;

use crate::identity::{fill, push_tail, read_at};
use crate::lines::{Cut, Limits, Piece, Skim, cut};

/// How much of a long line, or of a hole, is looked at before others have their turn.
const SKIM_BYTES: u64 = 8 << 20;

/// What lies after an offset.
pub(crate) enum Next {
    /// This, and the mark after it.
    Piece(Piece, Mark),
    /// A line over the limit goes on; ask again.
    More,
    /// This many bytes that are no whole line yet; maybe none.
    Waiting(u64),
    /// Another file's contents: what is before the offset is not what we read.
    Replaced,
}

/// What was found, before it is known whether it is ours.
enum Found {
    Piece(Piece),
    More,
    Waiting(u64),
    Replaced,
}

/// Reads what lies after `offset`. With `last`, the file will not grow, so a line without newline
/// is one.
pub(crate) fn next(
    file: &File,
    (offset, mark): (u64, &Mark),
    skim: &mut Option<Box<Skim>>,
    limits: Limits,
    last: bool,
) -> io::Result<Next> {
    let size = file.metadata()?.len();
    let from = skim.as_ref().map_or(offset, |skim| skim.at);
    if size < from {
        return Ok(Next::Replaced);
    }
    let found = match skim {
        Some(line) => skim_on(file, offset, line, last)?,
        None if size == offset => Found::Waiting(0),
        None => look(file, offset, size, skim, limits, last)?,
    };
    if matches!(found, Found::Piece(_)) {
        *skim = None;
    }
    settle(file, offset, mark, found)
}

/// Checks that what was found is ours, now that it has been read, and marks the place after it.
fn settle(file: &File, offset: u64, mark: &Mark, found: Found) -> io::Result<Next> {
    let after = match &found {
        Found::Replaced => return Ok(Next::Replaced),
        Found::Piece(piece) => Some(Surroundings::read(file, offset, mark, piece)?),
        Found::More | Found::Waiting(_) => None,
    };
    let mut tail = read_at(file, offset - u64::from(mark.tail_len), mark.tail_len as usize)?;
    if xxh3_128(&tail) != mark.tail_hash {
        return Ok(Next::Replaced);
    }
    Ok(match (found, after) {
        (Found::Piece(piece), Some(after)) => match after.mark(mark, &mut tail, &piece) {
            Some(mark) => Next::Piece(piece, mark),
            None => Next::Replaced,
        },
        (Found::Waiting(bytes), _) => Next::Waiting(bytes),
        _ => Next::More,
    })
}

/// The bytes a mark is made of that are not in the piece itself. Read before the tail is checked,
/// so that the check vouches for them.
struct Surroundings {
    /// The file's first bytes up to the piece, while they are not all in the mark yet.
    prefix: Option<Vec<u8>>,
    /// The last bytes of a piece that was not kept.
    tail: Option<Vec<u8>>,
}

impl Surroundings {
    fn read(file: &File, offset: u64, mark: &Mark, piece: &Piece) -> io::Result<Surroundings> {
        let grows = (mark.prefix_len as usize) < PREFIX_BYTES_MAX;
        let kept = matches!(piece.body, Body::Lines(_));
        let prefix_end = if kept { offset } else { piece.to };
        let prefix_len = PREFIX_BYTES_MAX.min(prefix_end as usize);
        let tail_len = TAIL_BYTES_MAX.min(piece.to as usize);
        Ok(Surroundings {
            prefix: grows.then(|| read_at(file, 0, prefix_len)).transpose()?,
            tail: (!kept)
                .then(|| read_at(file, piece.to - tail_len as u64, tail_len))
                .transpose()?,
        })
    }

    /// The mark after `piece`, given the mark and the `tail` before it. `None` if the file begins
    /// otherwise than it did.
    fn mark(self, before: &Mark, tail: &mut Vec<u8>, piece: &Piece) -> Option<Mark> {
        let mut after = *before;
        let lines: &[u8] = match &piece.body {
            Body::Lines(lines) => lines,
            Body::TooLong { .. } | Body::Hole => &[],
        };
        if let Some(mut prefix) = self.prefix {
            let known = prefix.get(..before.prefix_len as usize)?;
            if xxh3_128(known) != before.prefix_hash {
                return None;
            }
            let room = PREFIX_BYTES_MAX - prefix.len();
            prefix.extend_from_slice(&lines[..room.min(lines.len())]);
            after.prefix_len = prefix.len() as u32;
            after.prefix_hash = xxh3_128(&prefix);
        }
        let tail = match &self.tail {
            Some(tail) => tail,
            None => {
                push_tail(tail, lines);
                tail
            }
        };
        after.tail_len = tail.len() as u32;
        after.tail_hash = xxh3_128(tail);
        Some(after)
    }
}

fn look(
    file: &File,
    offset: u64,
    size: u64,
    skim: &mut Option<Box<Skim>>,
    limits: Limits,
    last: bool,
) -> io::Result<Found> {
    let unread = usize::try_from(size - offset).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    fill(file, offset, &mut bytes, unread.min(limits.chunk_bytes))?;
    match cut(&bytes) {
        Cut::Lines(len) => return Ok(lines(offset, bytes, len)),
        Cut::Nuls => return hole(file, offset, last),
        Cut::Unfinished => {}
    }
    while bytes.len() < unread && bytes.len() <= limits.line_bytes_max {
        let searched = bytes.len();
        let more = searched.saturating_mul(2).min(limits.line_bytes_max + 1).min(unread);
        fill(file, offset, &mut bytes, more)?;
        if let Some(newline) = memchr::memchr(b'\n', &bytes[searched..]) {
            return Ok(lines(offset, bytes, searched + newline + 1));
        }
        if bytes.len() == searched {
            break;
        }
    }
    if bytes.len() > limits.line_bytes_max {
        *skim = Some(Box::new(Skim::begin(offset, &bytes)));
        return Ok(Found::More);
    }
    if last && !bytes.is_empty() {
        let len = bytes.len();
        return Ok(lines(offset, bytes, len));
    }
    Ok(Found::Waiting(bytes.len() as u64))
}

fn lines(offset: u64, mut bytes: Vec<u8>, len: usize) -> Found {
    bytes.truncate(len);
    Found::Piece(Piece { to: offset + len as u64, body: Body::Lines(bytes) })
}

/// Goes on with a line over the limit.
fn skim_on(file: &File, offset: u64, line: &mut Skim, last: bool) -> io::Result<Found> {
    let stop = line.at + SKIM_BYTES;
    let mut bytes = Vec::new();
    let mut ended = false;
    while !ended && line.at < stop {
        bytes.clear();
        fill(file, line.at, &mut bytes, 256 << 10)?;
        if bytes.is_empty() && !last {
            return Ok(Found::Waiting(line.at - offset));
        }
        ended = bytes.is_empty() || line.feed(&bytes).is_some();
    }
    // The bytes before the offset say nothing about a line this long; its own beginning does.
    if read_at(file, offset, line.head().len())? != line.head() {
        return Ok(Found::Replaced);
    }
    Ok(if ended { Found::Piece(line.finish()) } else { Found::More })
}

/// Finds the end of a run of NULs. One that reaches the end of the file may be room set aside for
/// lines to come, so it waits.
fn hole(file: &File, offset: u64, last: bool) -> io::Result<Found> {
    let mut at = offset;
    let mut bytes = Vec::new();
    loop {
        at = next_data(file, at)?;
        bytes.clear();
        fill(file, at, &mut bytes, 64 << 10)?;
        if let Some(nuls) = bytes.iter().position(|byte| *byte != 0) {
            return Ok(Found::Piece(Piece { to: at + nuls as u64, body: Body::Hole }));
        }
        at += bytes.len() as u64;
        if bytes.is_empty() {
            break;
        }
    }
    let to = at.min(file.metadata()?.len());
    Ok(if last && to > offset {
        Found::Piece(Piece { to, body: Body::Hole })
    } else {
        Found::Waiting(to.saturating_sub(offset))
    })
}

/// The next offset from `at` on that the file system keeps bytes for.
fn next_data(file: &File, at: u64) -> io::Result<u64> {
    match rustix::fs::seek(file, SeekFrom::Data(at)) {
        Ok(data) => Ok(data),
        // Nothing but hole up to the end.
        Err(rustix::io::Errno::NXIO) => Ok(file.metadata()?.len().max(at)),
        // A file system without sparse files.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => Ok(at),
        Err(error) => Err(error.into()),
    }
}
