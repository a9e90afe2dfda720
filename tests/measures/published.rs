//! The figures of published libraries, on the series of `tests/reference/performance.json`, which
//! `performance.py` beside it makes and describes.
//!
//! Where libraries differ, the definitions compared are: returns are simple; standard deviations
//! have ddof 1, and Sortino's downside deviation divides by all n returns; a year has 365 × 24
//! hours, since these markets never close, and not the 252 days that quantstats takes unasked; the
//! risk-free rate is 0; annual returns compound over returns, of which there is one less than
//! values; drawdowns are positive; and a trade's costs are taken off before it is won or lost.

use std::fs;
use std::path::Path;

use fillwatch_query::Window;
use serde_json::{Value, json};

use super::logs::SECOND;
use super::raw::Log;
use super::table::{Cell, Row, differences};
use super::world::World;

fn reference() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/performance.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn log(name: &str, lines: impl IntoIterator<Item = Value>) -> Log {
    let text = lines.into_iter().map(|line| format!("{line}\n")).collect();
    Log { path: format!("purpleflea/{name}.jsonl"), text }
}

/// What a bot with this equity logs.
fn snapshots<'a>(bot: &'a str, equity: &'a Value) -> impl Iterator<Item = Value> + 'a {
    equity.as_array().unwrap().iter().map(move |value| {
        json!({"ts": value[0], "event": "equity_snapshot", "bot": bot, "equity": value[1]})
    })
}

fn trades(reference: &Value) -> impl Iterator<Item = Value> + '_ {
    reference["trades"].as_array().unwrap().iter().map(|trade| {
        let mut trade = trade.clone();
        trade["bot"] = "hourly".into();
        trade
    })
}

async fn world(reference: &Value) -> World {
    World::of(&[
        log("equity", snapshots("hourly", &reference["equity"])),
        log("daily", snapshots("daily", &reference["daily"])),
        log("trades", trades(reference)),
    ])
    .await
}

/// A figure of the reference; `ts` and `date` are times.
fn cell(column: &str, value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Bool(*value),
        Value::Number(value) if column == "ts" => Cell::Time(value.as_i64().unwrap() * SECOND),
        Value::Number(value) => Cell::Float(value.as_f64().unwrap()),
        Value::String(date) if column == "date" => {
            let date: chrono::NaiveDate = date.parse().unwrap();
            Cell::Time(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros())
        }
        Value::String(text) => Cell::Text(text.clone()),
        other => panic!("{column} is {other}"),
    }
}

/// The rows of a list of lists.
fn listed(columns: &[&str], rows: &Value) -> Vec<Row> {
    let rows = rows.as_array().unwrap().iter().map(|row| {
        let cells = columns.iter().zip(row.as_array().unwrap());
        cells.map(|(column, value)| ((*column).to_owned(), cell(column, value))).collect()
    });
    rows.collect()
}

#[tokio::test]
async fn risk_and_return_are_those_of_quantstats_and_empyrical() {
    let reference = reference();
    let world = world(&reference).await;
    let expected = &reference["expected"]["performance"];
    let sql = "select * from performance where bot = 'hourly' and strategy is null";
    let rows = world.ask(Window::ALL, sql).await;
    assert_eq!(rows.len(), 1);
    let mut said: Vec<(String, &Value)> = vec![
        ("n_returns".to_owned(), &expected["n_returns"]),
        ("periods_per_year".to_owned(), &reference["periods_per_year"]),
    ];
    for who in ["quantstats", "empyrical", "trades"] {
        let figures = expected[who].as_object().unwrap();
        said.extend(figures.iter().map(|(name, value)| (name.clone(), value)));
    }
    assert_eq!(said.len(), 18);
    for (name, wanted) in said {
        let (got, wanted) = (rows[0][&name].number(), wanted.as_f64());
        // Not by `Cell`, which takes small figures for equal that differ by 1e-12.
        let is_near = got
            .zip(wanted)
            .is_some_and(|(got, wanted)| (got - wanted).abs() <= 1e-9 * wanted.abs());
        assert!(is_near, "{name} is {got:?}, wanted {wanted:?}");
    }
}

#[tokio::test]
async fn anomalies_rolling_figures_and_trades_are_those_of_numpy_and_quantstats() {
    let reference = reference();
    let world = world(&reference).await;
    let expected = &reference["expected"];
    let look = world.look(Window::ALL).await;
    let mut wrong = Vec::new();
    let lists: [(&str, &[&str], &str); 5] = [
        (
            "return_zscores",
            &["ts", "n", "mean", "sd", "zscore", "direction"],
            "bot = 'hourly' and zscore is not null",
        ),
        (
            "return_iqr",
            &["ts", "n", "q1", "median", "q3", "is_outlier"],
            "bot = 'hourly' and q1 is not null",
        ),
        (
            "regime_change",
            &["ts", "recent_sd", "baseline_sd", "regime_change"],
            "bot = 'hourly' and regime_change is not null",
        ),
        ("rolling_sharpe_30d", &["date", "n", "sharpe"], "bot = 'daily' and sharpe is not null"),
        (
            "round_trips",
            &["trade_id", "gross_pnl", "slippage_cost", "net_pnl", "held_s"],
            "bot = 'hourly'",
        ),
    ];
    for (view, columns, condition) in lists {
        let sql = format!("select {} from {view} where {condition}", columns.join(", "));
        let want = listed(columns, &expected[view]);
        assert!(want.len() > 15, "{view}");
        let differences = differences(&columns[..1], &look.ask(&sql).await, &want);
        if !differences.is_empty() {
            wrong.push(format!("{view}: {differences}"));
        }
    }
    let columns = ["trades", "gross_pnl", "fee", "net_pnl", "wins"];
    let mut want = Vec::new();
    for (dimension, values) in expected["attribution"].as_object().unwrap() {
        for (value, figures) in values.as_object().unwrap() {
            let mut row = listed(&columns, &json!([figures])).remove(0);
            row.insert("dimension".to_owned(), dimension.into());
            row.insert("value".to_owned(), value.into());
            want.push(row);
        }
    }
    let got = look.ask("select * from attribution where bot = 'hourly'").await;
    wrong.push(differences(&["dimension", "value"], &got, &want));
    let drags = expected["fee_drag"].as_object().unwrap().iter();
    let want: Vec<Row> = drags
        .map(|(strategy, drag)| {
            let mut row = listed(&["fee_drag"], &json!([[drag]])).remove(0);
            row.insert("strategy".to_owned(), strategy.into());
            row
        })
        .collect();
    let got = look.ask("select strategy, fee_drag from fee_drag where bot = 'hourly'").await;
    wrong.push(differences(&["strategy"], &got, &want));
    wrong.retain(|differences| !differences.is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
