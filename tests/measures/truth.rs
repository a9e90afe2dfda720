//! The books of simulated bots, which the simulator keeps in integers, against what the views read
//! out of their logs.

use fillwatch_query::Window;
use fillwatch_simulate::{BotTruth, FleetOptions};

use super::books;
use super::lives::{Fill, Lives};
use super::logs::{HOUR, START, run};
use super::raw::lines;
use super::table::Row;
use super::world::World;

/// The simulator cuts off fractions of micro-dollars at every fill that closes.
const CENT: f64 = 0.01;

/// A figure of a bot: a query for it, and the truth.
struct Figure {
    name: String,
    sql: String,
    truth: f64,
    tolerance: f64,
}

fn figure(name: &str, sql: String, truth: f64, tolerance: f64) -> Figure {
    Figure { name: name.to_owned(), sql, truth, tolerance }
}

fn count(truth: &BotTruth, name: &str, view: &str, condition: &str) -> Figure {
    let sql =
        format!("select count(*) as x from {view} where bot = '{}' and {condition}", truth.name);
    figure(name, sql, truth.counts[name] as f64, 0.0)
}

/// What the lines of every system tell that logs its orders.
fn of_orders(truth: &BotTruth) -> Vec<Figure> {
    let bot = &truth.name;
    let sum = |column: &str, view: &str| {
        format!("select coalesce(sum({column}), 0) as x from {view} where bot = '{bot}'")
    };
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
        figure(
            "orders in order_success",
            sum("placed", "order_success"),
            truth.counts["orders"] as f64,
            0.0,
        ),
        figure("fills of orders", sum("fill_count", "orders"), truth.counts["fills"] as f64, 0.0),
    ]
}

/// What depends on the order of fills, where the log tells it.
fn of_sequence(truth: &BotTruth) -> Vec<Figure> {
    let bot = &truth.name;
    let of = |column: &str, view: &str| {
        format!("select coalesce(sum({column}), 0) as x from {view} where bot = '{bot}'")
    };
    vec![
        figure("realised", of("realized_pnl", "positions"), truth.realised_pnl, CENT),
        figure("realised row by row", of("realized", "realized_pnl"), truth.realised_pnl, CENT),
        figure(
            "realised of the edge curve",
            of("realized", "edge_curve"),
            truth.realised_pnl,
            CENT,
        ),
        count(truth, "round_trips", "round_trips", "true"),
        count(truth, "round_trips_won", "round_trips", "gross_pnl > coalesce(fee, 0) + 1e-9"),
    ]
}

/// What comes with fills or without: equity and round trips.
fn of_account(truth: &BotTruth) -> Vec<Figure> {
    let bot = &truth.name;
    let trips = |condition: &str| {
        format!(
            "select coalesce(sum(abs(net)), 0) as x from (
                 select gross_pnl - coalesce(fee, 0) as net from round_trips where bot = '{bot}'
             ) as trips where net {condition} 0"
        )
    };
    let drawdown = format!("select max(max_drawdown) as x from drawdown where bot = '{bot}'");
    vec![
        figure("gross profit", trips(">"), truth.gross_profit, CENT),
        figure("gross loss", trips("<"), truth.gross_loss, CENT),
        // The bot's peak begins with its capital, the log's with the first mark, in cents.
        figure("max drawdown", drawdown, truth.max_drawdown, 2e-4),
        count(truth, "heartbeats", "heartbeats", "true"),
        count(truth, "limit_breaches", "limit_breaches", "true"),
    ]
}

async fn holds(world: &World, truth: &BotTruth, figures: Vec<Figure>) -> Vec<String> {
    let mut wrong = Vec::new();
    for Figure { name, sql, truth: wanted, tolerance } in figures {
        let rows = world.ask(Window::ALL, &sql).await;
        let got = rows[0]["x"].number().unwrap_or_else(|| panic!("{sql}: {rows:?}"));
        let scale = 1.0f64.max(wanted.abs() * 1e-9 / CENT);
        if (got - wanted).abs() > tolerance * scale {
            wrong.push(format!("{} {name}: {got}, truth {wanted}", truth.name));
        }
    }
    wrong
}

async fn positions(world: &World, truth: &BotTruth) -> Vec<String> {
    let sql = format!(
        "select market, sum(position) as position from positions where bot = '{}' group by market \
         having abs(sum(position)) > 1e-9 order by market",
        truth.name
    );
    let held = world.ask(Window::ALL, &sql).await;
    let told = |row: &Row| {
        let position = row["position"].number().unwrap();
        (row["market"].to_string(), (position * 1e6).round() / 1e6)
    };
    let held: Vec<(String, f64)> = held.iter().map(told).collect();
    let wanted: Vec<(String, f64)> =
        truth.positions.iter().map(|(market, size)| (market.clone(), *size)).collect();
    if held == wanted {
        return Vec::new();
    }
    vec![format!("{} positions: {held:?}, truth {wanted:?}", truth.name)]
}

async fn check(seed: u64, incidents: &[&str]) {
    let mut options = FleetOptions::one_of_each(seed, START);
    options.incidents = incidents.iter().map(|text| text.parse().unwrap()).collect();
    let run = run(options, 8 * HOUR);
    let world = World::of(&run.logs).await;
    let mut wrong = Vec::new();
    for truth in &run.truth.bots {
        wrong.extend(holds(&world, truth, of_account(truth)).await);
        if truth.name == "agent1" {
            continue;
        }
        wrong.extend(positions(&world, truth).await);
        wrong.extend(holds(&world, truth, of_orders(truth)).await);
        // Seconds are all that polybot logs of a time: which of two fills came first is lost.
        if truth.name != "arb1" {
            wrong.extend(holds(&world, truth, of_sequence(truth)).await);
        }
    }
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
#[ignore = "long, or not yet seen to pass: --ignored runs it"]
async fn the_views_say_what_is_true_of_a_quiet_day() {
    check(11, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long, or not yet seen to pass: --ignored runs it"]
async fn the_views_say_what_is_true_of_a_bad_day() {
    let incidents = [
        "reject_storm@mm1:+1h..+1.5h",
        "adverse_selection@gold1:+2h..+3h",
        "ws_silence@arb1:+2h..+2.5h",
        "drawdown@paper1:+4h..+5h",
        "fat_tail_loss@agent1:+6h..+6.1h",
        "heartbeat_loss@mm1:+6.5h..+7h",
    ];
    check(12, &incidents).await;
}
