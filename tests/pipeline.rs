//! The whole way of a line, in this process: from a file that a bot writes to an answer in SQL.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::util::pretty::pretty_format_batches;
use fillwatch_decode::Mapping;
use fillwatch_model::{Clock, SourceId};
use fillwatch_query::{Options, Session, Window, close};
use fillwatch_serve::{
    Observer, Report, Settings, Silent, SystemClock, Trouble, attach, ingest, tables, verify, watch,
};
use fillwatch_store::{Options as StoreOptions, Retention, Store};
use fillwatch_tail::Source;
use futures::TryStreamExt;
use tokio::sync::oneshot;

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("logs")).unwrap();
        World { dir }
    }

    fn logs(&self) -> std::path::PathBuf {
        self.dir.path().join("logs")
    }

    fn store(&self) -> std::path::PathBuf {
        self.dir.path().join("store")
    }

    fn sources(&self) -> Vec<Source> {
        vec![Source::new(SourceId(0), &self.logs().to_string_lossy(), &[]).unwrap()]
    }

    fn settings(&self) -> Settings {
        Settings::new(self.store(), self.sources(), Arc::from([Mapping::default()]))
    }

    fn append(&self, name: &str, text: &str) {
        let path = self.logs().join(name);
        let mut file = File::options().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    async fn ingest(&self, final_lines: bool) -> Report {
        let never = std::future::pending();
        ingest(self.settings(), final_lines, clock(), never, Arc::new(Silent)).await.unwrap()
    }

    async fn check(&self, sql: &str, expect: &str) {
        assert_eq!(ask(&self.store(), sql).await, expect, "{sql}");
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

async fn ask(store: &Path, sql: &str) -> String {
    let options = Options::at(clock().now()).unwrap();
    let session = Session::new(tables(store).await.unwrap(), Window::ALL, options).unwrap();
    let answer = session.query(sql).await.unwrap();
    let batches: Vec<_> = answer.stream.try_collect().await.unwrap();
    let table = pretty_format_batches(&batches).unwrap().to_string();
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
        cells.collect::<Vec<_>>().join(" ")
    };
    let rows = table.lines().skip(3).filter(|line| line.starts_with('|')).map(cells);
    rows.collect::<Vec<_>>().join("\n")
}

fn placed(seq: u64) -> String {
    format!(
        "{{\"ts\": {}.25, \"event\": \"order_placed\", \"market\": \"KXBTC\", \"side\": \"yes\", \
         \"price\": 0.42, \"size\": 10, \"order_id\": \"ord_{seq}\", \"model_fair\": 0.44, \"seq\": {seq}}}\n",
        1_767_614_400 + seq
    )
}

#[tokio::test]
async fn a_second_ingest_adds_nothing() {
    let world = World::new();
    (0..100).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
    world.append("bot.jsonl", "\nTraceback (most recent call last):\n\n");
    let report = world.ingest(false).await;
    assert_eq!((report.rows, report.rejects), (100, 1));
    world
        .check("select count(*), sum(price), count(distinct order_id) from events", "100 42.0 100")
        .await;
    world.check("select reason from quarantine", "no JSON object in this line").await;
    let again = world.ingest(false).await;
    assert_eq!((again.rows, again.rejects, again.bytes), (0, 0, 0));
    world.append("bot.jsonl", &placed(100));
    assert_eq!(world.ingest(false).await.rows, 1);
    world.check("select count(*) from events", "101").await;
}

#[tokio::test]
async fn a_last_line_without_newline_waits_until_it_is_whole_or_said_to_be() {
    let world = World::new();
    world.append("bot.jsonl", &placed(0));
    world.append("bot.jsonl", placed(1).trim_end());
    let report = world.ingest(false).await;
    assert_eq!((report.rows, report.unfinished.len()), (1, 1));
    let report = world.ingest(true).await;
    assert_eq!((report.rows, report.unfinished.len()), (1, 0));
    world.check("select count(*) from events", "2").await;
    let audit = verify(&world.store(), world.sources(), clock(), &mut |_| {}).await.unwrap();
    assert!(audit.is_whole(), "{audit:?}");
}

#[tokio::test]
async fn a_rotated_and_compressed_log_is_read_once() {
    let world = World::new();
    (0..50).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
    world.ingest(false).await;
    (50..60).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
    let text = fs::read(world.logs().join("bot.jsonl")).unwrap();
    let archive = File::create(world.logs().join("bot.jsonl.1.gz")).unwrap();
    let mut archive = flate2::write::GzEncoder::new(archive, flate2::Compression::fast());
    archive.write_all(&text).unwrap();
    archive.finish().unwrap();
    fs::remove_file(world.logs().join("bot.jsonl")).unwrap();
    (60..65).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
    world.ingest(false).await;
    world.check("select count(*), count(distinct seq), max(seq) from events", "65 65 64.0").await;
}

/// `copytruncate`: what the bot writes between the copying and the truncation is read, and is in no
/// copy. The marks of the commits before tell whose copy it is.
#[tokio::test]
async fn a_copy_that_is_shorter_than_what_was_read_adds_nothing() {
    for packed in [false, true] {
        let world = World::new();
        (0..50).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
        world.ingest(false).await;
        (50..55).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
        let copied = fs::read(world.logs().join("bot.jsonl")).unwrap();
        (55..60).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
        world.ingest(false).await;
        if packed {
            let archive = File::create(world.logs().join("bot.jsonl.1.gz")).unwrap();
            let mut archive = flate2::write::GzEncoder::new(archive, flate2::Compression::fast());
            archive.write_all(&copied).unwrap();
            archive.finish().unwrap();
        } else {
            fs::write(world.logs().join("bot.jsonl.1"), &copied).unwrap();
        }
        File::options()
            .write(true)
            .open(world.logs().join("bot.jsonl"))
            .unwrap()
            .set_len(0)
            .unwrap();
        (60..63).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
        assert_eq!(world.ingest(false).await.rows, 3, "packed: {packed}");
        assert_eq!(world.ingest(false).await.rows, 0, "packed: {packed}");
        world.check("select count(*), count(distinct seq) from events", "63 63").await;
        let audit = verify(&world.store(), world.sources(), clock(), &mut |_| {}).await.unwrap();
        assert!(audit.is_whole(), "{audit:?}");
    }
}

#[tokio::test]
async fn an_audit_finds_what_was_tampered_with() {
    let world = World::new();
    (0..20).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
    world.ingest(false).await;
    let audit = verify(&world.store(), world.sources(), clock(), &mut |_| {}).await.unwrap();
    assert!(audit.is_whole());
    assert_eq!((audit.files[0].lines, audit.files[0].rows), (20, 20));
    // Somebody removes the rows of the table, by the table's own means.
    let table = world.store().join("events");
    let log = table.join("_delta_log/00000000000000000001.json");
    let commit = fs::read_to_string(&log).unwrap();
    let without: Vec<&str> = commit.lines().filter(|line| !line.starts_with("{\"add\"")).collect();
    fs::write(&log, without.join("\n")).unwrap();
    let audit = verify(&world.store(), world.sources(), clock(), &mut |_| {}).await.unwrap();
    assert_eq!(audit.files[0].missing.len(), 20);
}

/// Little memory makes many commits, and not long waits for the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_fill_the_memory_are_committed_at_once() {
    let world = World::new();
    let lines: String = (0..60_000).map(placed).collect();
    world.append("bot.jsonl", &lines);
    let mut settings = world.settings();
    settings.commit_interval = Duration::from_secs(3600);
    settings.storage.hot_bytes_max = 4 << 20;
    let never = std::future::pending();
    let report = ingest(settings, false, clock(), never, Arc::new(Silent)).await.unwrap();
    assert_eq!(report.rows, 60_000);
    assert!(report.commits > 1, "{report:?}");
    world.check("select count(*), count(distinct order_id) from events", "60000 60000").await;
}

/// Visible to SQL in another connection soon after the newline, long before the commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_is_seen_before_it_is_committed() {
    let world = World::new();
    world.append("bot.jsonl", &placed(0));
    let mut settings = world.settings();
    settings.commit_interval = Duration::from_secs(3600);
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { stopped.await.unwrap() };
    let running = tokio::spawn(watch(settings, clock(), shutdown, Arc::new(Silent)));
    wait_for(&world, "1").await;
    world.append("bot.jsonl", &placed(1));
    world.append("bot.jsonl", "{\"half\":");
    wait_for(&world, "2").await;
    let attached = attach(&world.store()).await.unwrap();
    assert!(attached.live);
    assert_eq!(
        (attached.snapshot.events_size().rows, attached.snapshot.events_size().hot_rows),
        (0, 2)
    );
    fs::remove_file(world.store().join("fillwatch.sock")).unwrap();
    wait_for(&world, "2").await; // it is made anew
    stop.send(()).unwrap();
    let report = running.await.unwrap().unwrap();
    assert_eq!((report.rows, report.commits), (2, 1));
    let attached = attach(&world.store()).await.unwrap();
    assert!(!attached.live);
    assert_eq!(attached.snapshot.events_size().rows, 2);
}

async fn wait_for(world: &World, rows: &str) {
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        let there = world.store().join("fillwatch.sock").exists();
        if there && ask(&world.store(), "select count(*) from events").await == rows {
            return;
        }
        assert!(Instant::now() < patience, "never saw {rows} rows");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An audit compares with what is on disk, and says what it could not compare and what is not read.
#[tokio::test]
async fn an_audit_after_rotation_names_what_is_gone_and_what_is_new() {
    let world = World::new();
    for round in 0..3 {
        (round * 10..round * 10 + 10).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
        world.ingest(false).await;
        // One backup is kept, so the first two generations are gone in the end.
        fs::rename(world.logs().join("bot.jsonl"), world.logs().join("bot.jsonl.1")).unwrap();
    }
    world.append("bot.jsonl", &placed(30));
    world.append("other.jsonl", &placed(31));
    let audit = verify(&world.store(), world.sources(), clock(), &mut |_| {}).await.unwrap();
    assert!(audit.is_whole(), "{audit:?}");
    assert_eq!((audit.files.len(), audit.gone.len(), audit.unread.len()), (1, 2, 2), "{audit:?}");
}

/// A store that lies among the logs is not one of them.
#[tokio::test]
async fn a_store_does_not_read_itself() {
    let world = World::new();
    world.append("bot.jsonl", &placed(0));
    let mut settings = world.settings();
    settings.store = world.logs().join("store");
    for rows in [1, 0, 0] {
        let never = std::future::pending();
        let report =
            ingest(settings.clone(), false, clock(), never, Arc::new(Silent)).await.unwrap();
        assert_eq!((report.rows, report.rejects), (rows, 0));
    }
}

/// Any path will do that a folder can have, and one that will not is refused before it is made.
#[tokio::test]
async fn a_store_may_lie_anywhere() {
    let world = World::new();
    world.append("bot.jsonl", &placed(0));
    for name in ["jörg", "a b", "st#4", "st*8", "st?9", "st[10]", "~", "new/../st"] {
        let mut settings = world.settings();
        settings.store = world.dir.path().join(name);
        let store = settings.store.clone();
        let never = std::future::pending();
        ingest(settings, false, clock(), never, Arc::new(Silent)).await.unwrap();
        assert_eq!(ask(&store, "select sum(price) from events").await, "0.42", "{name}");
    }
    for name in ["100%", "back\\slash"] {
        let mut settings = world.settings();
        settings.store = world.dir.path().join(name);
        let never = std::future::pending();
        let refused = ingest(settings, false, clock(), never, Arc::new(Silent)).await.unwrap_err();
        assert!(refused.to_string().contains("its path has"), "{refused}");
    }
}

/// What a store can do without `state.db`, and with one that is none.
#[tokio::test]
async fn a_store_without_its_state_answers_and_goes_on() {
    let world = World::new();
    (0..5).for_each(|seq| world.append("bot.jsonl", &placed(seq)));
    world.ingest(false).await;
    for garbage in [None, Some("no database at all, but quite a long text all the same")] {
        for name in ["state.db", "state.db-wal", "state.db-shm"] {
            let _may_be_absent = fs::remove_file(world.store().join(name));
        }
        if let Some(garbage) = garbage {
            fs::write(world.store().join("state.db"), garbage).unwrap();
        }
        world.check("select count(*) from events", "5").await;
        assert_eq!(world.ingest(false).await.rows, 0);
        let audit = verify(&world.store(), world.sources(), clock(), &mut |_| {}).await.unwrap();
        assert!(audit.is_whole() && audit.files[0].lines == 5, "{audit:?}");
    }
}

/// One line of an hour of a day of 2026.
fn on(day: u64, hour: u64) -> String {
    placed(0).replace("1767614400.25", &(1_767_225_600 + day * 86_400 + hour * 3600).to_string())
}

/// The days of 2026 whose closes are valid, and those that are to be closed.
async fn closes(world: &World) -> (Vec<i64>, Vec<i32>) {
    const JANUARY: i64 = 20_454;
    let snapshot = attach(&world.store()).await.unwrap().snapshot;
    let definition = close::definition().unwrap();
    let at = snapshot.daily_closes(&definition).at;
    let today = (clock().now() / 86_400_000_000) as i32;
    (
        at.iter().map(|at| at / 86_400_000_000 - 1 - JANUARY).collect(),
        snapshot.days_to_close(&definition, today).iter().map(|day| day - JANUARY as i32).collect(),
    )
}

/// What a run has read it has closed, and what comes late it closes again.
#[tokio::test]
async fn an_ingest_closes_the_days_that_are_over() {
    let world = World::new();
    for day in [0, 1, 3] {
        (0..24).for_each(|hour| world.append("bot.jsonl", &on(day, hour)));
    }
    world.ingest(false).await;
    assert_eq!(closes(&world).await, (vec![0, 1, 3], vec![]));
    assert_eq!(world.ingest(false).await.rows, 0);
    let version = log_files(&world);
    world.append("late.jsonl", &on(2, 5));
    world.ingest(false).await;
    assert_eq!(closes(&world).await, (vec![0, 1, 2, 3], vec![]));
    assert_eq!(log_files(&world), version + 2, "two days were closed again, and no others");
}

fn log_files(world: &World) -> usize {
    fs::read_dir(world.store().join("daily_close/_delta_log")).unwrap().count()
}

/// A running `watch` knows the state as of the last minute, and hands it out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_watch_hands_out_its_running_close() {
    let world = World::new();
    (0..24).for_each(|hour| world.append("bot.jsonl", &on(0, hour)));
    world.ingest(false).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { stopped.await.unwrap() };
    let running = tokio::spawn(watch(world.settings(), clock(), shutdown, Arc::new(Silent)));
    let definition = close::definition().unwrap();
    let patience = Instant::now() + Duration::from_secs(120);
    let at = loop {
        let attached = attach(&world.store()).await.unwrap();
        let at = attached.snapshot.closes(&definition).at;
        if at.len() == 2 {
            break at;
        }
        assert!(Instant::now() < patience, "no running close");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let age = clock().now() - at[1];
    assert!((15_000_000..120_000_000).contains(&age), "{age} µs old");
    // A line from before ends it.
    world.append("late.jsonl", &on(0, 5));
    while attach(&world.store()).await.unwrap().snapshot.closes(&definition).at.len() > 1 {
        assert!(Instant::now() < patience, "still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}

/// A day of 2026 of a bot whose order fills before midnight and after it. Prices are sums of powers
/// of two, so that adding them up in another order gives the same digits.
fn trading(day: u64) -> Vec<String> {
    let line = |hour: u64, rest: &str| {
        let ts = 1_767_225_600 + day * 86_400 + hour * 3600;
        format!("{{\"ts\": {ts}, \"bot\": \"mm-1\", \"strategy\": \"quote\", {rest}}}\n")
    };
    let fill = |hour, order: u64, size: u64| {
        let rest = format!(
            "\"event\": \"fill\", \"order_id\": \"ord_{order}\", \"trade_id\": \"t_{order}_{size}\", \
             \"fill_price\": 0.{}, \"fill_size\": {size}, \"fee\": 0.25",
            if order.is_multiple_of(2) { "375" } else { "5" },
        );
        line(hour, &rest)
    };
    let side = if day % 3 == 2 { "no" } else { "yes" };
    let placed = format!(
        "\"event\": \"order_placed\", \"order_id\": \"ord_{day}\", \"market\": \"KXBTC\", \
         \"side\": \"{side}\", \"price\": 0.5, \"size\": 10, \"model_fair\": 0.625"
    );
    let equity = format!("\"event\": \"equity\", \"equity\": {}", 1000 + (day * 37) % 64);
    let mut lines = vec![line(12, &equity), line(22, &placed), fill(23, day, 4)];
    if day > 0 {
        lines.insert(0, fill(1, day - 1, 6));
    }
    lines
}

/// What adds up over days: rows in no order.
async fn carried(world: &World) -> Vec<String> {
    let mut rows = Vec::new();
    for sql in [
        "select bot, market, position, avg_price, realized_pnl, fees, fills, opened_at from positions",
        "select bot, kind, ts, first_ts, event_count from last_seen",
        // One of them was placed, and filled in part, on a day that goes.
        "select order_id, market, status, placed_at, filled_size, fill_count, avg_fill_price
         from orders where last_fill_at >= timestamp '2026-01-03T00:00:00Z'",
    ] {
        let mut these: Vec<String> =
            ask(&world.store(), sql).await.lines().map(str::to_owned).collect();
        assert!(!these.is_empty(), "{sql}");
        these.sort();
        rows.extend(these);
    }
    rows
}

async fn all_closes(world: &World) -> Vec<String> {
    let all = ask(&world.store(), "select * from daily_close").await;
    let mut rows: Vec<String> = all.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

/// Listens for rows that came too late.
#[derive(Default)]
struct Heard(std::sync::Mutex<Vec<(u64, String, String)>>);

impl Observer for Heard {
    fn trouble(&self, trouble: &Trouble<'_>) {
        if let Trouble::TooLate(late) = trouble {
            self.0.lock().unwrap().push((late.rows, late.first_day(), late.last_day()));
        }
    }
}

/// What is late for a removed day is kept, is in no figure, and is told of, once a run.
#[tokio::test]
async fn rows_for_removed_days_are_told_of() {
    let world = World::new();
    (0..4).flat_map(trading).for_each(|line| world.append("bot.jsonl", &line));
    world.ingest(false).await;
    let whole = carried(&world).await;
    let age = clock().now() / 1_000_000 - (1_767_225_600 + 2 * 86_400);
    let retention = Retention { age: Some(Duration::from_secs(age.unsigned_abs())), bytes: None };
    let store = Store::open(&world.store(), StoreOptions::default(), clock()).await.unwrap();
    store.retain(retention, &close::definition().unwrap()).await.unwrap();
    drop(store);

    let heard = Arc::new(Heard::default());
    let ingest_again = async || {
        let (never, observer) = (std::future::pending(), Arc::clone(&heard));
        ingest(world.settings(), false, clock(), never, observer).await.unwrap();
        std::mem::take(&mut *heard.0.lock().unwrap())
    };
    let fill = |day: u64| {
        format!(
            "{{\"ts\": {}, \"event\": \"fill\", \"trade_id\": \"late{day}\", \"market\": \"GOLD\", \
             \"side\": \"buy\", \"fill_price\": 0.5, \"fill_size\": 10}}\n",
            1_767_225_600 + day * 86_400 + 43_200
        )
    };
    (0..2).for_each(|day| world.append("late.jsonl", &fill(day)));
    world.append("late.jsonl", &fill(0));
    let days = ("2026-01-01".to_owned(), "2026-01-02".to_owned());
    assert_eq!(ingest_again().await, [(3, days.0, days.1)]);
    world.check("select count(*) from events where date < '2026-01-03'", "3").await;
    assert_eq!(carried(&world).await, whole);
    // Those of a day that is whole are counted, and nothing is said of them.
    world.append("late.jsonl", &fill(2));
    assert_eq!(ingest_again().await, []);
    assert_ne!(carried(&world).await, whole);
}

/// What adds up is the same in whatever order its lines came, from closes or from all of history,
/// and after the days it came from are gone.
#[tokio::test]
async fn what_adds_up_outlives_the_days_it_came_from() {
    let lines: Vec<String> = (0..4).flat_map(trading).collect();
    let (once, late) = (World::new(), World::new());
    lines.iter().for_each(|line| once.append("bot.jsonl", line));
    once.ingest(false).await;
    for (name, part) in [("bot.jsonl", 0), ("late.jsonl", 1)] {
        lines.iter().skip(part).step_by(2).for_each(|line| late.append(name, line));
        late.ingest(false).await;
    }
    assert_eq!(closes(&late).await, (vec![0, 1, 2, 3], vec![]));
    let (whole, closed) = (carried(&once).await, all_closes(&once).await);
    assert!(closed.len() > 20, "{closed:#?}");
    assert_eq!(all_closes(&late).await, closed);
    assert_eq!(carried(&late).await, whole);

    fs::remove_dir_all(once.store().join("daily_close")).unwrap();
    assert_eq!(carried(&once).await, whole, "from all of history");

    let age = clock().now() / 1_000_000 - (1_767_225_600 + 2 * 86_400);
    let retention = Retention { age: Some(Duration::from_secs(age.unsigned_abs())), bytes: None };
    let store = Store::open(&late.store(), StoreOptions::default(), clock()).await.unwrap();
    let retained = store.retain(retention, &close::definition().unwrap()).await.unwrap();
    assert_eq!(retained.removed.unwrap().from, "2026-01-03");
    drop(store);
    late.check("select min(date) from events", "2026-01-03").await;
    assert_eq!(carried(&late).await, whole, "after retention");

    // A line that comes late changes both alike.
    for world in [&once, &late] {
        trading(2).iter().for_each(|line| world.append("more.jsonl", &line.replace("_2", "_20")));
        world.ingest(false).await;
    }
    assert_eq!(all_closes(&late).await.len(), all_closes(&once).await.len());
    let more = carried(&once).await;
    assert_ne!(more, whole);
    assert_eq!(carried(&late).await, more);
}
