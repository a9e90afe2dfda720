//! The rules that the configuration makes of ours and of the user's.

use std::sync::Arc;

use fillwatch_model::Micros;
use fillwatch_query::Tables;
use fillwatch_rules::{Rule, RuleBook, RuleSource};
use fillwatch_serve::{References, RuleSettings};

use crate::asker;
use crate::context::Context;
use crate::failure::Failure;
use crate::suggest;

/// How far back ticks that were missed are made up for if nobody says.
const CATCH_UP: Micros = 24 * 3_600_000_000;

/// The rules, as the configuration moves them. What it says of one that there is not, or that it
/// cannot take, is an error; a file that is no rule is in the book as broken.
pub(crate) fn read(context: &Context) -> Result<RuleBook, Failure> {
    let rules = &context.config.rules;
    rules.check(&RuleBook::read(&rules.source(true)))?;
    Ok(RuleBook::read(&source(context)))
}

/// The rules as their files have them.
pub(crate) fn as_written(context: &Context) -> RuleBook {
    RuleBook::read(&context.config.rules.source(true))
}

fn source(context: &Context) -> RuleSource {
    context.config.rules.source(false)
}

/// What a watch is told of the rules; nothing if it is not to evaluate any.
pub(crate) fn settings(context: &Context) -> Result<Option<RuleSettings>, Failure> {
    let rules = &context.config.rules;
    read(context)?;
    if rules.enabled == Some(false) {
        return Ok(None);
    }
    let catch_up = rules.catch_up.map(|back| Micros::try_from(back.as_micros()));
    Ok(Some(RuleSettings {
        source: source(context),
        views: Arc::new(asker::views(&context.config)?),
        references: Arc::new(references(context)),
        expected: context.config.bots.clone(),
        catch_up: catch_up.map_or(CATCH_UP, |back| back.unwrap_or(Micros::MAX)),
    }))
}

/// The user's own tables.
pub(crate) fn references(context: &Context) -> References {
    let tables = context.config.tables.iter();
    References::new(tables.map(|table| (table.name.clone(), table.file.clone())))
}

/// The store's tables and the user's, for a rule to be asked of.
pub(crate) async fn tables(context: &Context) -> Result<Tables, Failure> {
    let mut tables = fillwatch_serve::tables(&context.store).await?;
    let (reference, news) = references(context).look();
    tables.reference = reference;
    news.into_iter().for_each(|news| Failure::failed(news).report());
    Ok(tables)
}

/// The rule of this name.
pub(crate) fn find<'b>(book: &'b RuleBook, name: &str) -> Result<&'b Rule, Failure> {
    if let Some(rule) = book.get(name) {
        return Ok(rule);
    }
    if let Some(broken) = book.broken().iter().find(|broken| broken.name == name) {
        return Err(Failure::usage(&broken.error));
    }
    let failure = Failure::usage(format!("there is no rule `{name}`"));
    Err(match suggest::nearest(name, book.rules().map(|rule| rule.name.as_str())) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint("`fillwatch rules list` shows those there are"),
    })
}

/// Reads `max_silence_s=30`: a value as in the configuration, and what is none is a text.
pub(crate) fn parse_param(text: &str) -> Result<(String, toml::Value), String> {
    let form = || format!("`{text}` is no param: write NAME=VALUE, as in `max_silence_s=30`");
    let (name, value) = text.split_once('=').ok_or_else(form)?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || value.is_empty() {
        return Err(form());
    }
    let read = toml::from_str::<toml::Table>(&format!("value = {value}"));
    let read = read.ok().and_then(|mut table| table.remove("value"));
    Ok((name.to_owned(), read.unwrap_or_else(|| toml::Value::String(value.to_owned()))))
}

/// The rule with these params, as typed on the command line.
pub(crate) fn with_params(rule: &Rule, params: &[(String, toml::Value)]) -> Result<Rule, Failure> {
    let wanted = |why| Failure::usage(format!("{}: {why}", rule.name));
    for (name, _) in params {
        let known = || rule.params.iter().map(|param| param.name.as_str());
        if !known().any(|param| param == name) {
            let failure = Failure::usage(format!("{}: there is no param `{name}`", rule.name));
            return Err(match suggest::nearest(name, known()) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None if rule.params.is_empty() => failure.hint("it has none"),
                None => {
                    failure.hint(format!("there are {}", known().collect::<Vec<_>>().join(", ")))
                }
            });
        }
    }
    rule.with_params(&params.iter().cloned().collect()).map_err(wanted)
}
