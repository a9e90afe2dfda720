//! The store by itself: what is pushed is seen once, whatever happens to the disk or the process.

mod closes;

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use async_trait::async_trait;
use datafusion::prelude::SessionContext;
use fillwatch_model::{
    Decoded, FileId, LogFile, ManualClock, Mark, Progress, Reason, Reject, SourceId,
};
use fillwatch_store::{Options, Reader, Snapshot, Store, StoreError};
use futures::stream::BoxStream;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

const DAY: i64 = 86_400_000_000;
/// 2026-01-05T12:00:00Z.
const NOON: i64 = 1_767_614_400_000_000;

async fn open(dir: &Path) -> Store {
    Store::open(dir, Options::default(), clock()).await.unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOON))
}

fn log_file(id: u64) -> Arc<LogFile> {
    Arc::new(LogFile {
        id: FileId(id),
        path: format!("/logs/{id}.jsonl").into(),
        source: SourceId(0),
    })
}

/// One row for each ten bytes of `bytes` of file `id`, a second apart from `ts` on.
fn lines(id: u64, bytes: Range<u64>, ts: i64) -> Decoded {
    let offsets: Vec<i64> = bytes.clone().step_by(10).map(|offset| offset as i64).collect();
    let times = (0..offsets.len() as i64).map(|at| ts + at * 1_000_000);
    let text = |value: &str| -> ArrayRef {
        Arc::new(StringArray::from(vec![value.to_owned(); offsets.len()]))
    };
    let batch = RecordBatch::try_from_iter([
        (
            "ts",
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
                as ArrayRef,
        ),
        ("kind", text("fill")),
        ("bot", text("mm1")),
        ("file", text("/logs/a.jsonl")),
        ("file_id", text(&FileId(id).to_string())),
        ("offset", Arc::new(Int64Array::from(offsets.clone()))),
    ]);
    decoded(id, bytes, batch.unwrap(), vec![])
}

fn decoded(id: u64, bytes: Range<u64>, batch: RecordBatch, rejects: Vec<Reject>) -> Decoded {
    let mark = Mark {
        dev: 1,
        ino: id,
        prefix_len: 0,
        prefix_hash: 0,
        tail_len: 0,
        tail_hash: bytes.end.into(),
    };
    let progress = Progress {
        file: log_file(id),
        from: bytes.start,
        to: bytes.end,
        mark,
        rows: batch.num_rows() as u64,
        rejects: rejects.len() as u64,
        conflicts: 0,
    };
    Decoded { batch, rejects, progress: vec![progress], fields: vec![] }
}

fn reject(id: u64, offset: u64) -> Reject {
    Reject {
        file: log_file(id),
        offset,
        len: 5,
        reason: Reason::NotJson,
        raw: b"hello".to_vec(),
        read_at: NOON,
    }
}

fn push(store: &Store, decoded: Decoded) {
    store.push(decoded).unwrap().unwrap();
}

async fn ask(snapshot: &Snapshot, sql: &str) -> String {
    let context = SessionContext::new();
    context.register_table("events", snapshot.events()).unwrap();
    context.register_table("quarantine", snapshot.quarantine()).unwrap();
    context.register_table("daily_close", snapshot.closes("one").table).unwrap();
    context.register_table("sources", snapshot.sources().unwrap()).unwrap();
    context.register_table("fields", snapshot.fields().unwrap()).unwrap();
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    let table = pretty_format_batches(&batches).unwrap().to_string();
    let cells = |line: &str| {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let rows = table.lines().skip(3).filter(|line| line.starts_with('|')).map(cells);
    rows.collect::<Vec<_>>().join("\n")
}

const COUNT: &str =
    "select count(*), count(distinct \"offset\"), min(\"offset\"), max(\"offset\") from events";

async fn check(snapshot: &Snapshot, sql: &str, expect: &str) {
    assert_eq!(ask(snapshot, sql).await, expect, "{sql}");
}

#[tokio::test]
async fn a_row_is_seen_once_before_its_commit_and_after() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    push(&store, lines(1, 0..30, NOON));
    check(&store.snapshot(), COUNT, "3 3 0 20").await;
    let before = store.snapshot();
    let committed = store.commit().await.unwrap().unwrap();
    assert_eq!((committed.rows, committed.files, committed.log_bytes), (3, 1, 30));
    push(&store, lines(1, 30..50, NOON));
    check(&store.snapshot(), COUNT, "5 5 0 40").await;
    check(&before, COUNT, "3 3 0 20").await;
    check(&Reader::open(dir.path()).unwrap().committed().await.unwrap(), COUNT, "3 3 0 20").await;
}

#[tokio::test]
async fn reading_goes_on_where_the_table_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    push(&store, lines(1, 0..30, NOON));
    push(&store, lines(2, 0..10, NOON));
    store.commit().await.unwrap();
    push(&store, lines(1, 30..60, NOON));
    drop(store); // the last three rows were never committed

    let store = open(dir.path()).await;
    let mut known: Vec<(u64, u64, u128)> = store
        .known_files()
        .iter()
        .map(|file| (file.id.0, file.offset, file.mark.tail_hash))
        .collect();
    known.sort_unstable();
    assert_eq!(known, [(1, 30, 30), (2, 10, 10)]);
    push(&store, lines(1, 30..60, NOON));
    store.commit().await.unwrap();
    check(&store.snapshot(), "select count(*) from events", "7").await;
    let sources = "select file_id, read_bytes, committed_bytes, rows from sources order by 1";
    check(&store.snapshot(), sources, "0000000000000001 60 60 6\n0000000000000002 10 10 1").await;
}

#[tokio::test]
async fn lines_that_do_not_follow_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    push(&store, lines(1, 0..30, NOON));
    store.commit().await.unwrap();
    push(&store, lines(1, 20..40, NOON));
    let error = store.commit().await.unwrap_err().to_string();
    assert!(error.contains("is at offset 30, but the next lines begin at 20"), "{error}");
}

#[tokio::test]
async fn a_second_writer_is_turned_away() {
    let dir = tempfile::tempdir().unwrap();
    let _store = open(dir.path()).await;
    let second = Store::open(dir.path(), Options::default(), clock()).await;
    assert!(
        matches!(second, Err(StoreError::InUse { holder, .. }) if holder == std::process::id().to_string())
    );
}

#[tokio::test]
async fn rows_of_two_days_lie_in_two_partitions() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    push(&store, lines(1, 0..20, NOON - DAY));
    push(&store, lines(1, 20..30, NOON));
    assert_eq!(store.commit().await.unwrap().unwrap().files, 2);
    let days = "select date, count(*) from events group by 1 order by 1";
    check(&store.snapshot(), days, "2026-01-04 2\n2026-01-05 1").await;
    let committed = Reader::open(dir.path()).unwrap().committed().await.unwrap();
    check(&committed, days, "2026-01-04 2\n2026-01-05 1").await;
    assert!(dir.path().join("events/date=2026-01-04").is_dir());
}

#[tokio::test]
async fn a_new_field_becomes_a_column() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    push(&store, lines(1, 0..10, NOON));
    store.commit().await.unwrap();
    store.fields().resolve("spread", fillwatch_model::ColumnType::Float).unwrap();
    let mut more = lines(1, 10..20, NOON);
    let mut columns: Vec<(String, ArrayRef)> = more
        .batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .zip(more.batch.columns().iter().cloned())
        .collect();
    columns.push(("spread".to_owned(), Arc::new(Float64Array::from(vec![0.5]))));
    more.batch = RecordBatch::try_from_iter(columns).unwrap();
    push(&store, more);
    let spread = "select \"offset\", spread from events order by 1";
    check(&store.snapshot(), spread, "0 \n10 0.5").await;
    store.commit().await.unwrap();
    drop(store);
    let store = open(dir.path()).await;
    check(&store.snapshot(), spread, "0 \n10 0.5").await;
}

#[tokio::test]
async fn a_line_that_is_no_row_is_in_quarantine() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut some = lines(1, 0..20, NOON);
    some.rejects = vec![reject(1, 10)];
    some.progress[0].rejects = 1;
    push(&store, some);
    let all = "select file, \"offset\", length, reason, raw from quarantine";
    let wanted = "/logs/1.jsonl 10 5 no JSON object in this line hello";
    check(&store.snapshot(), all, wanted).await;
    store.commit().await.unwrap();
    check(&store.snapshot(), all, wanted).await;
    drop(store);
    check(&Reader::open(dir.path()).unwrap().committed().await.unwrap(), all, wanted).await;
}

/// A disk that can be told to fail: before a write happens, or after, when it did.
#[derive(Debug)]
struct Faulty {
    disk: Arc<dyn ObjectStore>,
    fault: Arc<Fault>,
}

#[derive(Debug, Default)]
struct Fault {
    /// Fails the next write of a path that holds this text.
    of: std::sync::Mutex<Option<&'static str>>,
    after: AtomicBool,
}

impl Fault {
    fn next(&self, of: &'static str, after: bool) {
        *self.of.lock().unwrap() = Some(of);
        self.after.store(after, Ordering::Relaxed);
    }

    fn strikes(&self, location: &ObjectPath) -> bool {
        let mut of = self.of.lock().unwrap();
        let strikes = of.is_some_and(|of| location.as_ref().contains(of));
        if strikes {
            *of = None;
        }
        strikes
    }

    fn error() -> object_store::Error {
        object_store::Error::Generic { store: "faulty", source: "no space left on device".into() }
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty disk")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(
        &self,
        location: &ObjectPath,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        let strikes = self.fault.strikes(location);
        if strikes && !self.fault.after.load(Ordering::Relaxed) {
            return Err(Fault::error());
        }
        let done = self.disk.put_opts(location, payload, options).await;
        if strikes { Err(Fault::error()) } else { done }
    }

    async fn put_multipart_opts(
        &self,
        location: &ObjectPath,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.disk.put_multipart_opts(location, options).await
    }

    async fn get_opts(
        &self,
        location: &ObjectPath,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        self.disk.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<ObjectPath>>,
    ) -> BoxStream<'static, object_store::Result<ObjectPath>> {
        self.disk.delete_stream(locations)
    }

    fn list(
        &self,
        prefix: Option<&ObjectPath>,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.disk.list(prefix)
    }

    async fn list_with_delimiter(
        &self,
        prefix: Option<&ObjectPath>,
    ) -> object_store::Result<ListResult> {
        self.disk.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &ObjectPath,
        to: &ObjectPath,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.disk.copy_opts(from, to, options).await
    }
}

/// Each write of a commit fails once, before or after having happened; then the disk is well again.
#[tokio::test]
async fn a_failed_commit_loses_nothing_and_doubles_nothing() {
    for after in [false, true] {
        for of in ["events/date=", "events/_delta_log", "quarantine/date=", "quarantine/_delta_log"]
        {
            let dir = tempfile::tempdir().unwrap();
            let fault = Arc::new(Fault::default());
            let wrapped = Arc::clone(&fault);
            let wrap = |disk| Arc::new(Faulty { disk, fault: wrapped }) as Arc<dyn ObjectStore>;
            let store =
                Store::open_through(dir.path(), Options::default(), clock(), wrap).await.unwrap();
            push(&store, lines(1, 0..20, NOON));
            store.commit().await.unwrap();
            let mut some = lines(1, 20..40, NOON);
            some.rejects = vec![reject(1, 30)];
            push(&store, some);

            fault.next(of, after);
            let first = store.commit().await;
            // A commit file that did get there is recognised, and is no error.
            assert_eq!(first.is_ok(), after && of.ends_with("_delta_log"), "{of} after={after}");
            check(&store.snapshot(), COUNT, "4 4 0 30").await;
            push(&store, lines(1, 40..50, NOON));
            while store.is_dirty() {
                store.commit().await.unwrap();
            }
            check(&store.snapshot(), COUNT, "5 5 0 40").await;
            check(&store.snapshot(), "select count(*) from quarantine", "1").await;
            drop(store);

            let store = open(dir.path()).await;
            check(&store.snapshot(), COUNT, "5 5 0 40").await;
            check(&store.snapshot(), "select count(*) from quarantine", "1").await;
            assert_eq!(store.known_files()[0].offset, 50);
        }
    }
}

/// What a power cut can leave of the last commit on a disk that lied about fsync.
#[tokio::test]
async fn a_torn_commit_is_set_aside_and_its_lines_are_read_again() {
    for torn in ["", "{\"commitInfo\":{\"timest", "\0\0\0\0\0\0"] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        push(&store, lines(1, 0..20, NOON));
        store.commit().await.unwrap();
        push(&store, lines(1, 20..40, NOON));
        store.commit().await.unwrap();
        drop(store);
        std::fs::write(dir.path().join("events/_delta_log/00000000000000000002.json"), torn)
            .unwrap();

        // A reader may not touch it, and sees what is whole.
        let reader = Reader::open(dir.path()).unwrap();
        check(&reader.committed().await.unwrap(), "select count(*) from events", "2").await;
        let store = open(dir.path()).await;
        assert_eq!(store.set_aside(), ["events/_delta_log/00000000000000000002.json"]);
        assert_eq!(store.known_files()[0].offset, 20);
        push(&store, lines(1, 20..40, NOON));
        store.commit().await.unwrap();
        check(&store.snapshot(), COUNT, "4 4 0 30").await;
    }
}

#[tokio::test]
async fn a_commit_whose_data_file_is_gone_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    push(&store, lines(1, 0..20, NOON));
    store.commit().await.unwrap();
    drop(store);
    for entry in std::fs::read_dir(dir.path().join("events/date=2026-01-05")).unwrap() {
        std::fs::write(entry.unwrap().path(), "").unwrap();
    }
    let store = open(dir.path()).await;
    assert_eq!(store.set_aside().len(), 1);
    assert!(store.known_files().is_empty());
}

#[tokio::test]
async fn without_state_db_the_log_still_recognises_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    push(&store, lines(1, 0..20, NOON));
    store.commit().await.unwrap();
    drop(store);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _may_be_absent = std::fs::remove_file(dir.path().join(name));
    }
    let store = open(dir.path()).await;
    let known = &store.known_files()[0];
    assert_eq!((known.offset, known.mark.ino, known.mark.tail_hash), (20, 1, 20));
}

#[tokio::test]
async fn compaction_changes_files_and_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = Store::open(dir.path(), Options::default(), Arc::clone(&clock) as _).await.unwrap();
    for at in 0..8 {
        push(&store, lines(1, at * 20..(at + 1) * 20, NOON + (8 - at as i64) * 500_000));
        store.commit().await.unwrap();
    }
    assert_eq!(store.snapshot().events_size().files, 8);
    let reader = Reader::open(dir.path()).unwrap().committed().await.unwrap();
    let compacted = store.compact().await.unwrap().unwrap();
    assert_eq!((compacted.files_before, compacted.rows), (8, 16));
    assert_eq!(store.compact().await.unwrap(), None);
    assert_eq!(store.snapshot().events_size().files, 1);
    check(&store.snapshot(), COUNT, "16 16 0 150").await;
    // A reader that began before goes on with the files it knows…
    assert_eq!(store.vacuum().await.unwrap(), 0);
    check(&reader, COUNT, "16 16 0 150").await;
    // …which go an hour later.
    clock.set(NOON + 2 * 3_600_000_000);
    assert_eq!(store.vacuum().await.unwrap(), 8);
    drop(store);
    let store = open(dir.path()).await;
    check(&store.snapshot(), COUNT, "16 16 0 150").await;
    assert_eq!(store.known_files()[0].offset, 160);
}

#[tokio::test]
async fn a_checkpoint_changes_nothing_but_the_time_to_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for at in 0..12 {
        push(&store, lines(at, 0..10, NOON));
        store.commit().await.unwrap();
        store.checkpoint(5).await.unwrap();
    }
    drop(store);
    assert!(dir.path().join("events/_delta_log/00000000000000000010.checkpoint.parquet").exists());
    let store = open(dir.path()).await;
    check(&store.snapshot(), "select count(*) from events", "12").await;
    assert_eq!(store.known_files().len(), 12);
}

#[tokio::test]
async fn an_exported_snapshot_is_the_same_picture_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    push(&store, lines(1, 0..20, NOON));
    store.commit().await.unwrap();
    push(&store, lines(1, 20..50, NOON));
    let exported = store.snapshot().export();
    push(&store, lines(1, 50..90, NOON));
    store.commit().await.unwrap();
    let elsewhere = Reader::open(dir.path()).unwrap().with_exported(exported).await.unwrap();
    check(&elsewhere, COUNT, "5 5 0 40").await;
    check(&elsewhere, "select read_bytes, committed_bytes from sources", "50 20").await;
}

/// A window of an hour opens the files of its day and no others.
#[tokio::test]
async fn a_window_opens_only_its_own_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    for day in 0..60 {
        push(&store, lines(1, day * 10..(day + 1) * 10, NOON - day as i64 * DAY));
    }
    store.commit().await.unwrap();
    drop(store);
    let snapshot = Reader::open(dir.path()).unwrap().committed().await.unwrap();
    assert_eq!(snapshot.events_size().files, 60);
    let plan = ask(
        &snapshot,
        "explain select kind from events
         where ts >= timestamp '2026-01-03T11:30:00Z' and ts < timestamp '2026-01-03T12:30:00Z'",
    )
    .await;
    assert_eq!(plan.matches(".parquet").count(), 1, "{plan}");
    assert!(plan.contains("date=2026-01-03"), "{plan}");
}

/// Within the one file of a day, a window of a minute reads the row group it lies in and no others.
#[tokio::test]
async fn a_window_reads_only_its_own_row_groups() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let midnight = NOON - DAY / 2;
    let rows = 400_000;
    push(&store, dense(1, rows, midnight, DAY / i64::from(rows)));
    store.commit().await.unwrap();
    drop(store);
    let snapshot = Reader::open(dir.path()).unwrap().committed().await.unwrap();
    assert_eq!(snapshot.events_size().files, 1);
    let plan = ask(
        &snapshot,
        "explain analyze select count(kind) from events
         where ts >= timestamp '2026-01-05T11:59:00Z' and ts < timestamp '2026-01-05T12:00:00Z'",
    )
    .await;
    let metric = "row_groups_pruned_statistics=";
    let at = plan.find(metric).unwrap_or_else(|| panic!("{plan}")) + metric.len();
    let pruned: String = plan[at..].chars().take(40).collect();
    assert!(pruned.starts_with("4 total → 1 matched"), "{pruned}");
}

/// `rows` rows, `step` µs apart.
fn dense(id: u64, rows: i32, ts: i64, step: i64) -> Decoded {
    let count = rows as usize;
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value; count])) };
    let times = (0..i64::from(rows)).map(|at| ts + at * step);
    let batch = RecordBatch::try_from_iter([
        (
            "ts",
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
                as ArrayRef,
        ),
        ("kind", text("quote")),
        ("bot", text("mm1")),
        ("file", text("/logs/a.jsonl")),
        ("file_id", text(&FileId(id).to_string())),
        ("offset", Arc::new(Int64Array::from_iter_values((0..i64::from(rows)).map(|at| at * 10)))),
    ]);
    decoded(id, 0..count as u64 * 10, batch.unwrap(), vec![])
}
