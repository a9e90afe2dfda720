//! What became of orders: `orders`, `fills`, `fill_rates`, `rejections`, `order_success`.

use std::collections::BTreeMap;

use super::lives::{Fill, Lives, Order};
use super::logs::DAY;
use super::raw::{Line, What};
use super::table::{Cell, Row, row};
use super::{Case, check, time};

fn lives(case: &Case) -> Lives {
    /// An order of which nothing was heard for so long is taken to have expired.
    const SILENT_FOR: i64 = 30 * DAY;
    let mut lives = Lives::of(case.before_end());
    for order in lives.orders.iter_mut().filter(|order| !order.is_over()) {
        let until = order.last_at + SILENT_FOR;
        if until < case.now() {
            order.withdrawn = Some((until, What::Expired));
        }
    }
    lives
}

fn orders(case: &Case) -> Vec<Row> {
    let lives = lives(case);
    let is_alive = |order: &&Order| {
        !order.is_over() || order.last_at.max(order.closed_at().unwrap()) >= case.from()
    };
    let alive = lives.orders.iter().filter(is_alive);
    alive.map(order).collect()
}

fn order(order: &Order) -> Row {
    let priced: Vec<(f64, f64)> =
        order.fills.iter().filter_map(|(_, price, size, _)| price.zip(*size)).collect();
    let value: f64 = priced.iter().map(|(price, size)| price * size).sum();
    let size: f64 = priced.iter().map(|(_, size)| size).sum();
    let fees: Vec<f64> = order.fills.iter().filter_map(|(.., fee)| *fee).collect();
    let to_fill = order.completed_at().zip(order.placed_at).map(|(to, from)| (to - from) as f64);
    let rejected = order.rejected.as_ref();
    let status = order.status();
    row! {
        "bot" => &order.bot, "order_id" => &order.id, "run_id" => Cell::Null,
        "strategy" => order.strategy.clone(), "market" => order.market.clone(),
        "side" => order.side.clone(), "sign" => order.sign,
        "price" => order.price, "size" => order.size, "fair" => order.fair,
        "placed_at" => time(order.placed_at), "acked_at" => time(order.acked_at),
        "placement_latency_ms" => order.placement_latency_ms,
        "first_fill_at" => time(order.fills.first().map(|f| f.0)),
        "last_fill_at" => time(order.fills.last().map(|f| f.0)),
        "time_to_fill_ms" => to_fill.map(|micros| micros / 1e3),
        "fill_count" => order.fills.len(),
        "filled_size" => order.filled_size(),
        "avg_fill_price" => (size > 0.0).then(|| value / size),
        "fee" => (!fees.is_empty()).then(|| fees.iter().sum::<f64>()),
        "status" => status,
        "closed_at" => time(order.closed_at()),
        "reject_code" => rejected.filter(|_| status == "rejected").and_then(code),
        "reject_reason" => rejected.filter(|_| status == "rejected").and_then(reason),
        "last_at" => Cell::Time(order.last_at),
    }
}

/// HTTP's or the venue's.
fn code(line: &Line) -> Option<i64> {
    line.code.or(line.value["code"].as_i64())
}

fn reason(line: &Line) -> Option<&str> {
    let words = line.string("reason").or(line.string("error"));
    words.or_else(|| line.string("message").filter(|text| *text != "Order rejected"))
}

fn fills(case: &Case) -> Vec<Row> {
    let lives = lives(case);
    lives.fills.iter().filter(|fill| fill.at >= case.from()).map(fill).collect()
}

fn fill(fill: &Fill) -> Row {
    let since_placed = fill.placed_at.map(|placed| (fill.at - placed) as f64 / 1e3);
    let bps = fill.slippage().zip(fill.fair).filter(|(_, fair)| *fair > 0.0);
    row! {
        "ts" => Cell::Time(fill.at), "bot" => &fill.bot, "run_id" => Cell::Null,
        "strategy" => fill.strategy.clone(), "market" => fill.market.clone(),
        "order_id" => &fill.order, "trade_id" => fill.trade.clone(),
        "side" => fill.side.clone(), "sign" => fill.sign,
        "fill_price" => fill.price, "fill_size" => fill.size,
        "order_price" => fill.order_price, "order_size" => fill.order_size,
        "fair" => fill.fair, "expected_edge" => fill.expected_edge(),
        "slippage" => fill.slippage(),
        "slippage_bps" => bps.map(|(slippage, fair)| slippage / fair * 1e4),
        "edge" => fill.edge(), "fee" => fill.fee,
        "latency_ms" => fill.latency_ms, "since_placed_ms" => since_placed,
        "placed_at" => time(fill.placed_at),
    }
}

const HORIZONS: [(&str, i64); 4] = [("1s", 1), ("10s", 10), ("60s", 60), ("300s", 300)];

/// Bot, strategy, market, hour.
type Hour = (String, Option<String>, Option<String>, i64);

fn fill_rates(case: &Case) -> Vec<Row> {
    const HOUR: i64 = 3_600_000_000;
    let lives = lives(case);
    let mut hours: BTreeMap<Hour, Vec<&Order>> = BTreeMap::new();
    for order in &lives.orders {
        let Some(placed) = order.placed_at.filter(|at| *at >= case.from()) else { continue };
        let (strategy, market) = (order.strategy.clone(), order.market.clone());
        let hour = (order.bot.clone(), strategy, market, placed.div_euclid(HOUR) * HOUR);
        hours.entry(hour).or_default().push(order);
    }
    // Eligible and filled within a minute, in the hours before, of bot, strategy and market.
    let mut before: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    let mut rows = Vec::new();
    for ((bot, strategy, market, hour), orders) in &hours {
        let sizes: Vec<f64> = orders.iter().filter_map(|order| order.size).collect();
        let mut row = row! {
            "bot" => bot, "strategy" => strategy.clone(), "market" => market.clone(),
            "hour" => Cell::Time(*hour), "orders" => orders.len(),
            "size" => (!sizes.is_empty()).then(|| sizes.iter().sum::<f64>()),
        };
        for (name, seconds) in HORIZONS {
            let (columns, n, filled) = within(orders, seconds, case.now());
            row.extend(columns.into_iter().map(|(column, cell)| {
                let name = column.replace('#', name);
                (name, cell)
            }));
            if name == "60s" {
                let key = (bot.clone(), strategy.clone(), market.clone());
                let earlier = before.entry(key).or_default();
                let share = |(n, filled): (usize, usize)| (n > 0).then(|| filled as f64 / n as f64);
                let (baseline, rate) = (share(*earlier), share((n, filled)));
                let change =
                    rate.zip(baseline.filter(|rate| *rate > 0.0)).map(|(r, b)| r / b - 1.0);
                row.insert("baseline_orders".to_owned(), earlier.0.into());
                row.insert("baseline_rate_60s".to_owned(), baseline.into());
                row.insert("change_vs_baseline".to_owned(), change.into());
                *earlier = (earlier.0 + n, earlier.1 + filled);
            }
        }
        rows.push(row);
    }
    rows
}

/// The columns of one horizon, `#` standing for its name; and how many orders are eligible, and how
/// many of those were filled in full in time.
fn within(orders: &[&Order], seconds: i64, now: i64) -> (Row, usize, usize) {
    let horizon = seconds * 1_000_000;
    let eligible: Vec<&&Order> =
        orders.iter().filter(|order| order.placed_at.unwrap() + horizon <= now).collect();
    let in_time = |order: &Order| order.filled_by(order.placed_at.unwrap() + horizon);
    let is_full = |order: &&&&Order| {
        let wanted = order.size.unwrap_or_else(|| order.filled_size());
        let filled = in_time(order);
        filled > 0.0 && filled >= wanted * (1.0 - 1e-9)
    };
    let n = eligible.len();
    let filled = eligible.iter().filter(is_full).count();
    let sized = eligible.iter().filter_map(|order| order.size.map(|size| (order, size)));
    let (asked, got) = sized.fold((0.0, 0.0), |(asked, got), (order, size)| {
        (asked + size, got + in_time(order).min(size))
    });
    let some = asked > 0.0;
    let row = row! {
        "n_#" => n, "filled_#" => filled,
        "fill_rate_#" => (n > 0).then(|| filled as f64 / n as f64),
        "size_#" => some.then_some(asked), "filled_size_#" => some.then_some(got),
        "fill_rate_#_by_size" => some.then(|| got / asked),
    };
    (row, n, filled)
}

fn rejections(case: &Case) -> Vec<Row> {
    let lives = lives(case);
    let rejected = lives.orders.iter().filter(|order| order.status() == "rejected");
    let rejected = rejected.filter_map(|order| Some((order, order.rejected.as_ref()?)));
    let rejected = rejected.filter(|(_, line)| line.at >= case.from());
    rejected
        .map(|(order, line)| {
            row! {
                "ts" => Cell::Time(line.at), "bot" => &order.bot, "order_id" => &order.id,
                "strategy" => order.strategy.clone(), "market" => order.market.clone(),
                "status_code" => code(line), "reason" => reason(line),
                "latency_ms" => order.placement_latency_ms,
            }
        })
        .collect()
}

fn order_success(case: &Case) -> Vec<Row> {
    let lives = lives(case);
    let mut groups: BTreeMap<(String, Option<String>), Vec<&Order>> = BTreeMap::new();
    for order in lives.orders.iter().filter(|o| o.placed_at.is_some_and(|at| at >= case.from())) {
        groups.entry((order.bot.clone(), order.strategy.clone())).or_default().push(order);
    }
    let rows = groups.into_iter().map(|((bot, strategy), orders)| {
        let count = |status| orders.iter().filter(|order| order.status() == status).count();
        let n = orders.len() - count("open") - count("partial");
        row! {
            "bot" => bot, "strategy" => strategy, "placed" => orders.len(),
            "filled" => count("filled"), "partially_filled" => count("partial"),
            "cancelled" => count("cancelled"), "rejected" => count("rejected"),
            "expired" => count("expired"), "open" => count("open"), "n" => n,
            "success_pct" => (n > 0).then(|| 100.0 * count("filled") as f64 / n as f64),
            "rejection_rate" => count("rejected") as f64 / orders.len() as f64,
        }
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_live_as_the_lines_say() {
    check("orders", &["bot", "order_id"], orders).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fills_cost_what_the_lines_say() {
    check("fills", &["bot", "ts", "order_id", "trade_id"], fills).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_fill_as_soon_as_the_lines_say() {
    check("fill_rates", &["bot", "strategy", "market", "hour"], fill_rates).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_rejected_as_the_lines_say() {
    check("rejections", &["bot", "ts", "order_id"], rejections).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_end_as_the_lines_say() {
    check("order_success", &["bot", "strategy"], order_success).await;
}
