//! The lines of one key, one after the other.

use std::borrow::Cow;

use super::count::Counter;
use super::fill::{Amendment, Fill};
use super::line::{Line, LineKind, arrange};
use super::state::{Order, OrderState, Status};
use super::{RETOLD_WITHIN, same, tidy};

/// What the lines of one key tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folded<'a> {
    /// The orders that had the id, the last of which has it still. The first is the one that the
    /// fold went on from, if it did.
    pub orders: Vec<Order<'a>>,
    /// The fills that these lines tell, by time within each order.
    pub fills: Vec<Fill<'a>>,
    /// What these lines say of fills that an earlier fold gave.
    pub amended: Vec<Amendment>,
    /// Of lines without order id, the state with the fills that are pending, if any are.
    pub carried: Option<Order<'a>>,
}

/// Folds the lines of one key (bot, run, order id) before `to`, going on from the state of its last
/// order. The lines may come in any order, some of them twice; none may be before the last line of
/// `opening`. They are left as they were read: sorted, each once.
pub fn fold<'a>(opening: Option<OrderState>, lines: &mut Vec<Line<'a>>, to: i64) -> Folded<'a> {
    arrange(lines, to);
    let mut folder = Folder::default();
    if let Some(mut order) = opening {
        folder.folded.fills = reopened(&mut order);
        folder.first = order.fill_count + 1 - folder.folded.fills.len() as u64;
        folder.current = Some(order);
    }
    for line in lines.iter() {
        folder.take(line);
    }
    folder.close();
    folder.suspend(to);
    folder.folded
}

/// The fills that were pending when the order's state was written.
pub(super) fn reopened<'a>(order: &mut Order<'a>) -> Vec<Fill<'a>> {
    std::mem::take(&mut order.pending)
}

/// Whether lines at or after `to` may tell the fill again, and change what it is.
pub(super) fn is_pending(fill: &Fill<'_>, to: i64) -> bool {
    fill.ts >= to.saturating_sub(RETOLD_WITHIN)
}

#[derive(Default)]
struct Folder<'a> {
    folded: Folded<'a>,
    current: Option<Order<'a>>,
    /// Where in the fills those of the current order begin, and the number of the first.
    base: usize,
    first: u64,
}

impl<'a> Folder<'a> {
    fn take(&mut self, line: &Line<'a>) {
        if self.current.as_ref().is_none_or(|order| !order.joins(line)) {
            if let Some(order) = &mut self.current {
                order.replace(line.ts);
            }
            self.close();
            self.current = Some(Order { first_at: line.ts, last_at: line.ts, ..Order::default() });
            self.base = self.folded.fills.len();
            self.first = 1;
        }
        let Some(order) = &mut self.current else { return };
        if order.hear(line) {
            for fill in &mut self.folded.fills[self.base..] {
                fill.complete(order);
            }
        }
        let mut counter = Counter {
            index: self.folded.orders.len(),
            order,
            fills: &mut self.folded.fills,
            amended: &mut self.folded.amended,
            base: self.base,
            first: self.first,
        };
        counter.fill_rest();
        match line.kind {
            LineKind::Fill => counter.fill(line),
            LineKind::Rejected => {}
            _ => counter.total(line),
        }
        order.settle();
    }

    /// Has the state of the last order keep the fills that are told again as if they were not told
    /// yet: another line about one may come just after the end.
    fn suspend(&mut self, to: i64) {
        let Some(order) = self.folded.orders.last_mut().filter(|order| order.keep(to)) else {
            return;
        };
        for fill in self.folded.fills[self.base..].iter_mut().filter(|fill| is_pending(fill, to)) {
            order.pending.push(Fill { order: None, row: None, ..fill.clone() });
            fill.pending = true;
        }
    }

    /// Hands out the current order and what its fills need of it.
    fn close(&mut self) {
        let Some(order) = self.current.take() else { return };
        let mut filled = order.filled_size;
        let index = self.folded.orders.len();
        for fill in self.folded.fills[self.base..].iter_mut().rev() {
            fill.close(&order);
            fill.order = Some(index);
            fill.cumulative = filled;
            filled = tidy(filled - fill.fill_size.unwrap_or_default());
        }
        self.folded.orders.push(order);
    }
}

const MARKET: u8 = 1;
const SIDE: u8 = 1 << 1;
const STRATEGY: u8 = 1 << 2;
const PRICE: u8 = 1 << 3;
const SIZE: u8 = 1 << 4;
const FAIR: u8 = 1 << 5;

impl<'a> Order<'a> {
    /// Whether the line is about this order, and not about another of the same id.
    fn joins(&self, line: &Line<'_>) -> bool {
        if self.is_forgotten(line.ts) {
            return false;
        }
        if line.kind != LineKind::Placed {
            return true;
        }
        if differs(self.market.as_deref(), line.market) || differs(self.side.as_deref(), line.side)
        {
            return false;
        }
        let is_alike = is_alike(self.price, line.price) && is_alike(self.size, line.size);
        let (since, retold) = match self.placed_at {
            Some(placed) if placed == line.ts => return true,
            Some(placed) => (placed, is_alike && self.placed_by.as_deref() != line.event),
            None => (self.first_at, true),
        };
        let near = line.ts - since <= RETOLD_WITHIN;
        match self.closed_at() {
            Some(_) => near && retold,
            None => near || is_alike || self.placed_at.is_none(),
        }
    }

    /// Takes what the line says of the order itself. Whether its fills may learn from that.
    pub(super) fn hear(&mut self, line: &Line<'a>) -> bool {
        self.last_at = self.last_at.max(line.ts);
        let is_placement = line.kind == LineKind::Placed;
        if is_placement {
            if self.placed_at.is_none() {
                self.placed_at = Some(line.ts);
                self.placed_by = line.event.map(Cow::Borrowed);
                self.start_within();
            }
            self.place_latency_ms = self.place_latency_ms.or(line.latency_ms);
        }
        let mut has = self.placement_has;
        let mut learnt = false;
        let mut takes = |part: u8, known: bool, told: bool| {
            let first = is_placement && has & part == 0;
            if told && first {
                has |= part;
            }
            learnt |= told && !known;
            told && (first || !known)
        };
        if takes(MARKET, self.market.is_some(), line.market.is_some()) {
            self.market = line.market.map(Cow::Borrowed);
        }
        if takes(SIDE, self.side.is_some(), line.side.is_some()) {
            self.side = line.side.map(Cow::Borrowed);
        }
        if takes(STRATEGY, self.strategy.is_some(), line.strategy.is_some()) {
            self.strategy = line.strategy.map(Cow::Borrowed);
        }
        if takes(PRICE, self.price.is_some(), line.price.is_some()) {
            self.price = line.price;
        }
        if takes(SIZE, self.size.is_some(), line.size.is_some()) {
            self.size = line.size;
        }
        if takes(FAIR, self.fair.is_some(), line.fair.is_some()) {
            self.fair = line.fair;
        }
        self.placement_has = has;
        self.hear_answer(line);
        learnt
    }

    fn hear_answer(&mut self, line: &Line<'a>) {
        let end = match line.kind {
            LineKind::Placed | LineKind::Fill => return,
            LineKind::Acked => {
                self.acked_at = self.acked_at.or(Some(line.ts));
                self.ack_latency_ms = self.ack_latency_ms.or(line.latency_ms);
                return;
            }
            LineKind::Cancelled => Status::Cancelled,
            LineKind::Expired => Status::Expired,
            LineKind::Rejected => {
                self.rejected_at = self.rejected_at.or(Some(line.ts));
                self.ack_latency_ms = self.ack_latency_ms.or(line.latency_ms);
                self.reject_code = self.reject_code.or(line.status_code);
                if self.reject_reason.is_none() {
                    self.reject_reason = line.message.map(Cow::Borrowed);
                }
                Status::Rejected
            }
        };
        self.ended = self.ended.or(Some((end, line.ts)));
    }

    /// Sees whether it is filled by now.
    fn settle(&mut self) {
        self.completed_at =
            if self.is_filled() { self.completed_at.or(self.last_fill_at) } else { None };
    }
}

fn differs(one: Option<&str>, other: Option<&str>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other))
}

fn is_alike(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        _ => true,
    }
}
