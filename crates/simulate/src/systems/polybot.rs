//! polybot: arbitrage on prediction markets, logged as
//! `{"timestamp": …, "level": …, "message": …}`: the event is the message, times have whole
//! seconds, and a market is also known by a token id of 77 digits.

use crate::bot::Bot;
use crate::happening::{Fill, Happening, Order};
use crate::json::{Json, Spacing};
use crate::market::Instrument;
use crate::profile::{Chore, Endpoint, Fee, Profile, Style, Timer};
use crate::systems::{Written, cents, millis, name, price, size, value, whole_millis};

pub(crate) const FILES: &[&str] = &["polybot.jsonl"];

const fn outcome(name: &'static str, token: &'static str, start: i64) -> Instrument {
    Instrument {
        name,
        token,
        price_decimals: 3,
        size_decimals: 2,
        start,
        volatility: 0.35,
        half_spread: 5,
        bounds: (5, 995),
        limit: 500_000,
    }
}

static INSTRUMENTS: &[Instrument] = &[
    outcome(
        "will-bitcoin-reach-150k-in-2026",
        "71321045679252212594626385532706912750332728571942532289631379312455583992563",
        310,
    ),
    outcome(
        "fed-cuts-rates-in-march-2026",
        "21742633143463906290569050155826241533067272736897614950488156847949938836455",
        620,
    ),
    outcome(
        "will-it-rain-in-london-on-jan-10",
        "48331043336612883890938759509493159234755048973500640148014422747788308965732",
        540,
    ),
];

pub(crate) static PROFILE: Profile = Profile {
    style: Style::Maker,
    strategies: &["arbitrage", "statistical", "market_making"],
    instruments: INSTRUMENTS,
    capital: 8_000,
    fee: Fee::BasisPoints(10),
    decide: 4.0,
    lines_per_decision: 4.7,
    rest: 60.0,
    patience: 20.0,
    hold: 0.0,
    order: Endpoint { provider: "clob", path: "/orders", private: true, median_ms: 85.0 },
    polls: &[
        Endpoint { provider: "clob", path: "/positions", private: true, median_ms: 90.0 },
        Endpoint { provider: "gamma", path: "/markets", private: false, median_ms: 140.0 },
    ],
    timers: &[
        Timer { chore: Chore::Beat, seconds: 30.0 },
        Timer { chore: Chore::Equity, seconds: 30.0 },
        Timer { chore: Chore::Scan, seconds: 10.0 },
        Timer { chore: Chore::Model, seconds: 15.0 },
        Timer { chore: Chore::Poll, seconds: 15.0 },
        Timer { chore: Chore::Guard, seconds: 60.0 },
        Timer { chore: Chore::Fault, seconds: 2_400.0 },
        Timer { chore: Chore::Reconnect, seconds: 5_400.0 },
    ],
    halt_drawdown: None,
};

pub(crate) fn write(bot: &Bot, what: &Happening, out: &mut Vec<u8>) -> Option<Written> {
    let (level, message, kind) = words(what)?;
    let mut json = Json::open(out, Spacing::Wide);
    json.iso("timestamp", bot.now, 0, "Z");
    json.text("level", level);
    json.text("message", message);
    fields(bot, what, &mut json);
    json.close();
    Some(Written::to(0, message, kind))
}

fn words(what: &Happening) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match what {
        Happening::Started => ("INFO", "Strategy started", "log"),
        Happening::Heartbeat => ("DEBUG", "Heartbeat", "heartbeat"),
        Happening::Placed(_) => ("INFO", "Order placed", "order_placed"),
        Happening::Acked(..) => ("INFO", "Order acknowledged", "order_acked"),
        Happening::Rejected(..) => ("ERROR", "Order rejected", "order_rejected"),
        Happening::Cancelled(_) => ("INFO", "Order cancelled", "order_cancelled"),
        Happening::Expired(_) => ("INFO", "Order expired", "order_expired"),
        Happening::Filled(Fill { left: 0, .. }) => ("INFO", "Order filled", "fill"),
        Happening::Filled(_) => ("INFO", "Order partially filled", "fill"),
        Happening::Scanned { .. } => ("DEBUG", "Scan completed", "scan"),
        Happening::Called(_) => ("INFO", "HTTP request", "api_call"),
        Happening::WsUp { again: false } => ("INFO", "WebSocket connected", "ws"),
        Happening::WsUp { again: true } => ("INFO", "WebSocket reconnected", "ws"),
        Happening::WsDown => ("WARNING", "WebSocket disconnected", "ws"),
        Happening::WsIdle { .. } => ("WARNING", "WebSocket idle", "ws"),
        Happening::Modelled { .. } => ("DEBUG", "Model updated", "model"),
        Happening::Equity => ("INFO", "Portfolio snapshot", "equity"),
        Happening::Breached { .. } => ("CRITICAL", "Position limit breach", "limit_breach"),
        Happening::Failed(_) => ("ERROR", "Unhandled exception", "error"),
        _ => return None,
    })
}

fn order(bot: &Bot, order: &Order, json: &mut Json<'_>) {
    json.id("order_id", "0x", bot.id(order.number));
    json.text("strategy", bot.strategy(order.market));
    json.text("market", name(bot, order.market));
}

fn fields(bot: &Bot, what: &Happening, json: &mut Json<'_>) {
    match what {
        Happening::Placed(o) => {
            order(bot, o, json);
            json.text("token_id", bot.markets[o.market].instrument.token);
            json.text("side", if o.buy { "BUY" } else { "SELL" });
            // The venue takes prices and sizes as strings, and so they are logged.
            json.quoted("price", o.price, 3);
            json.quoted("size", o.size, 2);
            value(json, "fair_value", bot, o.market, o.fair);
        }
        Happening::Acked(o, latency) => {
            order(bot, o, json);
            whole_millis(json, "latency_ms", *latency);
        }
        Happening::Rejected(o, refusal) => {
            order(bot, o, json);
            json.int("status_code", refusal.status);
            json.text("reason", refusal.reason);
        }
        Happening::Cancelled(o) | Happening::Expired(o) => order(bot, o, json),
        Happening::Filled(fill) => {
            order(bot, &fill.order, json);
            json.text("side", if fill.order.buy { "BUY" } else { "SELL" });
            price(json, "fill_price", bot, fill.order.market, fill.price);
            size(json, "fill_size", bot, fill.order.market, fill.size);
            json.decimal("fee", fill.fee, 6);
            whole_millis(json, "latency_ms", fill.latency);
        }
        Happening::Scanned { found, took } => {
            json.int("opportunities", *found);
            json.int("markets_scanned", 412);
            whole_millis(json, "duration_ms", *took);
        }
        Happening::Called(call) => {
            json.text("method", call.method);
            json.text("endpoint", call.endpoint);
            json.text("provider", call.provider);
            json.int("status", call.status);
            millis(json, "duration_ms", call.latency);
        }
        Happening::WsIdle { since } => json.decimal("idle_seconds", bot.now - since, 6),
        Happening::Modelled { market } => {
            json.text("market", name(bot, *market));
            value(json, "fair_value", bot, *market, bot.fair[*market]);
        }
        Happening::Heartbeat => json.int("open_positions", bot.account.open_positions()),
        Happening::Equity => {
            cents(json, "balance", bot.account.balance());
            cents(json, "equity", bot.account.equity(&bot.markets));
            cents(json, "realized_pnl", bot.account.realised);
            cents(json, "unrealized_pnl", bot.account.unrealised(&bot.markets));
        }
        Happening::Breached { market } => {
            json.text("market", name(bot, *market));
            size(json, "size", bot, *market, bot.account.holdings[*market].position.abs());
            size(json, "limit", bot, *market, bot.limit(*market));
        }
        Happening::Failed(fault) => {
            json.text("component", fault.component);
            json.text("error_type", fault.error);
            json.text("error", fault.detail);
        }
        _ => {}
    }
}
