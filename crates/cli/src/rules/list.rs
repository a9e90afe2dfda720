//! `fillwatch rules list`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use fillwatch_journal::Ledger;
use fillwatch_model::{Value, write_span};
use fillwatch_query::Views;
use fillwatch_rules::{Rule, RuleBook};
use fillwatch_store::Layout;
use serde_json::json;

use super::support::Seen;
use super::{book, support, telling};
use crate::asker::{self, Asker, Range};
use crate::board::Board;
use crate::commands::rules::{Form, List};
use crate::commands::sql::TIMEOUT;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::here::shown;
use crate::quantity;
use crate::table::{Cell, Tint};

/// A rule, and how it stands.
struct Listed<'b> {
    rule: &'b Rule,
    /// What no log has had yet.
    waits: Option<String>,
    /// How its last evaluation failed.
    fails: Option<String>,
}

pub(crate) fn run(args: &List, context: &Context) -> Result<ExitCode, Failure> {
    let book = book::read(context)?;
    let views = asker::views(&context.config)?;
    let seen = seen(&book, &views, context)?;
    let coverages = seen.as_ref().map(Seen::coverages);
    let failing = failing(context);
    let listed = book.rules().map(|rule| {
        let waits = coverages
            .as_ref()
            .and_then(|coverages| support::waits(&support::standing(rule, &views, coverages)));
        Listed { rule, waits, fails: failing.get(&rule.name).cloned() }
    });
    let listed: Vec<Listed<'_>> = listed.collect();
    let text = match args.format {
        Form::Table => table(&listed, &book, context),
        Form::Json => json(&listed, &book),
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(if book.broken().is_empty() { ExitCode::Ok } else { ExitCode::Found })
}

/// What the store has, if there is one: the rules can be listed without.
fn seen(book: &RuleBook, views: &Views, context: &Context) -> Result<Option<Seen>, Failure> {
    if !context.store.exists() {
        return Ok(None);
    }
    let asker = Asker::new(context, Range::ALL, TIMEOUT, None)?;
    let seen = context.runtime.block_on(Seen::look(&asker, book.rules(), views))?;
    Ok(Some(seen).filter(|seen| !seen.is_empty()))
}

/// The rules whose last evaluation failed, and how.
fn failing(context: &Context) -> BTreeMap<String, String> {
    let ledger =
        Layout::new(&context.store).ok().and_then(|layout| Ledger::look(&layout.state()).ok());
    let rows = ledger.flatten().and_then(|ledger| ledger.rules().ok()).unwrap_or_default();
    let fails = |row: &fillwatch_model::Row| {
        let text = |name| row.get(name).and_then(Value::text).map(str::to_owned);
        (text("outcome").as_deref() == Some("error")).then_some(())?;
        Some((text("rule")?, text("error").unwrap_or_default()))
    };
    rows.iter().filter_map(fails).collect()
}

fn table(listed: &[Listed<'_>], book: &RuleBook, context: &Context) -> String {
    let mut board = Board::default();
    let words = |of: &dyn Fn(&Rule) -> String| -> Vec<Option<String>> {
        listed.iter().map(|listed| Some(of(listed.rule))).collect()
    };
    board.words("rule", words(&|rule| rule.name.clone()));
    let severity = |listed: &Listed<'_>| {
        Some(Cell::tinted(
            severities(listed.rule).join(", "),
            telling::tint(listed.rule.severity()),
        ))
    };
    board.cells("severity", false, listed.iter().map(severity).collect());
    board.words("every", words(&|rule| rule.every.to_string()));
    board.words("window", words(&|rule| write_span(rule.window)));
    board.words(
        "for",
        words(&|rule| match rule.terms.hold {
            0 => String::new(),
            hold => write_span(hold),
        }),
    );
    board.cells("state", false, listed.iter().map(|listed| Some(state(listed))).collect());
    board.words("about", listed.iter().map(|listed| Some(about(listed))).collect());
    board.keep(&["rule", "severity", "state"], &["about", "every", "for"]);
    let count =
        |is: &dyn Fn(&Listed<'_>) -> bool| listed.iter().filter(|listed| is(listed)).count();
    let on = count(&|listed| listed.rule.is_enabled);
    let mut note =
        format!("{}, {on} of them on", quantity::of(listed.len() as u64, "rule", "rules"));
    let waiting = count(&|listed| listed.rule.is_enabled && listed.waits.is_some());
    if waiting > 0 {
        note += &format!("; {waiting} wait for what no log has had");
    }
    if context.config.rules.enabled == Some(false) {
        note += "; none is evaluated, since [rules] has enabled = false";
    }
    let mut text = board.finish(&note, context.terminal);
    for broken in book.broken() {
        text += &format!("broken: {}\n", broken.error);
    }
    text
}

fn severities(rule: &Rule) -> Vec<String> {
    rule.levels.iter().map(|level| level.severity.to_string()).collect()
}

fn state(listed: &Listed<'_>) -> Cell {
    match listed {
        Listed { rule, .. } if !rule.is_enabled => Cell::tinted("off", Tint::None),
        Listed { fails: Some(_), .. } => Cell::tinted("fails", Tint::Bad),
        Listed { waits: Some(_), .. } => Cell::tinted("waits", Tint::Warning),
        _ => Cell::tinted("on", Tint::Good),
    }
}

fn about(listed: &Listed<'_>) -> String {
    match listed {
        Listed { rule, fails: Some(why), .. } if rule.is_enabled => why.clone(),
        Listed { rule, waits: Some(waits), .. } if rule.is_enabled => format!("waits for {waits}"),
        Listed { rule, .. } => first_sentence(&rule.doc),
    }
}

fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.').to_owned()
}

fn json(listed: &[Listed<'_>], book: &RuleBook) -> String {
    let rule = |listed: &Listed<'_>| {
        let rule = listed.rule;
        let params: serde_json::Map<String, serde_json::Value> = rule
            .params
            .iter()
            .map(|param| {
                let values = rule.levels.iter().filter_map(|level| {
                    let value = level.params.get(&param.name)?;
                    Some((level.severity.to_string(), plain(value)))
                });
                let about = json!({
                    "default": plain(&param.default),
                    "min": param.min,
                    "max": param.max,
                    "unit": param.unit,
                    "doc": param.doc,
                    "is": values.collect::<serde_json::Map<_, _>>(),
                });
                (param.name.clone(), about)
            })
            .collect();
        json!({
            "rule": rule.name,
            "file": rule.file.to_string_lossy(),
            "shipped": rule.is_shipped,
            "severities": severities(rule),
            "every": rule.every.to_string(),
            "window": write_span(rule.window),
            "for": write_span(rule.terms.hold),
            "keep_firing": write_span(rule.terms.keep),
            "key": rule.terms.key,
            "enabled": rule.is_enabled,
            "waits_for": listed.waits,
            "fails": listed.fails,
            "params": params,
            "doc": rule.doc,
            "source": rule.source,
            "runbook": rule.runbook,
        })
    };
    let broken: Vec<_> = book
        .broken()
        .iter()
        .map(|broken| {
            json!({
                "rule": broken.name,
                "file": shown(&broken.error.file),
                "line": broken.error.line,
                "error": broken.error.cause,
            })
        })
        .collect();
    let all = json!({ "rules": listed.iter().map(rule).collect::<Vec<_>>(), "broken": broken });
    format!("{all:#}\n")
}

fn plain(value: &fillwatch_rules::ParamValue) -> serde_json::Value {
    use fillwatch_rules::ParamValue::{Bool, Float, Int, Text};
    match value {
        Float(value) => (*value).into(),
        Int(value) => (*value).into(),
        Bool(value) => (*value).into(),
        Text(text) => text.as_str().into(),
    }
}
