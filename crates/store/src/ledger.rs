//! What the tables `sources` and `fields` show.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use fillwatch_model::{FileId, Micros, Progress};

use crate::error::Result;
use crate::state::{FieldState, FileState};

/// One generation of a log file: how far it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceState {
    /// The generation.
    pub id: FileId,
    /// The path under which it was first seen.
    pub path: PathBuf,
    /// Every line before this byte is visible to SQL.
    pub read_bytes: u64,
    /// Every line before this byte is on disk, in the table or in quarantine.
    pub committed_bytes: u64,
    /// Its size, if it still lies under its first path and is not compressed.
    pub size_bytes: Option<u64>,
    /// Rows of it in `events`.
    pub rows: u64,
    /// Its lines in `quarantine`.
    pub rejects: u64,
    /// Its values that did not fit their column and are kept in `attrs`.
    pub conflicts: u64,
    /// When it was first read.
    pub first_seen: Micros,
    /// When it was last read.
    pub last_read: Micros,
    /// Its inode number, by which its size is asked.
    pub inode: u64,
}

/// Counters of every file and every field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) sources: BTreeMap<FileId, SourceState>,
    pub(crate) fields: HashMap<String, FieldState>,
}

impl Ledger {
    pub(crate) fn new(files: &[FileState], fields: HashMap<String, FieldState>) -> Ledger {
        let sources = files.iter().map(|file| (file.id, SourceState::from(file))).collect();
        Ledger { sources, fields }
    }

    pub(crate) fn read(&mut self, progress: &Progress, now: Micros) {
        let source = self.sources.entry(progress.file.id).or_insert_with(|| SourceState {
            id: progress.file.id,
            path: progress.file.path.clone(),
            read_bytes: 0,
            committed_bytes: 0,
            size_bytes: None,
            rows: 0,
            rejects: 0,
            conflicts: 0,
            first_seen: now,
            last_read: now,
            inode: progress.mark.ino,
        });
        source.read_bytes = progress.to;
        source.rows += progress.rows;
        source.rejects += progress.rejects;
        source.conflicts += progress.conflicts;
        source.last_read = now;
        source.inode = progress.mark.ino;
    }

    pub(crate) fn committed(&mut self, id: FileId, to: u64) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.committed_bytes = to;
        }
    }

    pub(crate) fn count(&mut self, name: &str, values: u64, conflicts: u64, now: Micros) {
        let fresh = FieldState { first_seen: now, values: 0, conflicts: 0 };
        let field = self.fields.entry(name.to_owned()).or_insert(fresh);
        field.values += values;
        field.conflicts += conflicts;
    }

    /// The sources as another process reported them.
    pub(crate) fn with_sources(mut self, sources: Vec<SourceState>) -> Ledger {
        self.sources.extend(sources.into_iter().map(|source| (source.id, source)));
        self
    }

    /// The sources, with what the disk says of their sizes now.
    pub(crate) fn measured(&self) -> Vec<SourceState> {
        let mut sources: Vec<SourceState> = self.sources.values().cloned().collect();
        for source in &mut sources {
            source.size_bytes = size_of(&source.path, source.inode);
        }
        sources.sort_by(|a, b| (&a.path, a.first_seen).cmp(&(&b.path, b.first_seen)));
        sources
    }
}

/// Offsets in a compressed file count what it holds, so its size says nothing of the lag.
fn size_of(path: &Path, inode: u64) -> Option<u64> {
    let compressed =
        path.extension().is_some_and(|extension| extension == "gz" || extension == "zst");
    let metadata = fs::metadata(path).ok()?;
    (!compressed && metadata.ino() == inode).then_some(metadata.len())
}

impl From<&FileState> for SourceState {
    fn from(file: &FileState) -> SourceState {
        SourceState {
            id: file.id,
            path: file.path.clone(),
            read_bytes: file.offset,
            committed_bytes: file.offset,
            size_bytes: None,
            rows: file.rows,
            rejects: file.rejects,
            conflicts: file.conflicts,
            first_seen: file.first_seen,
            last_read: file.last_read,
            inode: file.mark.ino,
        }
    }
}

/// The table `sources`: one row per generation of a log file. Sizes and offsets are in bytes;
/// `lag_bytes` is what lies on disk and is not yet visible.
pub(crate) fn sources_batch(sources: &[SourceState]) -> Result<RecordBatch> {
    let int = |of: &dyn Fn(&SourceState) -> Option<u64>| -> ArrayRef {
        Arc::new(
            sources.iter().map(|source| of(source).map(u64::cast_signed)).collect::<Int64Array>(),
        )
    };
    let text = |of: &dyn Fn(&SourceState) -> String| -> ArrayRef {
        Arc::new(sources.iter().map(|source| Some(of(source))).collect::<StringArray>())
    };
    let time = |of: &dyn Fn(&SourceState) -> Micros| -> ArrayRef {
        let times: TimestampMicrosecondArray =
            sources.iter().map(|source| Some(of(source))).collect();
        Arc::new(times.with_timezone("UTC"))
    };
    let lag =
        |source: &SourceState| source.size_bytes.map(|size| size.saturating_sub(source.read_bytes));
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("file", text(&|source| source.path.to_string_lossy().into_owned()), true),
        ("file_id", text(&|source| source.id.to_string()), true),
        ("size_bytes", int(&|source| source.size_bytes), true),
        ("read_bytes", int(&|source| Some(source.read_bytes)), true),
        ("committed_bytes", int(&|source| Some(source.committed_bytes)), true),
        ("lag_bytes", int(&lag), true),
        ("rows", int(&|source| Some(source.rows)), true),
        ("rejects", int(&|source| Some(source.rejects)), true),
        ("conflicts", int(&|source| Some(source.conflicts)), true),
        ("first_seen", time(&|source| source.first_seen), true),
        ("last_read", time(&|source| source.last_read), true),
    ])?)
}

/// The table `fields`: one row per column of `events`.
pub(crate) fn fields_batch(
    columns: &[fillwatch_model::Column],
    ledger: &Ledger,
) -> Result<RecordBatch> {
    let state = |column: &fillwatch_model::Column| ledger.fields.get(&*column.name).copied();
    let names: StringArray = columns.iter().map(|column| Some(&*column.name)).collect();
    let types: StringArray = columns.iter().map(|column| Some(column.column_type.name())).collect();
    let first_seen: TimestampMicrosecondArray =
        columns.iter().map(|column| state(column).map(|field| field.first_seen)).collect();
    let count = |of: &dyn Fn(FieldState) -> u64| -> ArrayRef {
        let counts = columns.iter().map(|column| Some(state(column).map_or(0, of).cast_signed()));
        Arc::new(counts.collect::<Int64Array>())
    };
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("field", Arc::new(names) as ArrayRef, true),
        ("type", Arc::new(types) as ArrayRef, true),
        ("first_seen", Arc::new(first_seen.with_timezone("UTC")) as ArrayRef, true),
        ("values", count(&|field| field.values), true),
        ("conflicts", count(&|field| field.conflicts), true),
    ])?)
}
