//! The desk: what a bot wants to trade, and what an incident makes it want.

use crate::bot::{Act, Bot};
use crate::calendar::micros;
use crate::happening::Happening;
use crate::incident::IncidentKind;
use crate::profile::Style;

/// What a decision wants.
pub(crate) struct Intent {
    pub(crate) market: usize,
    pub(crate) buy: bool,
    pub(crate) taker: bool,
    pub(crate) size: i64,
}

impl Bot {
    /// Considers trading, and when to consider it again: rather evenly, for it is a loop.
    pub(crate) fn decide(&mut self) {
        let wait = self.profile.decide / self.haste * (0.5 + self.streams.desk.unit());
        self.later(wait, Act::Decide);
        self.last_action = self.now;
        if self.halted {
            return;
        }
        let market = self.streams.desk.below(self.markets.len());
        self.remodel(market);
        let wanted = match self.profile.style {
            Style::Maker => self.want_quote(market),
            Style::Trader => self.want_trade(market),
        };
        if let Some(intent) = self.misled(market).or(wanted) {
            self.place(&intent);
        }
    }

    /// A quote on the side that the inventory needs; now and then the bot takes what is there.
    fn want_quote(&mut self, market: usize) -> Option<Intent> {
        let limit = self.limit(market);
        let inventory = self.account.holdings[market].position as f64 / limit as f64;
        let buy = self.streams.desk.chance(0.5 - 0.45 * inventory);
        let size = self.streams.desk.between((limit / 1000).max(1), (limit / 250).max(1));
        let eager = if self.struck(IncidentKind::AdverseSelection) { 0.5 } else { 0.03 };
        let taker = self.streams.desk.chance(eager);
        [buy, !buy].into_iter().find(|&buy| self.fits(market, buy, size)).map(|buy| Intent {
            market,
            buy,
            taker,
            size,
        })
    }

    /// Opens a position on a signal, closes it when it has been held long enough.
    fn want_trade(&mut self, market: usize) -> Option<Intent> {
        let holding = self.account.holdings[market];
        let buy = self.streams.desk.chance(0.5);
        let confidence = 0.5 + self.streams.desk.unit() * 0.5;
        let patience = self.profile.hold / self.haste * (0.5 + self.streams.desk.unit());
        let size = self.limit(market) / self.streams.desk.between(4, 10);
        if self.exposed[market] != [0; 2] {
            return None;
        }
        if holding.position == 0 {
            self.outbox.push_back(Happening::Signalled { market, buy, confidence });
            return Some(Intent { market, buy, taker: true, size: size.max(1) });
        }
        let held = self.now - holding.since;
        let (buy, size) = (holding.position < 0, holding.position.abs());
        (held > micros(patience)).then_some(Intent { market, buy, taker: true, size })
    }

    /// What an incident makes the bot want in place of what it would.
    fn misled(&mut self, market: usize) -> Option<Intent> {
        let position = self.account.holdings[market].position;
        let (buy, limit) = (position >= 0, self.limit(market));
        if self.struck(IncidentKind::PositionBreach) {
            let size = (limit / 5).max(1);
            let room = position.abs() + self.exposed[market][usize::from(buy)] < limit * 8 / 5;
            return room.then_some(Intent { market, buy, taker: true, size });
        }
        if self.struck(IncidentKind::Drawdown) {
            // Never out, only further in.
            let size = (limit / 10).max(1);
            let size = if self.fits(market, buy, size) { size } else { 0 };
            return Some(Intent { market, buy, taker: true, size });
        }
        None
    }

    /// All that the guard lets the bot hold, times `part`, bought at once in the direction held.
    pub(crate) fn load_up(&mut self, market: usize, part: f64) {
        let position = self.account.holdings[market].position;
        let buy = position >= 0;
        let wanted = (self.limit(market) as f64 * part) as i64;
        let size = wanted - position.abs() - self.exposed[market][usize::from(buy)];
        self.place(&Intent { market, buy, taker: true, size });
    }

    /// Sells what is held, or buys back what is owed, at any price.
    pub(crate) fn bail_out(&mut self, market: usize) {
        let position = self.account.holdings[market].position;
        self.place(&Intent { market, buy: position < 0, taker: true, size: position.abs() });
    }

    pub(crate) fn limit(&self, market: usize) -> i64 {
        self.markets[market].instrument.limit
    }

    /// The risk guard: whether the position stays in its limit if all that is on its way fills.
    fn fits(&self, market: usize, buy: bool, size: i64) -> bool {
        let position = self.account.holdings[market].position;
        let sign = if buy { 1 } else { -1 };
        let after = position * sign + self.exposed[market][usize::from(buy)] + size;
        after <= self.limit(market)
    }
}
