//! `fillwatch rules` and `alerts`, and a watch that pages.

use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use expect_test::expect;

use super::{Place, check};

/// A bot that has not logged a heartbeat for three seconds.
const BEAT: &str = r#"--- severity = "critical"
--- every = "1s"
--- window = "10m"
--- key = ["bot"]
--- value = "silence_s"
--- summary = "{{ bot }}: no heartbeat"
--- runbook = "beat.md"
--- doc = "The bot is gone."
--- [params]
--- max_silence_s = { default = 3, min = 1, unit = "s" }
select bot, round(extract(epoch from $now - ts), 1) as silence_s
from last_seen
where kind = 'heartbeat' and extract(epoch from $now - ts) > $max_silence_s
"#;

/// Nobody asks it anything, so it may be played by the minute.
const ERRORS: &str = r#"--- severity = "warning"
--- every = "1m"
--- window = "5m"
--- key = ["bot"]
--- summary = "{{ bot }}: {{ n }} errors"
--- doc = "Something is wrong."
--- [params]
--- max_errors = { default = 2, min = 0 }
select bot, count(*) as n from events where kind = 'error' group by bot having count(*) > $max_errors
"#;

/// A configuration with the rules of `rules` and none of ours, which would only take time.
fn config(more: &str) -> String {
    let mut text = "[[source]]\npath = \"logs\"\n[rules]\ndirectory = \"rules\"\n".to_owned();
    for (name, _) in fillwatch_rules::SHIPPED {
        let _ = writeln!(text, "[rules.{name}]\nenabled = false");
    }
    text + more
}

fn place(files: &[(&str, &str)]) -> Place {
    let config = config("");
    let mut all = vec![("fillwatch.toml", config.as_str())];
    all.extend_from_slice(files);
    let place = Place::new(&all);
    fs::create_dir_all(place.dir.path().join("logs")).unwrap();
    fs::create_dir_all(place.dir.path().join("rules")).unwrap();
    place
}

#[test]
fn every_rule_is_listed_and_what_is_none_is_named() {
    let text = Place::new(&[]).sh("fillwatch rules list");
    for (name, _) in fillwatch_rules::SHIPPED {
        assert!(text.contains(&format!("{name} ")), "{text}");
    }
    let place = place(&[
        ("rules/beat.sql", BEAT),
        ("rules/bad.sql", "--- severity = \"critical\"\n--- windw = \"5m\"\nselect 1\n"),
    ]);
    check(
        &place,
        "fillwatch rules list | grep '^b[er][ao]' | sed 's/  */ /g'",
        expect![[r#"
            beat critical 1s 10m on The bot is gone
            broken: rules/bad.sql:2: `windw` is no key of a rule; there are severity, every, window, delay, for, keep_firing, key, value, worse, summary, description, labels, runbook, doc, source, needs, kinds, max_rows, timeout, enabled, params, levels, tables
        "#]],
    );
    assert!(place.sh("fillwatch rules list").ends_with("exit 1\n"));
}

#[test]
fn what_is_wrong_with_a_rule_is_told_at_its_file() {
    let head = "--- severity = \"warning\"\n--- window = \"5m\"\n--- doc = \"It.\"\n";
    let rule = |header: &str, sql: &str| format!("{head}{header}\n{sql}\n");
    let total = rule(
        "--- key = []\n--- summary = \"{{ m }}\"\n--- [params]\n--- most = 3",
        "select count(*) as n from events",
    );
    let key = rule(
        "--- key = [\"fill_price\"]\n--- value = \"bot\"\n--- summary = \"x\"",
        "select bot, fill_price from fills",
    );
    let clock = rule("--- key = []\n--- summary = \"x\"", "select now() as at");
    let place = place(&[
        ("rules/clock.sql", &clock),
        ("rules/key.sql", &key),
        ("rules/total.sql", &total),
        ("rules/clock.test", ""),
        ("rules/key.test", ""),
        ("rules/total.test", ""),
    ]);
    check(
        &place,
        "fillwatch rules check clock key total",
        expect![[r#"
        rules/clock.sql: error: `now` would give another answer each time: use `$now`, the time the query is asked for
        rules/key.sql: error: the key has `fill_price`, a measured value: each new value of it is another alert
        rules/key.sql: error: `value` names `bot`, which is no number but text
        rules/total.sql: error: param `most` is not used: the query does not name `$most`
        rules/total.sql: error: an aggregate without `group by` always returns a row: give it a `having`
        rules/total.sql: error: its texts name `m`, which is neither a column of the result nor a param
        3 rules checked: 6 errors, 0 notes
        there is no store with lines: that they have what rules read is not checked
        exit 1
    "#]],
    );
}

#[test]
fn a_timeline_that_fails_says_where_and_how() {
    let timeline = r#"case Three errors are too many
+0s..+20s every 10s  log mm1 {"event": "error", "message": "no"}
+1m                  expect firing bot=mm1 n=3 summary~"mm1: 3 errors"

case Two are not, and this wants it so
+0s..+10s every 10s  log mm1 {"event": "error", "message": "no"}
+1m                  expect firing bot=mm1
"#;
    let place = place(&[("rules/errs.sql", ERRORS), ("rules/errs.test", timeline)]);
    check(
        &place,
        "fillwatch rules test errs | sed 's/([0-9.]* m\\?s)/(…)/; s/in [0-9.]* m\\?s/in …/'",
        expect![[r#"
            errs  Three errors are too many … ok (…)
            errs  Two are not, and this wants it so … FAILED (…)
                rules/errs.test:7: wanted firing bot=mm1, and nothing is firing

            1 passed, 1 failed in …
        "#]],
    );
    assert!(place.sh("fillwatch rules test rules/errs.test").ends_with("exit 1\n"));
}

#[test]
fn a_rule_is_asked_as_of_a_time() {
    let error =
        |at: &str| format!("{{\"ts\": \"2026-01-05T12:00:{at}Z\", \"event\": \"error\"}}\n");
    let log = ["01", "02", "03"].map(error).concat();
    let place = place(&[("logs/mm1.jsonl", &log), ("rules/errs.sql", ERRORS)]);
    place.sh("fillwatch -q ingest");
    let run = "fillwatch rules run errs --at 2026-01-05T12:01:00Z";
    check(
        &place,
        &format!("{run} | sed 's/([0-9.]* m\\?s)/(…)/'"),
        expect![[r#"
        errs as of 2026-01-05T12:01:00Z, window 5m: rows, 1 (…)

        bot  n
        mm1  3

        warning   mm1: 3 errors
    "#]],
    );
    check(
        &place,
        &format!("{run} --param max_errors=3 | sed 's/([0-9.]* m\\?s)/(…)/'"),
        expect![[r#"
            errs as of 2026-01-05T12:01:00Z, window 5m: empty (…)
        "#]],
    );
    check(
        &place,
        &format!("{run} --param max_eror=3"),
        expect![[r#"
        2> fillwatch: errs: there is no param `max_eror`
        2> hint: did you mean `max_errors`?
        exit 2
    "#]],
    );
    check(
        &place,
        "fillwatch rules backtest --from 2026-01-05T12:00 --to 2026-01-05T12:10 --param max_errors=1",
        expect![[r#"
            fired at              lasted  severity  rule  summary
            2026-01-05T12:01:00Z  5 m     warning   errs  mm1: 3 errors
            1 page from 2026-01-05T12:00:00Z to 2026-01-05T12:10:00Z, in 20 evaluations

            with max_errors = 1:
            rule  pages before  after
            errs             1      1
            all              1      1
        "#]],
    );
    check(
        &place,
        "fillwatch rules run erorrs",
        expect![[r#"
        2> fillwatch: there is no rule `erorrs`
        2> hint: did you mean `errs`?
        exit 2
    "#]],
    );
}

#[test]
fn what_the_configuration_says_wrong_of_rules_is_told_with_its_line() {
    let place = Place::new(&[(
        "fillwatch.toml",
        "[rules.heartbeat_lost]\nmax_silence_s = 30\n\n[rules.heartbeat_lost.bots.mm1]\nmax_silense_s = 300\n",
    )]);
    check(
        &place,
        "fillwatch rules list",
        expect![[r#"
        2> fillwatch: fillwatch.toml:5: unknown key `max_silense_s` in [rules.heartbeat_lost.bots.mm1]
        2> hint: did you mean `max_silence_s`?
        exit 2
    "#]],
    );
}

/// A `watch`, killed with the test if it does not end before.
struct Watching(Child);

impl Watching {
    fn start(place: &Place) -> Watching {
        let told = fs::File::create(place.dir.path().join("told")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_fillwatch"))
            .arg("watch")
            .current_dir(place.dir.path())
            .stdout(Stdio::null())
            .stderr(told)
            .spawn();
        Watching(child.unwrap())
    }

    fn stop(&mut self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks until the answer has `wanted` in it.
fn wait_for(place: &Place, line: &str, wanted: &str) -> String {
    let start = Instant::now();
    loop {
        let text = place.sh(line);
        if text.contains(wanted) {
            return text;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "no `{wanted}` in\n{text}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// One line now, by the clock of the shell.
fn beat(place: &Place) {
    place.sh(r#"echo "{\"ts\": $(date +%s.%N), \"event\": \"heartbeat\"}" >> logs/mm1.jsonl"#);
}

#[test]
fn a_bot_that_stops_is_paged_and_a_slip_of_the_pen_does_not_end_it() {
    let place = place(&[("rules/beat.sql", BEAT)]);
    beat(&place);
    let mut watching = Watching::start(&place);
    // It pages, and whoever asks by script is told.
    let check = "fillwatch alerts --check";
    let text = wait_for(&place, check, "CRITICAL");
    assert_eq!(text, "CRITICAL: 1 alert fires: mm1: no heartbeat\nexit 1\n");
    let told = wait_for(&place, "cat told", "FIRING");
    assert!(told.contains(" FIRING   critical beat bot=mm1  mm1: no heartbeat\n"), "{told}");
    assert!(place.sh("fillwatch alerts").contains("critical"), "{told}");

    // A file that is broken is told, and its last good version goes on.
    fs::write(place.dir.path().join("rules/beat.sql"), "--- severty = \"critical\"\n").unwrap();
    let told = wait_for(&place, "cat told", "its last good version stays");
    assert!(told.contains("rule rules/beat.sql:1: `severty` is no key of a rule"), "{told}");
    beat(&place);
    let text = wait_for(&place, check, "OK");
    assert!(!text.contains("exit"), "{text}");
    wait_for(&place, "cat told", "RESOLVED critical beat bot=mm1  mm1: no heartbeat (after ");
    wait_for(&place, check, "CRITICAL");

    // Without a watch nobody knows what fires.
    watching.stop();
    let text = place.sh(check);
    assert!(text.starts_with("UNKNOWN: no watch runs: ") && text.ends_with("exit 4\n"), "{text}");
    assert!(place.sh("fillwatch alerts").contains("no watch runs: "));
    let history = place.sh("fillwatch alerts --history --format csv | cut -d, -f2-5");
    assert_eq!(
        history,
        "rule,severity,turn,bot\nbeat,critical,firing,mm1\nbeat,critical,resolved,mm1\nbeat,critical,firing,mm1\n"
    );

    // What was said can be said again, with the text of then.
    let text = place.sh("fillwatch rules explain beat");
    assert!(text.contains("> cast(3 as bigint)"), "{text}");
    assert!(text.ends_with("\nthe same as was told\n"), "{text}");
}
