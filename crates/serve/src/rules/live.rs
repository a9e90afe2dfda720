//! Rules on the clock: each is evaluated at its ticks, when the lines before a tick have been read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use fillwatch_journal::{Entry, Journal};
use fillwatch_model::{Belated, Clock, Micros, Transition};
use fillwatch_rules::{Course, Every, Held, Outcome, RuleBook, Ticks, Watch};
use fillwatch_store::Store;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::look::{Evaluated, Look, Looks};
use super::prepared::Prepared;
use super::readiness::{Reached, Readiness, bits};
use super::settings::{RuleNews, RuleSettings};
use super::{catch_up, told, unready};
use crate::{Observer, ServeError, Trouble, tables};

/// Evaluations at once: what is left of two cores is for ingest.
pub(crate) const AT_ONCE: usize = 2;
/// How long after a tick a rule waits for lines to be read, before it is not ready; or its own
/// interval, if that is shorter.
const PATIENCE: Micros = 10 * SECOND;
/// How often it is looked whether a tick is due, or what it waits for is there.
const POLL: Duration = Duration::from_millis(25);
/// How often the files of the rules are looked at.
const RELOAD: Duration = Duration::from_secs(2);
/// A rule that is evaluated on change rests so many times as long as that took.
const REST_SHARE: u32 = 2;
const REST_MIN: Duration = Duration::from_millis(20);
/// How often old entries are removed.
const PRUNE: Duration = Duration::from_secs(3_600);
const SECOND: Micros = 1_000_000;

/// Evaluates the rules, for ever.
pub(crate) async fn keep_ruling(
    store: Arc<Store>,
    readiness: Arc<Readiness>,
    clock: Arc<dyn Clock>,
    settings: RuleSettings,
    observer: Arc<dyn Observer>,
) {
    // Without its journal it cannot know what was told. A disk that is full may have room again.
    let mut failed = false;
    loop {
        let begun = Ruling::begin(&store, &readiness, &clock, &settings, &observer);
        match begun {
            Ok(mut ruling) => {
                if let Err(error) = ruling.run().await {
                    observer.trouble(&Trouble::Rules(&error));
                    failed = true;
                }
            }
            Err(error) if !failed => {
                observer.trouble(&Trouble::Rules(&error));
                failed = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// The rules of a run.
pub(crate) struct Ruling {
    store: Arc<Store>,
    readiness: Arc<Readiness>,
    pub(crate) clock: Arc<dyn Clock>,
    settings: RuleSettings,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) journal: Journal,
    book: RuleBook,
    prepared: BTreeMap<String, Arc<Prepared>>,
    watches: BTreeMap<String, Watch>,
    expected: Vec<(String, Micros)>,
    stamp: Vec<(PathBuf, Option<SystemTime>, u64)>,
    looked: Instant,
    pruned: Option<Instant>,
    room: Arc<Semaphore>,
    looks: Arc<Looks>,
    /// Until when rules that are evaluated on change rest.
    rests: BTreeMap<String, Instant>,
    /// Kinds that came since they were evaluated.
    pending: BTreeMap<String, bool>,
    /// How long the last round of evaluations took.
    took: Duration,
    lag: unready::Unready,
    amender: catch_up::Amender,
}

/// A rule and a tick.
type Due = (String, Micros);

impl Ruling {
    fn begin(
        store: &Arc<Store>,
        readiness: &Arc<Readiness>,
        clock: &Arc<dyn Clock>,
        settings: &RuleSettings,
        observer: &Arc<dyn Observer>,
    ) -> Result<Ruling, ServeError> {
        let mut journal = Journal::open(&store.layout().state())?;
        let expected = journal.expect(&settings.expected, clock.now())?;
        let watches = journal.load()?;
        let mut ruling = Ruling {
            store: Arc::clone(store),
            readiness: Arc::clone(readiness),
            clock: Arc::clone(clock),
            settings: settings.clone(),
            observer: Arc::clone(observer),
            journal,
            book: RuleBook::default(),
            prepared: BTreeMap::new(),
            watches,
            expected,
            stamp: Vec::new(),
            looked: Instant::now(),
            pruned: None,
            room: Arc::new(Semaphore::new(AT_ONCE)),
            looks: Looks::new(Arc::clone(&settings.views)),
            rests: BTreeMap::new(),
            pending: BTreeMap::new(),
            took: Duration::ZERO,
            lag: unready::Unready::default(),
            amender: catch_up::Amender::default(),
        };
        ruling.stamp = ruling.stamped();
        ruling.read();
        ruling.retire()?;
        Ok(ruling)
    }

    async fn run(&mut self) -> Result<(), ServeError> {
        self.catch_up().await?;
        loop {
            self.reload()?;
            let worked = self.round().await?;
            if !worked {
                let readiness = Arc::clone(&self.readiness);
                // Whichever comes first: rows for a rule on change, or time.
                let _elapsed = tokio::time::timeout(POLL, readiness.came()).await;
            }
        }
    }

    /// Evaluates what is due. Says whether anything was.
    async fn round(&mut self) -> Result<bool, ServeError> {
        let now = self.clock.now();
        let reached = self.readiness.reached();
        let mut by_tick: BTreeMap<Micros, Vec<String>> = BTreeMap::new();
        for (name, tick) in self.due(now, &reached) {
            by_tick.entry(tick).or_default().push(name);
        }
        for name in self.changed() {
            by_tick.entry(now).or_default().push(name);
        }
        self.tell_lag(now, &reached)?;
        if self.pruned.is_none_or(|at| at.elapsed() >= PRUNE) {
            self.pruned = Some(Instant::now());
            self.journal.prune(now)?;
        }
        if by_tick.is_empty() {
            return self.amend(now).await;
        }
        let start = Instant::now();
        for (tick, names) in by_tick {
            // Before the snapshot is taken: a row that it lacks must not be missed twice.
            if self.is_of_the_clock(tick, &names) {
                self.readiness.looked(tick);
            }
            let look = Arc::new(self.look(tick)?);
            self.evaluate(tick, names, &look, &reached, None).await?;
        }
        self.took = start.elapsed();
        Ok(true)
    }

    /// The rules whose tick has come and whose lines are read, or have been waited for in vain.
    fn due(&mut self, now: Micros, reached: &Reached) -> Vec<Due> {
        let mut due = Vec::new();
        let mut skipped = Vec::new();
        for (name, prepared) in &self.prepared {
            let rule = &prepared.rule;
            let ticks = Ticks::of(rule.every);
            let watch = self.watches.entry(name.clone()).or_default();
            let missed = match ticks.course(watch.cursor, now, rule.delay) {
                Course::Wait => continue,
                Course::BeginAfter(tick) => {
                    watch.cursor = Some(tick);
                    continue;
                }
                Course::Evaluate(missed) => missed,
            };
            let Some(tick) = missed.last().copied() else { continue };
            let is_read = reached.at >= tick + rule.delay
                && reached.behind.iter().all(|file| file.since >= tick + rule.delay);
            let patience = PATIENCE.min(ticks.interval() / 2);
            if !is_read && now < tick + rule.delay + patience {
                continue;
            }
            let interval = Duration::from_micros(ticks.interval().unsigned_abs());
            if missed.len() > 1 && self.took > interval {
                skipped.push((name.clone(), missed.len() as u64 - 1));
                due.push((name.clone(), tick));
            } else {
                due.extend(missed.into_iter().map(|tick| (name.clone(), tick)));
            }
        }
        for (rule, ticks) in skipped {
            self.observer.rules(&RuleNews::Overloaded { rule: &rule, ticks });
        }
        due
    }

    /// The rules that are evaluated on change and whose kinds of events have come.
    fn changed(&mut self) -> Vec<String> {
        let kinds = self.readiness.take_kinds();
        let now = Instant::now();
        let mut changed = Vec::new();
        for (name, prepared) in &self.prepared {
            if prepared.rule.every != Every::Change {
                continue;
            }
            let waits = self.pending.entry(name.clone()).or_default();
            *waits |= kinds & bits(&prepared.rule.kinds) != 0;
            if *waits && self.rests.get(name).is_none_or(|until| *until <= now) {
                *waits = false;
                changed.push(name.clone());
            }
        }
        changed
    }

    /// A look at the store as it is now, as of `tick`.
    pub(crate) fn look(&self, tick: Micros) -> Result<Look, ServeError> {
        let mut tables = tables::of(&self.store.snapshot())?;
        let (reference, news) = self.settings.references.look();
        for news in news {
            self.observer.trouble(&Trouble::Reference(&news));
        }
        tables.reference = reference;
        let asks = |name: &str| {
            self.prepared.values().any(|prepared| prepared.reads().iter().any(|read| read == name))
        };
        let alerts = if ["alerts", "alert_history", "rule_health"].iter().any(|name| asks(name)) {
            told::alerts(self.store.layout())
        } else {
            fillwatch_query::Alerts::default()
        };
        tables.alerts = told::with_expected(alerts, &self.expected)?;
        Ok(self.looks.at(tables, tick))
    }

    /// Evaluates these rules as of one tick, keeps what came of it, and tells it.
    pub(crate) async fn evaluate(
        &mut self,
        tick: Micros,
        names: Vec<String>,
        look: &Arc<Look>,
        reached: &Reached,
        belated: Option<Belated>,
    ) -> Result<(), ServeError> {
        let mut running = Vec::new();
        for name in names {
            let Some(prepared) = self.prepared.get(&name).cloned() else { continue };
            let readiness = self.standing(&prepared, tick, reached, belated).await;
            running.push((name, Arc::clone(&prepared), self.start(prepared, look, readiness)));
        }
        let mut done = Vec::new();
        for (name, prepared, running) in running {
            let evaluated = running.await.unwrap_or_else(|_| Evaluated {
                outcome: Outcome::Error(
                    "the evaluation died; this is a bug worth reporting".to_owned(),
                ),
                took: Duration::ZERO,
            });
            done.push((name, prepared, evaluated));
        }
        self.settle(tick, done, belated)
    }

    /// Whether this is a tick by the clock of any of these rules, and not one that rows made.
    fn is_of_the_clock(&self, tick: Micros, names: &[String]) -> bool {
        let rules = names.iter().filter_map(|name| self.prepared.get(name));
        rules.into_iter().any(|prepared| Ticks::of(prepared.rule.every).at_or_before(tick) == tick)
    }

    fn start(
        &self,
        prepared: Arc<Prepared>,
        look: &Arc<Look>,
        readiness: Result<Held, String>,
    ) -> tokio::task::JoinHandle<Evaluated> {
        let (look, room, runtime) = (Arc::clone(look), Arc::clone(&self.room), Handle::current());
        tokio::spawn(async move {
            let held = match readiness {
                Ok(held) => held,
                Err(why) => {
                    return Evaluated { outcome: Outcome::NotReady(why), took: Duration::ZERO };
                }
            };
            let permit = room.acquire_owned().await;
            let work = move || {
                let evaluated = runtime.block_on(look.evaluate(&prepared, held));
                drop(permit);
                evaluated
            };
            tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Evaluated {
                outcome: Outcome::Error("the query engine gave up on this query".to_owned()),
                took: Duration::ZERO,
            })
        })
    }

    /// Whose lines are missing as of a tick; or why nothing can be said.
    async fn standing(
        &mut self,
        prepared: &Prepared,
        tick: Micros,
        reached: &Reached,
        belated: Option<Belated>,
    ) -> Result<Held, String> {
        let rule = &prepared.rule;
        let wanted = tick + rule.delay;
        if rule.every == Every::Change
            && belated.is_none()
            && Ticks::of(rule.every).at_or_before(tick) != tick
        {
            return Ok(Held::Nobody);
        }
        if reached.at < wanted {
            return Err("the lines before this tick have not been read yet".to_owned());
        }
        let behind: Vec<_> = reached.behind.iter().filter(|file| file.since < wanted).collect();
        if behind.is_empty() {
            return Ok(Held::Nobody);
        }
        let bots: BTreeSet<String> = self.lag.bots(&self.store, &behind, self.clock.now()).await;
        Ok(if bots.is_empty() { Held::Nobody } else { Held::Bots(bots) })
    }

    /// Steps the machines, keeps it all in one transaction, and tells it.
    fn settle(
        &mut self,
        tick: Micros,
        done: Vec<(String, Arc<Prepared>, Evaluated)>,
        belated: Option<Belated>,
    ) -> Result<(), ServeError> {
        let now = self.clock.now();
        let version = Some(self.store.snapshot().events_size().version);
        let mut stepped = Vec::new();
        for (name, prepared, evaluated) in done {
            let before = self.watches.get(&name).cloned().unwrap_or_default();
            let mut watch = before.clone();
            let mut step = watch.step(&prepared.rule, tick, &evaluated.outcome);
            step.transitions.iter_mut().for_each(|one| one.belated = belated);
            if prepared.rule.every == Every::Change {
                let rest = (evaluated.took * REST_SHARE).max(REST_MIN);
                self.rests.insert(name.clone(), Instant::now() + rest);
            }
            self.amender.note(&name, &prepared.rule, tick, before);
            stepped.push((name, prepared, evaluated.took, watch, step));
        }
        let entries: Vec<Entry<'_>> = stepped
            .iter()
            .map(|(_, prepared, took, watch, step)| Entry {
                rule: &prepared.rule,
                watch,
                tick,
                kind: step.kind,
                transitions: &step.transitions,
                took: micros(*took),
                late: (now - tick - prepared.rule.delay).max(0),
                version,
            })
            .collect();
        self.journal.record(now, &entries)?;
        for (name, _, _, watch, step) in stepped {
            self.watches.insert(name, watch);
            self.tell(&step.transitions);
        }
        Ok(())
    }

    pub(crate) fn tell(&self, transitions: &[Transition]) {
        transitions.iter().for_each(|transition| self.observer.alert(transition));
    }

    /// Says of files that stay behind that nothing is said of their bots.
    fn tell_lag(&mut self, now: Micros, reached: &Reached) -> Result<(), ServeError> {
        let told = self.lag.step(now, reached, &mut self.journal)?;
        self.tell(&told);
        Ok(())
    }

    /// Steps through the ticks that were missed while fillwatch was not running.
    async fn catch_up(&mut self) -> Result<(), ServeError> {
        catch_up::catch_up(self).await
    }

    async fn amend(&mut self, now: Micros) -> Result<bool, ServeError> {
        catch_up::amend(self, now).await
    }

    /// Reads the rules again if their files have changed: all of them, and then at once.
    fn reload(&mut self) -> Result<(), ServeError> {
        if self.looked.elapsed() < RELOAD {
            return Ok(());
        }
        self.looked = Instant::now();
        let stamp = self.stamped();
        if stamp != self.stamp {
            self.stamp = stamp;
            self.read();
            self.retire()?;
        }
        Ok(())
    }

    /// Ends the alerts of rules that are no more. Of one whose file is only broken they stay.
    fn retire(&mut self) -> Result<(), ServeError> {
        let is_gone = |name: &&String| {
            !self.prepared.contains_key(*name)
                && *name != unready::NAME
                && !self.book.broken().iter().any(|broken| broken.name == **name)
        };
        let gone: Vec<String> = self.watches.keys().filter(is_gone).cloned().collect();
        for name in gone {
            let alerts = self.journal.retire(&name, self.clock.now())?;
            self.watches.remove(&name);
            self.observer.rules(&RuleNews::Retired { rule: &name, alerts });
        }
        Ok(())
    }

    fn stamped(&self) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
        let Some(directory) = &self.settings.source.directory else { return Vec::new() };
        let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
        let stamp = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.ok()?;
            let about = entry.metadata().ok()?;
            Some((entry.path(), about.modified().ok(), about.len()))
        };
        let mut stamps: Vec<_> = entries.filter_map(stamp).collect();
        stamps.sort();
        stamps
    }

    /// A rule that takes the place of one that works must work itself. One that is new may wait for
    /// columns that no log has had yet: then it says so by failing.
    fn plans(&self, ready: Prepared, takes_a_place: bool) -> Result<Prepared, String> {
        if takes_a_place {
            let look = self.look(self.clock.now()).map_err(|error| error.to_string())?;
            look.columns(&ready).map_err(|error| error.to_string())?;
        }
        Ok(ready)
    }

    fn read(&mut self) {
        let mut book = self.book.again(&self.settings.source);
        let mut prepared = BTreeMap::new();
        let names: Vec<String> = book.enabled().map(|rule| rule.name.clone()).collect();
        for name in names {
            let Some(rule) = book.get(&name) else { continue };
            let before = self.book.get(&name);
            // What has not changed goes on with the plan it has.
            if let (Some(before), Some(ready)) = (before, self.prepared.get(&name))
                && before.text == rule.text
                && before.levels == rule.levels
            {
                let ready = Arc::clone(ready);
                prepared.insert(
                    name,
                    Arc::new(Prepared { rule: rule.clone(), ..Prepared::clone(&ready) }),
                );
                continue;
            }
            match Prepared::of(rule)
                .map_err(|error| error.cause)
                .and_then(|ready| self.plans(ready, before.is_some()))
            {
                Ok(ready) => {
                    prepared.insert(name, Arc::new(ready));
                }
                Err(cause) => {
                    book.set_aside(&self.book, &name, cause);
                    if let Some(Ok(ready)) = book.get(&name).map(Prepared::of) {
                        prepared.insert(name, Arc::new(ready));
                    }
                }
            }
        }
        for broken in book.broken() {
            self.observer.rules(&RuleNews::Broken { error: &broken.error, kept: broken.kept });
        }
        self.prepared = prepared;
        self.looks.forget();
        self.book = book;
        self.observer.rules(&RuleNews::Read { rules: self.prepared.len() });
    }

    pub(crate) fn prepared(&self) -> &BTreeMap<String, Arc<Prepared>> {
        &self.prepared
    }

    pub(crate) fn watches(&mut self) -> &mut BTreeMap<String, Watch> {
        &mut self.watches
    }

    pub(crate) fn amender(&mut self) -> &mut catch_up::Amender {
        &mut self.amender
    }

    pub(crate) fn catch_up_limit(&self) -> Micros {
        self.settings.catch_up
    }

    /// The time of the earliest event that came late since this was asked last.
    pub(crate) fn take_late(&self) -> Option<Micros> {
        self.readiness.take_late()
    }

    /// Waits until what was written before `until` is read, but for files that cannot be.
    pub(crate) async fn wait_for_lines(&mut self, until: Micros) -> Result<Reached, ServeError> {
        loop {
            let reached = self.readiness.reached();
            let waits =
                |file: &super::readiness::Behind| file.error.is_none() && file.since < until;
            if reached.at >= until && !reached.behind.iter().any(waits) {
                return Ok(reached);
            }
            self.tell_lag(self.clock.now(), &reached)?;
            tokio::time::sleep(POLL).await;
        }
    }
}

pub(crate) fn micros(time: Duration) -> Micros {
    Micros::try_from(time.as_micros()).unwrap_or(Micros::MAX)
}
