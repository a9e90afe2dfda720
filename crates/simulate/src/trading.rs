//! The life of an order once it is wanted: placed, answered, matched, heard of, withdrawn.

use crate::bot::{Act, Bot};
use crate::calendar::{Micros, SECOND, micros};
use crate::desk::Intent;
use crate::happening::{Call, Fill, Happening, Order, Refusal};
use crate::incident::IncidentKind;
use crate::profile::{Fee, Style};

const REFUSALS: &[Refusal] = &[
    Refusal { status: 400, reason: "insufficient_balance" },
    Refusal { status: 400, reason: "invalid_price" },
    Refusal { status: 409, reason: "market_paused" },
    Refusal { status: 429, reason: "rate_limited" },
];
const KEY_EXPIRED: Refusal = Refusal { status: 401, reason: "unauthorized: api key expired" };

impl Bot {
    /// Sends the order that is wanted. A bot that has stopped itself sends none.
    pub(crate) fn place(&mut self, intent: &Intent) {
        let &Intent { market, buy, taker, size } = intent;
        if size <= 0 || self.halted {
            return;
        }
        self.orders_made += 1;
        let fair = self.fair[market];
        let (bid, ask) = self.markets[market].quote();
        let instrument = self.markets[market].instrument;
        let price = if taker {
            if buy { ask } else { bid }
        } else {
            let edge = self.streams.desk.between(0, 2) * instrument.half_spread;
            if buy { fair.div_euclid(100) - edge } else { (fair + 99).div_euclid(100) + edge }
        };
        let order = Order {
            number: self.orders_made,
            market,
            buy,
            taker,
            price: instrument.clamp(price),
            size,
            remaining: size,
            fair,
            mid: self.markets[market].mid(),
            placed_at: self.now,
        };
        self.exposed[market][usize::from(buy)] += size;
        self.orders.insert(order.number, order);
        self.outbox.push_back(Happening::Placed(order));
        let latency = self.latency(self.profile.order.median_ms);
        self.later(latency, Act::Answer(order.number));
    }

    /// Seconds that a call takes: log-normal, with one in two hundred far slower.
    pub(crate) fn latency(&mut self, median_ms: f64) -> f64 {
        let slow = if self.streams.venue.chance(0.005) { 5.0 } else { 1.0 };
        self.streams.venue.log_normal(median_ms / 1e3, 0.45) * slow
    }

    pub(crate) fn answer(&mut self, number: u64) {
        let Some(order) = self.orders.get(&number).copied() else { return };
        let refusal = self.refusal();
        let latency = self.now - order.placed_at;
        self.call("POST", refusal.map_or(201, |r| r.status), latency);
        if let Some(refusal) = refusal {
            self.forget(number);
            self.outbox.push_back(Happening::Rejected(order, refusal));
            return;
        }
        self.outbox.push_back(Happening::Acked(order, latency));
        if order.taker {
            let wait = self.streams.venue.between(1, 20) as f64 / 1e3;
            self.later(wait, Act::Match(number));
        } else {
            self.wait_for_match(number);
            let rest = self.streams.desk.exponential(self.profile.rest / self.haste);
            self.later(rest.max(0.2), Act::Withdraw(number));
        }
    }

    fn refusal(&mut self) -> Option<Refusal> {
        /// Refusals an hour: venues refuse a clean bot now and then, however much it trades.
        const PER_HOUR: f64 = 1.0;
        if self.struck(IncidentKind::RejectStorm) {
            return Some(KEY_EXPIRED);
        }
        let orders_per_hour = 3600.0 / (self.profile.decide / self.haste);
        let refused = self.streams.venue.chance((PER_HOUR / orders_per_hour).min(0.02));
        refused.then(|| self.streams.venue.pick(REFUSALS))
    }

    /// Tells of a call about an order.
    fn call(&mut self, method: &'static str, status: i64, latency: Micros) {
        self.last_latency = latency;
        let endpoint = &self.profile.order;
        self.outbox.push_back(Happening::Called(Call {
            provider: endpoint.provider,
            method,
            endpoint: endpoint.path,
            status,
            latency,
        }));
    }

    fn wait_for_match(&mut self, number: u64) {
        let wait = self.streams.venue.exponential(self.profile.patience / self.haste);
        self.later(wait.max(0.001), Act::Match(number));
    }

    pub(crate) fn match_order(&mut self, number: u64) {
        let Some(order) = self.orders.get(&number).copied() else { return };
        let price = if order.taker { Some(self.taken_at(&order)) } else { self.hit_at(&order) };
        let Some(price) = price else {
            self.wait_for_match(number);
            return;
        };
        let whole = order.remaining == 1 || self.streams.venue.chance(0.7);
        let size = if whole {
            order.remaining
        } else {
            self.streams.venue.between(1, order.remaining - 1)
        };
        self.execute(order, price, size);
        if order.remaining > size {
            if order.taker {
                let wait = self.streams.venue.between(5, 80) as f64 / 1e3;
                self.later(wait, Act::Match(number));
            } else {
                self.wait_for_match(number);
            }
        }
    }

    /// What a taker pays: what it saw, or a little worse; and with someone ahead of it, far worse.
    fn taken_at(&mut self, order: &Order) -> i64 {
        let half_spread = self.markets[order.market].instrument.half_spread;
        let slip = if self.struck(IncidentKind::AdverseSelection) {
            self.streams.venue.between(2 * half_spread, 5 * half_spread)
        } else {
            self.streams.venue.between(0, (half_spread / 2).max(1))
                * i64::from(self.streams.venue.chance(0.2))
        };
        let (bid, ask) = self.markets[order.market].quote();
        let price = if order.buy { ask + slip } else { bid - slip };
        self.markets[order.market].instrument.clamp(price)
    }

    /// A resting order fills at its own price, the likelier the nearer the market is to it.
    fn hit_at(&mut self, order: &Order) -> Option<i64> {
        /// Half spreads that the price goes on through a resting order that it filled, on average:
        /// the adverse selection of every day. Little, so that a clean bot makes what its model
        /// says it does.
        const INFORMED: f64 = 0.1;
        let market = &self.markets[order.market];
        let half_spread = market.instrument.half_spread as f64;
        let through =
            (order.price * 100 - market.mid()) as f64 / 100.0 * order.sign() as f64 / half_spread;
        let adverse = self.struck(IncidentKind::AdverseSelection);
        let probability = 1.0 / (1.0 + (-1.2 * (through + 0.5)).exp());
        if !adverse && !self.streams.venue.chance(probability) {
            return None;
        }
        // Someone wanted the other side, and on average knew why.
        let informed = if adverse { 2.0 } else { INFORMED };
        let after = half_spread * informed * (0.5 + self.streams.venue.unit());
        self.markets[order.market].push(after * -order.sign() as f64);
        Some(order.price)
    }

    /// The venue has filled `size` of `order`; the bot hears of it as soon as its socket tells.
    fn execute(&mut self, order: Order, price: i64, size: i64) {
        self.fills_made += 1;
        let left = order.remaining - size;
        let latency = micros(self.streams.venue.log_normal(0.038, 0.5)).max(1);
        let silent_until = self.struck_until(IncidentKind::WsSilence);
        let latency = match silent_until {
            Some(until) => until - self.now + latency + self.streams.venue.between(0, 2 * SECOND),
            None => latency,
        };
        let fee = self.fee(&order, price, size);
        let number = self.fills_made;
        self.note(
            self.now + latency,
            Act::Hear(Fill { order, number, price, size, left, fee, latency }),
        );
        if left == 0 {
            self.orders.remove(&order.number);
        } else if let Some(order) = self.orders.get_mut(&order.number) {
            order.remaining = left;
        }
    }

    fn fee(&self, order: &Order, price: i64, size: i64) -> i64 {
        let money = self.markets[order.market].instrument.money();
        match self.profile.fee {
            Fee::Kalshi if !order.taker => 0,
            // In ten-thousandths of a cent until it is rounded up.
            Fee::Kalshi => (7 * size * price * (100 - price) + 9_999) / 10_000 * 10_000,
            Fee::BasisPoints(points) => size * price * money / 10_000 * points,
        }
    }

    pub(crate) fn hear(&mut self, fill: Fill) {
        self.exposed[fill.order.market][usize::from(fill.order.buy)] -= fill.size;
        self.recent.push_back((self.now, fill));
        if self.recent.len() > 5 {
            self.recent.pop_front();
        }
        if self.profile.style == Style::Trader
            && self.account.holdings[fill.order.market].position == 0
        {
            self.be_right(&fill);
        }
        self.outbox.push_back(Happening::Filled(fill));
    }

    /// A trader's signal is worth something: the price goes its way by what a round trip costs, and
    /// a little more often on than back by what it would have moved anyway.
    fn be_right(&mut self, fill: &Fill) {
        let right = if self.streams.model.chance(0.53) { 1.0 } else { -1.0 };
        let instrument = self.markets[fill.order.market].instrument;
        let moves = instrument.volatility * (self.profile.hold / self.haste).sqrt();
        let fee = match self.profile.fee {
            Fee::Kalshi => 0.0,
            Fee::BasisPoints(points) => instrument.start as f64 * points as f64 / 1e4,
        };
        let costs = 2.0 * (instrument.half_spread as f64 + fee);
        self.markets[fill.order.market].push(fill.order.sign() as f64 * (right * moves + costs));
    }

    pub(crate) fn withdraw(&mut self, number: u64) {
        let Some(order) = self.orders.get(&number).copied() else { return };
        let expires = self.streams.venue.chance(0.15);
        let latency = micros(self.latency(self.profile.order.median_ms));
        if expires {
            self.forget(number);
            self.outbox.push_back(Happening::Expired(order));
        } else if self.struck(IncidentKind::RejectStorm) {
            self.call("DELETE", KEY_EXPIRED.status, latency);
            self.later(30.0, Act::Withdraw(number));
        } else {
            self.call("DELETE", 200, latency);
            self.forget(number);
            self.outbox.push_back(Happening::Cancelled(order));
        }
    }

    /// Drops what is left of an order.
    fn forget(&mut self, number: u64) {
        if let Some(order) = self.orders.remove(&number) {
            self.exposed[order.market][usize::from(order.buy)] -= order.remaining;
        }
    }
}
