//! One rule as it is watched: its alerts, and how its evaluations end.

use fillwatch_model::{Micros, Row, Severity, Transition, Turn, Value};

use crate::Rule;
use crate::key::canonical;
use crate::machine::{Change, Machine, Present, Terms, Worse, present};
use crate::outcome::{Held, Outcome};

/// How an evaluation ended, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutcomeKind {
    /// There was none yet.
    #[default]
    Never,
    /// With rows.
    Rows,
    /// With none.
    Empty,
    /// With an error; one about two rows with one key among them.
    Error,
    /// What it reads was not there yet.
    NotReady,
}

impl OutcomeKind {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            OutcomeKind::Never => "never",
            OutcomeKind::Rows => "rows",
            OutcomeKind::Empty => "empty",
            OutcomeKind::Error => "error",
            OutcomeKind::NotReady => "not_ready",
        }
    }

    /// The outcome written as `name`.
    pub fn parse(name: &str) -> Option<OutcomeKind> {
        use OutcomeKind::{Empty, Error, Never, NotReady, Rows};
        [Never, Rows, Empty, Error, NotReady].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// How the evaluations of a rule go.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// How the last one ended.
    pub outcome: OutcomeKind,
    /// Since when they end like that.
    pub since: Option<Micros>,
    /// What went wrong in the last one, or why it was not ready.
    pub error: Option<String>,
    /// The rows of the last one.
    pub rows: u64,
    /// The tick of the last that ended with rows or empty.
    pub last_ok: Option<Micros>,
    /// The tick of the last that ended with rows.
    pub last_rows: Option<Micros>,
    /// How many there were.
    pub evaluations: u64,
    /// How many of them failed.
    pub errors: u64,
}

/// One rule as it is watched. It can be kept anywhere and gone on with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    /// The last tick that was evaluated.
    pub cursor: Option<Micros>,
    /// Its alerts.
    pub alerts: Machine,
    /// The alert that the rule fails.
    pub failing: Machine,
    /// How its evaluations go.
    pub health: Health,
}

/// What a step did.
#[derive(Clone, Debug, PartialEq)]
pub struct Stepped {
    /// How the evaluation ended.
    pub kind: OutcomeKind,
    /// What became of its alerts, and of the alert that it fails.
    pub transitions: Vec<Transition>,
}

/// The rule that speaks of rules that fail.
pub const RULE_FAILING: &str = "rule_failing";

impl Watch {
    /// Goes on after a time in which nobody looked: what fires goes on firing, what was pending
    /// begins anew.
    pub fn skip(&mut self) {
        self.alerts.forget_pending();
        self.failing.forget_pending();
    }

    /// One evaluation of `rule` as of `tick`, that ended so. Ticks only go forward.
    pub fn step(&mut self, rule: &Rule, tick: Micros, outcome: &Outcome) -> Stepped {
        let found = found(&rule.terms, outcome);
        let (kind, rows, error) = match (&found, outcome) {
            (Err(error), _) => (OutcomeKind::Error, 0, Some(error.clone())),
            (Ok(_), Outcome::NotReady(why)) => (OutcomeKind::NotReady, 0, Some(why.clone())),
            (Ok(_), Outcome::Exploded(_, rows)) => (OutcomeKind::Rows, *rows, None),
            (Ok(Some((present, _))), _) if present.is_empty() => (OutcomeKind::Empty, 0, None),
            (Ok(Some((present, _))), _) => (OutcomeKind::Rows, present.len() as u64, None),
            (Ok(None), _) => (OutcomeKind::Error, 0, None),
        };
        let mut transitions = Vec::new();
        let changes = match found {
            Ok(Some((present, held))) => self.alerts.step(&rule.terms, tick, present, &held),
            Ok(None) | Err(_) => Vec::new(),
        };
        transitions.extend(changes.iter().map(|change| rule.transition(change)));
        if kind != OutcomeKind::NotReady {
            let failed = self.step_failing(rule, tick, error.as_deref());
            transitions.extend(failed);
        }
        self.note(tick, kind, rows, error);
        Stepped { kind, transitions }
    }

    fn note(&mut self, tick: Micros, kind: OutcomeKind, rows: u64, error: Option<String>) {
        let health = &mut self.health;
        if health.outcome != kind || health.since.is_none() {
            health.since = Some(tick);
        }
        health.outcome = kind;
        health.rows = rows;
        health.error = error;
        health.evaluations += 1;
        match kind {
            OutcomeKind::Rows => {
                health.last_ok = Some(tick);
                health.last_rows = Some(tick);
            }
            OutcomeKind::Empty => health.last_ok = Some(tick),
            OutcomeKind::Error => health.errors += 1,
            OutcomeKind::NotReady | OutcomeKind::Never => {}
        }
        self.cursor = Some(tick);
    }

    /// A rule that fails twice in a row is an alert itself: as bad as what it would miss, and a
    /// warning at least.
    fn step_failing(&mut self, rule: &Rule, tick: Micros, error: Option<&str>) -> Vec<Transition> {
        let terms = Terms {
            name: RULE_FAILING.to_owned(),
            key: vec!["rule".to_owned()],
            value: None,
            worse: Worse::High,
            hold: rule.every.span(),
            keep: 0,
        };
        let severity = rule.severity().max(Severity::Warning);
        let mut there = Present::new();
        if let Some(error) = error {
            let key = vec![("rule".to_owned(), Value::Text(rule.name.clone()))];
            let mut row = Row(key.clone());
            row.0.push(("error".to_owned(), Value::Text(error.to_owned())));
            let says = format!("rule {} fails: {error}", rule.name);
            there.insert(canonical(severity, &key), (key, row, Some(says)));
        }
        let changes = self.failing.step(&terms, tick, there, &Held::Nobody);
        changes.iter().map(of_failing).collect()
    }
}

/// What is told of the alert that a rule fails.
pub fn of_failing(change: &Change) -> Transition {
    about(RULE_FAILING, change)
}

/// What is told of an alert that no rule file is behind.
fn about(rule: &str, change: &Change) -> Transition {
    let says = change.says.clone().unwrap_or_default();
    Transition {
        rule: rule.to_owned(),
        severity: change.severity,
        key: change.key.clone(),
        episode: change.episode.clone(),
        turn: change.turn,
        at: change.at,
        since: change.since,
        value: change.value,
        peak: change.peak,
        fired_within_1h: change.fired_within_1h,
        row: change.row.clone(),
        summary: if change.turn == Turn::Resolved { format!("no more: {says}") } else { says },
        description: String::new(),
        labels: Vec::new(),
        runbook: format!("runbooks/{}.md", rule.replace('_', "-")),
        belated: None,
    }
}

/// What moves the alerts: `None` if the outcome moves none.
fn found(terms: &Terms, outcome: &Outcome) -> Result<Option<(Present, Held)>, String> {
    match outcome {
        Outcome::Error(error) => Err(error.clone()),
        Outcome::NotReady(_) => Ok(None),
        Outcome::Rows(rows, held) => Ok(Some((present(terms, rows)?, held.clone()))),
        Outcome::Exploded(severity, rows) => {
            let key = vec![("exploded".to_owned(), Value::Bool(true))];
            let mut row = Row(key.clone());
            row.0.push(("rows".to_owned(), Value::Int(i64::try_from(*rows).unwrap_or(i64::MAX))));
            let says = format!("rule {} exploded: {rows} rows", terms.name);
            let mut present = Present::new();
            present.insert(canonical(*severity, &key), (key, row, Some(says)));
            Ok(Some((present, Held::ButExploded)))
        }
    }
}
