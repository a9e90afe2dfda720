//! `fillwatch rules test`: the timelines beside the rules.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_query::Views;
use fillwatch_query::output::harmless;
use fillwatch_rules::timeline::{Case, Suite};
use fillwatch_rules::{Overrides, Rule, RuleBook, RuleError, SHIPPED_TESTS};
use futures::StreamExt;
use tokio::runtime::Handle;

use super::book;
use crate::asker;
use crate::commands::rules::Test;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::here::shown;
use crate::interrupt::Interrupt;
use crate::quantity;
use crate::table::Tint;

/// Cases at once.
const AT_ONCE: usize = 2;

/// A file of timelines, and its text.
struct File {
    path: PathBuf,
    text: String,
}

/// One case, and the rule that it is of.
struct Play {
    rule: Rule,
    file: PathBuf,
    case: Case,
}

/// How it went.
struct Played {
    rule: String,
    title: String,
    took: Duration,
    /// What was not as it was wanted, each with its place.
    faults: Vec<String>,
}

pub(crate) fn run(args: &Test, context: &Context) -> Result<ExitCode, Failure> {
    let book = book::as_written(context);
    let files = files(args, &book, context)?;
    let mut plays = Vec::new();
    let mut broken: Vec<String> = Vec::new();
    for file in files {
        match plays_of(&file, &book) {
            Ok(found) => plays.extend(found),
            Err(error) => broken.push(error.to_string()),
        }
    }
    let color = context.terminal.color;
    let mut out = io::stdout().lock();
    for error in &broken {
        writeln!(out, "{}  {error}", word("FAILED", Tint::Bad, color))?;
    }
    if plays.is_empty() && broken.is_empty() {
        writeln!(out, "there are no timelines")?;
        return Ok(ExitCode::Ok);
    }
    let views = Arc::new(asker::views(&context.config)?);
    let width = plays.iter().map(|play| play.rule.name.len()).max().unwrap_or(0);
    let all = plays.len();
    let start = Instant::now();
    let (mut passed, mut failed) = (0, Vec::new());
    let interrupted = context.runtime.block_on(async {
        let interrupt = Interrupt::listen()?;
        let played = plays.into_iter().take_while(|_| !interrupt.was_asked()).map(|play| {
            let views = Arc::clone(&views);
            async move { play.play(views).await }
        });
        let mut played = futures::stream::iter(played).buffered(AT_ONCE);
        while let Some(played) = played.next().await {
            let (is_good, title) = (played.faults.is_empty(), harmless(&played.title));
            let verdict = if is_good {
                word("ok", Tint::Good, color)
            } else {
                word("FAILED", Tint::Bad, color)
            };
            let took = quantity::duration(played.took);
            writeln!(out, "{:<width$}  {title} … {verdict} ({took})", played.rule)?;
            for fault in &played.faults {
                writeln!(out, "    {}", harmless(fault))?;
            }
            if is_good {
                passed += 1;
            } else {
                failed.push(format!("{}: {title}", played.rule));
            }
        }
        Ok::<_, Failure>(interrupt.was_asked())
    })?;
    let took = quantity::duration(start.elapsed());
    let bad = failed.len() + broken.len();
    if failed.len() > 1 {
        writeln!(out, "\nfailed:")?;
        for title in &failed {
            writeln!(out, "    {title}")?;
        }
    }
    let left = all - passed - failed.len();
    let left = if left > 0 { format!(", {left} not played") } else { String::new() };
    writeln!(out, "\n{passed} passed, {bad} failed{left} in {took}")?;
    if interrupted {
        return Err(Failure::Interrupted);
    }
    Ok(if bad == 0 { ExitCode::Ok } else { ExitCode::Found })
}

fn word(word: &str, tint: Tint, color: bool) -> String {
    if color { tint.paint(word) } else { word.to_owned() }
}

/// The files that are asked for: all there are, those of some rules, or those named.
fn files(args: &Test, book: &RuleBook, context: &Context) -> Result<Vec<File>, Failure> {
    let directory = context.config.rules.directory.as_deref();
    if args.wanted.is_empty() {
        let mut files: Vec<File> = Vec::new();
        for (name, _) in SHIPPED_TESTS {
            files.extend(shipped(name, book));
        }
        if let Some(directory) = directory {
            files.extend(own(directory)?);
        }
        return Ok(files);
    }
    let mut files = Vec::new();
    for wanted in &args.wanted {
        if wanted.contains('/') || wanted.ends_with(".test") {
            files.push(read(Path::new(wanted))?);
            continue;
        }
        let rule = book::find(book, wanted)?;
        let mut found: Vec<File> = shipped(wanted, book).into_iter().collect();
        let beside = directory.map(|directory| directory.join(format!("{wanted}.test")));
        if let Some(file) = beside.filter(|file| file.exists()) {
            found.push(read(&file)?);
        }
        if found.is_empty() {
            let beside = rule.file.with_extension("test");
            return Err(Failure::usage(format!("`{wanted}` has no timeline")).hint(format!(
                "{} would be one; sql/rules/README.md says what stands in it",
                shown(&beside)
            )));
        }
        files.extend(found);
    }
    Ok(files)
}

/// The timeline that ships with a rule. One of the user's in its place has a timeline of its own.
fn shipped(name: &str, book: &RuleBook) -> Option<File> {
    let is_ours = book.get(name).is_none_or(|rule| rule.is_shipped);
    let (_, text) = SHIPPED_TESTS.iter().find(|(known, _)| *known == name && is_ours)?;
    let path = Path::new("sql/rules").join(format!("{name}.test"));
    Some(File { path, text: (*text).to_owned() })
}

/// The timelines in the user's directory.
fn own(directory: &Path) -> Result<Vec<File>, Failure> {
    let cannot = |error: io::Error| Failure::path("cannot read", directory, &error);
    let mut paths = Vec::new();
    for entry in directory.read_dir().map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".test") && !name.starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<File, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(File { path: path.to_owned(), text }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Failure::usage(format!("no such file: {}", path.display())))
        }
        Err(error) => Err(Failure::path("cannot read", path, &error)),
    }
}

/// The cases of a file, with the rule that is beside it or else of its name.
fn plays_of(file: &File, book: &RuleBook) -> Result<Vec<Play>, RuleError> {
    let suite = Suite::read(&file.path, &file.text)?;
    let beside = file.path.with_extension("sql");
    let rule = match (book.get(&suite.rule), std::fs::read_to_string(&beside)) {
        (Some(rule), Err(_)) => rule.clone(),
        (Some(rule), Ok(_)) if rule.file == beside => rule.clone(),
        (_, Ok(text)) => Rule::read(&beside, &text, false, &Overrides::default())?,
        (None, Err(_)) => {
            if let Some(broken) = book.broken().iter().find(|broken| broken.name == suite.rule) {
                return Err(broken.error.clone());
            }
            let cause = format!("there is no rule `{}`", suite.rule);
            return Err(RuleError { file: file.path.clone(), line: None, cause });
        }
    };
    let play = |case| Play { rule: rule.clone(), file: file.path.clone(), case };
    Ok(suite.cases.into_iter().map(play).collect())
}

impl Play {
    /// On a thread of its own: a case waits for its files.
    async fn play(self, views: Arc<Views>) -> Played {
        let (rule, title) = (self.rule.name.clone(), self.case.title.clone());
        let file = shown(&self.file);
        let runtime = Handle::current();
        let start = Instant::now();
        let work = tokio::task::spawn_blocking(move || {
            runtime.block_on(fillwatch_serve::rehearse(&self.rule, &self.case, &views))
        });
        let faults = match work.await {
            Ok(Ok(rehearsed)) => {
                let fault = |fault: fillwatch_serve::Fault| {
                    format!("{file}:{}: {}", fault.line, fault.text)
                };
                rehearsed.faults.into_iter().map(fault).collect()
            }
            Ok(Err(error)) => vec![format!("{file}: {error}")],
            Err(_) => vec![format!("{file}: it died; this is a bug worth reporting")],
        };
        Played { rule, title, took: start.elapsed(), faults }
    }
}
