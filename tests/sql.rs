//! Everything under `sql/`: each view on the log lines of the `.slt` file beside it, with its rows
//! in memory, on disk, divided between the two, and with closes at midnight and in mid-story.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use fillwatch_decode::{Decoder, Mapping};
use fillwatch_model::{Body, FileId, LineChunk, LogFile, ManualClock, Mark, Micros, SourceId};
use fillwatch_query::{Answer, Closes, QueryError, Session, Tables, Views, Window, close};
use fillwatch_store::{Reader, Snapshot, Store};
use futures::TryStreamExt;
use sqllogictest::{DBOutput, DefaultColumnType, Runner};
use tempfile::TempDir;

/// 2027-01-01T00:00:00Z: when the lines are read, and asked about through a window without an end.
const READ_AT: Micros = 1_798_761_600_000_000;

const DAY: Micros = 86_400_000_000;
const HOUR: Micros = 3_600_000_000;
const NOON: Micros = 1_767_614_400_000_000; // 2026-01-05T12:00:00Z

/// Where the rows lie when they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Memory,
    Disk,
    Both,
    /// On disk, and closed at a third and at two thirds of the lines: what is carried must tell the
    /// same as what is read.
    Closed,
    /// On disk, and closed at each midnight, as `watch` and `ingest` do it.
    Midnights,
}

/// A store that understands `LOAD`, `WINDOW` and SQL.
struct Database {
    place: Place,
    store: Store,
    decoder: Decoder,
    views: Arc<Views>,
    window: Window,
    files: u64,
    closes: Option<Closes>,
    folder: TempDir,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("{0}")]
    Statement(String),
}

impl Database {
    async fn new(place: Place) -> Database {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(READ_AT));
        let store = Store::open(folder.path(), fillwatch_store::Options::default(), clock);
        let store = store.await.unwrap();
        let decoder = Decoder::new(Arc::from([Mapping::default()]), Arc::clone(store.fields()));
        // As they lie in the folder, which is what ships, so that a view can be worked on without
        // building anything.
        let views = Views::none().and(&sql_folder().join("views")).unwrap();
        Database {
            place,
            store,
            decoder,
            views: Arc::new(views),
            window: Window::ALL,
            files: 0,
            closes: None,
            folder,
        }
    }

    /// Takes `lines` as a new log file called `name`.
    async fn load(&mut self, name: &str, lines: &str) {
        self.files += 1;
        self.closes = None;
        let id = FileId(self.files);
        let file = Arc::new(LogFile { id, path: name.into(), source: SourceId(0) });
        let half = lines.len() / 2;
        let cut = lines[half..].find('\n').map_or(lines.len(), |at| half + at + 1);
        for (from, part) in [(0, &lines[..cut]), (cut, &lines[cut..])] {
            let to = from + part.len();
            let chunk = LineChunk {
                file: Arc::clone(&file),
                from: from as u64,
                to: to as u64,
                body: Body::Lines(part.as_bytes().to_vec()),
                mark: mark(),
                read_at: READ_AT,
            };
            let decoded = self.decoder.decode(&[chunk]);
            assert!(decoded.rejects.is_empty(), "{:?}", decoded.rejects);
            self.store.push(decoded).unwrap().unwrap();
            let on_disk = !matches!(self.place, Place::Memory | Place::Both);
            if on_disk || (self.place == Place::Both && from == 0) {
                self.store.commit().await.unwrap();
            }
        }
    }

    async fn query(&mut self, sql: &str) -> Result<Answer, QueryError> {
        let mut tables = tables(&self.snapshot().await);
        if matches!(self.place, Place::Closed | Place::Midnights) {
            tables.closes = self.closes().await?;
        }
        Session::new(tables, self.window, self.options()?)?.query(sql).await
    }

    fn options(&self) -> Result<fillwatch_query::Options, QueryError> {
        let mut options = fillwatch_query::Options::at(READ_AT)?;
        options.views = Arc::clone(&self.views);
        Ok(options)
    }

    /// Closes, each made from the one before it.
    async fn closes(&mut self) -> Result<Closes, QueryError> {
        if let Some(closes) = &self.closes {
            return Ok(closes.clone());
        }
        let mut closes = Closes::none();
        let mut rows = Vec::new();
        for at in self.cuts().await? {
            let mut tables = tables(&self.snapshot().await);
            tables.closes = closes.clone();
            rows.extend(close::compute_from(&parts(), tables, at, self.options()?).await?);
            closes.at.push(at);
            closes.table = close::table(&rows)?;
        }
        self.closes = Some(closes.clone());
        Ok(closes)
    }

    async fn cuts(&mut self) -> Result<Vec<Micros>, QueryError> {
        let session = Session::new(tables(&self.snapshot().await), Window::ALL, self.options()?)?;
        let sql = "select distinct arrow_cast(ts, 'Int64') as ts from events order by ts";
        let batches: Vec<_> = session.query(sql).await?.stream.try_collect().await?;
        let ts: Vec<Micros> = batches
            .iter()
            .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec())
            .collect();
        if self.place == Place::Midnights {
            let days = |at: Option<&Micros>| at.map_or(0, |at| at.div_euclid(DAY));
            return Ok((days(ts.first()) + 1..=days(ts.last())).map(|day| day * DAY).collect());
        }
        let thirds = [ts.len() / 3, ts.len() * 2 / 3].map(|at| ts.get(at).copied());
        let mut cuts: Vec<Micros> = thirds.into_iter().flatten().collect();
        cuts.sort_unstable();
        cuts.dedup();
        Ok(cuts)
    }

    /// The writer's own look shows recent files' rows from memory, so what is on disk is looked at
    /// as another process does; and the two together as one does beside a running `watch`.
    async fn snapshot(&mut self) -> Snapshot {
        let reader = Reader::open(self.folder.path()).unwrap();
        match self.place {
            Place::Memory => self.store.snapshot(),
            Place::Disk | Place::Closed | Place::Midnights => reader.committed().await.unwrap(),
            Place::Both => reader.with_exported(self.store.snapshot().export()).await.unwrap(),
        }
    }
}

fn mark() -> Mark {
    Mark { dev: 1, ino: 1, prefix_len: 0, prefix_hash: 0, tail_len: 0, tail_hash: 0 }
}

fn tables(snapshot: &Snapshot) -> Tables {
    Tables {
        events: snapshot.events(),
        quarantine: snapshot.quarantine(),
        sources: snapshot.sources().unwrap(),
        fields: snapshot.fields().unwrap(),
        closes: Closes::none(),
        alerts: fillwatch_query::Alerts::default(),
        reference: Vec::new(),
    }
}

/// The files of `sql/closes`.
fn parts() -> Vec<(String, String)> {
    let files = fs::read_dir(sql_folder().join("closes")).unwrap().map(|file| file.unwrap().path());
    let mut parts: Vec<(String, String)> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "sql"))
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(file).unwrap())
        })
        .collect();
    parts.sort();
    parts
}

#[async_trait]
impl sqllogictest::AsyncDB for Database {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, statement: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let (head, lines) = statement.split_once('\n').unwrap_or((statement, ""));
        match head.split_whitespace().collect::<Vec<_>>()[..] {
            ["LOAD", name] => {
                self.load(name, &format!("{}\n", lines.trim_end())).await;
                Ok(DBOutput::StatementComplete(0))
            }
            ["WINDOW", from, to] => {
                self.window = Window { from: Some(moment(from)?), to: Some(moment(to)?) };
                Ok(DBOutput::StatementComplete(0))
            }
            ["WINDOW", "ALL"] => {
                self.window = Window::ALL;
                Ok(DBOutput::StatementComplete(0))
            }
            _ => rows(self.query(statement).await?).await,
        }
    }

    async fn shutdown(&mut self) {}
}

fn moment(text: &str) -> Result<Micros, Failure> {
    let time = chrono::DateTime::parse_from_rfc3339(text);
    let time = time.map_err(|error| Failure::Statement(format!("`{text}`: {error}")))?;
    Ok(time.timestamp_micros())
}

async fn rows(answer: Answer) -> Result<DBOutput<DefaultColumnType>, Failure> {
    let types = answer.schema.fields().iter().map(|field| match field.data_type() {
        data_type if data_type.is_floating() => DefaultColumnType::FloatingPoint,
        data_type if data_type.is_integer() => DefaultColumnType::Integer,
        DataType::Null => DefaultColumnType::Any,
        _ => DefaultColumnType::Text,
    });
    let types = types.collect();
    let options = FormatOptions::new().with_null("NULL");
    let mut rows = Vec::new();
    let batches: Vec<_> = answer.stream.try_collect().await?;
    for batch in &batches {
        let columns = batch.columns().iter();
        let columns: Vec<ArrayFormatter<'_>> =
            columns.map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cell = |column: &ArrayFormatter<'_>| match column.value(row).to_string() {
                empty if empty.is_empty() => "(empty)".to_owned(),
                text => text,
            };
            rows.push(columns.iter().map(cell).collect());
        }
    }
    Ok(DBOutput::Rows { types, rows })
}

fn slt_files() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "slt") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&sql_folder(), &mut found);
    found.sort();
    found
}

/// The project's, or another to try things in: `SQL=/tmp/sql`.
fn sql_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("SQL") {
        return folder.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sql")
}

async fn check(place: Place) {
    let mut failures = Vec::new();
    // `SLT=fills` runs the files whose name has that in it.
    let only = std::env::var("SLT").unwrap_or_default();
    for file in slt_files() {
        if !file.file_name().is_some_and(|name| name.to_string_lossy().contains(&only)) {
            continue;
        }
        // It reads a close of every midnight, and here there are two at other times.
        if place == Place::Closed && file.ends_with("rolling_sharpe_30d.slt") {
            continue;
        }
        if place == Place::Midnights && !has_a_midnight(&fs::read_to_string(&file).unwrap()) {
            continue;
        }
        let mut runner = Runner::new(|| async { Ok(Database::new(place).await) });
        runner.with_column_validator(sqllogictest::strict_column_validator);
        if std::env::var_os("UPDATE").is_some() {
            let update = runner.update_test_file(
                &file,
                " ",
                sqllogictest::default_validator,
                sqllogictest::default_normalizer,
                sqllogictest::strict_column_validator,
            );
            update.await.unwrap();
        } else if let Err(failure) = runner.run_file_async(&file).await {
            failures.push(failure.display(false).to_string());
        }
    }
    assert!(failures.is_empty(), "rows in {place:?}:\n{}", failures.join("\n"));
}

/// Whether the lines of a story are of more than one day.
fn has_a_midnight(story: &str) -> bool {
    let days = story.lines().filter_map(|line| {
        let (_, time) = line.split_once("\"ts\": \"").or_else(|| line.split_once("\"ts\":\""))?;
        time.get(..10)
    });
    let mut days: Vec<&str> = days.collect();
    days.dedup();
    days.len() > 1
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_rows_in_memory() {
    check(Place::Memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_rows_on_disk() {
    check(Place::Disk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_some_rows_in_memory_and_some_on_disk() {
    check(Place::Both).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_closes_in_the_middle() {
    check(Place::Closed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_closes_at_midnight() {
    check(Place::Midnights).await;
}

#[test]
fn every_view_has_a_test_beside_it() {
    for entry in fs::read_dir(sql_folder().join("views")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "sql") {
            assert!(file.with_extension("slt").exists(), "{} has no test", file.display());
        }
    }
}

/// A year of data, a row at noon of each day, and a question about one hour of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_an_hour_opens_the_files_of_its_day() {
    let mut database = Database::new(Place::Disk).await;
    let line = |day: i64| {
        let ts = (NOON + day * DAY) / 1_000;
        format!("{{\"ts\": {ts}, \"event\": \"heartbeat\", \"bot\": \"mm-1\"}}\n")
    };
    database.load("mm.jsonl", &(0..365).map(line).collect::<String>()).await;
    let day = NOON + 100 * DAY; // 2026-04-15

    let plan = explain(&mut database, Window::ALL, "select * from heartbeats").await;
    assert!(files_opened(&plan) >= 365, "{plan}");

    let hour = Window { from: Some(day), to: Some(day + HOUR) };
    for sql in ["select count(*) from events", "select * from heartbeats"] {
        let plan = explain(&mut database, hour, sql).await;
        assert_eq!(files_opened(&plan), 1, "{plan}");
        assert!(plan.contains("date=2026-04-15"), "{plan}");
    }

    // Inside the file, row groups and pages are skipped by the same condition.
    let plan = explain(&mut database, hour, "select bot from events where price > 1").await;
    assert!(plan.contains("pruning_predicate=") && plan.contains("ts_max"), "{plan}");

    // A condition of the query prunes like the window's.
    let sql =
        "select bot from events where ts >= '2026-04-15T12:00:00Z' and ts < '2026-04-15T13:00:00Z'";
    let plan = explain(&mut database, Window::ALL, sql).await;
    assert_eq!(files_opened(&plan), 1, "{plan}");
}

/// Ten days of orders, each closed, and questions about an hour of the sixth: of the day's lines
/// before the hour, only those about orders that the hour's lines touch.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_carried_into_an_hour_comes_from_the_last_close_and_the_day() {
    let mut database = Database::new(Place::Midnights).await;
    let order = |hour: i64| {
        let ts = NOON + hour * HOUR;
        let line = |ms: i64, event: &str, fields: &str| {
            format!(
                "{{\"ts\": {}, \"event\": \"{event}\", \"bot\": \"mm-1\", \"order_id\": \"o{hour}\", {fields}}}\n",
                ts / 1000 + ms
            )
        };
        let placed =
            r#""market": "BTC", "side": "buy", "price": 0.5, "size": 1, "model_fair": 0.5"#;
        // Filled half an hour after it was placed, so that some are open at midnight.
        line(0, "order_placed", placed)
            + &line(HOUR / 2000, "fill", r#""fill_price": 0.5, "fill_size": 1"#)
    };
    database.load("mm.jsonl", &(0..10 * 24).map(order).collect::<String>()).await;
    let from = NOON + 5 * DAY; // 2026-01-10
    let hour = Window { from: Some(from), to: Some(from + HOUR) };

    for (sql, reach) in [
        ("select * from fills", "page=Fills, reach=Touched(Some("),
        ("select * from fill_rates", "page=Orders, reach=Touched(Some("),
        ("select * from orders", "page=Orders, reach=All"),
        ("select * from positions", "page=Fills, reach=Touched(None)"),
    ] {
        let plan = explain(&mut database, hour, sql).await;
        assert!(plan.contains(reach), "{sql}: {plan}");
        assert!(plan.contains("date=2026-01-10"), "{sql}: {plan}");
        for other in ["date=2026-01-09", "date=2026-01-11"] {
            assert!(!plan.contains(other), "{sql}: {plan}");
        }
        // The lines of the hour are found by their time, those before it and what the close carries
        // by their orders, too.
        let by_key = plan.matches("touched(bot@").count();
        assert_eq!(by_key > 0, reach.contains("Touched"), "{sql}: {plan}");
    }
}

async fn explain(database: &mut Database, window: Window, sql: &str) -> String {
    database.window = window;
    let answer = database.query(&format!("explain verbose {sql}")).await.unwrap();
    let DBOutput::Rows { rows, .. } = rows(answer).await.unwrap() else { panic!("{sql}") };
    let last = rows.iter().rfind(|row| row[0] == "physical_plan");
    last.map_or_else(|| panic!("{rows:?}"), |row| row[1].clone())
}

fn files_opened(plan: &str) -> usize {
    plan.matches(".parquet").count()
}
