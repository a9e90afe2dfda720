//! A bot's books: positions at average cost, profit realised, fees, and the counts of what it did.
//!
//! This is the ground truth that views and rules are judged by, so it is kept in integers
//! (micro-dollars) and shares no code with what it judges.

use crate::calendar::Micros;
use crate::happening::{Fill, Trip};
use crate::market::{Instrument, Market};

/// What is held in one market.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holding {
    /// Signed: long is positive.
    pub(crate) position: i64,
    /// Position × average price, in micro-dollars; signed as the position is.
    pub(crate) cost: i64,
    pub(crate) since: Micros,
    legs: Legs,
}

/// What a round trip has gathered so far. Values are ticks × size.
#[derive(Clone, Copy, Debug, Default)]
struct Legs {
    entered: i64,
    entry_value: i64,
    exited: i64,
    exit_value: i64,
    gross: i64,
    fees: i64,
    /// Hundredths of a tick × size.
    slippage: i64,
}

/// How often each thing happened, printed or not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) orders: u64,
    pub(crate) acks: u64,
    pub(crate) rejects: u64,
    pub(crate) cancels: u64,
    pub(crate) expiries: u64,
    pub(crate) fills: u64,
    pub(crate) orders_filled: u64,
    pub(crate) trips: u64,
    pub(crate) wins: u64,
    pub(crate) heartbeats: u64,
    pub(crate) calls: u64,
    pub(crate) calls_failed: u64,
    pub(crate) calls_limited: u64,
    pub(crate) breaches: u64,
    pub(crate) faults: u64,
}

/// The books of one bot.
#[derive(Debug)]
pub(crate) struct Account {
    instruments: Vec<&'static Instrument>,
    pub(crate) holdings: Vec<Holding>,
    /// Micro-dollars, as is all money here.
    pub(crate) capital: i64,
    pub(crate) realised: i64,
    pub(crate) fees: i64,
    /// Σ (fair − fill price) × sign × size, in hundredths of a micro-dollar.
    pub(crate) edge: i64,
    pub(crate) gross_profit: i64,
    pub(crate) gross_loss: i64,
    pub(crate) tally: Tally,
}

impl Account {
    pub(crate) fn new(instruments: &'static [Instrument], dollars: i64) -> Account {
        Account {
            instruments: instruments.iter().collect(),
            holdings: vec![Holding::default(); instruments.len()],
            capital: dollars * 1_000_000,
            realised: 0,
            fees: 0,
            edge: 0,
            gross_profit: 0,
            gross_loss: 0,
            tally: Tally::default(),
        }
    }

    /// Cash: what one began with, what was made and what it cost.
    pub(crate) fn balance(&self) -> i64 {
        self.capital + self.realised - self.fees
    }

    pub(crate) fn unrealised_in(&self, market: usize, mid: i64) -> i64 {
        let holding = &self.holdings[market];
        let value = i128::from(holding.position) * i128::from(mid);
        (value * i128::from(self.instruments[market].money()) / 100) as i64 - holding.cost
    }

    /// Profit not yet realised, at the mids.
    pub(crate) fn unrealised(&self, markets: &[Market]) -> i64 {
        (0..markets.len()).map(|at| self.unrealised_in(at, markets[at].mid())).sum()
    }

    pub(crate) fn equity(&self, markets: &[Market]) -> i64 {
        self.balance() + self.unrealised(markets)
    }

    pub(crate) fn open_positions(&self) -> i64 {
        self.holdings.iter().filter(|holding| holding.position != 0).count() as i64
    }

    /// Edge of one fill, in hundredths of a micro-dollar.
    pub(crate) fn edge_of(&self, fill: &Fill) -> i64 {
        let Fill { order, price, size, .. } = fill;
        (order.fair - price * 100) * order.sign() * size * self.instruments[order.market].money()
    }

    /// Books a fill. A fill through zero closes one position and opens the other; the fee is
    /// shared by size. Returns the round trip that it completed.
    pub(crate) fn book(&mut self, fill: &Fill, now: Micros) -> Option<Trip> {
        self.tally.fills += 1;
        self.tally.orders_filled += u64::from(fill.left == 0);
        self.fees += fill.fee;
        self.edge += self.edge_of(fill);

        let held = self.holdings[fill.order.market].position;
        let closes =
            if held.signum() == -fill.order.sign() { fill.size.min(held.abs()) } else { 0 };
        let fee_of_close = fill.fee * closes / fill.size;
        let trip = if closes > 0 { self.close(fill, closes, fee_of_close, now) } else { None };
        if closes < fill.size {
            self.open(fill, fill.size - closes, fill.fee - fee_of_close, now);
        }
        trip
    }

    fn open(&mut self, fill: &Fill, size: i64, fee: i64, now: Micros) {
        let order = &fill.order;
        let money = self.instruments[order.market].money();
        let holding = &mut self.holdings[order.market];
        if holding.position == 0 {
            *holding = Holding { since: now, ..Holding::default() };
        }
        holding.position += order.sign() * size;
        holding.cost += order.sign() * size * fill.price * money;
        holding.legs.entered += size;
        holding.legs.entry_value += size * fill.price;
        holding.legs.fees += fee;
        holding.legs.slippage += size * (fill.price * 100 - order.fair) * order.sign();
    }

    fn close(&mut self, fill: &Fill, size: i64, fee: i64, now: Micros) -> Option<Trip> {
        let order = &fill.order;
        let money = self.instruments[order.market].money();
        let holding = &mut self.holdings[order.market];
        let cost = i128::from(holding.cost) * i128::from(size);
        let cost = (cost / i128::from(holding.position.abs())) as i64;
        let gross = -order.sign() * size * fill.price * money - cost;
        holding.position += order.sign() * size;
        holding.cost -= cost;
        holding.legs.exited += size;
        holding.legs.exit_value += size * fill.price;
        holding.legs.gross += gross;
        holding.legs.fees += fee;
        holding.legs.slippage += size * (fill.price * 100 - order.fair) * order.sign();
        self.realised += gross;
        if holding.position != 0 {
            return None;
        }
        let (legs, since) = (holding.legs, holding.since);
        self.tally.trips += 1;
        self.tally.wins += u64::from(legs.gross > legs.fees);
        let net = legs.gross - legs.fees;
        self.gross_profit += net.max(0);
        self.gross_loss += (-net).max(0);
        Some(trip(legs, fill, self.tally.trips, since, now))
    }
}

fn trip(legs: Legs, closed_by: &Fill, number: u64, since: Micros, now: Micros) -> Trip {
    let mean = |value: i64, size: i64| (i128::from(value) * 10_000 / i128::from(size)) as i64;
    Trip {
        number,
        market: closed_by.order.market,
        long: !closed_by.order.buy,
        size: legs.exited,
        entry: mean(legs.entry_value, legs.entered),
        exit: mean(legs.exit_value, legs.exited),
        entered_at: since,
        exited_at: now,
        gross: legs.gross,
        fees: legs.fees,
        slippage: legs.slippage * 100 / (legs.entered + legs.exited),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::happening::Order;
    use crate::systems::kalshi;

    /// Books fills written as `yes 10 @ 42 fair 44.5` and tells the books after each.
    fn check(fills: &str, want: &str) {
        let mut account = Account::new(kalshi::INSTRUMENTS, 100);
        let mut told = String::new();
        for (at, text) in fills.lines().enumerate() {
            let word: Vec<&str> = text.split_whitespace().collect();
            let [side, size, _, price, _, fair] = word[..] else { panic!("{text}") };
            let fair: f64 = fair.parse().unwrap();
            let order = Order {
                number: 1,
                market: 0,
                buy: side == "yes",
                taker: false,
                price: 0,
                size: 0,
                remaining: 0,
                fair: (fair * 100.0).round() as i64,
                mid: 0,
                placed_at: 0,
            };
            let fill = Fill {
                order,
                number: 1,
                price: price.parse().unwrap(),
                size: size.parse().unwrap(),
                left: 0,
                fee: 0,
                latency: 0,
            };
            let trip = account.book(&fill, at as Micros);
            told += &format!(
                "{text}: position {} realised {} edge {}{}\n",
                account.holdings[0].position,
                account.realised as f64 / 1e6,
                account.edge as f64 / 1e8,
                trip.map_or(String::new(), |trip| format!(
                    " closed {} from {} to {}",
                    trip.size,
                    trip.entry as f64 / 1e4,
                    trip.exit as f64 / 1e4
                )),
            );
        }
        assert_eq!(told, want);
    }

    #[test]
    fn profit_is_realised_at_average_cost() {
        check(
            "yes 10 @ 40 fair 42\nyes 10 @ 50 fair 49\nno 5 @ 55 fair 53\nno 20 @ 43 fair 42",
            "yes 10 @ 40 fair 42: position 10 realised 0 edge 0.2\n\
             yes 10 @ 50 fair 49: position 20 realised 0 edge 0.1\n\
             no 5 @ 55 fair 53: position 15 realised 0.5 edge 0.2\n\
             no 20 @ 43 fair 42: position -5 realised 0.2 edge 0.4 closed 20 from 45 to 46\n",
        );
    }
}
