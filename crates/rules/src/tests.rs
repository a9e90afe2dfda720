//! The rules that ship, and the machine as its users see it.

use std::path::Path;

use fillwatch_model::{Micros, Row, Severity, Turn, Value};
use proptest::prelude::*;

use crate::timeline::Suite;
use crate::{
    Found, Health, Held, Machine, Outcome, OutcomeKind, Overrides, Rule, RuleBook, RuleSource,
    SHIPPED, SHIPPED_TESTS, Watch, lint,
};

const SECOND: Micros = 1_000_000;

#[test]
fn every_rule_that_ships_can_be_read_and_has_a_timeline_and_a_runbook() {
    let book = RuleBook::read(&RuleSource::default());
    let broken: Vec<String> = book.broken().iter().map(|broken| broken.error.to_string()).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    for rule in book.rules() {
        assert!(
            SHIPPED_TESTS.iter().any(|(name, _)| *name == rule.name),
            "{} has no .test",
            rule.name
        );
        let runbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(&rule.runbook);
        assert!(runbook.is_file(), "{}: no runbook `{}`", rule.name, rule.runbook);
        assert!(!rule.source.is_empty(), "{}: whose threshold is it?", rule.name);
        for param in &rule.params {
            assert!(!param.doc.is_empty(), "{}: `{}` says nothing", rule.name, param.name);
        }
        let findings = lint(rule);
        assert!(findings.is_empty(), "{}: {findings:?}", rule.name);
    }
}

#[test]
fn every_timeline_that_ships_can_be_read_and_fires_and_is_silent() {
    for (name, text) in SHIPPED_TESTS {
        assert!(SHIPPED.iter().any(|(rule, _)| rule == name), "{name}.test has no rule");
        let file = Path::new("sql/rules").join(format!("{name}.test"));
        Suite::read(&file, text).unwrap_or_else(|error| panic!("{error}"));
        assert!(text.contains("expect firing"), "{name}.test never wants it to fire");
        assert!(text.contains("expect nothing"), "{name}.test never wants it to be silent");
    }
}

/// A rule with this header, and what is wrong with it if it cannot be read.
fn read(header: &str, overrides: &str) -> Result<Rule, String> {
    let text = header.lines().map(|line| format!("--- {}\n", line.trim())).collect::<String>();
    let table: toml::Table = toml::from_str(overrides).unwrap();
    let overrides = Overrides::read(&table)?;
    Rule::read(Path::new("quiet.sql"), &(text + "select 1"), false, &overrides)
        .map_err(|error| error.to_string())
}

const HEADER: &str = r#"severity = "P1"
every = "10s"
window = "15m"
for = "30s"
keep_firing = "20s"
key = ["bot"]
value = "x"
summary = "{{ bot }} has {{ x }}"
doc = "d"
[params]
limit = { default = 10.0, min = 0, max = 100 }
span = { default = 120, unit = "s" }"#;

#[track_caller]
fn check_error(header: &str, overrides: &str, want: &str) {
    match read(header, overrides) {
        Ok(_) => panic!("it was read"),
        Err(error) => assert_eq!(error, want),
    }
}

#[test]
fn a_header_that_cannot_be_meant_is_told_by_its_line() {
    check_error(
        &HEADER.replace("10s", "7m"),
        "",
        "quiet.sql:2: `every`: a day is no multiple of 7m; take 10s, 15s, 30s, 1m, 5m, 15m, 1h …",
    );
    check_error(
        &HEADER.replace("every", "evry"),
        "",
        "quiet.sql:2: `evry` is no key of a rule; there are severity, every, window, delay, for, keep_firing, key, value, worse, summary, description, labels, runbook, doc, source, needs, kinds, max_rows, timeout, enabled, params, levels, tables",
    );
    check_error(
        &HEADER.replace("P1", "page"),
        "",
        "quiet.sql:1: `severity` is \"critical\" (P1), \"warning\" (P2, high) or \"info\" (P3, medium, low)",
    );
    check_error(
        &HEADER.replace("{{ x }}", "{{ x "),
        "",
        "quiet.sql:8: `summary`: syntax error: unexpected end of input, expected end of variable block",
    );
    check_error(
        &HEADER.replace("default = 10.0", "default = 101.0"),
        "",
        "quiet.sql:11: `limit` is 101, and must be at most 100",
    );
}

#[test]
fn a_configuration_moves_params_within_their_bounds() {
    let value = |overrides: &str, name: &str| {
        read(HEADER, overrides).unwrap().levels[0].params[name].to_string()
    };
    assert_eq!(value("limit = 5", "limit"), "5");
    assert_eq!(value("span = \"5m\"", "span"), "300");
    check_error(
        HEADER,
        "limit = 200",
        "quiet.sql: [rules.quiet] of the configuration: `limit` is 200, and must be at most 100",
    );
    check_error(
        HEADER,
        "limt = 2",
        "quiet.sql: [rules.quiet] of the configuration: there is no param `limt`; there are limit, span",
    );
    check_error(
        HEADER,
        "span = true",
        "quiet.sql: [rules.quiet] of the configuration: `span` is a whole number, as in `span = 120`",
    );
}

#[test]
fn a_bot_with_params_of_its_own_is_asked_about_by_itself() {
    let rule = read(HEADER, "[bots.mm1]\nlimit = 3\n[bots.mm2]\nlimit = 3").unwrap();
    let askings = rule.askings();
    assert_eq!(askings.len(), 2);
    let row = |bot: &str| Row(vec![("bot".to_owned(), Value::Text(bot.to_owned()))]);
    let counts = |bot: &str| -> Vec<bool> {
        askings.iter().map(|asking| asking.counts(&row(bot))).collect()
    };
    assert_eq!(counts("mm1"), [false, true]);
    assert_eq!(counts("other"), [true, false]);
    assert_eq!(askings[1].params["limit"], "cast(3.0 as double)");
}

#[test]
fn levels_are_asked_each_with_its_params() {
    let header = HEADER.replace("severity = \"P1\"\n", "").replace("span =", "sigma = 1.0\nspan =")
        + "\n[levels.warning]\nsigma = 2.0\n[levels.critical]\nsigma = 3.0";
    let rule = read(&header, "[critical]\nsigma = 4").unwrap();
    let askings: Vec<(Severity, String)> = rule
        .askings()
        .into_iter()
        .map(|asking| (asking.severity, asking.params["sigma"].clone()))
        .collect();
    assert_eq!(
        askings,
        [
            (Severity::Critical, "cast(4.0 as double)".to_owned()),
            (Severity::Warning, "cast(2.0 as double)".to_owned())
        ]
    );
}

fn found(bot: &str, x: f64) -> Found {
    let row =
        vec![("bot".to_owned(), Value::Text(bot.to_owned())), ("x".to_owned(), Value::Float(x))];
    Found { severity: Severity::Critical, row: Row(row) }
}

fn rows(bots: &[(&str, f64)]) -> Outcome {
    Outcome::Rows(bots.iter().map(|(bot, x)| found(bot, *x)).collect(), Held::Nobody)
}

/// Steps the rule through outcomes, one every 10 s, and says what became of its alerts.
fn play(rule: &Rule, outcomes: &[Outcome]) -> Vec<String> {
    let mut watch = Watch::default();
    let mut told = Vec::new();
    for (at, outcome) in outcomes.iter().enumerate() {
        let tick = at as Micros * 10 * SECOND;
        for turn in watch.step(rule, tick, outcome).transitions {
            let bot = turn.key.first().map(|(_, value)| value.to_string()).unwrap_or_default();
            let peak = turn.peak.map(|peak| format!(" peak {}", peak.value)).unwrap_or_default();
            told.push(format!("{}s {} {} {bot}{peak}", at * 10, turn.rule, turn.turn.as_str()));
        }
    }
    told
}

#[test]
fn a_row_fires_when_its_for_is_over_and_resolves_when_its_keep_firing_is() {
    let rule = read(HEADER, "").unwrap();
    let (there, gone) = (rows(&[("mm1", 1.0)]), rows(&[]));
    let outcomes = [
        vec![gone.clone()],
        vec![there.clone(); 2],
        vec![gone.clone()],
        vec![there.clone(); 3],
        vec![rows(&[("mm1", 7.0)])],
        vec![there; 1],
        vec![gone; 4],
    ]
    .concat();
    assert_eq!(
        play(&rule, &outcomes),
        [
            "10s quiet pending mm1 peak 1",
            "30s quiet dropped mm1 peak 1",
            "40s quiet pending mm1 peak 1",
            "70s quiet firing mm1 peak 7",
            "110s quiet resolved mm1 peak 7",
        ]
    );
}

#[test]
fn an_error_and_what_is_not_ready_move_no_alert_and_twice_in_a_row_is_an_alert_itself() {
    let rule = read(&HEADER.replace("30s", "0s").replace("20s", "0s"), "").unwrap();
    let there = rows(&[("mm1", 1.0)]);
    let error = Outcome::Error("no column `x`".to_owned());
    let unready = Outcome::NotReady("lines are missing".to_owned());
    let outcomes =
        [there, error.clone(), unready.clone(), error.clone(), unready, error, rows(&[])];
    assert_eq!(
        play(&rule, &outcomes),
        [
            "0s quiet firing mm1 peak 1",
            "10s rule_failing pending quiet",
            "30s rule_failing firing quiet",
            "60s quiet resolved mm1 peak 1",
            "60s rule_failing resolved quiet",
        ]
    );
}

#[test]
fn two_rows_with_one_key_are_an_error_that_shows_both() {
    let rule = read(HEADER, "").unwrap();
    let mut watch = Watch::default();
    watch.step(&rule, 0, &rows(&[("mm1", 1.0), ("mm1", 2.0)]));
    assert_eq!(
        watch.health.error.unwrap(),
        "two rows have the key (bot): [bot=mm1, x=1] and [bot=mm1, x=2]; add the column that tells them apart to `key`, or aggregate"
    );
}

#[test]
fn a_rule_that_explodes_fires_once_and_leaves_its_alerts_as_they_are() {
    let rule = read(&HEADER.replace("30s", "0s").replace("20s", "0s"), "").unwrap();
    let there = rows(&[("mm1", 1.0)]);
    let exploded = Outcome::Exploded(Severity::Critical, 5_000);
    assert_eq!(
        play(&rule, &[there.clone(), exploded.clone(), exploded, there]),
        ["0s quiet firing mm1 peak 1", "10s quiet firing true", "30s quiet resolved true"]
    );
}

#[test]
fn a_bot_whose_lines_are_missing_is_left_as_it_is() {
    let rule = read(&HEADER.replace("30s", "0s").replace("20s", "0s"), "").unwrap();
    let held = |bots: &[(&str, f64)]| {
        let rows = bots.iter().map(|(bot, x)| found(bot, *x)).collect();
        Outcome::Rows(rows, Held::Bots(["mm1".to_owned()].into()))
    };
    let outcomes = [
        // It would page, for all that is known: its log is not read.
        held(&[("mm1", 1.0), ("mm2", 1.0)]),
        rows(&[("mm1", 1.0)]),
        held(&[]),
        rows(&[]),
    ];
    assert_eq!(
        play(&rule, &outcomes),
        [
            "0s quiet firing mm2 peak 1",
            "10s quiet resolved mm2 peak 1",
            "10s quiet firing mm1 peak 1",
            "30s quiet resolved mm1 peak 1",
        ]
    );
}

#[test]
fn an_alert_that_comes_and_goes_says_so() {
    let rule = read(&HEADER.replace("30s", "0s").replace("20s", "0s"), "").unwrap();
    let mut watch = Watch::default();
    let mut counts = Vec::new();
    for at in 0..12 {
        let outcome = if at % 2 == 0 { rows(&[("mm1", 1.0)]) } else { rows(&[]) };
        let step = watch.step(&rule, at * 600 * SECOND, &outcome);
        let fired = step.transitions.iter().filter(|turn| turn.turn == Turn::Fired);
        counts.extend(fired.map(|turn| turn.fired_within_1h));
    }
    assert_eq!(counts, [1, 2, 3, 3, 3, 3]);
}

/// What may come of an evaluation.
fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        6 => proptest::collection::btree_map("[a-c]", -5.0..5.0_f64, 0..3).prop_map(|bots| {
            Outcome::Rows(bots.iter().map(|(bot, x)| found(bot, *x)).collect(), Held::Nobody)
        }),
        1 => Just(Outcome::Error("it fails".to_owned())),
        1 => Just(Outcome::NotReady("it waits".to_owned())),
        1 => Just(Outcome::Exploded(Severity::Critical, 999)),
        1 => Just(Outcome::Rows(vec![found("a", 1.0)], Held::Bots(["b".to_owned()].into()))),
    ]
}

proptest! {
    /// The machine as its definition reads, from the whole history of one key at once.
    #[test]
    fn the_machine_does_what_its_definition_says(
        outcomes in proptest::collection::vec(outcome(), 1..60),
        hold in 0..5_i64,
        keep in 0..5_i64,
    ) {
        let header = HEADER
            .replace("for = \"30s\"", &format!("for = \"{}s\"", hold * 10))
            .replace("keep_firing = \"20s\"", &format!("keep_firing = \"{}s\"", keep * 10));
        let rule = read(&header, "").unwrap();
        let told = play(&rule, &outcomes);
        for bot in ["a", "b", "c"] {
            let mut want = Vec::new();
            // Ticks at which something is known of this bot.
            let (mut since, mut firing, mut absent): (Option<i64>, bool, Option<i64>) = (None, false, None);
            for (at, outcome) in outcomes.iter().enumerate() {
                let at = at as i64;
                let Outcome::Rows(found, held) = outcome else { continue };
                if *held != Held::Nobody && bot == "b" { continue }
                let there = found.iter().any(|one| one.row.get("bot") == Some(&Value::Text(bot.to_owned())));
                if there {
                    let first = *since.get_or_insert(at);
                    absent = None;
                    if !firing && at - first >= hold {
                        firing = true;
                        want.push(format!("{}s firing", at * 10));
                    }
                } else if firing {
                    let gone = *absent.get_or_insert(at);
                    if at - gone >= keep {
                        (since, firing, absent) = (None, false, None);
                        want.push(format!("{}s resolved", at * 10));
                    }
                } else {
                    since = None;
                }
            }
            let got: Vec<String> = told
                .iter()
                .filter(|line| line.contains(" quiet "))
                .filter_map(|line| {
                    let words: Vec<&str> = line.split(' ').collect();
                    let is_turn = ["firing", "resolved"].contains(&words[2]) && words[3] == bot;
                    is_turn.then(|| format!("{} {}", words[0], words[2]))
                })
                .collect();
            prop_assert_eq!(got, want, "{}", bot);
        }
    }

    /// A machine that was kept and gone on with is as good as one that never stopped.
    #[test]
    fn a_watch_that_is_kept_and_gone_on_with_says_the_same(
        outcomes in proptest::collection::vec(outcome(), 1..60),
        cut in 0..60_usize,
    ) {
        let rule = read(HEADER, "").unwrap();
        let (mut whole, mut kept) = (Watch::default(), Watch::default());
        for (at, outcome) in outcomes.iter().enumerate() {
            let tick = at as Micros * 10 * SECOND;
            if at == cut {
                let alerts = kept.alerts.alerts().map(|(id, alert)| (id.clone(), alert.clone()));
                let failing = kept.failing.alerts().map(|(id, alert)| (id.clone(), alert.clone()));
                let health = Health { ..kept.health.clone() };
                kept = Watch { cursor: kept.cursor, alerts: Machine::of(alerts), failing: Machine::of(failing), health };
            }
            prop_assert_eq!(whole.step(&rule, tick, outcome), kept.step(&rule, tick, outcome));
        }
        prop_assert!(whole.health.outcome != OutcomeKind::Never);
    }
}
