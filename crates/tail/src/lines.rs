//! Cutting bytes into pieces: whole lines, lines over the limit, and holes.

use fillwatch_model::Body;
use fillwatch_model::limits::TOO_LONG_HEAD_BYTES;
use memchr::{memchr, memmem, memrchr};
use xxhash_rust::xxh3::Xxh3;

use crate::Options;

/// How large a piece may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Of a line, without its newline.
    pub(crate) line_bytes_max: usize,
    /// Of a piece, unless it is one longer line.
    pub(crate) chunk_bytes: usize,
}

impl Limits {
    pub(crate) fn of(options: &Options) -> Limits {
        let line_bytes_max = options.line_bytes_max.max(1);
        // No line inside a chunk can then be over the limit, so only the last needs looking at.
        let chunk_bytes = options.chunk_bytes.clamp(1, line_bytes_max.saturating_add(1));
        Limits { line_bytes_max, chunk_bytes }
    }
}

/// What was found from an offset on.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The offset after it.
    pub(crate) to: u64,
    pub(crate) body: Body,
}

/// How bytes that begin with a line begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// This many bytes are whole lines.
    Lines(usize),
    /// With a NUL, where a line should.
    Nuls,
    /// With a line that does not end here.
    Unfinished,
}

/// Cuts at the last newline, or before the first line that begins with a NUL: such a run is what a
/// truncation under an open writer, or a power cut, left.
pub(crate) fn cut(bytes: &[u8]) -> Cut {
    if bytes.first() == Some(&0) {
        return Cut::Nuls;
    }
    let lines = memmem::find(bytes, b"\n\0").map_or(bytes.len(), |newline| newline + 1);
    match memrchr(b'\n', &bytes[..lines]) {
        Some(newline) => Cut::Lines(newline + 1),
        None => Cut::Unfinished,
    }
}

/// A line over the limit, on the way to its end. It is hashed and counted, and not kept.
pub(crate) struct Skim {
    /// Offset up to which it was read.
    pub(crate) at: u64,
    head: Vec<u8>,
    hash: Xxh3,
}

impl Skim {
    /// Begins with `bytes` of the line that begins at `offset`; they have no newline.
    pub(crate) fn begin(offset: u64, bytes: &[u8]) -> Skim {
        let mut skim = Skim { at: offset, head: Vec::new(), hash: Xxh3::new() };
        skim.push(bytes);
        skim
    }

    /// The line's first bytes.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Goes on. Says how many of `bytes` belong to the line, its newline among them, once it ends.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        let newline = memchr(b'\n', bytes);
        self.push(&bytes[..newline.unwrap_or(bytes.len())]);
        self.at += u64::from(newline.is_some());
        newline.map(|newline| newline + 1)
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = TOO_LONG_HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.hash.update(bytes);
        self.at += bytes.len() as u64;
    }

    /// The line has ended.
    pub(crate) fn finish(&mut self) -> Piece {
        let body =
            Body::TooLong { head: std::mem::take(&mut self.head), hash: self.hash.digest128() };
        Piece { to: self.at, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_with_a_newline_or_before_a_hole() {
        assert_eq!(cut(b"one\ntwo\nthr"), Cut::Lines(8));
        assert_eq!(cut(b"one\n\0\0\0two\n"), Cut::Lines(4));
        assert_eq!(cut(b"\0\0one\n"), Cut::Nuls);
        assert_eq!(cut(b"one"), Cut::Unfinished);
        assert_eq!(cut(b"a\0b\n"), Cut::Lines(4));
        assert_eq!(cut(b""), Cut::Unfinished);
    }
}
