//! What is dubious about a rule, as far as it can be told without a query engine.

use crate::header::Every;
use crate::{Rule, Ticks};

/// What is dubious about a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Whether the rule cannot do what it is meant to.
    pub is_error: bool,
    /// What, and what to do.
    pub text: String,
}

impl Finding {
    /// The rule cannot do what it is meant to.
    pub fn error(text: impl Into<String>) -> Finding {
        Finding { is_error: true, text: text.into() }
    }

    /// It most likely does something else than is meant.
    pub fn advice(text: impl Into<String>) -> Finding {
        Finding { is_error: false, text: text.into() }
    }
}

/// What can be said of `rule` by its header and the names in its text.
pub fn lint(rule: &Rule) -> Vec<Finding> {
    let mut findings = Vec::new();
    let every = Ticks::of(rule.every).interval();
    if rule.window < every && rule.every != Every::Change {
        findings.push(Finding::error(format!(
            "`window` ({}) is shorter than `every` ({}): events between two windows are never looked at",
            fillwatch_model::write_span(rule.window),
            rule.every
        )));
    }
    for (name, span) in [("for", rule.terms.hold), ("keep_firing", rule.terms.keep)] {
        if span % every != 0 {
            findings.push(Finding::advice(format!(
                "`{name}` is no multiple of `every`: it is over at the next tick after it"
            )));
        }
    }
    for param in &rule.params {
        if !names(&rule.text, &param.name) {
            findings.push(Finding::error(format!(
                "param `{0}` is not used: the query does not name `${0}`",
                param.name
            )));
        }
    }
    if rule.runbook.is_empty() && rule.severity() == fillwatch_model::Severity::Critical {
        findings.push(Finding::advice(
            "a critical rule without `runbook`: whoever is paged at night has nothing to go by",
        ));
    }
    findings
}

/// Whether the SQL names `$param`, and not just a longer name that begins so.
fn names(text: &str, param: &str) -> bool {
    let body = text.lines().filter(|line| !line.trim_start().starts_with("--"));
    let wanted = format!("${param}");
    body.into_iter().any(|line| {
        line.match_indices(&wanted).any(|(at, _)| {
            !line[at + wanted.len()..]
                .starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
        })
    })
}
