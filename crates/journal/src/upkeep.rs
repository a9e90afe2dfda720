//! What is written beside evaluations: rules that end, bots that are expected, what is told of a time
//! that was made up for, and what is old.

use fillwatch_model::Micros;
use rusqlite::{Connection, params};

use crate::record::{Journal, Result, queue};

/// How long transitions, episodes and evaluations are kept.
const KEPT: Micros = 400 * 86_400_000_000;

/// One thing to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its place in the queue.
    pub seq: i64,
    /// `transition` or `digest`.
    pub kind: String,
    /// The episode that a transition is of.
    pub episode: Option<String>,
    /// JSON.
    pub body: String,
}

impl Journal {
    /// Ends the alerts of a rule that is no more, and says of each that fired that it is over. Says
    /// how many there were.
    pub fn retire(&mut self, rule: &str, now: Micros) -> Result<usize> {
        let transaction = self.connection.transaction()?;
        let why = "the rule was removed or switched off";
        let ended = transaction.execute(
            "insert into transition (told_at, rule, severity, turn, at, since, key, bot, episode,
                 value, peak, peak_at, fired_within_1h, belated, summary, description, labels,
                 runbook, row, window_from, params, revision, version, body)
             select ?2, t.rule, t.severity, 'resolved', ?2, t.since, t.key, t.bot, t.episode,
                    a.value, a.peak, a.peak_at, t.fired_within_1h, null, t.summary || ' (' || ?3 || ')',
                    t.description, t.labels, t.runbook, a.row, t.window_from, t.params, t.revision,
                    t.version,
                    json_set(t.body, '$.turn', 'resolved', '$.description', ?3)
             from alert_state as a
             join transition as t on t.episode = a.episode and t.turn = 'firing'
             where a.rule = ?1 and a.phase = 'firing'
             group by a.episode",
            params![rule, now, why],
        )?;
        transaction.execute(
            "insert into outbox (queued_at, kind, transition, episode, body)
             select ?2, 'transition', t.seq, t.episode, t.body
             from transition as t join alert_state as a on a.episode = t.episode
             where a.rule = ?1 and a.phase = 'firing' and t.turn = 'resolved' and t.at = ?2",
            params![rule, now],
        )?;
        transaction.execute(
            "update episode set resolved_at = ?2 where resolved_at is null and episode in
                 (select episode from alert_state where rule = ?1)",
            params![rule, now],
        )?;
        transaction.execute("delete from rule_state where rule = ?1", [rule])?;
        transaction.execute("delete from alert_state where rule = ?1", [rule])?;
        transaction.commit()?;
        self.kept.remove(rule);
        Ok(ended)
    }

    /// Queues what fired and resolved while ticks were made up for: in one digest, and what of it
    /// fires still by itself too. Says how many turns there were.
    pub fn tell_caught_up(&mut self, now: Micros) -> Result<usize> {
        let transaction = self.connection.transaction()?;
        let mut turns: Vec<(i64, String, String, String)> = Vec::new();
        {
            let mut statement = transaction.prepare(
                "select seq, turn, episode, body from transition
                 where belated = 'caught_up' and turn in ('firing', 'resolved')
                   and seq > coalesce((select max(transition) from outbox where kind = 'digest'), 0)
                 order by seq",
            )?;
            let rows = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            for row in rows {
                turns.push(row?);
            }
        }
        let Some((last, ..)) = turns.last() else { return Ok(0) };
        let bodies: Vec<serde_json::Value> =
            turns.iter().filter_map(|(.., body)| serde_json::from_str(body).ok()).collect();
        let digest = serde_json::Value::Array(bodies).to_string();
        queue(&transaction, now, "digest", Some(*last), None, &digest)?;
        for (seq, turn, episode, body) in &turns {
            let is_firing: bool = transaction.query_row(
                "select exists (select 1 from alert_state where episode = ?1 and phase = 'firing')",
                [episode],
                |row| row.get(0),
            )?;
            if turn == "firing" && is_firing {
                queue(&transaction, now, "transition", Some(*seq), Some(episode), body)?;
            }
        }
        transaction.commit()?;
        Ok(turns.len())
    }

    /// Notes since when these bots are expected, and forgets those that are not any more.
    pub fn expect(&mut self, bots: &[String], now: Micros) -> Result<Vec<(String, Micros)>> {
        let transaction = self.connection.transaction()?;
        for bot in bots {
            transaction.execute(
                "insert into expected_bot values (?1, ?2) on conflict (bot) do nothing",
                params![bot, now],
            )?;
        }
        let known = expected(&transaction)?;
        for (bot, _) in known.iter().filter(|(bot, _)| !bots.contains(bot)) {
            transaction.execute("delete from expected_bot where bot = ?1", [bot])?;
        }
        transaction.commit()?;
        Ok(known.into_iter().filter(|(bot, _)| bots.contains(bot)).collect())
    }

    /// Removes what is older than is kept.
    pub fn prune(&mut self, now: Micros) -> Result<()> {
        let before = now - KEPT;
        let transaction = self.connection.transaction()?;
        transaction.execute("delete from transition where at < ?1", [before])?;
        transaction.execute("delete from evaluation where last_tick < ?1", [before])?;
        transaction
            .execute("delete from episode where coalesce(resolved_at, ?1) < ?1", [before])?;
        transaction.execute(
            "delete from revision where revision not in (select revision from transition)",
            [],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// What is to be delivered, from the place `after` on, in order.
    pub fn outbox(&self, after: i64, limit: u32) -> Result<Vec<Outgoing>> {
        let mut statement = self.connection.prepare_cached(
            "select seq, kind, episode, body from outbox where seq > ?1 order by seq limit ?2",
        )?;
        let rows = statement.query_map(params![after, limit], |row| {
            Ok(Outgoing {
                seq: row.get(0)?,
                kind: row.get(1)?,
                episode: row.get(2)?,
                body: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

pub(crate) fn expected(connection: &Connection) -> rusqlite::Result<Vec<(String, Micros)>> {
    let mut statement = connection.prepare("select bot, since from expected_bot order by bot")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
