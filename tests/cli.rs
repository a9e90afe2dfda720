//! The binary as its users meet it: what they type, what it prints, how it ends.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test, with its place")]

mod asking;
mod boards;
mod measures;
mod rules;
mod tables;

use std::fs;
use std::path::Path;
use std::process::Command;

use expect_test::{Expect, expect};
use tempfile::TempDir;

/// A directory with some files in it, to type commands in.
struct Place {
    dir: TempDir,
}

impl Place {
    fn new(files: &[(&str, &str)]) -> Place {
        let place = Place { dir: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            let path = place.dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place
    }

    /// Two bots, one line that is no JSON.
    fn with_logs() -> Place {
        Place::new(&[("logs/mm1.jsonl", MM1), ("logs/mm2.jsonl", MM2)])
    }

    /// The same, ingested.
    fn with_store() -> Place {
        let place = Place::with_logs();
        place.sh("fillwatch -q ingest logs");
        place
    }

    /// What the shell prints: standard output, then standard error behind `2>`, then how it ended
    /// unless that was well.
    fn sh(&self, line: &str) -> String {
        let bin = Path::new(env!("CARGO_BIN_EXE_fillwatch")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(self.dir.path())
            .env("PATH", path)
            .env("HOME", self.dir.path())
            .env_remove("XDG_STATE_HOME")
            .output()
            .unwrap();
        let mut text = String::from_utf8(output.stdout).unwrap();
        for line in String::from_utf8(output.stderr).unwrap().lines() {
            text += &format!("2> {line}\n");
        }
        match output.status.code() {
            Some(0) => text,
            Some(code) => text + &format!("exit {code}\n"),
            None => text + "killed\n",
        }
    }
}

const MM1: &str = r#"{"ts": 1767571200.0, "event": "order_placed", "market": "GOLD", "side": "yes", "price": 0.42, "size": 10, "order_id": "a1", "model_fair": 0.45}
{"ts": 1767571200.2, "event": "fill_received", "order_id": "a1", "fill_price": 0.43, "fill_size": 10, "latency_ms": 200}
{"ts": 1767571205.0, "event": "heartbeat", "status": "ok", "open_positions": 1}
"#;

const MM2: &str = r#"{"ts": 1767571201.0, "event": "order_placed", "market": "RAIN", "side": "no", "price": 0.10, "size": 5, "order_id": "b1", "model_fair": 0.08}
Traceback (most recent call last):
{"ts": 1767571202.0, "event": "order_rejected", "order_id": "b1", "status_code": 401}
"#;

#[expect(clippy::needless_pass_by_value, reason = "so that calls read check(…, expect![…])")]
fn check(place: &Place, line: &str, prints: Expect) {
    prints.assert_eq(&place.sh(line));
}

#[test]
fn every_command_shows_an_example() {
    let place = Place::new(&[]);
    for command in [
        "demo",
        "inspect",
        "ingest",
        "watch",
        "alerts",
        "bots",
        "fills",
        "orders",
        "rules",
        "rules list",
        "rules check",
        "rules test",
        "rules run",
        "rules explain",
        "rules backtest",
        "sql",
        "status",
        "verify",
        "simulate",
    ] {
        let help = place.sh(&format!("fillwatch {command} --help"));
        assert!(help.contains("Examples:\n  fillwatch "), "{help}");
        assert!(!help.contains("2> "), "{help}");
    }
}

#[test]
fn the_exit_codes_are_documented() {
    let help = Place::new(&[]).sh("fillwatch --help");
    for code in ["  0  ", "  1  ", "  2  ", "  3  ", "  4  ", "130  "] {
        assert!(help.contains(code), "{help}");
    }
}

#[test]
fn alone_it_says_where_to_start() {
    let text = Place::new(&[]).sh("fillwatch");
    assert!(text.contains("fillwatch demo") && text.lines().count() < 18, "{text}");
}

#[test]
fn what_is_mistyped_is_met_with_a_hint() {
    let place = Place::new(&[]);
    check(
        &place,
        "fillwatch ingst logs",
        expect![[r#"
        2> fillwatch: unrecognized subcommand `ingst`
        2> hint: did you mean `inspect` or `ingest`?
        exit 2
    "#]],
    );
    check(
        &place,
        "fillwatch sql --formt csv 'select 1'",
        expect![[r#"
        2> fillwatch: unexpected argument `--formt` found
        2> hint: did you mean `--format`?
        exit 2
    "#]],
    );
    check(
        &place,
        "fillwatch ingest logs",
        expect![[r#"
        2> fillwatch: no such file or directory: logs
        exit 2
    "#]],
    );
    check(
        &place,
        "fillwatch ingest",
        expect![[r#"
        2> fillwatch: no logs were named
        2> hint: name a directory, a glob or a file, or list them as [[source]] in fillwatch.toml
        exit 2
    "#]],
    );
}

#[test]
fn a_wrong_configuration_is_met_with_its_line() {
    let place = Place::new(&[
        ("fillwatch.toml", "store = \"s\"\n\n[ingest]\ncomit_interval = \"5s\"\n"),
        ("gone.toml", "[[source]]\npath = \"no/such/logs\"\n"),
    ]);
    check(
        &place,
        "fillwatch status",
        expect![[r#"
        2> fillwatch: fillwatch.toml:4: unknown key `comit_interval` in [ingest]
        2> hint: did you mean `commit_interval`?
        exit 2
    "#]],
    );
    check(
        &place,
        "fillwatch --config gone.toml ingest",
        expect![[r#"
        2> fillwatch: gone.toml:2: `path` in [[source]]: no such file or directory: no/such/logs
        2> hint: paths are relative to the directory of the config file
        exit 2
    "#]],
    );
    check(
        &place,
        "fillwatch --config none.toml ingest",
        expect![[r#"
        2> fillwatch: cannot read `none.toml`: no such file or directory
        exit 2
    "#]],
    );
}

#[test]
fn a_closed_pipe_is_success() {
    let place = Place::with_store();
    let text = place.sh("(fillwatch --help; echo code $? >&2) | head -1");
    assert!(text.ends_with("2> code 0\n"), "{text}");
    let many = "select * from generate_series(1, 200000)";
    let text =
        place.sh(&format!("(fillwatch sql --format csv '{many}'; echo code $? >&2) | head -1"));
    assert_eq!(text, "value\n2> code 0\n");
}

#[test]
fn a_second_ingest_adds_nothing() {
    let place = Place::with_logs();
    let first = place.sh("fillwatch ingest logs");
    assert!(first.contains("5 rows") && first.contains("1 reject"), "{first}");
    let second = place.sh("fillwatch ingest logs");
    assert!(second.contains("nothing new"), "{second}");
    check(
        &place,
        "fillwatch sql --format csv 'select count(*) as n, count(distinct file) as files from events'",
        expect![[r#"
            n,files
            5,2
        "#]],
    );
}

#[test]
fn an_unfinished_line_waits() {
    let place = Place::with_logs();
    fs::write(place.dir.path().join("logs/mm1.jsonl"), MM1.trim_end()).unwrap();
    let first = place.sh("fillwatch ingest logs");
    assert!(first.contains("4 rows"), "{first}");
    assert!(first.contains("mm1.jsonl") && first.contains("--final-line"), "{first}");
    let last = place.sh("fillwatch ingest logs --final-line");
    assert!(last.contains("1 row,"), "{last}");
}

/// A link to itself: nobody can read it, root neither.
#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_taken_in() {
    let place = Place::with_logs();
    std::os::unix::fs::symlink("odd.jsonl", place.dir.path().join("logs/odd.jsonl")).unwrap();
    let text = place.sh("fillwatch -q ingest logs");
    assert!(text.contains("5 rows") && text.ends_with("exit 4\n"), "{text}");
    assert!(text.contains("2> fillwatch: cannot read `logs/odd.jsonl` (too many levels"), "{text}");
    let text = place.sh("fillwatch -q ingest logs");
    assert!(text.contains("nothing new") && text.ends_with("exit 4\n"), "{text}");
    let text = place.sh("rm logs/mm*; fillwatch -q inspect logs");
    assert!(text.contains("cannot read `logs/odd.jsonl`") && text.ends_with("exit 4\n"), "{text}");
}

#[test]
fn sources_without_a_log_are_told() {
    let place = Place::new(&[
        ("logs/readme.md", "none"),
        ("fillwatch.toml", "[[source]]\npath = \"logs/*.jsonl\"\n"),
    ]);
    for ingest in ["fillwatch ingest logs --config /dev/null", "fillwatch ingest"] {
        let text = place.sh(ingest);
        assert!(
            text.starts_with(
                "nothing new in 0 files\n2> there are no log files\n2> hint: in a directory,"
            ),
            "{text}"
        );
    }
    let text = place.sh("fillwatch watch 2>told & watch=$!
         for i in $(seq 100); do grep -q 'no log files' told && break; sleep 0.1; done
         kill $watch; wait $watch; cat told >&2");
    let watching = text.find("watching 1 source into store").unwrap();
    assert!(
        watching < text.find("there are no log files yet\n2> hint: in a directory,").unwrap(),
        "{text}"
    );
}

#[test]
fn a_field_that_is_nearly_a_column_or_nowhere_is_told() {
    let place = Place::with_logs();
    let config = "[[source]]\npath = \"logs\"\n[source.fields]\nfaire = \"model_fair\"\npnl = \"no.such\"\nfees = \"latency_ms\"\n";
    fs::write(place.dir.path().join("fillwatch.toml"), config).unwrap();
    let text = place.sh("fillwatch inspect");
    let warning = "2> fillwatch.toml:4: `faire` in [[source]] fields: a column of your own; did you mean `fair`?\n";
    assert!(text.contains(warning), "{text}");
    assert!(
        text.contains("\nno line has a `no.such`, which the configuration has for `pnl`\n"),
        "{text}"
    );
    assert_eq!(text.matches("no line has a").count(), 1, "{text}");
    assert!(place.sh("fillwatch ingest").contains(warning));
}

#[test]
fn the_audit_finds_nothing_and_then_something() {
    let place = Place::new(&[]);
    let log = place.dir.path().join("logs/mm1.jsonl");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    let line =
        |n| format!("{{\"ts\": {}, \"event\": \"heartbeat\", \"n\": {n}}}\n", 1_767_571_200 + n);
    let text: String = (0..400).map(line).collect();
    fs::write(&log, &text).unwrap();
    place.sh("fillwatch -q ingest logs");
    let clean = place.sh("fillwatch verify");
    assert!(clean.ends_with("400 lines in 1 file: every line is there, once\n"), "{clean}");

    // A byte in the middle, where no hash looks, makes two lines of one.
    let middle = text[text.len() / 2..].find(", ").unwrap() + text.len() / 2 + 1;
    let mut torn = text.into_bytes();
    torn[middle] = b'\n';
    fs::write(&log, torn).unwrap();
    let found = place.sh("fillwatch verify");
    assert!(found.contains("1 missing (first at byte ") && found.ends_with("exit 1\n"), "{found}");
    let json = place.sh("fillwatch verify --json");
    assert!(json.contains("\"whole\": false") && json.ends_with("exit 1\n"), "{json}");
}

#[test]
fn a_watch_is_asked_while_it_runs_and_commits_when_it_is_told_to_stop() {
    let place = Place::with_logs();
    let text = place.sh("fillwatch -q watch logs & watch=$!
         count='select count(*) as n from events'
         for i in $(seq 100); do
             fillwatch sql --format csv \"$count\" 2>/dev/null | grep -q 5 && break; sleep 0.1
         done
         fillwatch sql --format csv \"$count\"
         fillwatch status | head -1
         fillwatch ingest logs; echo in use: $?
         kill -TERM $watch; wait $watch; echo ended: $?
         fillwatch sql --format csv \"$count\"
         fillwatch status | head -1");
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("2> ")).collect();
    assert_eq!(
        text,
        [
            "n",
            "5",
            "store store: a watch runs on it",
            "in use: 3",
            "ended: 0",
            "n",
            "5",
            "store store: no watch runs on it",
        ]
    );
}

#[test]
fn a_draft_of_inspect_reads_the_logs_as_inspect_did() {
    let place = Place::with_logs();
    let drafted = place.sh("fillwatch inspect logs --write fillwatch.toml");
    let (found, told) = drafted.split_once("\nwrote ").unwrap();
    assert!(told.starts_with("fillwatch.toml; "), "{told}");
    assert!(found.contains("model_fair") && found.contains("Traceback"), "{found}");
    assert_eq!(place.sh("fillwatch inspect"), found);
    check(
        &place,
        "fillwatch inspect logs --write fillwatch.toml",
        expect![[r#"
        2> fillwatch: `fillwatch.toml` is there already
        2> hint: --force replaces it
        exit 2
    "#]],
    );
}

#[test]
fn what_was_simulated_is_what_is_found() {
    let place = Place::new(&[]);
    let told = place.sh("fillwatch simulate logs --system kalshi --bots 2 --lines 2000 --seed 7 \
         --incident reject_storm@mm1:+1m..+2m --truth truth.json");
    assert!(told.starts_with("wrote 2,000 lines ("), "{told}");
    assert!(told.contains("reject_storm of mm1 from 2026-01-05T00:01:00Z"), "{told}");
    place.sh("fillwatch -q ingest logs");
    check(
        &place,
        "fillwatch sql --format csv 'select count(*) as n, count(distinct bot) as bots from events'",
        expect![[r#"
            n,bots
            2000,2
        "#]],
    );
    let simulate = "fillwatch simulate later --system kalshi --incident reject_storm@mm1:+2h..+3h";
    check(
        &place,
        &format!("{simulate} --duration 1h; code=$?; ls; exit $code"),
        expect![[r#"
            logs
            store
            truth.json
            2> fillwatch: reject_storm@mm1:+7200s..+10800s begins after the end of the run, which is 1 h long
            2> hint: --duration, --lines or --size makes it longer
            exit 2
        "#]],
    );
    let short = place.sh(&format!("{simulate} --lines 100"));
    assert!(
        short.contains("begins after the end of the run") && short.ends_with("exit 2\n"),
        "{short}"
    );
    let blind = place.sh("fillwatch simulate blind --lines 10 --truth no/such/dir.json; ls blind");
    assert!(blind.contains("2> fillwatch: cannot write `no/such/dir.json`"), "{blind}");
    assert!(blind.contains("cannot access"), "{blind}");
    let again = place.sh("fillwatch simulate logs --system kalshi --bots 2 --lines 2000 --seed 7");
    assert!(again.contains("file exists") && again.ends_with("exit 4\n"), "{again}");
}

#[test]
fn the_demo_ends_by_itself_and_what_it_says_to_try_works() {
    let place = Place::new(&[]);
    let told = place.sh("fillwatch -q demo --seconds 5 --keep demo");
    assert!(told.contains("5 bots wrote ") && !told.contains("\nexit "), "{told}");
    assert!(told.contains("reject_storm of mm1"), "{told}");
    let (_, next) = told.split_once("Try next:\n").unwrap();
    for command in next.lines().map(str::trim).filter(|line| !line.contains("fillwatch sql")) {
        let text = place.sh(command);
        assert!(!text.contains("\nexit ") && !text.contains("2> "), "{command}\n{text}");
    }
    let full = place.sh("fillwatch -q demo --seconds 5 --keep demo");
    assert!(full.contains("`demo` is not empty") && full.ends_with("exit 2\n"), "{full}");
}

#[test]
fn there_is_no_store_here() {
    check(
        &Place::new(&[]),
        "fillwatch sql 'select 1 from events'",
        expect![[r#"
        2> fillwatch: no store at `store`
        2> hint: `fillwatch ingest DIR` or `fillwatch watch DIR` makes one; `--store DIR` names another
        exit 2
    "#]],
    );
    check(
        &Place::new(&[]),
        "fillwatch status",
        expect![[r#"
        2> fillwatch: no store at `store`
        2> hint: `fillwatch ingest DIR` or `fillwatch watch DIR` makes one; `--store DIR` names another
        exit 2
    "#]],
    );
}
