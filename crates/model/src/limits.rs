//! A bound on everything, with the reason. Where a user may move one, this is its default.

use std::time::Duration;

/// A line of more bytes than this is quarantined by its head. The longest line found in the logs of
/// 68 public bots has 135,495 bytes; eight times that is a runaway, not a log line.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// How much of a line that is too long is kept, enough to see whose it is.
pub const TOO_LONG_HEAD_BYTES: usize = 4 << 10;

/// How much of a file is read at once. Large enough that a system call is nothing beside the
/// decoding, small enough that a few in flight stay in the cache.
pub const CHUNK_BYTES: usize = 256 << 10;

/// Chunks in flight between the tailer and one decoder. With [`LINE_BYTES_MAX`] this bounds the
/// memory of the arrow: 32 × (256 KiB + 1 MiB) at worst.
pub const CHUNKS_IN_FLIGHT: usize = 32;

/// Bytes that a decoder gathers from waiting chunks into one batch. A batch has a fixed cost per
/// column; ten thousand quiet files must not each pay it for one line.
pub const BATCH_BYTES: usize = 4 << 20;

/// Rows of one batch: what one batch of [`BATCH_BYTES`] of the shortest sensible lines has.
pub const BATCH_ROWS_MAX: usize = 128 << 10;

/// How much of a file's beginning recognises it. The prefix grows with the file up to here.
pub const PREFIX_BYTES_MAX: usize = 4 << 10;

/// How many bytes before an offset recognise a file at that offset. A few log lines: with a time
/// and an id in each, no two files share them.
pub const TAIL_BYTES_MAX: usize = 1 << 10;

/// Descriptors the tailer keeps open. Half of the usual soft limit of 1,024, so that the table, the
/// sockets and the state have room; past it the files longest unread are closed and reopened later.
pub const OPEN_FILES_MAX: usize = 512;

/// How long a change may go unseen when notification fails.
pub const SWEEP_INTERVAL: Duration = Duration::from_millis(250);

/// How often new files are looked for by walking the directories when nothing notified us.
pub const DISCOVERY_INTERVAL: Duration = Duration::from_secs(1);

/// A commit is made this long after the first row that waits for it…
pub const COMMIT_INTERVAL: Duration = Duration::from_secs(5);

/// …or when the rows that wait were made from this many bytes of log.
pub const COMMIT_BYTES: u64 = 64 << 20;

/// Rows in memory: those that wait for a commit and those that stand in for a recent small file.
/// Ingest stops reading, and the log waits on disk, rather than pass it; a commit is made when half
/// of it is taken. One commit's rows and the next one's: more only makes memory of it, not speed.
pub const HOT_BYTES_MAX: usize = 128 << 20;

/// How far back the state as of a whole hour is kept in memory: a question as of any time of the
/// last day finds one within the hour, until well after the day before has its close on disk.
pub const RUNNING_CLOSE_AGE: Duration = Duration::from_secs(26 * 60 * 60);

/// Bytes of those states, all together: twenty-seven of ten thousand rows. Each process that asks
/// is handed them all. Past it the oldest go, and a question as of their time takes longer.
pub const RUNNING_CLOSE_BYTES_MAX: usize = 64 << 20;

/// Columns of `events`. Each costs an entry in every Parquet footer and in the table's schema; a
/// log that has more is keyed by data.
pub const COLUMNS_MAX: usize = 512;

/// Distinct children past which an object is taken as keyed by data (tickers, ids) and stays JSON.
pub const OBJECT_KEYS_MAX: usize = 64;

/// Levels of nesting that are read. Python's own JSON writer stops at about a thousand; a log line
/// has five.
pub const NESTING_MAX: usize = 128;

const _: () = assert!(TOO_LONG_HEAD_BYTES <= LINE_BYTES_MAX);
const _: () = assert!(CHUNK_BYTES <= BATCH_BYTES);
const _: () = assert!(TAIL_BYTES_MAX <= PREFIX_BYTES_MAX);
const _: () = assert!((COMMIT_BYTES as usize) < HOT_BYTES_MAX);
const _: () = assert!(super::CANONICAL.len() < COLUMNS_MAX);
