//! A deadline that holds.
//!
//! A query stops by itself at its timeout if it looks at the clock, and DataFusion's joins do not
//! while they run. This is for them: a thread of its own, which ends the process.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::quantity;
use crate::whole_file;

/// How long a query may take to stop by itself.
const GRACE: Duration = Duration::from_millis(500);

/// Ends the process unless it is disarmed in time.
pub(crate) struct Deadline {
    disarm: Sender<()>,
}

impl Deadline {
    /// In `timeout` and a grace, removes what there is of `output` and ends the process.
    pub(crate) fn arm(timeout: Duration, output: Option<&Path>) -> Deadline {
        let (disarm, disarmed) = mpsc::channel();
        let output = output.map(Path::to_owned);
        thread::spawn(move || {
            let all = timeout.saturating_add(GRACE);
            if disarmed.recv_timeout(all) == Err(RecvTimeoutError::Timeout) {
                end(timeout, output);
            }
        });
        Deadline { disarm }
    }

    /// The query is done.
    pub(crate) fn disarm(self) {
        drop(self.disarm);
    }
}

#[expect(clippy::exit, reason = "the query holds every other way out")]
fn end(timeout: Duration, output: Option<PathBuf>) {
    if let Some(output) = output {
        let _ = std::fs::remove_file(whole_file::partial(&output));
    }
    let shown = quantity::duration(timeout);
    Failure::failed(format!("the query was stopped after {shown}, and did not stop by itself"))
        .hint("ask for less time, or allow more: `--timeout 10m`")
        .report();
    let _ = std::io::stderr().flush();
    std::process::exit(ExitCode::Failed as i32)
}
