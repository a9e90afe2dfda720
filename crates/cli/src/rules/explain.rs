//! `fillwatch rules explain`: why an alert fired.

use std::io::{self, Write};
use std::path::PathBuf;

use fillwatch_journal::{EpisodeRow, Ledger};
use fillwatch_model::{Row, Severity, Value, show_span, show_time};
use fillwatch_query::output::harmless;
use fillwatch_rules::{Outcome, Overrides, RULE_FAILING, Rule};
use fillwatch_serve::ServeError;
use fillwatch_store::Layout;

use super::{once, telling};
use crate::commands::rules::Explain;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Alerts that no query is behind.
const WITHOUT_QUERY: &[&str] = &[RULE_FAILING, "logs_unread"];

pub(crate) fn run(args: &Explain, context: &Context) -> Result<ExitCode, Failure> {
    let episode = episode(args, context)?;
    let mut text = head(&episode, context.terminal.color);
    if WITHOUT_QUERY.contains(&episode.rule.as_str()) {
        text += "\nno query is behind it: fillwatch says it of itself\n";
        io::stdout().write_all(text.as_bytes())?;
        return Ok(ExitCode::Ok);
    }
    text += &format!(
        "\nas it was asked, with the params of then (`fillwatch sql --from {} --to {}` asks it again):\n\n{}\n",
        show_time(episode.window_from),
        show_time(episode.fired_at),
        bound(&body(&episode.text), &params(&episode)),
    );
    io::stdout().write_all(text.as_bytes())?;
    let rule = as_it_was(&episode)?;
    let evaluated = once::evaluate(&rule, episode.fired_at, context)?;
    let verdict = verdict(&rule, &episode, &evaluated.outcome, context);
    io::stdout().write_all(verdict.as_bytes())?;
    Ok(ExitCode::Ok)
}

fn episode(args: &Explain, context: &Context) -> Result<EpisodeRow, Failure> {
    // Whether there is a store is said as everywhere.
    let live = fillwatch_serve::attach(&context.store);
    drop(context.runtime.block_on(live)?);
    let layout = Layout::new(&context.store).map_err(ServeError::from)?;
    let ledger = Ledger::look(&layout.state()).map_err(ServeError::from)?;
    let found = ledger.map(|ledger| ledger.episode(&args.alert)).transpose();
    let found = found.map_err(ServeError::from)?.flatten();
    found.ok_or_else(|| {
        Failure::usage(format!("no alert that fired is called `{}`", harmless(&args.alert)))
            .hint("`fillwatch alerts --history --since 7d` lists those that did")
    })
}

fn head(episode: &EpisodeRow, color: bool) -> String {
    let severity: Option<Severity> = episode.severity.parse().ok();
    let word = match severity {
        Some(severity) if color => telling::tint(severity).paint(&episode.severity),
        _ => episode.severity.clone(),
    };
    let mut text = format!(
        "{}  {word}  {}\n  {}\n",
        episode.episode,
        harmless(&episode.key),
        harmless(&episode.summary)
    );
    if !episode.description.is_empty() {
        text += &format!("  {}\n", harmless(&episode.description));
    }
    let mut line = |name: &str, value: String| text += &format!("  {name:<9} {value}\n");
    line("since", show_time(episode.since));
    let waited = episode.fired_at - episode.since;
    let waited = if waited > 0 { format!(", after {}", show_span(waited)) } else { String::new() };
    line("fired", format!("{}{waited}", show_time(episode.fired_at)));
    line(
        "resolved",
        match episode.resolved_at {
            Some(at) => format!("{}, after {}", show_time(at), show_span(at - episode.fired_at)),
            None => "not yet".to_owned(),
        },
    );
    line(
        "window",
        format!("{} to {}", show_time(episode.window_from), show_time(episode.fired_at)),
    );
    if let Some(version) = episode.version {
        line("read", format!("events at version {version}, and the rows not committed then"));
    }
    line("row", harmless(&episode.row.to_string()));
    text
}

/// A rule's SQL without its header.
fn body(text: &str) -> String {
    let lines = text.lines().skip_while(|line| line.starts_with("---"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The params as they were kept: SQL by name.
fn params(episode: &EpisodeRow) -> Vec<(String, String)> {
    let params: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&episode.params).unwrap_or_default();
    let param =
        |(name, value): (String, serde_json::Value)| Some((name, value.as_str()?.to_owned()));
    params.into_iter().filter_map(param).collect()
}

/// `sql` with its params put in. What the session binds, `$now` and the like, stays.
fn bound(sql: &str, params: &[(String, String)]) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('$') {
        text += before;
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let (name, behind) = after.split_at(end.unwrap_or(after.len()));
        match params.iter().find(|(known, _)| known == name) {
            Some((_, value)) => text += value,
            None => text += &format!("${name}"),
        }
        rest = behind;
    }
    text + rest
}

/// The rule with the text and the params of then.
fn as_it_was(episode: &EpisodeRow) -> Result<Rule, Failure> {
    let file = PathBuf::from(format!("{}.sql", episode.rule));
    let rule = Rule::read(&file, &episode.text, false, &Overrides::default());
    let rule = rule.map_err(|error| Failure::failed(format!("its text of then: {error}")))?;
    let values = params(episode).into_iter().filter_map(|(name, sql)| Some((name, value(&sql)?)));
    rule.with_params(&values.collect())
        .map_err(|why| Failure::failed(format!("its params of then: {why}")))
}

/// The value of a param that was written as SQL.
fn value(sql: &str) -> Option<toml::Value> {
    let cast = |of: &str| sql.strip_prefix("cast(")?.strip_suffix(&format!(" as {of})"));
    if let Some(number) = cast("double") {
        return number.parse().ok().map(toml::Value::Float);
    }
    if let Some(number) = cast("bigint") {
        return number.parse().ok().map(toml::Value::Integer);
    }
    if let Some(text) = sql.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return Some(toml::Value::String(text.replace("''", "'")));
    }
    sql.parse().ok().map(toml::Value::Boolean)
}

/// What the rule says now of that tick, and whether it is what was told.
fn verdict(rule: &Rule, episode: &EpisodeRow, outcome: &Outcome, context: &Context) -> String {
    let tick = show_time(episode.fired_at);
    match outcome {
        Outcome::Error(error) => return format!("\nasked again as of {tick} it fails: {error}\n"),
        Outcome::Exploded(_, rows) => {
            return format!(
                "\nasked again as of {tick} it has {rows} rows, too many for one alert each\n"
            );
        }
        Outcome::NotReady(why) => {
            return format!("\nasked again as of {tick} it is not ready: {why}\n");
        }
        Outcome::Rows(..) => {}
    }
    let rows = once::rows(outcome);
    let mut text = format!("\nasked again as of {tick}:\n\n");
    if rows.is_empty() {
        text += "no rows\n";
    } else {
        text += &once::table(&rows, rule.levels.len() > 1, context);
    }
    let of_alert = |(severity, row): &&(Severity, &Row)| {
        severity.as_str() == episode.severity
            && rule.terms.key.iter().all(|name| row.get(name) == episode.row.get(name))
    };
    text += "\n";
    text += &match rows.iter().find(of_alert) {
        None => {
            "its row is not there any more: lines came later, or were removed, that change it\n"
                .to_owned()
        }
        Some((_, row)) => match differences(&episode.row, row) {
            none if none.is_empty() => "the same as was told\n".to_owned(),
            some => format!("not quite what was told: {}\n", harmless(&some.join(", "))),
        },
    };
    text
}

/// `silence_s was 125, is 130`
fn differences(told: &Row, now: &Row) -> Vec<String> {
    let unknown = Value::Null;
    let differs = |(name, was): &(String, Value)| {
        let is = now.get(name).unwrap_or(&unknown);
        (!alike(was, is)).then(|| format!("{name} was {was}, is {is}"))
    };
    told.0.iter().filter_map(differs).collect()
}

/// Sums of floats differ in their last digits with the order that they are added in.
fn alike(was: &Value, is: &Value) -> bool {
    match (was.number(), is.number()) {
        (Some(was), Some(is)) => (was - is).abs() <= 1e-9 * was.abs().max(is.abs()).max(1e-9),
        _ => was == is,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fillwatch_rules::ParamValue;

    #[test]
    fn params_are_put_where_they_are_named() {
        let params = [("max".to_owned(), "cast(3 as bigint)".to_owned())];
        assert_eq!(
            bound("select $max + $max_age - $max from x where ts < $now", &params),
            "select cast(3 as bigint) + $max_age - cast(3 as bigint) from x where ts < $now"
        );
    }

    #[test]
    fn a_param_comes_back_from_its_sql() {
        for (param, read) in [
            (ParamValue::Float(1e300), toml::Value::Float(1e300)),
            (ParamValue::Float(2.0), toml::Value::Float(2.0)),
            (ParamValue::Int(-3), toml::Value::Integer(-3)),
            (ParamValue::Bool(true), toml::Value::Boolean(true)),
            (ParamValue::Text("it's".to_owned()), toml::Value::String("it's".to_owned())),
        ] {
            assert_eq!(value(&param.sql()), Some(read));
        }
    }
}
