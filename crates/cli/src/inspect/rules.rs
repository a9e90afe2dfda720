//! Which rules have something to go by in these logs, and what the others wait for.

use fillwatch_decode::survey::FileSurvey;
use fillwatch_query::Views;
use fillwatch_rules::RuleBook;

use super::coverage::{Standing, by_bots};
use super::measures::{Measures, section};
use crate::rules::support;

/// The section. A rule has what it needs if some bot's lines have it.
pub(crate) fn text(
    book: &RuleBook,
    views: &Views,
    files: &[FileSurvey],
    width: Option<usize>,
) -> String {
    let coverages = by_bots(files);
    let mut rules = Measures::default();
    for rule in book.enabled() {
        match support::standing(rule, views, &coverages) {
            Standing::Had => rules.had.push(&rule.name),
            Standing::Later(from) => rules.later.entry(from).or_default().push(rule.name.clone()),
            Standing::Missed(wants) => {
                rules.missed.entry(wants).or_default().push(rule.name.clone());
            }
        }
    }
    format!("\nrules\n{}", section(&rules, None, width))
}
