//! qkt: strategies of a JVM daemon. `strategy.log` is logstash JSON with the strategy in its MDC,
//! `status.jsonl` what `/status` answers, `events.jsonl` what `/events` streams: ticks, signals,
//! orders, fills, rejections.

use crate::bot::Bot;
use crate::calendar::MILLISECOND;
use crate::happening::{Happening, Order};
use crate::json::{Json, Spacing};
use crate::market::Instrument;
use crate::profile::{Chore, Endpoint, Fee, Profile, Style, Timer};
use crate::systems::{Written, cents, exact, millis, name, price, size, value, whole_millis};

pub(crate) const FILES: &[&str] = &["strategy.log", "status.jsonl", "events.jsonl"];
const LOG: usize = 0;
const STATUS: usize = 1;
const EVENTS: usize = 2;

static INSTRUMENTS: &[Instrument] = &[
    Instrument {
        name: "XAUUSD",
        token: "",
        price_decimals: 2,
        size_decimals: 2,
        start: 265_000,
        volatility: 7.0,
        half_spread: 12,
        bounds: (50_000, 900_000),
        limit: 1_000,
    },
    Instrument {
        name: "BTCUSD",
        token: "",
        price_decimals: 2,
        size_decimals: 3,
        start: 9_700_000,
        volatility: 600.0,
        half_spread: 500,
        bounds: (1_000_000, 30_000_000),
        limit: 270,
    },
    Instrument {
        name: "ETHUSD",
        token: "",
        price_decimals: 2,
        size_decimals: 2,
        start: 340_000,
        volatility: 25.0,
        half_spread: 30,
        bounds: (30_000, 1_500_000),
        limit: 780,
    },
];

pub(crate) static PROFILE: Profile = Profile {
    style: Style::Trader,
    strategies: &["breakout"],
    instruments: INSTRUMENTS,
    capital: 100_000,
    fee: Fee::BasisPoints(1),
    decide: 10.0,
    lines_per_decision: 1.0,
    rest: 60.0,
    patience: 20.0,
    hold: 240.0,
    order: Endpoint { provider: "mt5", path: "/order", private: true, median_ms: 60.0 },
    polls: &[
        Endpoint { provider: "mt5", path: "/account", private: true, median_ms: 30.0 },
        Endpoint { provider: "mt5", path: "/health", private: false, median_ms: 8.0 },
    ],
    timers: &[
        Timer { chore: Chore::Beat, seconds: 30.0 },
        Timer { chore: Chore::Equity, seconds: 15.0 },
        Timer { chore: Chore::Quote, seconds: 2.0 },
        Timer { chore: Chore::Poll, seconds: 30.0 },
        Timer { chore: Chore::Guard, seconds: 60.0 },
        Timer { chore: Chore::Fault, seconds: 3_600.0 },
        Timer { chore: Chore::Reconnect, seconds: 10_800.0 },
    ],
    halt_drawdown: Some(0.12),
};

pub(crate) fn write(bot: &Bot, what: &Happening, out: &mut Vec<u8>) -> Option<Written> {
    if let Happening::Equity = what {
        status(bot, out);
        return Some(Written::to(STATUS, "status", "equity"));
    }
    if let Some((event, state, kind)) = event_words(what) {
        let mut json = Json::open(out, Spacing::Tight);
        json.int("ts", bot.now / MILLISECOND);
        json.text("type", event);
        json.text("strategy", &bot.name);
        if let Some(state) = state {
            json.text("status", state);
        }
        event_fields(bot, what, &mut json);
        json.close();
        return Some(Written::to(EVENTS, event, kind));
    }
    let (level, logger, message, kind) = log_words(what)?;
    let mut json = Json::open(out, Spacing::Tight);
    json.iso("@timestamp", bot.now, 3, "Z");
    json.text("@version", "1");
    json.text("message", message);
    json.text("logger_name", logger);
    json.text("thread_name", "strategy-loop");
    json.text("level", level);
    json.int(
        "level_value",
        if level == "INFO" {
            20_000
        } else if level == "WARN" {
            30_000
        } else {
            40_000
        },
    );
    json.text("strategy", &bot.name);
    log_fields(bot, what, &mut json);
    json.close();
    Some(Written::to(LOG, message, kind))
}

/// The type of an event, the status if it is an order's, the canonical kind.
fn event_words(what: &Happening) -> Option<(&'static str, Option<&'static str>, &'static str)> {
    Some(match what {
        Happening::Quoted { .. } => ("tick", None, "quote"),
        Happening::Signalled { .. } => ("signal", None, "signal"),
        Happening::Placed(_) => ("order", Some("NEW"), "order_placed"),
        Happening::Acked(..) => ("order", Some("ACCEPTED"), "order_acked"),
        Happening::Cancelled(_) => ("order", Some("CANCELLED"), "order_cancelled"),
        Happening::Expired(_) => ("order", Some("EXPIRED"), "order_expired"),
        Happening::Rejected(..) => ("rejection", None, "order_rejected"),
        Happening::Filled(_) => ("fill", None, "fill"),
        _ => return None,
    })
}

fn order(bot: &Bot, order: &Order, json: &mut Json<'_>) {
    json.id("orderId", "", bot.id(order.number));
    json.text("symbol", name(bot, order.market));
    json.text("side", if order.buy { "BUY" } else { "SELL" });
}

fn event_fields(bot: &Bot, what: &Happening, json: &mut Json<'_>) {
    match what {
        Happening::Quoted { market } => {
            let (bid, ask) = bot.markets[*market].quote();
            json.text("symbol", name(bot, *market));
            price(json, "bid", bot, *market, bid);
            price(json, "ask", bot, *market, ask);
        }
        Happening::Signalled { market, buy, confidence } => {
            json.text("symbol", name(bot, *market));
            json.text("side", if *buy { "BUY" } else { "SELL" });
            json.float("confidence", *confidence, 3);
        }
        Happening::Placed(o) => {
            order(bot, o, json);
            size(json, "qty", bot, o.market, o.size);
            price(json, "price", bot, o.market, o.price);
            value(json, "fairPrice", bot, o.market, o.fair);
        }
        Happening::Acked(o, latency) => {
            order(bot, o, json);
            millis(json, "latencyMs", *latency);
        }
        Happening::Rejected(o, refusal) => {
            order(bot, o, json);
            json.int("code", refusal.status);
            json.text("reason", refusal.reason);
        }
        Happening::Cancelled(o) | Happening::Expired(o) => order(bot, o, json),
        Happening::Filled(fill) => {
            order(bot, &fill.order, json);
            json.id("tradeId", "", bot.id(fill.number.reverse_bits()));
            price(json, "fillPrice", bot, fill.order.market, fill.price);
            size(json, "fillQty", bot, fill.order.market, fill.size);
            exact(json, "commission", fill.fee);
            millis(json, "latencyMs", fill.latency);
        }
        _ => {}
    }
}

fn log_words(what: &Happening) -> Option<(&'static str, &'static str, &'static str, &'static str)> {
    const ENGINE: &str = "com.qkt.engine.StrategyLoop";
    const GATEWAY: &str = "com.qkt.gateway.Mt5Gateway";
    const RISK: &str = "com.qkt.risk.RiskManager";
    Some(match what {
        Happening::Started => ("INFO", ENGINE, "Strategy started", "log"),
        Happening::Heartbeat => ("INFO", ENGINE, "Heartbeat", "heartbeat"),
        Happening::Called(_) => ("INFO", GATEWAY, "API call", "api_call"),
        Happening::WsUp { again: false } => ("INFO", GATEWAY, "WebSocket connected", "ws"),
        Happening::WsUp { again: true } => ("INFO", GATEWAY, "WebSocket reconnected", "ws"),
        Happening::WsDown => ("WARN", GATEWAY, "WebSocket disconnected", "ws"),
        Happening::WsIdle { .. } => ("WARN", GATEWAY, "WebSocket idle", "ws"),
        Happening::Breached { .. } => ("ERROR", RISK, "Position limit breach", "limit_breach"),
        Happening::Halted => ("ERROR", RISK, "Trading halted", "halt"),
        Happening::Failed(_) => ("ERROR", ENGINE, "Unhandled exception", "error"),
        _ => return None,
    })
}

fn log_fields(bot: &Bot, what: &Happening, json: &mut Json<'_>) {
    match what {
        Happening::Heartbeat => json.int("openPositions", bot.account.open_positions()),
        Happening::Called(call) => {
            json.text("provider", call.provider);
            json.text("method", call.method);
            json.text("endpoint", call.endpoint);
            json.int("statusCode", call.status);
            millis(json, "latencyMs", call.latency);
        }
        Happening::WsIdle { since } => whole_millis(json, "idleMs", bot.now - since),
        Happening::Breached { market } => {
            json.text("symbol", name(bot, *market));
            size(json, "qty", bot, *market, bot.account.holdings[*market].position.abs());
            size(json, "limit", bot, *market, bot.limit(*market));
        }
        Happening::Halted => {
            let equity = bot.account.equity(&bot.markets);
            json.text("reason", "max drawdown");
            json.float("drawdown", bot.drawdown(equity), 4);
        }
        Happening::Failed(fault) => {
            json.text("component", fault.component);
            json.text("error_type", fault.error);
            json.text(
                "stack_trace",
                "java.io.IOException: Broken pipe\n\tat com.qkt.gateway.Mt5Gateway.send(Mt5Gateway.java:214)\n",
            );
        }
        _ => {}
    }
}

/// What `/status` answers.
fn status(bot: &Bot, out: &mut Vec<u8>) {
    let equity = bot.account.equity(&bot.markets);
    let mut json = Json::open(out, Spacing::Tight);
    json.int("timestamp", bot.now / MILLISECOND);
    json.text("strategy", &bot.name);
    json.text("version", "0.31.2");
    json.int("uptimeMs", (bot.now - bot.born) / MILLISECOND);
    cents(&mut json, "equity", equity);
    cents(&mut json, "balance", bot.account.balance());
    cents(&mut json, "realized", bot.account.realised);
    cents(&mut json, "unrealized", bot.account.unrealised(&bot.markets));
    let held = (0..bot.markets.len()).filter(|&m| bot.account.holdings[m].position != 0);
    json.list("positions", held, |json, market| {
        let holding = &bot.account.holdings[market];
        let instrument = bot.markets[market].instrument;
        json.text("symbol", instrument.name);
        size(json, "qty", bot, market, holding.position);
        let ticks = holding.cost as f64 / instrument.money() as f64 / holding.position as f64;
        json.float("avgPrice", ticks / 100.0, 4);
    });
    json.list("trades", bot.recent.iter(), |json, (at, fill)| {
        json.int("ts", at / MILLISECOND);
        order(bot, &fill.order, json);
        size(json, "qty", bot, fill.order.market, fill.size);
        price(json, "price", bot, fill.order.market, fill.price);
    });
    json.list("pendingStackLayers", std::iter::empty::<()>(), |_, ()| {});
    json.object("riskState", |json| {
        json.bool("halted", bot.halted);
        json.float("drawdown", bot.drawdown(equity), 4);
    });
    json.close();
}
