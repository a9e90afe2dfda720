//! Reading, beside whoever writes.

use std::path::Path;

use fillwatch_model::{Micros, Row, Value};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::error::JournalError;
use crate::json;
use crate::upkeep::expected;

type Result<T> = std::result::Result<T, JournalError>;

/// The database, to look at.
pub struct Ledger {
    connection: Connection,
}

/// An alert that is pending or fires: its columns, as the table `alerts` has them.
pub type AlertRow = Row;
/// A turn that an alert took, as the table `alert_history` has it.
pub type TransitionRow = Row;
/// How a rule's evaluations go, as the table `rule_health` has it.
pub type RuleRow = Row;

/// One episode, with what is needed to compute it again.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeRow {
    /// Its id.
    pub episode: String,
    /// The rule.
    pub rule: String,
    /// The severity.
    pub severity: String,
    /// The key, as JSON.
    pub key: String,
    /// The first tick of its row.
    pub since: Micros,
    /// The tick it fired at.
    pub fired_at: Micros,
    /// The tick it resolved at.
    pub resolved_at: Option<Micros>,
    /// What was said.
    pub summary: String,
    /// What more was said.
    pub description: String,
    /// The row it fired with.
    pub row: Row,
    /// From where its window saw.
    pub window_from: Micros,
    /// The params, SQL by name, as JSON.
    pub params: String,
    /// The rule's text as it was then.
    pub text: String,
    /// The version of `events`.
    pub version: Option<i64>,
}

impl Ledger {
    /// Opens the database to look at it; `None` if there is none, or no rule ever ran.
    pub fn look(path: &Path) -> Result<Option<Ledger>> {
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)
            .map_err(|source| JournalError::Open { path: path.to_owned(), source })?;
        let tables: i64 = connection.query_row(
            "select count(*) from sqlite_master where name in ('rule_state', 'alert_state', 'transition', 'expected_bot')",
            [],
            |row| row.get(0),
        )?;
        Ok((tables == 4).then_some(Ledger { connection }))
    }

    /// The alerts that are pending or fire, the worst first.
    pub fn alerts(&self) -> Result<Vec<AlertRow>> {
        let mut statement = self.connection.prepare(
            "select case machine when 'failing' then 'rule_failing' else rule end, severity, phase,
                    key, summary, description, since, fired_at, absent_since, value, peak, peak_at,
                    fired, runbook, labels, row, episode,
                    exists (select 1 from alert_state as worse
                            where worse.rule = alert_state.rule and worse.machine = alert_state.machine
                              and worse.id = alert_state.id and worse.phase = 'firing'
                              and (worse.severity = 'critical' and alert_state.severity <> 'critical'
                                   or worse.severity = 'warning' and alert_state.severity = 'info'))
             from alert_state
             where phase <> 'resting'
             order by severity <> 'critical', severity <> 'warning', coalesce(fired_at, since), rule, id",
        )?;
        let mut rows = statement.query([])?;
        let mut alerts = Vec::new();
        while let Some(row) = rows.next()? {
            let key = json::to_row(&row.get::<_, String>(3)?)?;
            let fired: Vec<Micros> =
                serde_json::from_str(&row.get::<_, String>(12)?).unwrap_or_default();
            let shown = json::to_row(&row.get::<_, String>(15)?)?;
            alerts.push(table_row([
                ("rule", text(row.get(0)?)),
                ("severity", text(row.get(1)?)),
                ("state", text(row.get(2)?)),
                ("bot", key.get("bot").cloned().unwrap_or(Value::Null)),
                ("key", text(Some(json::shown(&key.0)))),
                ("summary", text(row.get(4)?)),
                ("description", text(row.get(5)?)),
                ("since", time(row.get(6)?)),
                ("fired_at", time(row.get(7)?)),
                ("absent_since", time(row.get(8)?)),
                ("value", float(row.get(9)?)),
                ("peak", float(row.get(10)?)),
                ("peak_at", time(row.get(11)?)),
                ("fired_within_1h", Value::Int(fired.len() as i64)),
                ("is_inhibited", Value::Bool(row.get(17)?)),
                ("runbook", text(row.get(13)?)),
                ("labels", text(row.get(14)?)),
                ("row", text(Some(json::shown(&shown.0)))),
                ("episode", text(row.get(16)?)),
            ]));
        }
        Ok(alerts)
    }

    /// Every turn that is kept, in the order they were told.
    pub fn history(&self) -> Result<Vec<TransitionRow>> {
        let mut statement = self.connection.prepare(
            "select at, rule, severity, turn, bot, key, summary, since, value, peak, peak_at,
                    fired_within_1h, belated, told_at, row, episode
             from transition order by seq",
        )?;
        let mut rows = statement.query([])?;
        let mut turns = Vec::new();
        while let Some(row) = rows.next()? {
            let shown = json::to_row(&row.get::<_, String>(14)?)?;
            turns.push(table_row([
                ("ts", time(row.get(0)?)),
                ("rule", text(row.get(1)?)),
                ("severity", text(row.get(2)?)),
                ("turn", text(row.get(3)?)),
                ("bot", text(row.get(4)?)),
                ("key", text(row.get(5)?)),
                ("summary", text(row.get(6)?)),
                ("since", time(row.get(7)?)),
                ("value", float(row.get(8)?)),
                ("peak", float(row.get(9)?)),
                ("peak_at", time(row.get(10)?)),
                ("fired_within_1h", Value::Int(row.get(11)?)),
                ("belated", text(row.get(12)?)),
                ("told_at", time(row.get(13)?)),
                ("row", text(Some(json::shown(&shown.0)))),
                ("episode", text(row.get(15)?)),
            ]));
        }
        Ok(turns)
    }

    /// How the evaluations of each rule go, by name.
    pub fn rules(&self) -> Result<Vec<RuleRow>> {
        let mut statement = self.connection.prepare(
            "select rule, severity, every, outcome, since, error, rows, cursor, last_ok, last_rows,
                    evaluations, errors, took_us, late_us
             from rule_state order by rule",
        )?;
        let mut rows = statement.query([])?;
        let mut rules = Vec::new();
        while let Some(row) = rows.next()? {
            rules.push(table_row([
                ("rule", text(row.get(0)?)),
                ("severity", text(row.get(1)?)),
                ("every", text(row.get(2)?)),
                ("outcome", text(row.get(3)?)),
                ("since", time(row.get(4)?)),
                ("error", text(row.get(5)?)),
                ("rows", Value::Int(row.get(6)?)),
                ("last_tick", time(row.get(7)?)),
                ("last_ok_at", time(row.get(8)?)),
                ("last_rows_at", time(row.get(9)?)),
                ("evaluations", Value::Int(row.get(10)?)),
                ("errors", Value::Int(row.get(11)?)),
                ("took_ms", Value::Float(row.get::<_, i64>(12)? as f64 / 1e3)),
                ("late_ms", Value::Float(row.get::<_, i64>(13)? as f64 / 1e3)),
            ]));
        }
        Ok(rules)
    }

    /// The bots that are expected, and since when.
    pub fn expected(&self) -> Result<Vec<(String, Micros)>> {
        Ok(expected(&self.connection)?)
    }

    /// The last episode whose id begins so, or whose rule is called so.
    pub fn episode(&self, id: &str) -> Result<Option<EpisodeRow>> {
        let found = self
            .connection
            .query_row(
                "select e.episode, e.rule, e.severity, e.key, e.since, e.fired_at, e.resolved_at,
                        t.summary, t.description, t.row, t.window_from, t.params, r.text, t.version
                 from episode as e
                 join transition as t on t.episode = e.episode and t.turn = 'firing'
                 join revision as r on r.revision = t.revision
                 where substr(e.episode, 1, length(?1)) = ?1 or e.rule = ?1
                 order by e.fired_at desc, t.seq limit 1",
                params![id],
                |row| {
                    Ok((
                        EpisodeRow {
                            episode: row.get(0)?,
                            rule: row.get(1)?,
                            severity: row.get(2)?,
                            key: row.get(3)?,
                            since: row.get(4)?,
                            fired_at: row.get(5)?,
                            resolved_at: row.get(6)?,
                            summary: row.get(7)?,
                            description: row.get(8)?,
                            row: Row::default(),
                            window_from: row.get(10)?,
                            params: row.get(11)?,
                            text: row.get(12)?,
                            version: row.get(13)?,
                        },
                        row.get::<_, String>(9)?,
                    ))
                },
            )
            .optional()?;
        let Some((mut episode, row)) = found else { return Ok(None) };
        episode.row = json::to_row(&row)?;
        Ok(Some(episode))
    }
}

fn table_row<const N: usize>(columns: [(&str, Value); N]) -> Row {
    Row(columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn text(value: Option<String>) -> Value {
    value.map_or(Value::Null, Value::Text)
}

fn time(value: Option<Micros>) -> Value {
    value.map_or(Value::Null, Value::Time)
}

fn float(value: Option<f64>) -> Value {
    value.map_or(Value::Null, Value::Float)
}
