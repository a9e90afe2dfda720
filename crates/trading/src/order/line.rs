//! What one log line says of an order, and in which order lines are read.

use std::cmp::Ordering;

use super::count::is_partial;

/// What a line tells. The order is that in which lines of one instant are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// `order_placed`
    Placed,
    /// `order_acked`
    Acked,
    /// `fill`
    Fill,
    /// `order_rejected`
    Rejected,
    /// `order_cancelled`
    Cancelled,
    /// `order_expired`
    Expired,
}

impl LineKind {
    /// The kind that `events.kind` calls `name`, if it is about an order.
    pub fn from_name(name: &str) -> Option<LineKind> {
        Some(match name {
            "order_placed" => LineKind::Placed,
            "order_acked" => LineKind::Acked,
            "fill" => LineKind::Fill,
            "order_rejected" => LineKind::Rejected,
            "order_cancelled" => LineKind::Cancelled,
            "order_expired" => LineKind::Expired,
            _ => return None,
        })
    }
}

/// A line about an order. Prices and money are in the account's currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line<'a> {
    /// Microseconds since 1970.
    pub ts: i64,
    /// What it tells.
    pub kind: LineKind,
    /// The log's own word for it.
    pub event: Option<&'a str>,
    /// Whose order it is.
    pub strategy: Option<&'a str>,
    /// Of what.
    pub market: Option<&'a str>,
    /// `yes`, `no`, `buy`, `sell`, `long`, `short`, or the log's own word.
    pub side: Option<&'a str>,
    /// The order's own (limit) price.
    pub price: Option<f64>,
    /// The order's own size.
    pub size: Option<f64>,
    /// The model's fair value.
    pub fair: Option<f64>,
    /// The middle of the book.
    pub mid: Option<f64>,
    /// 0 is no price.
    pub fill_price: Option<f64>,
    /// A mean price: that of all that is filled by now, where the line says how much that is and
    /// no size of its own. Then `fill_price` is not read.
    pub average: Option<f64>,
    /// How much this fill filled; 0 is no fill.
    pub fill_size: Option<f64>,
    /// How much of the order is filled by now.
    pub cumulative: Option<f64>,
    /// How much of it is left.
    pub remaining: Option<f64>,
    /// Negative for a rebate.
    pub fee: Option<f64>,
    /// As logged.
    pub pnl: Option<f64>,
    /// As logged.
    pub latency_ms: Option<f64>,
    /// Why it was rejected: HTTP's or the venue's code.
    pub status_code: Option<i64>,
    /// The venue's id of the fill.
    pub trade_id: Option<&'a str>,
    /// Why it was rejected, in words.
    pub message: Option<&'a str>,
    /// `maker` or `taker`.
    pub liquidity: Option<&'a str>,
    /// Where the line is, to the caller. It decides nothing.
    pub row: usize,
}

impl Line<'_> {
    /// A line that says nothing but when and what.
    pub fn new(ts: i64, kind: LineKind) -> Line<'static> {
        Line {
            ts,
            kind,
            event: None,
            strategy: None,
            market: None,
            side: None,
            price: None,
            size: None,
            fair: None,
            mid: None,
            fill_price: None,
            average: None,
            fill_size: None,
            cumulative: None,
            remaining: None,
            fee: None,
            pnl: None,
            latency_ms: None,
            status_code: None,
            trade_id: None,
            message: None,
            liquidity: None,
            row: 0,
        }
    }

    /// The same line with what is no value taken out: NaN and infinities, empty texts, a price or a
    /// size of nothing. Sizes have no sign: some bots log those of sells as negative, and say so in
    /// the side as well.
    fn clean(&mut self) {
        for text in [
            &mut self.event,
            &mut self.strategy,
            &mut self.market,
            &mut self.side,
            &mut self.trade_id,
            &mut self.message,
            &mut self.liquidity,
        ] {
            *text = text.filter(|text| !text.is_empty());
        }
        for value in [
            &mut self.price,
            &mut self.size,
            &mut self.fair,
            &mut self.mid,
            &mut self.fill_price,
            &mut self.average,
            &mut self.fill_size,
            &mut self.cumulative,
            &mut self.remaining,
            &mut self.fee,
            &mut self.pnl,
            &mut self.latency_ms,
        ] {
            // Adding makes one zero of the two.
            *value = value.filter(|value| value.is_finite()).map(|value| value + 0.0);
        }
        self.fill_price = self.fill_price.filter(|price| *price != 0.0);
        let is_so_far = self.cumulative.is_some() && self.fill_size.is_none();
        self.average = self.average.filter(|price| *price != 0.0 && is_so_far);
        self.fill_price = self.fill_price.filter(|_| self.average.is_none());
        self.size = self.size.map(f64::abs).filter(|size| *size != 0.0);
        self.fill_size = self.fill_size.map(f64::abs);
        self.cumulative = self.cumulative.map(f64::abs);
        self.remaining = self.remaining.map(|left| left.max(0.0));
    }

    /// Time, then what a line tells, then everything else it says. A running total comes after the
    /// single fills of the same instant and before a higher one: the fills say more. Of two fills of
    /// one instant, the partial one comes first.
    fn cmp(&self, other: &Line<'_>) -> Ordering {
        (self.ts, self.kind)
            .cmp(&(other.ts, other.kind))
            .then_with(|| number(self.cumulative, other.cumulative))
            .then_with(|| left(self.remaining, other.remaining))
            .then_with(|| id(self.trade_id, other.trade_id))
            .then_with(|| is_partial(other.event).cmp(&is_partial(self.event)))
            .then_with(|| self.event.cmp(&other.event))
            .then_with(|| number(self.fill_price, other.fill_price))
            .then_with(|| number(self.fill_size, other.fill_size))
            .then_with(|| number(self.average, other.average))
            .then_with(|| number(self.price, other.price))
            .then_with(|| number(self.size, other.size))
            .then_with(|| self.market.cmp(&other.market))
            .then_with(|| self.side.cmp(&other.side))
            .then_with(|| self.strategy.cmp(&other.strategy))
            .then_with(|| number(self.fair, other.fair))
            .then_with(|| number(self.mid, other.mid))
            .then_with(|| number(self.fee, other.fee))
            .then_with(|| number(self.pnl, other.pnl))
            .then_with(|| number(self.latency_ms, other.latency_ms))
            .then_with(|| self.status_code.cmp(&other.status_code))
            .then_with(|| self.message.cmp(&other.message))
            .then_with(|| self.liquidity.cmp(&other.liquidity))
    }
}

fn number(one: Option<f64>, other: Option<f64>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => one.is_some().cmp(&other.is_some()),
    }
}

/// The less is left, the later.
fn left(one: Option<f64>, other: Option<f64>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => other.total_cmp(&one),
        _ => one.is_some().cmp(&other.is_some()),
    }
}

/// Ids that count up do so in their length first. A line with an id says more than one without.
fn id(one: Option<&str>, other: Option<&str>) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) => (one.len(), one).cmp(&(other.len(), other)),
        _ => other.is_some().cmp(&one.is_some()),
    }
}

/// Puts lines into the order they are read in, without those that are there twice and those at or
/// after `to`.
pub(super) fn arrange(lines: &mut Vec<Line<'_>>, to: i64) {
    lines.retain(|line| line.ts < to);
    lines.iter_mut().for_each(Line::clean);
    if !lines.is_sorted_by(|one, other| one.cmp(other) == Ordering::Less) {
        lines.sort_by(|one, other| one.cmp(other).then(one.row.cmp(&other.row)));
        lines.dedup_by(|one, other| one.cmp(other) == Ordering::Equal);
    }
}

/// Whether two lines that name a market name two. How they write it does not tell.
pub fn is_other_market(one: Option<&str>, other: Option<&str>) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    matches!((one, other), (Some(one), Some(other)) if one != other && !letters(one).eq(letters(other)))
}

/// Whether two lines that name a side name two. `yes` and `sell` do not say the same, but one may
/// tell what is traded and the other what is done.
pub fn is_other_side(one: Option<&str>, other: Option<&str>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    let are = |first: &str, second: &str| {
        one.eq_ignore_ascii_case(first) && other.eq_ignore_ascii_case(second)
    };
    [("yes", "no"), ("buy", "sell"), ("long", "short")]
        .into_iter()
        .any(|(first, second)| are(first, second) || are(second, first))
}

/// +1 for what gains when the price rises, -1 for what gains when it falls, and nothing for a word
/// that says neither.
pub fn sign(side: &str) -> Option<f64> {
    let is = |words: [&str; 3]| words.iter().any(|word| side.eq_ignore_ascii_case(word));
    match () {
        () if is(["yes", "buy", "long"]) => Some(1.0),
        () if is(["no", "sell", "short"]) => Some(-1.0),
        () => None,
    }
}
