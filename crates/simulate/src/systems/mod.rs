//! The five systems: what their bots trade, and how their loggers put it.
//!
//! Each module has the profile of its bots, the names of its files, and `write`, which turns a
//! happening into at most one line, in the shape that the system's own logger gives it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::bot::Bot;
use crate::calendar::{MILLISECOND, Micros};
use crate::happening::Happening;
use crate::json::Json;
use crate::profile::Profile;

pub(crate) mod catalyst;
pub(crate) mod kalshi;
pub(crate) mod polybot;
pub(crate) mod purpleflea;
pub(crate) mod qkt;

/// A system whose bots can be simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// Market makers on event contracts; a Python logger with `ts` in float seconds.
    Kalshi,
    /// Strategies of a JVM daemon; logstash JSON, `/status` snapshots and `/events` lines.
    Qkt,
    /// Arbitrage on prediction markets; the event is the message.
    Polybot,
    /// Paper trading of stocks; a Python formatter with naive times.
    Catalyst,
    /// Agents watched from outside: snapshots, closed trades, health payloads.
    Purpleflea,
}

/// No system has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no system; there are kalshi, qkt, polybot, catalyst, purpleflea")]
pub struct SystemError(String);

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// Which of the system's files it belongs to.
    pub(crate) file: usize,
    /// The log's own word for it; for a system without one, the file's.
    pub(crate) event: &'static str,
    /// The canonical kind that fillwatch's table should give it.
    pub(crate) kind: &'static str,
}

impl Written {
    fn to(file: usize, event: &'static str, kind: &'static str) -> Written {
        Written { file, event, kind }
    }
}

impl System {
    /// All of them.
    pub const ALL: &'static [System] =
        &[System::Kalshi, System::Qkt, System::Polybot, System::Catalyst, System::Purpleflea];

    /// As it is written on a command line and as its folder is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            System::Kalshi => "kalshi",
            System::Qkt => "qkt",
            System::Polybot => "polybot",
            System::Catalyst => "catalyst",
            System::Purpleflea => "purpleflea",
        }
    }

    /// What its bots are called, before their number.
    pub(crate) fn bot_prefix(self) -> &'static str {
        match self {
            System::Kalshi => "mm",
            System::Qkt => "gold",
            System::Polybot => "arb",
            System::Catalyst => "paper",
            System::Purpleflea => "agent",
        }
    }

    pub(crate) fn profile(self) -> &'static Profile {
        match self {
            System::Kalshi => &kalshi::PROFILE,
            System::Qkt => &qkt::PROFILE,
            System::Polybot => &polybot::PROFILE,
            System::Catalyst => &catalyst::PROFILE,
            System::Purpleflea => &purpleflea::PROFILE,
        }
    }

    /// The files that one bot of it writes, in its own folder.
    pub(crate) fn files(self) -> &'static [&'static str] {
        match self {
            System::Kalshi => kalshi::FILES,
            System::Qkt => qkt::FILES,
            System::Polybot => polybot::FILES,
            System::Catalyst => catalyst::FILES,
            System::Purpleflea => purpleflea::FILES,
        }
    }

    /// Appends the line that a happening leaves in the log, without its newline, if it leaves one.
    pub(crate) fn write(self, bot: &Bot, what: &Happening, out: &mut Vec<u8>) -> Option<Written> {
        match self {
            System::Kalshi => kalshi::write(bot, what, out),
            System::Qkt => qkt::write(bot, what, out),
            System::Polybot => polybot::write(bot, what, out),
            System::Catalyst => catalyst::write(bot, what, out),
            System::Purpleflea => purpleflea::write(bot, what, out),
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for System {
    type Err = SystemError;

    fn from_str(name: &str) -> Result<System, SystemError> {
        let system = System::ALL.iter().find(|system| system.as_str() == name);
        system.copied().ok_or_else(|| SystemError(name.to_owned()))
    }
}

/// Micro-dollars as dollars and cents: what loggers round money to.
fn cents(json: &mut Json<'_>, key: &str, micro_dollars: i64) {
    json.float(key, micro_dollars as f64 / 1e6, 2);
}

/// Micro-dollars to the last digit.
fn exact(json: &mut Json<'_>, key: &str, micro_dollars: i64) {
    json.decimal(key, micro_dollars, 6);
}

/// A duration in milliseconds, to a tenth.
fn millis(json: &mut Json<'_>, key: &str, duration: Micros) {
    json.decimal(key, (duration + 50) / 100, 1);
}

/// A duration in whole milliseconds.
fn whole_millis(json: &mut Json<'_>, key: &str, duration: Micros) {
    json.int(key, (duration + MILLISECOND / 2) / MILLISECOND);
}

/// A price of `market`, in ticks.
fn price(json: &mut Json<'_>, key: &str, bot: &Bot, market: usize, ticks: i64) {
    json.decimal(key, ticks, bot.markets[market].instrument.price_decimals);
}

/// A value of `market`, in hundredths of a tick.
fn value(json: &mut Json<'_>, key: &str, bot: &Bot, market: usize, hundredths: i64) {
    json.decimal(key, hundredths, bot.markets[market].instrument.price_decimals + 2);
}

/// A mean price of `market`, in ten-thousandths of a tick.
fn mean(json: &mut Json<'_>, key: &str, bot: &Bot, market: usize, ten_thousandths: i64) {
    json.decimal(key, ten_thousandths, bot.markets[market].instrument.price_decimals + 4);
}

/// A size in `market`: whole contracts as an integer, the rest with decimals.
fn size(json: &mut Json<'_>, key: &str, bot: &Bot, market: usize, size: i64) {
    match bot.markets[market].instrument.size_decimals {
        0 => json.int(key, size),
        decimals => json.decimal(key, size, decimals),
    }
}

fn name(bot: &Bot, market: usize) -> &'static str {
    bot.markets[market].instrument.name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_name() {
        for system in System::ALL {
            assert_eq!(system.as_str().parse(), Ok(*system));
        }
        let error = "kraken".parse::<System>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`kraken` is no system; there are kalshi, qkt, polybot, catalyst, purpleflea"
        );
    }
}
