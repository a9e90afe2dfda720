//! Whatever numbers a log has, no view fails, and none answers with what is no number.

use fillwatch_query::{QueryError, Window};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::logs::{MINUTE, SECOND, START};
use super::raw::Log;
use super::table::{Cell, Row};
use super::world::World;

/// What a number may be in a log.
const NUMBERS: [&str; 22] = [
    "0",
    "-0.0",
    "1",
    "-1",
    "0.5",
    "0.42",
    "1.0",
    "3",
    "1e308",
    "-1e308",
    "1.7976931348623157e308",
    "5e-324",
    "1e-300",
    "-5e-324",
    "1e15",
    "9007199254740993",
    "0.1",
    "100",
    "\"NaN\"",
    "\"Infinity\"",
    "\"\"",
    "null",
];

/// Names that some view may read a number from.
const NUMERIC: [&str; 44] = [
    "price",
    "size",
    "model_fair",
    "mid",
    "fill_price",
    "fill_size",
    "fee",
    "pnl",
    "equity",
    "latency_ms",
    "status_code",
    "bid",
    "ask",
    "entry_price",
    "exit_price",
    "slippage",
    "entry_ts",
    "duration_seconds",
    "balance",
    "daily_pnl",
    "win_rate",
    "sharpe",
    "max_drawdown",
    "pnl_24h",
    "trades_today",
    "idle_seconds",
    "idleMs",
    "cpu_percent",
    "cpu_pct",
    "memory_mb",
    "mem_pct",
    "memory_percent",
    "disk_usage_percent",
    "open_positions",
    "confidence",
    "opportunities",
    "candidates",
    "markets_scanned",
    "duration_ms",
    "code",
    "limit",
    "remaining_count",
    "settlement_value",
    "result",
];

const EVENTS: [&str; 26] = [
    "order_placed",
    "order_ack",
    "order_rejected",
    "order_cancelled",
    "order_expired",
    "fill_received",
    "trade_closed",
    "equity_snapshot",
    "heartbeat",
    "ws_idle_alert",
    "ws_disconnected",
    "ws_reconnected",
    "api_call",
    "signal",
    "scan",
    "model_update",
    "error",
    "halt",
    "position_limit_breach",
    "system_metrics",
    "quote",
    "daily_pnl",
    "market_settled",
    "position",
    "fill_edge",
    "bot_started",
];

const SIDES: [&str; 5] = ["\"yes\"", "\"no\"", "\"buy\"", "\"sell\"", "\"both\""];

/// A line in which anything may be missing and any number be anything.
fn line() -> impl Strategy<Value = String> {
    let numbers = prop::collection::vec(
        (prop::sample::select(&NUMERIC[..]), prop::sample::select(&NUMBERS[..])),
        0..14,
    );
    let ids = (0usize..6, 0usize..4, 0usize..3, 0usize..SIDES.len(), any::<u8>());
    (prop::sample::select(&EVENTS[..]), 0i64..40, numbers, ids).prop_map(
        |(event, tick, numbers, (order, trade, market, side, has))| {
            // Few times, so that many are the same, and one day of them is long ago.
            let at = START + tick % 7 * MINUTE - (tick % 3) * 86_400 * SECOND;
            let mut line = format!("{{\"ts\": {}.5, \"event\": \"{event}\"", at / SECOND);
            let mut put = |bit: u8, text: String| {
                if has & (1 << bit) != 0 {
                    line += &text;
                }
            };
            put(0, format!(", \"order_id\": \"o{order}\""));
            put(1, format!(", \"trade_id\": \"t{trade}\""));
            put(2, format!(", \"market\": \"M{market}\""));
            put(3, format!(", \"side\": {}", SIDES[side]));
            put(4, format!(", \"strategy\": \"s{}\"", trade % 2));
            put(5, format!(", \"endpoint\": \"/e{market}\", \"provider\": \"p\""));
            put(6, format!(", \"run_id\": \"r{}\"", order % 2));
            put(7, format!(", \"alive\": {}", order % 2 == 0));
            let mut seen = Vec::new();
            for (name, number) in numbers {
                if !seen.contains(&name) {
                    line += &format!(", \"{name}\": {number}");
                    seen.push(name);
                }
            }
            line + "}\n"
        },
    )
}

/// One case, always the same, so that a run means what the last one meant: it has all the numbers
/// in all the places, and the time goes into asking every view. Asked for another number, new ones.
fn config() -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config {
        cases: asked.unwrap_or(1),
        rng_seed: asked.map_or(RngSeed::Fixed(1), |_: u32| RngSeed::Random),
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::default()
    }
}

/// What is wrong with an answer, if anything is.
fn fault(view: &str, answer: Result<Vec<Row>, QueryError>) -> Option<String> {
    let rows = match answer {
        Ok(rows) => rows,
        Err(error) => return Some(format!("{view}: {error}")),
    };
    let is_no_number = |cell: &Cell| matches!(cell, Cell::Float(value) if !value.is_finite());
    rows.iter().find_map(|row| {
        let (column, cell) = row.iter().find(|(_, cell)| is_no_number(cell))?;
        Some(format!("{view}.{column} is {cell}: {row:?}"))
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_view_answers_with_what_is_no_number(lines in prop::collection::vec(line(), 500..800)) {
        let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        threads.block_on(async {
            let log = Log { path: "kalshi/wild/bot.jsonl".to_owned(), text: lines.concat() };
            let world = World::of(&[log]).await;
            let mut wrong = Vec::new();
            let minutes = Window { from: Some(START), to: Some(START + 5 * MINUTE) };
            for window in [Window::ALL, minutes] {
                let look = world.look(window).await;
                let views = look.views();
                let asked = views.iter().map(|view| format!("select * from {}", view.name));
                let answers = look.try_all(asked).await.into_iter().zip(&views);
                wrong.extend(answers.filter_map(|(answer, view)| fault(&view.name, answer)));
            }
            assert!(wrong.is_empty(), "{wrong:#?}");
        });
    }
}
