//! kalshi: a Python bot that makes markets in event contracts and logs
//! `{"ts": time.time(), "event": …, **fields}`.
//!
//! Prices are dollars of the yes side, whatever the side: no at 0.42 sells yes at 0.42. A fill
//! names its order and neither market, side nor fair value; who needs them joins.

use crate::bot::Bot;
use crate::happening::{Happening, Order};
use crate::json::{Json, Spacing};
use crate::market::Instrument;
use crate::profile::{Chore, Endpoint, Fee, Profile, Style, Timer};
use crate::systems::{Written, cents, millis, name, price, size, value};

pub(crate) const FILES: &[&str] = &["bot.jsonl"];

const fn contract(name: &'static str, start: i64, volatility: f64) -> Instrument {
    Instrument {
        name,
        token: "",
        price_decimals: 2,
        size_decimals: 0,
        start,
        volatility,
        half_spread: 1,
        bounds: (1, 99),
        limit: 2_000,
    }
}

pub(crate) static INSTRUMENTS: &[Instrument] = &[
    contract("KXBTC-26JAN30-T95000", 47, 0.05),
    contract("KXFED-26MAR-T4.25", 62, 0.03),
    contract("KXHIGHNY-26JAN06-B41.5", 38, 0.05),
    contract("KXNFLGAME-26JAN10BUFKC-KC", 55, 0.06),
];

pub(crate) static PROFILE: Profile = Profile {
    style: Style::Maker,
    strategies: &["market_maker"],
    instruments: INSTRUMENTS,
    capital: 5_000,
    fee: Fee::Kalshi,
    decide: 2.0,
    lines_per_decision: 5.0,
    rest: 40.0,
    patience: 15.0,
    hold: 0.0,
    order: Endpoint {
        provider: "kalshi",
        path: "/trade-api/v2/portfolio/orders",
        private: true,
        median_ms: 42.0,
    },
    polls: &[
        Endpoint {
            provider: "kalshi",
            path: "/trade-api/v2/portfolio/positions",
            private: true,
            median_ms: 55.0,
        },
        Endpoint {
            provider: "kalshi",
            path: "/trade-api/v2/portfolio/balance",
            private: true,
            median_ms: 38.0,
        },
        Endpoint {
            provider: "kalshi",
            path: "/trade-api/v2/markets",
            private: false,
            median_ms: 70.0,
        },
    ],
    timers: &[
        Timer { chore: Chore::Beat, seconds: 60.0 },
        Timer { chore: Chore::Equity, seconds: 60.0 },
        Timer { chore: Chore::Model, seconds: 5.0 },
        Timer { chore: Chore::Quote, seconds: 5.0 },
        Timer { chore: Chore::Poll, seconds: 20.0 },
        Timer { chore: Chore::Guard, seconds: 60.0 },
        Timer { chore: Chore::Fault, seconds: 1_800.0 },
        Timer { chore: Chore::Reconnect, seconds: 7_200.0 },
    ],
    halt_drawdown: None,
};

pub(crate) fn write(bot: &Bot, what: &Happening, out: &mut Vec<u8>) -> Option<Written> {
    let (event, kind) = words(what)?;
    let mut json = Json::open(out, Spacing::Wide);
    json.epoch_seconds("ts", bot.now);
    json.text("event", event);
    if !orders(bot, what, &mut json) {
        rest(bot, what, &mut json);
    }
    json.close();
    Some(Written::to(0, event, kind))
}

/// The log's word and ours.
fn words(what: &Happening) -> Option<(&'static str, &'static str)> {
    Some(match what {
        Happening::Started => ("bot_started", "log"),
        Happening::Heartbeat => ("heartbeat", "heartbeat"),
        Happening::HeartbeatFailed => ("heartbeat_error", "error"),
        Happening::Placed(_) => ("order_placed", "order_placed"),
        Happening::Acked(..) => ("order_ack", "order_acked"),
        Happening::Rejected(..) => ("order_rejected", "order_rejected"),
        Happening::Cancelled(_) => ("order_cancelled", "order_cancelled"),
        Happening::Expired(_) => ("order_expired", "order_expired"),
        Happening::Filled(_) => ("fill_received", "fill"),
        Happening::Edge(_) => ("fill_edge", "pnl"),
        Happening::Called(_) => ("api_call", "api_call"),
        Happening::WsUp { again: false } => ("ws_connected", "ws"),
        Happening::WsUp { again: true } => ("ws_reconnected", "ws"),
        Happening::WsDown => ("ws_disconnected", "ws"),
        Happening::WsIdle { .. } => ("ws_idle_alert", "ws"),
        Happening::Modelled { .. } => ("model_update", "model"),
        Happening::Quoted { .. } => ("quote", "quote"),
        Happening::Equity => ("equity_snapshot", "equity"),
        Happening::Breached { .. } => ("position_limit_breach", "limit_breach"),
        Happening::Failed(_) => ("error", "error"),
        _ => return None,
    })
}

fn order_id(bot: &Bot, order: &Order, json: &mut Json<'_>) {
    json.id("order_id", "ord_", bot.id(order.number));
}

/// Writes what is about an order; false if it is about none.
fn orders(bot: &Bot, what: &Happening, json: &mut Json<'_>) -> bool {
    match what {
        Happening::Placed(order) => placed(bot, order, json),
        Happening::Acked(order, latency) => {
            order_id(bot, order, json);
            json.text("market", name(bot, order.market));
            json.text("status", if order.taker { "executing" } else { "resting" });
            json.int("queue_position", (bot.id(order.number) % 4_000) as i64);
            millis(json, "latency_ms", *latency);
        }
        Happening::Rejected(order, refusal) => {
            order_id(bot, order, json);
            json.text("market", name(bot, order.market));
            json.int("status_code", refusal.status);
            json.text("error", refusal.reason);
        }
        Happening::Cancelled(order) | Happening::Expired(order) => {
            order_id(bot, order, json);
            json.text("market", name(bot, order.market));
            json.int("remaining_count", order.remaining);
            json.decimal("rested_seconds", bot.now - order.placed_at, 6);
        }
        Happening::Filled(fill) => {
            order_id(bot, &fill.order, json);
            price(json, "fill_price", bot, fill.order.market, fill.price);
            size(json, "fill_size", bot, fill.order.market, fill.size);
            millis(json, "latency_ms", fill.latency);
            json.id("trade_id", "trd_", bot.id(fill.number.reverse_bits()));
            cents(json, "fee", fill.fee);
            json.int("remaining_count", fill.left);
            json.bool("is_taker", fill.order.taker);
        }
        Happening::Edge(fill) => {
            order_id(bot, &fill.order, json);
            // Hundredths of a micro-dollar to ten-thousandths of a cent.
            json.decimal("edge_cents", bot.account.edge_of(fill) / 100, 4);
            json.decimal("cumulative_edge", bot.account.edge / 100, 4);
            json.int("fills", bot.account.tally.fills as i64);
        }
        _ => return false,
    }
    true
}

fn placed(bot: &Bot, order: &Order, json: &mut Json<'_>) {
    json.text("market", name(bot, order.market));
    json.text("side", if order.buy { "yes" } else { "no" });
    price(json, "price", bot, order.market, order.price);
    size(json, "size", bot, order.market, order.size);
    order_id(bot, order, json);
    value(json, "model_fair", bot, order.market, order.fair);
    value(json, "mid", bot, order.market, order.mid);
    json.text("order_type", if order.taker { "market" } else { "limit" });
    json.text("time_in_force", if order.taker { "ioc" } else { "gtc" });
    json.text("strategy", bot.strategy(order.market));
    json.id("client_order_id", "", bot.id(order.number).rotate_left(17));
}

fn rest(bot: &Bot, what: &Happening, json: &mut Json<'_>) {
    match what {
        Happening::Heartbeat => {
            json.text("status", "ok");
            json.int("open_positions", bot.account.open_positions());
            json.int("open_orders", bot.orders.len() as i64);
        }
        Happening::HeartbeatFailed => {
            json.text(
                "error",
                "HTTPSConnectionPool(host='hc-ping.com', port=443): Read timed out.",
            );
        }
        Happening::Called(call) => {
            json.text("method", call.method);
            json.text("endpoint", call.endpoint);
            json.int("status_code", call.status);
            millis(json, "latency_ms", call.latency);
            json.int("attempt", 1);
            json.id("request_id", "req_", bot.id(bot.now as u64));
        }
        Happening::WsIdle { since } => {
            json.decimal("idle_seconds", bot.now - since, 6);
        }
        Happening::WsUp { .. } | Happening::WsDown => {
            json.text("channel", "orderbook_delta");
        }
        Happening::Modelled { market } => {
            json.text("market", name(bot, *market));
            value(json, "model_fair", bot, *market, bot.fair[*market]);
            value(json, "mid", bot, *market, bot.markets[*market].mid());
            json.text("model", "blend-v7");
        }
        Happening::Quoted { market } => {
            let (bid, ask) = bot.markets[*market].quote();
            json.text("market", name(bot, *market));
            price(json, "bid", bot, *market, bid);
            price(json, "ask", bot, *market, ask);
        }
        Happening::Equity => {
            cents(json, "balance", bot.account.balance());
            cents(json, "equity", bot.account.equity(&bot.markets));
            cents(json, "realized_pnl", bot.account.realised);
            cents(json, "unrealized_pnl", bot.account.unrealised(&bot.markets));
            cents(json, "fees_paid", bot.account.fees);
        }
        Happening::Breached { market } => {
            json.text("market", name(bot, *market));
            json.int("size", bot.account.holdings[*market].position.abs());
            json.int("limit", bot.limit(*market));
            json.text("severity", "critical");
        }
        Happening::Failed(fault) => {
            json.text("component", fault.component);
            json.text("error_type", fault.error);
            json.text("error", fault.detail);
        }
        _ => {}
    }
}
