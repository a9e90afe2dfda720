//! What Tab offers, and when Enter ends a statement.

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};

use super::{backslash, statement};

const KEYWORDS: &[&str] = &[
    "and",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "coalesce",
    "count",
    "cross",
    "desc",
    "describe",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "extract",
    "false",
    "from",
    "full",
    "group",
    "having",
    "ilike",
    "in",
    "inner",
    "interval",
    "intersect",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "right",
    "select",
    "sum",
    "then",
    "true",
    "union",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// The words that may be typed.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Each relation, with its columns.
    relations: Vec<(String, Vec<String>)>,
}

impl Words {
    pub(super) fn new(relations: Vec<(String, Vec<String>)>) -> Words {
        Words { relations }
    }

    /// Where the word under the cursor begins, and what it may become.
    fn offer(&self, line: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = &line[..cursor];
        if before.starts_with('\\') && !before.contains(' ') {
            return (0, matching(before, backslash::ALL.iter().map(|(name, ..)| *name)));
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let start = before
            .rfind(|c| !is_word(c))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let (head, typed) = before.split_at(start);
        let previous = head.split_whitespace().next_back().unwrap_or_default().to_lowercase();
        let relations = self.relations.iter().map(|(name, _)| name.as_str());
        let columns = self.relations.iter().flat_map(|(_, columns)| columns).map(String::as_str);
        let offered = if head.ends_with('.') {
            matching(typed, columns)
        } else if matches!(previous.as_str(), "from" | "join" | "describe" | "\\d") {
            matching(typed, relations)
        } else if typed.is_empty() {
            // Everything is no help.
            Vec::new()
        } else {
            matching(typed, columns.chain(relations).chain(KEYWORDS.iter().copied()))
        };
        (start, offered)
    }
}

fn matching<'a>(typed: &str, words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let typed = typed.to_lowercase();
    let mut found: Vec<String> =
        words.filter(|word| word.starts_with(&typed)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let (start, words) = self.offer(line, cursor);
        let pair = |word: String| Pair { display: word.clone(), replacement: word };
        Ok((start, words.into_iter().map(pair).collect()))
    }
}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        Ok(if is_finished(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

/// Whether Enter means "run it".
fn is_finished(input: &str) -> bool {
    input.starts_with('\\') || statement::is_blank(statement::split(input).rest)
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}

impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, offered: &[&str]) {
        let columns = ["price", "pnl", "fill_price"].map(str::to_owned).to_vec();
        let words = Words::new(vec![
            ("events".into(), columns),
            ("order_events".into(), vec!["order_id".into()]),
        ]);
        assert_eq!(words.offer(line, line.len()).1, offered, "{line}");
    }

    #[test]
    fn after_from_come_relations() {
        check("select * from ", &["events", "order_events"]);
        check("select * from e", &["events"]);
        check("\\d o", &["order_events"]);
    }

    #[test]
    fn elsewhere_come_columns_relations_and_keywords() {
        check("select p", &["partition", "pnl", "price"]);
        check("select max(fill", &["fill_price"]);
        check("SELECT PN", &["pnl"]);
        check("select e.p", &["pnl", "price"]);
        check("select order", &["order", "order_events", "order_id"]);
        check("select ", &[]);
    }

    #[test]
    fn commands_complete_too() {
        check("\\ti", &["\\timing"]);
    }

    #[test]
    fn enter_runs_what_is_finished() {
        assert!(is_finished("select 1;"));
        assert!(is_finished("select 1; -- that is all"));
        assert!(is_finished("\\d events"));
        assert!(is_finished(""));
        assert!(!is_finished("select 1"));
        assert!(!is_finished("select 'a;"));
    }
}
