//! `fillwatch watch`: follow the logs for ever.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fillwatch_model::{Clock, Transition};
use fillwatch_serve::{Observer, Progress, RuleNews, Trouble};
use fillwatch_store::{Committed, Compacted, Retained};
use fillwatch_tail::Event;

use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::rules::{book, telling};
use crate::screen::Screen;
use crate::settings::settings;
use crate::{logging, news, quantity, sources};

const EXAMPLES: &str = "\
Examples:
  fillwatch watch logs                            # into ./store, until Ctrl-C
  fillwatch watch /var/log/bots '/srv/*/bot.jsonl' --store /data/store
  fillwatch watch                                 # the sources of fillwatch.toml
  fillwatch sql                                   # meanwhile, in another terminal

A line can be asked for within milliseconds of its newline, and is committed within 5 seconds
(`commit_interval`) or 64 MiB (`commit_size`), both in [ingest]. Ctrl-C or SIGTERM commits what was read and leaves
with code 0; a second one leaves at once, and the next start reads again what was not committed.

The rules of `fillwatch rules list` are evaluated meanwhile, and an alert that fires or resolves is a
line on standard error; `-v` tells also of those that wait for their `for`. `fillwatch alerts` shows
what fires. A rule's file that is edited is read again.";

/// Follow logs into the store until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Directories (with all below), globs or files [default: the sources of fillwatch.toml]
    paths: Vec<PathBuf>,
    /// Evaluate no rules
    #[arg(long)]
    no_rules: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let sources = sources::choose(&args.paths, &context.config)?;
    let mut settings = settings(context, sources);
    settings.rules = if args.no_rules { None } else { book::settings(context)? };
    let screen = Screen::new(context);
    logging::start(context, &screen);
    for warning in sources::warnings(&args.paths, &context.config) {
        screen.line(&warning);
    }
    let greeting = format!(
        "watching {} into {}{}; `fillwatch sql` asks it, Ctrl-C ends it",
        quantity::of(settings.sources.len() as u64, "source", "sources"),
        context.store.display(),
        if settings.rules.is_none() { ", without rules" } else { "" },
    );
    let report = context.runtime.block_on(async {
        let interrupt = Interrupt::listen()?;
        let observer = Arc::new(Live::new(screen.clone(), context, greeting));
        let clock = Arc::clone(&context.clock);
        let watch = fillwatch_serve::watch(settings, clock, interrupt.asked(), observer);
        watch.await.map_err(Failure::from)
    });
    screen.clear();
    let report = report?;
    screen.line(&format!(
        "stopped: {} and {} in {}; all of it is committed",
        quantity::of(report.rows, "row", "rows"),
        quantity::of(report.rejects, "reject", "rejects"),
        quantity::of(report.commits, "commit", "commits"),
    ));
    Ok(ExitCode::Ok)
}

/// Shows how it goes.
struct Live {
    screen: Screen,
    clock: Arc<dyn Clock>,
    pace: Mutex<Pace>,
    /// Said once the store is open.
    greeting: Mutex<Option<String>>,
    /// Whether it was looked for logs that are not there.
    looked: AtomicBool,
    color: bool,
}

/// Rows per second, over the last second or so.
struct Pace {
    since: Instant,
    rows: u64,
    rows_per_second: f64,
    committed: Option<Instant>,
}

impl Live {
    fn new(screen: Screen, context: &Context, greeting: String) -> Live {
        let pace = Pace { since: Instant::now(), rows: 0, rows_per_second: 0.0, committed: None };
        Live {
            screen,
            clock: Arc::clone(&context.clock),
            pace: Mutex::new(pace),
            greeting: Mutex::new(Some(greeting)),
            looked: AtomicBool::new(false),
            color: context.terminal.error && context.terminal.color,
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is progress to tell of only when the store is open.
    fn greet(&self, progress: &Progress) {
        let greeting = self.greeting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(greeting) = greeting {
            self.screen.line(&greeting);
        }
        if progress.at_end && !self.looked.swap(true, Ordering::Relaxed) && progress.files == 0 {
            let hint = sources::NO_FILES_HINT;
            self.screen.line(&format!("there are no log files yet\nhint: {hint}"));
        }
    }

    /// A line that stays, with the time: a service's log is read the day after.
    fn line(&self, text: &str) {
        self.screen.line(&format!("{} {text}", quantity::moment(self.clock.now())));
    }
}

impl Pace {
    fn take(&mut self, rows: u64) {
        let elapsed = self.since.elapsed();
        if elapsed >= Duration::from_secs(1) {
            let new = rows.saturating_sub(self.rows);
            self.rows_per_second = new as f64 / elapsed.as_secs_f64();
            (self.since, self.rows) = (Instant::now(), rows);
        }
    }
}

impl Observer for Live {
    fn progress(&self, progress: &Progress) {
        self.greet(progress);
        let mut pace = self.pace();
        pace.take(progress.rows);
        let committed = match (progress.bytes_uncommitted, pace.committed) {
            (0, _) => "all committed".to_owned(),
            (bytes, None) => format!("{} to commit", quantity::bytes(bytes)),
            (bytes, Some(at)) => format!(
                "{} to commit, last {} ago",
                quantity::bytes(bytes),
                quantity::duration(at.elapsed())
            ),
        };
        let text = format!(
            "{}  {:.0} rows/s  {}  {}  {} behind  {committed}",
            quantity::of(progress.files, "file", "files"),
            pace.rows_per_second,
            quantity::of(progress.rows, "row", "rows"),
            quantity::of(progress.rejects, "reject", "rejects"),
            quantity::bytes(progress.bytes_waiting),
        );
        drop(pace);
        self.screen.status(text);
    }

    fn event(&self, event: &Event) {
        let (weight, text) = news::tell(event);
        if self.screen.says(weight) {
            self.line(&text);
        }
    }

    fn committed(&self, committed: &Committed) {
        self.pace().committed = Some(Instant::now());
        tracing::debug!(
            version = committed.version,
            rows = committed.rows,
            rejects = committed.rejects,
            bytes = committed.bytes,
            "committed"
        );
    }

    fn compacted(&self, compacted: &Compacted) {
        tracing::debug!(files = compacted.files_before, rows = compacted.rows, "compacted");
    }

    fn retained(&self, retained: &Retained) {
        self.line(&format!(
            "removed {} of days before {} ({})",
            quantity::of(retained.rows, "row", "rows"),
            retained.from,
            quantity::bytes(retained.bytes)
        ));
    }

    fn alert(&self, transition: &Transition) {
        let (weight, text) = telling::tell(transition, self.color);
        if self.screen.says(weight) {
            self.screen.line(&text);
        }
    }

    fn rules(&self, news: &RuleNews<'_>) {
        let (weight, text) = telling::news(news);
        if self.screen.says(weight) {
            self.line(&text);
        }
    }

    fn trouble(&self, trouble: &Trouble<'_>) {
        self.line(&news::trouble(trouble));
    }
}
