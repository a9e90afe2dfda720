//! Lines about orders that no id names.

use std::collections::HashMap;

use super::DAY;
use super::fill::Fill;
use super::fold::Folded;
use super::line::{Line, LineKind, arrange, is_other_market, is_other_side, sign};
use super::state::{Order, Status};

/// Takes the lines of one bot and run that have no order id, before `to`.
///
/// Each fill stands for itself: nothing can be taken from its order. It is told again where its
/// trade id was told on the same day (UTC), which is where closes lie, so that no close makes two
/// fills of one, unless market or side contradict each other; and where a line of the same instant says the same in every figure by another word.
/// Each line that places or rejects an order is an order of its own; of the one that is placed no
/// status can be known. Acknowledgements, cancels and expiries without id say nothing.
pub fn fold_unidentified<'a>(lines: &mut Vec<Line<'a>>, to: i64) -> Folded<'a> {
    arrange(lines, to);
    let mut folded = Folded::default();
    let mut told: HashMap<(i64, &'a str), Vec<usize>> = HashMap::new();
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
    folded
}

fn take<'a>(
    line: &Line<'a>,
    told: &mut HashMap<(i64, &'a str), Vec<usize>>,
    folded: &mut Folded<'a>,
) {
    let size = line.fill_size.or(line.size);
    if size == Some(0.0) {
        return;
    }
    if let Some(id) = line.trade_id {
        let next = folded.fills.len();
        let alike = told.entry((line.ts.div_euclid(DAY), id)).or_default();
        let is_it = |at: &usize| !contradicts(&folded.fills[*at], line);
        if let Some(at) = alike.iter().copied().find(is_it) {
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
