//! `fillwatch bots`: each bot in one line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fillwatch_query::Session;

use crate::board::{self, Board, Look, Rows, UNKNOWN};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::quantity;
use crate::table::{Cell, Tint};

const EXAMPLES: &str = "\
Examples:
  fillwatch bots
  fillwatch bots --since 7d
  fillwatch bots --since 1h --until 2026-01-05T14:00:00Z   # as it was then
  fillwatch bots --format json | jq '.[] | select(.health != \"ok\")'

Slippage, PnL, errors and fill rate are of the window, the rest is as of its end. Slippage is in the
price's unit, and positive is bad; ▲ says that it was worse in the later half of the fills than in the
earlier, by more than a standard error, and ▼ that it was better. The fill rate is of orders filled
within 60 s, and of so many that are eligible. `fillwatch sql '\\d bots'` says what each column means.";

/// Show each bot in a line: fills, slippage, profit, health
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    look: Look,
}

/// How many bars a curve has.
const STEPS: usize = 12;

/// From so many standard errors on a change is shown.
const CHANGE_SIGMA: f64 = 1.0;

/// What each bot made in each step of the window: by its fills, or of one that logs none, by the
/// round trips that it logs.
const PROFIT: &str = "
with made as (
    select bot, ts, realized as amount, 0 as rank from realized_pnl
    union all
    select bot, closed_at as ts, net_pnl as amount, 1 as rank from round_trips where source = 'log'
)
select bot, rank, $step as step, sum(amount) as amount
from made where amount is not null group by bot, rank, 3";

/// The edge of its fills.
const EDGE: &str = "
select bot, 0 as rank, $step as step, sum(edge) as amount
from fills where edge is not null group by bot, 3";

/// The step of the window that `ts` lies in; what a fast clock wrote is in the last.
const STEP: &str = "
least(11, cast(floor((cast(ts as bigint) - cast($from as bigint)) * 12.0
    / greatest(1, cast($now as bigint) - cast($from as bigint))) as bigint))";

/// The orders that the fill rate of each bot is of.
const RATED: &str = "
select bot, sum(n_60s) as n from fill_rates where hour is not null and bot is not null group by bot";

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let asker = args.look.asker(context)?;
    if let Some(format) = args.look.raw(context)? {
        args.look.write(&asker, "select * from bots order by bot", format, context)?;
        return Ok(ExitCode::Ok);
    }
    let (held, words, terminal) = (Arc::clone(&asker), args.look.words(), context.terminal);
    args.look.show(&asker, async move {
        let session = held.session().await?;
        let rows = Rows::of(session.query("select * from bots order by bot").await?).await?;
        if rows.len() == 0 {
            return Ok("no bot has written a line\n".to_owned());
        }
        let curves = curves(&session).await?;
        let rated = Rows::of(session.query(RATED).await?).await?;
        let rated = rated.texts("bot").into_iter().flatten().zip(rated.counts("n")).collect();
        let (board, about) = table(&rows, &rated, &curves, &words);
        Ok(board.finish(&about, terminal))
    })?;
    Ok(ExitCode::Ok)
}

/// The curves of the bots, and what they are of.
struct Curves {
    name: &'static str,
    of: BTreeMap<String, String>,
}

/// Of profit where any bot has one, else of edge: never of the one beside the other.
async fn curves(session: &Session) -> Result<Curves, Failure> {
    for (name, sql) in [("PnL curve", PROFIT), ("edge curve", EDGE)] {
        let rows = Rows::of(session.query(&sql.replace("$step", STEP)).await?).await?;
        let of = drawn(&rows);
        if !of.is_empty() {
            return Ok(Curves { name, of });
        }
    }
    Ok(Curves { name: "PnL curve", of: BTreeMap::new() })
}

fn drawn(rows: &Rows) -> BTreeMap<String, String> {
    let mut amounts: BTreeMap<String, (i64, [Option<f64>; STEPS])> = BTreeMap::new();
    let cells = rows.texts("bot").into_iter().zip(rows.counts("rank"));
    let cells = cells.zip(rows.counts("step")).zip(rows.floats("amount"));
    for (((bot, rank), step), amount) in cells {
        let (Some(bot), Some(rank), Some(step)) = (bot, rank, step) else { continue };
        let (known, steps) = amounts.entry(bot).or_insert((rank, [None; STEPS]));
        if rank < *known {
            (*known, *steps) = (rank, [None; STEPS]);
        }
        if let Some(place) = usize::try_from(step).ok().and_then(|step| steps.get_mut(step))
            && rank == *known
        {
            *place = amount;
        }
    }
    let curve = |(bot, (_, steps)): (String, (i64, [Option<f64>; STEPS]))| {
        let mut sum = None;
        let sums = steps.map(|amount| {
            if let Some(amount) = amount {
                sum = Some(sum.unwrap_or(0.0) + amount);
            }
            sum
        });
        (bot, board::sparkline(&sums))
    };
    amounts.into_iter().map(curve).collect()
}

/// The table, and what it is about.
fn table(
    rows: &Rows,
    rated: &BTreeMap<String, Option<i64>>,
    curves: &Curves,
    words: &str,
) -> (Board, String) {
    let mut board = Board::default();
    let bots = rows.texts("bot");
    board.words("bot", bots.clone());
    let seen: Vec<Option<String>> =
        rows.floats("last_seen_age_s").into_iter().map(|age| age.map(ago)).collect();
    board.words("last seen", seen.clone());
    board.in_short("last seen", seen.clone());
    let short = |ago: Option<String>| ago.map(|ago| ago.replace(' ', ""));
    board.in_short("seen", seen.into_iter().map(short).collect());
    board.figures("fills", &rows.counts("fills"), board::count);
    let rate = |(bot, rate): (&Option<String>, Option<f64>)| {
        let of = bot.as_ref().and_then(|bot| *rated.get(bot)?);
        rate.map(|rate| Cell::from(board::share(rate, of)))
    };
    let rates = bots.iter().zip(rows.floats("fill_rate_60s")).map(rate);
    board.cells("fill rate", true, rates.collect());
    board.cells("slippage", true, slippage(rows));
    let money = |amount: f64| Cell::tinted(board::money(amount), board::tint_of(amount));
    board.judged("realized", &rows.floats("realized_pnl"), money);
    board.called_in_short("realized", "PnL");
    board.judged("unrealized", &rows.floats("unrealized_pnl"), money);
    let curve = |bot: &Option<String>| Some(curves.of.get(bot.as_ref()?)?.clone());
    board.words(curves.name, bots.iter().map(curve).collect());
    board.judged("edge σ", &rows.floats("edge_drift_sigma"), |sigma| {
        // Two of them is where the kalshi monitor begins to worry.
        let tint = if sigma <= -2.0 { Tint::Bad } else { Tint::None };
        Cell::tinted(board::sigma(sigma), tint)
    });
    board.figures("errors", &rows.counts("errors"), board::count);
    let (health, why) = health(rows);
    board.cells("health", false, health);
    board.words_if_any("why", why);
    board.keep(
        &["bot", "health", "last seen", "slippage", "realized", "fills"],
        &["fill rate", "why", "unrealized", "errors"],
    );
    let bots = quantity::of(rows.len() as u64, "bot", "bots");
    (board, format!("{bots}; fills, slippage, profit and errors {words}"))
}

/// How long ago, by a clock that may be behind the bot's.
fn ago(age_s: f64) -> String {
    quantity::duration(Duration::try_from_secs_f64(age_s).unwrap_or_default())
}

/// The mean, and whether it got worse.
fn slippage(rows: &Rows) -> Vec<Option<Cell>> {
    let means = rows.floats("slippage_mean");
    if means.iter().all(Option::is_none) {
        return means.iter().map(|_| None).collect();
    }
    let text = |mean: &Option<f64>| mean.map_or_else(|| UNKNOWN.to_owned(), board::difference);
    let texts = board::aligned(means.iter().map(text).collect());
    let changes = rows.floats("slippage_change_sigma");
    let cell = |(text, change): (String, Option<f64>)| {
        let (arrow, tint) = match change {
            Some(change) if change >= CHANGE_SIGMA => ("▲", Tint::Bad),
            Some(change) if change <= -CHANGE_SIGMA => ("▼", Tint::Good),
            _ => (" ", Tint::None),
        };
        Some(Cell::tinted(format!("{text} {arrow}"), tint))
    };
    texts.into_iter().zip(changes).map(cell).collect()
}

/// The word and the reason.
fn health(rows: &Rows) -> (Vec<Option<Cell>>, Vec<Option<String>>) {
    let words = rows.texts("health");
    let reasons = rows.texts("health_reason");
    let reason = |(word, reason): (&Option<String>, Option<String>)| {
        let (word, reason) = (word.as_deref()?, reason?);
        // `halted: daily loss` stands beside `halted`.
        let reason = reason
            .strip_prefix(word)
            .map_or(reason.as_str(), |rest| rest.trim_start_matches(':').trim());
        Some(with_duration(reason)).filter(|reason| !reason.is_empty())
    };
    let why = words.iter().zip(reasons).map(reason).collect();
    let cell = |word: String| {
        let tint = match word.as_str() {
            "ok" => Tint::Good,
            "halted" => Tint::Bad,
            _ => Tint::Warning,
        };
        Cell::tinted(word, tint)
    };
    (words.into_iter().map(|word| word.map(cell)).collect(), why)
}

/// `no heartbeat for 754 s` as `no heartbeat for 12 m 34 s`.
fn with_duration(reason: &str) -> String {
    let seconds = reason.strip_suffix(" s").and_then(|text| {
        let (before, digits) = text.rsplit_once(' ')?;
        Some((before, digits.parse().ok()?))
    });
    match seconds {
        Some((before, seconds)) => {
            format!("{before} {}", quantity::duration(Duration::from_secs(seconds)))
        }
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_in_words_of_time() {
        assert_eq!(with_duration("no heartbeat for 754 s"), "no heartbeat for 12 m 34 s");
        assert_eq!(with_duration("41 errors, the last: reset"), "41 errors, the last: reset");
    }
}
