//! From rows to alerts: inactive → pending → firing → inactive.
//!
//! ```text
//!            row            for is over              row gone, keep_firing over
//! (nothing) ─────▶ pending ─────────────▶ firing ─────────────────────────────▶ (nothing)
//!               ◀─────────                  │ ▲
//!                row gone                   ╰─╯ row gone, keep_firing not over
//! ```
//!
//! One step is one evaluation as of one tick. Nothing else moves an alert: no timer, no clock, and
//! no evaluation that failed.

use std::collections::BTreeMap;

use fillwatch_model::{Micros, Peak, Row, Severity, Turn, Value};

use crate::key::{AlertKey, canonical, episode_id, of};
use crate::outcome::{Found, Held};

/// How long it is remembered that an alert fired, to say that it flaps.
const REMEMBERED: Micros = 3_600_000_000;

/// Which values of a measure are worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// The higher ones.
    High,
    /// The lower ones.
    Low,
}

/// What the machine needs to know of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// Its name.
    pub name: String,
    /// The columns that tell one alert from another.
    pub key: Vec<String>,
    /// The column that is measured.
    pub value: Option<String>,
    /// Which values of it are worse.
    pub worse: Worse,
    /// How long a row must be there before it fires (`for`).
    pub hold: Micros,
    /// How long the alert goes on after its row is gone (`keep_firing`).
    pub keep: Micros,
}

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Its row is not there; it is remembered that it fired within the hour.
    Resting,
    /// Its row is there; its `for` is not over.
    Pending,
    /// It fires.
    Firing {
        /// The tick it began to fire at.
        fired_at: Micros,
        /// The first tick at which its row was gone, if it is.
        absent_since: Option<Micros>,
    },
}

/// One alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The key's columns and values.
    pub key: Vec<(String, Value)>,
    /// Where it stands.
    pub phase: Phase,
    /// The first tick of the row that is, or was last, there without a break.
    pub since: Micros,
    /// The id of the episode that it is in.
    pub episode: String,
    /// The last row there was.
    pub row: Row,
    /// The last value.
    pub value: Option<f64>,
    /// The worst value of the episode.
    pub peak: Option<Peak>,
    /// When it began to fire, within the last hour.
    pub fired: Vec<Micros>,
    /// What is said of it in the place of the rule's summary.
    pub says: Option<String>,
}

/// What a step did to one alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The alert's level.
    pub severity: Severity,
    /// Its key.
    pub key: Vec<(String, Value)>,
    /// The id of its episode.
    pub episode: String,
    /// What became of it.
    pub turn: Turn,
    /// The tick.
    pub at: Micros,
    /// The first tick of its row.
    pub since: Micros,
    /// The value of the last row.
    pub value: Option<f64>,
    /// The worst of the episode.
    pub peak: Option<Peak>,
    /// How often it fired within the last hour.
    pub fired_within_1h: u32,
    /// The last row.
    pub row: Row,
    /// What is said of it in the place of the rule's summary.
    pub says: Option<String>,
}

/// The alerts of one rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    alerts: BTreeMap<AlertKey, Alert>,
}

/// What an evaluation found there: each alert's key and row, and what is said of it if not the
/// rule's summary.
pub(crate) type Present = BTreeMap<AlertKey, (Vec<(String, Value)>, Row, Option<String>)>;

/// The rows by their keys.
///
/// # Errors
/// If two rows have one key, or a row has not all columns of it.
pub(crate) fn present(terms: &Terms, found: &[Found]) -> Result<Present, String> {
    let mut present = Present::new();
    for Found { severity, row } in found {
        let key = of(&terms.key, row)?;
        let id = canonical(*severity, &key);
        if let Some((_, first, _)) = present.get(&id) {
            return Err(format!(
                "two rows have the key ({}): [{first}] and [{row}]; add the column that tells them apart to `key`, or aggregate",
                terms.key.join(", ")
            ));
        }
        present.insert(id, (key, row.clone(), None));
    }
    Ok(present)
}

impl Machine {
    /// With these alerts, as they were kept somewhere.
    pub fn of(alerts: impl IntoIterator<Item = (AlertKey, Alert)>) -> Machine {
        Machine { alerts: alerts.into_iter().collect() }
    }

    /// The alerts that it knows, those among them that rest.
    pub fn alerts(&self) -> impl Iterator<Item = (&AlertKey, &Alert)> {
        self.alerts.iter()
    }

    /// Begins the `for` of what is pending anew: for some time nobody looked.
    pub(crate) fn forget_pending(&mut self) {
        self.alerts.retain(|_, alert| alert.phase != Phase::Pending || !alert.fired.is_empty());
        for alert in self.alerts.values_mut().filter(|alert| alert.phase == Phase::Pending) {
            alert.phase = Phase::Resting;
        }
    }

    /// One evaluation, as of `tick`, which found `present` and can say nothing of what is `held`.
    pub(crate) fn step(
        &mut self,
        terms: &Terms,
        tick: Micros,
        mut present: Present,
        held: &Held,
    ) -> Vec<Change> {
        present.retain(|_, (key, ..)| !held.holds(key));
        let mut changes = Vec::new();
        for (id, alert) in &mut self.alerts {
            alert.fired.retain(|at| tick - at < REMEMBERED);
            match present.remove(id) {
                Some((_, row, says)) => alert.seen(terms, id, tick, row, says, &mut changes),
                None if held.holds(&alert.key) => {}
                None => alert.missed(terms, id, tick, &mut changes),
            }
        }
        for (id, (key, row, says)) in present {
            let mut alert = Alert {
                key,
                phase: Phase::Resting,
                since: tick,
                episode: String::new(),
                row: Row::default(),
                value: None,
                peak: None,
                fired: Vec::new(),
                says: None,
            };
            alert.seen(terms, &id, tick, row, says, &mut changes);
            self.alerts.insert(id, alert);
        }
        self.alerts.retain(|_, alert| alert.phase != Phase::Resting || !alert.fired.is_empty());
        changes
    }
}

impl Alert {
    fn seen(
        &mut self,
        terms: &Terms,
        id: &AlertKey,
        tick: Micros,
        row: Row,
        says: Option<String>,
        changes: &mut Vec<Change>,
    ) {
        if self.phase == Phase::Resting {
            self.since = tick;
            self.peak = None;
            self.episode = episode_id(&terms.name, id, tick);
        }
        self.value = terms.value.as_ref().and_then(|column| row.get(column)?.number());
        self.row = row;
        self.says = says;
        if let Some(value) = self.value {
            let is_worse = |peak: Peak| match terms.worse {
                Worse::High => value > peak.value,
                Worse::Low => value < peak.value,
            };
            if self.peak.is_none_or(is_worse) {
                self.peak = Some(Peak { value, at: tick });
            }
        }
        match self.phase {
            Phase::Firing { fired_at, .. } => {
                self.phase = Phase::Firing { fired_at, absent_since: None };
            }
            Phase::Resting | Phase::Pending if tick - self.since >= terms.hold => {
                self.phase = Phase::Firing { fired_at: tick, absent_since: None };
                self.fired.push(tick);
                changes.push(self.change(id, Turn::Fired, tick));
            }
            Phase::Resting => {
                self.phase = Phase::Pending;
                changes.push(self.change(id, Turn::Pending, tick));
            }
            Phase::Pending => {}
        }
    }

    fn missed(&mut self, terms: &Terms, id: &AlertKey, tick: Micros, changes: &mut Vec<Change>) {
        match self.phase {
            Phase::Resting => {}
            Phase::Pending => {
                self.phase = Phase::Resting;
                changes.push(self.change(id, Turn::Dropped, tick));
            }
            Phase::Firing { fired_at, absent_since } => {
                let since = absent_since.unwrap_or(tick);
                if tick - since >= terms.keep {
                    self.phase = Phase::Resting;
                    changes.push(self.change(id, Turn::Resolved, tick));
                } else {
                    self.phase = Phase::Firing { fired_at, absent_since: Some(since) };
                }
            }
        }
    }

    /// A turn of this alert, as of now.
    pub fn change(&self, id: &AlertKey, turn: Turn, at: Micros) -> Change {
        Change {
            severity: id.severity,
            key: self.key.clone(),
            episode: self.episode.clone(),
            turn,
            at,
            since: self.since,
            value: self.value,
            peak: self.peak,
            fired_within_1h: u32::try_from(self.fired.len()).unwrap_or(u32::MAX),
            row: self.row.clone(),
            says: self.says.clone(),
        }
    }

    /// Whether it fires.
    pub fn is_firing(&self) -> bool {
        matches!(self.phase, Phase::Firing { .. })
    }
}
