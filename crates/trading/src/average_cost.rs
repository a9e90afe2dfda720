//! A position by average cost: what is held, what it cost, what closing some of it realised.
//!
//! Fills that add to a position move its average price; fills that reduce it leave the average as
//! it is and realise the difference. A fill that does more than close a position closes it and opens
//! one the other way at its own price. A settlement closes all of it at the outcome's value.
//!
//! A fill without sign or size moves nothing: what is not known is not guessed. Its fee is one of the
//! trip that is under way, if there is one. A fill without a price moves the position, for that much
//! is known; what it added to costs nobody knows how much from then on, until flat, or begun anew on
//! the other side at a price that is known. What is realised at an unknown price or against an unknown
//! cost is unknown, and the sum goes on without it.
//!
//! The state goes on from its JSON to the last bit. From its columns ([`Position::opening`]) it goes
//! on too, but for what sums had rounded away, and for what the trip under way did before.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::Sum;
use crate::order::exact;

/// A position smaller than this, relative to the largest fill or position of its trip, is none:
/// sizes went through decimals and sums.
pub const FLAT_TOLERANCE: f64 = 1e-9;

/// One fill, signed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deal {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// +1 for what was bought, -1 for what was sold.
    pub sign: Option<f64>,
    /// Per contract.
    pub price: Option<f64>,
    /// Contracts, never negative.
    pub size: Option<f64>,
    /// Negative for a rebate.
    pub fee: Option<f64>,
}

impl Deal {
    fn signed(&self) -> Option<f64> {
        Some(self.size?.abs() * self.sign?)
    }
}

/// A position. Prices and money in the account's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Contracts held; negative when sold short.
    held: Sum,
    /// What they cost on average; null when there are none, and when one of them was bought or sold
    /// at a price that nobody knows.
    #[serde(with = "exact::option")]
    pub avg_price: Option<f64>,
    /// What closing them has realised so far, as far as it is known, fees apart.
    pub realized_pnl: Sum,
    /// Since when there is a position, on this side.
    pub opened_at: Option<i64>,
    /// Round trips that are over.
    pub trips: u64,
    /// The trip that is under way.
    pub trip: Option<Trip>,
}

/// From flat to flat, or to the other side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// Which of this position's trips, from 1.
    pub number: u64,
    /// +1 for long, -1 for short.
    #[serde(with = "exact")]
    pub sign: f64,
    /// When it began, in microseconds since 1970; null where the state it began from did not say.
    pub opened_at: Option<i64>,
    /// When it was over.
    pub closed_at: Option<i64>,
    /// The largest position.
    #[serde(with = "exact")]
    pub max_size: f64,
    /// Contracts opened, and what for.
    #[serde(with = "exact")]
    pub entry_size: f64,
    entry_notional: Sum,
    /// Some of them at an unknown price.
    #[serde(default, skip_serializing_if = "is_false")]
    entry_unknown: bool,
    /// Contracts closed, and what for.
    #[serde(with = "exact")]
    pub exit_size: f64,
    exit_notional: Sum,
    #[serde(default, skip_serializing_if = "is_false")]
    exit_unknown: bool,
    /// What it realised so far, as far as that is known, fees apart.
    pub gross: Sum,
    /// The fees of its fills; of a fill that turned the position, in proportion.
    pub fees: Sum,
}

impl Trip {
    /// The mean price at which it was opened; null where one of them is not known.
    pub fn entry_price(&self) -> Option<f64> {
        let is_known = self.entry_size > 0.0 && !self.entry_unknown;
        is_known.then(|| self.entry_notional.value() / self.entry_size)
    }

    /// The mean price at which it was closed; null while none of it is, and where one is not known.
    pub fn exit_price(&self) -> Option<f64> {
        let is_known = self.exit_size > 0.0 && !self.exit_unknown;
        is_known.then(|| self.exit_notional.value() / self.exit_size)
    }

    fn enter(&mut self, size: f64, price: Option<f64>) {
        self.entry_size += size;
        match price {
            Some(price) => self.entry_notional.add(price * size),
            None => self.entry_unknown = true,
        }
    }

    fn leave(&mut self, size: f64, price: Option<f64>) {
        self.exit_size += size;
        match price {
            Some(price) => self.exit_notional.add(price * size),
            None => self.exit_unknown = true,
        }
    }
}

/// What one fill or settlement did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effect {
    /// What it realised, fees apart; null where it could not be known.
    pub realized: Option<f64>,
    /// The trip that it ended.
    pub closed: Option<Trip>,
    /// The number of the trip that it belongs to; of one that turned the position, the one it ended.
    pub trip: Option<u64>,
}

impl Position {
    /// A position to start from. Where its size is not known there is none.
    pub fn opening(
        position: f64,
        avg_price: Option<f64>,
        realized_pnl: f64,
        opened_at: Option<i64>,
    ) -> Position {
        let realized_pnl = if realized_pnl.is_finite() { realized_pnl } else { 0.0 };
        let mut opening = Position { realized_pnl: Sum::new(realized_pnl), ..Position::default() };
        if position.is_finite() && position != 0.0 {
            opening.open(opened_at, position, avg_price.filter(|price| price.is_finite()));
        }
        opening
    }

    /// Contracts held; negative when sold short.
    pub fn position(&self) -> f64 {
        self.held.value()
    }

    /// Takes the next fill.
    pub fn apply(&mut self, deal: &Deal) -> Effect {
        let known = |value: Option<f64>| value.filter(|value| value.is_finite());
        let (fee, price) = (known(deal.fee), known(deal.price));
        let Some(signed) = known(deal.signed()).filter(|signed| *signed != 0.0) else {
            return self.skip(fee);
        };
        let position = self.position();
        if position == 0.0 {
            self.open(Some(deal.at), signed, price);
            self.pay(fee, 1.0);
            return self.effect(Some(0.0));
        }
        if position.signum() == signed.signum() {
            self.increase(signed, price);
            self.pay(fee, 1.0);
            return self.effect(Some(0.0));
        }
        let (held, size) = (position.abs(), signed.abs());
        if self.is_nothing(size - held) {
            return self.close(deal.at, price, fee, 1.0);
        }
        if size < held {
            let realized = self.reduce(size, price);
            self.pay(fee, 1.0);
            return self.effect(realized);
        }
        let closing = held / size;
        let effect = self.close(deal.at, price, fee, closing);
        self.open(Some(deal.at), signed + position, price);
        self.pay(fee, 1.0 - closing);
        effect
    }

    /// What a contract pays, in the unit that the position's prices have, when its market settles
    /// and the log says `told`: 1 or 0 for yes or no, dollars, cents, or the price of a future. Null
    /// if it cannot be any of them.
    pub fn worth(&self, told: f64) -> Option<f64> {
        const CENTS: f64 = 100.0;
        // Sums of prices of 1 may be more than 1 by their rounding.
        let is_above_one = |price: f64| price > 1.0 + FLAT_TOLERANCE;
        match self.avg_price {
            Some(price) if !is_above_one(price) => match told {
                _ if told <= 1.0 => Some(told),
                _ if told <= CENTS => Some(told / CENTS),
                _ => None,
            },
            Some(price) if price <= CENTS && told == 1.0 => Some(CENTS),
            _ => Some(told),
        }
    }

    /// Closes all of it at `outcome` for each contract.
    pub fn settle(&mut self, at: i64, outcome: Option<f64>) -> Effect {
        let Some(outcome) = outcome.filter(|outcome| outcome.is_finite()) else {
            return self.skip(None);
        };
        if self.position() == 0.0 {
            return Effect { realized: Some(0.0), ..Effect::default() };
        }
        self.close(at, Some(outcome), None, 1.0)
    }

    fn skip(&mut self, fee: Option<f64>) -> Effect {
        self.pay(fee, 1.0);
        Effect { trip: self.trip.map(|trip| trip.number), ..Effect::default() }
    }

    fn effect(&self, realized: Option<f64>) -> Effect {
        let trip = self.trip.map(|trip| trip.number);
        Effect { realized, closed: None, trip }
    }

    fn open(&mut self, at: Option<i64>, signed: f64, price: Option<f64>) {
        self.held = Sum::new(signed);
        self.avg_price = price;
        self.opened_at = at;
        let mut trip = Trip {
            number: self.trips + 1,
            sign: signed.signum(),
            opened_at: at,
            closed_at: None,
            max_size: signed.abs(),
            entry_size: 0.0,
            entry_notional: Sum::default(),
            entry_unknown: false,
            exit_size: 0.0,
            exit_notional: Sum::default(),
            exit_unknown: false,
            gross: Sum::default(),
            fees: Sum::default(),
        };
        trip.enter(signed.abs(), price);
        self.trip = Some(trip);
    }

    fn increase(&mut self, signed: f64, price: Option<f64>) {
        self.held.add(signed);
        let after = self.position();
        // The distance from the old average, and not both costs: two equal prices stay what they
        // are, to the last bit.
        let moved = |before: f64, price: f64| before + (price - before) * (signed / after);
        self.avg_price = self.avg_price.zip(price).map(|(before, price)| moved(before, price));
        if let Some(trip) = &mut self.trip {
            trip.max_size = trip.max_size.max(after.abs());
            trip.enter(signed.abs(), price);
        }
    }

    /// What is left costs what it cost, whatever the rest went for.
    fn reduce(&mut self, size: f64, price: Option<f64>) -> Option<f64> {
        let direction = self.position().signum();
        let realized =
            price.zip(self.avg_price).map(|(price, cost)| (price - cost) * size * direction);
        self.held.add(-size * direction);
        self.realized_pnl.add(realized.unwrap_or_default());
        if let Some(trip) = &mut self.trip {
            trip.leave(size, price);
            trip.gross.add(realized.unwrap_or_default());
        }
        realized
    }

    fn close(&mut self, at: i64, price: Option<f64>, fee: Option<f64>, part: f64) -> Effect {
        let realized = self.reduce(self.position().abs(), price);
        self.pay(fee, part);
        let mut closed = self.trip.take();
        if let Some(trip) = &mut closed {
            trip.closed_at = Some(at);
        }
        self.held = Sum::default();
        self.avg_price = None;
        self.opened_at = None;
        self.trips += 1;
        Effect { realized, closed, trip: closed.map(|trip| trip.number) }
    }

    fn pay(&mut self, fee: Option<f64>, part: f64) {
        if let (Some(trip), Some(fee)) = (&mut self.trip, fee) {
            trip.fees.add(fee * part);
        }
    }

    fn is_nothing(&self, size: f64) -> bool {
        let largest = self.trip.map_or(0.0, |trip| trip.max_size).max(self.position().abs());
        size.abs() <= FLAT_TOLERANCE * largest
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field")]
fn is_false(value: &bool) -> bool {
    !value
}
