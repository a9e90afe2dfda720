//! The running system: where the stages are wired together, and the only place that spawns.
//!
//! ```text
//! one thread            one or two threads      tasks of the runtime
//! tail ── LineChunk ──▶ decode ── Decoded ──▶ store ── commit, compact, retain
//!        bounded channel         waits for room     ├─ snapshot ─▶ socket ─▶ other processes
//!                                                   └─ snapshot ─▶ close ──▶ store
//! ```
//!
//! Every arrow is bounded: when the disk is full the commit waits, then the store, then the
//! decoder, then the tailer, and the lines wait where they are safe, in the log.

mod clock;
mod error;
mod observer;
mod settings;
// The way of a line.
mod gauges;
mod pipeline;
mod upkeep;
// From day to day.
mod closing;
// From tick to tick.
mod rules;
// What runs it.
mod ingest;
mod watch;
// How other processes see it.
mod reference;
mod socket;
mod tables;
mod wire;
// What is said about it.
mod status;
mod verify;

pub use clock::SystemClock;
pub use error::ServeError;
pub use gauges::Progress;
pub use ingest::ingest;
pub use observer::{Observer, Silent, Trouble};
pub use reference::References;
pub use rules::backtest::{Backtested, backtest};
pub use rules::look::{Evaluated, Look, Looks};
pub use rules::prepared::Prepared;
pub use rules::rehearsal::{Fault, Rehearsed, rehearse};
pub use rules::settings::{RuleNews, RuleSettings};
pub use settings::Settings;
pub use status::{Status, status};
pub use tables::{Attached, attach, tables};
pub use verify::{Audit, AuditedFile, verify};
pub use watch::watch;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Log files in sight.
    pub files: u64,
    /// Bytes of log read.
    pub bytes: u64,
    /// Rows made of them.
    pub rows: u64,
    /// Lines that are no rows.
    pub rejects: u64,
    /// Commits made.
    pub commits: u64,
    /// Last lines without a newline that wait for it: the file, and how many bytes.
    pub unfinished: Vec<(std::path::PathBuf, u64)>,
    /// It was told to stop before it was done.
    pub interrupted: bool,
}
