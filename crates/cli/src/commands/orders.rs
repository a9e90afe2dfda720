//! `fillwatch orders`: what became of what was ordered.

use clap::ValueEnum;

use crate::board::{self, Board, Filter, Look, Rows};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::table::{Cell, Tint};

const EXAMPLES: &str = "\
Examples:
  fillwatch orders --status open
  fillwatch orders --bot mm1 --status rejected --since 1h
  fillwatch orders --since 7d --format parquet -o orders.parquet

An order is shown if it was alive in the window: placed in it, open when it began, or with a line in
it. `fillwatch sql '\\d orders'` says what each column means.";

/// Show what became of orders
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    /// Only with this status; `open` are also those filled in part
    #[arg(long)]
    status: Option<Status>,
    /// Show the last so many [default: 50, or all in another format than table]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    limit: Option<u64>,
    #[command(flatten)]
    look: Look,
}

/// What may have become of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum Status {
    Open,
    Partial,
    Filled,
    Cancelled,
    Rejected,
    Expired,
}

impl Status {
    fn condition(self) -> &'static str {
        match self {
            Status::Open => "status in ('open', 'partial')",
            Status::Partial => "status = 'partial'",
            Status::Filled => "status = 'filled'",
            Status::Cancelled => "status = 'cancelled'",
            Status::Rejected => "status = 'rejected'",
            Status::Expired => "status = 'expired'",
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Status::Open => ("open order", "open orders"),
            Status::Partial => ("order filled in part", "orders filled in part"),
            Status::Filled => ("filled order", "filled orders"),
            Status::Cancelled => ("cancelled order", "cancelled orders"),
            Status::Rejected => ("rejected order", "rejected orders"),
            Status::Expired => ("expired order", "expired orders"),
        }
    }
}

/// Bots count their orders, so that of two placed at once the longer id is the later.
const ORDER: &[&str] = &[
    "coalesce(placed_at, last_at)",
    "bot",
    "coalesce(run_id, '')",
    "length(order_id)",
    "order_id",
];

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let conditions = args.status.map(Status::condition).into_iter().collect();
    let (one, many) = args.status.map_or(("order", "orders"), Status::names);
    let shown = board::Listing {
        view: "orders",
        one,
        many,
        kind: "order_placed",
        conditions,
        order: ORDER,
        limit: args.limit,
        table,
    };
    board::list(shown, &args.filter, &args.look, context)
}

fn table(rows: &Rows) -> Board {
    let mut board = Board::default();
    board.times("placed", &rows.times("placed_at"));
    board.words("bot", rows.texts("bot"));
    board.words("strategy", rows.texts("strategy"));
    board.words("market", rows.texts("market"));
    board.words("side", rows.texts("side"));
    board.figures("size", &rows.floats("size"), board::plain);
    board.figures("price", &rows.floats("price"), board::plain);
    board.figures("fair", &rows.floats("fair"), board::plain);
    let status = rows.texts("status").into_iter().map(|status| status.map(judged));
    board.cells("status", false, status.collect());
    board.figures("filled", &rows.floats("filled_size"), board::plain);
    board.figures("fill price", &rows.floats("avg_fill_price"), board::plain);
    board.figures("answer ms", &rows.floats("placement_latency_ms"), board::milliseconds);
    board.figures("fill ms", &rows.floats("time_to_fill_ms"), board::milliseconds);
    board.words("order", rows.texts("order_id"));
    board.words_if_any("why", why(rows));
    board.keep(
        &["placed", "market", "side", "price", "size", "status"],
        &["bot", "filled", "fill price", "why"],
    );
    board
}

fn judged(status: String) -> Cell {
    let tint = match status.as_str() {
        "filled" => Tint::Good,
        "rejected" => Tint::Bad,
        "expired" | "partial" => Tint::Warning,
        _ => Tint::None,
    };
    Cell::tinted(status, tint)
}

/// The code and the words of a rejection; nothing where there is nothing to say.
fn why(rows: &Rows) -> Vec<Option<String>> {
    let codes = rows.counts("reject_code");
    let told = codes.into_iter().zip(rows.texts("reject_reason"));
    let told = told.map(|(code, reason)| match (code, reason) {
        (Some(code), Some(reason)) => Some(format!("{code} {reason}")),
        (Some(code), None) => Some(code.to_string()),
        (None, reason) => reason,
    });
    told.collect()
}
