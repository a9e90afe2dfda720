//! `daily_close` and the running closes: written whole, gone on from while nothing earlier has come.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use fillwatch_model::limits;
use fillwatch_store::{Closes, Options, Reader, Retention, Snapshot, Store};

use super::{DAY, Fault, Faulty, NOON, ask, check, clock, lines, open, push};

const ONE: &str = "one";
/// The UTC day of [`NOON`].
const TODAY: i32 = (NOON / DAY) as i32;
const MIDNIGHT: i64 = NOON - DAY / 2;
const HOUR: i64 = 3_600_000_000;

/// The columns that every close has.
fn rows_at(at: i64, parts: &[&str]) -> Vec<(&'static str, ArrayRef)> {
    let instants = TimestampMicrosecondArray::from_value(at, parts.len()).with_timezone("UTC");
    vec![("close_at", Arc::new(instants)), ("part", Arc::new(StringArray::from(parts.to_vec())))]
}

fn with(
    mut columns: Vec<(&'static str, ArrayRef)>,
    name: &'static str,
    column: ArrayRef,
) -> RecordBatch {
    columns.push((name, column));
    RecordBatch::try_from_iter(columns).unwrap()
}

/// A close of one row that says how many rows its day had.
fn state(at: i64, rows: u64) -> RecordBatch {
    with(rows_at(at, &["seen"]), "events", Arc::new(Int64Array::from(vec![rows as i64])))
}

async fn close(store: &Store, day: i32) {
    let basis = store.snapshot().basis(ONE, day).unwrap();
    store.write_close(&basis, &[state(basis.at(), basis.rows())]).await.unwrap();
}

async fn close_all(store: &Store) {
    while let Some(day) = store.snapshot().days_to_close(ONE, TODAY).first() {
        close(store, *day).await;
    }
}

/// A store with two rows on each of the four days before today, and one today.
async fn five_days(dir: &std::path::Path) -> Store {
    let store = open(dir).await;
    fill_five_days(&store).await;
    store
}

async fn fill_five_days(store: &Store) {
    for days_ago in 1..=4 {
        let ts = NOON - days_ago as i64 * DAY;
        push(store, lines(days_ago, 0..20, ts));
    }
    push(store, lines(5, 0..10, NOON));
    store.commit().await.unwrap();
}

/// The instants of closes, as hours from the midnight before now.
fn hours(closes: &Closes) -> Vec<i64> {
    closes.at.iter().map(|at| (at - MIDNIGHT).div_euclid(HOUR)).collect()
}

/// Which days before today are open, and which closes are valid; days are counted from today.
#[track_caller]
fn standing(snapshot: &Snapshot, open: &[i32], closed: &[i32]) {
    let days: Vec<i32> = snapshot.days_to_close(ONE, TODAY).iter().map(|day| day - TODAY).collect();
    let at = snapshot.daily_closes(ONE).at;
    let valid: Vec<i32> = at.iter().map(|at| ((at - MIDNIGHT) / DAY) as i32 - 1).collect();
    assert_eq!((days.as_slice(), valid.as_slice()), (open, closed));
}

const ALL: &str = "select date, close_at, part, events from daily_close order by close_at";

#[tokio::test]
async fn a_day_is_closed_and_closed_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    standing(&store.snapshot(), &[-4, -3, -2, -1], &[]);
    close_all(&store).await;
    standing(&store.snapshot(), &[], &[-4, -3, -2, -1]);
    let one_row = "select date, close_at, part, events from daily_close where date = '2026-01-04'";
    check(&store.snapshot(), one_row, "2026-01-04 2026-01-05T00:00:00Z seen 2").await;

    // Rows, columns, none at all: the last one is what there is of the day, here and elsewhere.
    let basis = store.snapshot().basis(ONE, TODAY - 1).unwrap();
    assert_eq!((basis.date().as_str(), basis.rows()), ("2026-01-04", 2));
    let prices: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 0.25]));
    let two = with(rows_at(MIDNIGHT, &["order", "order"]), "price", prices);
    let written = store.write_close(&basis, &[two, state(MIDNIGHT, 9)]).await.unwrap();
    assert_eq!((written.day.as_str(), written.rows), ("2026-01-04", 3));
    let last =
        "select part, price, events from daily_close where date = '2026-01-04' order by 1, 2";
    let wanted = "order 0.25 \norder 0.5 \nseen  9";
    check(&store.snapshot(), last, wanted).await;
    let reader = Reader::open(dir.path()).unwrap();
    check(&reader.committed().await.unwrap(), last, wanted).await;
    store.write_close(&basis, &[]).await.unwrap();
    drop(store);

    let store = open(dir.path()).await;
    for snapshot in [store.snapshot(), reader.committed().await.unwrap()] {
        standing(&snapshot, &[], &[-4, -3, -2, -1]);
        check(&snapshot, "select count(*), count(price) from daily_close", "3 0").await;
        assert!(snapshot.closes("two").at.is_empty(), "of another definition");
    }
}

#[tokio::test]
async fn closes_outlive_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    close_all(&store).await;
    for _ in 0..8 {
        close(&store, TODAY - 2).await;
        store.checkpoint(3).await.unwrap();
    }
    let basis = store.snapshot().basis(ONE, TODAY - 3).unwrap();
    store.write_close(&basis, &[]).await.unwrap(); // a file without rows
    store.checkpoint(1).await.unwrap();
    drop(store);
    let log = dir.path().join("daily_close/_delta_log");
    assert!(log.join("00000000000000000013.checkpoint.parquet").exists());
    // The checkpoint has to do without what led to it.
    for version in 0..=13 {
        std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    let committed = Reader::open(dir.path()).unwrap().committed().await.unwrap();
    let store = open(dir.path()).await;
    for snapshot in [committed, store.snapshot()] {
        standing(&snapshot, &[], &[-4, -3, -2, -1]);
        check(&snapshot, "select count(*) from daily_close", "3").await;
    }
}

#[tokio::test]
async fn late_rows_reopen_their_day_and_those_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    close_all(&store).await;
    let before = store.snapshot();
    push(&store, lines(6, 0..10, NOON - 3 * DAY));
    standing(&store.snapshot(), &[-3, -2, -1], &[-4]);
    assert_eq!(store.snapshot().basis(ONE, TODAY - 3), None, "its rows are not all committed");
    assert!(store.snapshot().basis(ONE, TODAY - 4).is_some());
    store.commit().await.unwrap();
    standing(&store.snapshot(), &[-3, -2, -1], &[-4]);
    standing(&before, &[], &[-4, -3, -2, -1]);
    // That day alone does not make the ones after it right.
    close(&store, TODAY - 3).await;
    standing(&store.snapshot(), &[-2, -1], &[-4, -3]);
    close_all(&store).await;
    let again = Reader::open(dir.path()).unwrap().committed().await.unwrap();
    standing(&again, &[], &[-4, -3, -2, -1]);
    check(&again, "select events from daily_close order by date", "2\n3\n2\n2").await;
}

#[tokio::test]
async fn a_close_made_without_a_late_row_is_not_gone_on_from() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    let basis = store.snapshot().basis(ONE, TODAY - 4).unwrap();
    push(&store, lines(6, 0..10, NOON - 4 * DAY));
    store.commit().await.unwrap();
    store.write_close(&basis, &[]).await.unwrap();
    standing(&store.snapshot(), &[-4, -3, -2, -1], &[]);
}

#[tokio::test]
async fn merging_files_keeps_closes_valid() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    push(&store, lines(6, 0..10, NOON - 3 * DAY));
    store.commit().await.unwrap();
    close_all(&store).await;
    assert_eq!(store.compact().await.unwrap().unwrap().files_before, 2);
    standing(&store.snapshot(), &[], &[-4, -3, -2, -1]);
    drop(store);
    standing(&open(dir.path()).await.snapshot(), &[], &[-4, -3, -2, -1]);
}

/// Each write of a close fails once, before or after having happened.
#[tokio::test]
async fn a_close_that_fails_is_the_old_one_or_the_new_one() {
    for after in [false, true] {
        for of in ["daily_close/date=", "daily_close/_delta_log"] {
            let dir = tempfile::tempdir().unwrap();
            let fault = Arc::new(Fault::default());
            let wrapped = Arc::clone(&fault);
            let wrap = |disk| Arc::new(Faulty { disk, fault: wrapped }) as _;
            let store =
                Store::open_through(dir.path(), Options::default(), clock(), wrap).await.unwrap();
            fill_five_days(&store).await;
            close_all(&store).await;
            let basis = store.snapshot().basis(ONE, TODAY - 1).unwrap();
            let events = "select events from daily_close where date = '2026-01-04'";

            fault.next(of, after);
            let first = store.write_close(&basis, &[state(MIDNIGHT, 7)]).await;
            let landed = after && of.ends_with("_delta_log");
            assert_eq!(first.is_ok(), landed, "{of} after={after}");
            assert_eq!(fault.after.load(Ordering::Relaxed), after);
            check(&store.snapshot(), events, if landed { "7" } else { "2" }).await;
            store.write_close(&basis, &[state(MIDNIGHT, 8)]).await.unwrap();
            check(&store.snapshot(), events, "8").await;
            drop(store);

            let store = open(dir.path()).await;
            assert!(store.set_aside().is_empty());
            check(&store.snapshot(), events, "8").await;
            standing(&store.snapshot(), &[], &[-4, -3, -2, -1]);
        }
    }
}

#[tokio::test]
async fn a_torn_close_is_set_aside_and_its_day_is_open_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    close_all(&store).await;
    drop(store);
    let last = dir.path().join("daily_close/_delta_log/00000000000000000004.json");
    std::fs::write(last, "{\"commitInfo\":{\"timest").unwrap();
    let committed = Reader::open(dir.path()).unwrap().committed().await.unwrap();
    standing(&committed, &[-1], &[-4, -3, -2]);
    let store = open(dir.path()).await;
    assert_eq!(store.set_aside(), ["daily_close/_delta_log/00000000000000000004.json"]);
    standing(&store.snapshot(), &[-1], &[-4, -3, -2]);
    close_all(&store).await;
    standing(&store.snapshot(), &[], &[-4, -3, -2, -1]);
}

#[tokio::test]
async fn a_store_of_an_older_fillwatch_has_no_closes_yet() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    let mut exported = store.snapshot().export();
    drop(store);
    std::fs::remove_dir_all(dir.path().join("daily_close")).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    exported.closes_version = None;
    for snapshot in
        [reader.committed().await.unwrap(), reader.with_exported(exported).await.unwrap()]
    {
        standing(&snapshot, &[-4, -3, -2, -1], &[]);
        check(&snapshot, "select count(*) from daily_close", "0").await;
    }
    let store = open(dir.path()).await;
    close_all(&store).await;
    standing(&reader.committed().await.unwrap(), &[], &[-4, -3, -2, -1]);
}

/// A close is asked for by its instant, and opens its own file and no other.
#[tokio::test]
async fn a_close_is_read_from_its_own_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    close_all(&store).await;
    let snapshot = store.snapshot();
    for condition in [
        "close_at = timestamp '2026-01-04T00:00:00Z'",
        "date = '2026-01-03'",
        "close_at > timestamp '2026-01-03T00:00:00Z' and close_at < timestamp '2026-01-04T12:00:00Z'",
    ] {
        let select = format!("select part from daily_close where {condition}");
        check(&snapshot, &select, "seen").await;
        let plan = ask(&snapshot, &format!("explain {select}")).await;
        assert_eq!(plan.matches(".parquet").count(), 1, "{condition}: {plan}");
        assert!(plan.contains("date=2026-01-03"), "{condition}: {plan}");
    }
}

#[tokio::test]
async fn a_column_is_of_one_type_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    let basis = store.snapshot().basis(ONE, TODAY - 4).unwrap();
    let price = |column: ArrayRef| with(rows_at(basis.at(), &["mark"]), "price", column);
    let floats = price(Arc::new(Float64Array::from(vec![0.5])));
    store.write_close(&basis, &[floats]).await.unwrap();
    let texts = price(Arc::new(StringArray::from(vec!["0.5"])));
    let error = store.write_close(&basis, &[texts]).await.unwrap_err().to_string();
    assert!(error.contains("`price` of a close is float, and cannot be text as well"), "{error}");
    let whole = price(Arc::new(Int64Array::from(vec![3])));
    store.write_close(&basis, &[whole]).await.unwrap();
    let nothing = price(Arc::new(arrow::array::NullArray::new(1)));
    store.write_close(&basis, &[nothing]).await.unwrap();
    let elsewhen = state(basis.at() + 1, 1);
    let error = store.write_close(&basis, &[elsewhen]).await.unwrap_err().to_string();
    assert!(error.contains("of another instant than its own"), "{error}");
    check(&store.snapshot(), "select part, price from daily_close", "mark ").await;
}

async fn run(store: &Store, at: i64) -> bool {
    let token = store.begin_running();
    store.install_running(&token, at, ONE, &[state(at, 0)]).unwrap()
}

#[tokio::test]
async fn a_running_close_goes_when_an_earlier_row_comes() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    close_all(&store).await;
    for hour in [9, 10, 11] {
        assert!(run(&store, MIDNIGHT + hour * HOUR).await);
    }
    let before = store.snapshot();
    assert_eq!(hours(&before.closes(ONE)), [-72, -48, -24, 0, 9, 10, 11]);
    assert_eq!(hours(&before.daily_closes(ONE)), [-72, -48, -24, 0]);
    push(&store, lines(6, 0..10, MIDNIGHT + 10 * HOUR));
    assert_eq!(hours(&store.snapshot().closes(ONE)), [-72, -48, -24, 0, 9, 10]);
    let token = store.begin_running();
    push(&store, lines(6, 10..20, MIDNIGHT - 30 * HOUR));
    assert_eq!(hours(&store.snapshot().closes(ONE)), [-72, -48]);
    let at = MIDNIGHT + 12 * HOUR;
    assert!(!store.install_running(&token, at, ONE, &[]).unwrap());
    assert!(run(&store, at).await, "made anew");
    // What was handed out stays as it was.
    assert_eq!(hours(&before.closes(ONE)), [-72, -48, -24, 0, 9, 10, 11]);
    store.commit().await.unwrap();
    close_all(&store).await;
    assert_eq!(hours(&store.snapshot().closes(ONE)), [-72, -48, -24, 0, 12]);
    assert_eq!(hours(&store.snapshot().closes("two")), [0_i64; 0]);
}

/// What is made of the close of each day must find none left out.
#[tokio::test]
async fn a_running_close_is_not_gone_on_from_while_a_day_before_it_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    for days_ago in [4, 3, 2] {
        close(&store, TODAY - days_ago).await;
    }
    assert!(run(&store, MIDNIGHT - HOUR).await);
    assert!(run(&store, MIDNIGHT + HOUR).await);
    assert_eq!(hours(&store.snapshot().closes(ONE)), [-72, -48, -24, -1]);
    close(&store, TODAY - 1).await;
    assert_eq!(hours(&store.snapshot().closes(ONE)), [-72, -48, -24, -1, 0, 1]);

    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    for days_ago in [4, 3, 2] {
        close(&store, TODAY - days_ago).await;
    }
    // As good as the day's own.
    assert!(run(&store, MIDNIGHT).await);
    assert!(run(&store, MIDNIGHT + HOUR).await);
    assert_eq!(hours(&store.snapshot().closes(ONE)), [-72, -48, -24, 0, 1]);
}

#[tokio::test]
async fn another_process_sees_the_same_closes() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    close_all(&store).await;
    assert!(run(&store, MIDNIGHT + HOUR).await);
    let none = store.begin_running();
    assert!(store.install_running(&none, MIDNIGHT + 2 * HOUR, ONE, &[]).unwrap());
    push(&store, lines(6, 0..10, NOON));
    let exported = store.snapshot().export();
    push(&store, lines(7, 0..10, NOON - 2 * DAY));
    store.commit().await.unwrap();
    close_all(&store).await;
    let elsewhere = Reader::open(dir.path()).unwrap().with_exported(exported).await.unwrap();
    assert_eq!(hours(&elsewhere.closes(ONE)), [-72, -48, -24, 0, 1, 2]);
    let wanted = "2026-01-01 2026-01-02T00:00:00Z seen 2\n\
                  2026-01-02 2026-01-03T00:00:00Z seen 2\n\
                  2026-01-03 2026-01-04T00:00:00Z seen 2\n\
                  2026-01-04 2026-01-05T00:00:00Z seen 2\n\
                  2026-01-05 2026-01-05T01:00:00Z seen 0";
    check(&elsewhere, ALL, wanted).await;
}

/// Of one instant there is one close: what is on disk.
#[tokio::test]
async fn a_close_on_disk_takes_the_place_of_a_running_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    for days_ago in [4, 3, 2] {
        close(&store, TODAY - days_ago).await;
    }
    assert!(run(&store, MIDNIGHT).await);
    assert_eq!(hours(&store.snapshot().closes(ONE)), [-72, -48, -24, 0]);
    let of_midnight = "select events from daily_close where close_at = '2026-01-05T00:00:00Z'";
    check(&store.snapshot(), of_midnight, "0").await;
    close_all(&store).await;
    assert_eq!(hours(&store.snapshot().closes(ONE)), [-72, -48, -24, 0]);
    check(&store.snapshot(), of_midnight, "2").await;
}

#[tokio::test]
async fn running_closes_take_no_more_than_their_room() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let text = "x".repeat(limits::RUNNING_CLOSE_BYTES_MAX / 2 - 1_000);
    for hour in 0..4 {
        let at = MIDNIGHT + hour * HOUR;
        let large =
            with(rows_at(at, &["order"]), "state", Arc::new(StringArray::from(vec![&*text])));
        let token = store.begin_running();
        assert!(store.install_running(&token, at, ONE, &[large]).unwrap());
    }
    assert_eq!(hours(&store.snapshot().closes(ONE)), [2, 3]);
}

#[tokio::test]
async fn retention_removes_whole_days() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    let retention = Retention { age: Some(Duration::from_secs(2 * 86_400)), bytes: None };
    // What a day carries on would be lost with it, so it is closed first.
    let waiting = store.retain(retention, ONE).await.unwrap();
    assert_eq!((waiting.removed, waiting.waits_for.as_deref()), (None, Some("2026-01-01")));
    close(&store, TODAY - 4).await;
    let half = store.retain(retention, ONE).await.unwrap();
    assert_eq!(half.waits_for.as_deref(), Some("2026-01-02"));
    let removed = half.removed.unwrap();
    assert_eq!((removed.from.as_str(), removed.rows, removed.unclosed), ("2026-01-02", 2, None));
    close_all(&store).await;
    let rest = store.retain(retention, ONE).await.unwrap();
    assert_eq!(rest.waits_for, None);
    assert_eq!(rest.removed.unwrap().from, "2026-01-03");
    assert_eq!(store.retain(retention, ONE).await.unwrap(), Default::default());
    check(&store.snapshot(), "select count(*), min(date) from events", "5 2026-01-03").await;

    // The closes are still there, and what is left goes on from them.
    standing(&store.snapshot(), &[], &[-4, -3, -2, -1]);
    push(&store, lines(6, 0..10, NOON - 4 * DAY)); // too late
    store.commit().await.unwrap();
    standing(&store.snapshot(), &[], &[-4, -3, -2, -1]);
    push(&store, lines(6, 10..20, NOON - 2 * DAY));
    store.commit().await.unwrap();
    standing(&store.snapshot(), &[-2, -1], &[-4, -3]);
    close_all(&store).await;
    store.checkpoint(1).await.unwrap();
    drop(store);

    // The table knows by itself where it begins.
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _may_be_absent = std::fs::remove_file(dir.path().join(name));
    }
    let committed = Reader::open(dir.path()).unwrap().committed().await.unwrap();
    let store = open(dir.path()).await;
    let exported = store.snapshot().export();
    let exported = Reader::open(dir.path()).unwrap().with_exported(exported).await.unwrap();
    for snapshot in [committed, store.snapshot(), exported] {
        assert_eq!(snapshot.retained_from(), Some(TODAY - 2));
        assert_eq!(snapshot.closes(ONE).retained_from, Some(MIDNIGHT - 2 * DAY));
        standing(&snapshot, &[], &[-4, -3, -2, -1]);
    }
}

/// A store that has grown to more than twice what it may waits no longer for closes.
#[tokio::test]
async fn retention_does_not_let_the_disk_fill_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = five_days(dir.path()).await;
    let bytes = store.snapshot().events_size().bytes;
    let limit = |bytes| Retention { age: None, bytes: Some(bytes) };
    let waiting = store.retain(limit(bytes * 2 / 3), ONE).await.unwrap();
    assert_eq!((waiting.removed, waiting.waits_for.as_deref()), (None, Some("2026-01-01")));
    let pressed = store.retain(limit(bytes / 3), ONE).await.unwrap();
    assert_eq!(pressed.waits_for, None);
    let removed = pressed.removed.unwrap();
    assert_eq!(removed.unclosed.as_deref(), Some("2026-01-01"));
    assert!(removed.from.as_str() > "2026-01-02", "{removed:?}");
    close_all(&store).await;
    assert!(store.snapshot().days_to_close(ONE, TODAY).is_empty());
}

#[tokio::test]
async fn what_a_close_replaced_is_cleaned_up_later() {
    let dir = tempfile::tempdir().unwrap();
    let clock = clock();
    let store = Store::open(dir.path(), Options::default(), Arc::clone(&clock) as _).await.unwrap();
    fill_five_days(&store).await;
    close_all(&store).await;
    let reader = Reader::open(dir.path()).unwrap().committed().await.unwrap();
    close(&store, TODAY - 1).await;
    assert_eq!(store.vacuum().await.unwrap(), 0);
    check(&reader, "select count(*) from daily_close", "4").await;
    clock.set(NOON + 2 * HOUR);
    assert_eq!(store.vacuum().await.unwrap(), 1);
    check(&store.snapshot(), "select count(*) from daily_close", "4").await;
}
