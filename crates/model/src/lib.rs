//! The vocabulary of fillwatch: the types that pass between its stages, and nothing that acts.
//!
//! ```text
//! tail ─ LineChunk ─▶ decode ─ Decoded ─▶ store ─▶ query
//! ```
//!
//! A stage knows the type it consumes and the type it produces, both from here, and no neighbour.
//! There is no I/O here, no async, and no clock is read: time comes in through [`Clock`].

mod chunk;
mod clock;
mod column;
mod decoded;
mod fields;
mod file;
mod kind;
pub mod limits;

pub use chunk::{Body, LineChunk};
pub use clock::{Clock, ManualClock, Micros};
pub use column::{CANONICAL, Column, ColumnType, canonical};
pub use decoded::{Decoded, FieldUse, Progress, Reason, Reject};
pub use fields::{ColumnId, Fields};
pub use file::{FileId, KnownFile, LogFile, Mark, SourceId};
pub use kind::Kind;
