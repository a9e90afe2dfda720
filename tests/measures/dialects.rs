//! What the five systems call things.

use serde_json::Value;

use super::raw::{Line, What, moment, number, seconds, sign, word};

/// How one system writes its logs.
pub(super) struct Dialect {
    what: fn(&str, &Value) -> What,
    at: fn(&str, &str, &Value) -> i64,
    names: &'static Names,
}

/// Keys; the first that a line has counts.
struct Names {
    strategy: &'static [&'static str],
    market: &'static [&'static str],
    order: &'static [&'static str],
    trade: &'static [&'static str],
    fair: &'static [&'static str],
    size: &'static [&'static str],
    fee: &'static [&'static str],
    equity: &'static [&'static str],
    latency: &'static [&'static str],
    code: &'static [&'static str],
    /// Of a fill.
    fill_price: &'static [&'static str],
    fill_size: &'static [&'static str],
}

/// The dialect of the log at `path`, whose first folder is the system's.
pub(super) fn of(path: &str) -> &'static Dialect {
    let system = path.split('/').next().unwrap();
    match system {
        "kalshi" => &KALSHI,
        "qkt" => &QKT,
        "polybot" => &POLYBOT,
        "catalyst" => &CATALYST,
        "purpleflea" => &PURPLEFLEA,
        other => panic!("no system {other}"),
    }
}

/// Whose log it is: its folder's name, or its own where the folder is everybody's.
fn bot(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap();
    match parts.next().unwrap() {
        "logs" => file.split('.').next().unwrap().to_owned(),
        folder => folder.to_owned(),
    }
}

impl Dialect {
    pub(super) fn line(&self, path: &str, text: &str) -> Line {
        let value: Value = serde_json::from_str(text).unwrap();
        let names = self.names;
        let first = |keys: &[&str]| {
            keys.iter().map(|key| &value[*key]).find(|v| !v.is_null()).unwrap_or(&Value::Null)
        };
        let what = (self.what)(path, &value);
        let is_fill = what == What::Filled;
        let asked = |keys| if is_fill { None } else { number(first(keys)) };
        let filled = |keys| if is_fill { number(first(keys)) } else { None };
        let has_fee = matches!(what, What::Filled | What::Closed);
        let quoted = number(&value["bid"]).zip(number(&value["ask"]));
        Line {
            bot: bot(path),
            at: (self.at)(path, text, &value),
            what,
            strategy: word(first(names.strategy)),
            market: word(first(names.market)),
            sign: sign(&value["side"]),
            order: word(first(names.order)),
            trade: word(first(names.trade)),
            price: asked(&["price"]),
            size: asked(names.size),
            fair: number(first(names.fair)),
            mid: number(&value["mid"]).or(quoted.map(|(bid, ask)| f64::midpoint(bid, ask))),
            fill_price: filled(names.fill_price).filter(|price| *price != 0.0),
            fill_size: filled(names.fill_size),
            fee: if has_fee { number(first(names.fee)) } else { None },
            equity: if what == What::Equity { number(first(names.equity)) } else { None },
            latency_ms: number(first(names.latency)),
            code: number(first(names.code)).map(|code| code as i64),
            value,
            text: text.to_owned(),
        }
    }
}

fn has(value: &Value, key: &str) -> bool {
    !value[key].is_null()
}

static KALSHI: Dialect = Dialect {
    what: |_, line| match line["event"].as_str().or(line["event_type"].as_str()).unwrap() {
        "order_placed" => What::Placed,
        "order_ack" => What::Acked,
        "order_rejected" => What::Rejected,
        "order_cancelled" => What::Cancelled,
        "order_expired" => What::Expired,
        "fill_received" | "order_filled" => What::Filled,
        "fill_edge" => What::Pnl,
        "equity_snapshot" => What::Equity,
        "heartbeat" => What::Beat,
        "heartbeat_error" | "error" => What::Fault,
        "ws_idle_alert" | "ws_connected" | "ws_disconnected" | "ws_reconnected" => What::Socket,
        "api_call" => What::Call,
        "model_update" => What::Model,
        "quote" => What::Quote,
        "position_limit_breach" => What::Breach,
        "bot_started" => What::Other,
        other => panic!("kalshi logs no {other}"),
    },
    at: |_, text, line| seconds(text, if has(line, "ts") { "ts" } else { "timestamp" }),
    names: &Names {
        strategy: &["strategy"],
        market: &["market", "market_ticker"],
        order: &["order_id"],
        trade: &["trade_id"],
        fair: &["model_fair", "model_fair_value"],
        size: &["size"],
        fee: &["fee"],
        equity: &["equity"],
        latency: &["latency_ms"],
        code: &["status_code"],
        fill_price: &["fill_price", "price"],
        fill_size: &["fill_size", "size"],
    },
};

static QKT: Dialect = Dialect {
    what: |path, line| {
        if path.ends_with("status.jsonl") {
            return What::Equity;
        }
        match (line["type"].as_str(), line["status"].as_str()) {
            (Some("tick"), _) => return What::Quote,
            (Some("signal"), _) => return What::Signal,
            (Some("order"), None | Some("NEW")) => return What::Placed,
            (Some("order"), Some("ACCEPTED")) => return What::Acked,
            (Some("order"), Some("CANCELLED")) => return What::Cancelled,
            (Some("order"), Some("EXPIRED")) => return What::Expired,
            (Some("rejection"), _) => return What::Rejected,
            (Some("fill"), _) => return What::Filled,
            (Some(other), _) => panic!("qkt streams no {other}"),
            (None, _) => {}
        }
        match line["message"].as_str().unwrap() {
            "Order placed" => What::Placed,
            "Order filled" => What::Filled,
            text if text.starts_with("Order rejected") => What::Rejected,
            "Signal generated" => What::Signal,
            "Heartbeat" => What::Beat,
            "API call" => What::Call,
            text if text.starts_with("WebSocket") => What::Socket,
            "Position limit breach" => What::Breach,
            "Trading halted" => What::Halt,
            "Unhandled exception" | "Gateway call failed" => What::Fault,
            "Strategy started" => What::Other,
            other => panic!("qkt logs no {other}"),
        }
    },
    at: |path, _, line| match line["@timestamp"].as_str() {
        Some(text) => moment(text),
        None => {
            let key = if path.ends_with("status.jsonl") { "timestamp" } else { "ts" };
            line[key].as_i64().unwrap() * 1_000
        }
    },
    names: &Names {
        strategy: &["strategy"],
        market: &["symbol"],
        order: &["orderId"],
        trade: &["tradeId"],
        fair: &["fairPrice"],
        size: &["qty"],
        fee: &["commission"],
        equity: &["equity"],
        latency: &["latencyMs"],
        code: &["statusCode"],
        fill_price: &["fillPrice", "price"],
        fill_size: &["fillQty", "qty"],
    },
};

static POLYBOT: Dialect = Dialect {
    what: |_, line| match line["message"].as_str().unwrap() {
        "Order placed" => What::Placed,
        "Order acknowledged" => What::Acked,
        "Order rejected" => What::Rejected,
        "Order cancelled" => What::Cancelled,
        "Order expired" => What::Expired,
        "Order filled" | "Order partially filled" => What::Filled,
        "Portfolio snapshot" => What::Equity,
        "Heartbeat" => What::Beat,
        text if text.starts_with("WebSocket") => What::Socket,
        "HTTP request" => What::Call,
        "Model updated" => What::Model,
        "Scan completed" | "Scan complete" => What::Scan,
        "Position limit breach" => What::Breach,
        "Unhandled exception" | "Failed to fetch order book" => What::Fault,
        "Strategy started" | "Bot started" => What::Other,
        other => panic!("polybot logs no {other}"),
    },
    at: |_, _, line| moment(line["timestamp"].as_str().unwrap()),
    names: &Names {
        strategy: &["strategy"],
        market: &["market", "token_id"],
        order: &["order_id"],
        trade: &["trade_id"],
        fair: &["fair_value"],
        size: &["size"],
        fee: &["fee"],
        equity: &["equity"],
        latency: &["latency_ms", "duration_ms"],
        code: &["status_code", "status"],
        fill_price: &["fill_price"],
        fill_size: &["fill_size"],
    },
};

static CATALYST: Dialect = Dialect {
    what: |_, line| match line["message"].as_str().unwrap() {
        "Order placed" => What::Placed,
        "Order accepted" => What::Acked,
        "Order rejected" => What::Rejected,
        "Order cancelled" => What::Cancelled,
        "Order filled" => What::Filled,
        "Position closed" => What::Closed,
        "Portfolio update" | "Portfolio snapshot" => What::Equity,
        "Daily performance" => What::Pnl,
        "Heartbeat" => What::Beat,
        "API call" | "API call completed" => What::Call,
        "Scan completed" => What::Scan,
        "Signal generated" => What::Signal,
        "Model updated" => What::Model,
        "System metrics" => What::Load,
        "Position limit breach" => What::Breach,
        "Kill switch activated" => What::Halt,
        "Unhandled exception" => What::Fault,
        text if text.starts_with("Order execution failed") => What::Fault,
        "Bot started" => What::Other,
        other => panic!("catalyst logs no {other}"),
    },
    at: |_, _, line| moment(line["timestamp"].as_str().unwrap()),
    names: &Names {
        strategy: &[],
        market: &["ticker"],
        order: &["order_id"],
        trade: &["trade_id"],
        fair: &["fair_price"],
        size: &["quantity"],
        fee: &[],
        equity: &["portfolio_value"],
        latency: &["latency_ms", "duration_ms"],
        code: &["status_code"],
        fill_price: &["fill_price", "price"],
        fill_size: &["quantity"],
    },
};

static PURPLEFLEA: Dialect = Dialect {
    what: |path, _| match path.rsplit('/').next().unwrap() {
        "snapshots.jsonl" => What::Equity,
        "trades.jsonl" => What::Closed,
        "health.jsonl" => What::Beat,
        other => panic!("purpleflea writes no {other}"),
    },
    at: |path, text, _| {
        seconds(text, if path.ends_with("trades.jsonl") { "exit_ts" } else { "timestamp" })
    },
    names: &Names {
        strategy: &["strategy"],
        market: &["asset"],
        order: &[],
        trade: &["id"],
        fair: &[],
        size: &["size"],
        fee: &["fees"],
        equity: &["balance"],
        latency: &["api_latency_ms"],
        code: &[],
        fill_price: &[],
        fill_size: &[],
    },
};
