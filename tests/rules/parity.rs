//! A timeline, the same with fillwatch killed in between, and a backtest over the same lines say the
//! same of every alert.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use fillwatch_decode::Mapping;
use fillwatch_model::{Micros, SourceId, Transition};
use fillwatch_query::Views;
use fillwatch_rules::timeline::{Act, Case, Expect, Step};
use fillwatch_rules::{Overrides, Rule};
use fillwatch_serve::{Settings, Silent, SystemClock, backtest, ingest, rehearse, tables};
use fillwatch_tail::Source;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

const SECOND: Micros = 1_000_000;
/// 2026-01-05T12:00:00Z
const START: Micros = 1_767_614_400 * SECOND;
const LENGTH: Micros = 120;

/// Cheap to plan, and with everything that has a clock.
const RULE: &str = "--- severity = \"warning\"
--- every = \"5s\"
--- window = \"12s\"
--- for = \"10s\"
--- keep_firing = \"10s\"
--- key = [\"bot\"]
--- value = \"n\"
--- summary = \"{{ bot }}: {{ n }}\"
--- doc = \"d\"
select bot, count(*) as n from events where event = 'bad' group by bot
";

#[test]
fn a_timeline_one_with_restarts_and_a_backtest_say_the_same() {
    let rule = Rule::read(Path::new("bad.sql"), RULE, false, &Overrides::default()).unwrap();
    let views = Arc::new(Views::shipped().unwrap());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cases = std::env::var("FILLWATCH_CASES").map_or(12, |cases| cases.parse().unwrap());
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7),
        max_shrink_iters: 40,
        ..Config::default()
    });
    let lines = proptest::collection::vec((0..LENGTH, prop_oneof!["a", "b"]), 1..40);
    let restarts = proptest::collection::vec(0..LENGTH, 1..6);
    runner
        .run(&(lines, restarts), |(lines, restarts)| {
            let whole = runtime.block_on(played(&rule, &lines, &[], &views));
            let cut = runtime.block_on(played(&rule, &lines, &restarts, &views));
            prop_assert_eq!(&told(&whole), &told(&cut), "restarts at {:?}", restarts);
            let past = runtime.block_on(backtested(&rule, &lines, &views));
            prop_assert_eq!(&told(&whole), &told(&past), "in a backtest");
            Ok(())
        })
        .unwrap();
}

/// What the timeline says.
async fn played(
    rule: &Rule,
    lines: &[(Micros, String)],
    restarts: &[Micros],
    views: &Arc<Views>,
) -> Vec<Transition> {
    let at = |second: Micros| START + second * SECOND;
    let log = |(second, bot): &(Micros, String)| Step {
        at: at(*second),
        line: 0,
        act: Act::Log { bot: bot.clone(), text: line(at(*second)) },
    };
    let mut steps: Vec<Step> = lines.iter().map(log).collect();
    steps.extend(restarts.iter().map(|second| Step {
        at: at(*second),
        line: 0,
        act: Act::Restart,
    }));
    steps.sort_by_key(|step| step.at);
    steps.push(Step { at: at(LENGTH + 60), line: 0, act: Act::Expect(Expect::Nothing) });
    let case = Case {
        title: String::new(),
        line: 0,
        start: START,
        set: Vec::new(),
        tables: Vec::new(),
        declared: Vec::new(),
        steps,
    };
    let played = rehearse(rule, &case, views).await.unwrap();
    assert!(played.faults.is_empty(), "{:?}", played.faults);
    played.transitions
}

/// What a backtest over the same lines says.
async fn backtested(
    rule: &Rule,
    lines: &[(Micros, String)],
    views: &Arc<Views>,
) -> Vec<Transition> {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    for bot in ["a", "b"] {
        let mut text = String::new();
        let mut seconds: Vec<Micros> =
            lines.iter().filter(|(_, of)| of == bot).map(|(second, _)| *second).collect();
        seconds.sort_unstable();
        for second in seconds {
            let _ = writeln!(text, "{}", line(START + second * SECOND));
        }
        fs::create_dir_all(logs.join(bot)).unwrap();
        fs::write(logs.join(bot).join("bot.jsonl"), text).unwrap();
    }
    let store = folder.path().join("store");
    let source = Source::new(SourceId(0), &logs.to_string_lossy(), &[]).unwrap();
    let settings = Settings::new(store.clone(), vec![source], Arc::from([Mapping::default()]));
    let (clock, never) = (Arc::new(SystemClock), std::future::pending());
    ingest(settings, false, clock, never, Arc::new(Silent)).await.unwrap();
    let tables = tables(&store).await.unwrap();
    let to = START + (LENGTH + 60) * SECOND;
    let rules = std::slice::from_ref(rule);
    backtest(rules, &tables, views, START, to, &mut |_| true).await.unwrap().transitions
}

fn line(at: Micros) -> String {
    format!("{{\"ts\": {}.{:06}, \"event\": \"bad\"}}", at / SECOND, at % SECOND)
}

fn told(transitions: &[Transition]) -> Vec<String> {
    let one = |turn: &Transition| {
        let peak =
            turn.peak.map(|peak| format!("{} at +{}s", peak.value, (peak.at - START) / SECOND));
        format!(
            "+{}s {} {} since +{}s {peak:?} {} {} {}",
            (turn.at - START) / SECOND,
            turn.turn.as_str(),
            turn.episode,
            (turn.since - START) / SECOND,
            turn.fired_within_1h,
            turn.summary,
            turn.row,
        )
    };
    transitions.iter().map(one).collect()
}
