//! The books of simulated bots, which the simulator keeps in integers, against what the views read
//! out of their logs.

use std::collections::{BTreeMap, BTreeSet};

use fillwatch_query::Window;
use fillwatch_simulate::{BotTruth, FleetOptions};

use super::books;
use super::lives::{Fill, Lives};
use super::logs::{HOUR, START, run};
use super::raw::lines;
use super::table::Row;
use super::world::{Look, World};

/// The simulator cuts off fractions of micro-dollars at every fill that closes.
const CENT: f64 = 0.01;

/// A figure of a bot: a query for `x` of every `bot`, and the truth.
struct Figure {
    name: String,
    sql: String,
    truth: f64,
    tolerance: f64,
}

fn figure(name: &str, sql: String, truth: f64, tolerance: f64) -> Figure {
    Figure { name: name.to_owned(), sql, truth, tolerance }
}

fn sum(column: &str, view: &str) -> String {
    format!("select bot, sum({column}) as x from {view} group by bot")
}

fn count(truth: &BotTruth, name: &str, view: &str, condition: &str) -> Figure {
    let sql = format!("select bot, count(*) as x from {view} where {condition} group by bot");
    figure(name, sql, truth.counts[name] as f64, 0.0)
}

/// What the lines of every system tell that logs its orders.
fn of_orders(truth: &BotTruth) -> Vec<Figure> {
    let counted = |name: &str| truth.counts[name] as f64;
    vec![
        figure("fees", sum("fee", "fills"), truth.fees, CENT),
        figure("fees held", sum("fees", "positions"), truth.fees, CENT),
        figure("edge", sum("edge", "fills"), truth.cumulative_edge, CENT),
        figure("edge curve", sum("edge", "edge_curve"), truth.cumulative_edge, CENT),
        figure("edge drift", sum("realized_edge", "edge_drift"), truth.cumulative_edge, CENT),
        count(truth, "orders", "orders", "placed_at is not null"),
        count(truth, "acks", "orders", "acked_at is not null"),
        count(truth, "rejects", "orders", "status = 'rejected'"),
        count(truth, "rejects", "rejections", "true"),
        count(truth, "cancels", "orders", "status = 'cancelled'"),
        count(truth, "expiries", "orders", "status = 'expired'"),
        count(truth, "orders_filled", "orders", "status = 'filled'"),
        count(truth, "fills", "fills", "true"),
        figure("orders in order_success", sum("placed", "order_success"), counted("orders"), 0.0),
        figure("fills of orders", sum("fill_count", "orders"), counted("fills"), 0.0),
    ]
}

/// What depends on the order of fills, where the log tells it.
fn of_sequence(truth: &BotTruth) -> Vec<Figure> {
    let realised = truth.realised_pnl;
    vec![
        figure("realised", sum("realized_pnl", "positions"), realised, CENT),
        figure("realised row by row", sum("realized", "realized_pnl"), realised, CENT),
        figure("realised of the edge curve", sum("realized", "edge_curve"), realised, CENT),
        count(truth, "round_trips", "round_trips", "true"),
        count(truth, "round_trips_won", "round_trips", "gross_pnl > coalesce(fee, 0) + 1e-9"),
    ]
}

/// What comes with fills or without: equity and round trips.
fn of_account(truth: &BotTruth) -> Vec<Figure> {
    let trips = |condition: &str| {
        format!(
            "select bot, sum(abs(net)) as x from (
                 select bot, gross_pnl - coalesce(fee, 0) as net from round_trips
             ) as trips where net {condition} 0 group by bot"
        )
    };
    let drawdown = "select bot, max(max_drawdown) as x from drawdown group by bot".to_owned();
    vec![
        figure("gross profit", trips(">"), truth.gross_profit, CENT),
        figure("gross loss", trips("<"), truth.gross_loss, CENT),
        // The bot's peak begins with its capital, the log's with the first mark, in cents.
        figure("max drawdown", drawdown, truth.max_drawdown, 2e-4),
        count(truth, "limit_breaches", "limit_breaches", "true"),
    ]
}

fn figures(truth: &BotTruth) -> Vec<Figure> {
    let mut figures = of_account(truth);
    // The health payloads of purpleflea are heartbeats to the view, and not among those that the
    // simulator counts.
    if truth.name != "agent1" {
        figures.push(count(truth, "heartbeats", "heartbeats", "true"));
        figures.extend(of_orders(truth));
    }
    // Seconds are all that polybot logs of a time: which of two fills came first is lost.
    if !["agent1", "arb1"].contains(&truth.name.as_str()) {
        figures.extend(of_sequence(truth));
    }
    figures
}

/// The figures of all bots that are not what they should be.
async fn untrue(look: &Look, truths: &[BotTruth]) -> Vec<String> {
    let asked: BTreeSet<String> =
        truths.iter().flat_map(figures).map(|figure| figure.sql).collect();
    let answers = look.ask_all(asked.iter().cloned()).await;
    let answers: BTreeMap<&String, Vec<Row>> = asked.iter().zip(answers).collect();
    let mut wrong = Vec::new();
    for truth in truths {
        for Figure { name, sql, truth: wanted, tolerance } in figures(truth) {
            let of_bot =
                answers[&sql].iter().find(|row| row["bot"].text() == Some(truth.name.as_str()));
            // A bot that a view has nothing of has had none of it.
            let got = of_bot.and_then(|row| row["x"].number()).unwrap_or(0.0);
            let scale = 1.0f64.max(wanted.abs() * 1e-9 / CENT);
            // Not a number is as untrue as a wrong one.
            let off = (got - wanted).abs();
            if off.is_nan() || off > tolerance * scale {
                wrong.push(format!("{} {name}: {got}, truth {wanted}", truth.name));
            }
        }
    }
    wrong
}

async fn positions(look: &Look, truths: &[BotTruth]) -> Vec<String> {
    let sql = "select bot, market, sum(position) as position from positions group by bot, market \
               having abs(sum(position)) > 1e-9 order by bot, market";
    let rows = look.ask(sql).await;
    let told = |row: &Row| {
        let position = row["position"].number().unwrap();
        (row["market"].to_string(), (position * 1e6).round() / 1e6)
    };
    let mut wrong = Vec::new();
    for truth in truths.iter().filter(|truth| truth.name != "agent1") {
        let of_bot = rows.iter().filter(|row| row["bot"].text() == Some(truth.name.as_str()));
        let held: Vec<(String, f64)> = of_bot.map(told).collect();
        let wanted: Vec<(String, f64)> =
            truth.positions.iter().map(|(market, size)| (market.clone(), *size)).collect();
        if held != wanted {
            wrong.push(format!("{} positions: {held:?}, truth {wanted:?}", truth.name));
        }
    }
    wrong
}

async fn check(seed: u64, incidents: &[&str]) {
    let mut options = FleetOptions::one_of_each(seed, START);
    options.incidents = incidents.iter().map(|text| text.parse().unwrap()).collect();
    let run = run(options, 4 * HOUR);
    let world = World::of(&run.logs).await;
    // An hour after the last line: orders that rest then are open, not long forgotten.
    let window = Window { from: None, to: Some(START + 5 * HOUR) };
    let look = world.look(window).await;
    let mut wrong = untrue(&look, &run.truth.bots).await;
    wrong.extend(positions(&look, &run.truth.bots).await);
    assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
}

/// The computation that the views are compared with is itself held to the truth.
#[test]
fn the_lines_say_what_is_true() {
    let run = run(FleetOptions::one_of_each(13, START), 6 * HOUR);
    let lines = lines(&run.logs);
    for truth in run.truth.bots.iter().filter(|truth| truth.name != "agent1") {
        let lives = Lives::of(lines.iter().filter(|line| line.bot == truth.name));
        let held = books::holdings(&books::steps(&lives.fills));
        let near = |got: f64, wanted: f64, what: &str| {
            assert!((got - wanted).abs() < CENT, "{} {what}: {got}, truth {wanted}", truth.name);
        };
        for ((_, _, market), holding) in &held {
            let wanted = truth.positions.get(market.as_ref().unwrap()).copied().unwrap_or(0.0);
            near(holding.position, wanted, "position");
        }
        near(lives.fills.iter().filter_map(|fill| fill.fee).sum(), truth.fees, "fees");
        near(lives.fills.iter().filter_map(Fill::edge).sum(), truth.cumulative_edge, "edge");
        let realised: f64 = held.values().map(|holding| holding.realized).sum();
        let out = (realised - truth.realised_pnl).abs();
        println!("{}: realised {realised}, truth {}", truth.name, truth.realised_pnl);
        assert!(truth.name == "arb1" || out < CENT, "{} realised: {realised}", truth.name);
        let of = |status| lives.orders.iter().filter(|order| order.status() == status).count();
        let counted = [
            ("orders", lives.orders.len()),
            ("fills", lives.fills.len()),
            ("orders_filled", of("filled")),
            ("rejects", of("rejected")),
            ("cancels", of("cancelled")),
            ("expiries", of("expired")),
        ];
        for (name, count) in counted {
            assert_eq!(count as u64, truth.counts[name], "{} {name}", truth.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_say_what_is_true_of_a_quiet_day() {
    check(11, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_say_what_is_true_of_a_bad_day() {
    let incidents = [
        "reject_storm@mm1:+30m..+45m",
        "adverse_selection@gold1:+60m..+90m",
        "ws_silence@arb1:+60m..+75m",
        "drawdown@paper1:+120m..+150m",
        "fat_tail_loss@agent1:+180m..+186m",
        "heartbeat_loss@mm1:+195m..+210m",
    ];
    check(12, &incidents).await;
}
