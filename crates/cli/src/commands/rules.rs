//! `fillwatch rules`: what they are, whether they are right, and what they would have said.

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use fillwatch_model::Micros;

use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::quantity::{parse_duration, parse_moment};
use crate::rules::book::parse_param;
use crate::rules::{backtest, check, explain, list, once, rehearsal};

const EXAMPLES: &str = "\
Examples:
  fillwatch rules list
  fillwatch rules check
  fillwatch rules test heartbeat_lost
  fillwatch rules run heartbeat_lost --at 2026-01-05T12:00:00Z --param max_silence_s=30
  fillwatch rules explain heartbeat_lost          # the last time it fired
  fillwatch rules backtest --since 30d --rule heartbeat_lost --param max_silence_s=300

A rule is a file of SQL whose rows are alerts; sql/rules/README.md says what stands in it. Those that
ship are joined by the files in `directory` of [rules], and moved by [rules.NAME].";

/// List, check, test and explain the rules that make alerts
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(List),
    Check(Check),
    Test(Test),
    Run(Run),
    Explain(Explain),
    Backtest(Backtest),
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Form {
    #[default]
    Table,
    Json,
}

/// Show each rule in a line, and whether the logs support it
///
/// Exit code 1 says that a file is no rule.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  fillwatch rules list
  fillwatch rules list --format json | jq -r '.rules[] | select(.enabled) | .rule'")]
pub(crate) struct List {
    /// table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub(crate) format: Form,
}

/// Find what is wrong or dubious in rules
///
/// With a store also which columns and lines they read that no log has had, and which have never
/// fired. Exit code 1 says that there is an error.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  fillwatch rules check
  fillwatch rules check my_rule heartbeat_lost")]
pub(crate) struct Check {
    /// Only these [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

/// Play the timelines beside the rules: what is logged when, and what must fire then
///
/// Rules have the params of their files then, and not those of the configuration. Exit code 1 says
/// that something was not as it was wanted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  fillwatch rules test                            # all of them
  fillwatch rules test heartbeat_lost
  fillwatch rules test rules/my_rule.test         # of the rule my_rule")]
pub(crate) struct Test {
    /// Rules, or files of timelines [default: all]
    #[arg(value_name = "NAME|FILE")]
    pub(crate) wanted: Vec<String>,
}

/// Evaluate a rule once, and show its rows
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  fillwatch rules run heartbeat_lost
  fillwatch rules run heartbeat_lost --at 2026-01-05T12:00:00Z --param max_silence_s=30")]
pub(crate) struct Run {
    /// The rule
    pub(crate) name: String,
    /// As of this time (RFC 3339, or a date in UTC) [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(crate) at: Option<Micros>,
    /// With this value of a param
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    pub(crate) params: Vec<(String, toml::Value)>,
    /// table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub(crate) format: Form,
}

/// Show why an alert fired: its row, its SQL, and the same computed again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  fillwatch rules explain heartbeat_lost-7c1e     # as `fillwatch alerts` calls it, or its beginning
  fillwatch rules explain heartbeat_lost          # the last time that this rule fired")]
pub(crate) struct Explain {
    /// The alert's id, or its beginning, or a rule
    #[arg(value_name = "ALERT")]
    pub(crate) alert: String,
}

/// Run rules over what was logged: which pages one would have had
///
/// Every tick is evaluated as it would have been then. With --param rules run twice, once as they
/// are; pages that only one of the two gives are marked `-` and `+`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  fillwatch rules backtest --since 7d
  fillwatch rules backtest --since 30d --rule heartbeat_lost --param max_silence_s=300
  fillwatch rules backtest --from 2026-01-05 --to 2026-01-06 --format json")]
pub(crate) struct Backtest {
    /// From so long ago (36h, 7d)
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "from", required_unless_present = "from")]
    pub(crate) since: Option<Duration>,
    /// From this time on (RFC 3339, or a date in UTC)
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(crate) from: Option<Micros>,
    /// Until this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(crate) to: Option<Micros>,
    /// Only this rule; may be repeated [default: those that are on; with --param, those that have it]
    #[arg(long = "rule", value_name = "NAME")]
    pub(crate) rules: Vec<String>,
    /// What if a param had this value; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    pub(crate) params: Vec<(String, toml::Value)>,
    /// table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", hide_default_value = true)]
    pub(crate) format: Form,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    match &args.command {
        Command::List(args) => list::run(args, context),
        Command::Check(args) => check::run(args, context),
        Command::Test(args) => rehearsal::run(args, context),
        Command::Run(args) => once::run(args, context),
        Command::Explain(args) => explain::run(args, context),
        Command::Backtest(args) => backtest::run(args, context),
    }
}
