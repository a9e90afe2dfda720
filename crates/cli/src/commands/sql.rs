//! `fillwatch sql`: ask the store, once or in a conversation.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fillwatch_model::Micros;
use fillwatch_query::Format;

use crate::answering;
use crate::asker::{Asker, Range};
use crate::config::MEMORY_MIN;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::quantity::{self, parse_duration, parse_moment, parse_size};
use crate::repl;
use crate::repl::statement;

/// How long a query may run if nobody says otherwise: longer than a person waits.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

const EXAMPLES: &str = "\
Examples:
  fillwatch sql                                     # a conversation; \\? lists its commands
  fillwatch sql 'select kind, count(*) from events group by 1'
  fillwatch sql --since 7d 'select date, bot, count(*) as fills from events
                            where kind = '\\''fill'\\'' group by 1, 2 order by 1, 2'
  fillwatch sql --since 1d -o fills.parquet \"select * from events where kind = 'fill'\"
  fillwatch sql -f daily.sql --format csv | head
  fillwatch sql '\\d fills'                          # what a relation's rows and columns are

The tables are events, quarantine, sources and fields; `\\d` in a conversation lists them and the
views with their columns. Times are UTC. Beside a running `fillwatch watch`, answers include the
lines it read but has not committed yet.

`arrow` and the name *.arrow mean an Arrow IPC file, also called Feather V2; `parquet` is a Parquet
file. In CSV, text that a spreadsheet would run as a formula gets a ' in front.";

/// Ask the store anything in SQL; without a query, a conversation
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The query; `-` reads statements from standard input
    query: Option<String>,
    /// Read statements from a file
    #[arg(short, long, value_name = "FILE", conflicts_with = "query")]
    file: Option<PathBuf>,
    /// See only events this far back (30m, 36h, 7d)
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with_all = ["from", "to"])]
    since: Option<Duration>,
    /// See only events at or after this time (RFC 3339, or a date in UTC)
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    from: Option<Micros>,
    /// See only events before this time (RFC 3339, or a date in UTC)
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    to: Option<Micros>,
    /// table, csv, json, ndjson, markdown, parquet or arrow [default: from the name of --output, else table]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<Format>,
    /// Write the answer to a file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Stop a query after this time [default: `timeout` in [sql], else 60s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Memory that a query may take [default: `memory` in [sql], else 2GiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    memory: Option<u64>,
}

/// As `memory` in `[sql]`: with less, no query has room.
pub(crate) fn parse_memory(text: &str) -> Result<u64, String> {
    match parse_size(text)? {
        bytes if bytes < MEMORY_MIN => {
            Err(format!("it must be at least {}", quantity::bytes(MEMORY_MIN)))
        }
        bytes => Ok(bytes),
    }
}

pub(crate) fn parse_format(text: &str) -> Result<Format, String> {
    text.parse().map_err(|error| format!("{error}"))
}

pub(crate) fn run(args: Args, context: &Context) -> Result<ExitCode, Failure> {
    let asker = asker(&args, context)?;
    let Some(text) = text(&args, context)? else {
        return repl::run(asker, args.format.unwrap_or(Format::Table), context);
    };
    if text.trim_start().starts_with('\\') {
        return repl::describe(&asker, &text, context);
    }
    let statements = statement::split(&text);
    let mut statements: Vec<&str> = statements.whole.into_iter().chain([statements.rest]).collect();
    statements.retain(|statement| !statement::is_blank(statement));
    if statements.is_empty() {
        return Err(Failure::usage("there is no query in it"));
    }
    if args.output.is_some() && statements.len() > 1 {
        return Err(Failure::usage(
            "--output takes the answer of one query, and these are several",
        ));
    }
    let format = format_of(args.format, args.output.as_deref(), context)?;
    for statement in statements {
        answering::write(&asker, statement, format, args.output.as_deref(), context)?;
    }
    Ok(ExitCode::Ok)
}

fn asker(args: &Args, context: &Context) -> Result<Arc<Asker>, Failure> {
    let range = match args.since {
        Some(since) => Range::Since(since),
        None => Range::Between(args.from, args.to),
    };
    if let Range::Between(Some(from), Some(to)) = range
        && from >= to
    {
        return Err(Failure::usage("--from is not before --to"));
    }
    let sql = &context.config.sql;
    let timeout = args.timeout.or(sql.timeout).unwrap_or(TIMEOUT);
    Asker::new(context, range, timeout, args.memory.or(sql.memory_bytes)).map(Arc::new)
}

/// What to run: `None` for a conversation.
fn text(args: &Args, context: &Context) -> Result<Option<String>, Failure> {
    match (&args.query, &args.file) {
        (Some(query), _) if query != "-" => Ok(Some(query.clone())),
        (None, Some(file)) => std::fs::read_to_string(file)
            .map(Some)
            .map_err(|error| Failure::path("cannot read", file, &error)),
        (None, None) if context.terminal.input && context.terminal.output => Ok(None),
        _ => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| Failure::failed(format!("cannot read standard input: {error}")))?;
            Ok(Some(text))
        }
    }
}

/// The format that is asked for, or that the name of the file says.
pub(crate) fn format_of(
    format: Option<Format>,
    output: Option<&Path>,
    context: &Context,
) -> Result<Format, Failure> {
    match (format, output) {
        (Some(format), None) if context.terminal.output && format.is_binary() => {
            Err(Failure::usage(format!("{format} is not for a terminal"))
                .hint("`--output FILE`, or a pipe"))
        }
        (Some(format), _) => Ok(format),
        (None, Some(file)) => Format::of_file(file).ok_or_else(|| {
            Failure::usage(format!("no format is known by the name of `{}`", file.display()))
                .hint("say it with --format, or end the name in .csv, .json, .ndjson, .md, .parquet, .arrow or .txt")
        }),
        (None, None) => Ok(Format::Table),
    }
}
