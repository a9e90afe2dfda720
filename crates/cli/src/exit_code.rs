//! What the process says to the script that started it.

/// How fillwatch ends. The numbers are an interface: scripts and supervisors read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// It did what was asked. A reader that closes the pipe early (`| head`) had what it wanted.
    Ok = 0,
    /// It did what was asked, and a check found something.
    Found = 1,
    /// What was asked cannot be done as it was asked.
    Usage = 2,
    /// Another fillwatch writes to the store.
    InUse = 3,
    /// The disk, the store or a limit stood in the way.
    Failed = 4,
    /// The shell's number for a program that Ctrl-C ended (128 + SIGINT).
    Interrupted = 130,
}

/// The same for people, at the end of `fillwatch --help`.
pub(crate) const HELP: &str = "\
Exit codes:
    0  done; for watch also when Ctrl-C or SIGTERM ended it and everything was committed
    1  a check found something: verify a difference, alerts --check an alert that fires,
       rules check an error, rules test a case that fails, rules list a file that is no rule
    2  the command line, fillwatch.toml or the SQL is wrong
    3  the store is in use by another fillwatch
    4  input, output or the store failed, ingest could not read a log file, a query passed its
       deadline or memory limit, or alerts --check found that no rules are evaluated
  130  interrupted by Ctrl-C before it was done

Start with `fillwatch demo`, or point it at your own logs with `fillwatch inspect DIR`.";

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> std::process::ExitCode {
        std::process::ExitCode::from(code as u8)
    }
}
