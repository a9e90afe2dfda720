//! `fillwatch rules backtest`: which pages one would have had.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_model::{Micros, Transition, show_span, show_time};
use fillwatch_query::output::harmless;
use fillwatch_query::{Options, Session, Tables, Window};
use fillwatch_rules::{Rule, RuleBook, Ticks};
use fillwatch_serve::Backtested;
use serde_json::json;

use super::pages::{Page, Side, compared, pages, per_day};
use super::{book, telling};
use crate::asker;
use crate::board::{Board, Rows};
use crate::commands::rules::{Backtest, Form};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::quantity;
use crate::screen::Screen;
use crate::suggest;
use crate::table::{Cell, Table, Tint};

/// Stands behind the name of a rule that runs with other params beside itself.
const CHANGED: &str = " (changed)";

pub(crate) fn run(args: &Backtest, context: &Context) -> Result<ExitCode, Failure> {
    let book = book::read(context)?;
    let rules = chosen(args, &book)?;
    let changed = changed(args, &rules)?;
    let views = Arc::new(asker::views(&context.config)?);
    let screen = Screen::new(context);
    let (span, found, interrupted) = context.runtime.block_on(async {
        let interrupt = Interrupt::listen()?;
        let tables = book::tables(context).await?;
        let span = span(args, &rules, &tables, context).await?;
        let all: Vec<Rule> = rules.iter().chain(&changed).cloned().collect();
        let mut meter = Meter::start(&screen, span);
        let mut go_on = |tick| {
            meter.at(tick);
            !interrupt.was_asked()
        };
        let (from, to) = (span.from, span.to);
        let found = fillwatch_serve::backtest(&all, &tables, &views, from, to, &mut go_on).await?;
        Ok::<_, Failure>((span, found, interrupt.was_asked()))
    })?;
    screen.clear();
    let report = Report::of(span, found, &changed, interrupted);
    let text = match args.format {
        Form::Table => report.text(args, context),
        Form::Json => report.json(args),
    };
    io::stdout().write_all(text.as_bytes())?;
    if interrupted { Err(Failure::Interrupted) } else { Ok(ExitCode::Ok) }
}

/// The rules that are run.
fn chosen(args: &Backtest, book: &RuleBook) -> Result<Vec<Rule>, Failure> {
    if !args.rules.is_empty() {
        return args.rules.iter().map(|name| book::find(book, name).cloned()).collect();
    }
    let has = |rule: &&Rule| {
        args.params.iter().all(|(name, _)| rule.params.iter().any(|param| param.name == *name))
    };
    let rules: Vec<Rule> = book.enabled().filter(has).cloned().collect();
    if rules.is_empty() {
        let names: Vec<&str> = args.params.iter().map(|(name, _)| name.as_str()).collect();
        let failure =
            Failure::usage(format!("no rule that is on has a param `{}`", names.join("` and `")));
        let known =
            book.rules().flat_map(|rule| rule.params.iter().map(|param| param.name.as_str()));
        let near = names.first().and_then(|name| suggest::nearest(name, known));
        return Err(match near {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`--rule NAME` names the rule"),
        });
    }
    Ok(rules)
}

/// The same with the params that were typed, where any were.
fn changed(args: &Backtest, rules: &[Rule]) -> Result<Vec<Rule>, Failure> {
    if args.params.is_empty() {
        return Ok(Vec::new());
    }
    let has = |rule: &Rule, name: &str| rule.params.iter().any(|param| param.name == name);
    // A param that none of them has is a slip, told of the first.
    for param in &args.params {
        if let Some(first) = rules.first()
            && !rules.iter().any(|rule| has(rule, &param.0))
        {
            book::with_params(first, std::slice::from_ref(param))?;
        }
    }
    let mut changed = Vec::new();
    for rule in rules {
        let own: Vec<_> = args.params.iter().filter(|(name, _)| has(rule, name)).cloned().collect();
        if !own.is_empty() {
            let mut rule = book::with_params(rule, &own)?;
            rule.name += CHANGED;
            rule.terms.name += CHANGED;
            changed.push(rule);
        }
    }
    Ok(changed)
}

/// The ticks that are evaluated.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: Micros,
    to: Micros,
}

/// What was asked for, without what lies before the first line: there is nothing to evaluate.
async fn span(
    args: &Backtest,
    rules: &[Rule],
    tables: &Tables,
    context: &Context,
) -> Result<Span, Failure> {
    let now = context.clock.now();
    // Of what is to come nothing is known, and silence there is none.
    let to = args.to.unwrap_or(now).min(now);
    let back = args.since.map(|since| Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX));
    let from = match (args.from, back) {
        (Some(from), _) => from,
        (None, Some(back)) => to.saturating_sub(back),
        (None, None) => to,
    };
    if from >= to {
        return Err(Failure::usage("--from is not before --to"));
    }
    let window = Window { from: Some(from), to: Some(to) };
    let session = Session::new(tables.clone(), window, Options::at(now)?)?;
    let first = Rows::of(session.query("select min(ts) as first_at from events").await?).await?;
    match first.times("first_at").first().copied().flatten() {
        // As far as a window reaches there may be lines before `from`, which the rules see then.
        Some(first) => {
            let widest = rules.iter().map(|rule| rule.window).max().unwrap_or(0);
            let interval = rules.iter().map(|rule| Ticks::of(rule.every).interval()).max();
            let early = first.saturating_sub(interval.unwrap_or(0));
            let is_first = first.saturating_sub(from) > widest;
            Ok(Span { from: if is_first { early.max(from) } else { from }, to })
        }
        None => Err(Failure::usage(format!(
            "there are no lines from {} to {}",
            quantity::moment(from),
            quantity::moment(to)
        ))
        .hint("`fillwatch sql 'select min(ts), max(ts) from events'` says when there are")),
    }
}

/// How far it is.
struct Meter<'s> {
    screen: &'s Screen,
    span: Span,
    start: Instant,
}

impl Meter<'_> {
    fn start(screen: &Screen, span: Span) -> Meter<'_> {
        Meter { screen, span, start: Instant::now() }
    }

    fn at(&mut self, tick: Micros) {
        let (done, all) = (tick - self.span.from, self.span.to - self.span.from);
        let share = (done as f64 / all.max(1) as f64).max(1e-9);
        let left = self.start.elapsed().as_secs_f64() * (1.0 - share) / share;
        let left = Duration::try_from_secs_f64(left).map_or("…".to_owned(), quantity::duration);
        let text = format!("{}  {left} left", quantity::moment(tick));
        self.screen.done(done.unsigned_abs(), all.unsigned_abs(), text);
    }
}

/// What came of it.
struct Report {
    span: Span,
    evaluations: u64,
    /// Evaluations that failed, and how the last did, by rule.
    failed: BTreeMap<String, (u64, String)>,
    before: Vec<Page>,
    /// With the params changed, if any were.
    after: Option<Vec<Page>>,
    interrupted: bool,
}

impl Report {
    fn of(span: Span, found: Backtested, changed: &[Rule], interrupted: bool) -> Report {
        let (mut after, before): (Vec<Transition>, Vec<Transition>) =
            found.transitions.into_iter().partition(is_changed);
        after.iter_mut().for_each(rename);
        let is_same = |one: &&Transition| {
            !changed.iter().any(|rule| rule.name == format!("{}{CHANGED}", one.rule))
        };
        after.extend(before.iter().filter(is_same).cloned());
        after.sort_by_key(|one| one.at);
        Report {
            span,
            evaluations: found.evaluations,
            failed: found.failed,
            before: pages(&before),
            after: (!changed.is_empty()).then(|| pages(&after)),
            interrupted,
        }
    }

    fn pages(&self) -> Vec<(Side, Page)> {
        match &self.after {
            Some(after) => compared(&self.before, after),
            None => self.before.iter().map(|page| (Side::Both, page.clone())).collect(),
        }
    }

    fn text(&self, args: &Backtest, context: &Context) -> String {
        let color = context.terminal.color;
        let pages = self.pages();
        let mut text = String::new();
        if !pages.is_empty() {
            text += &list(&pages).finish(&self.about(), context.terminal);
        } else {
            text += &format!("{}\n", self.about());
        }
        match &self.after {
            None => text += &days(&self.before, color),
            Some(after) => text += &comparison(args, &self.before, after, color),
        }
        for (rule, (times, error)) in &self.failed {
            let times = quantity::of(*times, "evaluation", "evaluations");
            text += &format!("\n{rule}: {times} failed, the last: {}\n", harmless(error));
        }
        text
    }

    fn about(&self) -> String {
        let told = self.after.as_ref().unwrap_or(&self.before);
        let mut about = format!(
            "{} from {} to {}, in {}",
            quantity::of(told.len() as u64, "page", "pages"),
            quantity::moment(self.span.from),
            quantity::moment(self.span.to),
            quantity::of(self.evaluations, "evaluation", "evaluations"),
        );
        if self.pages().iter().any(|(side, _)| *side != Side::Both) {
            about += "; `-` would have been, `+` would be new";
        }
        if self.interrupted {
            about += "; interrupted before the end";
        }
        about
    }

    fn json(&self, args: &Backtest) -> String {
        let page = |(side, page): &(Side, Page)| {
            json!({
                "fired_at": show_time(page.fired_at),
                "resolved_at": page.resolved_at.map(show_time),
                "severity": page.severity.as_str(),
                "rule": page.rule,
                "key": telling::json(&page.key),
                "summary": page.summary,
                "peak": page.peak,
                "only": match side {
                    Side::Both => None,
                    Side::Before => Some("before"),
                    Side::After => Some("after"),
                },
            })
        };
        let days = |pages: &[Page]| -> Vec<serde_json::Value> {
            let day = |((day, rule), pages)| json!({ "day": day, "rule": rule, "pages": pages });
            per_day(pages).into_iter().map(day).collect()
        };
        let params: serde_json::Map<String, serde_json::Value> =
            args.params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let failed = self.failed.iter().map(|(rule, (times, error))| {
            json!({ "rule": rule, "evaluations": times, "last_error": error })
        });
        let all = json!({
            "from": show_time(self.span.from),
            "to": show_time(self.span.to),
            "evaluations": self.evaluations,
            "interrupted": self.interrupted,
            "params": params,
            "pages": self.pages().iter().map(page).collect::<Vec<_>>(),
            "per_day": days(&self.before),
            "per_day_after": self.after.as_deref().map(days),
            "failed": failed.collect::<Vec<_>>(),
        });
        format!("{all:#}\n")
    }
}

/// Whether it is of a rule with other params, or that one fails.
fn is_changed(transition: &Transition) -> bool {
    let fails = || {
        transition
            .key
            .iter()
            .any(|(_, value)| value.text().is_some_and(|text| text.ends_with(CHANGED)))
    };
    transition.rule.ends_with(CHANGED) || fails()
}

/// Gives it the rule's own name.
fn rename(transition: &mut Transition) {
    transition.rule = transition.rule.replace(CHANGED, "");
    transition.summary = transition.summary.replace(CHANGED, "");
    for (_, value) in &mut transition.key {
        if let fillwatch_model::Value::Text(text) = value {
            *text = text.replace(CHANGED, "");
        }
    }
}

fn list(pages: &[(Side, Page)]) -> Board {
    let mut board = Board::default();
    let all = |of: &dyn Fn(&Page) -> String| -> Vec<Option<String>> {
        pages.iter().map(|(_, page)| Some(of(page))).collect()
    };
    if pages.iter().any(|(side, _)| *side != Side::Both) {
        let mark = |(side, _): &(Side, Page)| {
            let tint = match side {
                Side::Both => Tint::None,
                Side::Before => Tint::Good,
                Side::After => Tint::Bad,
            };
            Some(Cell::tinted(side.mark(), tint))
        };
        board.cells("±", false, pages.iter().map(mark).collect());
    }
    board.words("fired at", all(&|page| quantity::moment(page.fired_at)));
    let lasted = |page: &Page| {
        page.resolved_at.map_or("still fires".to_owned(), |at| show_span(at - page.fired_at))
    };
    board.words("lasted", all(&lasted));
    let severity = |(_, page): &(Side, Page)| {
        Some(Cell::tinted(page.severity.as_str(), telling::tint(page.severity)))
    };
    board.cells("severity", false, pages.iter().map(severity).collect());
    board.words("rule", all(&|page| page.rule.clone()));
    board.words("summary", all(&|page| harmless(&page.summary)));
    board.keep(&["±", "fired at", "severity", "summary"], &["rule", "lasted"]);
    board
}

/// A row a day, a column a rule.
fn days(pages: &[Page], color: bool) -> String {
    if pages.is_empty() {
        return String::new();
    }
    let counts = per_day(pages);
    let days: BTreeSet<&String> = counts.keys().map(|(day, _)| day).collect();
    let rules: BTreeSet<&String> = counts.keys().map(|(_, rule)| rule).collect();
    let of = |day: &String, rule: &String| {
        counts.get(&(day.clone(), rule.clone())).copied().unwrap_or(0)
    };
    let shown =
        |count: u64| Cell::from(if count == 0 { String::new() } else { quantity::count(count) });
    let mut table = Table::default();
    let mut names: Vec<Cell> = days.iter().map(|day| Cell::from((*day).clone())).collect();
    names.push(Cell::from("all".to_owned()));
    table.column("day", false, names);
    let mut column = |name: String, of: &dyn Fn(&String) -> u64| {
        let mut cells: Vec<Cell> = days.iter().map(|day| shown(of(day))).collect();
        cells.push(shown(days.iter().map(|day| of(day)).sum()));
        table.column(name, true, cells);
    };
    column("pages".to_owned(), &|day| rules.iter().map(|rule| of(day, rule)).sum());
    for rule in &rules {
        column((*rule).clone(), &|day| of(day, rule));
    }
    format!("\n{}", table.render(color))
}

/// How many pages each rule has, before and after.
fn comparison(args: &Backtest, before: &[Page], after: &[Page], color: bool) -> String {
    let count = |pages: &[Page], rule: &String| {
        pages.iter().filter(|page| page.rule == *rule).count() as u64
    };
    let rules: BTreeSet<&String> = before.iter().chain(after).map(|page| &page.rule).collect();
    let params: Vec<String> =
        args.params.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let mut table = Table::default().left(&["rule"]).right(&["pages before", "after"]);
    for rule in &rules {
        table.row([
            (*rule).clone(),
            quantity::count(count(before, rule)),
            quantity::count(count(after, rule)),
        ]);
    }
    table.row([
        "all".to_owned(),
        quantity::count(before.len() as u64),
        quantity::count(after.len() as u64),
    ]);
    format!("\nwith {}:\n{}", params.join(", "), table.render(color))
}
