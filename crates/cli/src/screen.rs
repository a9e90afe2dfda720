//! Standard error while something runs: one line at the bottom that changes, and lines that stay.

use std::io::{self, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing_subscriber::fmt::MakeWriter;

use crate::context::{Context, Verbosity};
use crate::news::Weight;

/// How often the line changes on a terminal.
const REDRAWS_PER_SECOND: u8 = 10;

/// How often it is written again where lines stay for ever, as in a service's journal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(30);

/// Standard error of a command that takes its time. Clones are the same screen.
#[derive(Clone)]
pub(crate) struct Screen {
    bar: ProgressBar,
    /// When the line was last written, where there is no terminal; `None` to write none.
    plain: std::sync::Arc<Mutex<Option<Instant>>>,
    verbosity: Verbosity,
}

impl Screen {
    pub(crate) fn new(context: &Context) -> Screen {
        let shown = context.verbosity > Verbosity::Quiet;
        let target = if shown && context.terminal.error {
            ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND)
        } else {
            ProgressDrawTarget::hidden()
        };
        let plain = (shown && !context.terminal.error).then(Instant::now);
        Screen {
            bar: ProgressBar::with_draw_target(None, target).with_style(style("{wide_msg}")),
            plain: std::sync::Arc::new(Mutex::new(plain)),
            verbosity: context.verbosity,
        }
    }

    /// Changes the line.
    pub(crate) fn status(&self, text: String) {
        let mut plain = self.plain.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(last) = &mut *plain
            && last.elapsed() >= PLAIN_INTERVAL
        {
            *last = Instant::now();
            self.line(&text);
        }
        drop(plain);
        self.bar.set_message(text);
    }

    /// Changes the line to several.
    pub(crate) fn block(&self, text: String) {
        self.bar.set_style(style("{msg}"));
        self.status(text);
    }

    /// Changes the line, with a bar for how much of it is done.
    pub(crate) fn done(&self, done: u64, all: u64, text: String) {
        if self.bar.length() != Some(all) {
            self.bar.set_style(style("{bar:24.cyan/dim} {wide_msg}"));
            self.bar.set_length(all);
        }
        self.bar.set_position(done);
        self.status(text);
    }

    /// Writes a line that stays.
    pub(crate) fn line(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.write(format!("{text}\n").as_bytes());
        }
    }

    /// Whether news of this weight is told.
    pub(crate) fn says(&self, weight: Weight) -> bool {
        weight >= if self.verbosity > Verbosity::Normal { Weight::Routine } else { Weight::Notable }
    }

    /// Takes the changing line away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// If standard error is closed, nobody is left to tell.
    fn write(&self, bytes: &[u8]) {
        self.bar.suspend(|| {
            let _ = io::stderr().lock().write_all(bytes);
        });
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━━╌")
}

/// One record of the log, written whole above the changing line.
pub(crate) struct Record {
    screen: Screen,
    bytes: Vec<u8>,
}

impl Write for Record {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.screen.write(&self.bytes);
    }
}

impl<'a> MakeWriter<'a> for Screen {
    type Writer = Record;

    fn make_writer(&'a self) -> Record {
        Record { screen: self.clone(), bytes: Vec::new() }
    }
}
