//! Equity and what is said of its returns: `equity`, `equity_state`, `drawdown`, `returns`,
//! `return_zscores`, `return_iqr`, `regime_change`, `daily_equity`, `rolling_sharpe_30d`.

use std::collections::{BTreeMap, VecDeque};

use super::logs::DAY;
use super::raw::What;
use super::stats;
use super::table::{Cell, Row, row};
use super::{Case, check, time};

/// Whose equity: a bot's, or that of one of its strategies.
pub(super) type Whose = (String, Option<String>);

/// The values of each, in order of time; of several at one time the lowest.
pub(super) fn curves(case: &Case) -> BTreeMap<Whose, Vec<(i64, f64)>> {
    let mut values: BTreeMap<Whose, BTreeMap<i64, f64>> = BTreeMap::new();
    for line in case.before_end().filter(|line| line.what == What::Equity) {
        let Some(equity) = line.equity else { continue };
        if equity <= 0.0 && line.value["alive"] == false {
            continue;
        }
        let whose = (line.bot.clone(), line.strategy.clone());
        let lowest = values.entry(whose).or_default().entry(line.at).or_insert(equity);
        *lowest = lowest.min(equity);
    }
    values.into_iter().map(|(whose, values)| (whose, values.into_iter().collect())).collect()
}

/// A value with all that came before it.
struct Point<'a> {
    whose: &'a Whose,
    at: i64,
    equity: f64,
    previous: Option<(i64, f64)>,
    peak: f64,
    max_drawdown: Option<f64>,
}

impl Point<'_> {
    fn drawdown(&self) -> Option<f64> {
        (self.peak > 0.0).then(|| (self.peak - self.equity) / self.peak)
    }

    fn gain(&self) -> Option<f64> {
        let (_, previous) = self.previous.filter(|(_, equity)| *equity > 0.0)?;
        Some((self.equity - previous) / previous)
    }
}

fn points<'a>(whose: &'a Whose, curve: &[(i64, f64)]) -> Vec<Point<'a>> {
    let (mut previous, mut peak, mut max_drawdown) = (None, f64::MIN, None::<f64>);
    let mut points = Vec::new();
    for &(at, equity) in curve {
        peak = peak.max(equity);
        let mut point = Point { whose, at, equity, previous, peak, max_drawdown };
        point.max_drawdown = match (max_drawdown, point.drawdown()) {
            (Some(deepest), Some(drawdown)) => Some(deepest.max(drawdown)),
            (deepest, drawdown) => deepest.or(drawdown),
        };
        (previous, max_drawdown) = (Some((at, equity)), point.max_drawdown);
        points.push(point);
    }
    points
}

fn each(case: &Case, row: impl Fn(&Point<'_>) -> Row) -> Vec<Row> {
    let mut rows = Vec::new();
    for (whose, curve) in &curves(case) {
        let points = points(whose, curve);
        let inside = points.iter().filter(|point| point.at >= case.from());
        rows.extend(inside.map(|point| {
            let (bot, strategy) = point.whose;
            let named = row! {
                "bot" => bot, "strategy" => strategy.clone(), "ts" => Cell::Time(point.at),
            };
            named.into_iter().chain(row(point)).collect::<Row>()
        }));
    }
    rows
}

fn equity(case: &Case) -> Vec<Row> {
    each(case, |point| row! { "equity" => point.equity })
}

fn drawdown(case: &Case) -> Vec<Row> {
    each(case, |point| {
        row! {
            "equity" => point.equity, "peak" => point.peak, "drawdown" => point.drawdown(),
            "max_drawdown" => point.max_drawdown,
        }
    })
}

fn returns(case: &Case) -> Vec<Row> {
    each(case, |point| {
        row! {
            "equity" => point.equity,
            "previous_equity" => point.previous.map(|(_, equity)| equity),
            "previous_at" => time(point.previous.map(|(at, _)| at)),
            "return" => point.gain(),
        }
    })
}

fn equity_state(case: &Case) -> Vec<Row> {
    let rows = curves(case).into_iter().map(|(whose, curve)| {
        let points = points(&whose, &curve);
        let (first, last) = (&points[0], points.last().unwrap());
        let peak_at = points.iter().find(|point| point.equity == last.peak).unwrap().at;
        let deepest = last.max_drawdown.filter(|deepest| *deepest > 0.0);
        let deepest = points.iter().find(|p| deepest.is_some() && p.drawdown() == deepest);
        row! {
            "bot" => &whose.0, "strategy" => whose.1.clone(), "equity" => last.equity,
            "equity_at" => Cell::Time(last.at), "peak" => last.peak,
            "peak_at" => Cell::Time(peak_at), "drawdown" => last.drawdown(),
            "max_drawdown" => last.max_drawdown,
            "max_drawdown_at" => time(deepest.map(|point| point.at)),
            "first_equity" => first.equity, "first_equity_at" => Cell::Time(first.at),
            "observations" => points.len(),
        }
    });
    rows.collect()
}

/// What the purpleflea guide's `AnomalyDetector` holds: the last hundred returns, the current one
/// among them.
const REMEMBERED: usize = 100;
const SAMPLES_MIN: usize = 20;
const RECENT: usize = 20;
const SPREAD_MIN: f64 = 1e-10;

/// Goes through the returns of the window as the guide's detector does; `row` is given the returns
/// remembered, the current one last.
fn detect(case: &Case, row: impl Fn(&[f64]) -> Row) -> Vec<Row> {
    let mut rows = Vec::new();
    for (whose, curve) in &curves(case) {
        let mut remembered: VecDeque<f64> = VecDeque::new();
        for point in points(whose, curve).iter().filter(|point| point.at >= case.from()) {
            let Some(gain) = point.gain() else { continue };
            remembered.push_back(gain);
            if remembered.len() > REMEMBERED {
                remembered.pop_front();
            }
            let named = row! {
                "bot" => &whose.0, "strategy" => whose.1.clone(), "ts" => Cell::Time(point.at),
            };
            rows.push(named.into_iter().chain(row(remembered.make_contiguous())).collect());
        }
    }
    rows
}

fn return_zscores(case: &Case) -> Vec<Row> {
    detect(case, |all| {
        let (current, baseline) = all.split_last().unwrap();
        let enough = all.len() >= SAMPLES_MIN;
        let mean = stats::mean(baseline).filter(|_| enough);
        let sd = stats::sd(baseline).filter(|_| enough);
        let score = mean.zip(sd.filter(|sd| *sd >= SPREAD_MIN));
        let score = score.map(|(mean, sd)| (current - mean) / sd);
        let direction = score.map(|score| if score < 0.0 { "loss" } else { "gain" });
        row! {
            "return" => *current, "n" => baseline.len(), "mean" => mean, "sd" => sd,
            "zscore" => score, "direction" => direction,
        }
    })
}

fn return_iqr(case: &Case) -> Vec<Row> {
    detect(case, |all| {
        let (current, baseline) = all.split_last().unwrap();
        let enough = all.len() >= SAMPLES_MIN;
        let at = |q: f64| stats::quantile(baseline, q).filter(|_| enough);
        let (q1, q3) = (at(0.25), at(0.75));
        let iqr = q1.zip(q3).map(|(q1, q3)| q3 - q1);
        let fences = q1.zip(q3).zip(iqr.filter(|iqr| *iqr >= SPREAD_MIN));
        let fences = fences.map(|((q1, q3), iqr)| (q1 - 1.5 * iqr, q3 + 1.5 * iqr));
        let outside = fences.map(|(low, high)| *current < low || *current > high);
        let direction = fences.and_then(|(low, high)| match *current {
            x if x > high => Some("gain"),
            x if x < low => Some("loss"),
            _ => None,
        });
        row! {
            "return" => *current, "n" => baseline.len(), "q1" => q1, "median" => at(0.5),
            "q3" => q3, "iqr" => iqr, "low" => fences.map(|f| f.0), "high" => fences.map(|f| f.1),
            "is_outlier" => outside, "direction" => direction,
        }
    })
}

fn regime_change(case: &Case) -> Vec<Row> {
    detect(case, |all| {
        let (baseline, recent) = all.split_at(all.len().saturating_sub(RECENT));
        let recent_sd = stats::sd(recent).filter(|_| recent.len() >= RECENT);
        let baseline_sd = stats::sd(baseline).filter(|_| baseline.len() >= SAMPLES_MIN);
        let score = recent_sd.zip(baseline_sd.filter(|sd| *sd >= SPREAD_MIN));
        let score = score.map(|(recent, baseline)| (recent - baseline).abs() / baseline);
        row! {
            "recent_n" => recent.len(), "recent_sd" => recent_sd,
            "baseline_n" => baseline.len(), "baseline_sd" => baseline_sd,
            "regime_change" => score,
        }
    })
}

/// Per day: its date, the last value and when, the peak, drawdown and worst drawdown as of then.
fn daily<'a>(whose: &'a Whose, curve: &[(i64, f64)]) -> Vec<(i64, Point<'a>)> {
    let mut days: BTreeMap<i64, Point<'a>> = BTreeMap::new();
    for point in points(whose, curve) {
        days.insert(point.at.div_euclid(DAY) * DAY, point);
    }
    let mut previous = None;
    let days = days.into_iter().map(|(date, mut point)| {
        point.previous = previous;
        previous = Some((point.at, point.equity));
        (date, point)
    });
    days.collect()
}

fn daily_equity(case: &Case) -> Vec<Row> {
    let mut rows = Vec::new();
    for (whose, curve) in &curves(case) {
        for (date, point) in daily(whose, curve) {
            rows.push(row! {
                "date" => Cell::Time(date), "bot" => &whose.0, "strategy" => whose.1.clone(),
                "equity" => point.equity, "equity_at" => Cell::Time(point.at),
                "peak" => point.peak, "drawdown" => point.drawdown(),
                "max_drawdown" => point.max_drawdown,
                "previous_equity" => point.previous.map(|(_, equity)| equity),
                "return" => point.gain(), "is_complete" => date + DAY <= case.now(),
            });
        }
    }
    rows
}

fn rolling_sharpe(case: &Case) -> Vec<Row> {
    let mut rows = Vec::new();
    for (whose, curve) in &curves(case) {
        let mut month: VecDeque<(i64, f64)> = VecDeque::new();
        for (date, point) in daily(whose, curve) {
            let Some(gain) = point.gain().filter(|_| date + DAY <= case.now()) else { continue };
            month.push_back((date, gain));
            if month.len() > 30 {
                month.pop_front();
            }
            let gains: Vec<f64> = month.iter().map(|(_, gain)| *gain).collect();
            let enough = gains.len() >= 20;
            let mean = stats::mean(&gains).filter(|_| enough);
            let sd = stats::sd(&gains).filter(|_| enough);
            let ratio = mean.zip(sd.filter(|sd| *sd >= SPREAD_MIN));
            rows.push(row! {
                "date" => Cell::Time(date), "bot" => &whose.0, "strategy" => whose.1.clone(),
                "n" => gains.len(), "since" => Cell::Time(month[0].0), "mean" => mean, "sd" => sd,
                "sharpe" => ratio.map(|(mean, sd)| mean / sd * 365f64.sqrt()),
            });
        }
    }
    rows
}

const POINT: [&str; 3] = ["bot", "strategy", "ts"];

#[tokio::test(flavor = "multi_thread")]
async fn equity_is_as_logged() {
    check("equity", &POINT, equity).await;
    check("equity_state", &["bot", "strategy"], equity_state).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drawdowns_are_from_the_peak() {
    check("drawdown", &POINT, drawdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_are_from_one_value_to_the_next() {
    check("returns", &POINT, returns).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_are_scored_as_the_guide_scores_them() {
    check("return_zscores", &POINT, return_zscores).await;
    check("return_iqr", &POINT, return_iqr).await;
    check("regime_change", &POINT, regime_change).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_end_with_the_last_value() {
    check("daily_equity", &["date", "bot", "strategy"], daily_equity).await;
    check("rolling_sharpe_30d", &["date", "bot", "strategy"], rolling_sharpe).await;
}
