//! purpleflea: agents seen from outside. A monitor writes one file of snapshots, one of closed
//! trades, one of health payloads; no line says what it is, the file's name does.

use crate::bot::Bot;
use crate::calendar::{DAY, SECOND};
use crate::happening::{Happening, Load, Trip};
use crate::json::{Json, Spacing};
use crate::market::Instrument;
use crate::profile::{Chore, Endpoint, Fee, Profile, Style, Timer};
use crate::systems::{Written, cents, exact, mean, millis, name, size};

pub(crate) const FILES: &[&str] = &["snapshots.jsonl", "trades.jsonl", "health.jsonl"];

const fn coin(
    name: &'static str,
    start: i64,
    volatility: f64,
    spread: i64,
    limit: i64,
) -> Instrument {
    Instrument {
        name,
        token: "",
        price_decimals: 2,
        size_decimals: 3,
        start,
        volatility,
        half_spread: spread,
        bounds: (100, 40_000_000),
        limit,
    }
}

static INSTRUMENTS: &[Instrument] = &[
    coin("BTC", 9_700_000, 600.0, 500, 25),
    coin("ETH", 340_000, 25.0, 30, 730),
    coin("SOL", 19_500, 2.0, 3, 12_800),
];

pub(crate) static PROFILE: Profile = Profile {
    style: Style::Trader,
    strategies: &["momentum", "mean_reversion", "breakout"],
    instruments: INSTRUMENTS,
    capital: 10_000,
    fee: Fee::BasisPoints(2),
    decide: 10.0,
    lines_per_decision: 0.18,
    rest: 60.0,
    patience: 20.0,
    hold: 120.0,
    order: Endpoint { provider: "exchange", path: "/orders", private: true, median_ms: 70.0 },
    polls: &[Endpoint { provider: "exchange", path: "/balance", private: true, median_ms: 80.0 }],
    timers: &[
        Timer { chore: Chore::Equity, seconds: 30.0 },
        Timer { chore: Chore::Health, seconds: 30.0 },
        Timer { chore: Chore::Fault, seconds: 7_200.0 },
    ],
    halt_drawdown: None,
};

pub(crate) fn write(bot: &Bot, what: &Happening, out: &mut Vec<u8>) -> Option<Written> {
    match what {
        Happening::Equity => {
            snapshot(bot, out);
            Some(Written::to(0, "snapshots", "equity"))
        }
        Happening::Closed(trip) => {
            trade(bot, trip, out);
            Some(Written::to(1, "trades", "trade_closed"))
        }
        Happening::Health { load, reachable } => {
            health(bot, load, *reachable, out);
            Some(Written::to(2, "health", "heartbeat"))
        }
        _ => None,
    }
}

fn snapshot(bot: &Bot, out: &mut Vec<u8>) {
    let tally = &bot.account.tally;
    let mut json = Json::open(out, Spacing::Wide);
    json.epoch_seconds("timestamp", bot.now);
    cents(&mut json, "balance", bot.account.equity(&bot.markets));
    json.int("open_positions", bot.account.open_positions());
    cents(&mut json, "pnl_24h", bot.today().0);
    json.float("win_rate", tally.wins as f64 / tally.trips.max(1) as f64, 4);
    // Marks are half a minute apart and crypto trades all year.
    json.float("sharpe", bot.sharpe() * (365.0f64 * (DAY / (30 * SECOND)) as f64).sqrt(), 3);
    json.float("max_drawdown", bot.curve.max_drawdown, 4);
    millis(&mut json, "api_latency_ms", bot.last_latency);
    json.int("errors_1h", bot.recent_faults());
    json.bool("alive", true);
    json.close();
}

fn trade(bot: &Bot, trip: &Trip, out: &mut Vec<u8>) {
    let mut json = Json::open(out, Spacing::Wide);
    json.id("id", "t-", bot.id(trip.number.swap_bytes()));
    json.text("strategy", bot.strategy(trip.market));
    json.text("asset", name(bot, trip.market));
    json.text("side", if trip.long { "buy" } else { "sell" });
    size(&mut json, "size", bot, trip.market, trip.size);
    mean(&mut json, "entry_price", bot, trip.market, trip.entry);
    mean(&mut json, "exit_price", bot, trip.market, trip.exit);
    json.epoch_seconds("entry_ts", trip.entered_at);
    json.epoch_seconds("exit_ts", trip.exited_at);
    exact(&mut json, "fees", trip.fees);
    mean(&mut json, "slippage", bot, trip.market, trip.slippage);
    json.close();
}

fn health(bot: &Bot, load: &Load, reachable: bool, out: &mut Vec<u8>) {
    let idle = bot.now - bot.last_action;
    let active = idle < 300 * SECOND;
    let mut json = Json::open(out, Spacing::Wide);
    json.text("status", if reachable && active { "ok" } else { "degraded" });
    json.int("uptime_secs", (bot.now - bot.born) / SECOND);
    json.text("agent_id", &bot.name);
    json.object("checks", |json| {
        json.object("exchange_api", |json| {
            json.bool("ok", reachable);
            if reachable {
                millis(json, "latency_ms", bot.last_latency);
            } else {
                json.text("error", "401, message='Unauthorized'");
            }
        });
        json.object("wallet", |json| {
            json.bool("ok", true);
            cents(json, "balance", bot.account.balance());
        });
        json.object("strategy_heartbeat", |json| {
            json.bool("ok", active);
            json.decimal("last_action_secs_ago", idle / (SECOND / 10), 1);
        });
        json.object("system", |json| {
            json.float("cpu_pct", load.cpu, 1);
            json.float("mem_pct", load.memory, 1);
            json.bool("ok", load.memory < 90.0);
        });
    });
    json.epoch_seconds("timestamp", bot.now);
    json.close();
}
