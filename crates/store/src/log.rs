//! The Delta log: reading what a table holds, writing one commit, and what a power cut leaves.
//!
//! A commit is one file of JSON lines, created under the next version's name; whoever creates it
//! first has won the version. We write it through deltalake's log store and not through its commit
//! builder: a handle that lives long grows slower with each commit, and its post-commit hooks
//! report an error for a commit that did land. Ours costs the same at the first commit and at the
//! hundred-thousandth, and its outcome is known or looked up.

use std::collections::HashMap;
use std::fs;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, StructArray};
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use bytes::Bytes;
use deltalake::kernel::transaction::TransactionError;
use deltalake::logstore::{CommitOrBytes, LogStoreRef, StorageConfig, logstore_with};
use deltalake::{DeltaTable, DeltaTableBuilder};
use fillwatch_model::FileId;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::error::{Result, StoreError};
use crate::file::DataFile;
use crate::retain::RETAINED_FROM;
use crate::time::TimeColumn;

/// Where one Delta table lies, and how to reach it.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    /// `events`, `quarantine` or `daily_close`.
    pub(crate) name: &'static str,
    pub(crate) time: TimeColumn,
    dir: PathBuf,
    url: Url,
    root: Arc<dyn ObjectStore>,
    log_store: LogStoreRef,
}

/// A table as its log tells it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) version: u64,
    pub(crate) table_id: String,
    pub(crate) created_ms: i64,
    pub(crate) schema: SchemaRef,
    pub(crate) files: Vec<DataFile>,
    /// Files that are in the folder but no longer in the table, and since when (ms).
    pub(crate) tombstones: HashMap<String, i64>,
    pub(crate) said: Said,
}

/// What the application transactions of a table's commits say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// Per file generation, the offset up to which every line is in the table or in quarantine.
    pub(crate) offsets: HashMap<FileId, u64>,
    /// The first day that retention left whole.
    pub(crate) retained_from: Option<i32>,
}

impl Said {
    fn hear(&mut self, app_id: &str, version: i64) {
        if let Ok(file) = app_id.parse() {
            self.offsets.insert(file, version.cast_unsigned());
        } else if app_id == RETAINED_FROM {
            self.retained_from = self.retained_from.max(i32::try_from(version).ok());
        }
    }
}

/// What became of a commit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is the version it was meant to be.
    Landed,
    /// Somebody else's commit has that version.
    Taken,
}

impl Log {
    pub(crate) fn new(root: Arc<dyn ObjectStore>, dir: &FsPath, name: &'static str) -> Result<Log> {
        let url = Url::from_directory_path(dir).map_err(|()| {
            StoreError::corrupt(name, format!("`{}` is no absolute path", dir.display()))
        })?;
        let log_store = logstore_with(Arc::clone(&root), &url, StorageConfig::default())
            .map_err(StoreError::delta(name))?;
        Ok(Log {
            name,
            time: TimeColumn::of_table(name),
            dir: dir.to_owned(),
            url,
            root,
            log_store,
        })
    }

    /// The table's folder.
    pub(crate) fn dir(&self) -> &FsPath {
        &self.dir
    }

    /// The table's folder as an object store.
    pub(crate) fn objects(&self) -> Arc<dyn ObjectStore> {
        self.log_store.object_store(None)
    }

    pub(crate) fn exists(&self) -> bool {
        self.dir.join("_delta_log").join(format!("{:020}.json", 0)).exists()
            || self.dir.join("_delta_log").join("_last_checkpoint").exists()
    }

    async fn open(&self, version: Option<u64>) -> Result<DeltaTable> {
        let mut builder = DeltaTableBuilder::from_url(self.url.clone())
            .map_err(StoreError::delta(self.name))?
            .with_storage_backend(Arc::clone(&self.root), self.url.clone());
        if let Some(version) = version {
            builder = builder.with_version(version);
        }
        builder.load().await.map_err(StoreError::delta(self.name))
    }

    /// Reads the table at `version`, or as it is now.
    pub(crate) async fn load(&self, version: Option<u64>) -> Result<Loaded> {
        let table = self.open(version).await?;
        let state = table.snapshot().map_err(StoreError::delta(self.name))?;
        let version = state.version();
        let mut files = Vec::new();
        for view in state.log_data().iter() {
            files.push(DataFile::from_log(self.name, self.time, &view)?);
        }
        files.sort_by(|a, b| (a.date, a.ts_min, &a.path).cmp(&(b.date, b.ts_min, &b.path)));
        let tombstones = state
            .all_tombstones(self.log_store.as_ref())
            .map_ok(|view| (view.path().into_owned(), view.deletion_timestamp().unwrap_or(0)))
            .try_collect()
            .await
            .map_err(StoreError::delta(self.name))?;
        let schema: Schema = state.snapshot().arrow_schema().as_ref().clone();
        Ok(Loaded {
            version,
            table_id: state.metadata().id().to_owned(),
            created_ms: state.metadata().created_time().unwrap_or(0),
            schema: Arc::new(schema),
            files,
            tombstones,
            said: self.said(version).await?,
        })
    }

    /// Reads the table as it is, without its torn end if it has one. For readers, who may not set
    /// that aside.
    pub(crate) async fn load_whole(&self) -> Result<Loaded> {
        let failed = match self.load(None).await {
            Ok(loaded) => return Ok(loaded),
            Err(failed) => failed,
        };
        let mut commits: Vec<u64> =
            self.entries()?.iter().filter_map(|name| commit_version(name)).collect();
        commits.sort_unstable();
        let checked = &commits[commits.len().saturating_sub(COMMITS_CHECKED)..];
        match checked.iter().find(|version| !self.is_whole_commit(**version)) {
            Some(torn) if *torn > 0 => self.load(Some(torn - 1)).await,
            _ => Err(failed),
        }
    }

    /// All application transactions up to `version`: deltalake looks up one by its id, and we do
    /// not know the ids before we have read them.
    async fn said(&self, version: u64) -> Result<Said> {
        let mut said = Said::default();
        let checkpoint = self.checkpoints()?.into_iter().filter(|at| *at <= version).max();
        if let Some(at) = checkpoint {
            read_checkpoint(self.name, self.get(&checkpoint_name(at)).await?, &mut said)?;
        }
        let first = checkpoint.map_or(0, |at| at + 1);
        for version in first..=version {
            let commit = self.get(&commit_name(version)).await?;
            for action in parse_commit(self.name, version, &commit)? {
                if let Some(txn) = action.get("txn")
                    && let (Some(id), Some(version)) =
                        (txn["appId"].as_str(), txn["version"].as_i64())
                {
                    said.hear(id, version);
                }
            }
        }
        Ok(said)
    }

    /// The actions of one commit, or `None` if there is none of that version (any more).
    pub(crate) async fn commit(&self, version: u64) -> Result<Option<Vec<Value>>> {
        match self.objects().get(&Path::from(format!("_delta_log/{}", commit_name(version)))).await
        {
            Ok(found) => {
                let bytes = found.bytes().await.map_err(StoreError::object(self.name))?;
                parse_commit(self.name, version, &bytes).map(Some)
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(StoreError::object(self.name)(error)),
        }
    }

    /// Creates the commit `version`. An error from the disk is not an answer: the file may be there
    /// all the same, so it is read back, and only what it says counts.
    pub(crate) async fn put(&self, version: u64, id: &str, actions: &[Value]) -> Result<Outcome> {
        let lines: Vec<String> = actions.iter().map(Value::to_string).collect();
        let bytes = CommitOrBytes::LogBytes(Bytes::from(lines.join("\n")));
        let failed = match self.log_store.write_commit_entry(version, bytes, Uuid::new_v4()).await {
            Ok(()) => return Ok(Outcome::Landed),
            Err(error) => error,
        };
        match self.commit(version).await? {
            Some(found) if commit_id(&found) == Some(id) => Ok(Outcome::Landed),
            Some(_) => Ok(Outcome::Taken),
            None => Err(match failed {
                TransactionError::ObjectStore { source } => StoreError::object(self.name)(source),
                other => StoreError::delta(self.name)(other.into()),
            }),
        }
    }

    /// Writes a checkpoint of `version` and removes the log before it that has outlived
    /// `delta.logRetentionDuration`. Apart from commits, so that its failure is nobody's verdict.
    pub(crate) async fn checkpoint(&self, version: u64) -> Result<()> {
        let table = self.open(Some(version)).await?;
        deltalake::checkpoints::create_checkpoint(&table, None)
            .await
            .map_err(StoreError::delta(self.name))?;
        deltalake::checkpoints::cleanup_metadata(&table, None)
            .await
            .map_err(StoreError::delta(self.name))?;
        Ok(())
    }

    async fn get(&self, name: &str) -> Result<Bytes> {
        let found = self
            .objects()
            .get(&Path::from(format!("_delta_log/{name}")))
            .await
            .map_err(StoreError::object(self.name))?;
        found.bytes().await.map_err(StoreError::object(self.name))
    }

    fn entries(&self) -> Result<Vec<String>> {
        let dir = self.dir.join("_delta_log");
        let read = fs::read_dir(&dir).map_err(StoreError::io("list", &dir))?;
        let mut names = Vec::new();
        for entry in read {
            let entry = entry.map_err(StoreError::io("list", &dir))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    /// The version of the newest checkpoint.
    pub(crate) fn last_checkpoint(&self) -> Result<Option<u64>> {
        Ok(self.checkpoints()?.into_iter().max())
    }

    fn checkpoints(&self) -> Result<Vec<u64>> {
        Ok(self.entries()?.iter().filter_map(|name| checkpoint_version(name)).collect())
    }

    /// Looks at the newest commits before anybody trusts them. One that is empty, cut off or names
    /// a data file that is not there whole cannot have been acknowledged: it, and what follows it,
    /// is moved to `torn`, and its lines will be read from the logs again. Returns what was moved.
    pub(crate) fn set_torn_tail_aside(&self, torn: &FsPath) -> Result<Vec<String>> {
        let names = self.entries()?;
        let mut moved = Vec::new();
        for at in names.iter().filter_map(|name| checkpoint_version(name)) {
            let name = checkpoint_name(at);
            if !is_whole_parquet(&self.dir.join("_delta_log").join(&name)) {
                self.set_aside(torn, &name, &mut moved)?;
                self.set_aside(torn, "_last_checkpoint", &mut moved)?;
            }
        }
        let mut commits: Vec<u64> = names.iter().filter_map(|name| commit_version(name)).collect();
        commits.sort_unstable();
        let checked = &commits[commits.len().saturating_sub(COMMITS_CHECKED)..];
        let bad = checked.iter().position(|version| !self.is_whole_commit(*version));
        for version in &checked[bad.unwrap_or(checked.len())..] {
            self.set_aside(torn, &commit_name(*version), &mut moved)?;
        }
        Ok(moved)
    }

    fn set_aside(&self, torn: &FsPath, name: &str, moved: &mut Vec<String>) -> Result<()> {
        let from = self.dir.join("_delta_log").join(name);
        if !from.exists() {
            return Ok(());
        }
        fs::create_dir_all(torn).map_err(StoreError::io("create", torn))?;
        let to = torn.join(format!("{}-{}-{name}", self.name, Uuid::new_v4().simple()));
        fs::rename(&from, &to).map_err(StoreError::io("set aside", &from))?;
        moved.push(format!("{}/_delta_log/{name}", self.name));
        Ok(())
    }

    fn is_whole_commit(&self, version: u64) -> bool {
        let path = self.dir.join("_delta_log").join(commit_name(version));
        let Ok(bytes) = fs::read(path) else { return true }; // unreadable is not torn
        let Ok(actions) = parse_commit(self.name, version, &bytes) else { return false };
        !actions.is_empty()
            && actions.iter().filter_map(|action| action.get("add")).all(|add| {
                let (Some(path), Some(size)) = (add["path"].as_str(), add["size"].as_u64()) else {
                    return false;
                };
                let path = self.dir.join(path);
                match fs::metadata(&path) {
                    Ok(metadata) => metadata.len() == size && is_whole_parquet(&path),
                    // Compacted away and vacuumed since: a later commit says so.
                    Err(_) => self.is_removed_after(version, add),
                }
            })
    }

    fn is_removed_after(&self, version: u64, add: &Value) -> bool {
        (version + 1..)
            .map_while(|later| {
                let path = self.dir.join("_delta_log").join(commit_name(later));
                fs::read(path).ok().and_then(|bytes| parse_commit(self.name, later, &bytes).ok())
            })
            .flatten()
            .any(|action| action["remove"]["path"] == add["path"])
    }
}

/// How many of the newest commits are looked at when a store is opened. One can be torn; a disk
/// that reorders what it was told to sync can tear a few more.
const COMMITS_CHECKED: usize = 8;

fn commit_name(version: u64) -> String {
    format!("{version:020}.json")
}

fn commit_version(name: &str) -> Option<u64> {
    name.strip_suffix(".json").filter(|stem| stem.len() == 20)?.parse().ok()
}

fn checkpoint_name(version: u64) -> String {
    format!("{version:020}.checkpoint.parquet")
}

fn checkpoint_version(name: &str) -> Option<u64> {
    name.strip_suffix(".checkpoint.parquet").filter(|stem| stem.len() == 20)?.parse().ok()
}

/// The id that a commit of ours carries, by which it is known again after an error.
pub(crate) fn commit_id(actions: &[Value]) -> Option<&str> {
    actions.iter().find_map(|action| action["commitInfo"]["fillwatch"]["commit"].as_str())
}

fn parse_commit(table: &str, version: u64, bytes: &[u8]) -> Result<Vec<Value>> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_slice(line).map_err(|error| {
                StoreError::corrupt(table, format!("version {version} is not JSON: {error}"))
            })
        })
        .collect()
}

fn is_whole_parquet(path: &FsPath) -> bool {
    use std::os::unix::fs::FileExt;
    let check = || -> std::io::Result<bool> {
        let file = fs::File::open(path)?;
        let size = file.metadata()?.len();
        if size < 12 {
            return Ok(false);
        }
        let mut magic = [0; 4];
        file.read_exact_at(&mut magic, size - 4)?;
        Ok(&magic == b"PAR1")
    };
    check().unwrap_or(false)
}

fn read_checkpoint(table: &str, bytes: Bytes, said: &mut Said) -> Result<()> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["txn"]);
    for batch in builder.with_projection(mask).build()? {
        let batch = batch?;
        let Some(txn) = batch.column_by_name("txn").and_then(|column| column.as_struct_opt())
        else {
            return Err(StoreError::corrupt(table, "a checkpoint has no column `txn`"));
        };
        let (Some(ids), Some(versions)) = (text(txn, "appId"), txn.column_by_name("version"))
        else {
            return Err(StoreError::corrupt(table, "a checkpoint's `txn` has no `appId`"));
        };
        let versions = versions.as_primitive::<Int64Type>();
        for row in (0..txn.len()).filter(|row| txn.is_valid(*row) && ids.is_valid(*row)) {
            said.hear(ids.value(row), versions.value(row));
        }
    }
    Ok(())
}

fn text<'a>(parent: &'a StructArray, name: &str) -> Option<&'a arrow::array::StringArray> {
    parent.column_by_name(name)?.as_string_opt::<i32>()
}
