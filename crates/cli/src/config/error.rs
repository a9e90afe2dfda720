//! What is wrong with a configuration file, and where.

use std::fmt;
use std::path::PathBuf;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// One thing wrong, at one line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfigError {
    pub(super) path: PathBuf,
    pub(super) line: usize,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl ConfigError {
    /// The same, of another line.
    pub(super) fn at(self, line: usize) -> ConfigError {
        ConfigError { line, ..self }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> ConfigError {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.message)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        let failure = Failure::told(ExitCode::Usage, &error);
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
