//! Lines about orders that no id names.

use std::borrow::Cow;
use std::collections::HashMap;

use super::fill::Fill;
use super::fold::{Folded, is_pending, reopened};
use super::line::{Line, LineKind, arrange, is_other_market, is_other_side, sign};
use super::state::{Order, OrderState, Status};
use super::{DAY, RETOLD_WITHIN};

/// Takes the lines of one bot and run that have no order id, before `to`.
///
/// Each fill stands for itself: nothing can be taken from its order. It is told again where its
/// trade id was told on the same day (UTC), which is where closes lie, so that no close makes two
/// fills of one, or within [`RETOLD_WITHIN`], unless market or side contradict each other; and where
/// a line of the same instant says the same in every figure by another word.
/// Each line that places or rejects an order is an order of its own; of the one that is placed no
/// status can be known. Acknowledgements, cancels and expiries without id say nothing.
pub fn fold_unidentified<'a>(
    opening: Option<OrderState>,
    lines: &mut Vec<Line<'a>>,
    to: i64,
) -> Folded<'a> {
    arrange(lines, to);
    let mut folded = Folded::default();
    if let Some(mut opening) = opening {
        folded.fills = reopened(&mut opening);
    }
    let mut told = Known::new();
    for (at, fill) in folded.fills.iter().enumerate() {
        if let Some(id) = &fill.trade_id {
            told.entry(id.clone()).or_default().push(at);
        }
    }
    let mut before: Option<Line<'a>> = None;
    for line in lines.iter() {
        match line.kind {
            LineKind::Fill => {
                let is_again = before.is_some_and(|before| says_the_same(&before, line));
                before = Some(*line);
                if !is_again {
                    take(line, &mut told, &mut folded);
                }
            }
            LineKind::Placed | LineKind::Rejected => folded.orders.push(order(line)),
            LineKind::Acked | LineKind::Cancelled | LineKind::Expired => {}
        }
    }
    suspend(&mut folded, to);
    folded
}

/// Keeps the fills that may be told again just after the end, and would be by their trade's id.
fn suspend(folded: &mut Folded<'_>, to: i64) {
    let mut carried = Order::default();
    let young = folded.fills.iter_mut().filter(|fill| is_pending(fill, to));
    for fill in young.filter(|fill| fill.trade_id.is_some()) {
        carried.pending.push(Fill { row: None, ..fill.clone() });
        fill.pending = true;
        carried.last_fill_at = carried.last_fill_at.max(Some(fill.ts));
    }
    if let Some(at) = carried.last_fill_at {
        folded.carried = Some(Order { first_at: at, last_at: at, ..carried });
    }
}

/// Where in the fills those of a trade's id are.
type Known<'a> = HashMap<Cow<'a, str>, Vec<usize>>;

fn take<'a>(line: &Line<'a>, told: &mut Known<'a>, folded: &mut Folded<'a>) {
    let size = line.fill_size.or(line.size);
    if size == Some(0.0) {
        return;
    }
    if let Some(id) = line.trade_id {
        let next = folded.fills.len();
        let alike = told.entry(Cow::Borrowed(id)).or_default();
        let day = |ts: i64| ts.div_euclid(DAY);
        let is_it = |at: &usize| {
            let fill = &folded.fills[*at];
            let near = day(fill.ts) == day(line.ts) || line.ts - fill.ts <= RETOLD_WITHIN;
            near && !contradicts(fill, line)
        };
        if let Some(at) = alike.iter().copied().rev().find(is_it) {
            let fill = &mut folded.fills[at];
            fill.learn(line);
            fill.sign = fill.side.as_deref().and_then(sign);
            fill.fill_price = fill.fill_price.or(line.fill_price);
            fill.fill_size = fill.fill_size.or(size);
            fill.fee = fill.fee.or(line.fee);
            fill.cumulative = fill.fill_size.unwrap_or_default();
            return;
        }
        alike.push(next);
    }
    folded.fills.push(Fill {
        sign: line.side.and_then(sign),
        fill_price: line.fill_price,
        fill_size: size,
        cumulative: size.unwrap_or_default(),
        fee: line.fee,
        ..Fill::of(line)
    });
}

/// Whether the line is of another market or side than the fill.
fn contradicts(fill: &Fill<'_>, line: &Line<'_>) -> bool {
    is_other_market(fill.market.as_deref(), line.market)
        || is_other_side(fill.side.as_deref(), line.side)
}

fn says_the_same(one: &Line<'_>, other: &Line<'_>) -> bool {
    fn bare<'a>(line: &Line<'a>) -> Line<'a> {
        Line { event: None, message: None, row: 0, ..*line }
    }
    bare(one) == bare(other)
}

fn order<'a>(line: &Line<'a>) -> Order<'a> {
    let mut order =
        Order { first_at: line.ts, last_at: line.ts, unidentified: true, ..Order::default() };
    order.hear(line);
    debug_assert!(order.ended.is_none_or(|(status, _)| status == Status::Rejected));
    order
}
