//! Every line is JSON in the shape of its system.

use std::collections::BTreeSet;

use fillwatch_simulate::System;
use serde_json::Value;

use crate::{parse, run, system_of};

/// The keys that a line of `event` must have, beside those of every line of its file.
fn keys(system: System, event: &str) -> &'static [&'static str] {
    match (system, event) {
        (System::Kalshi, "order_placed") => {
            &["market", "side", "price", "size", "order_id", "model_fair"]
        }
        (System::Kalshi, "fill_received") => &["order_id", "fill_price", "fill_size", "latency_ms"],
        (System::Kalshi, "heartbeat") => &["status", "open_positions"],
        (System::Kalshi, "heartbeat_error") => &["error"],
        (System::Kalshi, "ws_idle_alert") => &["idle_seconds"],
        (System::Kalshi, "fill_edge") => &["edge_cents", "cumulative_edge"],
        (System::Kalshi, "position_limit_breach") => &["market", "size", "limit", "severity"],
        (System::Kalshi, "api_call") => &["endpoint", "status_code", "latency_ms"],
        (System::Qkt, "fill") => &["orderId", "symbol", "side", "fillPrice", "fillQty"],
        (System::Qkt, "order") => &["orderId", "symbol", "side", "status"],
        (System::Qkt, "tick") => &["symbol", "bid", "ask"],
        (System::Qkt, "rejection") => &["orderId", "code", "reason"],
        (System::Polybot, "Order filled") => &["order_id", "strategy", "fill_price"],
        (System::Polybot, "Order placed") => &["order_id", "token_id", "side", "price", "size"],
        (System::Catalyst, "Order placed") => &["ticker", "order_id", "side", "quantity", "price"],
        (System::Catalyst, "Position closed") => &["trade_id", "ticker", "pnl"],
        (System::Catalyst, "Daily performance") => {
            &["daily_pnl", "win_rate", "sharpe_ratio", "trades_today"]
        }
        (System::Catalyst, "Unhandled exception") => &["exception"],
        _ => &[],
    }
}

/// The keys of every line of a file, and the one that holds the event.
fn frame(file: &str) -> (&'static [&'static str], &'static str) {
    match file {
        "bot.jsonl" => (&["ts", "event"], "event"),
        "strategy.log" => {
            (&["@timestamp", "@version", "message", "logger_name", "level", "strategy"], "message")
        }
        "status.jsonl" => (
            &[
                "strategy",
                "version",
                "uptimeMs",
                "equity",
                "balance",
                "realized",
                "unrealized",
                "positions",
                "trades",
                "riskState",
            ],
            "",
        ),
        "events.jsonl" => (&["ts", "type", "strategy"], "type"),
        "polybot.jsonl" => (&["timestamp", "level", "message"], "message"),
        "trading-bot.jsonl" => {
            (&["timestamp", "level", "logger", "message", "module", "function", "line"], "message")
        }
        "snapshots.jsonl" => (
            &[
                "timestamp",
                "balance",
                "open_positions",
                "pnl_24h",
                "win_rate",
                "sharpe",
                "max_drawdown",
                "api_latency_ms",
                "errors_1h",
                "alive",
            ],
            "",
        ),
        "trades.jsonl" => (
            &[
                "id",
                "strategy",
                "asset",
                "side",
                "size",
                "entry_price",
                "exit_price",
                "entry_ts",
                "exit_ts",
                "fees",
                "slippage",
            ],
            "",
        ),
        "health.jsonl" => (&["status", "uptime_secs", "agent_id", "checks", "timestamp"], ""),
        other => panic!("what file is {other}?"),
    }
}

#[test]
fn every_line_has_the_shape_of_its_system() {
    let run = run(25, 6, &["ws_silence@BOT:+20m..+22m", "position_breach@BOT:+40m..+60m"]);
    let mut seen = BTreeSet::new();
    for emission in &run.lines {
        let line = parse(emission);
        let file = emission.file.file_name().unwrap().to_str().unwrap();
        let (every, event) = frame(file);
        let event = line.get(event).and_then(Value::as_str).unwrap_or_default();
        let system = system_of(&emission.file);
        for key in every.iter().chain(keys(system, event)) {
            assert!(line.get(key).is_some(), "no `{key}` in {line}");
        }
        seen.insert(format!("{file} {event}"));
    }
    // What the checks above are about must have been there to be checked.
    for wanted in [
        "bot.jsonl fill_edge",
        "bot.jsonl ws_idle_alert",
        "bot.jsonl position_limit_breach",
        "bot.jsonl order_rejected",
        "bot.jsonl heartbeat_error",
        "strategy.log Heartbeat",
        "strategy.log Position limit breach",
        "status.jsonl ",
        "events.jsonl fill",
        "events.jsonl rejection",
        "polybot.jsonl Order filled",
        "polybot.jsonl Order partially filled",
        "trading-bot.jsonl Position closed",
        "trading-bot.jsonl Daily performance",
        "trading-bot.jsonl Unhandled exception",
        "snapshots.jsonl ",
        "trades.jsonl ",
        "health.jsonl ",
    ] {
        assert!(seen.contains(wanted), "no `{wanted}` among {seen:#?}");
    }
}

#[test]
fn times_are_the_events_times_in_each_systems_form() {
    let run = run(1, 6, &[]);
    let first = |path: &str, key: &str| run.file(path)[0].1[key].to_string();
    assert_eq!(first("kalshi/mm1/bot.jsonl", "ts"), "1767571200.0");
    assert_eq!(first("qkt/gold1/strategy.log", "@timestamp"), "\"2026-01-05T00:00:00.000Z\"");
    assert_eq!(first("polybot/arb1/polybot.jsonl", "timestamp"), "\"2026-01-05T00:00:00Z\"");
    let naive = "\"2026-01-05T00:00:00.000000\"";
    assert_eq!(first("catalyst/paper1/trading-bot.jsonl", "timestamp"), naive);
}

#[test]
fn prices_are_exact_decimals() {
    let run = run(1, 6, &[]);
    for (_, line) in run.kalshi("order_placed") {
        let price = line["price"].to_string();
        assert!(price.len() <= 4 && price.starts_with("0."), "{price} is no price in cents");
    }
}
