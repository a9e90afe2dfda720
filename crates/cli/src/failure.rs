//! Why a command stopped short, and the one place that says so.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use crate::exit_code::ExitCode;

/// Why a command stopped before its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something to tell the user.
    Told {
        /// How the process ends.
        code: ExitCode,
        /// What went wrong: a fragment in lower case, which names the place.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Whoever read our output has closed it. That is not an error: `| head` is how one looks.
    PipeClosed,
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-C, and what was running has not stopped for it yet.
    Stuck,
}

impl Failure {
    /// What was asked cannot be done as it was asked.
    pub(crate) fn usage(message: impl fmt::Display) -> Failure {
        Failure::told(ExitCode::Usage, message)
    }

    /// The disk, the store or a limit stood in the way.
    pub(crate) fn failed(message: impl fmt::Display) -> Failure {
        Failure::told(ExitCode::Failed, message)
    }

    pub(crate) fn told(code: ExitCode, message: impl fmt::Display) -> Failure {
        let message = without_backtrace(&message.to_string()).to_owned();
        Failure::Told { code, message, hint: None }
    }

    /// The operating system refused something to do with `path`.
    pub(crate) fn path(what: &str, path: &Path, error: &io::Error) -> Failure {
        Failure::failed(format!("{what} `{}`: {}", path.display(), sentence(error)))
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, text: impl fmt::Display) -> Failure {
        if let Failure::Told { hint, .. } = &mut self {
            *hint = Some(text.to_string());
        }
        self
    }

    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Failure::Told { code, .. } => *code,
            Failure::PipeClosed => ExitCode::Ok,
            Failure::Interrupted | Failure::Stuck => ExitCode::Interrupted,
        }
    }

    /// Says it on standard error. If that is closed too, nobody is left to tell.
    pub(crate) fn report(&self) {
        let _ = write!(io::stderr().lock(), "{self}");
    }
}

/// As it is printed: `fillwatch: …`, then `hint: …`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Told { message, hint, .. } => {
                writeln!(f, "fillwatch: {message}")?;
                hint.iter().try_for_each(|hint| writeln!(f, "hint: {hint}"))
            }
            Failure::PipeClosed => Ok(()),
            Failure::Interrupted => writeln!(f, "fillwatch: interrupted"),
            Failure::Stuck => {
                writeln!(
                    f,
                    "fillwatch: interrupted; the query goes on in the background until it notices"
                )
            }
        }
    }
}

/// An error from writing our own output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::PipeClosed,
            _ => Failure::failed(format!("cannot write the output: {}", sentence(&error))),
        }
    }
}

/// An error's text without the backtrace that DataFusion appends where `RUST_BACKTRACE` is set: it
/// is a page long, and none of it is the user's.
pub(crate) fn without_backtrace(text: &str) -> &str {
    text.split("\n\nbacktrace: ").next().unwrap_or(text).trim_end()
}

/// An operating system's error as a fragment: `no such file or directory`, without the number
/// that Rust appends and the capital that C begins with.
pub(crate) fn sentence(error: &io::Error) -> String {
    fragment(&error.to_string())
}

/// The same of its text.
pub(crate) fn fragment(text: &str) -> String {
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(failure: Failure, text: Expect) {
        text.assert_eq(&failure.to_string());
    }

    #[test]
    fn a_failure_is_two_lines_at_most() {
        check(
            Failure::usage("unknown column `prize`").hint("did you mean `price`?"),
            expect![[r#"
                fillwatch: unknown column `prize`
                hint: did you mean `price`?
            "#]],
        );
        let error = io::Error::from_raw_os_error(2);
        check(
            Failure::path("cannot read", Path::new("logs/a.jsonl"), &error),
            expect![[r#"
                fillwatch: cannot read `logs/a.jsonl`: no such file or directory
            "#]],
        );
    }

    #[test]
    fn a_backtrace_is_not_told() {
        check(
            Failure::failed("cannot read the store: no room\n\nbacktrace:    0: std::backtrace\n"),
            expect![[r#"
                fillwatch: cannot read the store: no room
            "#]],
        );
    }

    #[test]
    fn a_closed_pipe_is_success() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.code(), ExitCode::Ok);
        check(failure, expect![""]);
    }
}
