//! What a bot does on its timers, whether it trades or not.

use crate::bot::{Act, Bot, DayOpen};
use crate::calendar::{DAY, HOUR, Micros, SECOND, micros};
use crate::happening::{Call, Fault, Happening, Load};
use crate::incident::IncidentKind;
use crate::profile::Chore;

const FAULTS: &[Fault] = &[
    Fault {
        component: "market_data",
        error: "JSONDecodeError",
        detail: "Expecting value: line 1 column 1 (char 0)",
    },
    Fault { component: "execution", error: "TimeoutError", detail: "no answer within 5.0 s" },
    Fault { component: "storage", error: "OperationalError", detail: "database is locked" },
    Fault {
        component: "network",
        error: "ConnectionResetError",
        detail: "connection reset by peer",
    },
];

/// Marks of equity that a bot remembers for its own statistics.
const MARKS: usize = 120;

impl Bot {
    pub(crate) fn tick(&mut self, nth: usize) {
        let timer = self.profile.timers[nth];
        let wait = match timer.chore {
            Chore::Model | Chore::Quote | Chore::Poll | Chore::Fault | Chore::Reconnect => {
                self.streams.host.exponential(timer.seconds)
            }
            // A loop that sleeps is late by a little each time.
            _ => timer.seconds + self.streams.host.unit() * 0.02,
        };
        self.later(wait, Act::Tick(nth));
        match timer.chore {
            Chore::Beat => self.beat(),
            Chore::Equity => self.mark(),
            Chore::Model => self.update_model(),
            Chore::Quote => self.hear_quote(),
            Chore::Scan => self.scan(),
            Chore::Load => {
                let load = self.load();
                self.outbox.push_back(Happening::System(load));
            }
            Chore::Health => {
                let load = self.load();
                let reachable = !self.struck(IncidentKind::RejectStorm);
                self.outbox.push_back(Happening::Health { load, reachable });
            }
            Chore::Guard => self.guard(),
            Chore::Poll => self.poll(),
            Chore::Fault => self.fail(),
            Chore::Reconnect => self.reconnect(),
        }
    }

    fn beat(&mut self) {
        self.outbox.push_back(Happening::Heartbeat);
        if self.streams.host.chance(0.001) {
            self.outbox.push_back(Happening::HeartbeatFailed);
        }
    }

    fn mark(&mut self) {
        let equity = self.account.equity(&self.markets);
        self.curve.peak = self.curve.peak.max(equity);
        self.curve.max_drawdown = self.curve.max_drawdown.max(self.drawdown(equity));
        self.curve.marks.push_back(equity);
        if self.curve.marks.len() > MARKS {
            self.curve.marks.pop_front();
        }
        self.outbox.push_back(Happening::Equity);
        let stop = self.profile.halt_drawdown.is_some_and(|limit| self.drawdown(equity) > limit);
        if stop && !self.halted {
            self.halted = true;
            self.outbox.push_back(Happening::Halted);
        }
    }

    /// Part of the peak that `equity` lacks.
    pub(crate) fn drawdown(&self, equity: i64) -> f64 {
        (self.curve.peak - equity).max(0) as f64 / self.curve.peak as f64
    }

    /// Mean over standard deviation of the remembered returns; as the bot reports it, per mark.
    pub(crate) fn sharpe(&self) -> f64 {
        let marks: Vec<i64> = self.curve.marks.iter().copied().collect();
        let returns: Vec<f64> =
            marks.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / pair[0] as f64).collect();
        let n = returns.len() as f64;
        if n < 2.0 {
            return 0.0;
        }
        let mean = returns.iter().sum::<f64>() / n;
        let variance = returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0);
        if variance > 0.0 { mean / variance.sqrt() } else { 0.0 }
    }

    fn update_model(&mut self) {
        let market = self.streams.model.below(self.markets.len());
        if self.remodel(market) {
            self.outbox.push_back(Happening::Modelled { market });
        }
    }

    /// Values `market` anew: the mid and an error that fades and is renewed. With a dead feed the
    /// value stays as it was.
    pub(crate) fn remodel(&mut self, market: usize) -> bool {
        let noise = self.streams.model.student_t(4);
        if self.struck(IncidentKind::StaleFairValue) || self.struck(IncidentKind::WsSilence) {
            return false;
        }
        let instrument = self.markets[market].instrument;
        let error = 0.9 * self.fair_error[market] + 0.15 * instrument.half_spread as f64 * noise;
        self.fair_error[market] = error;
        let (low, high) = instrument.bounds;
        let fair = self.markets[market].mid() + (error * 100.0).round() as i64;
        self.fair[market] = fair.clamp(low * 100, high * 100);
        true
    }

    fn hear_quote(&mut self) {
        let market = self.streams.model.below(self.markets.len());
        if !self.struck(IncidentKind::WsSilence) {
            self.outbox.push_back(Happening::Quoted { market });
        }
    }

    fn scan(&mut self) {
        let found = self.streams.desk.below(4) as i64;
        let took = micros(self.streams.host.log_normal(0.12, 0.4));
        self.outbox.push_back(Happening::Scanned { found, took });
    }

    fn load(&mut self) -> Load {
        let days = (self.now - self.born) as f64 / DAY as f64;
        Load {
            cpu: (self.streams.host.log_normal(14.0, 0.35)).min(75.0),
            memory: (38.0 + 6.0 * self.streams.host.unit() + days).min(80.0),
            disk: (41.0 + days).min(70.0),
        }
    }

    fn guard(&mut self) {
        for market in 0..self.markets.len() {
            if self.account.holdings[market].position.abs() > self.limit(market) {
                self.outbox.push_back(Happening::Breached { market });
            }
        }
    }

    fn poll(&mut self) {
        let endpoint = self.streams.host.pick(self.profile.polls);
        let latency = micros(self.latency(endpoint.median_ms));
        let luck = self.streams.venue.unit();
        let status = if endpoint.private && self.struck(IncidentKind::RejectStorm) {
            401
        } else if luck < 0.002 {
            429
        } else if luck < 0.005 {
            503
        } else {
            200
        };
        self.last_latency = latency;
        self.outbox.push_back(Happening::Called(Call {
            provider: endpoint.provider,
            method: "GET",
            endpoint: endpoint.path,
            status,
            latency,
        }));
    }

    fn fail(&mut self) {
        let fault = self.streams.host.pick(FAULTS);
        self.faults.push_back(self.now);
        self.outbox.push_back(Happening::Failed(fault));
    }

    /// Errors of the last hour.
    pub(crate) fn recent_faults(&self) -> i64 {
        self.faults.iter().rev().take_while(|&&at| self.now - at < HOUR).count() as i64
    }

    fn reconnect(&mut self) {
        if self.struck(IncidentKind::WsSilence) {
            return;
        }
        self.outbox.push_back(Happening::WsDown);
        let wait = 0.5 + 2.0 * self.streams.host.unit();
        self.later(wait, Act::Reconnected);
    }

    /// Looks at the socket every 10 s and complains past 30 s without a message.
    pub(crate) fn watch(&mut self, since: Micros) {
        if !self.struck(IncidentKind::WsSilence) {
            return;
        }
        if self.now - since > 30 * SECOND {
            self.outbox.push_back(Happening::WsIdle { since });
        }
        self.later(10.0, Act::Watch { since });
    }

    pub(crate) fn midnight(&mut self) {
        self.outbox.push_back(Happening::Daily);
        self.note(self.now + DAY, Act::Midnight);
    }

    /// The day's profit so far, and its round trips.
    pub(crate) fn today(&self) -> (i64, u64) {
        let equity = self.account.equity(&self.markets);
        (equity - self.day_open.equity, self.account.tally.trips - self.day_open.trips)
    }

    /// Begins a new day's count.
    pub(crate) fn turn_day(&mut self) {
        let equity = self.account.equity(&self.markets);
        self.day_open = DayOpen { equity, trips: self.account.tally.trips };
    }
}
