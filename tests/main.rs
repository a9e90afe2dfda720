//! The integration tests: one binary, so that DataFusion is linked once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on had better stop")]

mod cli; // the real binary as a person uses it
mod docs; // docs/metrics.md and the headers of the views
mod kill; // the real binary under kill -9, checked by a stranger
mod measures; // every figure, worked out again by other means
mod pipeline; // the whole way of a line, in this process
mod rules; // rows as alerts
mod sql; // the views, by SQL text, in memory, on disk and half of each
mod store; // rows in, rows out, crashes and failing disks in between
mod tidy; // house rules
