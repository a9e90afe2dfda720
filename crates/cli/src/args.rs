//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::commands::{
    alerts, bots, demo, fills, ingest, inspect, orders, rules, simulate, sql, status, verify, watch,
};
use crate::exit_code;
use crate::failure::Failure;

/// Watch trading bots through the logs they already write: tail JSONL into a Delta table of
/// Parquet, exactly once, and ask it anything in SQL.
#[derive(Debug, Parser)]
#[command(name = "fillwatch", version, after_help = exit_code::HELP, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Configuration file [default: ./fillwatch.toml if there is one]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) config: Option<PathBuf>,
    /// Directory of the store [default: `store` in the configuration, else ./store]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) store: Option<PathBuf>,
    /// Say more on standard error; twice for debugging
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Colours: `auto` is yes on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Global options"
    )]
    pub(crate) color: Color,
}

/// When to colour the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Args),
    Inspect(inspect::Args),
    Ingest(ingest::Args),
    Watch(watch::Args),
    Alerts(alerts::Args),
    Bots(bots::Args),
    Fills(fills::Args),
    Orders(orders::Args),
    Rules(rules::Args),
    Sql(sql::Args),
    Status(status::Args),
    Verify(verify::Args),
    Simulate(simulate::Args),
}

/// What the command line asks for.
pub(crate) enum Asked {
    /// To run a command.
    Run(Box<Global>, Box<Command>),
    /// To print this: help, or the version.
    Print(String),
}

/// Reads the command line.
pub(crate) fn read() -> Result<Asked, Failure> {
    let words: Vec<OsString> = std::env::args_os().collect();
    match Args::try_parse_from(&words) {
        Ok(Args { global, command: Some(command) }) => {
            Ok(Asked::Run(Box::new(global), Box::new(command)))
        }
        Ok(Args { command: None, .. }) => Ok(Asked::Print(short_help())),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Ok(Asked::Print(error.render().to_string()))
            }
            _ => Err(wrong(&error, &words)),
        },
    }
}

/// What `fillwatch` alone prints: the commands, and where to go from here.
fn short_help() -> String {
    let mut text = "Monitoring for trading bots, from the logs they already write.\n\n".to_owned();
    for command in Args::command().get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        text += &format!("  fillwatch {:<9} {about}\n", command.get_name());
    }
    text + "\nStart with `fillwatch demo`. `fillwatch --help` says more.\n"
}

/// clap's complaint in our form: one line, and what to do about it.
fn wrong(error: &clap::Error, words: &[OsString]) -> Failure {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n");
    let first = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let message = first.split_whitespace().collect::<Vec<_>>().join(" ").replace('\'', "`");
    let failure = Failure::usage(message);
    let suggested =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
            .into_iter()
            .find_map(|kind| error.get(kind));
    match suggested {
        Some(ContextValue::String(near)) => failure.hint(format!("did you mean `{near}`?")),
        Some(ContextValue::Strings(near)) if !near.is_empty() => {
            failure.hint(format!("did you mean `{}`?", near.join("` or `")))
        }
        _ => failure.hint(format!("`{} --help` says what it takes", asked_command(words))),
    }
}

/// The command that was typed, as far as it is one.
fn asked_command(words: &[OsString]) -> String {
    let known = Args::command();
    let typed = words.iter().skip(1).find_map(|word| known.find_subcommand(word));
    typed.map_or_else(
        || "fillwatch".to_owned(),
        |command| format!("fillwatch {}", command.get_name()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[expect(clippy::needless_pass_by_value, reason = "so that calls read check(…, expect![…])")]
    fn check(line: &str, complaint: Expect) {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let error = Args::try_parse_from(&words).unwrap_err();
        complaint.assert_eq(&wrong(&error, &words).to_string());
    }

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn slips_are_met_with_a_suggestion() {
        check(
            "fillwatch ingst logs",
            expect![[r#"
            fillwatch: unrecognized subcommand `ingst`
            hint: did you mean `inspect` or `ingest`?
        "#]],
        );
        check(
            "fillwatch sql --formt csv",
            expect![[r#"
            fillwatch: unexpected argument `--formt` found
            hint: did you mean `--format`?
        "#]],
        );
        check(
            "fillwatch sql --format cvs",
            expect![[r#"
                fillwatch: invalid value `cvs` for `--format <FORMAT>`: no format `cvs`; there are table, csv, json, ndjson, markdown, parquet and arrow
                hint: `fillwatch sql --help` says what it takes
            "#]],
        );
        check(
            "fillwatch sql --timeout 5",
            expect![[r#"
            fillwatch: invalid value `5` for `--timeout <TIME>`: `5` is not a duration: write a number and one of ms, s, m, h, d, w, as in `5s`
            hint: `fillwatch sql --help` says what it takes
        "#]],
        );
        check(
            "fillwatch sql --since 7d --from 2026-01-01",
            expect![[r#"
            fillwatch: the argument `--since <TIME>` cannot be used with `--from <TIME>`
            hint: `fillwatch sql --help` says what it takes
        "#]],
        );
        check(
            "fillwatch simulate",
            expect![[r#"
            fillwatch: the following required arguments were not provided: <DIR>
            hint: `fillwatch simulate --help` says what it takes
        "#]],
        );
    }
}
