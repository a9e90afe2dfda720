//! The decoder's tests: text in, text out.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use expect_test::Expect;
use fillwatch_model::{
    Body, Decoded, Fields, FileId, LineChunk, LogFile, Mark, Micros, SourceId, limits,
};

use crate::{Decoder, Mapping};

mod columns;
mod fixtures;
mod kinds;
mod lines;
mod mappings;
mod naive;
mod properties;
mod survey;

/// 2026-01-02 03:04:05, when every chunk of a test was read.
const READ_AT: Micros = 1_767_323_045_000_000;

/// Decodes `jsonl` as the log `bot/log.jsonl` and compares its rows, one a line, their columns that
/// are not null, without those that say where the row comes from.
fn check(jsonl: &str, expected: Expect) {
    check_file("bot/log.jsonl", jsonl, expected);
}

/// The same for a log of another name.
fn check_file(path: &str, jsonl: &str, expected: Expect) {
    check_mapped(Mapping::default(), path, jsonl, expected);
}

/// The same for a source with a mapping.
fn check_mapped(mapping: Mapping, path: &str, jsonl: &str, expected: Expect) {
    let mut decoder = decoder(mapping);
    let decoded = decoder.decode(&[chunk(path, 0, jsonl.as_bytes())]);
    expected.assert_eq(&shown(&decoded));
}

fn decoder(mapping: Mapping) -> Decoder {
    Decoder::new([mapping].into(), Arc::new(Fields::new(limits::COLUMNS_MAX)))
}

fn chunk(path: &str, from: u64, bytes: &[u8]) -> LineChunk {
    let file = LogFile { id: FileId(7), path: Path::new(path).into(), source: SourceId(0) };
    let mark = Mark { dev: 0, ino: 0, prefix_len: 0, prefix_hash: 0, tail_len: 0, tail_hash: 0 };
    LineChunk {
        file: Arc::new(file),
        from,
        to: from + bytes.len() as u64,
        body: Body::Lines(bytes.to_vec()),
        mark,
        read_at: READ_AT,
    }
}

/// Rows, then rejects, then conflicts.
fn shown(decoded: &Decoded) -> String {
    shown_with(decoded, &["bot"])
}

fn shown_with(decoded: &Decoded, hidden: &[&str]) -> String {
    let mut text = String::new();
    for row in 0..decoded.batch.num_rows() {
        text.push_str(&row_shown(&decoded.batch, row, hidden));
        text.push('\n');
    }
    for reject in &decoded.rejects {
        let raw = String::from_utf8_lossy(&reject.raw);
        text.push_str(&format!("! {} {}: {raw:?}\n", reject.offset, reject.reason));
    }
    let conflicts: u64 = decoded.fields.iter().map(|field| field.conflicts).sum();
    if conflicts > 0 {
        text.push_str(&format!("{conflicts} conflicts\n"));
    }
    text
}

/// One row as `time kind column=value …`, without the columns in `hidden`.
fn row_shown(batch: &RecordBatch, row: usize, hidden: &[&str]) -> String {
    let value = |name: &str| batch.column_by_name(name).and_then(|array| cell(array, row));
    let inferred = if value("ts_inferred").as_deref() == Some("true") { "~" } else { "" };
    let mut text = format!(
        "{inferred}{} {}",
        value("ts").unwrap_or_default(),
        value("kind").unwrap_or_default()
    );
    const PLACE: [&str; 7] =
        ["ts", "kind", "ts_inferred", "file", "file_id", "offset", "ingested_at"];
    for (at, field) in batch.schema().fields().iter().enumerate() {
        let name = field.name().as_str();
        if PLACE.contains(&name) || hidden.contains(&name) {
            continue;
        }
        if let Some(value) = cell(batch.column(at), row) {
            text.push_str(&format!(" {name}={value}"));
        }
    }
    text
}

fn cell(array: &ArrayRef, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Utf8 => quoted(array.as_string::<i32>().value(row)),
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_dictionary::<Int32Type>();
            let key = dictionary.keys().value(row) as usize;
            dictionary.values().as_string::<i32>().value(key).to_owned()
        }
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        _ => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            let time = chrono::DateTime::from_timestamp_micros(micros).unwrap();
            time.format("%Y-%m-%dT%H:%M:%S%.f").to_string()
        }
    })
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-.:/{}\"[],@#%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{text}'") }
}
