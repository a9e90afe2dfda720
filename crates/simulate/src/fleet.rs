//! A fleet: bots side by side, their lines merged in time order.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::bot::{Birth, Bot};
use crate::calendar::Micros;
use crate::happening::Happening;
use crate::incident::Incident;
use crate::profile::{Profile, Style};
use crate::systems::System;
use crate::truth::{FileTruth, Truth};

/// A bot to simulate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotSpec {
    /// The system it belongs to, and so the shape of its logs.
    pub system: System,
    /// Its name, which is its folder's too; no two of a fleet share one.
    pub name: String,
}

/// What to simulate.
#[derive(Clone, Debug)]
pub struct FleetOptions {
    /// Decides every byte, with the rest of this.
    pub seed: u64,
    /// The time of the first events.
    pub start: Micros,
    /// The bots.
    pub bots: Vec<BotSpec>,
    /// About how many lines a second of event time all of them write together, shared evenly;
    /// none for each system's natural pace. Systems that trade round trips (qkt, catalyst,
    /// purpleflea) write at most some ten lines a second a bot.
    pub lines_per_second: Option<f64>,
    /// What goes wrong.
    pub incidents: Vec<Incident>,
}

impl FleetOptions {
    /// One bot of each system: `mm1`, `gold1`, `arb1`, `paper1`, `agent1`.
    pub fn one_of_each(seed: u64, start: Micros) -> FleetOptions {
        let bots = System::ALL.iter().map(|&system| BotSpec::numbered(system, 1)).collect();
        FleetOptions { seed, start, bots, lines_per_second: None, incidents: Vec::new() }
    }

    /// `count` bots of one system.
    pub fn of(system: System, count: usize, seed: u64, start: Micros) -> FleetOptions {
        let bots = (1..=count).map(|number| BotSpec::numbered(system, number)).collect();
        FleetOptions { bots, ..FleetOptions::one_of_each(seed, start) }
    }
}

impl BotSpec {
    /// The `number`th bot of a system, under the name it usually has: `mm1`.
    pub fn numbered(system: System, number: usize) -> BotSpec {
        BotSpec { system, name: format!("{}{number}", system.bot_prefix()) }
    }
}

/// Why there can be no such fleet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// It has no bots.
    #[error("a fleet needs at least one bot")]
    Empty,
    /// Two bots have one name.
    #[error("two bots are called `{0}`; a name is a folder, give each its own")]
    Duplicate(String),
    /// An incident strikes nobody.
    #[error("incident `{incident}` strikes no bot of this fleet; there are {bots}")]
    Stranger {
        /// The incident.
        incident: String,
        /// The names there are.
        bots: String,
    },
    /// The pace is no pace.
    #[error("{0} lines per second is no pace; give a number above 0 and up to 1000000")]
    Pace(String),
}

/// A line as a bot writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emission {
    /// When it is written: the time of its event.
    pub at: Micros,
    /// The file it is appended to: `<system>/<bot>/<file>`.
    pub file: Arc<Path>,
    /// Its bytes, with the newline.
    pub line: Vec<u8>,
}

/// A bot with what is known of its files.
#[derive(Debug)]
struct Member {
    system: System,
    bot: Bot,
    files: Vec<FileTruth>,
}

/// A fleet being simulated: an endless iterator of lines, in time order.
#[derive(Debug)]
pub struct Fleet {
    options: FleetOptions,
    members: Vec<Member>,
    /// When each member has something to do next; of two at the same time, the first of the fleet.
    due: BinaryHeap<Reverse<(Micros, usize)>>,
    last: Option<Micros>,
}

impl Fleet {
    /// A fleet about to start.
    pub fn new(options: FleetOptions) -> Result<Fleet, FleetError> {
        check(&options)?;
        let members: Vec<Member> = options.bots.iter().map(|bot| member(&options, bot)).collect();
        let due = (0..members.len()).map(|nth| Reverse((options.start, nth))).collect();
        Ok(Fleet { options, members, due, last: None })
    }

    /// The next line whose event is before `end`.
    pub fn next_before(&mut self, end: Micros) -> Option<Emission> {
        while let Some(&Reverse((at, nth))) = self.due.peek() {
            if at >= end {
                return None;
            }
            self.due.pop();
            let emission = self.members[nth].step();
            self.due.push(Reverse((self.members[nth].bot.next_at(), nth)));
            if let Some(emission) = emission {
                self.last = Some(emission.at);
                return Some(emission);
            }
        }
        None
    }

    /// What is true of the lines so far, and of the bots as of the last one.
    pub fn truth(&self) -> Truth {
        let members = self.members.iter().map(|m| (m.system, &m.bot, m.files.as_slice()));
        Truth::of(&self.options, self.last, members)
    }
}

impl Iterator for Fleet {
    type Item = Emission;

    fn next(&mut self) -> Option<Emission> {
        self.next_before(Micros::MAX)
    }
}

impl Member {
    /// Lets the bot do one thing.
    fn step(&mut self) -> Option<Emission> {
        let what = self.bot.step()?;
        // Half of all lines are shorter; a vector that grows costs more than the bytes.
        let mut line = Vec::with_capacity(256);
        let written = self.system.write(&self.bot, &what, &mut line);
        if let Happening::Daily = what {
            self.bot.turn_day();
        }
        let written = written?;
        line.push(b'\n');
        let file = &mut self.files[written.file];
        file.count(&written, line.len() as u64);
        Some(Emission { at: self.bot.now, file: Arc::clone(&file.path), line })
    }
}

fn check(options: &FleetOptions) -> Result<(), FleetError> {
    if options.bots.is_empty() {
        return Err(FleetError::Empty);
    }
    if let Some(pace) = options.lines_per_second.filter(|pace| !(*pace > 0.0 && *pace <= 1e6)) {
        return Err(FleetError::Pace(pace.to_string()));
    }
    let mut names = HashSet::new();
    if let Some(twice) = options.bots.iter().find(|bot| !names.insert(bot.name.as_str())) {
        return Err(FleetError::Duplicate(twice.name.clone()));
    }
    match options.incidents.iter().find(|incident| !names.contains(incident.bot.as_str())) {
        None => Ok(()),
        Some(incident) => {
            let bots: Vec<&str> = options.bots.iter().map(|bot| bot.name.as_str()).collect();
            let (incident, bots) = (incident.to_string(), bots.join(", "));
            Err(FleetError::Stranger { incident, bots })
        }
    }
}

fn member(options: &FleetOptions, spec: &BotSpec) -> Member {
    let BotSpec { system, name } = spec;
    let profile = system.profile();
    let share = options.lines_per_second.map(|pace| pace / options.bots.len() as f64);
    let birth = Birth {
        name,
        profile,
        seed: options.seed,
        start: options.start,
        haste: share.map_or(1.0, |share| haste(profile, share)),
    };
    let path = |file: &&str| Arc::from(Path::new(system.as_str()).join(name).join(file));
    let files = system.files().iter().map(|file| FileTruth::new(path(file))).collect();
    Member { system: *system, bot: Bot::new(&birth, &options.incidents), files }
}

/// How much faster than its natural pace a bot must trade to write `pace` lines a second. Timers
/// keep theirs, so a bot asked for fewer lines than they write still trades a little.
fn haste(profile: &Profile, pace: f64) -> f64 {
    let natural = profile.lines_per_decision / profile.decide;
    let wanted = pace - profile.lines_of_timers();
    // A trader waits for its own orders; past this, asking for more only makes it wait more.
    let most = if profile.style == Style::Trader { 100.0 } else { f64::INFINITY };
    (wanted / natural).clamp(0.01, most)
}
