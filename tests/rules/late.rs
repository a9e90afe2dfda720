//! Lines that come late change what was told, and it says so: the real binary, on the clock.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

const CONFIG: &str = "
store = \"store\"

[[source]]
path = \"logs\"

[rules]
shipped = false
directory = \"rules\"
";

const BAD: &str = "--- severity = \"warning\"
--- every = \"1s\"
--- window = \"2s\"
--- key = [\"bot\"]
--- summary = \"{{ bot }} is bad\"
--- doc = \"d\"
select distinct bot from events where event = 'bad'
";

const SILENT: &str = "--- severity = \"warning\"
--- every = \"1s\"
--- window = \"1m\"
--- key = [\"bot\"]
--- summary = \"{{ bot }} is silent\"
--- doc = \"d\"
select bot, age_s from last_seen where kind = 'heartbeat' and age_s > 4
";

#[test]
fn what_late_lines_change_is_amended_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let world = dir.path();
    for folder in ["logs", "rules"] {
        fs::create_dir(world.join(folder)).unwrap();
    }
    fs::write(world.join("fillwatch.toml"), CONFIG).unwrap();
    fs::write(world.join("rules/bad.sql"), BAD).unwrap();
    fs::write(world.join("rules/silent.sql"), SILENT).unwrap();
    let _watch = Watch::begin(world);
    let mut log =
        OpenOptions::new().create(true).append(true).open(world.join("logs/mm1.jsonl")).unwrap();
    // It beats, and is evaluated, before anything is late.
    let evaluated = "select evaluations > 3 from rule_state where rule = 'bad'";
    while !holds(world, evaluated) {
        beat(&mut log, now(), 1);
        std::thread::sleep(Duration::from_secs(1));
    }
    // It goes on, but its lines come all at once, when it is held for silent already.
    let stopped = now();
    wait(
        world,
        "silent",
        "select count(*) from transition where rule = 'silent' and turn = 'firing'",
    );
    let mut at = stopped;
    while at < now() {
        beat(&mut log, at, 0);
        at += 1.0;
    }
    // And something was bad in a window that nobody looks at any more.
    writeln!(log, "{{\"ts\": {:.3}, \"event\": \"bad\"}}", stopped + 1.5).unwrap();
    let keeper = std::thread::spawn(move || {
        for _ in 0..25 {
            beat(&mut log, now(), 0);
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    let amended = "select count(*) from transition where rule = 'silent' and turn = 'amended'
                   and belated = 'late_rows' and summary like 'withdrawn%'";
    wait(world, "that silent is withdrawn", amended);
    for turn in ["firing", "resolved"] {
        let told = format!(
            "select count(*) from transition where rule = 'bad' and turn = '{turn}' and belated = 'late_rows'"
        );
        wait(world, &format!("bad {turn}"), &told);
    }
    let state = Connection::open(world.join("store/state.db")).unwrap();
    let count = |sql: &str| -> i64 { state.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("select count(*) from transition where rule = 'bad' and turn = 'firing'"), 1);
    assert_eq!(count("select count(*) from alert_state where phase = 'firing'"), 0);
    keeper.join().unwrap();
}

struct Watch(Child);

impl Watch {
    fn begin(world: &Path) -> Watch {
        let mut watch = Command::new(env!("CARGO_BIN_EXE_fillwatch"));
        watch.arg("watch").current_dir(world).stdout(Stdio::null()).stderr(Stdio::null());
        Watch(watch.spawn().unwrap())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn beat(log: &mut File, at: f64, n: u32) {
    writeln!(log, "{{\"ts\": {at:.3}, \"event\": \"heartbeat\", \"n\": {n}}}").unwrap();
}

/// Whether `sql` says more than 0.
fn holds(world: &Path, sql: &str) -> bool {
    let said = Connection::open(world.join("store/state.db"))
        .ok()
        .and_then(|state| state.query_row(sql, [], |row| row.get::<_, i64>(0)).ok());
    said.is_some_and(|said| said > 0)
}

/// Waits until `sql` says more than 0.
fn wait(world: &Path, what: &str, sql: &str) {
    let until = Instant::now() + Duration::from_secs(90);
    while !holds(world, sql) {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
