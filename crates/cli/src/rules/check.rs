//! `fillwatch rules check`.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use fillwatch_journal::Ledger;
use fillwatch_model::Value;
use fillwatch_query::{Tables, Views};
use fillwatch_rules::{Finding, Rule, RuleError, SHIPPED_TESTS, lint};
use fillwatch_serve::{Look, Looks, Prepared, ServeError};
use fillwatch_store::{Layout, Store, StoreError};

use super::support::Seen;
use super::{book, support};
use crate::asker::{self, Asker, Range};
use crate::commands::rules::Check;
use crate::commands::sql::TIMEOUT;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::here::shown;
use crate::quantity;
use crate::table::Tint;

/// A finding, and where.
struct Found {
    file: PathBuf,
    line: Option<usize>,
    finding: Finding,
}

impl Found {
    fn of(rule: &Rule, finding: Finding) -> Found {
        Found { file: rule.file.clone(), line: None, finding }
    }

    fn error(error: &RuleError) -> Found {
        let finding = Finding::error(error.cause.clone());
        Found { file: error.file.clone(), line: error.line, finding }
    }

    fn text(&self, color: bool) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        let (word, tint) =
            if self.finding.is_error { ("error", Tint::Bad) } else { ("note", Tint::None) };
        let word = if color { tint.paint(word) } else { word.to_owned() };
        let text = self.finding.text.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{}{line}: {word}: {text}\n", shown(&self.file))
    }
}

pub(crate) fn run(args: &Check, context: &Context) -> Result<ExitCode, Failure> {
    let book = book::read(context)?;
    let mut found: Vec<Found> = Vec::new();
    let mut rules: Vec<&Rule> = Vec::new();
    if args.names.is_empty() {
        rules.extend(book.rules());
        found.extend(book.broken().iter().map(|broken| Found::error(&broken.error)));
    }
    for name in &args.names {
        match book.broken().iter().find(|broken| broken.name == *name) {
            Some(broken) => found.push(Found::error(&broken.error)),
            None => rules.push(book::find(&book, name)?),
        }
    }
    let views = Arc::new(asker::views(&context.config)?);
    let ground = context.runtime.block_on(Ground::of(context, &rules, &views))?;
    let mut quiet = Quiet::default();
    for rule in &rules {
        // Of ours that nobody asked for by name, one line says all.
        let summed = rule.is_shipped && args.names.is_empty();
        found.extend(wrong(rule, &ground).into_iter().map(|finding| Found::of(rule, finding)));
        let waits = ground.waits(rule, &views);
        if summed {
            quiet.waiting.extend(waits.first().map(|_| rule.name.clone()));
        } else {
            found.extend(waits.into_iter().map(|text| Found::of(rule, Finding::advice(text))));
        }
        match ground.never_fired(rule) {
            Some(_) if summed => quiet.never.push(rule.name.clone()),
            Some(text) => found.push(Found::of(rule, Finding::advice(text))),
            None => {}
        }
        if let Some(text) = untested(rule) {
            found.push(Found::of(rule, Finding::advice(text)));
        }
    }
    let color = context.terminal.color;
    let mut text: String = found.iter().map(|found| found.text(color)).collect();
    text += &quiet.text();
    let errors = found.iter().filter(|found| found.finding.is_error).count();
    text += &format!(
        "{} checked: {}, {}\n",
        quantity::of(rules.len() as u64, "rule", "rules"),
        quantity::of(errors as u64, "error", "errors"),
        quantity::of((found.len() - errors) as u64, "note", "notes"),
    );
    if ground.seen.is_none() {
        text += "there is no store with lines: that they have what rules read is not checked\n";
    }
    io::stdout().write_all(text.as_bytes())?;
    Ok(if errors > 0 { ExitCode::Found } else { ExitCode::Ok })
}

/// What is said of many of ours at once.
#[derive(Default)]
struct Quiet {
    waiting: Vec<String>,
    never: Vec<String>,
}

impl Quiet {
    fn text(&self) -> String {
        let line = |what: &str, names: &[String]| match names {
            [] => String::new(),
            names => format!("note: {what}: {}\n", names.join(", ")),
        };
        line("no log has what these wait for (`fillwatch rules list` says what)", &self.waiting)
            + &line("these have never fired", &self.never)
    }
}

/// What rules are held against.
struct Ground {
    look: Look,
    /// What lines there are, if there is a store with any.
    seen: Option<Seen>,
    /// The rules that have fired, if any were ever evaluated, and how often each was.
    fired: BTreeSet<String>,
    evaluations: Vec<(String, i64)>,
}

impl Ground {
    async fn of(context: &Context, rules: &[&Rule], views: &Arc<Views>) -> Result<Ground, Failure> {
        let (tables, seen) = match book::tables(context).await {
            Ok(tables) => {
                let asker = Asker::new(context, Range::ALL, TIMEOUT, None)?;
                let seen = Seen::look(&asker, rules.iter().copied(), views).await?;
                (tables, Some(seen).filter(|seen| !seen.is_empty()))
            }
            Err(_) if !context.store.exists() => (no_tables(context).await?, None),
            Err(failure) => return Err(failure),
        };
        let now = context.clock.now();
        let mut ground = Ground {
            look: Looks::new(Arc::clone(views)).at(tables, now),
            seen,
            fired: BTreeSet::new(),
            evaluations: Vec::new(),
        };
        let ledger = Layout::new(&context.store).map(|layout| Ledger::look(&layout.state()));
        if let Ok(Ok(Some(ledger))) = ledger {
            let text = |row: &fillwatch_model::Row, name: &str| {
                row.get(name).and_then(Value::text).unwrap_or_default().to_owned()
            };
            let history = ledger.history().map_err(ServeError::from)?;
            let fired = history.iter().filter(|row| text(row, "turn") == "firing");
            ground.fired = fired.map(|row| text(row, "rule")).collect();
            let count = |row: &fillwatch_model::Row| match row.get("evaluations") {
                Some(Value::Int(count)) => *count,
                _ => 0,
            };
            let health = ledger.rules().map_err(ServeError::from)?;
            ground.evaluations = health.iter().map(|row| (text(row, "rule"), count(row))).collect();
        }
        Ok(ground)
    }

    /// What the rule reads and no log has had.
    fn waits(&self, rule: &Rule, views: &Views) -> Vec<String> {
        let Some(seen) = &self.seen else { return Vec::new() };
        let standing = support::standing(rule, views, &seen.coverages());
        let waits =
            support::waits(&standing).map(|waits| format!("no log has what it waits for: {waits}"));
        let columns = support::columns_of_events(rule).into_iter();
        let unseen = columns.filter(|column| !seen.has(column));
        waits
            .into_iter()
            .chain(unseen.map(|column| format!("no line of the last days has a `{column}`")))
            .collect()
    }

    fn never_fired(&self, rule: &Rule) -> Option<String> {
        let (_, count) = self.evaluations.iter().find(|(name, _)| *name == rule.name)?;
        let never = *count > 0 && !self.fired.contains(&rule.name);
        let count = u64::try_from(*count).unwrap_or(0);
        never.then(|| {
            format!("it has never fired, in {}", quantity::of(count, "evaluation", "evaluations"))
        })
    }
}

/// The tables of a store that has nothing in it: the views have their columns there too.
async fn no_tables(context: &Context) -> Result<Tables, Failure> {
    let place = std::env::temp_dir().join(format!("fillwatch-check-{}", std::process::id()));
    let clock = Arc::clone(&context.clock);
    let made = Store::open(&place, fillwatch_store::Options::default(), clock).await;
    drop(made.map_err(|error: StoreError| Failure::failed(error))?);
    let tables = fillwatch_serve::tables(&place).await;
    // The tables of an empty store have no file to read.
    let _ = std::fs::remove_dir_all(&place);
    let mut tables = tables?;
    tables.reference = book::references(context).look().0;
    Ok(tables)
}

/// What is wrong with a rule, or dubious, whatever was logged.
fn wrong(rule: &Rule, ground: &Ground) -> Vec<Finding> {
    let mut findings = lint(rule);
    let prepared = match Prepared::of(rule) {
        Ok(prepared) => prepared,
        Err(error) => {
            findings.push(Finding::error(error.cause));
            return findings;
        }
    };
    if prepared.always_has_a_row() {
        findings.push(Finding::error(
            "an aggregate without `group by` always returns a row: give it a `having`",
        ));
    }
    let columns = match ground.look.columns(&prepared) {
        Ok(columns) => columns,
        // A column of a log's own is there once a line has it.
        Err(error) if ground.seen.is_none() && support::reads_events(&prepared) => {
            findings
                .push(Finding::advice(format!("without a store it cannot be planned: {error}")));
            return findings;
        }
        Err(error) => {
            findings.push(Finding::error(error.to_string()));
            return findings;
        }
    };
    let type_of =
        |name: &str| columns.iter().find(|(known, _)| known == name).map(|(_, of)| of.as_str());
    for key in &rule.terms.key {
        match type_of(key) {
            None => findings.push(Finding::error(format!(
                "the key names `{key}`, which is no column of the result; there are {}",
                names(&columns)
            ))),
            Some("float") => findings.push(Finding::error(format!(
                "the key has `{key}`, a measured value: each new value of it is another alert"
            ))),
            Some(_) => {}
        }
    }
    if let Some(value) = &rule.terms.value {
        match type_of(value) {
            None => findings.push(Finding::error(format!(
                "`value` names `{value}`, which is no column of the result; there are {}",
                names(&columns)
            ))),
            Some("float" | "int") => {}
            Some(other) => findings.push(Finding::error(format!(
                "`value` names `{value}`, which is no number but {other}"
            ))),
        }
    }
    let known: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    for name in rule.unknown_in_templates(&known) {
        findings.push(Finding::error(format!(
            "its texts name `{name}`, which is neither a column of the result nor a param"
        )));
    }
    findings
}

fn names(columns: &[(String, String)]) -> String {
    columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// That a rule has no timeline.
fn untested(rule: &Rule) -> Option<String> {
    let beside = rule.file.with_extension("test");
    let shipped = || SHIPPED_TESTS.iter().any(|(name, _)| *name == rule.name);
    let is_tested = if rule.is_shipped { shipped() } else { beside.exists() };
    (!is_tested).then(|| format!("it has no timeline: {} would be one", shown(&beside)))
}
