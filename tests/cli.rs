//! The binary as its users meet it: what they type, what it prints, how it ends.

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
    for command in ["demo", "inspect", "ingest", "watch", "sql", "status", "verify", "simulate"] {
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
    assert!(text.contains("fillwatch demo") && text.lines().count() < 15, "{text}");
}

#[test]
fn what_is_mistyped_is_met_with_a_hint() {
    let place = Place::new(&[]);
    check(&place, "fillwatch ingst logs", expect![[""]]);
    check(&place, "fillwatch sql --formt csv 'select 1'", expect![[""]]);
    check(&place, "fillwatch ingest logs", expect![[""]]);
    check(&place, "fillwatch ingest", expect![[""]]);
}

#[test]
fn a_wrong_configuration_is_met_with_its_line() {
    let place = Place::new(&[
        ("fillwatch.toml", "store = \"s\"\n\n[ingest]\ncomit_interval = \"5s\"\n"),
        ("gone.toml", "[[source]]\npath = \"no/such/logs\"\n"),
    ]);
    check(&place, "fillwatch status", expect![[""]]);
    check(&place, "fillwatch --config gone.toml ingest", expect![[""]]);
    check(&place, "fillwatch --config none.toml ingest", expect![[""]]);
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
        expect![[""]],
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

#[test]
fn an_answer_has_many_formats() {
    let place = Place::with_store();
    let query = "select bot, count(*) as n from events group by 1 order by 1";
    for (format, prints) in [
        ("table", expect![[""]]),
        ("csv", expect![[""]]),
        ("json", expect![[""]]),
        ("ndjson", expect![[""]]),
        ("markdown", expect![[""]]),
    ] {
        check(&place, &format!("fillwatch sql --format {format} '{query}'"), prints);
    }
    let text = place.sh(&format!("fillwatch sql -o n.parquet '{query}' && head -c4 n.parquet"));
    assert_eq!(text, "PAR1");
    check(&place, "fillwatch sql -o n.xyz 'select 1'", expect![[""]]);
}

#[test]
fn a_wrong_query_is_one_clear_line() {
    let place = Place::with_store();
    check(&place, "fillwatch sql 'select prize from events'", expect![[""]]);
    check(&place, "fillwatch sql 'drop table events'", expect![[""]]);
    check(&place, "fillwatch sql 'selekt 1'", expect![[""]]);
}

#[test]
fn statements_come_from_a_pipe_or_a_file() {
    let place = Place::with_store();
    check(
        &place,
        "echo 'select 1 as a; select 2 as b;' | fillwatch sql --format csv",
        expect![[""]],
    );
    check(
        &place,
        "echo 'select 3 as c' > q.sql; fillwatch sql --format csv -f q.sql",
        expect![[""]],
    );
    check(&place, "echo '-- nothing' | fillwatch sql", expect![[""]]);
}

#[test]
fn a_window_bounds_what_is_seen() {
    let place = Place::with_store();
    let count = "fillwatch sql --format csv 'select count(*) as n from events'";
    check(&place, &format!("{count} --from 2026-01-05T00:00:01Z"), expect![[""]]);
    check(&place, &format!("{count} --to 2026-01-05T00:00:01Z"), expect![[""]]);
    check(&place, &format!("{count} --since 1s"), expect![[""]]);
    check(&place, &format!("{count} --from 2026-01-02 --to 2026-01-01"), expect![[""]]);
}

#[test]
fn the_audit_finds_nothing_and_then_something() {
    let place = Place::with_store();
    let clean = place.sh("fillwatch verify");
    assert!(!clean.contains("exit"), "{clean}");
}

#[test]
fn there_is_no_store_here() {
    check(&Place::new(&[]), "fillwatch sql 'select 1 from events'", expect![[""]]);
    check(&Place::new(&[]), "fillwatch status", expect![[""]]);
}
