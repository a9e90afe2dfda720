//! Writing.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use fillwatch_model::{Belated, Micros, Peak, Transition, Turn};
use fillwatch_rules::{Alert, AlertKey, Health, Machine, OutcomeKind, Phase, Rule, Watch};
use rusqlite::{Connection, Transaction, params};
use serde_json::json;

use crate::error::JournalError;
use crate::json;
use crate::schema::SCHEMA;

pub(crate) type Result<T> = std::result::Result<T, JournalError>;

/// One evaluation, as it is kept.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Its state afterwards.
    pub watch: &'a Watch,
    /// The tick.
    pub tick: Micros,
    /// How it ended.
    pub kind: OutcomeKind,
    /// What became of its alerts.
    pub transitions: &'a [Transition],
    /// How long it took, µs.
    pub took: Micros,
    /// How long after its tick it was done, µs.
    pub late: Micros,
    /// The version of `events` it was computed from, if it was one.
    pub version: Option<u64>,
}

/// The database, open for writing.
pub struct Journal {
    pub(crate) connection: Connection,
    /// The alerts of each rule as they stand in the database: only those that changed are written.
    pub(crate) kept: HashMap<String, Kept>,
}

/// The alerts of a rule, by whose they are and their key.
pub(crate) type Kept = BTreeMap<(&'static str, AlertKey), Alert>;

impl Journal {
    /// Opens the database, making its tables if they are not there.
    pub fn open(path: &Path) -> Result<Journal> {
        let fault = |source| JournalError::Open { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(fault)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(fault)?;
        connection.pragma_update(None, "synchronous", "full").map_err(fault)?;
        connection.execute_batch(SCHEMA).map_err(fault)?;
        Ok(Journal { connection, kept: HashMap::new() })
    }

    /// The state of every rule, by name.
    pub fn load(&self) -> Result<BTreeMap<String, Watch>> {
        let mut watches = BTreeMap::new();
        let mut statement = self.connection.prepare(
            "select rule, cursor, outcome, since, error, rows, last_ok, last_rows, evaluations, errors
             from rule_state",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let rule: String = row.get(0)?;
            let outcome: String = row.get(2)?;
            let health = Health {
                outcome: OutcomeKind::parse(&outcome).unwrap_or_default(),
                since: row.get(3)?,
                error: row.get(4)?,
                rows: row.get::<_, i64>(5)?.cast_unsigned(),
                last_ok: row.get(6)?,
                last_rows: row.get(7)?,
                evaluations: row.get::<_, i64>(8)?.cast_unsigned(),
                errors: row.get::<_, i64>(9)?.cast_unsigned(),
            };
            let alerts = self.machine(&rule, "alerts")?;
            let failing = self.machine(&rule, "failing")?;
            watches.insert(rule, Watch { cursor: row.get(1)?, alerts, failing, health });
        }
        Ok(watches)
    }

    fn machine(&self, rule: &str, machine: &str) -> Result<Machine> {
        let mut statement = self.connection.prepare_cached(
            "select severity, id, key, phase, since, fired_at, absent_since, episode, value, peak,
                    peak_at, fired, says, row
             from alert_state where rule = ?1 and machine = ?2",
        )?;
        let mut rows = statement.query([rule, machine])?;
        let mut alerts = Vec::new();
        while let Some(row) = rows.next()? {
            let damaged =
                |what: &str| JournalError::Damaged(format!("{what} of an alert of {rule}"));
            let severity: String = row.get(0)?;
            let phase: String = row.get(3)?;
            let fired_at: Option<Micros> = row.get(5)?;
            let phase = match (phase.as_str(), fired_at) {
                ("firing", Some(fired_at)) => Phase::Firing { fired_at, absent_since: row.get(6)? },
                ("pending", _) => Phase::Pending,
                ("resting", _) => Phase::Resting,
                _ => return Err(damaged("the phase")),
            };
            let (peak, peak_at): (Option<f64>, Option<Micros>) = (row.get(9)?, row.get(10)?);
            let key: String = row.get(2)?;
            let fired: String = row.get(11)?;
            let shown: String = row.get(13)?;
            let id = AlertKey {
                severity: severity.parse().map_err(|_| damaged("the severity"))?,
                values: row.get(1)?,
            };
            let alert = Alert {
                key: json::to_row(&key)?.0,
                phase,
                since: row.get(4)?,
                episode: row.get(7)?,
                row: json::to_row(&shown)?,
                value: row.get(8)?,
                peak: peak.zip(peak_at).map(|(value, at)| Peak { value, at }),
                fired: serde_json::from_str(&fired).map_err(|_| damaged("the times"))?,
                says: row.get(12)?,
            };
            alerts.push((id, alert));
        }
        Ok(Machine::of(alerts))
    }

    /// Keeps these evaluations, all or none: state, transitions, and what is to be delivered.
    pub fn record(&mut self, now: Micros, entries: &[Entry<'_>]) -> Result<()> {
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let mut kept = Vec::new();
        for entry in entries {
            state(&transaction, entry)?;
            let name = &entry.rule.name;
            let present = alerts_of(entry.watch);
            alerts(&transaction, entry, &present, self.kept.get(name))?;
            kept.push((name.clone(), present));
            evaluation(&transaction, entry)?;
            for one in entry.transitions {
                transition(&transaction, now, entry, one)?;
            }
        }
        transaction.commit()?;
        self.kept.extend(kept);
        Ok(())
    }
}

fn alerts_of(watch: &Watch) -> Kept {
    let of = |machine: &'static str, alerts: &Machine| -> Kept {
        let alerts = alerts.alerts().map(|(id, alert)| ((machine, id.clone()), alert.clone()));
        alerts.collect()
    };
    let mut all = of("alerts", &watch.alerts);
    all.extend(of("failing", &watch.failing));
    all
}

fn state(transaction: &Transaction<'_>, entry: &Entry<'_>) -> rusqlite::Result<()> {
    let health = &entry.watch.health;
    transaction
        .prepare_cached(
            "insert or replace into rule_state
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            entry.rule.name,
            entry.rule.severity().as_str(),
            entry.rule.every.to_string(),
            entry.watch.cursor,
            health.outcome.as_str(),
            health.since,
            health.error,
            health.rows.cast_signed(),
            health.last_ok,
            health.last_rows,
            health.evaluations.cast_signed(),
            health.errors.cast_signed(),
            entry.took,
            entry.late,
        ])?;
    Ok(())
}

/// Writes the alerts that are not as they stand there, and removes those that are no more.
fn alerts(
    transaction: &Transaction<'_>,
    entry: &Entry<'_>,
    now: &Kept,
    known: Option<&Kept>,
) -> rusqlite::Result<()> {
    let rule = &entry.rule.name;
    match known {
        Some(known) => {
            let mut delete = transaction.prepare_cached(
                "delete from alert_state
                 where rule = ?1 and machine = ?2 and severity = ?3 and id = ?4",
            )?;
            for (machine, id) in known.keys().filter(|id| !now.contains_key(id)) {
                delete.execute(params![rule, machine, id.severity.as_str(), id.values])?;
            }
        }
        // What a life before this one left is not known here.
        None => {
            transaction
                .prepare_cached("delete from alert_state where rule = ?1")?
                .execute([rule])?;
        }
    }
    for ((machine, id), alert) in now {
        if known.and_then(|known| known.get(&(*machine, id.clone()))) != Some(alert) {
            self::alert(transaction, entry, machine, id, alert)?;
        }
    }
    Ok(())
}

fn alert(
    transaction: &Transaction<'_>,
    entry: &Entry<'_>,
    machine: &str,
    id: &AlertKey,
    alert: &Alert,
) -> rusqlite::Result<()> {
    let (phase, fired_at, absent_since) = match alert.phase {
        Phase::Resting => ("resting", None, None),
        Phase::Pending => ("pending", None, None),
        Phase::Firing { fired_at, absent_since } => ("firing", Some(fired_at), absent_since),
    };
    let change = alert.change(id, Turn::Fired, entry.tick);
    let told = match machine {
        "failing" => fillwatch_rules::of_failing(&change),
        _ => entry.rule.transition(&change),
    };
    transaction
        .prepare_cached(
            "insert or replace into alert_state
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                     ?18, ?19, ?20)",
        )?
        .execute(params![
            entry.rule.name,
            machine,
            id.severity.as_str(),
            id.values,
            json::of_row(&alert.key),
            phase,
            alert.since,
            fired_at,
            absent_since,
            alert.episode,
            alert.value,
            alert.peak.map(|peak| peak.value),
            alert.peak.map(|peak| peak.at),
            json!(alert.fired).to_string(),
            alert.says,
            told.summary,
            told.description,
            json::of_labels(&told.labels),
            told.runbook,
            json::of_row(&alert.row.0),
        ])?;
    Ok(())
}

/// Lengthens the last run of evaluations that ended alike, or begins one.
fn evaluation(transaction: &Transaction<'_>, entry: &Entry<'_>) -> rusqlite::Result<()> {
    let health = &entry.watch.health;
    let lengthened = transaction
        .prepare_cached(
            "update evaluation
             set last_tick = ?2, ticks = ticks + 1, rows_max = max(rows_max, ?5), took_us = max(took_us, ?6)
             where rule = ?1
               and first_tick = (select max(first_tick) from evaluation where rule = ?1)
               and outcome = ?3 and error is ?4 and last_tick < ?2",
        )?
        .execute(params![
            entry.rule.name,
            entry.tick,
            entry.kind.as_str(),
            health.error,
            health.rows.cast_signed(),
            entry.took
        ])?;
    if lengthened == 0 {
        transaction
            .prepare_cached(
                "insert or replace into evaluation values (?1, ?2, ?2, 1, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                entry.rule.name,
                entry.tick,
                entry.kind.as_str(),
                health.error,
                health.rows.cast_signed(),
                entry.took
            ])?;
    }
    Ok(())
}

fn transition(
    transaction: &Transaction<'_>,
    now: Micros,
    entry: &Entry<'_>,
    one: &Transition,
) -> rusqlite::Result<()> {
    let revision = revision(&entry.rule.text);
    transaction
        .prepare_cached("insert or ignore into revision values (?1, ?2, ?3)")?
        .execute(params![revision, entry.rule.name, entry.rule.text])?;
    let bot = one.key.iter().find(|(name, _)| name == "bot").and_then(|(_, value)| value.text());
    transaction
        .prepare_cached(
            "insert into transition (told_at, rule, severity, turn, at, since, key, bot, episode,
                 value, peak, peak_at, fired_within_1h, belated, summary, description, labels,
                 runbook, row, window_from, params, revision, version, body)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                     ?18, ?19, ?20, ?21, ?22, ?23, ?24)",
        )?
        .execute(params![
            now,
            one.rule,
            one.severity.as_str(),
            one.turn.as_str(),
            one.at,
            one.since,
            json::shown(&one.key),
            bot,
            one.episode,
            one.value,
            one.peak.map(|peak| peak.value),
            one.peak.map(|peak| peak.at),
            one.fired_within_1h,
            one.belated.map(Belated::as_str),
            one.summary,
            one.description,
            json::of_labels(&one.labels),
            one.runbook,
            json::of_row(&one.row.0),
            one.at - entry.rule.window,
            params_of(entry.rule, one),
            revision,
            entry.version.map(u64::cast_signed),
            body(one).to_string(),
        ])?;
    let seq = transaction.last_insert_rowid();
    episode(transaction, one)?;
    let is_told = matches!(one.turn, Turn::Fired | Turn::Resolved | Turn::Amended);
    if is_told && one.belated != Some(Belated::CaughtUp) {
        queue(
            transaction,
            now,
            "transition",
            Some(seq),
            Some(&one.episode),
            &body(one).to_string(),
        )?;
    }
    Ok(())
}

fn episode(transaction: &Transaction<'_>, one: &Transition) -> rusqlite::Result<()> {
    match one.turn {
        Turn::Fired => {
            transaction
                .prepare_cached(
                    "insert into episode values (?1, ?2, ?3, ?4, ?5, ?6, null, ?7, ?8, ?9, ?10)
                     on conflict (episode) do update set resolved_at = null",
                )?
                .execute(params![
                    one.episode,
                    one.rule,
                    one.severity.as_str(),
                    json::shown(&one.key),
                    one.since,
                    one.at,
                    one.peak.map(|peak| peak.value),
                    one.peak.map(|peak| peak.at),
                    one.summary,
                    one.belated.map(Belated::as_str),
                ])?;
        }
        Turn::Resolved | Turn::Amended => {
            transaction
                .prepare_cached(
                    "update episode set resolved_at = ?2, peak = ?3, peak_at = ?4 where episode = ?1",
                )?
                .execute(params![
                    one.episode,
                    one.at,
                    one.peak.map(|peak| peak.value),
                    one.peak.map(|peak| peak.at)
                ])?;
        }
        Turn::Pending | Turn::Dropped => {}
    }
    Ok(())
}

pub(crate) fn queue(
    transaction: &Transaction<'_>,
    now: Micros,
    kind: &str,
    seq: Option<i64>,
    episode: Option<&str>,
    body: &str,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "insert into outbox (queued_at, kind, transition, episode, body) values (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![now, kind, seq, episode, body])?;
    Ok(())
}

/// A transition as it is delivered.
fn body(one: &Transition) -> serde_json::Value {
    let object =
        |text: String| -> serde_json::Value { serde_json::from_str(&text).unwrap_or_default() };
    json!({
        "rule": one.rule,
        "severity": one.severity.as_str(),
        "turn": one.turn.as_str(),
        "key": object(json::shown(&one.key)),
        "episode": one.episode,
        "at": fillwatch_model::show_time(one.at),
        "since": fillwatch_model::show_time(one.since),
        "value": one.value,
        "peak": one.peak.map(|peak| peak.value),
        "peak_at": one.peak.map(|peak| fillwatch_model::show_time(peak.at)),
        "fired_within_1h": one.fired_within_1h,
        "belated": one.belated.map(Belated::as_str),
        "summary": one.summary,
        "description": one.description,
        "labels": object(json::of_labels(&one.labels)),
        "runbook": one.runbook,
        "row": object(json::shown(&one.row.0)),
    })
}

/// The params that the alert was computed with, as SQL.
fn params_of(rule: &Rule, one: &Transition) -> String {
    let asking = rule
        .askings()
        .into_iter()
        .find(|asking| asking.severity == one.severity && asking.counts(&one.row));
    json!(asking.map(|asking| asking.params).unwrap_or_default()).to_string()
}

/// A text's name: FNV-1a, the same in every build.
fn revision(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
