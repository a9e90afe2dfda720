//! `fillwatch inspect`: what is in these files, and how it will be read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fillwatch_decode::survey::{FileSurvey, Survey};
use fillwatch_model::{Fields, LineChunk, limits};
use fillwatch_tail::{Closed, Event, Options, Sink, Tailer};

use crate::asker;
use crate::config::DEFAULT_FILE;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::inspect::{draft, findings, measures, rules};
use crate::rules::book;
use crate::screen::Screen;
use crate::sources::{self, Sources};
use crate::unreadable::Unreadable;
use crate::{news, quantity};

const EXAMPLES: &str = "\
Examples:
  fillwatch inspect logs
  fillwatch inspect logs --write fillwatch.toml   # the same as a configuration, to edit
  fillwatch inspect                               # try the edited configuration

It reads and writes no store.";

/// Show what is in log files and how it will be read
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Directories (with all below), globs or files [default: the sources of fillwatch.toml]
    paths: Vec<PathBuf>,
    /// Write a commented configuration that reads the logs in this way
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Let --write replace a file that is there
    #[arg(long, requires = "write")]
    force: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let sources = sources::choose(&args.paths, &context.config)?;
    if let Some(file) = &args.write
        && file.exists()
        && !args.force
    {
        return Err(Failure::usage(format!("`{}` is there already", file.display()))
            .hint("--force replaces it"));
    }
    let screen = Screen::new(context);
    let drafts = sources.drafts(args.write.as_deref());
    for warning in sources::warnings(&args.paths, &context.config) {
        screen.line(&warning);
    }
    let unreadable = Unreadable::default();
    let files = survey(&sources, &unreadable, context, &screen);
    screen.clear();
    let files = files?;
    if files.is_empty() {
        let none = Failure::usage("there are no log files").hint(sources::NO_FILES_HINT);
        return Err(unreadable.failure().unwrap_or(none));
    }
    let mut text = findings::text(&files, context.terminal.color);
    text += &findings::nowhere(&sources.mappings, &files);
    let width = context.terminal.size().map(|(columns, _)| columns.into());
    let views = asker::views(&context.config)?;
    text += &measures::text(&views, &files, width);
    text += &rules::text(&book::read(context)?, &views, &files, width);
    io::stdout().write_all(text.as_bytes())?;
    if let Some(file) = &args.write {
        let text = draft::text(&drafts, &files);
        std::fs::write(file, text).map_err(|error| Failure::path("cannot write", file, &error))?;
        let again = if file == Path::new(DEFAULT_FILE) {
            String::new()
        } else {
            format!(" --config {}", file.display())
        };
        let told =
            format!("\nwrote {}; edit it and try `fillwatch inspect{again}`\n", file.display());
        io::stdout().write_all(told.as_bytes())?;
    }
    Ok(ExitCode::Ok)
}

/// Reads all there is through the tailer, as ingest would.
fn survey(
    sources: &Sources,
    unreadable: &Unreadable,
    context: &Context,
    screen: &Screen,
) -> Result<Vec<FileSurvey>, Failure> {
    let columns_max = context.config.ingest.columns_max.and_then(|n| usize::try_from(n).ok());
    let fields = Arc::new(Fields::new(columns_max.unwrap_or(limits::COLUMNS_MAX)));
    let options = Options { notify: false, ..Options::default() };
    let clock = Arc::clone(&context.clock);
    let tailer = Tailer::new(sources.sources.clone(), Vec::new(), options, clock);
    let mut tailer = tailer.map_err(Failure::failed)?;
    let survey = Survey::new(Arc::clone(&sources.mappings), fields);
    let mut feed = Feed { survey, unreadable, bytes: 0, screen };
    let read = |_| Failure::failed("cannot read the logs");
    while !tailer.sweep(&mut feed).map_err(read)?.at_end {}
    tailer.finish(&mut feed).map_err(read)?;
    Ok(feed.survey.finish())
}

/// The survey, as where the tailer's findings go.
struct Feed<'a> {
    survey: Survey,
    unreadable: &'a Unreadable,
    bytes: u64,
    screen: &'a Screen,
}

impl Sink for Feed<'_> {
    fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed> {
        self.bytes += chunk.to - chunk.from;
        self.screen.status(format!("reading: {}", quantity::bytes(self.bytes)));
        self.survey.feed(&[chunk]);
        Ok(())
    }

    fn event(&mut self, event: Event) {
        self.unreadable.hear(&event);
        let (weight, line) = news::tell(&event);
        if self.screen.says(weight) {
            self.screen.line(&line);
        }
    }
}
