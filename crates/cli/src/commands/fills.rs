//! `fillwatch fills`: what was filled, and what it cost.

use crate::board::{self, Board, Filter, Look, Rows};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::table::Cell;

const EXAMPLES: &str = "\
Examples:
  fillwatch fills --since 1h
  fillwatch fills --bot mm1 --market KXBTC-26JAN --limit 200
  fillwatch fills --since 7d --format csv > fills.csv     # all columns, all rows

Slippage is (fill price - fair) with the sign of the side: positive is bad. `fillwatch sql '\\d fills'`
says what each column means.";

/// Show what was filled, and what it cost
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    /// Show the last so many [default: 50, or all in another format than table]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    limit: Option<u64>,
    #[command(flatten)]
    look: Look,
}

/// Fills of one instant are told apart by their line.
const ORDER: &[&str] = &["ts", "bot", "file", "\"offset\""];

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let shown = board::Listing {
        view: "fills",
        one: "fill",
        many: "fills",
        kind: "fill",
        conditions: Vec::new(),
        order: ORDER,
        limit: args.limit,
        table,
    };
    board::list(shown, &args.filter, &args.look, context)
}

fn table(rows: &Rows) -> Board {
    let mut board = Board::default();
    board.times("time", &rows.times("ts"));
    board.words("bot", rows.texts("bot"));
    board.words("strategy", rows.texts("strategy"));
    board.words("market", rows.texts("market"));
    board.words("side", rows.texts("side"));
    board.figures("size", &rows.floats("fill_size"), board::plain);
    board.figures("price", &rows.floats("fill_price"), board::plain);
    board.figures("fair", &rows.floats("fair"), board::plain);
    board.judged("slippage", &rows.floats("slippage"), |slippage| {
        Cell::tinted(board::difference(slippage), board::tint_of(-slippage))
    });
    board.figures("bps", &rows.floats("slippage_bps"), board::sigma);
    board.judged("edge", &rows.floats("edge"), |edge| {
        Cell::tinted(board::money(edge), board::tint_of(edge))
    });
    board.figures("fee", &rows.floats("fee"), board::plain);
    board.figures("latency ms", &rows.floats("latency_ms"), board::plain);
    board.keep(
        &["time", "market", "side", "price", "size", "slippage"],
        &["bot", "fee", "fair", "edge"],
    );
    board
}
