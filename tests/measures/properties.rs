//! What must not change a figure: the order of lines, the files they lie in, the moments of commits,
//! lines that are there twice, the side that a market is told from, and where one window ends and
//! the next begins.
//!
//! `PROPTEST_CASES=20` tries more.

use std::collections::BTreeSet;

use fillwatch_query::Window;
use fillwatch_simulate::FleetOptions;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::logs::{MINUTE, START, run};
use super::raw::Log;
use super::table::{Cell, Row, differences};
use super::world::{Piece, View, World};

/// Always the same cases, so that a run means what the last one meant; asked for another number of
/// them, new ones.
fn config() -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config {
        cases: asked.unwrap_or(2),
        rng_seed: match asked {
            Some(_) => proptest::test_runner::RngSeed::Random,
            None => proptest::test_runner::RngSeed::Fixed(1),
        },
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::default()
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    threads.block_on(future)
}

/// What tells rows apart when their numbers may differ in the last digit.
fn names(rows: &[Row]) -> Vec<String> {
    let mut numbers = BTreeSet::new();
    for row in rows {
        let floats = row.iter().filter(|(_, cell)| matches!(cell, Cell::Float(_)));
        numbers.extend(floats.map(|(name, _)| name.clone()));
    }
    let all: BTreeSet<String> = rows.iter().flat_map(|row| row.keys().cloned()).collect();
    all.difference(&numbers).cloned().collect()
}

fn same(view: &str, got: &[Row], want: &[Row]) -> Option<String> {
    let names = names(want);
    let key: Vec<&str> = names.iter().map(String::as_str).collect();
    let differences = differences(&key, got, want);
    (!differences.is_empty()).then(|| format!("{view}: {differences}"))
}

/// Views that are about lines and not about what lines tell.
const OF_LINES: [&str; 3] = ["order_events", "last_seen", "activity"];

/// All columns but those that say where a line lies.
fn figures(view: &View) -> String {
    let is_place = |name: &&String| !matches!(name.as_str(), "file" | "offset" | "attrs");
    let columns = view.columns.iter().filter(is_place).map(|name| format!("\"{name}\""));
    format!("select {} from {}", columns.collect::<Vec<_>>().join(", "), view.name)
}

/// A small deterministic source of chance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// The same lines, dealt anew: shuffled, some of them twice, in up to three files, in pieces of any
/// size, with commits in between.
fn deal_anew(logs: &[Log], dice: &mut Dice) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for log in logs {
        let mut lines: Vec<&str> = log.text.lines().collect();
        for _ in 0..lines.len() / 10 {
            lines.push(lines[dice.below(lines.len())]);
        }
        dice.shuffle(&mut lines);
        let files = 1 + dice.below(3);
        let mut rest = &lines[..];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at((1 + dice.below(400)).min(rest.len()));
            rest = after;
            let path = match dice.below(files) {
                0 => log.path.clone(),
                number => format!("{}.{number}", log.path),
            };
            let text = piece.iter().map(|line| format!("{line}\n")).collect();
            pieces.push(Piece { path, text, commit: dice.below(6) == 0 });
        }
    }
    dice.shuffle(&mut pieces);
    pieces
}

fn some_lives(seed: u64, span: i64) -> Vec<Log> {
    let mut options = FleetOptions::one_of_each(seed, START);
    options.incidents.push("reject_storm@mm1:+3m..+4m".parse().unwrap());
    options.incidents.push("drawdown@gold1:+5m..+9m".parse().unwrap());
    run(options, span).logs
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn how_lines_come_changes_no_figure(seed in 0u64..1000, chance in any::<u64>()) {
        wait(async {
            let logs = some_lives(seed, 12 * MINUTE);
            let one = World::of(&logs).await;
            let other = World::of_pieces(deal_anew(&logs, &mut Dice(chance))).await;
            let mut wrong = Vec::new();
            let middle = Some(START + 6 * MINUTE + 1);
            for window in [Window::ALL, Window { from: middle, to: Some(START + 11 * MINUTE) }] {
                let (one, other) = (one.look(window).await, other.look(window).await);
                let mut views = one.views();
                views.retain(|view| !OF_LINES.contains(&view.name.as_str()));
                let want = one.ask_all(views.iter().map(figures)).await;
                let got = other.ask_all(views.iter().map(figures)).await;
                let pairs = got.iter().zip(&want).zip(&views);
                wrong.extend(pairs.filter_map(|((got, want), view)| same(&view.name, got, want)));
            }
            assert!(wrong.is_empty(), "{wrong:#?}");
        });
    }
}

/// A kalshi log told from the other side of every market: yes is no and p is 1 − p.
fn mirrored(log: &Log) -> Log {
    let text = log.text.lines().map(|line| {
        let mut line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).unwrap();
        if let Some(side) = line.get_mut("side") {
            *side = if *side == "yes" { "no".into() } else { "yes".into() };
        }
        for (name, decimals) in
            [("price", 2), ("fill_price", 2), ("model_fair", 4), ("mid", 4), ("bid", 2), ("ask", 2)]
        {
            if let Some(value) = line.get_mut(name) {
                let unit = 10f64.powi(decimals);
                *value = ((unit - (value.as_f64().unwrap() * unit).round()) / unit).into();
            }
        }
        if let (Some(bid), Some(ask)) = (line.get("bid").cloned(), line.get("ask").cloned()) {
            line.insert("bid".to_owned(), ask);
            line.insert("ask".to_owned(), bid);
        }
        serde_json::to_string(&line).unwrap() + "\n"
    });
    Log { path: log.path.clone(), text: text.collect() }
}

/// Views, and their columns that do not depend on which side a market is told from.
const SIDELESS: &[(&str, &str)] = &[
    (
        "fills",
        "ts, bot, order_id, trade_id, slippage, edge, expected_edge, latency_ms, since_placed_ms, fee",
    ),
    ("rolling_slippage", "ts, bot, order_id, trade_id, slippage, n, mean, sd"),
    (
        "fill_rates",
        "bot, strategy, market, hour, orders, size, fill_rate_1s, fill_rate_10s, fill_rate_60s, \
         fill_rate_300s, fill_rate_60s_by_size, change_vs_baseline",
    ),
    ("order_success", "bot, strategy, placed, filled, cancelled, rejected, expired, success_pct"),
    ("edge_drift", "bot, strategy, fills, expected_edge, realized_edge, drift, sd, drift_sigma"),
    (
        "edge_curve",
        "ts, order_id, trade_id, cumulative_edge, expected_cumulative_edge, realized_pnl",
    ),
    ("markouts", "ts, order_id, trade_id, markout_1s, markout_10s, markout_60s, markout_300s"),
    ("realized_pnl", "ts, bot, market, size, realized, realized_pnl, -position as position"),
    (
        "positions",
        "bot, strategy, market, -position as position, 1 - avg_price as avg_price, realized_pnl, \
         unrealized_pnl, fees, net_pnl, opened_at, fills",
    ),
    ("round_trips", "closed_at, opened_at, bot, market, size, -sign as sign, gross_pnl, net_pnl"),
    ("orders", "bot, order_id, status, filled_size, time_to_fill_ms, placement_latency_ms"),
];

/// The same columns of the market told from the other side.
fn other_side(columns: &str) -> String {
    columns
        .replace("-position as position", "position")
        .replace("1 - avg_price as avg_price", "avg_price")
        .replace("-sign as sign", "sign")
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn yes_at_p_is_no_at_one_less_p(seed in 0u64..1000) {
        wait(async {
            let logs: Vec<Log> = some_lives(seed, 20 * MINUTE)
                .into_iter()
                .filter(|log| log.path.starts_with("kalshi"))
                .collect();
            let yes = World::of(&logs).await;
            let no = World::of(&logs.iter().map(mirrored).collect::<Vec<_>>()).await;
            let mut wrong = Vec::new();
            for (view, columns) in SIDELESS {
                let want = yes.ask(Window::ALL, &format!("select {columns} from {view}")).await;
                let sql = format!("select {} from {view}", other_side(columns));
                let got = no.ask(Window::ALL, &sql).await;
                assert!(!want.is_empty(), "{view}");
                wrong.extend(same(view, &got, &want));
            }
            assert!(wrong.is_empty(), "{wrong:#?}");
        });
    }
}

/// Views whose rows are things that happened at a time: the time, and the columns that depend on
/// what the window shows beside the row.
const OF_EVENTS: &[(&str, &str, &[&str])] = &[
    ("fills", "ts", &[]),
    ("rejections", "ts", &[]),
    ("realized_pnl", "ts", &[]),
    ("edge_curve", "ts", &["cumulative_edge", "expected_cumulative_edge", "realized_pnl"]),
    (
        "markouts",
        "ts",
        &[
            "mid_1s",
            "mid_10s",
            "mid_60s",
            "mid_300s",
            "markout_1s",
            "markout_10s",
            "markout_60s",
            "markout_300s",
        ],
    ),
    ("equity", "ts", &[]),
    ("drawdown", "ts", &[]),
    ("returns", "ts", &[]),
    ("round_trips", "closed_at", &[]),
    ("quotes", "ts", &[]),
    ("settlements", "ts", &[]),
    ("logged_performance", "ts", &[]),
    ("api_calls", "ts", &[]),
    ("errors", "ts", &[]),
    ("signals", "ts", &[]),
    ("heartbeats", "ts", &["silence_s"]),
];

proptest! {
    #![proptest_config(config())]

    #[test]
    fn windows_side_by_side_share_no_row_and_miss_none(seed in 0u64..1000, chance in any::<u64>()) {
        wait(async {
            let world = World::of(&some_lives(seed, 12 * MINUTE)).await;
            let mut dice = Dice(chance);
            let mut wrong = Vec::new();
            for (view, ts, beside) in OF_EVENTS {
                let all = world.view(Window::ALL, view).await;
                // Ends exactly where a row is.
                let mut ends: Vec<i64> = (0..3)
                    .filter(|_| !all.is_empty())
                    .map(|_| all[dice.below(all.len())][*ts].time().unwrap())
                    .collect();
                ends.sort_unstable();
                let [a, b, c] = ends[..] else { continue };
                let mut parts = Vec::new();
                for (from, to) in [(a, b), (b, c), (a, c)] {
                    let window = Window { from: Some(from), to: Some(to) };
                    let mut rows = world.view(window, view).await;
                    for row in &mut rows {
                        row.retain(|name, _| !beside.contains(&name.as_str()));
                        let at = row[*ts].time().unwrap();
                        assert!((from..to).contains(&at), "{view}: {at} in [{from}, {to})");
                    }
                    parts.push(rows);
                }
                let whole = parts.pop().unwrap();
                wrong.extend(same(view, &parts.concat(), &whole));
            }
            assert!(wrong.is_empty(), "{wrong:#?}");
        });
    }
}
