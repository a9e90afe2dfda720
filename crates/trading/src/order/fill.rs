//! A real fill.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::exact;
use super::line::{Line, sign};
use super::state::{Order, millis};

/// A fill that was counted, with what its line and its retellings say, and what only its order
/// says. Prices and money in the account's currency, times in microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill<'a> {
    /// The line that it was counted from; null if a fold before this one read that.
    #[serde(skip)]
    pub row: Option<usize>,
    /// Which of `orders` of the same [`Folded`](super::Folded) it is of; null for one without
    /// order id.
    #[serde(skip)]
    pub order: Option<usize>,
    /// When.
    pub ts: i64,
    /// Which fill of its order, from 1.
    pub fill_number: u64,
    /// How much of the order was filled with it.
    #[serde(with = "exact")]
    pub cumulative: f64,
    /// Its own, else its order's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Cow<'a, str>>,
    /// Its own, else its order's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<Cow<'a, str>>,
    /// Its own, else its order's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Cow<'a, str>>,
    /// +1 for yes, buy and long, -1 for no, sell and short, null for any other side.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub sign: Option<f64>,
    /// The venue's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trade_id: Option<Cow<'a, str>>,
    /// Null for 0.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub fill_price: Option<f64>,
    /// Null if neither it nor its order says.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub fill_size: Option<f64>,
    /// Its own, else its order's.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub fair: Option<f64>,
    /// As logged.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub mid: Option<f64>,
    /// Negative for a rebate.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub fee: Option<f64>,
    /// As logged.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub pnl: Option<f64>,
    /// As logged.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub latency_ms: Option<f64>,
    /// `maker` or `taker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liquidity: Option<Cow<'a, str>>,
    /// Its order's.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub order_price: Option<f64>,
    /// Its order's.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub order_size: Option<f64>,
    /// Its order's.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "exact::option")]
    pub order_fair: Option<f64>,
    /// Its order's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<i64>,
    /// It is so young that what is told of it may lie behind the end of the fold: the state has it,
    /// and the fold that goes on from there gives it again.
    #[serde(skip)]
    pub pending: bool,
}

impl Fill<'_> {
    /// How much worse than fair the price was, per contract: positive is bad.
    pub fn slippage(&self) -> Option<f64> {
        Some((self.fill_price? - self.fair?) * self.sign?)
    }

    /// The same in hundredths of a percent of fair; null unless fair is positive.
    pub fn slippage_bps(&self) -> Option<f64> {
        let fair = self.fair.filter(|fair| *fair > 0.0)?;
        Some(self.slippage()? / fair * 1e4).filter(|bps| bps.is_finite())
    }

    /// What it gained against fair: positive is good.
    pub fn edge(&self) -> Option<f64> {
        Some(-self.slippage()? * self.fill_size?)
    }

    /// What the order was to gain per contract when it was placed.
    pub fn expected_edge(&self) -> Option<f64> {
        Some((self.order_fair? - self.order_price?) * self.sign?)
    }

    /// From the placement of its order. Negative where clocks differ.
    pub fn since_placed_ms(&self) -> Option<f64> {
        Some(millis(self.ts - self.placed_at?))
    }
}

/// What a line says of a fill that an earlier fold gave. Only a fill that is retold across the cut
/// has one, and never a fill of the same [`Folded`](super::Folded): that has it already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amendment {
    /// Which of `orders` it is of.
    pub order: usize,
    /// Which fill of that order.
    pub fill_number: u64,
    /// When that fill was.
    pub fill_ts: i64,
    /// When it was said.
    pub ts: i64,
    /// The price it has now, if that is said.
    pub fill_price: Option<f64>,
    /// The size it has now, if that is said.
    pub fill_size: Option<f64>,
    /// What is added to its fee.
    pub fee: Option<f64>,
}

impl<'a> Fill<'a> {
    /// What the line itself says, but price, size and fee.
    pub(super) fn of(line: &Line<'a>) -> Fill<'a> {
        Fill {
            row: Some(line.row),
            order: None,
            ts: line.ts,
            fill_number: 1,
            cumulative: 0.0,
            strategy: line.strategy.map(Cow::Borrowed),
            market: line.market.map(Cow::Borrowed),
            side: line.side.map(Cow::Borrowed),
            sign: None,
            trade_id: line.trade_id.map(Cow::Borrowed),
            fill_price: None,
            fill_size: None,
            fair: line.fair,
            mid: line.mid,
            fee: None,
            pnl: line.pnl,
            latency_ms: line.latency_ms,
            liquidity: line.liquidity.map(Cow::Borrowed),
            order_price: None,
            order_size: None,
            order_fair: None,
            placed_at: None,
            pending: false,
        }
    }

    /// Takes from a line that tells it again what it lacks, but price, size and fee.
    pub(super) fn learn(&mut self, line: &Line<'a>) {
        let texts = [
            (&mut self.strategy, line.strategy),
            (&mut self.market, line.market),
            (&mut self.side, line.side),
            (&mut self.trade_id, line.trade_id),
            (&mut self.liquidity, line.liquidity),
        ];
        for (own, told) in texts {
            if own.is_none() {
                *own = told.map(Cow::Borrowed);
            }
        }
        let values = [
            (&mut self.fair, line.fair),
            (&mut self.mid, line.mid),
            (&mut self.pnl, line.pnl),
            (&mut self.latency_ms, line.latency_ms),
        ];
        for (own, told) in values {
            *own = own.or(told);
        }
    }

    /// Takes from its order what it lacks, as soon as that is known: what a later line says does not
    /// change it any more.
    pub(super) fn complete(&mut self, order: &Order<'a>) {
        let texts = [
            (&mut self.strategy, &order.strategy),
            (&mut self.market, &order.market),
            (&mut self.side, &order.side),
        ];
        for (own, of_order) in texts {
            if own.is_none() {
                own.clone_from(of_order);
            }
        }
        self.fair = self.fair.or(order.fair);
    }

    /// Takes from its order what is the order's.
    pub(super) fn close(&mut self, order: &Order<'a>) {
        self.sign = self.side.as_deref().and_then(sign);
        self.order_price = order.price;
        self.order_size = order.size;
        self.order_fair = order.fair;
        self.placed_at = order.placed_at;
    }
}
