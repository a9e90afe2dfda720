//! Log lines as their systems mean them, read with serde_json and with nothing of fillwatch.
//!
//! Each system has its names for things; `dialects` knows them. What comes out is the same for all.

use serde_json::Value;

/// A log file: its path below the folder of logs, and its text.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) path: String,
    pub(super) text: String,
}

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Placed,
    Acked,
    Rejected,
    Cancelled,
    Expired,
    Filled,
    Closed,
    Equity,
    Pnl,
    Beat,
    Socket,
    Call,
    Signal,
    Scan,
    Model,
    Fault,
    Halt,
    Breach,
    Load,
    Quote,
    Other,
}

impl What {
    /// The word of fillwatch's table for it.
    pub(super) fn kind(self) -> &'static str {
        match self {
            What::Placed => "order_placed",
            What::Acked => "order_acked",
            What::Rejected => "order_rejected",
            What::Cancelled => "order_cancelled",
            What::Expired => "order_expired",
            What::Filled => "fill",
            What::Closed => "trade_closed",
            What::Equity => "equity",
            What::Pnl => "pnl",
            What::Beat => "heartbeat",
            What::Socket => "ws",
            What::Call => "api_call",
            What::Signal => "signal",
            What::Scan => "scan",
            What::Model => "model",
            What::Fault => "error",
            What::Halt => "halt",
            What::Breach => "limit_breach",
            What::Load => "system",
            What::Quote => "quote",
            What::Other => "log",
        }
    }
}

/// A line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) bot: String,
    /// Microseconds since the epoch, cut off below.
    pub(super) at: i64,
    pub(super) what: What,
    pub(super) strategy: Option<String>,
    pub(super) market: Option<String>,
    /// +1 for yes, buy and long, −1 for no, sell and short.
    pub(super) sign: Option<f64>,
    pub(super) order: Option<String>,
    pub(super) trade: Option<String>,
    pub(super) price: Option<f64>,
    pub(super) size: Option<f64>,
    pub(super) fair: Option<f64>,
    pub(super) mid: Option<f64>,
    pub(super) fill_price: Option<f64>,
    pub(super) fill_size: Option<f64>,
    pub(super) fee: Option<f64>,
    pub(super) equity: Option<f64>,
    pub(super) latency_ms: Option<f64>,
    pub(super) code: Option<i64>,
    /// All of it, for what only some lines have.
    pub(super) value: Value,
    /// As it stands in the log.
    pub(super) text: String,
}

impl Line {
    pub(super) fn float(&self, key: &str) -> Option<f64> {
        number(&self.value[key])
    }

    pub(super) fn string(&self, key: &str) -> Option<&str> {
        self.value[key].as_str()
    }
}

/// The lines of logs, in order of time; of two at the same time, in the order of the files.
pub(super) fn lines(logs: &[Log]) -> Vec<Line> {
    let mut lines = Vec::new();
    for log in logs {
        let dialect = super::dialects::of(&log.path);
        lines.extend(log.text.lines().map(|text| dialect.line(&log.path, text)));
    }
    lines.sort_by_key(|line| line.at);
    lines
}

/// A number, or a text that is one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A text, or a number as it is written.
pub(super) fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// +1, −1, or neither.
pub(super) fn sign(value: &Value) -> Option<f64> {
    match value.as_str()?.to_ascii_lowercase().as_str() {
        "yes" | "buy" | "long" => Some(1.0),
        "no" | "sell" | "short" => Some(-1.0),
        _ => None,
    }
}

/// Microseconds of the seconds that `key` has in `text`, read digit by digit: a float has not
/// enough of them.
pub(super) fn seconds(text: &str, key: &str) -> i64 {
    let name = format!("\"{key}\":");
    let start = text.find(&name).unwrap_or_else(|| panic!("no {key} in {text}")) + name.len();
    let digits = text[start..].trim_start();
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap();
    let (whole, fraction) = digits[..end].split_once('.').unwrap_or((&digits[..end], ""));
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    whole.parse::<i64>().unwrap() * 1_000_000 + micros.parse::<i64>().unwrap()
}

/// Microseconds of a date and time; of one without a zone, in UTC.
pub(super) fn moment(text: &str) -> i64 {
    if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
        return time.timestamp_micros();
    }
    let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    time.unwrap_or_else(|error| panic!("{text}: {error}")).and_utc().timestamp_micros()
}
