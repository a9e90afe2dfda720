//! What is wrong with a rule.

use std::path::PathBuf;

/// What is wrong with a rule's file, or with what the configuration says of a rule.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}{}: {cause}", .file.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct RuleError {
    /// The file.
    pub file: PathBuf,
    /// The line, where it is known.
    pub line: Option<usize>,
    /// What is wrong, and what to do.
    pub cause: String,
}
