//! What fills cost and what the market did after them: `rolling_slippage`, `edge_drift`, `markouts`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fillwatch_query::Window;

use super::books;
use super::lives::{Fill, Lives};
use super::table::{Cell, Row, row};
use super::{Case, check, sources, stats};

fn inside(case: &Case) -> Vec<Fill> {
    let mut fills = Lives::of(case.before_end()).fills;
    fills.retain(|fill| fill.at >= case.from());
    fills
}

fn rolling_slippage(case: &Case) -> Vec<Row> {
    const WINDOW: usize = 50;
    let mut windows: BTreeMap<books::Key, VecDeque<(f64, Option<f64>)>> = BTreeMap::new();
    let mut rows = Vec::new();
    for fill in &inside(case) {
        let (Some(slippage), Some(fair)) = (fill.slippage(), fill.fair) else { continue };
        let window = windows.entry(books::key(fill)).or_default();
        window.push_back((slippage, (fair > 0.0).then(|| slippage / fair * 1e4)));
        if window.len() > WINDOW {
            window.pop_front();
        }
        let values: Vec<f64> = window.iter().map(|(slippage, _)| *slippage).collect();
        let bps: Vec<f64> = window.iter().filter_map(|(_, bps)| *bps).collect();
        rows.push(row! {
            "ts" => Cell::Time(fill.at), "bot" => &fill.bot, "strategy" => fill.strategy.clone(),
            "market" => fill.market.clone(), "order_id" => &fill.order,
            "trade_id" => fill.trade.clone(), "slippage" => slippage, "n" => values.len(),
            "mean" => stats::mean(&values), "sd" => stats::sd(&values),
            "mean_bps" => stats::mean(&bps),
        });
    }
    rows
}

/// A fill's market, size, expected and realised edge.
type Deviation = (Option<String>, f64, f64, f64);

fn edge_drift(case: &Case) -> Vec<Row> {
    type Whose = (String, Option<String>);
    let mut groups: BTreeMap<Whose, Vec<(i64, Deviation)>> = BTreeMap::new();
    for fill in inside(case) {
        let (Some(realized), Some(expected), Some(size)) =
            (fill.edge(), fill.expected_edge(), fill.size)
        else {
            continue;
        };
        let deviation = (fill.market, size, expected * size, realized);
        groups.entry((fill.bot, fill.strategy)).or_default().push((fill.at, deviation));
    }
    let rows = groups.into_iter().map(|((bot, strategy), fills)| {
        let at: Vec<i64> = fills.iter().map(|(at, _)| *at).collect();
        let fills: Vec<Deviation> = fills.into_iter().map(|(_, fill)| fill).collect();
        let sum = |get: fn(&Deviation) -> f64| fills.iter().map(get).sum::<f64>();
        let (contracts, expected, realized) = (sum(|f| f.1), sum(|f| f.2), sum(|f| f.3));
        let terms = sum(|f| f.2.abs() + f.3.abs());
        let drift = realized - expected;
        let (clusters, sd) = spread(&fills);
        let sd = sd.filter(|sd| *sd > 1e-9 * terms);
        let markets: BTreeSet<_> = fills.iter().map(|fill| &fill.0).collect();
        // Two markets, or a handful of fills, do not say how far they scatter.
        let sure = sd.filter(|_| fills.len() >= 20 && markets.len() != 2);
        let mut row = row! {
            "bot" => bot, "strategy" => strategy, "fills" => fills.len(),
            "contracts" => contracts, "expected_edge" => Cell::Sum(expected, terms),
            "realized_edge" => Cell::Sum(realized, terms), "drift" => Cell::Sum(drift, terms),
            "drift_per_contract" => Cell::Sum(drift / contracts, terms / contracts),
            "sd" => sd, "drift_sigma" => sure.map(|sd| Cell::Sum(drift / sd, terms / sd)),
            "first_at" => Cell::Time(at[0]), "last_at" => Cell::Time(*at.last().unwrap()),
        };
        if clusters > 1 {
            row.insert("clusters".to_owned(), clusters.into());
        }
        row
    });
    rows.collect()
}

/// How many clusters there are, and the standard deviation of the sum of all deviations: over
/// markets, the sum of each centred by its number of fills; over fills where there is one market.
fn spread(fills: &[Deviation]) -> (usize, Option<f64>) {
    let mut markets: BTreeMap<&Option<String>, Vec<f64>> = BTreeMap::new();
    for (market, _, expected, realized) in fills {
        markets.entry(market).or_default().push(realized - expected);
    }
    if markets.len() == 1 {
        let deviations = markets.into_values().next().unwrap();
        let n = deviations.len();
        return (n, stats::sd(&deviations).map(|sd| sd * (n as f64).sqrt()));
    }
    let total: f64 = fills.iter().map(|(_, _, expected, realized)| realized - expected).sum();
    let mean = total / fills.len() as f64;
    let residuals = markets.values().map(|m| m.iter().sum::<f64>() - mean * m.len() as f64);
    let squares: f64 = residuals.map(|residual| residual * residual).sum();
    let count = markets.len() as f64;
    (markets.len(), Some((squares * count / (count - 1.0)).sqrt()))
}

/// The 97.5 % quantile of Student's distribution, by its integral: with x = √df · tan θ the density
/// is that of cos^(df − 1) θ.
fn student(df: f64) -> f64 {
    const STEPS: usize = 20_000;
    let mass = |to: f64| {
        let width = to / STEPS as f64;
        let middles = (0..STEPS).map(|step| (step as f64 + 0.5) * width);
        middles.map(|angle| angle.cos().powf(df - 1.0)).sum::<f64>() * width
    };
    let right = std::f64::consts::FRAC_PI_2;
    let wanted = 0.95 * mass(right);
    let (mut low, mut high) = (0.0, right);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if mass(middle) < wanted { low = middle } else { high = middle }
    }
    df.sqrt() * low.tan()
}

const HORIZONS: [(&str, i64); 4] = [("1s", 1), ("10s", 10), ("60s", 60), ("300s", 300)];
const SECOND: i64 = 1_000_000;
const STALE: i64 = 300 * SECOND;

fn markouts(case: &Case) -> Vec<Row> {
    let mut mids: BTreeMap<(String, String), BTreeMap<i64, f64>> = BTreeMap::new();
    for line in case.before_end() {
        let (Some(market), Some(mid)) = (&line.market, line.mid) else { continue };
        let at = mids.entry((line.bot.clone(), market.clone())).or_default();
        let known = at.entry(line.at).or_insert(mid);
        *known = known.max(mid);
    }
    let mut rows = Vec::new();
    for fill in inside(case) {
        let (Some(price), Some(sign)) = (fill.price, fill.sign) else { continue };
        let quotes = fill.market.as_ref().and_then(|m| mids.get(&(fill.bot.clone(), m.clone())));
        let mut row = row! {
            "ts" => Cell::Time(fill.at), "bot" => &fill.bot, "order_id" => &fill.order,
            "trade_id" => fill.trade.clone(), "market" => fill.market.clone(),
            "strategy" => fill.strategy.clone(), "fill_price" => price, "sign" => sign,
            "fill_size" => fill.size,
        };
        for (name, seconds) in HORIZONS {
            let then = fill.at + seconds * SECOND;
            let last = quotes.and_then(|quotes| quotes.range(..=then).next_back());
            let mid = last.filter(|(at, _)| **at >= then - STALE && then <= case.now());
            let mid = mid.map(|(_, mid)| *mid);
            row.insert(format!("mid_{name}"), mid.into());
            row.insert(format!("markout_{name}"), mid.map(|mid| (mid - price) * sign).into());
        }
        rows.push(row);
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn slippage_rolls_over_fifty_fills() {
    let key = ["bot", "strategy", "market", "ts", "order_id", "trade_id"];
    check("rolling_slippage", &key, rolling_slippage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_what_came_less_what_was_expected() {
    check("edge_drift", &["bot", "strategy"], edge_drift).await;
}

/// The view has the quantiles of Student's distribution to four digits.
#[tokio::test(flavor = "multi_thread")]
async fn the_interval_of_drift_is_students() {
    let mut intervals = 0;
    for source in sources().await.iter() {
        for row in source.world.view(Window::ALL, "edge_drift").await {
            let number = |name: &str| row[name].number();
            if number("drift_sigma").is_none() {
                assert!(number("ci_low").or(number("ci_high")).is_none(), "{row:?}");
                continue;
            }
            let sd = number("sd").unwrap();
            let half = student(number("clusters").unwrap() - 1.0) * sd;
            for (end, sign) in [("ci_low", -1.0), ("ci_high", 1.0)] {
                let wanted = number("drift").unwrap() + sign * half;
                let got = number(end).unwrap();
                assert!((got - wanted).abs() < 3e-4 * half, "{}: {row:?}, {wanted}", source.name);
            }
            intervals += 1;
        }
    }
    assert!(intervals > 3, "only {intervals} intervals");
}

#[tokio::test(flavor = "multi_thread")]
async fn markouts_are_the_market_after_the_fill() {
    check("markouts", &["bot", "ts", "order_id", "trade_id"], markouts).await;
}
