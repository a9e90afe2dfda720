//! What is held and what was made of it: `realized_pnl`, `positions`, `edge_curve`.

use std::collections::BTreeMap;

use super::books::{Holding, holdings, steps};
use super::lives::Lives;
use super::table::{Cell, Row, row};
use super::{Case, check, time};

fn realized_pnl(case: &Case) -> Vec<Row> {
    let lives = Lives::of(case.before_end());
    let steps = steps(&lives.fills);
    let inside = steps.iter().filter(|step| step.fill.at >= case.from());
    inside
        .map(|step| {
            let Holding { position, realized, fees, terms, .. } = step.after;
            let fill = step.fill;
            row! {
                "ts" => Cell::Time(fill.at), "bot" => &fill.bot,
                "strategy" => fill.strategy.clone(), "market" => fill.market.clone(),
                "action" => "fill", "sign" => fill.sign, "price" => fill.price,
                "size" => fill.size, "position" => position,
                "avg_price" => step.after.average(),
                "realized" => Cell::Sum(step.realized, fill.price.unwrap() * fill.size.unwrap()),
                "realized_pnl" => Cell::Sum(realized, terms),
                "fee" => fill.fee,
                "net_pnl" => fees.map(|fees| Cell::Sum(realized - fees, terms)),
            }
        })
        .collect()
}

/// The last mid of each bot and market, and when; the highest of several at one time.
fn marks(case: &Case) -> BTreeMap<(String, String), (i64, f64)> {
    let mut marks: BTreeMap<_, (i64, f64)> = BTreeMap::new();
    for line in case.before_end() {
        let (Some(market), Some(mid)) = (&line.market, line.mid) else { continue };
        let mark = marks.entry((line.bot.clone(), market.clone())).or_insert((line.at, mid));
        if (line.at, mid) > *mark {
            *mark = (line.at, mid);
        }
    }
    marks
}

fn positions(case: &Case) -> Vec<Row> {
    let lives = Lives::of(case.before_end());
    let marks = marks(case);
    let mut rows = Vec::new();
    let mut exposure: BTreeMap<String, f64> = BTreeMap::new();
    for ((bot, strategy, market), held) in holdings(&steps(&lives.fills)) {
        let mid = marks.get(&(bot.clone(), market.clone().unwrap()));
        let (mark, source, marked_at) = match mid {
            Some((at, mid)) => (*mid, "mid", *at),
            None => (held.last_price.unwrap(), "fill", held.last_fill_at.unwrap()),
        };
        let (cost, value) = match held.average() {
            Some(price) => (held.position * price, held.position * mark),
            None => (0.0, 0.0),
        };
        *exposure.entry(bot.clone()).or_default() += value.abs();
        rows.push(row! {
            "bot" => bot, "strategy" => strategy, "market" => market,
            "position" => held.position, "avg_price" => held.average(), "cost" => cost,
            "mark" => mark, "mark_source" => source, "marked_at" => Cell::Time(marked_at),
            "value" => value, "unrealized_pnl" => Cell::Sum(value - cost, cost.abs()),
            "realized_pnl" => Cell::Sum(held.realized, held.terms),
            "fees" => held.fees,
            "net_pnl" => held.fees.map(|fees| Cell::Sum(held.realized - fees, held.terms)),
            "opened_at" => time(held.opened_at),
            "age_h" => held.opened_at.map(|at| (case.now() - at) as f64 / 3.6e9),
            "last_fill_at" => time(held.last_fill_at), "fills" => held.fills,
        });
    }
    for row in &mut rows {
        let total = exposure[row["bot"].text().unwrap()];
        let share = (total > 0.0).then(|| row["value"].number().unwrap().abs() / total);
        row.insert("concentration".to_owned(), share.into());
    }
    rows
}

/// Sums from the window's start: edge, expected edge, realised.
#[derive(Default)]
struct Sums {
    edge: Option<f64>,
    expected: Option<f64>,
    realized: f64,
    terms: f64,
}

fn edge_curve(case: &Case) -> Vec<Row> {
    let lives = Lives::of(case.before_end());
    let mut steps = steps(&lives.fills);
    steps.retain(|step| step.fill.at >= case.from());
    // Its own order of what happens at one time: by market first.
    steps.sort_by(|a, b| (a.fill.at, &a.fill.market).cmp(&(b.fill.at, &b.fill.market)));
    let mut sums: BTreeMap<(String, Option<String>), Sums> = BTreeMap::new();
    let mut rows = Vec::new();
    for step in &steps {
        let fill = step.fill;
        let sum = sums.entry((fill.bot.clone(), fill.strategy.clone())).or_default();
        let expected = fill.expected_edge().zip(fill.size).map(|(edge, size)| edge * size);
        let add = |sum: &mut Option<f64>, term: Option<f64>| {
            *sum = match (*sum, term) {
                (Some(sum), Some(term)) => Some(sum + term),
                (sum, term) => sum.or(term),
            }
        };
        add(&mut sum.edge, fill.edge());
        add(&mut sum.expected, expected);
        sum.realized += step.realized;
        sum.terms += fill.price.unwrap() * fill.size.unwrap();
        let terms = sum.terms;
        rows.push(row! {
            "ts" => Cell::Time(fill.at), "bot" => &fill.bot, "strategy" => fill.strategy.clone(),
            "market" => fill.market.clone(), "order_id" => &fill.order,
            "trade_id" => fill.trade.clone(), "action" => "fill",
            "edge" => fill.edge(), "expected_edge" => expected,
            "realized" => Cell::Sum(step.realized, fill.price.unwrap() * fill.size.unwrap()),
            "cumulative_edge" => sum.edge.map(|edge| Cell::Sum(edge, terms)),
            "expected_cumulative_edge" => sum.expected.map(|edge| Cell::Sum(edge, terms)),
            "realized_pnl" => Cell::Sum(sum.realized, terms),
        });
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn profit_is_realised_at_average_cost() {
    let key = ["bot", "strategy", "market", "ts"];
    check("realized_pnl", &key, realized_pnl).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_what_fills_made_them() {
    check("positions", &["bot", "strategy", "market"], positions).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edge_adds_up() {
    check("edge_curve", &["bot", "strategy", "ts", "market", "order_id", "trade_id"], edge_curve)
        .await;
}
