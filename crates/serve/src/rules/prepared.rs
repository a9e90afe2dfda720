//! A rule whose query is parsed.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use fillwatch_query::{QueryError, Question, Views};
use fillwatch_rules::{Asking, Rule, RuleError};

/// A rule whose query is parsed: ready to be asked at any tick.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The rule.
    pub rule: Rule,
    /// Tells it from every other.
    pub(crate) id: u64,
    pub(crate) question: Question,
    pub(crate) askings: Vec<Asking>,
}

impl Prepared {
    /// Parses the query of a rule.
    ///
    /// # Errors
    /// If it is no query that may be asked, or names a parameter that it has not.
    pub fn of(rule: &Rule) -> Result<Prepared, RuleError> {
        let fault = |cause: String| RuleError { file: rule.file.clone(), line: None, cause };
        let optional: Vec<_> =
            rule.tables.iter().map(|table| (table.name.clone(), table.columns.clone())).collect();
        let parse = |error: QueryError| fault(error.to_string());
        let question = Question::parse(&rule.text, &optional).map_err(parse)?;
        for name in question.parameters() {
            let bound = ["now", "from", "to", "opened"].contains(&name.as_str());
            if !bound && !rule.params.iter().any(|param| param.name == name) {
                let names: Vec<String> =
                    rule.params.iter().map(|param| format!("${}", param.name)).collect();
                return Err(fault(format!(
                    "the query names `${name}`, and there is no such param; there are $now, $from, $to{}{}",
                    if names.is_empty() { "" } else { ", " },
                    names.join(", ")
                )));
            }
        }
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Prepared { askings: rule.askings(), rule: rule.clone(), id, question })
    }

    /// The tables and views that it reads.
    pub fn reads(&self) -> &[String] {
        self.question.reads()
    }

    /// Who reads this table for it: views by name, and itself as the empty name.
    pub(crate) fn readers_of(&self, table: &str, views: &Views) -> BTreeSet<String> {
        self.question.readers_of(table, views)
    }

    /// Whether its query always returns a row, whatever the events.
    pub fn always_has_a_row(&self) -> bool {
        self.question.always_has_a_row()
    }
}
