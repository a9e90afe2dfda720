//! The one writer of a store: rows come in, are visible at once, and are committed together with
//! the offsets they came from.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use fillwatch_model::{
    Clock, Decoded, Fields, FileId, KnownFile, Micros, Progress, Reject, limits,
};
use object_store::ObjectStore;
use serde_json::Value;

use crate::carry::CloseView;
use crate::close;
use crate::durable::DurableLocal;
use crate::error::Result;
use crate::file::{DataFile, Resident, format_date, parse_date};
use crate::layout::{Layout, Lock};
use crate::ledger::Ledger;
use crate::log::Log;
use crate::pending::Pending;
use crate::quarantine;
use crate::reader::columns;
use crate::recover::{provenance, recognise, recover_marks};
use crate::retain::RETAINED_FROM;
use crate::rows::by_day;
use crate::running::Running;
use crate::snapshot::Snapshot;
use crate::state::{FileState, State};
use crate::table::{Append, Reach, Table, blocking, new_commit_id};
use crate::time::TimeColumn;
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
    pub(crate) closes: Table,
    pub(crate) state: State,
    /// Each file as the last commit that took it further left it.
    settled: HashMap<FileId, FileState>,
}

/// What a query sees beside the files, and the files: changed only under one lock, and at a commit
/// all at once.
pub(crate) struct Buffer {
    pending: Pending,
    committing: Option<Arc<Committing>>,
    events: Visible,
    quarantine: Visible,
    pub(crate) closes: Visible,
    pub(crate) running: Running,
    retained_from: Option<i32>,
    ledger: Ledger,
    resident_bytes: usize,
    closed: bool,
}

/// The committed part of a table that queries see.
#[derive(Clone)]
pub(crate) struct Visible {
    version: u64,
    pub(crate) schema: SchemaRef,
    files: Arc<Vec<Arc<DataFile>>>,
}

impl Visible {
    fn of(table: &Table) -> Visible {
        Visible {
            version: table.version,
            schema: Arc::clone(table.schema()),
            files: Arc::clone(&table.files),
        }
    }
}

/// Rows on their way into a commit. They stay until its outcome is known; trying again uses the
/// same id, so that a try that did land is recognised.
struct Committing {
    id: String,
    pending: Pending,
}

impl Committing {
    fn file_name(&self) -> String {
        format!("part-{}", self.id)
    }
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
    /// Those that came for days which retention had removed.
    pub late: Option<Late>,
}

/// Rows that came for days whose rows retention has removed. They are in `events`, until it runs
/// again, but the closes of those days are final: nothing that accumulates has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// How many.
    pub rows: u64,
    first: i32,
    last: i32,
}

impl Late {
    fn of(files: &[DataFile], retained_from: Option<i32>) -> Option<Late> {
        let late = files.iter().filter(|file| retained_from.is_some_and(|from| file.date < from));
        let late = late.map(|file| Late { rows: file.rows, first: file.date, last: file.date });
        late.reduce(Late::and)
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: Late) -> Late {
        Late {
            rows: self.rows + other.rows,
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    /// The first of the days, `YYYY-MM-DD`.
    pub fn first_day(&self) -> String {
        format_date(self.first)
    }

    /// The last of them.
    pub fn last_day(&self) -> String {
        format_date(self.last)
    }
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
        let closes = open(close::TABLE, &close::SCHEMA).await?;
        let mut events = open("events", &fresh).await?;
        // An older fillwatch has noted it there alone.
        let noted = state.setting(RETAINED_FROM)?.and_then(|date| parse_date(&date));
        events.retained_from = events.retained_from.max(noted);
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
            closes: Visible::of(&closes),
            running: Running::default(),
            retained_from: events.retained_from,
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
            tables: tokio::sync::Mutex::new(Tables { events, quarantine, closes, state, settled }),
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
        if let Some(earliest) = TimeColumn::Ts.of(&decoded.batch).values().iter().min() {
            buffer.running.came(*earliest);
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
        let closes = CloseView {
            dir: self.layout.table(close::TABLE),
            version: Some(buffer.closes.version),
            columns: Arc::clone(&buffer.closes.schema),
            files: Arc::clone(&buffer.closes.files),
            running: buffer.running.kept().to_vec(),
            retained_from: buffer.retained_from,
        };
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
                TimeColumn::Ts,
                &schema,
                events.files,
                hot,
            )),
            quarantine: Arc::new(TableView::new(
                &quarantine_dir,
                quarantine.version,
                TimeColumn::Ts,
                &quarantine::SCHEMA,
                quarantine.files,
                hot_rejects,
            )),
            closes,
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
            late: Late::of(&added, tables.events.retained_from),
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
        let files = Table::write_days(&table.log, &committing.file_name(), days, now_ms).await?;
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
        let name = committing.file_name();
        let written = Table::write_days(&table.log, &name, days, now_ms).await?;
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
    pub(crate) fn buffer(&self) -> MutexGuard<'_, Buffer> {
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
        self.closes = Visible::of(&tables.closes);
        self.retained_from = tables.events.retained_from;
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
