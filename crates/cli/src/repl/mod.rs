//! The conversation of `fillwatch sql`.

mod backslash;
mod completion;
mod describe;
mod history;
pub(crate) mod statement;

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_query::output::{self, Format, Layout};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Behavior, CompletionType, Config, Editor};

use self::backslash::Backslash;
use self::completion::Words;
use crate::asker::{Asker, Range};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::memory_limit::MemoryLimit;
use crate::waiting::Waiter;
use crate::{pager, quantity};

/// Converses until the user leaves.
pub(crate) fn run(
    asker: Arc<Asker>,
    format: Format,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let waiter = Waiter::new()?;
    let mut repl =
        Repl { asker, format, expanded: false, timing: true, output: None, waiter, context };
    let mut editor = editor()?;
    let history = history::file();
    if let Some(file) = &history {
        let _ = editor.load_history(file);
    }
    repl.greet(&mut editor)?;
    loop {
        match editor.readline("fillwatch> ") {
            Ok(text) => {
                let _ = editor.add_history_entry(text.trim_end());
                if let Some(file) = &history {
                    // After each entry, so that a kill loses none; without a history we can live.
                    let _ = editor.append_history(file);
                }
                if !repl.take(&text)? {
                    return Ok(ExitCode::Ok);
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(ExitCode::Ok),
            Err(error) => {
                return Err(Failure::failed(format!("cannot read the terminal: {error}")));
            }
        }
    }
}

/// Answers `\d`, the one command that is of use outside of a conversation.
pub(crate) fn describe(asker: &Asker, text: &str, context: &Context) -> Result<ExitCode, Failure> {
    let Backslash::Describe(name) = backslash::parse(text).map_err(Failure::usage)? else {
        return Err(Failure::usage(format!("`{}` is for conversations", text.trim()))
            .hint("`fillwatch sql` alone opens one"));
    };
    let session = context.runtime.block_on(asker.session())?;
    let text = describe::text(&session.relations(), name.as_deref(), context.terminal)?;
    say(&text)?;
    Ok(ExitCode::Ok)
}

fn editor() -> Result<Editor<Words, FileHistory>, Failure> {
    let config = Config::builder()
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .behavior(Behavior::PreferTerm)
        .build();
    Editor::with_config(config)
        .map_err(|error| Failure::failed(format!("cannot use the terminal: {error}")))
}

/// The conversation's state.
struct Repl<'a> {
    asker: Arc<Asker>,
    format: Format,
    expanded: bool,
    timing: bool,
    /// Where answers go instead of the screen.
    output: Option<(PathBuf, File)>,
    waiter: Waiter,
    context: &'a Context,
}

impl Repl<'_> {
    /// Says where we are, and learns the words to complete.
    fn greet(&self, editor: &mut Editor<Words, FileHistory>) -> Result<(), Failure> {
        let session = self.context.runtime.block_on(self.asker.session())?;
        let relations = session.relations();
        let words = relations.into_iter().map(|relation| {
            let columns = relation.columns.into_iter().map(|(name, _)| name).collect();
            (relation.name, columns)
        });
        editor.set_helper(Some(Words::new(words.collect())));
        let store = self.context.store.display();
        say(&format!("fillwatch {}, store {store}; \\? for help\n", env!("CARGO_PKG_VERSION")))
    }

    /// Does what was typed; false to leave.
    fn take(&mut self, text: &str) -> Result<bool, Failure> {
        let outcome = if text.trim_start().starts_with('\\') {
            match backslash::parse(text) {
                Ok(Backslash::Quit) => return Ok(false),
                Ok(command) => self.command(command),
                Err(message) => Err(Failure::usage(message)),
            }
        } else {
            statement::split(text).whole.into_iter().try_for_each(|sql| self.ask(sql))
        };
        match outcome {
            // The screen is gone, and with it whoever could go on.
            Err(Failure::PipeClosed) => return Err(Failure::PipeClosed),
            Err(failure) => failure.report(),
            Ok(()) => {}
        }
        Ok(true)
    }

    fn command(&mut self, command: Backslash) -> Result<(), Failure> {
        match command {
            Backslash::Quit => Ok(()),
            Backslash::Help => say(&backslash::help()),
            Backslash::Describe(name) => self.describe(name.as_deref()),
            Backslash::Timing => {
                self.timing = !self.timing;
                say(&format!("timing is {}\n", on_or_off(self.timing)))
            }
            Backslash::Expanded => {
                self.expanded = !self.expanded;
                say(&format!("expanded is {}\n", on_or_off(self.expanded)))
            }
            Backslash::Format(format) if format.is_binary() => {
                Err(Failure::usage(format!("{format} is not for a terminal"))
                    .hint("leave, and use `fillwatch sql --output FILE`"))
            }
            Backslash::Format(format) => {
                self.format = format;
                Ok(())
            }
            Backslash::Since(since) => self.look_back(since),
            Backslash::Output(path) => self.redirect(path),
        }
    }

    fn describe(&self, name: Option<&str>) -> Result<(), Failure> {
        let session = self.context.runtime.block_on(self.asker.session())?;
        let text = describe::text(&session.relations(), name, self.context.terminal)?;
        self.show(text.as_bytes())
    }

    fn look_back(&mut self, since: Option<Duration>) -> Result<(), Failure> {
        let range = since.map_or(Range::ALL, Range::Since);
        // A query that was given up may still hold the old one.
        self.asker = Arc::new(self.asker.with_range(range));
        say(&match since {
            Some(since) => format!("events of the last {}\n", quantity::duration(since)),
            None => "all events\n".to_owned(),
        })
    }

    fn redirect(&mut self, path: Option<PathBuf>) -> Result<(), Failure> {
        let Some(path) = path else {
            self.output = None;
            return say("answers go to the screen\n");
        };
        let file = File::options().create(true).append(true).open(&path);
        let file = file.map_err(|error| Failure::path("cannot write", &path, &error))?;
        let told = format!("answers are appended to {}\n", path.display());
        self.output = Some((path, file));
        say(&told)
    }

    /// Answers one statement.
    fn ask(&mut self, sql: &str) -> Result<(), Failure> {
        let start = Instant::now();
        let text = self.answer(sql.to_owned())?;
        let took = start.elapsed();
        self.show(&text)?;
        if self.timing { say(&format!("({})\n", quantity::duration(took))) } else { Ok(()) }
    }

    /// Runs a query where Ctrl-C reaches it. Gives what is to be shown, if it was not written to
    /// its place as it came.
    fn answer(&mut self, sql: String) -> Result<Vec<u8>, Failure> {
        let (asker, format) = (Arc::clone(&self.asker), self.format);
        // The screen may have another size than a moment ago.
        let layout = Layout { expanded: self.expanded, ..self.context.terminal.layout() };
        let mut place = self.place()?;
        let limit = MemoryLimit::watch(self.asker.memory_bytes(), true, Box::new(|| {}));
        self.waiter.answer(self.asker.timeout(), async move {
            let _limit = limit;
            let mut text = Vec::new();
            let answer = asker.session().await?.query(&sql).await?;
            match &mut place {
                Some(place) => output::write(answer, format, &layout, &mut **place).await?,
                None => output::write(answer, format, &layout, &mut text).await?,
            }
            Ok(text)
        })
    }

    /// Where answers are written as they come: the file of `\o`, or the screen for formats without
    /// end. A table has its bounds, and is shown when it is complete.
    fn place(&self) -> Result<Option<Box<dyn Write + Send>>, Failure> {
        match &self.output {
            Some((path, file)) => match file.try_clone() {
                Ok(file) => Ok(Some(Box::new(io::BufWriter::new(file)))),
                Err(error) => Err(Failure::path("cannot write", path, &error)),
            },
            None if self.format == Format::Table => Ok(None),
            None => Ok(Some(Box::new(io::BufWriter::new(io::stdout())))),
        }
    }

    fn show(&self, text: &[u8]) -> Result<(), Failure> {
        let rows = self.context.terminal.size().map(|(_, rows)| rows);
        let mut out = io::stdout().lock();
        pager::show(text, rows, &mut out)?;
        Ok(out.flush()?)
    }
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
