//! A timeline, played through the tailer, the decoder and the machine that run live: real files in
//! a folder of its own, and a clock that jumps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fillwatch_decode::{Decoder, Mapping};
use fillwatch_journal::{Entry, Journal};
use fillwatch_model::{LineChunk, ManualClock, Micros, SourceId, Transition, Value};
use fillwatch_query::{Reference, Views};
use fillwatch_rules::timeline::{Act, Case, Expect, Step, Wanted};
use fillwatch_rules::{Alert, AlertKey, Held, Outcome, Overrides, Phase, Rule, Ticks, Watch};
use fillwatch_store::Store;
use fillwatch_tail::{Closed, Event, Options, Sink, Source, Tailer};

use super::look::{Look, Looks};
use super::prepared::Prepared;
use super::told;
use crate::{ServeError, tables};

/// How long reading may lie behind before a rule is not ready.
const PATIENCE: Micros = 2_000_000;

/// How a case went.
#[derive(Debug)]
pub struct Rehearsed {
    /// What was not as it was wanted; none if all was.
    pub faults: Vec<Fault>,
    /// What became of the alerts.
    pub transitions: Vec<Transition>,
    /// How many ticks were evaluated.
    pub ticks: u64,
}

/// Something that was not as it was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line of the timeline.
    pub line: usize,
    /// What was wanted, and what was.
    pub text: String,
}

/// Plays a case against a rule.
///
/// # Errors
/// If the rule cannot take the case's params, or the disk fails.
pub async fn rehearse(
    rule: &Rule,
    case: &Case,
    views: &Arc<Views>,
) -> Result<Rehearsed, ServeError> {
    let folder = Scratch::new()?;
    let mut stage = Stage::set(rule, case, Arc::clone(views), folder.0.clone()).await?;
    for (at, step) in case.steps.iter().enumerate() {
        stage.play(step).await?;
        let last_of_its_time = case.steps.get(at + 1).is_none_or(|next| next.at > step.at);
        if last_of_its_time {
            stage.judge_all(case.steps.iter().filter(|other| other.at == step.at));
        }
    }
    Ok(Rehearsed { faults: stage.faults, transitions: stage.transitions, ticks: stage.evaluated })
}

/// A folder that goes when it is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch, ServeError> {
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("fillwatch-test-{}-{number}", std::process::id()));
        fs::create_dir_all(&path)
            .map_err(|source| ServeError::Write { path: path.clone(), source })?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.0);
    }
}

struct Stage {
    folder: PathBuf,
    clock: Arc<ManualClock>,
    prepared: Prepared,
    ticks: Ticks,
    looks: Arc<Looks>,
    store: Store,
    tailer: Tailer,
    decoder: Decoder,
    journal: Journal,
    watch: Watch,
    next: Micros,
    expected: Vec<(String, Micros)>,
    reference: Vec<Reference>,
    /// Reading is stopped since then.
    stalled: Option<Micros>,
    rotations: u64,
    evaluated: u64,
    transitions: Vec<Transition>,
    faults: Vec<Fault>,
}

impl Stage {
    async fn set(
        rule: &Rule,
        case: &Case,
        views: Arc<Views>,
        folder: PathBuf,
    ) -> Result<Stage, ServeError> {
        let rule = with_params(rule, case)?;
        let prepared = Prepared::of(&rule)?;
        let logs = folder.join("logs");
        make(&logs)?;
        let mut reference = Vec::new();
        for (name, csv) in &case.tables {
            let file = folder.join(format!("{name}.csv"));
            write(&file, csv.as_bytes())?;
            reference.push(Reference::read(name, &file));
        }
        let clock = Arc::new(ManualClock::at(case.start));
        let store_dir = folder.join("store");
        let store =
            Store::open(&store_dir, fillwatch_store::Options::default(), Arc::clone(&clock) as _)
                .await?;
        let journal = Journal::open(&store.layout().state())?;
        let tailer = tailer(&logs, &store, &clock)?;
        let decoder = Decoder::new(mappings(), Arc::clone(store.fields()));
        let ticks = Ticks::of(rule.every);
        Ok(Stage {
            next: ticks.after(case.start),
            expected: case.declared.iter().map(|bot| (bot.clone(), case.start)).collect(),
            folder,
            clock,
            prepared,
            ticks,
            looks: Looks::new(views),
            store,
            tailer,
            decoder,
            journal,
            watch: Watch::default(),
            reference,
            stalled: None,
            rotations: 0,
            evaluated: 0,
            transitions: Vec::new(),
            faults: Vec::new(),
        })
    }

    async fn play(&mut self, step: &Step) -> Result<(), ServeError> {
        // A line that is logged at a tick is there when the tick is looked at.
        let until = if matches!(step.act, Act::Expect(_)) { step.at } else { step.at - 1 };
        self.tick_until(until).await?;
        self.clock.set(step.at);
        match &step.act {
            Act::Log { bot, text } => self.append(bot, text)?,
            Act::Rotate(bot) => {
                self.read()?;
                self.rotations += 1;
                let log = self.log_of(bot);
                let aside = log.with_extension(format!("jsonl.{}", self.rotations));
                fs::rename(&log, &aside)
                    .map_err(|source| ServeError::Write { path: log, source })?;
            }
            Act::Truncate(bot) => {
                self.read()?;
                write(&self.log_of(bot), b"")?;
            }
            Act::Stall => self.stalled = Some(step.at),
            Act::Resume => self.stalled = None,
            Act::Restart => self.restart().await?,
            Act::Expect(expect) => {
                let wrong = self.judge(expect);
                self.faults.extend(wrong.map(|text| Fault { line: step.line, text }));
                return Ok(());
            }
        }
        self.read()
    }

    async fn tick_until(&mut self, until: Micros) -> Result<(), ServeError> {
        while self.next.saturating_add(self.prepared.rule.delay) <= until {
            let tick = self.next;
            self.next = self.ticks.after(tick);
            self.clock.set(tick + self.prepared.rule.delay);
            self.read()?;
            let outcome = match self.stalled {
                Some(since) if tick - since > PATIENCE => {
                    Outcome::NotReady("logs are not read".to_owned())
                }
                _ => self.look(tick)?.evaluate(&self.prepared, Held::Nobody).await.outcome,
            };
            self.evaluated += 1;
            let stepped = self.watch.step(&self.prepared.rule, tick, &outcome);
            let entry = Entry {
                rule: &self.prepared.rule,
                watch: &self.watch,
                tick,
                kind: stepped.kind,
                transitions: &stepped.transitions,
                took: 0,
                late: 0,
                version: None,
            };
            self.journal.record(tick, &[entry])?;
            self.transitions.extend(stepped.transitions);
        }
        Ok(())
    }

    fn look(&self, tick: Micros) -> Result<Look, ServeError> {
        let mut tables = tables::of(&self.store.snapshot())?;
        tables.reference = self.reference.clone();
        tables.alerts = told::with_expected(fillwatch_query::Alerts::default(), &self.expected)?;
        Ok(self.looks.at(tables, tick))
    }

    fn append(&mut self, bot: &str, text: &str) -> Result<(), ServeError> {
        let log = self.log_of(bot);
        if let Some(folder) = log.parent() {
            make(folder)?;
        }
        let fault = |source| ServeError::Write { path: log.clone(), source };
        let mut file = OpenOptions::new().create(true).append(true).open(&log).map_err(fault)?;
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(fault)
    }

    fn log_of(&self, bot: &str) -> PathBuf {
        self.folder.join("logs").join(bot).join("bot.jsonl")
    }

    /// Reads what is there, unless reading is stopped.
    fn read(&mut self) -> Result<(), ServeError> {
        if self.stalled.is_some() {
            return Ok(());
        }
        let mut gathered = Gathered::default();
        loop {
            let swept = self.tailer.sweep(&mut gathered);
            if swept.is_ok_and(|swept| swept.at_end) {
                break;
            }
        }
        if gathered.chunks.is_empty() {
            return Ok(());
        }
        let decoded = self.decoder.decode(&gathered.chunks);
        let _closed = self.store.push(decoded)?;
        Ok(())
    }

    /// What a kill leaves is what is on disk: the rows are read again from the logs, the alerts from
    /// the journal.
    async fn restart(&mut self) -> Result<(), ServeError> {
        while self.store.is_dirty() {
            self.store.commit().await?;
        }
        self.journal = Journal::open(&self.store.layout().state())?;
        let mut kept: BTreeMap<String, Watch> = self.journal.load()?;
        self.watch = kept.remove(&self.prepared.rule.name).unwrap_or_default();
        Ok(())
    }

    /// What is not as it is wanted.
    fn judge(&self, expect: &Expect) -> Option<String> {
        let health = &self.watch.health;
        match expect {
            Expect::Error(text) => {
                let said = health.error.as_deref().unwrap_or("no error");
                let is = health.outcome == fillwatch_rules::OutcomeKind::Error
                    && text.as_ref().is_none_or(|text| said.contains(text.as_str()));
                (!is).then(|| {
                    format!(
                        "wanted an error, and the evaluation ended: {} ({said})",
                        health.outcome.as_str()
                    )
                })
            }
            Expect::NotReady => {
                (health.outcome != fillwatch_rules::OutcomeKind::NotReady).then(|| {
                    format!(
                        "wanted not_ready, and the evaluation ended: {}",
                        health.outcome.as_str()
                    )
                })
            }
            _ if health.outcome == fillwatch_rules::OutcomeKind::Error => {
                Some(format!("the rule fails: {}", health.error.as_deref().unwrap_or_default()))
            }
            Expect::Nothing => {
                let firing: Vec<String> =
                    self.firing().map(|(id, alert)| self.shown(id, alert)).collect();
                (!firing.is_empty())
                    .then(|| format!("wanted nothing, and there fires {}", firing.join("; ")))
            }
            Expect::Firing(wanted) => self.find(wanted, "firing", &|alert| alert.is_firing()),
            Expect::Pending(wanted) => {
                self.find(wanted, "pending", &|alert| alert.phase == Phase::Pending)
            }
        }
    }

    /// What is expected to fire at one time is all that does.
    fn judge_all<'a>(&mut self, steps: impl Iterator<Item = &'a Step>) {
        let firing = |step: &'a Step| match &step.act {
            Act::Expect(Expect::Firing(wanted)) => Some((step.line, wanted)),
            _ => None,
        };
        let wanted: Vec<(usize, &Wanted)> = steps.filter_map(firing).collect();
        let Some((line, _)) = wanted.last().copied() else { return };
        let unwanted = |(id, alert): &(&AlertKey, &Alert)| {
            !wanted.iter().any(|(_, wanted)| self.matches(wanted, id, alert))
        };
        let unwanted: Vec<String> =
            self.firing().filter(unwanted).map(|(id, alert)| self.shown(id, alert)).collect();
        if !unwanted.is_empty() {
            let text = format!("there also fires {}", unwanted.join("; "));
            self.faults.push(Fault { line, text });
        }
    }

    fn firing(&self) -> impl Iterator<Item = (&AlertKey, &Alert)> {
        self.watch.alerts.alerts().filter(|(_, alert)| alert.is_firing())
    }

    fn find(&self, wanted: &Wanted, what: &str, is: &dyn Fn(&Alert) -> bool) -> Option<String> {
        let alerts = || self.watch.alerts.alerts().filter(|(_, alert)| is(alert));
        if alerts().any(|(id, alert)| self.matches(wanted, id, alert)) {
            return None;
        }
        let there: Vec<String> = alerts().map(|(id, alert)| self.shown(id, alert)).collect();
        let there = if there.is_empty() {
            format!("nothing is {what}")
        } else {
            format!("{what} is {}", there.join("; "))
        };
        Some(format!("wanted {what} {}, and {there}", shown(wanted)))
    }

    fn matches(&self, wanted: &Wanted, id: &AlertKey, alert: &Alert) -> bool {
        let column = |(name, value): &(String, String)| {
            alert.row.get(name).is_some_and(|have| is_written(have, value))
        };
        wanted.columns.iter().all(column)
            && wanted.severity.is_none_or(|severity| severity == id.severity)
            && wanted
                .summary
                .as_ref()
                .is_none_or(|text| self.summary(id, alert).contains(text.as_str()))
    }

    fn summary(&self, id: &AlertKey, alert: &Alert) -> String {
        let change = alert.change(id, fillwatch_model::Turn::Fired, self.next);
        self.prepared.rule.transition(&change).summary
    }

    fn shown(&self, id: &AlertKey, alert: &Alert) -> String {
        format!("{} \"{}\" [{}]", id.severity, self.summary(id, alert), alert.row)
    }
}

fn shown(wanted: &Wanted) -> String {
    let mut text = String::new();
    for (name, value) in &wanted.columns {
        let _ = write!(text, "{name}={value} ");
    }
    if let Some(severity) = wanted.severity {
        let _ = write!(text, "severity={severity} ");
    }
    if let Some(summary) = &wanted.summary {
        let _ = write!(text, "summary~\"{summary}\"");
    }
    text.trim_end().to_owned()
}

/// Whether a value is what a timeline calls `text`.
fn is_written(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => matches!(text, "null" | "unknown"),
        Value::Float(_) | Value::Int(_) => text
            .parse::<f64>()
            .ok()
            .zip(value.number())
            .is_some_and(|(wanted, have)| (wanted - have).abs() <= 1e-9 * wanted.abs().max(1.0)),
        value => value.to_string() == text,
    }
}

/// The rule with the case's params, as a configuration would move them.
fn with_params(rule: &Rule, case: &Case) -> Result<Rule, ServeError> {
    if case.set.is_empty() {
        return Ok(rule.clone());
    }
    let mut table = toml::Table::new();
    for (name, value, bot) in &case.set {
        let place = match bot {
            None => &mut table,
            Some(bot) => {
                let bots = table.entry("bots").or_insert_with(|| toml::Table::new().into());
                let bots = bots.as_table_mut();
                let entry = bots.map(|bots| {
                    bots.entry(bot.clone()).or_insert_with(|| toml::Table::new().into())
                });
                match entry.and_then(toml::Value::as_table_mut) {
                    Some(place) => place,
                    None => continue,
                }
            }
        };
        place.insert(name.clone(), value.clone());
    }
    let fault = |cause| fillwatch_rules::RuleError { file: rule.file.clone(), line: None, cause };
    let overrides = Overrides::read(&table).map_err(fault)?;
    Ok(Rule::read(&rule.file, &rule.text, rule.is_shipped, &overrides)?)
}

#[derive(Default)]
struct Gathered {
    chunks: Vec<LineChunk>,
}

impl Sink for Gathered {
    fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed> {
        self.chunks.push(chunk);
        Ok(())
    }

    fn event(&mut self, _event: Event) {}
}

fn mappings() -> Arc<[Mapping]> {
    Arc::from([Mapping::default()])
}

fn tailer(logs: &Path, store: &Store, clock: &Arc<ManualClock>) -> Result<Tailer, ServeError> {
    let source = Source::new(SourceId(0), &logs.to_string_lossy(), &[]);
    let source = source.map_err(|error| ServeError::Rehearsal(error.to_string()))?;
    // Every file is looked at each time: the clock jumps from one line to the next.
    let options = Options {
        notify: false,
        sweep_interval: std::time::Duration::ZERO,
        discovery_interval: std::time::Duration::ZERO,
        ..Options::default()
    };
    let known = store.known_files().to_vec();
    Ok(Tailer::new(vec![source], known, options, Arc::clone(clock) as _)?)
}

fn make(folder: &Path) -> Result<(), ServeError> {
    fs::create_dir_all(folder)
        .map_err(|source| ServeError::Write { path: folder.to_owned(), source })
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), ServeError> {
    let fault = |source| ServeError::Write { path: file.to_owned(), source };
    File::create(file).and_then(|mut file| file.write_all(bytes)).map_err(fault)
}
