//! What is true of a run, to judge by what is read out of its logs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::bot::Bot;
use crate::calendar::Micros;
use crate::fleet::FleetOptions;
use crate::incident::IncidentKind;
use crate::systems::{System, Written};

/// The ground truth of a run. Times are microseconds since the epoch, money is in dollars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// What it was made from.
    pub seed: u64,
    /// The time of the first events.
    pub start: Micros,
    /// The time of the last line.
    pub last: Option<Micros>,
    /// The pace asked for.
    pub lines_per_second: Option<f64>,
    /// Lines in all files.
    pub lines: u64,
    /// Bytes in all files.
    pub bytes: u64,
    /// Every file that has a line.
    pub files: Vec<FileCount>,
    /// Every bot.
    pub bots: Vec<BotTruth>,
    /// Everything that went wrong on purpose.
    pub incidents: Vec<IncidentTruth>,
}

/// What is in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCount {
    /// Where it is, from the folder of the run.
    pub path: PathBuf,
    /// The bot that wrote it.
    pub bot: String,
    /// Its lines.
    pub lines: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Lines by canonical kind.
    pub kinds: BTreeMap<String, u64>,
    /// Lines by the log's own word for them, or by the file's name where a log has no such word.
    pub events: BTreeMap<String, u64>,
}

/// What one bot did and has, as of the last line. It counts what happened, also where the system's
/// log does not tell of it: purpleflea writes no orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BotTruth {
    /// Its name.
    pub name: String,
    /// Its system.
    pub system: System,
    /// What it holds: signed sizes, without the markets it holds nothing in.
    pub positions: BTreeMap<String, f64>,
    /// What it began with.
    pub capital: f64,
    /// Profit realised at average cost, before fees.
    pub realised_pnl: f64,
    /// Fees paid.
    pub fees: f64,
    /// At the mids.
    pub unrealised_pnl: f64,
    /// Capital, realised and unrealised profit, less fees.
    pub equity: f64,
    /// The largest loss from a peak that the bot's own marks of its equity saw, as a part of it.
    pub max_drawdown: f64,
    /// Σ (fair − fill price) × sign × size: positive is good.
    pub cumulative_edge: f64,
    /// Profits of round trips that won, after fees.
    pub gross_profit: f64,
    /// Losses of round trips that lost, after fees; positive.
    pub gross_loss: f64,
    /// Whether it stopped itself.
    pub halted: bool,
    /// How often each thing happened: `orders`, `fills`, `rejects` …
    pub counts: BTreeMap<String, u64>,
}

/// An incident as it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentTruth {
    /// What went wrong.
    pub kind: IncidentKind,
    /// Whose.
    pub bot: String,
    /// From when.
    pub at: Micros,
    /// Until when, not included.
    pub until: Micros,
    /// When the bot first did otherwise because of it; none if it made no difference. For a lost
    /// heartbeat, when the bot would have done the next thing.
    pub first_affected: Option<Micros>,
}

impl Truth {
    pub(crate) fn of<'a>(
        options: &FleetOptions,
        last: Option<Micros>,
        members: impl Iterator<Item = (System, &'a Bot, &'a [FileTruth])>,
    ) -> Truth {
        let mut truth = Truth {
            seed: options.seed,
            start: options.start,
            last,
            lines_per_second: options.lines_per_second,
            lines: 0,
            bytes: 0,
            files: Vec::new(),
            bots: Vec::new(),
            incidents: Vec::new(),
        };
        for (system, bot, files) in members {
            let written = files.iter().filter(|file| file.lines() > 0);
            truth.files.extend(written.map(|file| file.told(&bot.name)));
            truth.bots.push(bot_truth(system, bot));
            truth.incidents.extend(bot.strikes.iter().map(|strike| IncidentTruth {
                kind: strike.kind,
                bot: bot.name.clone(),
                at: strike.at,
                until: strike.until,
                first_affected: strike.first_affected,
            }));
        }
        truth.lines = truth.files.iter().map(|file| file.lines).sum();
        truth.bytes = truth.files.iter().map(|file| file.bytes).sum();
        truth
    }

    /// As JSON for people to read too.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// Writes it to `path`, beside the logs and outside of what their globs match.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        std::fs::write(path, self.to_json()? + "\n")
    }
}

fn dollars(micro_dollars: i64) -> f64 {
    micro_dollars as f64 / 1e6
}

fn bot_truth(system: System, bot: &Bot) -> BotTruth {
    let account = &bot.account;
    let held = bot.markets.iter().zip(&account.holdings).filter(|(_, h)| h.position != 0);
    let positions = held.map(|(market, holding)| {
        let unit = 10f64.powi(i32::from(market.instrument.size_decimals));
        (market.instrument.name.to_owned(), holding.position as f64 / unit)
    });
    BotTruth {
        name: bot.name.clone(),
        system,
        positions: positions.collect(),
        capital: dollars(account.capital),
        realised_pnl: dollars(account.realised),
        fees: dollars(account.fees),
        unrealised_pnl: dollars(account.unrealised(&bot.markets)),
        equity: dollars(account.equity(&bot.markets)),
        // To a billionth, which every JSON reader reads back as it is.
        max_drawdown: (bot.curve.max_drawdown * 1e9).round() / 1e9,
        cumulative_edge: account.edge as f64 / 1e8,
        gross_profit: dollars(account.gross_profit),
        gross_loss: dollars(account.gross_loss),
        halted: bot.halted,
        counts: counts(bot),
    }
}

fn counts(bot: &Bot) -> BTreeMap<String, u64> {
    let tally = &bot.account.tally;
    let counts = [
        ("orders", tally.orders),
        ("acks", tally.acks),
        ("rejects", tally.rejects),
        ("cancels", tally.cancels),
        ("expiries", tally.expiries),
        ("fills", tally.fills),
        ("orders_filled", tally.orders_filled),
        ("open_orders", bot.orders.len() as u64),
        ("round_trips", tally.trips),
        ("round_trips_won", tally.wins),
        ("heartbeats", tally.heartbeats),
        ("api_calls", tally.calls),
        ("api_errors", tally.calls_failed),
        ("api_429", tally.calls_limited),
        ("limit_breaches", tally.breaches),
        ("errors", tally.faults),
    ];
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

/// The lines of one file, being counted. A system has a few dozen words, so a list that is walked
/// beats a map that is hashed, once for each of millions of lines.
#[derive(Debug)]
pub(crate) struct FileTruth {
    pub(crate) path: Arc<Path>,
    bytes: u64,
    words: Vec<(Written, u64)>,
}

impl FileTruth {
    pub(crate) fn new(path: Arc<Path>) -> FileTruth {
        FileTruth { path, bytes: 0, words: Vec::new() }
    }

    pub(crate) fn count(&mut self, written: &Written, bytes: u64) {
        self.bytes += bytes;
        match self.words.iter_mut().find(|(word, _)| word == written) {
            Some((_, count)) => *count += 1,
            None => self.words.push((*written, 1)),
        }
    }

    fn lines(&self) -> u64 {
        self.words.iter().map(|(_, count)| count).sum()
    }

    fn told(&self, bot: &str) -> FileCount {
        let mut kinds = BTreeMap::new();
        let mut events = BTreeMap::new();
        for (word, count) in &self.words {
            *kinds.entry(word.kind.to_owned()).or_default() += count;
            *events.entry(word.event.to_owned()).or_default() += count;
        }
        FileCount {
            path: self.path.to_path_buf(),
            bot: bot.to_owned(),
            lines: self.lines(),
            bytes: self.bytes,
            kinds,
            events,
        }
    }
}
