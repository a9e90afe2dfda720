//! Rules over history: the pages that one would have had.
//!
//! History is walked in stretches of an hour or so, whose events are read into memory once. What is
//! carried goes on from a close at the stretch's beginning, made of the one before it: so a tick
//! costs what happened lately, however long ago the day began.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use fillwatch_model::{Micros, Transition};
use fillwatch_query::{Closes, Options, Tables, Views, Window, close, stretch};
use fillwatch_rules::{Held, Rule, Ticks, Watch, ticks_between};

use super::look::Looks;
use super::prepared::Prepared;
use crate::ServeError;

const HOUR: Micros = 3_600_000_000;
/// Rules that look back further than this are asked of the store itself: their windows would not
/// fit into a stretch.
const LOOK_BACK: Micros = 2 * HOUR;
/// How long a stretch is.
const STRETCH: Micros = HOUR;
/// Memory of a stretch's events. Where they take more, every rule is asked of the store itself.
const STRETCH_BYTES: usize = 3 << 30;
/// The views that read `history`, but no further back than [`MARGIN`] before their window or close.
const A_LITTLE_BACK: &[&str] = &["lead_settlements", "markouts"];
const MARGIN: Micros = HOUR / 6;
/// A history that is shorter than this is not worth its closes.
const SHORT: Micros = HOUR / 2;

/// What a backtest found.
#[derive(Debug, Default)]
pub struct Backtested {
    /// Every turn of every alert, in order.
    pub transitions: Vec<Transition>,
    /// Evaluations made.
    pub evaluations: u64,
    /// Evaluations that failed, and how the last of them did, by rule.
    pub failed: BTreeMap<String, (u64, String)>,
}

/// Steps `rules` through all their ticks in `(from, to]` over `tables`. `progress` hears of each
/// tick, and ends it by saying `false`.
///
/// # Errors
/// If a rule's query is none. A query that fails is counted.
pub async fn backtest(
    rules: &[Rule],
    tables: &Tables,
    views: &Arc<Views>,
    from: Micros,
    to: Micros,
    progress: &mut dyn FnMut(Micros) -> bool,
) -> Result<Backtested, ServeError> {
    let mut past = Past { tables, views, closes: Vec::new(), stretch: None };
    let mut lanes = Vec::new();
    for rule in rules {
        lanes.push(Lane::of(rule, views, to - from)?);
    }
    let mut by_tick: BTreeMap<Micros, Vec<usize>> = BTreeMap::new();
    for (at, lane) in lanes.iter().enumerate() {
        for tick in ticks_between(Ticks::of(lane.prepared.rule.every), from, to) {
            by_tick.entry(tick).or_default().push(at);
        }
    }
    let (near, far) = (Looks::new(Arc::clone(views)), Looks::new(Arc::clone(views)));
    let mut done = Backtested::default();
    for (tick, due) in by_tick {
        let stretch = match due.iter().any(|at| lanes[*at].is_near) {
            true => past.stretch(tick).await?,
            false => None,
        };
        // Where there is no stretch, the store has it all.
        let near = near.at(stretch.unwrap_or_else(|| tables.clone()), tick);
        let far = far.at(tables.clone(), tick);
        for at in due {
            let lane = &mut lanes[at];
            let look = if lane.is_near { &near } else { &far };
            let evaluated = look.evaluate(&lane.prepared, Held::Nobody).await;
            done.evaluations += 1;
            let rule = &lane.prepared.rule;
            let stepped = lane.watch.step(rule, tick, &evaluated.outcome);
            if let Some(error) = &lane.watch.health.error {
                let failed = done.failed.entry(rule.name.clone()).or_default();
                *failed = (failed.0 + 1, error.clone());
            }
            done.transitions.extend(stepped.transitions);
        }
        if !progress(tick) {
            break;
        }
    }
    Ok(done)
}

/// One rule on its way.
struct Lane {
    prepared: Prepared,
    watch: Watch,
    /// A stretch has all that it reads.
    is_near: bool,
}

impl Lane {
    fn of(rule: &Rule, views: &Views, length: Micros) -> Result<Lane, ServeError> {
        let prepared = Prepared::of(rule)?;
        let far_back = prepared.readers_of("history", views);
        let is_near = length > SHORT
            && rule.window <= LOOK_BACK
            && far_back.iter().all(|view| A_LITTLE_BACK.contains(&view.as_str()))
            && prepared.readers_of("daily_close", views).is_empty();
        Ok(Lane { prepared, watch: Watch::default(), is_near })
    }
}

/// What was, as far as it was read.
struct Past<'a> {
    tables: &'a Tables,
    views: &'a Arc<Views>,
    /// The closes that the stretch rests on, the earliest first.
    closes: Vec<(Micros, Vec<RecordBatch>)>,
    /// The tables of a stretch, and when it ends; `None` where its events do not fit into memory.
    stretch: Option<(Micros, Option<Tables>)>,
}

impl Past<'_> {
    /// The tables of the stretch that `tick` is in.
    async fn stretch(&mut self, tick: Micros) -> Result<Option<Tables>, ServeError> {
        if let Some((end, tables)) = &self.stretch
            && tick <= *end
        {
            return Ok(tables.clone());
        }
        // A tick at the end of a stretch still sees only what is in it.
        let begin = (tick - 1).div_euclid(STRETCH) * STRETCH;
        let end = begin + STRETCH;
        let first = begin - LOOK_BACK;
        self.closes.retain(|(at, _)| *at >= first);
        let window = Window { from: Some(first - MARGIN), to: Some(end) };
        let mut tables = match stretch::in_memory(self.tables, window, self.options(end)).await {
            Ok(tables) => tables,
            Err(fillwatch_query::QueryError::Memory { .. }) => {
                self.stretch = Some((end, None));
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let mut at = first;
        while at <= begin {
            if !self.closes.iter().any(|(known, _)| *known == at) {
                // The first is made of the store's own, each other of the one before it.
                let before =
                    if self.closes.is_empty() { self.tables.clone() } else { tables.clone() };
                let before = Tables { closes: self.known_or(&before)?, ..before };
                let rows = close::compute(before, at, self.options(at)).await?;
                self.closes.push((at, rows));
            }
            at += STRETCH;
        }
        tables.closes = self.known_or(self.tables)?;
        self.stretch = Some((end, Some(tables.clone())));
        Ok(Some(tables))
    }

    /// The closes that were made, or, if there are none yet, those of `tables`.
    fn known_or(&self, tables: &Tables) -> Result<Closes, ServeError> {
        if self.closes.is_empty() {
            return Ok(tables.closes.clone());
        }
        let rows: Vec<RecordBatch> =
            self.closes.iter().flat_map(|(_, rows)| rows.iter().cloned()).collect();
        Ok(Closes {
            table: close::table(&rows)?,
            at: self.closes.iter().map(|(at, _)| *at).collect(),
            retained_from: None,
        })
    }

    fn options(&self, now: Micros) -> Options {
        Options {
            now,
            views: Arc::clone(self.views),
            memory_bytes: STRETCH_BYTES,
            timeout: None,
            partitions: 1,
        }
    }
}
