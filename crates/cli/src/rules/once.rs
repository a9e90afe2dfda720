//! `fillwatch rules run`: one evaluation.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use fillwatch_model::{Row, Severity, Value, show_time, write_span};
use fillwatch_query::output::harmless;
use fillwatch_rules::{Held, Outcome, OutcomeKind, Rule, Watch};
use fillwatch_serve::{Evaluated, Looks, Prepared};
use serde_json::json;

use super::{book, telling};
use crate::asker;
use crate::commands::rules::{Form, Run};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::quantity;
use crate::table::{Cell, Table};

pub(crate) fn run(args: &Run, context: &Context) -> Result<ExitCode, Failure> {
    let book = book::read(context)?;
    let rule = book::with_params(book::find(&book, &args.name)?, &args.params)?;
    let at = args.at.unwrap_or_else(|| context.clock.now());
    let evaluated = evaluate(&rule, at, context)?;
    let mut watch = Watch::default();
    let stepped = watch.step(&rule, at, &evaluated.outcome);
    if stepped.kind == OutcomeKind::Error {
        let why = watch.health.error.unwrap_or_default();
        return Err(Failure::failed(format!("{}: {why}", rule.name)));
    }
    let rows = rows(&evaluated.outcome);
    let texts: Vec<(Severity, String)> =
        stepped.transitions.iter().map(|told| (told.severity, harmless(&told.summary))).collect();
    let text = match args.format {
        Form::Json => {
            let row = |(severity, row): &(Severity, &Row)| json!({ "severity": severity.as_str(), "row": telling::json(&row.0) });
            let told = |(severity, text): &(Severity, String)| json!({ "severity": severity.as_str(), "summary": text });
            let all = json!({
                "rule": rule.name,
                "at": show_time(at),
                "outcome": stepped.kind.as_str(),
                "rows": rows.iter().map(row).collect::<Vec<_>>(),
                "alerts": texts.iter().map(told).collect::<Vec<_>>(),
            });
            format!("{all:#}\n")
        }
        Form::Table => {
            let color = context.terminal.color;
            let mut text = format!(
                "{} as of {}, window {}: {} ({})\n",
                rule.name,
                show_time(at),
                write_span(rule.window),
                match stepped.kind {
                    OutcomeKind::Rows => {
                        format!("rows, {}", quantity::count(watch.health.rows))
                    }
                    kind => kind.as_str().to_owned(),
                },
                quantity::duration(evaluated.took),
            );
            if !rows.is_empty() {
                text += "\n";
                text += &table(&rows, rule.levels.len() > 1, context);
            }
            if !texts.is_empty() {
                text += "\n";
            }
            for (severity, summary) in texts {
                let word = format!("{severity:<8}");
                let word = if color { telling::tint(severity).paint(&word) } else { word };
                text += &format!("{word}  {summary}\n");
            }
            text
        }
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::Ok)
}

/// Evaluates a rule once, over the store as it is now.
pub(super) fn evaluate(rule: &Rule, at: i64, context: &Context) -> Result<Evaluated, Failure> {
    let prepared = Prepared::of(rule).map_err(Failure::usage)?;
    let views = Arc::new(asker::views(&context.config)?);
    context.runtime.block_on(async {
        let work = async {
            let look = Looks::new(views).at(book::tables(context).await?, at);
            Ok(look.evaluate(&prepared, Held::Nobody).await)
        };
        tokio::select! {
            evaluated = work => evaluated,
            _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
        }
    })
}

/// The rows of an outcome, and the level of each.
pub(super) fn rows(outcome: &Outcome) -> Vec<(Severity, &Row)> {
    match outcome {
        Outcome::Rows(found, _) => found.iter().map(|found| (found.severity, &found.row)).collect(),
        Outcome::Exploded(..) | Outcome::Error(_) | Outcome::NotReady(_) => Vec::new(),
    }
}

/// Rows as a table.
pub(super) fn table(rows: &[(Severity, &Row)], with_severity: bool, context: &Context) -> String {
    let mut table = Table::default();
    if with_severity {
        let cell = |(severity, _): &(Severity, &Row)| {
            Cell::tinted(severity.as_str(), telling::tint(*severity))
        };
        table.column("severity", false, rows.iter().map(cell).collect());
    }
    let columns = rows.first().map(|(_, row)| row.0.as_slice()).unwrap_or_default();
    for (at, (name, _)) in columns.iter().enumerate() {
        let values = || rows.iter().filter_map(|(_, row)| row.0.get(at)).map(|(_, value)| value);
        let right =
            values().all(|value| matches!(value, Value::Int(_) | Value::Float(_) | Value::Null));
        let cells = values().map(|value| Cell::from(harmless(&value.to_string())));
        table.column(Cow::Owned(name.clone()), right, cells.collect());
    }
    match context.terminal.size() {
        Some((width, _)) => table.fitted(width.into(), context.terminal.color).text,
        None => table.render(context.terminal.color),
    }
}
