//! Which bytes of which file: finds log files, follows them through every rotation there is, and
//! hands their lines over in chunks, each once.
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use fillwatch_model::{LineChunk, ManualClock, SourceId};
//! use fillwatch_tail::{Closed, Event, Options, Sink, Source, Tailer};
//!
//! struct Print;
//!
//! impl Sink for Print {
//!     fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed> {
//!         println!("{} {}..{}", chunk.file.path.display(), chunk.from, chunk.to);
//!         Ok(())
//!     }
//!
//!     fn event(&mut self, event: Event) {
//!         println!("{event:?}");
//!     }
//! }
//!
//! let source = Source::new(SourceId(0), "/var/log/bots", &[])?;
//! let clock = Arc::new(ManualClock::at(0));
//! let mut tailer = Tailer::new(vec![source], Vec::new(), Options::default(), clock)?;
//! loop {
//!     if tailer.sweep(&mut Print)?.at_end {
//!         tailer.wait(Duration::from_millis(250));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What holds, whatever is done to the files:
//!
//! - The chunks of one generation are contiguous, and each ends where a line ends.
//! - No byte is handed over unless the bytes before it are, at that moment, those we read.
//! - An error from the system is never taken for the absence of a file.
//! - What was written and can not be read any more is counted in an [`Event::Gap`].
//! - Nothing depends on the wall clock, and nothing but latency on notification.

mod name;
mod options;
mod source;

mod event;

mod identity;
mod lines;
mod plain;

mod discover;
mod notice;

mod generation;
mod index;
mod tailer;

mod archive;
mod foreign;
mod look;
mod recognise;
mod shorter;
mod status;
mod turn;

pub use archive::open_plain;
pub use event::{Closed, Event, Loss, Sink};
pub use notice::Waker;
pub use options::Options;
pub use source::{Source, SourceError};
pub use status::{FileState, FileStatus};
pub use tailer::{Swept, TailError, Tailer};
