//! What happens to a bot, before any logger has put it into words.
//!
//! The five systems live the same lives; a system's module turns a [`Happening`] into at most one
//! line of its log. At most one, so that a run can be cut after any line and its ground truth still
//! be exact.

use crate::calendar::Micros;

/// An order on its way or resting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    /// Counts a bot's orders from 1.
    pub(crate) number: u64,
    pub(crate) market: usize,
    pub(crate) buy: bool,
    /// Takes what is there at once, or rests until it is taken.
    pub(crate) taker: bool,
    /// Limit price, or for a taker the price it saw; ticks.
    pub(crate) price: i64,
    pub(crate) size: i64,
    /// What the venue has not yet executed.
    pub(crate) remaining: i64,
    /// The model's value when the order was sent, in hundredths of a tick.
    pub(crate) fair: i64,
    pub(crate) mid: i64,
    pub(crate) placed_at: Micros,
}

impl Order {
    /// +1 for yes, buy, long; −1 for no, sell, short.
    pub(crate) fn sign(&self) -> i64 {
        if self.buy { 1 } else { -1 }
    }
}

/// An execution of some or all of an order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill {
    pub(crate) order: Order,
    /// Counts a bot's fills from 1.
    pub(crate) number: u64,
    pub(crate) price: i64,
    pub(crate) size: i64,
    /// What is left of the order after this fill.
    pub(crate) left: i64,
    /// Micro-dollars.
    pub(crate) fee: i64,
    /// From the venue's match to the bot's hearing of it.
    pub(crate) latency: Micros,
}

/// A position opened and closed again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trip {
    /// Counts a bot's round trips from 1.
    pub(crate) number: u64,
    pub(crate) market: usize,
    pub(crate) long: bool,
    pub(crate) size: i64,
    /// Mean prices, in ten-thousandths of a tick.
    pub(crate) entry: i64,
    pub(crate) exit: i64,
    pub(crate) entered_at: Micros,
    pub(crate) exited_at: Micros,
    /// Micro-dollars, before fees.
    pub(crate) gross: i64,
    pub(crate) fees: i64,
    /// Mean of (fill price − fair) × sign over both legs, in ten-thousandths of a tick.
    pub(crate) slippage: i64,
}

/// A request to a venue or provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) provider: &'static str,
    pub(crate) method: &'static str,
    pub(crate) endpoint: &'static str,
    pub(crate) status: i64,
    pub(crate) latency: Micros,
}

/// Why the venue refused an order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: i64,
    pub(crate) reason: &'static str,
}

/// Something that failed, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) component: &'static str,
    pub(crate) error: &'static str,
    pub(crate) detail: &'static str,
}

/// What the host was doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) cpu: f64,
    pub(crate) memory: f64,
    pub(crate) disk: f64,
}

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happening {
    Started,
    Heartbeat,
    HeartbeatFailed,
    Placed(Order),
    Acked(Order, Micros),
    Rejected(Order, Refusal),
    Cancelled(Order),
    Expired(Order),
    Filled(Fill),
    /// The edge of the fill just told.
    Edge(Fill),
    Closed(Trip),
    Called(Call),
    WsUp {
        again: bool,
    },
    WsDown,
    WsIdle {
        since: Micros,
    },
    Modelled {
        market: usize,
    },
    Quoted {
        market: usize,
    },
    Scanned {
        found: i64,
        took: Micros,
    },
    Signalled {
        market: usize,
        buy: bool,
        confidence: f64,
    },
    Equity,
    Health {
        load: Load,
        reachable: bool,
    },
    System(Load),
    Breached {
        market: usize,
    },
    Failed(Fault),
    Halted,
    Daily,
}
