//! Round trips and what they add up to: `round_trips`, `attribution`, `fee_drag`, `performance`,
//! `daily_pnl`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Timelike};

use super::books::{Key, key, steps};
use super::lives::Lives;
use super::logs::DAY;
use super::raw::{Line, What, moment, seconds};
use super::table::{Cell, Row, row};
use super::{Case, check, returns, stats, time};

/// A position opened and closed again.
#[derive(Clone, Debug)]
struct Trip {
    closed_at: i64,
    opened_at: Option<i64>,
    bot: String,
    strategy: Option<String>,
    market: Option<String>,
    trade: Option<String>,
    sign: Option<f64>,
    size: f64,
    entry: f64,
    exit: f64,
    gross: f64,
    fee: Option<f64>,
    slippage_cost: Option<f64>,
    logged_pnl: Option<f64>,
    is_logged: bool,
    /// Σ of the magnitudes that went into `gross`.
    terms: f64,
}

impl Trip {
    fn net(&self) -> f64 {
        self.gross - self.fee.unwrap_or(0.0) - self.slippage_cost.unwrap_or(0.0)
    }
}

/// The trips of the window; a bot that logs its own has those and no others.
fn trips(case: &Case) -> Vec<Trip> {
    let closed = case.before_end().filter(|line| line.what == What::Closed);
    let mut seen = BTreeSet::new();
    let closed: Vec<&Line> = closed.filter(|line| seen.insert(&line.text)).collect();
    let loggers: BTreeSet<&String> = closed.iter().map(|line| &line.bot).collect();
    let mut trips = from_fills(case);
    trips.retain(|trip| !loggers.contains(&trip.bot));
    trips.extend(closed.iter().map(|line| logged(line)));
    trips.retain(|trip| trip.closed_at >= case.from());
    trips
}

fn logged(line: &Line) -> Trip {
    let float = |key: &str| line.float(key);
    let (entry, exit) = (float("entry_price").unwrap(), float("exit_price").unwrap());
    let size = line.size.unwrap();
    let opened_at = match float("duration_seconds") {
        Some(held) => line.at - (held * 1e6).round() as i64,
        None => match line.string("entry_ts") {
            Some(text) => moment(text),
            None => seconds(&line.text, "entry_ts"),
        },
    };
    Trip {
        closed_at: line.at,
        opened_at: Some(opened_at),
        bot: line.bot.clone(),
        strategy: line.strategy.clone(),
        market: line.market.clone(),
        trade: line.trade.clone(),
        sign: line.sign,
        size,
        entry,
        exit,
        gross: (exit - entry) * line.sign.unwrap() * size,
        fee: line.fee,
        slippage_cost: float("slippage").map(|slippage| (slippage * size).abs()),
        logged_pnl: float("pnl"),
        is_logged: true,
        terms: (exit + entry) * size,
    }
}

/// What a trip has gathered while it is open.
#[derive(Clone, Copy, Default)]
struct Legs {
    opened_at: i64,
    size_in: f64,
    value_in: f64,
    size_out: f64,
    value_out: f64,
    realized: f64,
    fee: Option<f64>,
}

impl Legs {
    fn pay(&mut self, fee: Option<f64>, part: f64) {
        if let Some(fee) = fee {
            self.fee = Some(self.fee.unwrap_or(0.0) + fee * part);
        }
    }
}

/// Flat to flat. A fill through zero closes one trip and opens the next; the fee is shared by size.
fn from_fills(case: &Case) -> Vec<Trip> {
    let lives = Lives::of(case.before_end());
    let mut open: BTreeMap<Key, (f64, Legs)> = BTreeMap::new();
    let mut trips = Vec::new();
    for step in steps(&lives.fills) {
        let fill = step.fill;
        let (price, size, sign) = (fill.price.unwrap(), fill.size.unwrap(), fill.sign.unwrap());
        let (held, legs) = open.entry(key(fill)).or_default();
        let closing = if *held * sign < 0.0 { size.min(held.abs()) } else { 0.0 };
        let was = held.signum();
        let is_over =
            closing > 0.0 && (step.after.position == 0.0 || step.after.position.signum() != was);
        if closing > 0.0 {
            legs.size_out += closing;
            legs.value_out += closing * price;
            legs.realized += step.realized;
            legs.pay(fill.fee, closing / size);
        }
        if is_over {
            trips.push(Trip {
                closed_at: fill.at,
                opened_at: Some(legs.opened_at),
                bot: fill.bot.clone(),
                strategy: fill.strategy.clone(),
                market: fill.market.clone(),
                trade: None,
                sign: Some(was),
                size: legs.size_in,
                entry: legs.value_in / legs.size_in,
                exit: legs.value_out / legs.size_out,
                gross: legs.realized,
                fee: legs.fee,
                slippage_cost: None,
                logged_pnl: None,
                is_logged: false,
                terms: legs.value_in + legs.value_out,
            });
            *legs = Legs::default();
        }
        let opening = size - closing;
        let opens = step.after.position != 0.0 && step.after.position.signum() == sign;
        if opening > 0.0 && opens {
            if legs.size_in == 0.0 {
                legs.opened_at = fill.at;
            }
            legs.size_in += opening;
            legs.value_in += opening * price;
            legs.pay(fill.fee, opening / size);
        }
        *held = step.after.position;
    }
    trips
}

fn round_trips(case: &Case) -> Vec<Row> {
    let trips = trips(case);
    let rows = trips.iter().map(|trip| {
        let held = trip.opened_at.map(|opened| (trip.closed_at - opened) as f64 / 1e6);
        row! {
            "closed_at" => Cell::Time(trip.closed_at), "opened_at" => time(trip.opened_at),
            "bot" => &trip.bot, "strategy" => trip.strategy.clone(),
            "market" => trip.market.clone(), "trade_id" => trip.trade.clone(),
            "sign" => trip.sign, "size" => trip.size, "entry_price" => trip.entry,
            "exit_price" => trip.exit, "gross_pnl" => Cell::Sum(trip.gross, trip.terms),
            "fee" => trip.fee, "slippage_cost" => trip.slippage_cost,
            "net_pnl" => Cell::Sum(trip.net(), trip.terms), "held_s" => held,
            "source" => if trip.is_logged { "log" } else { "fills" },
            "logged_pnl" => trip.logged_pnl,
        }
    });
    rows.collect()
}

/// The sum of what is known.
fn sum(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    values.flatten().fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

fn attribution(case: &Case) -> Vec<Row> {
    type Value = fn(&Trip) -> Option<String>;
    fn entered(trip: &Trip) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_micros(trip.opened_at.unwrap()).unwrap()
    }
    let dimensions: [(&str, Value); 4] = [
        ("strategy", |trip| trip.strategy.clone()),
        ("asset", |trip| trip.market.clone()),
        ("hour", |trip| Some(format!("{:02}", entered(trip).hour()))),
        ("weekday", |trip| {
            let day = entered(trip).weekday();
            Some(format!("{} {day}", day.number_from_monday()))
        }),
    ];
    let trips = trips(case);
    let mut rows = Vec::new();
    for (dimension, value) in dimensions {
        let mut groups: BTreeMap<(String, Option<String>), Vec<&Trip>> = BTreeMap::new();
        for trip in &trips {
            groups.entry((trip.bot.clone(), value(trip))).or_default().push(trip);
        }
        for ((bot, value), trips) in groups {
            let net = trips.iter().map(|trip| trip.net()).sum();
            let terms: f64 = trips.iter().map(|trip| trip.terms).sum();
            let wins = trips.iter().filter(|trip| trip.net() > 0.0).count();
            rows.push(row! {
                "dimension" => dimension, "value" => value, "bot" => bot, "trades" => trips.len(),
                "gross_pnl" => Cell::Sum(trips.iter().map(|trip| trip.gross).sum(), terms),
                "fee" => sum(trips.iter().map(|trip| trip.fee)),
                "slippage_cost" => sum(trips.iter().map(|trip| trip.slippage_cost)),
                "net_pnl" => Cell::Sum(net, terms), "wins" => wins,
                "win_rate" => wins as f64 / trips.len() as f64,
            });
        }
    }
    rows
}

fn fee_drag(case: &Case) -> Vec<Row> {
    let mut groups: BTreeMap<(String, Option<String>), Vec<Trip>> = BTreeMap::new();
    for trip in trips(case) {
        groups.entry((trip.bot.clone(), trip.strategy.clone())).or_default().push(trip);
    }
    let rows = groups.into_iter().map(|((bot, strategy), trips)| {
        let known: Vec<&Trip> = trips.iter().filter(|trip| trip.fee.is_some()).collect();
        let fees = sum(known.iter().map(|trip| trip.fee));
        let gross = sum(known.iter().map(|trip| Some(trip.gross.abs())));
        let drag = fees.zip(gross).filter(|(_, gross)| *gross > 0.0).map(|(fees, g)| fees / g);
        row! {
            "bot" => bot, "strategy" => strategy, "n" => known.len(), "fees" => fees,
            "gross_abs" => gross, "fee_drag" => drag,
        }
    });
    rows.collect()
}

/// What the trades of one bot and strategy add up to.
fn trade_figures(trips: &[Trip]) -> Row {
    let nets: Vec<f64> = trips.iter().map(Trip::net).collect();
    let terms: f64 = trips.iter().map(|trip| trip.terms).sum();
    let n = nets.len();
    let wins = nets.iter().filter(|net| **net > 0.0).count();
    let profit: f64 = nets.iter().map(|net| net.max(0.0)).sum();
    let loss: f64 = nets.iter().map(|net| (-net).max(0.0)).sum();
    row! {
        "n_trades" => n,
        "wins" => (n > 0).then_some(wins),
        "win_rate" => (n > 0).then(|| wins as f64 / n as f64),
        "gross_profit" => (n > 0).then_some(Cell::Sum(profit, terms)),
        "gross_loss" => (n > 0).then_some(Cell::Sum(loss, terms)),
        "profit_factor" => (loss > 0.0).then(|| profit / loss),
        "expectancy" => stats::mean(&nets).map(|mean| Cell::Sum(mean, terms / n as f64)),
    }
}

/// Sharpe, Sortino, Calmar and what they are made of, by their published formulas.
fn risk_figures(curve: &[(i64, f64)], from: i64) -> Row {
    const YEAR_S: f64 = 365.0 * 24.0 * 3_600.0;
    let pairs: Vec<((i64, f64), (i64, f64))> =
        curve.windows(2).map(|pair| (pair[0], pair[1])).filter(|(_, to)| to.0 >= from).collect();
    let gains: Vec<f64> = pairs.iter().map(|(a, b)| (b.1 - a.1) / a.1).collect();
    let spacings: Vec<f64> = pairs.iter().map(|(a, b)| (b.0 - a.0) as f64 / 1e6).collect();
    let n = gains.len() as f64;
    let periods = stats::quantile(&spacings, 0.5).filter(|s| *s > 0.0).map(|s| YEAR_S / s);
    let enough = gains.len() >= 20;
    let mean = stats::mean(&gains);
    let sd = stats::sd(&gains).filter(|sd| *sd >= 1e-10 && enough);
    let downside = (gains.iter().map(|g| g.min(0.0).powi(2)).sum::<f64>() / n).sqrt();
    let downside = (enough && downside > 0.0).then_some(downside);
    let root = periods.map(f64::sqrt);
    let ratio = |to: Option<f64>| Some(mean? / to? * root?);
    let mut peak = f64::MIN;
    let mut deepest = None::<f64>;
    for (before, after) in &pairs {
        peak = peak.max(before.1).max(after.1);
        deepest = Some(deepest.unwrap_or(0.0).max((peak - after.1) / peak));
    }
    let growth = pairs.first().zip(pairs.last()).map(|(first, last)| last.1.1 / first.0.1);
    let spans_a_day = periods.is_some_and(|periods| n * 365.0 >= periods);
    let annual = growth.zip(periods).filter(|_| enough && spans_a_day);
    let annual = annual.map(|(growth, periods)| growth.powf(periods / n) - 1.0);
    let calmar = annual.zip(deepest.filter(|d| *d > 0.0)).map(|(annual, deepest)| annual / deepest);
    row! {
        "n_returns" => gains.len(), "periods_per_year" => periods, "sharpe" => ratio(sd),
        "sortino" => ratio(downside), "max_drawdown" => deepest, "annual_return" => annual,
        "calmar" => calmar,
    }
}

fn performance(case: &Case) -> Vec<Row> {
    let curves = returns::curves(case);
    let inside = |curve: &[(i64, f64)]| curve.last().is_some_and(|(at, _)| *at >= case.from());
    let trips = trips(case);
    let mut all: BTreeSet<returns::Whose> =
        curves.iter().filter(|(_, curve)| inside(curve)).map(|(whose, _)| whose.clone()).collect();
    all.extend(trips.iter().map(|trip| (trip.bot.clone(), trip.strategy.clone())));
    let rows = all.iter().map(|(bot, strategy)| {
        // A row of the whole bot has all of its trades.
        let of =
            |trip: &&Trip| trip.bot == *bot && (strategy.is_none() || trip.strategy == *strategy);
        let trips: Vec<Trip> = trips.iter().filter(of).cloned().collect();
        let curve = curves.get(&(bot.clone(), strategy.clone()));
        let risk =
            curve.filter(|curve| inside(curve)).map(|curve| risk_figures(curve, case.from()));
        let risk = risk.unwrap_or_else(|| risk_figures(&[], 0));
        let named = row! { "bot" => bot, "strategy" => strategy.clone() };
        named.into_iter().chain(risk).chain(trade_figures(&trips)).collect()
    });
    rows.collect()
}

/// What a day has: realised, fee, slippage cost, count.
#[derive(Default)]
struct Day {
    realized: f64,
    terms: f64,
    fee: Option<f64>,
    slippage_cost: Option<f64>,
    trades: usize,
    is_logged: bool,
    /// When a line last stated a daily profit, and which.
    stated: Option<(i64, f64)>,
}

impl Day {
    fn add(&mut self, realized: f64, terms: f64, fee: Option<f64>, slippage_cost: Option<f64>) {
        self.realized += realized;
        self.terms += terms;
        self.fee = sum([self.fee, fee].into_iter());
        self.slippage_cost = sum([self.slippage_cost, slippage_cost].into_iter());
        self.trades += 1;
    }
}

fn daily_pnl(case: &Case) -> Vec<Row> {
    let mut days: BTreeMap<(i64, returns::Whose), Day> = BTreeMap::new();
    let date = |at: i64| at.div_euclid(DAY) * DAY;
    let closed = case.before_end().filter(|line| line.what == What::Closed);
    let loggers: BTreeSet<&String> = closed.map(|line| &line.bot).collect();
    for trip in trips(case).into_iter().filter(|trip| trip.is_logged) {
        let whose = (trip.bot.clone(), trip.strategy.clone());
        let day = days.entry((date(trip.closed_at), whose)).or_default();
        day.add(trip.gross, trip.terms, trip.fee, trip.slippage_cost);
        day.is_logged = true;
    }
    let lives = Lives::of(case.before_end());
    for step in steps(&lives.fills) {
        let fill = step.fill;
        if fill.at < case.from() || loggers.contains(&fill.bot) {
            continue;
        }
        let whose = (fill.bot.clone(), fill.strategy.clone());
        let terms = fill.price.unwrap() * fill.size.unwrap();
        days.entry((date(fill.at), whose)).or_default().add(step.realized, terms, fill.fee, None);
    }
    for line in case.inside() {
        let Some(stated) = line.float("daily_pnl") else { continue };
        let whose = (line.bot.clone(), line.strategy.clone());
        let day = days.entry((date(line.at), whose)).or_default();
        if day.stated.is_none_or(|known| known <= (line.at, stated)) {
            day.stated = Some((line.at, stated));
        }
    }
    let rows = days.into_iter().map(|((date, (bot, strategy)), day)| {
        let traded = day.trades > 0;
        let source = if day.is_logged { "log" } else { "fills" };
        let net = day.realized - day.fee.unwrap_or(0.0) - day.slippage_cost.unwrap_or(0.0);
        row! {
            "date" => Cell::Time(date), "bot" => bot, "strategy" => strategy,
            "source" => traded.then_some(source), "trades" => day.trades,
            "realized_pnl" => traded.then_some(Cell::Sum(day.realized, day.terms)),
            "fee" => day.fee, "slippage_cost" => day.slippage_cost,
            "net_pnl" => traded.then_some(Cell::Sum(net, day.terms)),
            "logged_pnl" => day.stated.map(|(_, stated)| stated),
            "logged_at" => time(day.stated.map(|(at, _)| at)),
            "is_complete" => date >= case.from() && date + DAY <= case.now(),
        }
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn trips_go_from_flat_to_flat() {
    let key = ["closed_at", "bot", "strategy", "market", "trade_id"];
    check("round_trips", &key, round_trips).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn profit_is_attributed_to_where_it_came_from() {
    check("attribution", &["dimension", "value", "bot"], attribution).await;
    check("fee_drag", &["bot", "strategy"], fee_drag).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn performance_is_by_the_published_formulas() {
    check("performance", &["bot", "strategy"], performance).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_add_up() {
    check("daily_pnl", &["date", "bot", "strategy"], daily_pnl).await;
}
