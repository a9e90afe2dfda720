//! What a log line means: chunks of JSON lines in, Arrow rows out, and what could not be read.
//!
//! ```
//! use std::sync::Arc;
//! use fillwatch_decode::{Decoder, Mapping};
//! use fillwatch_model::Fields;
//!
//! let mappings = [Mapping::default()].into();
//! let mut decoder = Decoder::new(mappings, Arc::new(Fields::new(512)));
//! let decoded = decoder.decode(&[]);
//! assert_eq!(decoded.batch.num_rows(), 0);
//! ```
//!
//! Decoding cannot fail and cannot panic: every line is one or more rows, or a reject, or blank. No
//! digit of a value is lost: what its column cannot hold exactly is kept in `attrs` as the log wrote
//! it.
//!
//! The life of a line, and the modules in reading order:
//!
//! 1. [`decoder`](Decoder) cuts chunks into lines, strips what stands before the object (`prefix`)
//!    and parts glued objects.
//! 2. `shape` compares the line's keys with those of lines before it; where they differ, `walk`
//!    reads them (`scan`) and numbers the new fields (`paths`).
//! 3. `verdict` tells the line's kind, from words (`kind`), the file's name (`bot`) or fields.
//! 4. `plan` decides once per shape and kind which column each value goes to, by the user's rules
//!    (`mapping`) and everybody's names (`names`); `row` does it, `columns` and `batch` hold it.

mod attrs;
mod batch;
mod bot;
mod columns;
mod decoder;
mod kind;
mod level;
mod mapping;
mod names;
mod number;
mod paths;
mod plan;
mod prefix;
mod row;
mod scan;
mod shape;
mod side;
mod source;
pub mod survey;
mod text;
mod time;
mod verdict;
mod walk;
mod words;

#[cfg(test)]
mod tests;

pub use decoder::Decoder;
pub use mapping::{FieldRule, Mapping, Unit};
pub use time::Form;
