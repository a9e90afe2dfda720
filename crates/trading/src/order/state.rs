//! An order as of its last line: the state of the fold, and what follows from it.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::fill::Fill;
use super::line::sign;
use super::told::{Told, TradeIds, Words, is_false, is_none};
use super::{HORIZONS_S, OVER_FOR, SECOND, SILENT_FOR, SIZE_TOLERANCE, exact, tidy};

/// An order that owns its texts, as read from [`Order::to_json`].
pub type OrderState = Order<'static>;

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Nothing filled yet.
    #[serde(rename = "open")]
    Open,
    /// Some of it filled, and the rest may.
    #[serde(rename = "partial")]
    Partial,
    /// All of it filled.
    #[serde(rename = "filled")]
    Filled,
    /// Cancelled before all of it filled.
    #[serde(rename = "cancelled")]
    Cancelled,
    /// Refused.
    #[serde(rename = "rejected")]
    Rejected,
    /// Its time ran out before all of it filled.
    #[serde(rename = "expired")]
    Expired,
}

impl Status {
    /// As `orders.status` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Partial => "partial",
            Status::Filled => "filled",
            Status::Cancelled => "cancelled",
            Status::Rejected => "rejected",
            Status::Expired => "expired",
        }
    }
}

/// Why a state cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It was written by another version.
    #[error("the state of an order is of version {0}, and {VERSION} is what this program reads")]
    Version(u64),
    /// It is no state.
    #[error("the state of an order does not read: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Of the text in [`Order::to_json`].
const VERSION: u64 = 2;

/// One order. Prices and money in the account's currency, times in microseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order<'a> {
    /// Its first line.
    #[serde(rename = "t0")]
    pub first_at: i64,
    /// Its last line.
    #[serde(rename = "t1")]
    pub last_at: i64,
    /// The first line that placed it; null if none did.
    #[serde(rename = "tp", default, skip_serializing_if = "Option::is_none")]
    pub placed_at: Option<i64>,
    /// The first line that acknowledged it.
    #[serde(rename = "ta", default, skip_serializing_if = "Option::is_none")]
    pub acked_at: Option<i64>,
    /// Its first fill.
    #[serde(rename = "tf", default, skip_serializing_if = "Option::is_none")]
    pub first_fill_at: Option<i64>,
    /// Its last fill.
    #[serde(rename = "tl", default, skip_serializing_if = "Option::is_none")]
    pub last_fill_at: Option<i64>,
    /// The fill that completed it.
    #[serde(rename = "tc", default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<i64>,
    /// Whose it is.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Cow<'a, str>>,
    /// Of what.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub market: Option<Cow<'a, str>>,
    /// As logged.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Cow<'a, str>>,
    /// Its own (limit) price.
    #[serde(
        rename = "p",
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    pub price: Option<f64>,
    /// How much was ordered.
    #[serde(
        rename = "s",
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    pub size: Option<f64>,
    /// The model's fair value when it was placed.
    #[serde(
        rename = "v",
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    pub fair: Option<f64>,
    /// How many fills it had.
    #[serde(rename = "n", default)]
    pub fill_count: u64,
    /// How much of it filled.
    #[serde(rename = "q", default, with = "exact")]
    pub filled_size: f64,
    /// How much of it filled within each of [`HORIZONS_S`] of its placement; nothing where
    /// [`Order::placed_at`] is null.
    #[serde(rename = "h", default)]
    pub(super) within: [Size; HORIZONS_S.len()],
    /// What its fills cost in fees; null if no line said.
    #[serde(
        rename = "f",
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    pub fee: Option<f64>,
    /// The code on the line that rejected it.
    #[serde(rename = "rc", default, skip_serializing_if = "Option::is_none")]
    pub reject_code: Option<i64>,
    /// The message on the line that rejected it.
    #[serde(rename = "rr", default, skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<Cow<'a, str>>,
    /// Another order has its id now: no line joins it any more.
    #[serde(skip)]
    pub replaced: bool,
    /// It has no id, and its state can only be what one line says.
    #[serde(skip)]
    pub(super) unidentified: bool,
    /// Σ price × size of the fills with both, and Σ size of those.
    #[serde(rename = "x", default, with = "exact")]
    pub(super) notional: f64,
    #[serde(rename = "y", default, with = "exact")]
    pub(super) priced_size: f64,
    /// A fill of unknown size is said to have completed it.
    #[serde(rename = "k", default, skip_serializing_if = "is_false")]
    pub(super) told_complete: bool,
    /// The first line that ended it otherwise.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<(Status, i64)>,
    /// When it was rejected.
    #[serde(rename = "tr", default, skip_serializing_if = "Option::is_none")]
    pub(super) rejected_at: Option<i64>,
    #[serde(
        rename = "la",
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    pub(super) ack_latency_ms: Option<f64>,
    #[serde(
        rename = "lp",
        default,
        skip_serializing_if = "Option::is_none",
        with = "exact::option"
    )]
    pub(super) place_latency_ms: Option<f64>,
    /// The word that placed it.
    #[serde(rename = "pw", default, skip_serializing_if = "Option::is_none")]
    pub(super) placed_by: Option<Cow<'a, str>>,
    /// Which of market, side, strategy, price, size and fair its placement gave.
    #[serde(rename = "pf", default)]
    pub(super) placement_has: u8,
    /// The words that told its fills.
    #[serde(rename = "w", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) words: Vec<Cow<'a, str>>,
    /// Those of them that call a fill's own size a running total.
    #[serde(rename = "o", default, skip_serializing_if = "is_none")]
    pub(super) own_sizes: Words,
    /// Its last fills.
    #[serde(rename = "l", default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) told: VecDeque<Told<'a>>,
    #[serde(rename = "i", default, skip_serializing_if = "TradeIds::is_empty")]
    pub(super) trade_ids: TradeIds<'a>,
    /// Its fills that may be told again at once; what is read from them is theirs.
    #[serde(rename = "u", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pending: Vec<Fill<'a>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Size(#[serde(with = "exact")] pub(super) f64);

impl Order<'_> {
    /// +1 for yes, buy and long, -1 for no, sell and short, null for any other side.
    pub fn sign(&self) -> Option<f64> {
        self.side.as_deref().and_then(sign)
    }

    /// What became of it. Null for one without id that was placed, since nothing can be known of
    /// it.
    pub fn status(&self) -> Option<Status> {
        if self.unidentified {
            return self.ended.map(|(status, _)| status);
        }
        Some(match self.ended {
            _ if self.is_filled() => Status::Filled,
            Some((status, _)) => status,
            None if self.filled_size > 0.0 || self.fill_count > 0 => Status::Partial,
            None => Status::Open,
        })
    }

    /// When its status became final; null while it is not.
    pub fn closed_at(&self) -> Option<i64> {
        self.completed_at.or(self.ended.map(|(_, at)| at))
    }

    /// What is known of it at `at`, when no line is to be read any more before that: its status, and
    /// when that became final. One that was not over and of which nothing was heard for
    /// [`SILENT_FOR`] has expired then.
    pub fn as_of(&self, at: i64) -> (Option<Status>, Option<i64>) {
        if !self.unidentified && self.closed_at().is_none() && self.is_forgotten(at) {
            return (Some(Status::Expired), Some(self.silenced_at()));
        }
        (self.status(), self.closed_at())
    }

    /// The mean price of its fills, weighted by their size; null if none said both.
    pub fn avg_fill_price(&self) -> Option<f64> {
        (self.priced_size > 0.0).then(|| tidy(self.notional / self.priced_size))
    }

    /// How long it took to be placed: as the line says that acknowledged or rejected it, else from
    /// the one to the other, else as the line says that placed it. Negative where clocks differ.
    pub fn placement_latency_ms(&self) -> Option<f64> {
        let answered = self.acked_at.or(self.rejected_at);
        let between = || Some(millis(answered? - self.placed_at?));
        self.ack_latency_ms.or_else(between).or(self.place_latency_ms)
    }

    /// From its placement to the fill that completed it. Negative where clocks differ.
    pub fn time_to_fill_ms(&self) -> Option<f64> {
        Some(millis(self.completed_at? - self.placed_at?))
    }

    /// How much of it filled within each of [`HORIZONS_S`] of its placement, the horizon itself
    /// included; null if no line placed it.
    pub fn filled_within(&self) -> Option<[f64; HORIZONS_S.len()]> {
        self.placed_at.map(|_| self.within.map(|size| size.0))
    }

    /// Whether a line at or after `at` can belong to it. A state for which none can need not be
    /// kept: without it the fold gives the same.
    pub fn keep(&self, at: i64) -> bool {
        !self.replaced && !self.unidentified && !self.is_forgotten(at)
    }

    /// The state of the fold after its last line, from which it goes on.
    #[expect(clippy::missing_panics_doc, reason = "its keys are names and it writes to memory")]
    pub fn to_json(&self) -> String {
        #[expect(clippy::expect_used, reason = "its keys are names and it writes to memory")]
        serde_json::to_string(&(VERSION, self)).expect("an order is JSON")
    }

    /// Reads what [`Order::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<OrderState, StateError> {
        let (version, state): (u64, &serde_json::value::RawValue) = serde_json::from_str(text)?;
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        let mut state: OrderState = serde_json::from_str(state.get())?;
        state.trade_ids.reindex();
        Ok(state)
    }

    pub(super) fn is_filled(&self) -> bool {
        match self.size {
            Some(size) => self.filled_size >= size * (1.0 - SIZE_TOLERANCE),
            None => self.told_complete,
        }
    }

    /// Whether no line at or after `at` is about it.
    pub(super) fn is_forgotten(&self, at: i64) -> bool {
        match self.closed_at() {
            Some(closed) => at.saturating_sub(closed) > OVER_FOR,
            None => at.saturating_sub(self.last_at) > SILENT_FOR,
        }
    }

    fn silenced_at(&self) -> i64 {
        self.last_at.saturating_add(SILENT_FOR)
    }

    /// A line at `at` begins another order with its id. If it was open until then, it is over: a bot
    /// does not give away the id of an order that it still has.
    pub(super) fn replace(&mut self, at: i64) {
        self.replaced = true;
        if self.closed_at().is_none() {
            self.ended = Some(if self.is_forgotten(at) {
                (Status::Expired, self.silenced_at())
            } else {
                (Status::Cancelled, at)
            });
        }
    }

    /// Accounts for a fill of `size` at `at`.
    pub(super) fn add_within(&mut self, at: i64, size: f64) {
        let Some(placed) = self.placed_at else { return };
        for (within, horizon) in self.within.iter_mut().zip(HORIZONS_S) {
            if at - placed <= horizon * SECOND {
                within.0 += size;
            }
        }
    }

    /// What filled before the line that placed it did so at once.
    pub(super) fn start_within(&mut self) {
        self.within = [Size(self.filled_size); HORIZONS_S.len()];
    }
}

pub(super) fn millis(micros: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
    let micros = micros as f64;
    micros / 1e3
}
