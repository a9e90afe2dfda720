//! The vocabulary of fillwatch: the types that pass between its stages, and nothing that acts.
//!
//! ```text
//! tail ─ LineChunk ─▶ decode ─ Decoded ─▶ store ─▶ query ─ Row ─▶ rules ─ Transition ─▶ people
//! ```
//!
//! A stage knows the type it consumes and the type it produces, both from here, and no neighbour.
//! There is no I/O here, no async, and no clock is read: time comes in through [`Clock`].

mod alert;
mod chunk;
mod clock;
mod column;
mod decoded;
mod fields;
mod file;
mod kind;
pub mod limits;
mod row;
mod span;

pub use alert::{Belated, NoSeverity, Peak, Severity, Transition, Turn};
pub use chunk::{Body, LineChunk};
pub use clock::{Clock, ManualClock, Micros};
pub use column::{CANONICAL, Column, ColumnType, canonical};
pub use decoded::{Decoded, FieldUse, Progress, Reason, Reject};
pub use fields::{ColumnId, Fields};
pub use file::{FileId, KnownFile, LogFile, Mark, SourceId};
pub use kind::Kind;
pub use row::{Row, Value, show_time};
pub use span::{SPAN_FORM, parse_span, show_span, write_span};
