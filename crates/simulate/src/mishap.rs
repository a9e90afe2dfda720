//! How an incident begins, goes on and ends. What it changes in between is decided where it is
//! felt: whoever trades, quotes or listens asks [`Bot::struck`].

use crate::bot::{Act, Bot};
use crate::calendar::SECOND;
use crate::happening::Happening;
use crate::incident::IncidentKind;

/// Part of its price that a market loses against the bot over a drawdown, and in a gap.
const DRAWDOWN: f64 = 0.22;
const GAP: f64 = 0.15;

impl Bot {
    pub(crate) fn strike(&mut self, nth: usize) {
        let kind = self.strikes[nth].kind;
        self.strikes[nth].against = self
            .account
            .holdings
            .iter()
            .map(|h| if h.position >= 0 { -1.0 } else { 1.0 })
            .collect();
        if self.dead {
            return;
        }
        match kind {
            IncidentKind::HeartbeatLoss => self.strikes[nth].first_affected = self.die(),
            IncidentKind::WsSilence => self.later(10.0, Act::Watch { since: self.now }),
            IncidentKind::StaleFairValue => self.later(1.0, Act::Drift(nth)),
            IncidentKind::Drawdown => {
                self.struck(kind);
                (0..self.markets.len()).for_each(|market| self.load_up(market, 1.0));
                self.later(1.0, Act::Drift(nth));
            }
            IncidentKind::FatTailLoss => {
                self.struck(kind);
                self.load_up(0, 0.5);
                // When the position has surely been filled.
                self.later(5.0, Act::Gap(nth));
            }
            IncidentKind::AdverseSelection
            | IncidentKind::RejectStorm
            | IncidentKind::PositionBreach => {}
        }
    }

    /// Every second: the market that the model no longer sees walks away; the market that the bot
    /// is wrong about goes on against it.
    pub(crate) fn drift(&mut self, nth: usize) {
        let strike = &self.strikes[nth];
        if self.now >= strike.until {
            return;
        }
        let seconds = (strike.until - strike.at) as f64 / SECOND as f64;
        for (market, against) in self.markets.iter_mut().zip(&strike.against) {
            let price = market.instrument.start as f64;
            let step = match strike.kind {
                IncidentKind::Drawdown => price * DRAWDOWN / seconds,
                _ => market.instrument.half_spread as f64 * 8.0 / seconds,
            };
            market.push(against * step);
        }
        self.later(1.0, Act::Drift(nth));
    }

    /// The price is elsewhere; the bot, if it lives, gets out.
    pub(crate) fn gap(&mut self, nth: usize) {
        let long = self.account.holdings[0].position >= 0;
        let against = if long { -1.0 } else { 1.0 };
        let price = self.markets[0].instrument.start as f64;
        self.markets[0].push(against * price * GAP);
        self.strikes[nth].first_affected.get_or_insert(self.now);
        if !self.dead {
            self.remodel(0);
            self.bail_out(0);
        }
    }

    pub(crate) fn relieve(&mut self, nth: usize) {
        match self.strikes[nth].kind {
            IncidentKind::HeartbeatLoss => self.note(self.now, Act::Start),
            IncidentKind::WsSilence if !self.dead => {
                self.outbox.push_back(Happening::WsUp { again: true });
            }
            _ => {}
        }
    }
}
