//! `fillwatch alerts`: what fires.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fillwatch_model::{Micros, Severity, parse_span};
use fillwatch_query::Format;

use super::sql::{TIMEOUT, format_of, parse_format};
use crate::answering;
use crate::asker::{Asker, Range};
use crate::board::{Board, Rows};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::quantity::{self, parse_duration};
use crate::rules::telling;
use crate::table::{Cell, Tint};

const EXAMPLES: &str = "\
Examples:
  fillwatch alerts
  fillwatch alerts --history --since 7d
  fillwatch alerts --format json | jq -r '.[].summary'
  fillwatch alerts --check || mail -s 'trading bots' me@example.com < /dev/null
  fillwatch rules explain heartbeat_lost-7c1e     # why one of them fired

It says what the last evaluation left, whether or not a watch runs. A warning is left out while the
critical alert of its rule about the same fires; --all shows it.

--check prints one line and exits with 0 if nothing fires, with 1 if something does that is at least
--severity, and with 4 if the rules are not being evaluated: no watch runs, or it is behind by
minutes. What fires is SQL too: the tables alerts, alert_history and rule_health.";

/// Show which alerts fire
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// For scripts: print one line, and say by the exit code whether something fires
    #[arg(long, conflicts_with_all = ["all", "pending", "history", "since", "format", "output"])]
    check: bool,
    /// Only what is at least so bad: critical, warning or info [default: info, with --check warning]
    #[arg(long, value_name = "SEVERITY", value_parser = parse_severity)]
    severity: Option<Severity>,
    /// Also those that wait for their `for`, and warnings that a critical alert stands for
    #[arg(long)]
    all: bool,
    /// Also those that wait for their `for`
    #[arg(long, conflicts_with = "history")]
    pending: bool,
    /// What fired and resolved, and not what fires now
    #[arg(long)]
    history: bool,
    /// How far back the history goes [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "history")]
    since: Option<Duration>,
    /// table, csv, json, ndjson, markdown, parquet or arrow; all but table have every column
    /// [default: from the name of --output, else table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<Format>,
    /// Write the answer to a file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How far back the history goes.
const SINCE: Duration = Duration::from_secs(86_400);
/// A rule that was not evaluated for so long, or for twice its interval, is not being evaluated.
const STALE: Micros = 5 * 60_000_000;
/// More alerts than this are counted in the line of a check.
const NAMED: usize = 3;

fn parse_severity(text: &str) -> Result<Severity, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is no severity; there are critical, warning and info"))
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let asker = Arc::new(Asker::new(context, Range::ALL, TIMEOUT, None)?);
    if args.check {
        return check(args, &asker, context);
    }
    let now = context.clock.now();
    let format = format_of(args.format, args.output.as_deref(), context)?;
    let sql = if args.history { history_sql(args, now) } else { now_sql(args) };
    if format != Format::Table || args.output.is_some() {
        answering::write(&asker, &sql, format, args.output.as_deref(), context)?;
        return Ok(ExitCode::Ok);
    }
    let standing = standing(&asker, context)?;
    let (held, color) = (Arc::clone(&asker), context.terminal);
    let is_history = args.history;
    let about = if is_history { since(args) } else { String::new() };
    let text = answering::within(&asker, None, async move {
        let rows = Rows::of(held.session().await?.query(&sql).await?).await?;
        if rows.len() == 0 {
            let nothing = if is_history { "nothing fired or resolved" } else { "nothing fires" };
            return Ok(format!("{nothing}{about}\n"));
        }
        let board = if is_history { turns(&rows) } else { alerts(&rows, now) };
        let many = if is_history { ("turn", "turns") } else { ("alert", "alerts") };
        let about = format!("{}{about}", quantity::of(rows.len() as u64, many.0, many.1));
        Ok(board.finish(&about, color))
    })?;
    let text = text + &standing.note(now);
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::Ok)
}

fn since(args: &Args) -> String {
    format!(" in the last {}", quantity::duration(args.since.unwrap_or(SINCE)))
}

/// The severities that are bad enough, as SQL.
fn severities(least: Severity) -> String {
    let names = Severity::ALL.iter().filter(|severity| **severity >= least);
    names.map(|severity| format!("'{severity}'")).collect::<Vec<_>>().join(", ")
}

/// The worst first, and of equals those that fire longest.
fn now_sql(args: &Args) -> String {
    let mut conditions =
        vec![format!("severity in ({})", severities(args.severity.unwrap_or(Severity::Info)))];
    if !args.all {
        conditions.push("not is_inhibited".to_owned());
        if !args.pending {
            conditions.push("state = 'firing'".to_owned());
        }
    }
    format!(
        "select * from alerts where {} order by state, \
         case severity when 'critical' then 0 when 'warning' then 1 else 2 end, \
         coalesce(fired_at, since), rule, key",
        conditions.join(" and ")
    )
}

fn history_sql(args: &Args, now: Micros) -> String {
    let back = args.since.unwrap_or(SINCE).as_micros();
    let from = now.saturating_sub(Micros::try_from(back).unwrap_or(Micros::MAX));
    let turns = if args.all { "" } else { "and turn not in ('pending', 'dropped')" };
    format!(
        "select * from alert_history where ts >= '{}' and severity in ({}) {turns} \
         order by told_at, ts, rule, key",
        fillwatch_model::show_time(from),
        severities(args.severity.unwrap_or(Severity::Info)),
    )
}

fn alerts(rows: &Rows, now: Micros) -> Board {
    let mut board = Board::default();
    let severities = rows.texts("severity").into_iter().map(|severity| severity.map(judged));
    board.cells("severity", false, severities.collect());
    let states = rows.texts("state");
    if states.iter().flatten().any(|state| state != "firing") {
        board.words("state", states);
    }
    let ages = rows.times("fired_at").into_iter().zip(rows.times("since"));
    let age = |(fired, since): (Option<Micros>, Option<Micros>)| Some(ago(fired.or(since)?, now));
    board.words("for", ages.map(age).collect());
    board.words("rule", rows.texts("rule"));
    board.words("summary", rows.texts("summary"));
    let inhibited = rows.texts("is_inhibited").into_iter().map(|is| (is? == "true").then_some(()));
    let inhibited: Vec<Option<String>> =
        inhibited.map(|is| is.map(|()| "by a worse one".to_owned())).collect();
    board.words_if_any("inhibited", inhibited);
    board.words("alert", rows.texts("episode"));
    board.keep(&["severity", "for", "summary"], &["rule", "alert"]);
    board
}

fn turns(rows: &Rows) -> Board {
    let mut board = Board::default();
    let times = rows.times("ts").into_iter().map(|at| at.map(quantity::moment));
    board.words("time", times.collect());
    board.words("turn", rows.texts("turn"));
    let severities = rows.texts("severity").into_iter().map(|severity| severity.map(judged));
    board.cells("severity", false, severities.collect());
    board.words("rule", rows.texts("rule"));
    board.words("summary", rows.texts("summary"));
    let belated = rows.texts("belated").into_iter().map(|why| {
        why.map(|why| if why == "caught_up" { "caught up" } else { "late lines" }.to_owned())
    });
    board.words_if_any("belated", belated.collect());
    board.words("alert", rows.texts("episode"));
    board.keep(&["time", "turn", "severity", "summary"], &["rule", "alert"]);
    board
}

fn judged(severity: String) -> Cell {
    let tint = telling::tint_of(&severity);
    Cell::tinted(severity, tint)
}

fn ago(at: Micros, now: Micros) -> String {
    quantity::duration(Duration::from_micros(u64::try_from(now - at).unwrap_or(0)))
}

/// Whether the rules are being evaluated.
struct Standing {
    /// A watch runs on the store.
    live: bool,
    /// How many rules have been evaluated, ever.
    rules: usize,
    /// The last tick of any.
    last: Option<Micros>,
    /// Whether that is recent, for the rule that it is of.
    fresh: bool,
}

fn standing(asker: &Arc<Asker>, context: &Context) -> Result<Standing, Failure> {
    let live = context.runtime.block_on(fillwatch_serve::attach(&context.store))?.live;
    let (held, now) = (Arc::clone(asker), context.clock.now());
    answering::within(asker, None, async move {
        let sql = "select every, last_tick from rule_health";
        let rows = Rows::of(held.session().await?.query(sql).await?).await?;
        let ticks = rows.times("last_tick");
        let is_fresh = |(every, tick): (Option<String>, &Option<Micros>)| {
            let every = every.as_deref().and_then(parse_span).unwrap_or(0);
            tick.is_some_and(|tick| now - tick <= STALE.max(2 * every))
        };
        Ok(Standing {
            live,
            rules: rows.len(),
            last: ticks.iter().flatten().copied().max(),
            fresh: rows.texts("every").into_iter().zip(&ticks).any(is_fresh),
        })
    })
}

impl Standing {
    /// What is wrong with it, if anything is.
    fn fault(&self, now: Micros) -> Option<String> {
        let last = self.last.map(|last| {
            format!(
                "the rules were last evaluated {} ago, at {}",
                ago(last, now),
                quantity::moment(last)
            )
        });
        match (self.live, self.fresh, last) {
            (true, true, _) => None,
            (false, _, Some(last)) => Some(format!("no watch runs: {last}")),
            (false, _, None) => Some("no watch runs, and no rule was ever evaluated".to_owned()),
            (true, false, Some(last)) => Some(format!("{last}, though a watch runs")),
            (true, false, None) => {
                Some("a watch runs, and has not evaluated a rule yet".to_owned())
            }
        }
    }

    fn note(&self, now: Micros) -> String {
        self.fault(now).map_or(String::new(), |fault| format!("{fault}\n"))
    }
}

/// One line, and an exit code.
fn check(args: &Args, asker: &Arc<Asker>, context: &Context) -> Result<ExitCode, Failure> {
    let standing = standing(asker, context)?;
    let now = context.clock.now();
    let least = args.severity.unwrap_or(Severity::Warning);
    let sql = now_sql(&Args { severity: Some(least), ..Args::plain() });
    let held = Arc::clone(asker);
    let (worst, told) = answering::within(asker, None, async move {
        let rows = Rows::of(held.session().await?.query(&sql).await?).await?;
        let worst = rows.texts("severity").into_iter().next().flatten();
        Ok((worst, rows.texts("summary").into_iter().flatten().collect::<Vec<_>>()))
    })?;
    let firing = (!told.is_empty()).then(|| {
        let count = quantity::of(told.len() as u64, "alert fires", "alerts fire");
        let more = told.len().saturating_sub(NAMED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let told: Vec<&str> = told.iter().take(NAMED).map(String::as_str).collect();
        format!("{count}: {}{more}", told.join("; "))
    });
    let color = context.terminal.color;
    let word = |word: &str, tint: Tint| if color { tint.paint(word) } else { word.to_owned() };
    let (line, code) = match (standing.fault(now), firing) {
        (Some(fault), None) => {
            (format!("{}: {fault}", word("UNKNOWN", Tint::Warning)), ExitCode::Failed)
        }
        (Some(fault), Some(firing)) => {
            (format!("{}: {fault}; {firing}", word("UNKNOWN", Tint::Warning)), ExitCode::Failed)
        }
        (None, Some(firing)) => {
            let worst = worst.unwrap_or_default();
            let tint = telling::tint_of(&worst);
            (format!("{}: {firing}", word(&worst.to_uppercase(), tint)), ExitCode::Found)
        }
        (None, None) => {
            let rules = quantity::of(standing.rules as u64, "rule", "rules");
            let last = standing.last.map_or(String::new(), |last| {
                format!(", the last evaluated {} ago", ago(last, now))
            });
            let what = if least == Severity::Info { "" } else { " that matters" };
            (
                format!("{}: nothing fires{what} ({rules}{last})", word("OK", Tint::Good)),
                ExitCode::Ok,
            )
        }
    };
    io::stdout().write_all(format!("{line}\n").as_bytes())?;
    Ok(code)
}

impl Args {
    fn plain() -> Args {
        Args {
            check: false,
            severity: None,
            all: false,
            pending: false,
            history: false,
            since: None,
            format: None,
            output: None,
        }
    }
}
