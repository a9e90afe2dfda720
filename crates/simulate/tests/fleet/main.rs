//! What a simulated fleet promises, checked on the lines it writes and by nothing else.

#![expect(clippy::unwrap_used, reason = "all of this is tests, its helpers too")]

mod incidents;
mod promises;
mod recount;
mod shapes;

use std::path::Path;

use fillwatch_simulate::{Emission, Fleet, FleetOptions, Micros, System, Truth};
use serde_json::Value;

/// 2026-01-05T00:00:00Z.
const START: Micros = 1_767_571_200_000_000;
const MINUTE: Micros = 60_000_000;
const HOUR: Micros = 60 * MINUTE;

/// A run: its lines and its truth.
struct Run {
    lines: Vec<Emission>,
    truth: Truth,
}

/// `hours` of one bot of each system, with incidents as they are written on a command line, where
/// `BOT` is every bot.
fn run(hours: i64, seed: u64, incidents: &[&str]) -> Run {
    let mut options = FleetOptions::one_of_each(seed, START);
    for text in incidents {
        for bot in options.bots.clone() {
            options.incidents.push(text.replace("BOT", &bot.name).parse().unwrap());
            if !text.contains("BOT") {
                break;
            }
        }
    }
    let mut fleet = Fleet::new(options).unwrap();
    let mut lines = Vec::new();
    while let Some(emission) = fleet.next_before(START + hours * HOUR) {
        lines.push(emission);
    }
    Run { lines, truth: fleet.truth() }
}

impl Run {
    /// The lines of one file, parsed, with their times in minutes after the start.
    fn file(&self, path: &str) -> Vec<(f64, Value)> {
        let path = Path::new(path);
        let lines = self.lines.iter().filter(|emission| &*emission.file == path);
        let parsed: Vec<(f64, Value)> = lines.map(|e| (minutes(e.at), parse(e))).collect();
        assert!(!parsed.is_empty(), "nothing in {}", path.display());
        parsed
    }

    /// The lines of kalshi's bot with this event.
    fn kalshi(&self, event: &str) -> Vec<(f64, Value)> {
        let mut lines = self.file("kalshi/mm1/bot.jsonl");
        lines.retain(|(_, line)| line["event"] == event);
        lines
    }
}

fn minutes(at: Micros) -> f64 {
    (at - START) as f64 / MINUTE as f64
}

fn parse(emission: &Emission) -> Value {
    let text = std::str::from_utf8(&emission.line).expect("a line is text");
    let text = text.strip_suffix('\n').expect("a line ends with its newline");
    assert!(!text.contains('\n'), "two lines in one: {text}");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The system that wrote a file.
fn system_of(path: &Path) -> System {
    path.iter().next().unwrap().to_str().unwrap().parse().unwrap()
}
