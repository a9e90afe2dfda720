//! Positions at average cost, fill by fill.

use std::collections::BTreeMap;

use super::lives::Fill;

/// Bot, strategy and market.
pub(super) type Key = (String, Option<String>, Option<String>);

/// What is held in one market.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Holding {
    pub(super) position: f64,
    /// Meaningless when flat.
    pub(super) price: f64,
    pub(super) realized: f64,
    pub(super) fees: Option<f64>,
    pub(super) opened_at: Option<i64>,
    pub(super) fills: usize,
    pub(super) last_fill_at: Option<i64>,
    pub(super) last_price: Option<f64>,
    /// The largest that it ever was: what a remainder is measured against.
    largest: f64,
    /// Σ of the magnitudes that went into `realized`.
    pub(super) terms: f64,
}

/// A fill and what is held after it.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) fill: &'a Fill,
    pub(super) realized: f64,
    pub(super) after: Holding,
}

pub(super) fn key(fill: &Fill) -> Key {
    (fill.bot.clone(), fill.strategy.clone(), fill.market.clone())
}

impl Holding {
    pub(super) fn average(&self) -> Option<f64> {
        (self.position != 0.0).then_some(self.price)
    }

    /// Books a fill and returns what it realised.
    fn book(&mut self, sign: f64, price: f64, size: f64, at: i64) -> f64 {
        let held = self.position;
        let closing = if held * sign < 0.0 { size.min(held.abs()) } else { 0.0 };
        let realized = (price - self.price) * closing * held.signum();
        let realized = if closing > 0.0 { realized } else { 0.0 };
        let opening = size - closing;
        let mut position = held + sign * size;
        self.largest = self.largest.max(held.abs()).max(size);
        if position.abs() <= self.largest * 1e-9 {
            position = 0.0;
        }
        if position == 0.0 {
            self.opened_at = None;
        } else if held == 0.0 || held.signum() != position.signum() {
            self.price = price;
            self.opened_at = Some(at);
        } else if opening > 0.0 {
            self.price = (self.price * held.abs() + price * opening) / (held.abs() + opening);
        }
        self.position = position;
        self.realized += realized;
        self.terms += price.abs() * size;
        realized
    }
}

/// The steps of all positions, in the order of the fills; those of no market or side move none.
pub(super) fn steps(fills: &[Fill]) -> Vec<Step<'_>> {
    let mut holdings: BTreeMap<Key, Holding> = BTreeMap::new();
    let mut steps = Vec::new();
    for fill in fills {
        let (Some(_), Some(sign), Some(size)) = (&fill.market, fill.sign, fill.size) else {
            continue;
        };
        let price = fill.price.expect("a fill without a price");
        let holding = holdings.entry(key(fill)).or_default();
        let realized = holding.book(sign, price, size, fill.at);
        if let Some(fee) = fill.fee {
            holding.fees = Some(holding.fees.unwrap_or(0.0) + fee);
        }
        holding.fills += 1;
        holding.last_fill_at = Some(fill.at);
        holding.last_price = Some(price);
        steps.push(Step { fill, realized, after: *holding });
    }
    steps
}

/// What is held in the end.
pub(super) fn holdings(steps: &[Step<'_>]) -> BTreeMap<Key, Holding> {
    steps.iter().map(|step| (key(step.fill), step.after)).collect()
}
