//! Ticks that are made up for: those that were missed while fillwatch was not running, and those
//! whose answer rows that came late may have changed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_journal::Entry;
use fillwatch_model::{Belated, Micros, Transition, Turn};
use fillwatch_rules::{Every, Held, Rule, Ticks, Watch, ticks_between};

use super::live::{Ruling, micros};
use super::settings::RuleNews;
use crate::ServeError;

/// Ticks of each rule that late rows may still change.
const STATES_MAX: usize = 64;
/// Alerts in them, of each rule: a rule with hundreds of alerts keeps few ticks.
const ALERTS_MAX: usize = 256;
/// How far back late rows change what was told, µs.
const AMENDED: Micros = 3_600_000_000;
/// How often it is looked whether late rows changed anything.
const AMEND_INTERVAL: Duration = Duration::from_secs(5);
/// Ticks older than this when they are evaluated were missed.
const MISSED: Micros = 60_000_000;

/// Steps every rule through the ticks that it missed.
pub(crate) async fn catch_up(ruling: &mut Ruling) -> Result<(), ServeError> {
    let now = ruling.clock.now();
    let earliest = now - ruling.catch_up_limit();
    let mut by_tick: BTreeMap<Micros, Vec<String>> = BTreeMap::new();
    let prepared = ruling.prepared().clone();
    let mut skipped: Option<Micros> = None;
    for (name, prepared) in &prepared {
        let rule = &prepared.rule;
        let ticks = Ticks::of(rule.every);
        let last = ticks.at_or_before(now - rule.delay);
        let Some(watch) = ruling.watches().get_mut(name) else { continue };
        let Some(mut cursor) = watch.cursor else { continue };
        if cursor < earliest {
            skipped = Some(skipped.map_or(cursor, |known| known.min(cursor)));
            watch.skip();
            cursor = ticks.at_or_before(earliest);
        }
        for tick in ticks_between(ticks, cursor, last) {
            by_tick.entry(tick).or_default().push(name.clone());
        }
    }
    if let Some(from) = skipped {
        ruling.observer.rules(&RuleNews::Skipped { from, to: earliest });
    }
    let Some((first, _)) = by_tick.first_key_value() else { return Ok(()) };
    if now - first > MISSED {
        ruling.observer.rules(&RuleNews::CatchingUp { from: *first, to: now });
    }
    // What was written meanwhile comes first.
    let reached = ruling.wait_for_lines(now).await?;
    for (tick, names) in by_tick {
        let look = Arc::new(ruling.look(tick)?);
        let belated = (now - tick > MISSED).then_some(Belated::CaughtUp);
        ruling.evaluate(tick, names, &look, &reached, belated).await?;
    }
    let turns = ruling.journal.tell_caught_up(ruling.clock.now())?;
    if now - earliest > 0 && turns > 0 {
        ruling.observer.rules(&RuleNews::CaughtUp { turns });
    }
    Ok(())
}

/// The states that rules had before their last ticks, to go back to.
#[derive(Default)]
pub(crate) struct Amender {
    states: BTreeMap<String, VecDeque<State>>,
    looked: Option<Instant>,
}

/// A rule before a tick.
struct State {
    tick: Micros,
    before: Watch,
}

impl Amender {
    /// Remembers the state of a rule before a tick.
    pub(crate) fn note(&mut self, name: &str, rule: &Rule, tick: Micros, before: Watch) {
        let states = self.states.entry(name.to_owned()).or_default();
        // On change the ticks are the rows' own: none is late for them.
        if rule.every == Every::Change {
            return;
        }
        while states.back().is_some_and(|state| state.tick >= tick) {
            states.pop_back();
        }
        states.push_back(State { tick, before });
        let alerts = |states: &VecDeque<State>| -> usize {
            states.iter().map(|state| state.before.alerts.alerts().count()).sum()
        };
        while states.len() > STATES_MAX
            || (states.len() > 2 && alerts(states) > ALERTS_MAX)
            || states.front().is_some_and(|state| tick - state.tick > AMENDED)
        {
            states.pop_front();
        }
    }

    /// The rules whose ticks after `earliest` have to be looked at again, and from which on.
    fn touched(&self, earliest: Micros) -> Vec<(String, Micros)> {
        let first = |(name, states): (&String, &VecDeque<State>)| {
            // Rows at the tick itself are not seen by it.
            let state = states.iter().find(|state| state.tick > earliest)?;
            Some((name.clone(), state.tick))
        };
        self.states.iter().filter_map(first).collect()
    }

    fn before(&self, name: &str, tick: Micros) -> Option<Watch> {
        self.states
            .get(name)?
            .iter()
            .find(|state| state.tick == tick)
            .map(|state| state.before.clone())
    }
}

/// Looks again at ticks that rows which came after them are about, and tells what is different.
/// Says whether there was anything to do.
pub(crate) async fn amend(ruling: &mut Ruling, now: Micros) -> Result<bool, ServeError> {
    let due = ruling.amender().looked.is_none_or(|at| at.elapsed() >= AMEND_INTERVAL);
    if !due {
        return Ok(false);
    }
    ruling.amender().looked = Some(Instant::now());
    let Some(earliest) = ruling.take_late() else { return Ok(false) };
    let touched = ruling.amender().touched(earliest.max(now - AMENDED));
    let prepared = ruling.prepared().clone();
    for (name, from) in touched {
        let Some(prepared) = prepared.get(&name) else { continue };
        let Some(old) = ruling.watches().get(&name).cloned() else { continue };
        let (Some(cursor), Some(mut watch)) = (old.cursor, ruling.amender().before(&name, from))
        else {
            continue;
        };
        let ticks = Ticks::of(prepared.rule.every);
        let mut turned: Vec<Transition> = Vec::new();
        let (start, mut last) = (Instant::now(), None);
        for tick in ticks_between(ticks, from - 1, cursor) {
            let look = ruling.look(tick)?;
            let before = watch.clone();
            let evaluated = look.evaluate(prepared, Held::Nobody).await;
            let step = watch.step(&prepared.rule, tick, &evaluated.outcome);
            ruling.amender().renote(&name, tick, before);
            turned.extend(step.transitions);
            last = Some((tick, step.kind));
        }
        let Some((tick, kind)) = last else { continue };
        let told = differences(&prepared.rule, &old, &watch, &turned, from);
        watch.health.evaluations = old.health.evaluations;
        watch.health.errors = old.health.errors;
        if told.is_empty() && watch.alerts == old.alerts {
            continue;
        }
        let entry = Entry {
            rule: &prepared.rule,
            watch: &watch,
            tick,
            kind,
            transitions: &told,
            took: micros(start.elapsed()),
            late: 0,
            version: None,
        };
        ruling.journal.record(ruling.clock.now(), &[entry])?;
        ruling.watches().insert(name, watch);
        ruling.tell(&told);
    }
    Ok(true)
}

impl Amender {
    fn renote(&mut self, name: &str, tick: Micros, before: Watch) {
        if let Some(state) = self
            .states
            .get_mut(name)
            .and_then(|states| states.iter_mut().find(|state| state.tick == tick))
        {
            state.before = before;
        }
    }
}

/// What has to be told: episodes that nobody was told of, and those that were told and are not, or
/// are not as they were told.
fn differences(
    rule: &Rule,
    old: &Watch,
    new: &Watch,
    turned: &[Transition],
    from: Micros,
) -> Vec<Transition> {
    let mut told = Vec::new();
    let firing = |watch: &Watch| -> Vec<String> {
        let alerts = watch.alerts.alerts().filter(|(_, alert)| alert.is_firing());
        alerts.map(|(_, alert)| alert.episode.clone()).collect()
    };
    let (was, is) = (firing(old), firing(new));
    // What fires now and did not, or fired and resolved before anybody saw.
    for turn in turned {
        let known = was.contains(&turn.episode);
        let is_news = match turn.turn {
            Turn::Fired => !known && !fired_in(old, turn),
            Turn::Resolved => {
                let told_now = told.iter().any(|one: &Transition| one.episode == turn.episode);
                (known || told_now) && !is.contains(&turn.episode)
            }
            Turn::Pending | Turn::Dropped | Turn::Amended => false,
        };
        if is_news {
            told.push(Transition { belated: Some(Belated::LateRows), ..turn.clone() });
        }
    }
    // What was told to be over and, as is known now, is not.
    for (id, alert) in new.alerts.alerts().filter(|(_, alert)| alert.is_firing()) {
        let fired =
            turned.iter().any(|turn| turn.episode == alert.episode && turn.turn == Turn::Fired);
        if !was.contains(&alert.episode) && !fired {
            let mut change = rule.transition(&alert.change(id, Turn::Fired, alert.since));
            change.belated = Some(Belated::LateRows);
            change.at = new.cursor.unwrap_or(alert.since);
            told.push(change);
        }
    }
    // What was told to fire and, as is known now, did not; whether it is over meanwhile or not.
    for (id, alert) in old.alerts.alerts() {
        let fired_since = alert.fired.last().is_some_and(|at| *at >= from);
        let fires_still =
            turned.iter().any(|turn| turn.episode == alert.episode && turn.turn == Turn::Fired);
        if fired_since && alert.since >= from && !fires_still && !is.contains(&alert.episode) {
            let mut change = rule.transition(&alert.change(id, Turn::Amended, alert.since));
            change.at = new.cursor.unwrap_or(alert.since);
            change.belated = Some(Belated::LateRows);
            change.summary = format!("withdrawn, by lines that came late: {}", change.summary);
            told.push(change);
        }
    }
    told
}

/// Whether an alert with this key fired at this very tick before.
fn fired_in(old: &Watch, turn: &Transition) -> bool {
    old.alerts.alerts().any(|(_, alert)| alert.key == turn.key && alert.fired.contains(&turn.at))
}
