//! Rules over history: the pages that one would have had.

use std::collections::BTreeMap;
use std::sync::Arc;

use fillwatch_model::{Micros, Transition};
use fillwatch_query::{Tables, Views};
use fillwatch_rules::{Held, Rule, Ticks, Watch, ticks_between};

use super::look::Looks;
use super::prepared::Prepared;
use crate::ServeError;

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
    let mut prepared = Vec::new();
    for rule in rules {
        prepared.push((Prepared::of(rule)?, Watch::default()));
    }
    let mut by_tick: BTreeMap<Micros, Vec<usize>> = BTreeMap::new();
    for (at, (prepared, _)) in prepared.iter().enumerate() {
        for tick in ticks_between(Ticks::of(prepared.rule.every), from, to) {
            by_tick.entry(tick).or_default().push(at);
        }
    }
    let looks = Looks::new(Arc::clone(views));
    let mut done = Backtested::default();
    for (tick, due) in by_tick {
        let look = looks.at(tables.clone(), tick);
        for at in due {
            let (prepared, watch) = &mut prepared[at];
            let evaluated = look.evaluate(prepared, Held::Nobody).await;
            done.evaluations += 1;
            if let fillwatch_rules::Outcome::Error(error) = &evaluated.outcome {
                let failed = done.failed.entry(prepared.rule.name.clone()).or_default();
                *failed = (failed.0 + 1, error.clone());
            }
            let stepped = watch.step(&prepared.rule, tick, &evaluated.outcome);
            done.transitions.extend(stepped.transitions);
        }
        if !progress(tick) {
            break;
        }
    }
    Ok(done)
}
