//! What the tailer does, on real files: rotation, truncation, archives, restarts, odd lines.
#![expect(clippy::unwrap_used, reason = "a stage that cannot be set is a failed test")]

mod copies;
mod foreign;
mod lines;
mod notice;
mod recognition;
mod rotation;
mod script;
mod sources;
