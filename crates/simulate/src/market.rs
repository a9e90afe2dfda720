//! A market a bot trades in: an instrument and the walk of its mid price.

use crate::calendar::{Micros, SECOND};
use crate::rng::Rng;

/// What is traded, and how it moves. A tick is one unit in the last decimal of the price.
#[derive(Debug)]
pub(crate) struct Instrument {
    pub(crate) name: &'static str,
    /// The venue's own id where it has one beside the name: a 77-digit token.
    pub(crate) token: &'static str,
    pub(crate) price_decimals: u8,
    pub(crate) size_decimals: u8,
    /// Mid price at the start, in ticks. The walk is pulled back towards it over some hours.
    pub(crate) start: i64,
    /// Standard deviation of the mid over one second, in ticks.
    pub(crate) volatility: f64,
    /// Half the venue's spread, in ticks.
    pub(crate) half_spread: i64,
    /// Lowest and highest price, in ticks.
    pub(crate) bounds: (i64, i64),
    /// The largest position that the bot's risk guard lets it hold, in units of size.
    pub(crate) limit: i64,
}

impl Instrument {
    /// Micro-dollars of one tick on one unit of size.
    pub(crate) fn money(&self) -> i64 {
        10i64.pow(6 - u32::from(self.price_decimals) - u32::from(self.size_decimals))
    }

    /// `price` moved into the bounds.
    pub(crate) fn clamp(&self, price: i64) -> i64 {
        price.clamp(self.bounds.0, self.bounds.1)
    }
}

/// An instrument as one bot sees it. Bots of one fleet that trade the same instrument see the same
/// walk; what an incident does to a price ([`push`](Market::push)) only its own bot sees, so that
/// the other bots' logs stay as they were.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) instrument: &'static Instrument,
    rng: Rng,
    stepped: Micros,
    mid: f64,
    pushed: f64,
}

impl Market {
    pub(crate) fn new(instrument: &'static Instrument, seed: u64, start: Micros) -> Market {
        let rng = Rng::new(seed, &["market", instrument.name]);
        let mid = instrument.start as f64;
        Market { instrument, rng, stepped: start, mid, pushed: 0.0 }
    }

    /// Walks up to `now`, one step a second.
    pub(crate) fn advance(&mut self, now: Micros) {
        /// Part of the distance to the starting price that is undone in a second: half in 6 hours.
        const PULL: f64 = 3.2e-5;
        /// One second in fifty is a jump of this many times the usual size: returns have fat tails.
        const JUMP: f64 = 4.0;
        while self.stepped + SECOND <= now {
            self.stepped += SECOND;
            let size = if self.rng.chance(0.02) { JUMP } else { 1.0 };
            let step = self.instrument.volatility * size * self.rng.normal();
            self.mid += step - PULL * (self.mid - self.instrument.start as f64);
            self.mid = self.within(self.mid);
            self.pushed *= 1.0 - PULL;
        }
    }

    /// Moves the price for this bot: what an incident does to it.
    pub(crate) fn push(&mut self, ticks: f64) {
        self.pushed = self.within(self.mid + self.pushed + ticks) - self.mid;
    }

    fn within(&self, price: f64) -> f64 {
        price.clamp(self.instrument.bounds.0 as f64, self.instrument.bounds.1 as f64)
    }

    /// The mid in hundredths of a tick.
    pub(crate) fn mid(&self) -> i64 {
        (self.within(self.mid + self.pushed) * 100.0).round() as i64
    }

    /// The best bid and offer, in ticks, never crossed and never equal.
    pub(crate) fn quote(&self) -> (i64, i64) {
        let (low, high) = self.instrument.bounds;
        let bid =
            (self.mid().div_euclid(100) - self.instrument.half_spread + 1).clamp(low, high - 1);
        (bid, (bid + 2 * self.instrument.half_spread - 1).clamp(bid + 1, high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static COIN: Instrument = Instrument {
        name: "COIN",
        token: "",
        price_decimals: 2,
        size_decimals: 0,
        start: 50,
        volatility: 0.5,
        half_spread: 1,
        bounds: (1, 99),
        limit: 100,
    };

    #[test]
    fn a_price_stays_in_its_bounds_however_it_is_pushed() {
        let mut market = Market::new(&COIN, 3, 0);
        for second in 0..10_000 {
            market.advance(second * SECOND);
            market.push(if second < 5_000 { 3.0 } else { -3.0 });
            let (bid, ask) = market.quote();
            assert!((100..=9_900).contains(&market.mid()), "mid {} at {second}", market.mid());
            assert!(1 <= bid && bid < ask && ask <= 99, "{bid}/{ask} at {second}");
        }
    }

    #[test]
    fn the_walk_is_the_same_in_one_stride_or_many() {
        let mut stride = Market::new(&COIN, 3, 0);
        let mut steps = Market::new(&COIN, 3, 0);
        stride.advance(500 * SECOND);
        (0..=1_000).for_each(|half| steps.advance(half * SECOND / 2));
        assert_eq!(stride.mid(), steps.mid());
    }
}
