//! The one writer of a store: rows come in, are visible at once, and are committed together with
//! the offsets they came from.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use fillwatch_model::{
    Clock, Decoded, Fields, FileId, KnownFile, Mark, Micros, Progress, Reject, limits,
};
use object_store::ObjectStore;
use serde_json::{Value, json};

use crate::durable::DurableLocal;
use crate::error::{Result, StoreError};
use crate::file::{DataFile, Resident};
use crate::layout::{Layout, Lock};
use crate::ledger::Ledger;
use crate::log::Log;
use crate::pending::Pending;
use crate::quarantine;
use crate::reader::columns;
use crate::rows::by_day;
use crate::snapshot::Snapshot;
use crate::state::{FileState, State};
use crate::table::{Append, Reach, Table, blocking, new_commit_id};
use crate::view::{HotBatch, TableView};

/// What may be chosen of a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most columns of `events`.
    pub columns_max: usize,
    /// Most bytes of rows in memory; [`Store::push`] waits rather than pass it.
    pub hot_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { columns_max: limits::COLUMNS_MAX, hot_bytes_max: limits::HOT_BYTES_MAX }
    }
}

/// A store, open for writing. There is one at a time: it holds the folder's lock.
pub struct Store {
    pub(crate) layout: Layout,
    pub(crate) clock: Arc<dyn Clock>,
    fields: Arc<Fields>,
    known: Vec<KnownFile>,
    torn: Vec<String>,
    options: Options,
    buffer: Mutex<Buffer>,
    room: Condvar,
    pub(crate) tables: tokio::sync::Mutex<Tables>,
    _lock: Lock,
}

/// What a commit changes on disk. Held by one commit, compaction or retention at a time.
pub(crate) struct Tables {
    pub(crate) events: Table,
    pub(crate) quarantine: Table,
    pub(crate) state: State,
    /// Each file as the last commit that took it further left it.
    settled: HashMap<FileId, FileState>,
}

/// What a query sees beside the files, and the files: changed only under one lock, and at a commit
/// all at once.
struct Buffer {
    pending: Pending,
    committing: Option<Arc<Committing>>,
    events: Visible,
    quarantine: Visible,
    ledger: Ledger,
    resident_bytes: usize,
    closed: bool,
}

/// The committed part of a table that queries see.
#[derive(Clone)]
struct Visible {
    version: u64,
    files: Arc<Vec<Arc<DataFile>>>,
}

impl Visible {
    fn of(table: &Table) -> Visible {
        Visible { version: table.version, files: Arc::clone(&table.files) }
    }
}

/// Rows on their way into a commit. They stay until its outcome is known; trying again uses the
/// same id, so that a try that did land is recognised.
struct Committing {
    id: String,
    pending: Pending,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The version of `events` it made.
    pub version: u64,
    /// Rows it added.
    pub rows: u64,
    /// Lines it added to `quarantine`.
    pub rejects: u64,
    /// Parquet files it wrote to `events`.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Bytes of log they came from.
    pub log_bytes: u64,
}

/// The store was closed: nothing can be pushed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl Store {
    /// Opens the store in `dir` for writing, making it if there is none, and repairs what a power
    /// cut left.
    pub async fn open(dir: &Path, options: Options, clock: Arc<dyn Clock>) -> Result<Store> {
        Store::open_through(dir, options, clock, |disk| disk).await
    }

    /// Like [`open`](Store::open), with `wrap` between the store and the disk: how tests make the
    /// disk fail.
    pub async fn open_through(
        dir: &Path,
        options: Options,
        clock: Arc<dyn Clock>,
        wrap: impl FnOnce(Arc<dyn ObjectStore>) -> Arc<dyn ObjectStore>,
    ) -> Result<Store> {
        let layout = Layout::new(dir)?;
        let lock = layout.lock()?;
        layout.clear_staging()?;
        let disk = wrap(Arc::new(DurableLocal::new(layout.staging())));
        let now_ms = clock.now() / 1000;
        let mut torn = Vec::new();
        let mut open = async |name, schema| -> Result<Table> {
            let log = Log::new(Arc::clone(&disk), &layout.table(name), name)?;
            if log.exists() {
                torn.extend(log.set_torn_tail_aside(&layout.torn())?);
            }
            Table::open_or_create(log, schema, now_ms).await
        };
        let fresh = Fields::new(options.columns_max).schema();
        // `events` last: a reader takes the store for made when it is there.
        let mut state = State::open_or_replace(&layout)?;
        let quarantine = open("quarantine", &quarantine::SCHEMA).await?;
        let events = open("events", &fresh).await?;
        let (mut files, lost) = recognise(&events, &quarantine, &state)?;
        let recovered = recover_marks(&events, &lost).await?;
        state.write_ahead(recovered.iter())?;
        files.extend(recovered);
        files.sort_by_key(|file| file.first_seen);
        let known = state.known(&files)?;
        let buffer = Buffer {
            pending: Pending::default(),
            committing: None,
            events: Visible::of(&events),
            quarantine: Visible::of(&quarantine),
            ledger: Ledger::new(&files, state.fields()?),
            resident_bytes: 0,
            closed: false,
        };
        let settled = files.into_iter().map(|file| (file.id, file)).collect();
        Ok(Store {
            fields: Arc::new(Fields::from_schema(events.schema(), options.columns_max)),
            known,
            torn,
            options,
            buffer: Mutex::new(buffer),
            room: Condvar::new(),
            tables: tokio::sync::Mutex::new(Tables { events, quarantine, state, settled }),
            layout,
            clock,
            _lock: lock,
        })
    }

    /// The log files that the table knows, and how far: where reading goes on.
    pub fn known_files(&self) -> &[KnownFile] {
        &self.known
    }

    /// The columns so far; the decoder adds to them.
    pub fn fields(&self) -> &Arc<Fields> {
        &self.fields
    }

    /// Where things lie in it.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Commits that a power cut had left half-written, and that were set aside when it was opened.
    pub fn set_aside(&self) -> &[String] {
        &self.torn
    }

    /// Takes rows in: visible to SQL when this returns, committed later. Waits while the rows in
    /// memory are at their limit, so that the log waits on disk.
    pub fn push(&self, decoded: Decoded) -> Result<std::result::Result<(), Closed>> {
        let now = self.clock.now();
        let mut buffer = self.buffer();
        while buffer.bytes() >= self.options.hot_bytes_max && !buffer.closed {
            buffer = self.room.wait(buffer).unwrap_or_else(PoisonError::into_inner);
        }
        if buffer.closed {
            return Ok(Err(Closed));
        }
        for progress in &decoded.progress {
            buffer.ledger.read(progress, now);
        }
        buffer.pending.add(decoded)?;
        Ok(Ok(()))
    }

    /// Lets whoever waits in [`push`](Store::push) go: the store takes no more rows.
    pub fn close(&self) {
        self.buffer().closed = true;
        self.room.notify_all();
    }

    /// Bytes of log that wait for a commit, not counting one under way.
    pub fn pending_log_bytes(&self) -> u64 {
        self.buffer().pending.log_bytes
    }

    /// Whether the rows in memory take half of what they may: time for a commit, before
    /// [`push`](Store::push) has to wait for one.
    pub fn is_pressed(&self) -> bool {
        self.buffer().bytes() >= self.options.hot_bytes_max / 2
    }

    /// Whether anything waits for a commit.
    pub fn is_dirty(&self) -> bool {
        let buffer = self.buffer();
        buffer.committing.is_some() || !buffer.pending.is_empty()
    }

    /// The store as it is now.
    pub fn snapshot(&self) -> Snapshot {
        let buffer = self.buffer();
        let (events, quarantine) = (buffer.events.clone(), buffer.quarantine.clone());
        let (hot, hot_rejects) = buffer.hot();
        let ledger = buffer.ledger.clone();
        drop(buffer);
        // After the rows: it holds their columns, and perhaps more.
        let schema = self.fields.schema();
        let events_dir = self.layout.table("events");
        let quarantine_dir = self.layout.table("quarantine");
        Snapshot {
            columns: columns(&schema),
            events: Arc::new(TableView::new(
                &events_dir,
                events.version,
                &schema,
                events.files,
                hot,
            )),
            quarantine: Arc::new(TableView::new(
                &quarantine_dir,
                quarantine.version,
                &quarantine::SCHEMA,
                quarantine.files,
                hot_rejects,
            )),
            ledger,
        }
    }

    /// Commits what waits: rows, rejects and offsets, all or nothing. `None` if nothing waits.
    ///
    /// After an error nothing is lost and nothing is doubled: what was to be committed stays
    /// visible, and the next call tries it again.
    pub async fn commit(&self) -> Result<Option<Committed>> {
        let mut tables = self.tables.lock().await;
        let Some(committing) = self.freeze() else { return Ok(None) };
        let files = tables.file_states(&committing.pending, self.clock.now());
        tables.state.write_ahead(files.iter())?;
        self.commit_rejects(&mut tables, &committing).await?;
        let (added, resident) = self.commit_rows(&mut tables, &committing, &files).await?;
        let committed = Committed {
            version: tables.events.version,
            rows: committing.pending.rows,
            rejects: committing.pending.rejects.len() as u64,
            files: added.len() as u64,
            bytes: added.iter().map(|file| file.size).sum(),
            log_bytes: committing.pending.log_bytes,
        };
        self.publish(&mut tables, &committing, resident);
        self.settle(&mut tables, &committing, &files);
        Ok(Some(committed))
    }

    fn freeze(&self) -> Option<Arc<Committing>> {
        let mut buffer = self.buffer();
        if buffer.committing.is_none() && !buffer.pending.is_empty() {
            let pending = std::mem::take(&mut buffer.pending);
            buffer.committing = Some(Arc::new(Committing { id: new_commit_id(), pending }));
        }
        buffer.committing.clone()
    }

    /// Quarantine first: a line must be there before the offset passes it. If the process dies in
    /// between, the lines come again, and those that quarantine already has are left out here.
    async fn commit_rejects(&self, tables: &mut Tables, committing: &Committing) -> Result<()> {
        let now_ms = self.clock.now() / 1000;
        let table = &mut tables.quarantine;
        let passed = |id: FileId| table.offsets.get(&id).copied().unwrap_or(0);
        let fresh: Vec<Reject> = committing
            .pending
            .rejects
            .iter()
            .filter(|reject| reject.offset >= passed(reject.file.id))
            .cloned()
            .collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let reaches: Vec<Reach> = committing
            .pending
            .reaches()
            .into_iter()
            .filter(|reach| fresh.iter().any(|reject| reject.file.id == reach.id))
            .collect();
        let batches = vec![quarantine::rows(&fresh)?];
        let days = blocking(move || by_day(&batches)).await?;
        let files = Table::write_days(&table.log, &committing.id, days, now_ms).await?;
        let files: Vec<DataFile> = files.into_iter().map(|(file, _)| file).collect();
        let append = Append {
            commit: &committing.id,
            files: &files,
            reaches: &reaches,
            schema: &quarantine::SCHEMA,
            info: &Value::Null,
            now_ms,
        };
        table.append(append).await
    }

    async fn commit_rows(
        &self,
        tables: &mut Tables,
        committing: &Arc<Committing>,
        files: &[FileState],
    ) -> Result<(Vec<DataFile>, HashMap<String, Resident>)> {
        let now_ms = self.clock.now() / 1000;
        let reaches = committing.pending.reaches();
        let table = &mut tables.events;
        let rows = Arc::clone(committing);
        let days = blocking(move || {
            let batches: Vec<_> =
                rows.pending.batches.iter().map(|hot| hot.batch.clone()).collect();
            by_day(&batches)
        });
        let days = days.await?;
        let written = Table::write_days(&table.log, &committing.id, days, now_ms).await?;
        let (mut added, mut resident) = (Vec::new(), HashMap::new());
        for (file, rows) in written {
            resident.extend(rows.map(|rows| (file.path.clone(), rows)));
            added.push(file);
        }
        // Taken here, not earlier: it holds the columns of these rows, and perhaps more.
        let schema = self.fields.schema();
        let info = provenance(&reaches, files);
        let append = Append {
            commit: &committing.id,
            files: &added,
            reaches: &reaches,
            schema: &schema,
            info: &info,
            now_ms,
        };
        table.append(append).await?;
        Ok((added, resident))
    }

    /// The moment at which queries go from the rows in memory to the version that holds them.
    fn publish(
        &self,
        tables: &mut Tables,
        committing: &Committing,
        resident: HashMap<String, Resident>,
    ) {
        let mut buffer = self.buffer();
        buffer.committing = None;
        for reach in committing.pending.reaches() {
            buffer.ledger.committed(reach.id, reach.to);
        }
        tables.events.keep_resident(resident, self.options.hot_bytes_max / 4);
        buffer.show(tables);
        drop(buffer);
        self.room.notify_all();
    }

    /// Counters and old marks. The commit has landed; failing here costs a count, not a row.
    fn settle(&self, tables: &mut Tables, committing: &Committing, files: &[FileState]) {
        let now = self.clock.now();
        let mut buffer = self.buffer();
        let mut counted = Vec::new();
        for (column, (values, conflicts)) in &committing.pending.fields {
            let name = self.fields.column(*column).name;
            buffer.ledger.count(&name, *values, *conflicts, now);
            counted.push((Arc::clone(&name), buffer.ledger.fields[&*name]));
        }
        drop(buffer);
        tables.settled.extend(files.iter().map(|file| (file.id, file.clone())));
        let counted = counted.iter().map(|(name, field)| (&**name, *field));
        if let Err(error) = tables.state.settle(files.iter(), counted) {
            tracing::warn!(%error, "counters of this commit are not saved");
        }
    }

    /// Shows queries what `tables` hold, after a change that is no commit of rows.
    pub(crate) fn show(&self, tables: &Tables) {
        self.buffer().show(tables);
        self.room.notify_all();
    }

    // A panic while the lock is held leaves the buffer whole or the process down.
    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl Buffer {
    fn bytes(&self) -> usize {
        let committing = self.committing.as_ref().map_or(0, |committing| committing.pending.bytes);
        self.pending.bytes + committing + self.resident_bytes
    }

    /// Rows and rejects that are in no file, in the order read.
    fn hot(&self) -> (Vec<HotBatch>, Vec<HotBatch>) {
        let committing = self.committing.iter().map(|committing| &committing.pending);
        let pending: Vec<&Pending> = committing.chain([&self.pending]).collect();
        (
            pending.iter().flat_map(|pending| pending.batches.iter().cloned()).collect(),
            pending.iter().flat_map(|pending| pending.reject_batches.iter().cloned()).collect(),
        )
    }

    fn show(&mut self, tables: &Tables) {
        self.events = Visible::of(&tables.events);
        self.quarantine = Visible::of(&tables.quarantine);
        self.resident_bytes = tables.events.resident_bytes();
    }
}

impl Tables {
    /// What state.db is to know of the files that a commit takes further.
    fn file_states(&self, pending: &Pending, now: Micros) -> Vec<FileState> {
        let state = |progress: &Progress| {
            let before = self.settled.get(&progress.file.id);
            FileState {
                id: progress.file.id,
                offset: progress.to,
                path: progress.file.path.clone(),
                mark: progress.mark,
                rows: before.map_or(0, |file| file.rows) + progress.rows,
                rejects: before.map_or(0, |file| file.rejects) + progress.rejects,
                conflicts: before.map_or(0, |file| file.conflicts) + progress.conflicts,
                first_seen: before.map_or(now, |file| file.first_seen),
                last_read: now,
            }
        };
        pending.progress.values().map(state).collect()
    }
}

/// A commit that takes more files further says nothing of them: it would be megabytes, every five
/// seconds, and `state.db` has it all.
const PROVENANCE_FILES_MAX: usize = 1_000;

/// What a commit says of its sources, for checkers and for the day `state.db` is lost.
fn provenance(reaches: &[Reach], files: &[FileState]) -> Value {
    if reaches.len() > PROVENANCE_FILES_MAX {
        return Value::Null;
    }
    let states: HashMap<FileId, &FileState> = files.iter().map(|file| (file.id, file)).collect();
    let entry = |reach: &Reach| {
        let state = states.get(&reach.id)?;
        Some(json!({
            "id": reach.id.to_string(),
            "from": reach.from,
            "to": reach.to,
            "path": state.path.to_string_lossy(),
            "rows": state.rows,
            "rejects": state.rejects,
            "conflicts": state.conflicts,
            "first_seen": state.first_seen,
            "last_read": state.last_read,
            "dev": state.mark.dev,
            "ino": state.mark.ino,
            "prefix": [state.mark.prefix_len.to_string(), format!("{:032x}", state.mark.prefix_hash)],
            "tail": [state.mark.tail_len.to_string(), format!("{:032x}", state.mark.tail_hash)],
        }))
    };
    Value::Array(reaches.iter().filter_map(entry).collect())
}

fn read_provenance(entry: &Value) -> Option<FileState> {
    let hash = |field: &str| -> Option<(u32, u128)> {
        let length = entry[field][0].as_str()?.parse().ok()?;
        Some((length, u128::from_str_radix(entry[field][1].as_str()?, 16).ok()?))
    };
    let (prefix_len, prefix_hash) = hash("prefix")?;
    let (tail_len, tail_hash) = hash("tail")?;
    Some(FileState {
        id: entry["id"].as_str()?.parse().ok()?,
        offset: entry["to"].as_u64()?,
        path: entry["path"].as_str()?.into(),
        mark: Mark {
            dev: entry["dev"].as_u64()?,
            ino: entry["ino"].as_u64()?,
            prefix_len,
            prefix_hash,
            tail_len,
            tail_hash,
        },
        rows: entry["rows"].as_u64()?,
        rejects: entry["rejects"].as_u64()?,
        conflicts: entry["conflicts"].as_u64()?,
        first_seen: entry["first_seen"].as_i64()?,
        last_read: entry["last_read"].as_i64()?,
    })
}

/// Joins the offsets, which the table has, with the marks, which `state.db` has. Also says which
/// files have an offset and no mark.
fn recognise(
    events: &Table,
    quarantine: &Table,
    state: &State,
) -> Result<(Vec<FileState>, HashMap<FileId, u64>)> {
    let mut files = state.files(&events.offsets)?;
    let found: HashSet<FileId> = files.iter().map(|file| file.id).collect();
    let offsets = events.offsets.iter().map(|(id, offset)| (*id, *offset));
    let lost = offsets.filter(|(id, _)| !found.contains(id)).collect();
    // Begun, but killed between its rejects and its rows: nothing of it counts as read yet.
    for id in quarantine.offsets.keys().filter(|id| !events.offsets.contains_key(id)) {
        if let Some(mut file) = state.any_mark(*id)? {
            (file.offset, file.rows, file.rejects, file.conflicts) = (0, 0, 0, 0);
            (file.mark.tail_len, file.mark.tail_hash) = (0, 0);
            files.push(file);
        }
    }
    Ok((files, lost))
}

/// `state.db` is lost or older than the table: the log itself still says what recognised the files
/// of its recent commits.
async fn recover_marks(events: &Table, lost: &HashMap<FileId, u64>) -> Result<Vec<FileState>> {
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let mut recovered = HashMap::new();
    for version in (0..=events.version).rev() {
        let Some(actions) = events.log.commit(version).await? else { break };
        for action in &actions {
            let files = action["commitInfo"]["fillwatch"]["files"].as_array();
            for file in files.into_iter().flatten().filter_map(read_provenance) {
                if lost.get(&file.id) == Some(&file.offset) {
                    recovered.insert(file.id, file);
                }
            }
        }
        if recovered.len() == lost.len() {
            break;
        }
    }
    if recovered.len() < lost.len() {
        return Err(StoreError::MarksLost { files: lost.len() - recovered.len() });
    }
    Ok(recovered.into_values().collect())
}
