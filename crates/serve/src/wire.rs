//! A snapshot's rows in memory as bytes, from the process that ingests to the one that asks.
//!
//! ```text
//! magic (8 bytes) │ length of header (u64, little endian) │ header (JSON) │ batch …
//! batch: length (u64, little endian) │ Arrow IPC stream of one batch
//! ```

use std::io::{self, Read, Write};
use std::path::PathBuf;

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use fillwatch_model::FileId;
use fillwatch_store::{Exported, RunningClose, SourceState};
use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 8] = b"FWSNAP02";

/// More than any header or batch has; a peer that claims more is none of ours.
const PART_BYTES_MAX: u64 = 4 << 30;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    events_version: u64,
    quarantine_version: u64,
    closes_version: Option<u64>,
    retained_from: Option<i32>,
    columns: Vec<(String, String)>,
    events: usize,
    quarantine: usize,
    /// The instants of the running closes, and what they were made by; each has one batch.
    running: Vec<(i64, String)>,
    sources: Vec<Source>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    id: u64,
    path: PathBuf,
    read_bytes: u64,
    committed_bytes: u64,
    rows: u64,
    rejects: u64,
    conflicts: u64,
    first_seen: i64,
    last_read: i64,
    inode: u64,
}

/// Writes what a snapshot holds in memory.
pub(crate) fn write(exported: &Exported, out: &mut impl Write) -> io::Result<()> {
    let header = Header {
        events_version: exported.events_version,
        quarantine_version: exported.quarantine_version,
        closes_version: exported.closes_version,
        retained_from: exported.retained_from,
        columns: exported.columns.clone(),
        events: exported.events.len(),
        quarantine: exported.quarantine.len(),
        running: exported
            .running
            .iter()
            .map(|close| (close.at, close.definition.clone()))
            .collect(),
        sources: exported.sources.iter().map(Source::of).collect(),
    };
    out.write_all(MAGIC)?;
    write_part(&serde_json::to_vec(&header)?, out)?;
    let running = exported.running.iter().map(|close| &close.rows);
    for batch in exported.events.iter().chain(&exported.quarantine).chain(running) {
        write_part(&encode(batch).map_err(io::Error::other)?, out)?;
    }
    out.flush()
}

/// Reads what [`write`] wrote.
pub(crate) fn read(input: &mut impl Read) -> io::Result<Exported> {
    let mut magic = [0; 8];
    input.read_exact(&mut magic)?;
    if &magic != MAGIC {
        return Err(io::Error::other("the running fillwatch is of another version"));
    }
    let header: Header = serde_json::from_slice(&read_part(input)?)?;
    let mut batches = |count: usize| -> io::Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        for _ in 0..count {
            let part = read_part(input)?;
            let reader = StreamReader::try_new(part.as_slice(), None).map_err(io::Error::other)?;
            for batch in reader {
                batches.push(batch.map_err(io::Error::other)?);
            }
        }
        Ok(batches)
    };
    let (events, quarantine) = (batches(header.events)?, batches(header.quarantine)?);
    let rows = batches(header.running.len())?;
    if rows.len() != header.running.len() {
        return Err(io::Error::other("a running close of the snapshot is not one batch"));
    }
    let running = header.running.into_iter().zip(rows);
    Ok(Exported {
        events_version: header.events_version,
        quarantine_version: header.quarantine_version,
        closes_version: header.closes_version,
        retained_from: header.retained_from,
        columns: header.columns,
        events,
        quarantine,
        running: running
            .map(|((at, definition), rows)| RunningClose { at, definition, rows })
            .collect(),
        sources: header.sources.into_iter().map(Source::into_state).collect(),
    })
}

fn encode(batch: &RecordBatch) -> Result<Vec<u8>, arrow::error::ArrowError> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema())?;
    writer.write(batch)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

fn write_part(bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    out.write_all(&(bytes.len() as u64).to_le_bytes())?;
    out.write_all(bytes)
}

fn read_part(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > PART_BYTES_MAX {
        return Err(io::Error::other("a part of the snapshot is absurdly long"));
    }
    let mut part = Vec::new();
    input.take(length).read_to_end(&mut part)?;
    if part.len() as u64 == length { Ok(part) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

impl Source {
    fn of(state: &SourceState) -> Source {
        Source {
            id: state.id.0,
            path: state.path.clone(),
            read_bytes: state.read_bytes,
            committed_bytes: state.committed_bytes,
            rows: state.rows,
            rejects: state.rejects,
            conflicts: state.conflicts,
            first_seen: state.first_seen,
            last_read: state.last_read,
            inode: state.inode,
        }
    }

    fn into_state(self) -> SourceState {
        SourceState {
            id: FileId(self.id),
            path: self.path,
            read_bytes: self.read_bytes,
            committed_bytes: self.committed_bytes,
            size_bytes: None,
            rows: self.rows,
            rejects: self.rejects,
            conflicts: self.conflicts,
            first_seen: self.first_seen,
            last_read: self.last_read,
            inode: self.inode,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn exported() -> Exported {
        let batch = RecordBatch::try_from_iter([
            ("kind", Arc::new(StringArray::from(vec!["fill", "log"])) as ArrayRef),
            ("offset", Arc::new(Int64Array::from(vec![0, 17]))),
        ]);
        let batch = batch.unwrap();
        let running = |at, rows| RunningClose { at, definition: "abc".to_owned(), rows };
        Exported {
            events_version: 7,
            quarantine_version: 3,
            closes_version: Some(0),
            retained_from: Some(20_000),
            columns: vec![("kind".to_owned(), "text".to_owned())],
            events: vec![batch.clone()],
            quarantine: vec![],
            running: vec![running(60, batch.slice(0, 0)), running(120, batch)],
            sources: vec![],
        }
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let mut bytes = Vec::new();
        write(&exported(), &mut bytes).unwrap();
        assert_eq!(read(&mut bytes.as_slice()).unwrap(), exported());
    }

    #[test]
    fn a_peer_that_dies_midway_is_an_error_and_no_half_snapshot() {
        let mut bytes = Vec::new();
        write(&exported(), &mut bytes).unwrap();
        for length in 0..bytes.len() {
            assert!(read(&mut &bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
    }
}
