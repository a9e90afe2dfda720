//! One Delta table as its single writer holds it: what is in it, and how that changes.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use fillwatch_model::{ColumnType, FileId};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::{Result, StoreError};
use crate::file::{DataFile, Resident, format_date};
use crate::log::{Log, Outcome};
use crate::retain::RETAINED_FROM;
use crate::rows::{DayRows, encode, with_columns_of};

/// A Delta table, held by the one process that may write to it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) log: Log,
    pub(crate) version: u64,
    table_id: String,
    created_ms: i64,
    /// The columns that the table's metadata names.
    schema: SchemaRef,
    /// Sorted by day and time.
    pub(crate) files: Arc<Vec<Arc<DataFile>>>,
    pub(crate) tombstones: HashMap<String, i64>,
    pub(crate) offsets: HashMap<FileId, u64>,
    pub(crate) retained_from: Option<i32>,
}

/// How far one commit takes one file generation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(crate) id: FileId,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// Rows, and the offsets they came from, for one commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Append<'a> {
    pub(crate) commit: &'a str,
    pub(crate) files: &'a [DataFile],
    pub(crate) reaches: &'a [Reach],
    pub(crate) schema: &'a SchemaRef,
    /// What the commit says of its sources.
    pub(crate) info: &'a Value,
    pub(crate) now_ms: i64,
}

/// Rows of a file that is kept in memory while it is young: what a busy bot logs between two
/// commits. A larger file is no slower to read from disk than its rows are to hold.
const RESIDENT_ROWS_MAX: u64 = 64 << 10;

/// How often a commit is tried anew on top of somebody else's.
const TRIES: usize = 3;

/// How long a file that is no longer in the table is left for readers that began before.
pub(crate) const TOMBSTONE_MS: i64 = 60 * 60 * 1000;

/// The table's own settings. Few tombstones and a short log keep opening it cheap; both are far
/// longer than the longest query.
const PROPERTIES: &[(&str, &str)] = &[
    ("delta.deletedFileRetentionDuration", "interval 1 hours"),
    ("delta.logRetentionDuration", "interval 6 hours"),
];

impl Table {
    pub(crate) async fn open_or_create(log: Log, schema: &SchemaRef, now_ms: i64) -> Result<Table> {
        if !log.exists() {
            create(&log, schema, now_ms).await?;
        }
        let loaded = log.load(None).await?;
        Ok(Table {
            log,
            version: loaded.version,
            table_id: loaded.table_id,
            created_ms: loaded.created_ms,
            schema: loaded.schema,
            files: Arc::new(loaded.files.into_iter().map(Arc::new).collect()),
            tombstones: loaded.tombstones,
            offsets: loaded.said.offsets,
            retained_from: loaded.said.retained_from,
        })
    }

    /// The columns that the table's metadata names.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Writes one file per day. They are on the disk, and in no version, when this returns. Their
    /// name comes from the commit, so that trying again writes over what an earlier try left.
    pub(crate) async fn write_days(
        log: &Log,
        name: &str,
        days: Vec<DayRows>,
        now_ms: i64,
    ) -> Result<Vec<(DataFile, Option<Resident>)>> {
        let mut files = Vec::new();
        for day in days {
            let (date, rows, (ts_min, ts_max)) = (day.date, day.rows(), day.ts_bounds());
            // Small files alone are worth keeping, and only they are small enough to be kept.
            let keep = rows <= RESIDENT_ROWS_MAX;
            let (encoded, batches) = blocking(move || encode(&day, keep)).await?;
            let path = format!("date={}/{name}.parquet", format_date(date));
            let size = encoded.len() as u64;
            log.objects()
                .put(&Path::from(path.as_str()), encoded.into())
                .await
                .map_err(StoreError::object(log.name))?;
            let bytes = batches.iter().map(RecordBatch::get_array_memory_size).sum();
            let resident = keep.then_some(Resident { batches, bytes });
            let modified_ms = now_ms;
            let file =
                DataFile { path, size, date, rows, ts_min, ts_max, modified_ms, resident: None };
            files.push((file, resident));
        }
        Ok(files)
    }

    /// Commits new rows together with the offsets they came from: both or neither.
    pub(crate) async fn append(&mut self, append: Append<'_>) -> Result<()> {
        for _ in 0..TRIES {
            if self.has_reached(append.reaches) {
                // It landed, and we were not there to hear it.
                return Ok(());
            }
            self.check_contiguous(append.reaches)?;
            let mut actions =
                vec![commit_info("WRITE", append.commit, append.info.clone(), append.now_ms)];
            let grown = append.schema.fields().len() > self.schema.fields().len();
            if grown {
                actions.push(metadata(&self.table_id, self.created_ms, append.schema));
            }
            let time = self.log.time;
            actions.extend(append.files.iter().map(|file| file.add_action(time, true)));
            actions.extend(
                append
                    .reaches
                    .iter()
                    .map(|reach| txn(&reach.id.to_string(), reach.to, append.now_ms)),
            );
            if !self.put(append.commit, &actions).await? {
                continue;
            }
            if grown {
                self.schema = Arc::clone(append.schema);
            }
            self.offsets.extend(append.reaches.iter().map(|reach| (reach.id, reach.to)));
            self.replace_files(&[], append.files.to_vec());
            return Ok(());
        }
        Err(self.conflict())
    }

    fn has_reached(&self, reaches: &[Reach]) -> bool {
        let moved = |reach: &Reach| reach.to > reach.from;
        reaches.iter().any(moved)
            && reaches.iter().all(|reach| self.offsets.get(&reach.id) == Some(&reach.to))
    }

    /// Each file must go on exactly where the table is. Anything else is a bug of ours, and better a
    /// stop than a lost or a doubled line. (Quarantine only hears of a file now and then, so it is
    /// held to no more than not going back.)
    fn check_contiguous(&self, reaches: &[Reach]) -> Result<()> {
        for reach in reaches {
            let at = self.offsets.get(&reach.id).copied().unwrap_or(0);
            let follows =
                if self.log.name == "quarantine" { at <= reach.to } else { at == reach.from };
            if !follows {
                let what = format!(
                    "file {} is at offset {at}, but the next lines begin at {}; nothing was written",
                    reach.id, reach.from
                );
                return Err(StoreError::corrupt(self.log.name, what));
            }
        }
        Ok(())
    }

    /// Commits that `added` stands in for `removed`: the same rows, rewritten.
    pub(crate) async fn merge(
        &mut self,
        removed: &[Arc<DataFile>],
        added: DataFile,
        now_ms: i64,
    ) -> Result<()> {
        let actions = vec![added.add_action(self.log.time, false)];
        self.remove("OPTIMIZE", removed, actions, false, now_ms).await?;
        self.replace_files(&[], vec![added]);
        Ok(())
    }

    /// Commits that the rows of `removed` are gone, and which day is the first that is whole.
    pub(crate) async fn retain(
        &mut self,
        removed: &[Arc<DataFile>],
        from: i32,
        now_ms: i64,
    ) -> Result<()> {
        let actions = vec![txn(RETAINED_FROM, from, now_ms)];
        self.remove("DELETE", removed, actions, true, now_ms).await?;
        self.retained_from = self.retained_from.max(Some(from));
        Ok(())
    }

    async fn remove(
        &mut self,
        operation: &str,
        removed: &[Arc<DataFile>],
        others: Vec<Value>,
        data_change: bool,
        now_ms: i64,
    ) -> Result<()> {
        let commit = new_commit_id();
        let mut actions = vec![commit_info(operation, &commit, Value::Null, now_ms)];
        actions.extend(removed.iter().map(|file| file.remove_action(data_change, now_ms)));
        actions.extend(others);
        for _ in 0..TRIES {
            if !self.holds(removed) {
                break;
            }
            if self.put(&commit, &actions).await? {
                self.tombstones.extend(removed.iter().map(|file| (file.path.clone(), now_ms)));
                self.replace_files(removed, vec![]);
                return Ok(());
            }
        }
        Err(self.conflict())
    }

    /// Commits that `file` is all there is of its day: what was there before is gone with it.
    pub(crate) async fn replace_day(
        &mut self,
        commit: &str,
        file: DataFile,
        columns: &SchemaRef,
        now_ms: i64,
    ) -> Result<()> {
        for _ in 0..TRIES {
            let of_day = |held: &&Arc<DataFile>| held.date == file.date;
            let removed: Vec<Arc<DataFile>> = self.files.iter().filter(of_day).cloned().collect();
            if removed.iter().any(|held| held.path == file.path) {
                // It landed, and we were not there to hear it.
                return Ok(());
            }
            let mut actions = vec![commit_info("WRITE", commit, Value::Null, now_ms)];
            let schema = with_columns_of(&self.schema, columns);
            let grown = schema.fields().len() > self.schema.fields().len();
            if grown {
                actions.push(metadata(&self.table_id, self.created_ms, &schema));
            }
            actions.extend(removed.iter().map(|held| held.remove_action(true, now_ms)));
            actions.push(file.add_action(self.log.time, true));
            if self.put(commit, &actions).await? {
                self.schema = schema;
                self.tombstones.extend(removed.iter().map(|held| (held.path.clone(), now_ms)));
                self.replace_files(&removed, vec![file]);
                return Ok(());
            }
        }
        Err(self.conflict())
    }

    fn conflict(&self) -> StoreError {
        StoreError::Conflict { table: self.log.name.to_owned(), version: self.version }
    }

    /// Keeps the rows of new files in memory beside them, and lets the oldest go so that no more
    /// than `bytes_max` stay.
    pub(crate) fn keep_resident(&mut self, new: HashMap<String, Resident>, bytes_max: usize) {
        let mut new: HashMap<String, Arc<Resident>> =
            new.into_iter().map(|(path, rows)| (path, Arc::new(rows))).collect();
        let mut files: Vec<DataFile> = self.files.iter().map(|file| (**file).clone()).collect();
        for file in &mut files {
            if let Some(rows) = new.remove(&file.path) {
                file.resident = Some(rows);
            }
        }
        let mut youngest_first: Vec<&mut DataFile> = files.iter_mut().collect();
        youngest_first.sort_by_key(|file| std::cmp::Reverse(file.modified_ms));
        let mut kept = 0;
        for file in youngest_first {
            kept += file.resident.as_ref().map_or(0, |rows| rows.bytes);
            if kept > bytes_max {
                file.resident = None;
            }
        }
        self.files = Arc::new(files.into_iter().map(Arc::new).collect());
    }

    /// Bytes of rows that are kept in memory beside their files.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.files.iter().filter_map(|file| file.resident.as_ref()).map(|rows| rows.bytes).sum()
    }

    /// Whether all of `files` are still in the table.
    pub(crate) fn holds(&self, files: &[Arc<DataFile>]) -> bool {
        files.iter().all(|file| self.files.iter().any(|held| held.path == file.path))
    }

    /// Writes the next version. False if somebody else's commit has it; the table is then read
    /// again. We hold the lock, so that is a merge of ours that was cut off before it heard that
    /// it had landed, or another program's.
    async fn put(&mut self, commit: &str, actions: &[Value]) -> Result<bool> {
        let version = self.version + 1;
        match self.log.put(version, commit, actions).await? {
            Outcome::Landed => {
                self.version = version;
                Ok(true)
            }
            Outcome::Taken => {
                self.reload().await?;
                Ok(false)
            }
        }
    }

    async fn reload(&mut self) -> Result<()> {
        let loaded = self.log.load(None).await?;
        let mut resident: HashMap<String, Arc<Resident>> = self
            .files
            .iter()
            .filter_map(|file| Some((file.path.clone(), file.resident.clone()?)))
            .collect();
        let keep = |mut file: DataFile| {
            file.resident = resident.remove(&file.path);
            Arc::new(file)
        };
        self.files = Arc::new(loaded.files.into_iter().map(keep).collect());
        self.version = loaded.version;
        self.schema = loaded.schema;
        self.tombstones = loaded.tombstones;
        self.offsets = loaded.said.offsets;
        self.retained_from = self.retained_from.max(loaded.said.retained_from);
        Ok(())
    }

    /// Changes the list of files; those kept in memory are found by their path.
    pub(crate) fn replace_files(&mut self, removed: &[Arc<DataFile>], added: Vec<DataFile>) {
        let mut files: Vec<Arc<DataFile>> = self
            .files
            .iter()
            .filter(|file| !removed.iter().any(|gone| gone.path == file.path))
            .cloned()
            .collect();
        files.extend(added.into_iter().map(Arc::new));
        files.sort_by(|a, b| (a.date, a.ts_min, &a.path).cmp(&(b.date, b.ts_min, &b.path)));
        self.files = Arc::new(files);
    }
}

/// An id for a commit and the files it writes.
pub(crate) fn new_commit_id() -> String {
    Uuid::new_v4().simple().to_string()
}

async fn create(log: &Log, schema: &SchemaRef, now_ms: i64) -> Result<()> {
    let commit = new_commit_id();
    let actions = [
        commit_info("CREATE TABLE", &commit, Value::Null, now_ms),
        json!({ "protocol": { "minReaderVersion": 1, "minWriterVersion": 2 } }),
        metadata(&Uuid::new_v4().to_string(), now_ms, schema),
    ];
    match log.put(0, &commit, &actions).await? {
        Outcome::Landed => Ok(()),
        Outcome::Taken => Err(StoreError::Conflict { table: log.name.to_owned(), version: 0 }),
    }
}

fn commit_info(operation: &str, commit: &str, info: Value, now_ms: i64) -> Value {
    let mut fillwatch = json!({ "commit": commit });
    if !info.is_null() {
        fillwatch["files"] = info;
    }
    json!({ "commitInfo": {
        "timestamp": now_ms,
        "operation": operation,
        "operationParameters": {},
        "engineInfo": concat!("fillwatch/", env!("CARGO_PKG_VERSION")),
        "fillwatch": fillwatch,
    }})
}

fn txn(app_id: &str, version: impl Into<Value>, now_ms: i64) -> Value {
    json!({ "txn": {
        "appId": app_id,
        "version": version.into(),
        "lastUpdated": now_ms,
    }})
}

fn metadata(table_id: &str, created_ms: i64, schema: &Schema) -> Value {
    let fields: Vec<Value> = schema
        .fields()
        .iter()
        .filter_map(|field| {
            let column_type = ColumnType::from_arrow(field.data_type())?;
            Some(json!({
                "name": field.name(),
                "type": delta_type(column_type),
                "nullable": field.is_nullable(),
                "metadata": {},
            }))
        })
        .collect();
    let schema = json!({ "type": "struct", "fields": fields });
    json!({ "metaData": {
        "id": table_id,
        "format": { "provider": "parquet", "options": {} },
        "schemaString": schema.to_string(),
        "partitionColumns": ["date"],
        "configuration": PROPERTIES.iter().copied().collect::<HashMap<_, _>>(),
        "createdTime": created_ms,
    }})
}

fn delta_type(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Text => "string",
        ColumnType::Float => "double",
        ColumnType::Int => "long",
        ColumnType::Bool => "boolean",
        ColumnType::Time => "timestamp",
        ColumnType::Date => "date",
    }
}

/// Runs what takes the processor for long beside the runtime's own threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
