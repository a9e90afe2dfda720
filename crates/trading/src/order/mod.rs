//! The fold of one order: what became of it, and its real fills.
//!
//! [`fold`] takes every line of one key (bot, run, order id) and gives the orders that had that id
//! and the fills they had. It reads the lines by time, then by what they say, one after the other,
//! and decides with what it has read so far; [`Order::to_json`] is all that it knows after a line,
//! so that it can go on later as if it had never stopped.
//!
//! # One id, several orders
//!
//! Bots count from 1 again when they restart, and try again with the id of an order that was
//! rejected. A line that places an order starts a new one where the order of that id
//!
//! - is of another market or side: `7 buy BTC` and, an hour later, `7 sell ETH`;
//! - is over: `7` filled and, a minute later, `7` placed. Not so where it tells the same placement
//!   again: at the same instant, or within [`RETOLD_WITHIN`] by another word with nothing that
//!   differs (`order_submit` and `grid_order`), or as the first to place an order that began no
//!   earlier than that, by a clock that is a little slow;
//! - is open at another price or size, for longer than [`RETOLD_WITHIN`]. A bot that amends an order
//!   and logs that as a placement so has two orders of one id: the fills are measured against the
//!   price that was asked last.
//!
//! Any line starts a new order when the last one was over for [`OVER_FOR`] or heard of no more for
//! [`SILENT_FOR`].
//!
//! An order that was open when its id was taken is cancelled from then on; one that was silent for
//! [`SILENT_FOR`] expired at the end of that, whether a line came after it or none.
//!
//! # A fill is counted once
//!
//! Bots tell a fill several times: as it happens, as the state of the order, as a summary. Every
//! line that tells a fill is either *counted*, in full or in part, or it *retells*: then it only
//! fills in what the line that counted lacked. *Word* is the log's word for the event: two lines
//! with the same word tell two fills.
//!
//! 1. **Exact duplicates** are one line.
//! 2. **A trade id** that was told already retells: `fill t1 10`, `trade t1 10`. Not so where
//!    market or side, as the lines or else the order have them, contradict each other: venues
//!    number trades by market.
//! 3. **A line that was told already by another word**, with the same size and the same price (or
//!    without): `fill 10 @ 0.51`, `order_filled 10 @ 0.51`. Both times within [`RETOLD_WITHIN`], or
//!    counting both would be more than was ordered. Where one word says *partial* and the other does
//!    not (`fill_partial 10`, `fill_full 10`), only if both would be more than was ordered. Each fill
//!    is retold once by each word: `fill 5`, `fill 5`, `trade 5`, `trade 5` are two fills. One of
//!    the two must lack a trade id.
//! 4. **A running total** `c` (*filled so far*, or the order's size less what *remains*) counts
//!    `c - filled`, and retells if that is nothing: `fill 10`, `order_update c=10`,
//!    `order_update c=25` are fills of 10 and 15. It does so also in the other order:
//!    `order_update c=10`, `fill 10`; the price of the `fill` then takes the place of the other's,
//!    which may be an average. Where the line says that its price is the mean
//!    of all fills so far, the fill's own follows from it: `c=10 mean=0.40`, `c=20 mean=0.45` are
//!    fills at 0.40 and 0.50. Smaller fills by another word within [`RETOLD_WITHIN`] are pieces of
//!    it: `order_update c=25`, `fill 10`, `fill 15`; what they say of fees is added up. A line with a
//!    trade id and a size of its own counts its size. What is called a total but does not rise
//!    though the trade id is a new one, or falls, is the fill's own size, and so is what the same
//!    word says from then on: `fill t1 c=10`, `fill t2 c=10` are two fills of 10. Without trade ids
//!    they are one.
//! 5. **A size that would be more than was ordered**, by a word that told none of the fills so far,
//!    is a running total: `fill 10`, `fill 15`, `order_filled 25` of an order of 25 are two fills, and
//!    so are `order_filled 25`, `fill 10`, `fill 15` one. By a word that told some it counts what is
//!    left. With the order's size unknown it retells if it is the sum of all fills so far, the last
//!    of them within [`RETOLD_WITHIN`]; and if its word says *filled* and none said *partial*, it is a
//!    running total as well.
//! 6. **A line with neither size nor total** fills what is left of the order: `Order filled` of an
//!    order of 25 after `fill 10` is a fill of 15. If nothing is left it retells. If the order's size
//!    is unknown its own is null, and the order is taken as filled, unless the word says *partial*.
//!    So is an order of unknown size by a fill of which the line says that nothing remains, or whose
//!    word says *filled* or *full*.
//! 7. **A running total on a line that tells no fill** (`order_cancelled c=10`) counts what was not
//!    told. What *remains* there does not say: nothing remains of what was cancelled.
//! 8. Otherwise it counts.
//!
//! A size of 0 is no fill, a price of 0 no price; negative prices are prices. The order's size is
//! not trusted once the fills are more than it (`size` in dollars, `fill_size` in contracts): then
//! rules 3, 5 and 6 take it as unknown.
//!
//! What a retelling adds is fee, trade id, liquidity, latency, mid, logged PnL, and price and size where
//! they were null. A summary's fee goes to the last fill, if that has none.
//!
//! Where the line that counted and the one that retells lie on two sides of a cut, the fill is out
//! already. One that is younger than [`RETOLD_WITHIN`] at the cut is *pending*: the state has it, the
//! fold that goes on gives it again, with all that is told of it, and who adds up takes it from
//! there. Of an older one the later fold says what changed as an [`Amendment`]; the order's own figures
//! have it.
//!
//! What this leaves wrong: two words that tell different fills of the same size and price within
//! 5 s, neither saying *partial*, are taken for one; a fill that one word tells in one and another in
//! several pieces, without trade ids in common or an order's size, is counted twice; own sizes that
//! are called totals are taken for totals as long as they rise.

mod count;
pub(crate) mod exact;
mod fill;
mod fold;
mod line;
mod loose;
mod state;
mod told;

#[cfg(test)]
mod tests;

pub use fill::{Amendment, Fill};
pub use fold::{Folded, fold};
pub use line::{Line, LineKind, is_other_market, is_other_side, sign};
pub use loose::fold_unidentified;
pub use state::{Order, OrderState, StateError, Status};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Two lines that tell the same are no further apart than this, in microseconds. Handlers of one
/// bot write within milliseconds of one another; log lines with whole seconds, a slow disk and two
/// clocks make it seconds.
pub const RETOLD_WITHIN: i64 = 5 * SECOND;

/// How long after an order was over a line may still belong to it. Venues report late fills and
/// corrections within the trading day; ids come again the next.
pub const OVER_FOR: i64 = DAY;

/// How long an open order may be silent and still be the one that a line is about. Good-til-cancelled
/// orders rest for weeks; venues that expire them do so within months, and bots restart sooner.
pub const SILENT_FOR: i64 = 30 * DAY;

/// The horizons of [`Order::filled_within`], in seconds.
pub const HORIZONS_S: [i64; 4] = [1, 10, 60, 300];

/// Sizes closer than this, relative to the larger, are the same: they went through decimals and
/// sums.
pub const SIZE_TOLERANCE: f64 = 1e-9;

/// How many of an order's last fills a line without a known trade id may retell. An order has a
/// handful; a bot that logs one id for everything must not make a fold quadratic.
pub const RETELLABLE_FILLS: usize = 64;

/// How many trade ids an order remembers.
pub const TRADE_IDS_REMEMBERED: usize = 1024;

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= SIZE_TOLERANCE * one.abs().max(other.abs())
}

/// A difference or a mean without the digits that only binary fractions have: 0.3 - 0.1 is 0.2.
fn tidy(value: f64) -> f64 {
    const SCALE: f64 = 1e9;
    let rounded = (value * SCALE).round() / SCALE;
    if (rounded - value).abs() <= 1e-12 * value.abs() { rounded } else { value }
}
