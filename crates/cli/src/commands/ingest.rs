//! `fillwatch ingest`: read what there is, once.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_serve::{Observer, Progress, Report, Trouble};
use fillwatch_store::DayClosed;

use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::here::shown;
use crate::interrupt::Interrupt;
use crate::screen::Screen;
use crate::settings::settings;
use crate::unreadable::Unreadable;
use crate::{logging, news, quantity, sources};

const EXAMPLES: &str = "\
Examples:
  fillwatch ingest logs                           # into ./store
  fillwatch ingest 'logs/*/bot.jsonl' --store /data/store
  fillwatch ingest --final-line archive           # the writers are gone: take unfinished lines too
  fillwatch ingest                                # the sources of fillwatch.toml

It is safe to repeat: each line goes in once, and a second run over the same files adds nothing.
Exit code 4 says that a file could not be read; what the others hold is in.";

/// Read logs into the store, once, and end
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Directories (with all below), globs or files [default: the sources of fillwatch.toml]
    paths: Vec<PathBuf>,
    /// Take a last line without newline as finished
    #[arg(long)]
    final_line: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let sources = sources::choose(&args.paths, &context.config)?;
    let settings = settings(context, sources);
    let screen = Screen::new(context);
    logging::start(context, &screen);
    for warning in sources::warnings(&args.paths, &context.config) {
        screen.line(&warning);
    }
    let start = Instant::now();
    let meter =
        Arc::new(Meter { screen: screen.clone(), start, unreadable: Unreadable::default() });
    let report = context.runtime.block_on(async {
        let interrupt = Interrupt::listen()?;
        let observer: Arc<dyn Observer> = Arc::clone(&meter) as _;
        let clock = Arc::clone(&context.clock);
        let ingest =
            fillwatch_serve::ingest(settings, args.final_line, clock, interrupt.asked(), observer);
        ingest.await.map_err(Failure::from)
    });
    screen.clear();
    let report = report?;
    io::stdout().write_all(summary(&report, start.elapsed()).as_bytes())?;
    if report.interrupted {
        return Err(Failure::Interrupted);
    }
    match meter.unreadable.failure() {
        Some(failure) => {
            Err(failure.hint("what else there is was taken in; run it again when they can be read"))
        }
        None if report.files == 0 => {
            screen.line(&format!("there are no log files\nhint: {}", sources::NO_FILES_HINT));
            Ok(ExitCode::Ok)
        }
        None => Ok(ExitCode::Ok),
    }
}

/// Shows how far it is.
struct Meter {
    screen: Screen,
    start: Instant,
    unreadable: Unreadable,
}

impl Observer for Meter {
    fn progress(&self, progress: &Progress) {
        let all = progress.bytes + progress.bytes_waiting;
        let seconds = self.start.elapsed().as_secs_f64().max(0.001);
        let rate = progress.bytes as f64 / seconds;
        let left = Duration::try_from_secs_f64(progress.bytes_waiting as f64 / rate);
        let text = format!(
            "{} of {}  {} rows  {}/s  {} left",
            quantity::bytes(progress.bytes),
            quantity::bytes(all),
            quantity::count(progress.rows),
            quantity::bytes(rate as u64),
            left.map_or("…".to_owned(), quantity::duration),
        );
        self.screen.done(progress.bytes, all, text);
    }

    fn closed(&self, closed: &DayClosed, left: usize) {
        let left = quantity::of(left as u64, "day", "days");
        self.screen.status(format!("every line is in; added up {}, {left} left", closed.day));
    }

    fn event(&self, event: &fillwatch_tail::Event) {
        self.unreadable.hear(event);
        let (weight, line) = news::tell(event);
        if self.screen.says(weight) {
            self.screen.line(&line);
        }
    }

    fn trouble(&self, trouble: &Trouble<'_>) {
        self.screen.line(&news::trouble(trouble));
    }
}

/// How many files with unfinished lines are named.
const NAMED_MAX: usize = 5;

fn summary(report: &Report, took: Duration) -> String {
    let mut text = if report.bytes == 0 {
        format!("nothing new in {}\n", quantity::of(report.files, "file", "files"))
    } else {
        format!(
            "{}, {}, {} from {} in {}\ntook {} ({}/s)\n",
            quantity::of(report.rows, "row", "rows"),
            quantity::of(report.rejects, "reject", "rejects"),
            quantity::bytes(report.bytes),
            quantity::of(report.files, "file", "files"),
            quantity::of(report.commits, "commit", "commits"),
            quantity::duration(took),
            quantity::bytes((report.bytes as f64 / took.as_secs_f64().max(0.001)) as u64),
        )
    };
    for (path, bytes) in report.unfinished.iter().take(NAMED_MAX) {
        let bytes = quantity::of(*bytes, "byte waits", "bytes wait");
        text += &format!("{bytes} in {} for the end of the line\n", shown(path));
    }
    match report.unfinished.len().saturating_sub(NAMED_MAX) {
        0 => {}
        more => {
            text += &format!("and in {}\n", quantity::of(more as u64, "more file", "more files"))
        }
    }
    if !report.unfinished.is_empty() {
        text += "if their writers are gone, --final-line takes them as they are\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_summary_says_what_waits() {
        let unfinished = (0..7).map(|n| (format!("logs/{n}.jsonl").into(), 30 + n)).collect();
        let report = Report {
            files: 9,
            bytes: 1_500_000,
            rows: 12_000,
            rejects: 1,
            commits: 2,
            unfinished,
            interrupted: false,
        };
        expect![[r#"
            12,000 rows, 1 reject, 1.50 MB from 9 files in 2 commits
            took 2.0 s (750 kB/s)
            30 bytes wait in logs/0.jsonl for the end of the line
            31 bytes wait in logs/1.jsonl for the end of the line
            32 bytes wait in logs/2.jsonl for the end of the line
            33 bytes wait in logs/3.jsonl for the end of the line
            34 bytes wait in logs/4.jsonl for the end of the line
            and in 2 more files
            if their writers are gone, --final-line takes them as they are
        "#]]
        .assert_eq(&summary(&report, Duration::from_secs(2)));
        let report = Report { files: 9, ..Report::default() };
        expect![[r#"
            nothing new in 9 files
        "#]]
        .assert_eq(&summary(&report, Duration::from_secs(2)));
    }
}
