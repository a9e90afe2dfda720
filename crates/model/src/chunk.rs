//! tail → decode.

use std::sync::Arc;

use crate::{LogFile, Mark, Micros};

/// A contiguous piece of one file, cut between lines.
///
/// The chunks of one generation arrive in order and without gaps: each one's `from` is the `to` of
/// the one before, so that "every line before this offset" can be said of any prefix of them.
#[derive(Clone, Debug)]
pub struct LineChunk {
    /// The file.
    pub file: Arc<LogFile>,
    /// Offset of the first byte. In a compressed log, offsets count decompressed bytes.
    pub from: u64,
    /// Offset after the last byte.
    pub to: u64,
    /// What lies between.
    pub body: Body,
    /// Recognises the file with everything before `to` read.
    pub mark: Mark,
    /// When it was read.
    pub read_at: Micros,
}

/// What lies between two offsets of a file.
#[derive(Clone, Debug)]
pub enum Body {
    /// Whole lines, `to - from` bytes. Only the last may lack its newline, and only in a file that
    /// will not grow any more (rotated away or deleted).
    Lines(Vec<u8>),
    /// One line of more than the limit, of which only this is kept.
    TooLong {
        /// Its first [`limits::TOO_LONG_HEAD_BYTES`](crate::limits::TOO_LONG_HEAD_BYTES) bytes.
        head: Vec<u8>,
        /// XXH3-128 of all of it, without its newline.
        hash: u128,
    },
    /// Bytes that hold nothing: a run of NULs that a truncation under an open writer left behind.
    Hole,
}
