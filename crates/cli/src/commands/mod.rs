//! One file per subcommand: what it takes, and what it does with it.

pub(crate) mod alerts;
pub(crate) mod bots;
pub(crate) mod demo;
pub(crate) mod fills;
pub(crate) mod ingest;
pub(crate) mod inspect;
pub(crate) mod orders;
pub(crate) mod rules;
pub(crate) mod simulate;
pub(crate) mod sql;
pub(crate) mod status;
pub(crate) mod verify;
pub(crate) mod watch;

use crate::args::Command;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Runs what was asked for.
pub(crate) fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        Command::Alerts(args) => alerts::run(&args, context),
        Command::Bots(args) => bots::run(&args, context),
        Command::Fills(args) => fills::run(&args, context),
        Command::Orders(args) => orders::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
        Command::Inspect(args) => inspect::run(&args, context),
        Command::Ingest(args) => ingest::run(&args, context),
        Command::Watch(args) => watch::run(&args, context),
        Command::Rules(args) => rules::run(&args, context),
        Command::Sql(args) => sql::run(args, context),
        Command::Status(args) => status::run(&args, context),
        Command::Verify(args) => verify::run(&args, context),
        Command::Simulate(args) => simulate::run(&args),
    }
}
