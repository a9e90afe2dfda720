//! What may be moved.

use std::time::Duration;

use fillwatch_model::limits;

/// How the tailer goes about it. [`Options::default`] is meant to be left alone.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often every file is looked at. Correctness rests on this; notification only shortens
    /// what a reader waits. While notification works, files that have not changed for forty
    /// intervals are looked at every fourth time.
    pub sweep_interval: Duration,
    /// How often new files are looked for by walking the directories.
    pub discovery_interval: Duration,
    /// A longer line is reported by its head, length and hash.
    pub line_bytes_max: usize,
    /// How much is read, and handed over, at once.
    pub chunk_bytes: usize,
    /// How much one file may be read before the others have their turn.
    pub turn_bytes: u64,
    /// Descriptors kept open. A file that is gone from its directory keeps its descriptor beyond
    /// this number until it is read: there is no other way to its bytes.
    pub open_files_max: usize,
    /// How many sweeps a rotated file must have been quiet before a last line without newline is
    /// taken as finished, or a deleted file as ended: its writer may hold it open for a while.
    pub grace_sweeps: u32,
    /// Ended generations remembered, so that a late copy or archive of one is not read again.
    pub remembered_max: usize,
    /// Ask the kernel for notification (inotify).
    pub notify: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            sweep_interval: limits::SWEEP_INTERVAL,
            discovery_interval: limits::DISCOVERY_INTERVAL,
            line_bytes_max: limits::LINE_BYTES_MAX,
            chunk_bytes: limits::CHUNK_BYTES,
            turn_bytes: 4 * limits::CHUNK_BYTES as u64,
            open_files_max: limits::OPEN_FILES_MAX,
            grace_sweeps: 20,
            remembered_max: 100_000,
            notify: true,
        }
    }
}
