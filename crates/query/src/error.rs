//! What went wrong, in one line.
//!
//! DataFusion wraps its errors in layers that each add a prefix; a user wants the innermost one, and
//! what to do.

use std::path::PathBuf;
use std::time::Duration;

use arrow::error::ArrowError;
use datafusion::common::utils::datafusion_strsim::normalized_levenshtein;
use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;

use crate::limits::MESSAGE_CHARS_MAX;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It is not a query, or asks for more than a query may.
    #[error("{0}")]
    Refused(String),
    /// It does not parse, or names what is not there.
    #[error("{0}")]
    Invalid(String),
    /// It names a column that is not there.
    #[error("no column `{name}`; {offer}")]
    NoColumn {
        /// As it was written.
        name: String,
        /// What may have been meant.
        offer: String,
    },
    /// A view is at fault, not the query.
    #[error("{}: {cause}", .file.display())]
    View {
        /// The view's file.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// It would use too much memory.
    #[error(
        "the query needs more than its {} MiB of memory: ask for less time, fewer columns or fewer groups",
        .limit >> 20
    )]
    Memory {
        /// The limit in bytes.
        limit: usize,
    },
    /// It ran too long.
    #[error("the query was stopped after {} s: ask for less time, or allow more", .0.as_secs_f64())]
    Deadline(Duration),
    /// It failed while it ran.
    #[error("{0}")]
    Failed(String),
}

impl QueryError {
    /// An error while parsing or planning.
    pub(crate) fn invalid(error: &DataFusionError) -> QueryError {
        match root(error) {
            DataFusionError::SchemaError(error, _) => match &**error {
                SchemaError::FieldNotFound { field, valid_fields } => {
                    no_column(field, valid_fields)
                }
                other => QueryError::Invalid(tidy(&other.to_string())),
            },
            root => QueryError::Invalid(describe(root)),
        }
    }

    /// An error while running under a memory limit. One that the rows or the constants of the query
    /// bring about, like a division by zero, is the query's.
    pub(crate) fn failed(error: &DataFusionError, memory_bytes: usize) -> QueryError {
        match root(error) {
            DataFusionError::ResourcesExhausted(_) => QueryError::Memory { limit: memory_bytes },
            root if is_of_the_query(root) => QueryError::invalid(root),
            root => QueryError::Failed(describe(root)),
        }
    }

    /// The same error, knowing the query: `"mm1"` is a column to SQL, and was meant as text.
    pub(crate) fn of_query(self, sql: &str) -> QueryError {
        match self {
            QueryError::NoColumn { name, .. } if sql.contains(&format!("\"{name}\"")) => {
                let offer = format!("text stands in single quotes: '{name}'");
                QueryError::NoColumn { name, offer }
            }
            other => other,
        }
    }

    /// The same error, as the fault of the view in `file`.
    pub(crate) fn in_view(self, file: PathBuf) -> QueryError {
        match self {
            QueryError::View { .. } => self,
            other => QueryError::View { file, cause: other.to_string() },
        }
    }
}

fn root(error: &DataFusionError) -> &DataFusionError {
    match error.find_root() {
        DataFusionError::Collection(errors) => {
            errors.first().map_or(error, |first| first.find_root())
        }
        root => root,
    }
}

/// How the reader of Parquet files begins what went wrong in a condition.
const OF_A_PREDICATE: &str = "Error evaluating filter predicate: ";

/// Whether the query would fail wherever it is asked: nothing outside of it had a part in it.
fn is_of_the_query(root: &DataFusionError) -> bool {
    match root {
        DataFusionError::ArrowError(error, _) => matches!(
            **error,
            ArrowError::CastError(_)
                | ArrowError::ParseError(_)
                | ArrowError::ComputeError(_)
                | ArrowError::DivideByZero
                | ArrowError::ArithmeticOverflow(_)
                | ArrowError::InvalidArgumentError(_)
                | ArrowError::NotYetImplemented(_)
        ),
        DataFusionError::SQL(..)
        | DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Configuration(_)
        | DataFusionError::Execution(_) => true,
        // These reach us as nothing but text: from the reader of Parquet files, which tries a
        // condition while it reads, and from the compiler of patterns.
        other => {
            let text = other.to_string();
            text.contains(OF_A_PREDICATE) || text.contains("Regular expression did not compile")
        }
    }
}

fn describe(root: &DataFusionError) -> String {
    let message = match root {
        DataFusionError::SQL(error, _) => match &**error {
            ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
                message.clone()
            }
            ParserError::RecursionLimitExceeded => "the query is nested too deeply".to_owned(),
        },
        other => other.message().into_owned(),
    };
    tidy(&message)
}

fn no_column(field: &Column, valid: &[Column]) -> QueryError {
    let names: Vec<&str> = valid.iter().map(|column| column.name.as_str()).collect();
    let near = nearest(&field.name, &names);
    let offer = if !near.is_empty() {
        format!("did you mean {}?", list(&near))
    } else if names.is_empty() {
        "there are none here".to_owned()
    } else {
        let (shown, rest) = names.split_at(names.len().min(12));
        let more =
            if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
        format!("there are {}{more}", list(shown))
    };
    QueryError::NoColumn { name: field.flat_name(), offer: tidy(&offer) }
}

/// Up to three of `names` that `name` may have been meant to be, the likeliest first.
pub(crate) fn nearest<'a>(name: &str, names: &[&'a str]) -> Vec<&'a str> {
    let name = name.to_lowercase();
    let likeness = |other: &str| {
        if other.len() > 2 && name.len() > 2 && (other.contains(&name) || name.contains(other)) {
            return 0.9;
        }
        normalized_levenshtein(&name, other)
    };
    let mut scored: Vec<(f64, &str)> = names
        .iter()
        .map(|other| (likeness(other), *other))
        .filter(|(score, _)| *score >= 0.5)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by_key(|(_, name)| *name);
    // Beside a name that is almost it, a name that is half of it only distracts.
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    scored.retain(|(score, _)| *score > best - 0.35);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// `` `a`, `b` ``
pub(crate) fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The first text in quotes, for these errors reach us as Rust writes its values.
fn quoted(value: &str) -> Option<String> {
    if value.contains("DivideByZero") {
        return Some("Divide by zero error".to_owned());
    }
    let mut text = String::new();
    let mut chars = value.split_once('"')?.1.chars();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                'n' | 'r' | 't' => text.push(' '),
                plain => text.push(plain),
            },
            plain => text.push(plain),
        }
    }
}

/// One line without the layers' prefixes, and of bounded length.
fn tidy(message: &str) -> String {
    if let Some((_, fault)) = message.split_once(OF_A_PREDICATE) {
        return tidy(&quoted(fault).unwrap_or_else(|| "it cannot be computed".to_owned()));
    }
    const PREFIXES: &[&str] = &[
        "Error during planning: ",
        "Execution error: ",
        "External error: ",
        "Arrow error: ",
        "Schema error: ",
        "SQL error: ",
        "Parquet error: ",
        "This feature is not implemented: ",
        "Optimizer rule ",
        "Internal error: ",
        "Compute error: ",
        "Invalid argument error: ",
        "Cast error: ",
    ];
    let message = message.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or(message);
    let message = message.split("\nThis issue was likely caused by").next().unwrap_or(message);
    let mut line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    for prefix in PREFIXES {
        line = line.replace(prefix, "");
    }
    match line.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_names_come_first() {
        let names = ["bot", "fill_price", "price", "side", "fill_size"];
        assert_eq!(nearest("fil_price", &names), ["fill_price", "price", "fill_size"]);
        assert_eq!(nearest("Prices", &names), ["price"]);
        assert!(nearest("zzz", &names).is_empty());
    }

    #[test]
    fn what_goes_wrong_in_a_condition_is_told_without_its_wrapping() {
        let check = |fault: &str, want| {
            assert_eq!(
                tidy(&format!("External: Error evaluating filter predicate: {fault}")),
                want
            );
        };
        check(
            r#"ArrowError(CastError("Cannot cast string '\"1' to Int64"), Some("\n\nbacktrace:  0"))"#,
            r#"Cannot cast string '"1' to Int64"#,
        );
        check(r#"ArrowError(DivideByZero, Some(""))"#, "Divide by zero error");
        check("Nothing", "it cannot be computed");
    }

    #[test]
    fn a_message_is_one_line_of_bounded_length() {
        assert_eq!(tidy("Error during planning: Execution error: a\n  b"), "a b");
        assert_eq!(tidy("no room\n\nbacktrace:    0: std::backtrace"), "no room");
        assert_eq!(tidy(&"x".repeat(1_000)).chars().count(), MESSAGE_CHARS_MAX + 1);
    }
}
