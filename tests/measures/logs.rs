//! Where the lines come from: the fixtures, and fleets of simulated bots.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fillwatch_simulate::{Fleet, FleetOptions, Micros, System, Truth};

use super::raw::Log;

/// 2026-01-05T18:00:00Z: a run of hours passes a midnight.
pub(super) const START: Micros = 1_767_636_000_000_000;
pub(super) const SECOND: Micros = 1_000_000;
pub(super) const MINUTE: Micros = 60 * SECOND;
pub(super) const HOUR: Micros = 60 * MINUTE;
pub(super) const DAY: Micros = 24 * HOUR;

/// The systems whose logs are in the fixtures.
pub(super) const SYSTEMS: [&str; 5] = ["kalshi", "qkt", "polybot", "catalyst", "purpleflea"];

/// The fixtures of one system.
pub(super) fn fixture(system: &str) -> Vec<Log> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<Log>) {
        let mut paths: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push(Log { path: name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/logs");
    let mut logs = Vec::new();
    walk(&root, &root.join(system), &mut logs);
    assert!(!logs.is_empty(), "no fixtures of {system}");
    logs
}

/// What a fleet wrote, and what is true of it.
pub(super) struct Run {
    pub(super) logs: Vec<Log>,
    pub(super) truth: Truth,
}

/// `span` of a fleet's life.
pub(super) fn run(options: FleetOptions, span: Micros) -> Run {
    let end = options.start + span;
    let mut fleet = Fleet::new(options).unwrap();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    while let Some(emission) = fleet.next_before(end) {
        let path = emission.file.to_str().unwrap().to_owned();
        texts.entry(path).or_default().push_str(std::str::from_utf8(&emission.line).unwrap());
    }
    let logs = texts.into_iter().map(|(path, text)| Log { path, text }).collect();
    Run { logs, truth: fleet.truth() }
}

/// One bot of one system, over `span`, at `pace` lines a second or its own.
pub(super) fn alone(system: &str, seed: u64, span: Micros, pace: Option<f64>) -> Run {
    let system: System = system.parse().unwrap();
    let options = FleetOptions::of(system, 1, seed, START);
    run(FleetOptions { lines_per_second: pace, ..options }, span)
}

/// Days of one bot that trades slowly.
pub(super) fn days(system: &str, seed: u64, span: Micros) -> Vec<Log> {
    let logs = alone(system, seed, span, Some(0.05)).logs;
    logs.into_iter().map(|log| thinned(log, 10)).collect()
}

/// A log in which, of what a bot hears of the world and says of itself on a timer, one line in
/// `kept` is left: there is more of it in a day than there is to learn from.
pub(super) fn thinned(log: Log, kept: usize) -> Log {
    let mut number = 0;
    let lines = log.text.lines().filter(|line| {
        number += 1;
        number % kept == 0 || !is_of_a_timer(line)
    });
    let text = lines.map(|line| format!("{line}\n")).collect();
    Log { path: log.path, text }
}

fn is_of_a_timer(line: &str) -> bool {
    const WORDS: [&str; 12] = [
        "\"event\": \"quote\"",
        "\"event\": \"model_update\"",
        "\"type\":\"tick\"",
        "\"API call\"",
        "\"HTTP request\"",
        "\"GET\"",
        "\"Scan completed\"",
        "\"checks\"",
        "\"alive\"",
        "\"uptimeMs\"",
        "\"event\": \"equity_snapshot\"",
        "\"Portfolio ",
    ];
    WORDS.iter().any(|word| line.contains(word))
}
