//! The real binary, killed at random moments while bots misbehave at known times. Each time must be
//! one episode: fired at the tick that its definition gives, resolved, and told once.
//!
//! `FILLWATCH_ALERT_KILLS=10000 cargo test --workspace rules::kills -- --nocapture` runs it for longer.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;

const KILLS: u32 = 100;
const BOTS: u64 = 8;
const SECOND: i64 = 1_000_000;

const CONFIG: &str = "
store = \"store\"

[[source]]
path = \"logs\"

[ingest]
commit_interval = \"100ms\"

[rules]
shipped = false
directory = \"rules\"
";

const RULE: &str = "--- severity = \"critical\"
--- every = \"1s\"
--- window = \"2s\"
--- key = [\"bot\"]
--- value = \"n\"
--- summary = \"{{ bot }} is bad\"
--- doc = \"d\"
select bot, count(*) as n from events where event = 'bad' group by bot
";

#[test]
fn no_episode_is_lost_or_told_twice_by_kill_9() {
    let kills =
        std::env::var("FILLWATCH_ALERT_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let world = dir.path();
    for folder in ["logs", "rules"] {
        fs::create_dir(world.join(folder)).unwrap();
    }
    fs::write(world.join("fillwatch.toml"), CONFIG).unwrap();
    fs::write(world.join("rules/bad.sql"), RULE).unwrap();
    // From its first tick on a rule misses none: it has to have had one.
    let first = Life::begin(world);
    first.wait_for_ticks(world);
    first.end();
    let done = AtomicBool::new(false);
    let written = std::thread::scope(|threads| {
        let writer = threads.spawn(|| misbehave(world, &done));
        let mut random = 1_u64;
        for _ in 0..kills {
            let life = Life::begin(world);
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            std::thread::sleep(Duration::from_millis(150 + (random >> 33) % 1_600));
            life.end();
        }
        done.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    // All that was missed is made up for, and what fired last is over.
    let last = Life::begin(world);
    std::thread::sleep(Duration::from_secs(4));
    let until = Instant::now() + Duration::from_secs(60);
    while firing(world) > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(200));
    }
    last.end();
    let faults = judge(world, &written);
    println!("{kills} kills, {} episodes: {} faults", written.len(), faults.len());
    assert!(!written.is_empty());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// One life of `fillwatch watch`.
struct Life(std::process::Child);

impl Life {
    fn begin(world: &Path) -> Life {
        let mut watch = Command::new(env!("CARGO_BIN_EXE_fillwatch"));
        watch.arg("watch").current_dir(world).stdout(Stdio::null()).stderr(Stdio::null());
        Life(watch.spawn().unwrap())
    }

    fn wait_for_ticks(&self, world: &Path) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let ticks = Connection::open(world.join("store/state.db")).ok().and_then(|state| {
                let count = "select evaluations from rule_state where rule = 'bad'";
                state.query_row(count, [], |row| row.get::<_, i64>(0)).ok()
            });
            if ticks.is_some_and(|ticks| ticks > 0) {
                return;
            }
            assert!(Instant::now() < until, "no rule is evaluated");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn end(mut self) {
        // Still alive until now: a crash of its own is a failure, and not one more kill.
        assert!(self.0.try_wait().unwrap().is_none(), "watch ended by itself");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Who was bad, and when.
struct Bad {
    bot: String,
    at: i64,
    is_late: bool,
}

/// Each bot is bad for an instant every ten seconds or so; says who was when.
fn misbehave(world: &Path, done: &AtomicBool) -> Vec<Bad> {
    let mut written = Vec::new();
    let mut round = 0_u64;
    while !done.load(Ordering::Relaxed) {
        let bot = round % BOTS;
        // In the middle of a second: a line at a tick's very instant may be read before or after.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
        let at = now.div_euclid(SECOND) * SECOND + SECOND + SECOND / 2;
        std::thread::sleep(Duration::from_micros((at - now).unsigned_abs()));
        let name = format!("bot{bot}");
        let folder = world.join("logs").join(&name);
        fs::create_dir_all(&folder).unwrap();
        let mut log =
            OpenOptions::new().create(true).append(true).open(folder.join("bot.jsonl")).unwrap();
        let line = format!("{{\"ts\": {}.{:06}, \"event\": \"bad\"}}\n", at / SECOND, at % SECOND);
        log.write_all(line.as_bytes()).unwrap();
        // On a machine that stalls a line may come after its tick: then it is late, and fires as
        // late lines do. Nothing is wanted of that one.
        let late = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64 - at;
        written.push(Bad { bot: name, at, is_late: late > SECOND / 4 });
        round += 1;
    }
    written
}

fn firing(world: &Path) -> i64 {
    let state = Connection::open(world.join("store/state.db")).unwrap();
    let count = "select count(*) from alert_state where phase = 'firing'";
    state.query_row(count, [], |row| row.get(0)).unwrap()
}

/// What is not as it has to be, by the database and the times alone.
fn judge(world: &Path, written: &[Bad]) -> Vec<String> {
    let state = Connection::open(world.join("store/state.db")).unwrap();
    let mut turns: BTreeMap<(String, String, i64), u32> = BTreeMap::new();
    let mut episodes: BTreeMap<(String, i64), String> = BTreeMap::new();
    let mut statement = state
        .prepare("select bot, turn, at, since, episode from transition where rule = 'bad'")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (bot, turn): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        *turns.entry((bot.clone(), turn.clone(), row.get(2).unwrap())).or_default() += 1;
        if turn == "firing" {
            episodes.insert((bot, row.get(3).unwrap()), row.get(4).unwrap());
        }
    }
    let mut faults = Vec::new();
    let mut wanted = 0;
    for Bad { bot, at, is_late } in written {
        if *is_late {
            turns.retain(|(of, _, tick), _| of != bot || !(*at..at + 6 * SECOND).contains(tick));
            continue;
        }
        // Seen by the ticks in (at, at + window]: the first fires, the one after the last resolves.
        let first = at.div_euclid(SECOND) * SECOND + SECOND;
        let gone = first + 2 * SECOND;
        for (turn, tick) in [("firing", first), ("resolved", gone)] {
            wanted += 1;
            let times = turns.remove(&(bot.clone(), turn.to_owned(), tick)).unwrap_or(0);
            if times != 1 {
                faults.push(format!("{bot} at {at}: {turn} at {tick} {times} times"));
            }
        }
        let Some(episode) = episodes.get(&(bot.clone(), first)) else { continue };
        let told = |kind: &str, like: &str| -> i64 {
            let sql = "select count(*) from outbox where kind = ?1 and body like ?2";
            state.query_row(sql, [kind, like], |row| row.get(0)).unwrap()
        };
        let alone = told("transition", &format!("%\"episode\":\"{episode}\"%\"turn\":\"firing\"%"));
        let together = told("digest", &format!("%\"episode\":\"{episode}\"%"));
        if alone + together < 1 || alone > 1 || together > 2 {
            faults
                .push(format!("{bot} at {at}: told {alone} times alone and in {together} digests"));
        }
    }
    let other: Vec<_> = turns.keys().filter(|(_, turn, _)| turn != "pending").collect();
    if !other.is_empty() {
        faults.push(format!("{} of {wanted} turns were of no line: {other:?}", other.len()));
    }
    faults
}
