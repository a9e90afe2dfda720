//! What goes wrong, for whom and when.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::calendar::{DAY, HOUR, MILLISECOND, MINUTE, Micros, SECOND};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A way for a bot to fail. Each changes its cause, and the log shows what follows from it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum IncidentKind { $($(#[$doc])* $variant,)* }

        impl IncidentKind {
            /// As it is written on a command line.
            pub const fn as_str(self) -> &'static str {
                match self { $(IncidentKind::$variant => $name,)* }
            }
        }

        impl Incident {
            /// All kinds there are.
            pub const KINDS: &'static [IncidentKind] = &[$(IncidentKind::$variant,)*];
        }
    };
}

kinds! {
    /// The model's feed dies: its fair value stands still while the market moves on, and the bot
    /// goes on quoting around it.
    StaleFairValue = "stale_fair_value",
    /// Whoever trades with the bot knows more: its orders fill just before the price moves through
    /// them, and what it takes, it pays too much for.
    AdverseSelection = "adverse_selection",
    /// The API key expires: every private call is answered 401, every order is rejected, and what
    /// rests cannot be withdrawn.
    RejectStorm = "reject_storm",
    /// The socket stays open and says nothing: no quotes, no model updates; fills are heard of
    /// when it reconnects; the bot's watchdog complains.
    WsSilence = "ws_silence",
    /// The bot is dead and writes nothing at all, until it is started again.
    HeartbeatLoss = "heartbeat_loss",
    /// The risk guard is not there: the bot buys past its position limit.
    PositionBreach = "position_breach",
    /// The bot holds all it may on the wrong side of a market that keeps moving.
    Drawdown = "drawdown",
    /// The price gaps over a large position, which is closed at the gap's far end.
    FatTailLoss = "fat_tail_loss",
}

impl fmt::Display for IncidentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One incident: its kind, the bot it strikes, and from when until when, as microseconds after the
/// start of the run. Written `reject_storm@mm1:+10m..+15m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// What goes wrong.
    pub kind: IncidentKind,
    /// The name of the bot.
    pub bot: String,
    /// When it begins.
    pub at: Micros,
    /// When it is over; not included.
    pub until: Micros,
}

/// Why a text is no incident.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IncidentError {
    /// It has not the form of one.
    #[error("`{0}` is not an incident; write it as reject_storm@mm1:+10m..+15m")]
    Form(String),
    /// There is no such kind.
    #[error("`{0}` is no kind of incident; there are {kinds}", kinds = kinds_listed())]
    Kind(String),
    /// A time in it is none.
    #[error("`{0}` is no time after the start; write +90s, +10m, +1.5h or +2d")]
    Offset(String),
    /// It ends before it begins.
    #[error("`{0}` ends before it begins")]
    Order(String),
}

fn kinds_listed() -> String {
    let names: Vec<&str> = Incident::KINDS.iter().map(|kind| kind.as_str()).collect();
    names.join(", ")
}

impl FromStr for IncidentKind {
    type Err = IncidentError;

    fn from_str(name: &str) -> Result<IncidentKind, IncidentError> {
        let kind = Incident::KINDS.iter().find(|kind| kind.as_str() == name);
        kind.copied().ok_or_else(|| IncidentError::Kind(name.to_owned()))
    }
}

impl FromStr for Incident {
    type Err = IncidentError;

    fn from_str(text: &str) -> Result<Incident, IncidentError> {
        let form = || IncidentError::Form(text.to_owned());
        let (kind, rest) = text.split_once('@').ok_or_else(form)?;
        let (bot, span) = rest.split_once(':').ok_or_else(form)?;
        let (at, until) = span.split_once("..").ok_or_else(form)?;
        let incident = Incident {
            kind: kind.parse()?,
            bot: bot.to_owned(),
            at: offset(at)?,
            until: offset(until)?,
        };
        if bot.is_empty() {
            return Err(form());
        }
        if incident.until <= incident.at {
            return Err(IncidentError::Order(text.to_owned()));
        }
        Ok(incident)
    }
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |at: Micros| at as f64 / SECOND as f64;
        let Incident { kind, bot, .. } = self;
        write!(f, "{kind}@{bot}:+{}s..+{}s", seconds(self.at), seconds(self.until))
    }
}

/// `+10m` in microseconds.
fn offset(text: &str) -> Result<Micros, IncidentError> {
    let error = || IncidentError::Offset(text.to_owned());
    let rest = text.strip_prefix('+').ok_or_else(error)?;
    let unit_at = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(error)?;
    let (number, unit) = rest.split_at(unit_at);
    let unit = match unit {
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return Err(error()),
    };
    let number: f64 = number.parse().map_err(|_| error())?;
    if !(0.0..1e6).contains(&number) {
        return Err(error());
    }
    Ok((number * unit as f64).round() as Micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &str) {
        let got = match text.parse::<Incident>() {
            Ok(incident) => incident.to_string(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, want);
    }

    #[test]
    fn incidents_are_read_from_text() {
        check("reject_storm@mm1:+10m..+15m", "reject_storm@mm1:+600s..+900s");
        check("drawdown@gold1:+1.5h..+2h", "drawdown@gold1:+5400s..+7200s");
        check("ws_silence@mm1:+500ms..+90s", "ws_silence@mm1:+0.5s..+90s");
    }

    #[test]
    fn what_is_none_is_told_why() {
        check(
            "reject_storm",
            "error: `reject_storm` is not an incident; write it as reject_storm@mm1:+10m..+15m",
        );
        check(
            "flood@mm1:+1m..+2m",
            "error: `flood` is no kind of incident; there are stale_fair_value, \
             adverse_selection, reject_storm, ws_silence, heartbeat_loss, position_breach, \
             drawdown, fat_tail_loss",
        );
        check(
            "drawdown@mm1:10m..+15m",
            "error: `10m` is no time after the start; write +90s, +10m, +1.5h or +2d",
        );
        check("drawdown@mm1:+5m..+1m", "error: `drawdown@mm1:+5m..+1m` ends before it begins");
    }
}
