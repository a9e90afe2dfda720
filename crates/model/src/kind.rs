//! What happened, in our words.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The canonical kind of an event: the column `kind`. The log's own word for it stays in
        /// the column `event`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)*];

            /// As it is stored.
            pub const fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }

            /// The kind stored as `name`.
            pub fn parse(name: &str) -> Option<Kind> {
                match name { $($name => Some(Kind::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// An order was sent to the venue.
    OrderPlaced = "order_placed",
    /// The venue took it.
    OrderAcked = "order_acked",
    /// The venue refused it.
    OrderRejected = "order_rejected",
    /// It was withdrawn.
    OrderCancelled = "order_cancelled",
    /// It ran out of time.
    OrderExpired = "order_expired",
    /// Some or all of it was executed.
    Fill = "fill",
    /// A position was opened and closed again: one round trip.
    TradeClosed = "trade_closed",
    /// What is held.
    Position = "position",
    /// What the account is worth.
    Equity = "equity",
    /// Profit and loss as the bot sees it.
    Pnl = "pnl",
    /// A sign of life.
    Heartbeat = "heartbeat",
    /// The state of a WebSocket.
    Ws = "ws",
    /// A request to a venue or provider.
    ApiCall = "api_call",
    /// A strategy wants to trade.
    Signal = "signal",
    /// A strategy looked for something to trade.
    Scan = "scan",
    /// A model was updated, or predicted something.
    Model = "model",
    /// Something failed.
    Error = "error",
    /// Trading was stopped.
    Halt = "halt",
    /// A limit was passed.
    LimitBreach = "limit_breach",
    /// CPU, memory, disk.
    System = "system",
    /// A price in the market.
    Quote = "quote",
    /// Any other line.
    Log = "log",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
