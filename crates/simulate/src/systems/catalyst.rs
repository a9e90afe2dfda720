//! catalyst: paper trading of stocks. A Python formatter writes `timestamp` from
//! `datetime.utcnow().isoformat()`, which has no zone, and the event is the message; a round trip
//! is a line of its own, and the day's performance is one.

use crate::bot::Bot;
use crate::happening::{Happening, Order};
use crate::json::{Json, Spacing};
use crate::market::Instrument;
use crate::profile::{Chore, Endpoint, Fee, Profile, Style, Timer};
use crate::systems::{Written, cents, exact, mean, millis, name, price, size, value};

pub(crate) const FILES: &[&str] = &["trading-bot.jsonl"];

const fn stock(name: &'static str, start: i64, volatility: f64, limit: i64) -> Instrument {
    Instrument {
        name,
        token: "",
        price_decimals: 2,
        size_decimals: 0,
        start,
        volatility,
        half_spread: 2,
        bounds: (100, 500_000),
        limit,
    }
}

static INSTRUMENTS: &[Instrument] = &[
    stock("AAPL", 23_150, 1.0, 100),
    stock("NVDA", 13_640, 1.2, 170),
    stock("TSLA", 39_820, 3.5, 60),
    stock("SPY", 58_940, 1.6, 40),
];

pub(crate) static PROFILE: Profile = Profile {
    style: Style::Trader,
    strategies: &["catalyst"],
    instruments: INSTRUMENTS,
    capital: 100_000,
    fee: Fee::BasisPoints(0),
    decide: 15.0,
    lines_per_decision: 1.5,
    rest: 60.0,
    patience: 20.0,
    hold: 300.0,
    order: Endpoint { provider: "alpaca", path: "/v2/orders", private: true, median_ms: 180.0 },
    polls: &[
        Endpoint { provider: "alpaca", path: "/v2/account", private: true, median_ms: 150.0 },
        Endpoint { provider: "tiingo", path: "/iex", private: false, median_ms: 320.0 },
        Endpoint { provider: "gemini", path: "/v1beta/models", private: false, median_ms: 600.0 },
    ],
    timers: &[
        Timer { chore: Chore::Beat, seconds: 60.0 },
        Timer { chore: Chore::Equity, seconds: 60.0 },
        Timer { chore: Chore::Scan, seconds: 30.0 },
        Timer { chore: Chore::Model, seconds: 30.0 },
        Timer { chore: Chore::Load, seconds: 60.0 },
        Timer { chore: Chore::Poll, seconds: 10.0 },
        Timer { chore: Chore::Guard, seconds: 60.0 },
        Timer { chore: Chore::Fault, seconds: 3_600.0 },
    ],
    halt_drawdown: Some(0.10),
};

/// A line's level, logger, function, line number, message and canonical kind.
struct Words(&'static str, &'static str, &'static str, i64, &'static str, &'static str);

pub(crate) fn write(bot: &Bot, what: &Happening, out: &mut Vec<u8>) -> Option<Written> {
    let Words(level, module, function, line, message, kind) = words(what)?;
    let mut json = Json::open(out, Spacing::Wide);
    json.iso("timestamp", bot.now, 6, "");
    json.text("level", level);
    json.text("logger", "catalyst_bot");
    json.text("message", message);
    json.text("module", module);
    json.text("function", function);
    json.int("line", line);
    fields(bot, what, &mut json);
    json.close();
    Some(Written::to(0, message, kind))
}

fn words(what: &Happening) -> Option<Words> {
    Some(match what {
        Happening::Started => Words("INFO", "runner", "main", 41, "Bot started", "log"),
        Happening::Heartbeat => Words("DEBUG", "runner", "loop", 88, "Heartbeat", "heartbeat"),
        Happening::Placed(_) => {
            Words("INFO", "order_executor", "execute", 142, "Order placed", "order_placed")
        }
        Happening::Acked(..) => {
            Words("INFO", "order_executor", "execute", 157, "Order accepted", "order_acked")
        }
        Happening::Rejected(..) => {
            Words("ERROR", "order_executor", "execute", 163, "Order rejected", "order_rejected")
        }
        Happening::Cancelled(_) => {
            Words("INFO", "order_executor", "cancel", 201, "Order cancelled", "order_cancelled")
        }
        Happening::Filled(_) => {
            Words("INFO", "order_executor", "on_fill", 231, "Order filled", "fill")
        }
        Happening::Closed(_) => {
            Words("INFO", "position_manager", "close", 97, "Position closed", "trade_closed")
        }
        Happening::Called(_) => Words("DEBUG", "api_client", "request", 66, "API call", "api_call"),
        Happening::Scanned { .. } => {
            Words("DEBUG", "scanner", "scan", 54, "Scan completed", "scan")
        }
        Happening::Signalled { .. } => {
            Words("INFO", "rl_agent", "predict", 118, "Signal generated", "signal")
        }
        Happening::Modelled { .. } => {
            Words("DEBUG", "pricing", "refresh", 73, "Model updated", "model")
        }
        Happening::Equity => {
            Words("INFO", "portfolio", "snapshot", 132, "Portfolio update", "equity")
        }
        Happening::System(_) => {
            Words("DEBUG", "monitoring", "collect", 29, "System metrics", "system")
        }
        Happening::Daily => Words("INFO", "performance", "report", 210, "Daily performance", "pnl"),
        Happening::Breached { .. } => {
            Words("ERROR", "risk", "check_limits", 60, "Position limit breach", "limit_breach")
        }
        Happening::Halted => {
            Words("CRITICAL", "risk", "kill_switch", 84, "Kill switch activated", "halt")
        }
        Happening::Failed(_) => {
            Words("ERROR", "runner", "loop", 95, "Unhandled exception", "error")
        }
        _ => return None,
    })
}

fn order(bot: &Bot, order: &Order, json: &mut Json<'_>) {
    json.text("ticker", name(bot, order.market));
    json.id("order_id", "", bot.id(order.number));
    json.text("side", if order.buy { "buy" } else { "sell" });
}

fn fields(bot: &Bot, what: &Happening, json: &mut Json<'_>) {
    match what {
        Happening::Placed(o) => {
            order(bot, o, json);
            size(json, "quantity", bot, o.market, o.size);
            price(json, "price", bot, o.market, o.price);
            value(json, "fair_price", bot, o.market, o.fair);
        }
        Happening::Acked(o, latency) => {
            order(bot, o, json);
            millis(json, "latency_ms", *latency);
        }
        Happening::Rejected(o, refusal) => {
            order(bot, o, json);
            json.int("status_code", refusal.status);
            json.text("reason", refusal.reason);
        }
        Happening::Cancelled(o) => order(bot, o, json),
        Happening::Filled(fill) => {
            order(bot, &fill.order, json);
            size(json, "quantity", bot, fill.order.market, fill.size);
            price(json, "fill_price", bot, fill.order.market, fill.price);
            millis(json, "latency_ms", fill.latency);
            json.bool("partial", fill.left > 0);
        }
        Happening::Closed(trip) => {
            json.text("ticker", name(bot, trip.market));
            json.id("trade_id", "trade_", bot.id(trip.number.swap_bytes()));
            json.text("side", if trip.long { "buy" } else { "sell" });
            size(json, "quantity", bot, trip.market, trip.size);
            mean(json, "entry_price", bot, trip.market, trip.entry);
            mean(json, "exit_price", bot, trip.market, trip.exit);
            exact(json, "pnl", trip.gross - trip.fees);
            json.decimal("duration_seconds", trip.exited_at - trip.entered_at, 6);
        }
        _ => state(bot, what, json),
    }
}

fn state(bot: &Bot, what: &Happening, json: &mut Json<'_>) {
    match what {
        Happening::Called(call) => {
            json.text("api_name", call.provider);
            json.text("method", call.method);
            json.text("endpoint", call.endpoint);
            json.int("status_code", call.status);
            millis(json, "latency_ms", call.latency);
        }
        Happening::Scanned { found, took } => {
            json.int("candidates", *found);
            millis(json, "duration_ms", *took);
        }
        Happening::Signalled { market, buy, confidence } => {
            json.text("ticker", name(bot, *market));
            json.text("model_name", "ppo-2025-11");
            json.text("action", if *buy { "buy" } else { "sell" });
            json.float("confidence", *confidence, 4);
        }
        Happening::Modelled { market } => {
            json.text("ticker", name(bot, *market));
            value(json, "fair_price", bot, *market, bot.fair[*market]);
        }
        Happening::Equity => {
            cents(json, "portfolio_value", bot.account.equity(&bot.markets));
            cents(json, "cash", bot.account.balance());
            cents(json, "unrealized_pnl", bot.account.unrealised(&bot.markets));
            cents(json, "daily_pnl", bot.today().0);
            json.int("open_positions", bot.account.open_positions());
        }
        Happening::System(load) => {
            json.float("cpu_percent", load.cpu, 1);
            json.float("memory_mb", load.memory * 40.96, 1);
            json.float("disk_usage_percent", load.disk, 1);
        }
        Happening::Daily => {
            let (profit, trades) = bot.today();
            let tally = &bot.account.tally;
            cents(json, "daily_pnl", profit);
            json.float("win_rate", tally.wins as f64 / (tally.trips.max(1)) as f64, 4);
            // As the bot has it: per minute's mark, brought to a year of trading minutes.
            json.float("sharpe_ratio", bot.sharpe() * (252.0f64 * 390.0).sqrt(), 2);
            json.int("trades_today", trades as i64);
        }
        Happening::Breached { market } => {
            json.text("ticker", name(bot, *market));
            size(json, "size", bot, *market, bot.account.holdings[*market].position.abs());
            size(json, "limit", bot, *market, bot.limit(*market));
        }
        Happening::Halted => {
            json.float("drawdown", -bot.drawdown(bot.account.equity(&bot.markets)), 4)
        }
        Happening::Failed(fault) => {
            json.text("component", fault.component);
            json.text("error_type", fault.error);
            json.text(
                "exception",
                "Traceback (most recent call last):\n  File \"/app/src/catalyst_bot/runner.py\", line 93, in loop\n    self.step()\nTimeoutError",
            );
        }
        _ => {}
    }
}
