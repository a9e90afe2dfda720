//! How a system's bots live: what they trade, how often, and what they are careful about.

use crate::market::Instrument;

/// What makes a bot trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Rests orders on both sides around its fair value and is filled when the market comes.
    Maker,
    /// Takes a position on a signal, holds it for a while, closes all of it.
    Trader,
}

/// Something a bot does on a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chore {
    /// Says that it is alive.
    Beat,
    /// Marks its equity.
    Equity,
    /// Updates the model of one market.
    Model,
    /// Hears a quote.
    Quote,
    /// Looks for something to trade.
    Scan,
    /// Measures its host.
    Load,
    /// Answers its health check.
    Health,
    /// Compares positions with limits, apart from the risk guard.
    Guard,
    /// Asks the venue or a provider something.
    Poll,
    /// Meets one of life's small errors.
    Fault,
    /// Loses its socket for a moment.
    Reconnect,
}

/// A chore and how often. Chores whose times are the world's and not the bot's own come at random.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer {
    pub(crate) chore: Chore,
    pub(crate) seconds: f64,
}

/// What the venue takes for a fill.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fee {
    /// Kalshi's: 7 % of price × (1 − price) per contract for who takes, rounded up to a cent.
    Kalshi,
    /// Basis points of the value.
    BasisPoints(i64),
}

/// Where a system's calls go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endpoint {
    pub(crate) provider: &'static str,
    pub(crate) path: &'static str,
    /// Needs the key, so it fails when the key expires.
    pub(crate) private: bool,
    pub(crate) median_ms: f64,
}

/// All of it for one system.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) style: Style,
    pub(crate) strategies: &'static [&'static str],
    pub(crate) instruments: &'static [Instrument],
    /// Dollars at the start.
    pub(crate) capital: i64,
    pub(crate) fee: Fee,
    /// Seconds between decisions at the system's natural pace.
    pub(crate) decide: f64,
    /// Lines that one decision leads to in the end, measured; the pace is set from it.
    pub(crate) lines_per_decision: f64,
    /// Seconds that a resting order waits before it is withdrawn.
    pub(crate) rest: f64,
    /// Seconds between a resting order's chances to be filled.
    pub(crate) patience: f64,
    /// Seconds that a trader holds a position.
    pub(crate) hold: f64,
    /// Sent to, withdrawn from, asked.
    pub(crate) order: Endpoint,
    pub(crate) polls: &'static [Endpoint],
    pub(crate) timers: &'static [Timer],
    /// Part of the peak equity whose loss stops the bot for good.
    pub(crate) halt_drawdown: Option<f64>,
}

impl Profile {
    /// Lines per second that the timers write, whatever is traded.
    pub(crate) fn lines_of_timers(&self) -> f64 {
        let silent = |chore| matches!(chore, Chore::Guard);
        self.timers.iter().filter(|t| !silent(t.chore)).map(|t| 1.0 / t.seconds).sum()
    }
}
