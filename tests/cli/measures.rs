//! What `fillwatch inspect` says can be asked of the logs of each system, and what they lack.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use expect_test::{Expect, expect};
use fillwatch_query::Views;
use fillwatch_query::header::Header;
use fillwatch_query::themes::is_block;
use serde_json::Value;

use super::Place;

#[expect(clippy::needless_pass_by_value, reason = "so that calls read check(…, expect![…])")]
fn check(system: &str, measures: Expect) {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/logs").join(system);
    let text = Place::new(&[]).sh(&format!("fillwatch inspect {}", logs.display()));
    let from = text.find("\nmeasures").unwrap_or_else(|| panic!("{text}"));
    let to = text.find("\nrules\n").unwrap_or_else(|| panic!("{text}"));
    measures.assert_eq(&text[from + 1..to]);
}

/// What `inspect` says of some bots: of a view, or of a column of one, `fills.slippage`.
#[derive(Debug, Default)]
struct Said {
    /// Of all there are, if none is named.
    bots: Vec<String>,
    has: BTreeSet<String>,
    /// Not yet, or not always.
    later: BTreeSet<String>,
    lacks: BTreeSet<String>,
}

/// Reads the sections on measures.
fn said(text: &str) -> Vec<Said> {
    let section = |section: &str| {
        let (head, body) = section.split_once('\n').unwrap();
        let bots = head.strip_prefix(" of ").unwrap_or("").replace(" and ", ", ");
        let bots = bots.split(", ").filter(|bot| !bot.is_empty()).map(str::to_owned).collect();
        let mut of: BTreeMap<&str, String> = BTreeMap::new();
        let mut label = "";
        for line in body.lines().filter(|line| !line.is_empty()) {
            let (lead, rest) = line.split_at(12);
            label = Some(lead.trim()).filter(|lead| !lead.is_empty()).unwrap_or(label);
            *of.entry(label).or_default() += &format!(" {rest}");
        }
        // Names with commas between them, up to the next word.
        let names = |text: &str| -> Vec<String> {
            let mut names = Vec::new();
            for part in text.trim().split(", ") {
                let name = part.split([' ', ';']).next().unwrap_or_default();
                names.push(name.to_owned());
                if part.len() > name.len() {
                    break;
                }
            }
            names
        };
        let text = |label: &str| of.get(label).cloned().unwrap_or_default();
        let after = |label: &str, mark: &str| -> BTreeSet<String> {
            text(label).split(mark).skip(1).flat_map(names).collect()
        };
        let supported = text("supported");
        let has = names(supported.split(" on: ").next().unwrap()).into_iter();
        Said {
            bots,
            has: has.chain(names(&text("in part"))).collect(),
            later: after("supported", " on: "),
            lacks: &after("missing", ": no ") | &after("no lines", ": no "),
        }
    };
    let (text, _) = text.split_once("\nrules\n").unwrap_or((text, ""));
    text.split("\nmeasures").skip(1).map(section).collect()
}

/// The rows of each view, and the values in its columns that need something of their own, by bot.
fn counted(place: &Place, views: &BTreeMap<&str, &Header>) -> Vec<(String, String, u64)> {
    let mut script = String::new();
    for (view, header) in views {
        let columns: BTreeSet<&str> =
            header.needs.iter().flat_map(|need| &need.columns).map(String::as_str).collect();
        let counts: String = columns
            .iter()
            .map(|column| format!(", count(\"{column}\") as \"{view}.{column}\""))
            .collect();
        let _ =
            writeln!(script, "select bot, count(*) as {view}{counts} from {view} group by bot;");
    }
    std::fs::write(place.dir.path().join("count.sql"), script).unwrap();
    let text = place.sh("fillwatch sql --timeout 20m --format ndjson -f count.sql");
    let mut counts = Vec::new();
    for line in text.lines() {
        let row: BTreeMap<String, Value> = serde_json::from_str(line).expect(&text);
        let bot = row["bot"].as_str().unwrap_or_default().to_owned();
        for (what, count) in row.into_iter().filter(|(name, _)| name != "bot") {
            counts.push((bot.clone(), what, count.as_u64().expect(line)));
        }
    }
    counts
}

/// What is said to be there has rows, and values where a column is named; what is said to be missing
/// has none. What is said to come later may be there or not.
#[test]
fn what_is_said_is_what_the_views_show() {
    let shipped = Views::shipped().unwrap();
    let views: BTreeMap<&str, &Header> = shipped
        .headers()
        .filter(|(name, header)| !header.needs.is_empty() && !is_block(name))
        .collect();
    let mut wrong = String::new();
    for system in ["kalshi", "qkt", "polybot", "catalyst", "purpleflea"] {
        let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/logs").join(system);
        let place = Place::new(&[]);
        place.sh(&format!("fillwatch -q ingest {}", logs.display()));
        let counts = counted(&place, &views);
        for said in said(&place.sh(&format!("fillwatch inspect {}", logs.display()))) {
            for (view, header) in &views {
                let of = |what: &str| -> u64 {
                    let is_meant = |bot: &String| said.bots.is_empty() || said.bots.contains(bot);
                    let of = counts.iter().filter(|(bot, name, _)| is_meant(bot) && name == what);
                    of.map(|(_, _, count)| count).sum()
                };
                let mut fault = |what: &str, says: &str| {
                    let n = of(what);
                    let _ = writeln!(wrong, "{system} {:?}: {what} {says}, and has {n}", said.bots);
                };
                let view = (*view).to_owned();
                let [has, later, lacks] =
                    [&said.has, &said.later, &said.lacks].map(|said| said.contains(&view));
                match (has, later, lacks) {
                    (true, false, false) if of(&view) == 0 => fault(&view, "is said to be there"),
                    (false, false, true) if of(&view) > 0 => fault(&view, "is said to be missing"),
                    (true, false, false) | (false, true, false) | (false, false, true) => {}
                    _ => fault(&view, "is not said to be one thing"),
                }
                for column in header.needs.iter().flat_map(|need| &need.columns) {
                    let column = format!("{view}.{column}");
                    if (lacks || said.lacks.contains(&column)) && of(&column) > 0 {
                        fault(&column, "is said to be missing");
                    }
                    let is_named = said.lacks.contains(&column) || said.later.contains(&column);
                    if has && !is_named && of(&column) == 0 {
                        fault(&column, "is said to be there");
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn of_kalshi() {
    check(
        "kalshi",
        expect![[r#"
            measures of faq
              supported activity, api_latency, bots, daily_pnl, edge_curve, edge_drift, fill_rates, fills,
                        heartbeats, model_age, order_events, order_success, orders, rolling_slippage,
                        slippage_change
                        from a closed position on: attribution, fee_drag, performance, round_trips
              in part   markouts, positions, realized_pnl; what they lack is below
              missing   equity: no daily_equity, drawdown, equity, equity_drop, performance.sharpe,
                        regime_change, return_iqr, return_zscores, returns, rolling_sharpe_30d
                        [[source]] fields = { equity = "…" }
              missing   order_placed.mid, fill.mid or a quote line: no markouts.markout_60s, quotes
                        [[source]] fields = { mid = "…" }
              missing   fill.fee: no positions.net_pnl, realized_pnl.net_pnl
                        [[source]] fields = { fee = "…" }
              missing   cumulative_edge, realized_pnl, realized or 2 others: no pnl_reconciliation
                        [[source]] fields = { cumulative_edge = "…" }
              missing   sharpe, sharpe_ratio, win_rate or 4 others: no logged_performance
                        [[source]] fields = { sharpe = "…" }
              missing   fill.fee or a trade_closed line: no fee_drag.fee_drag
                        [[source]] fields = { fee = "…" }
              missing   heartbeat.checks_exchange_api_ok, an api_call line or an order_rejected line: no
                        api_errors
                        [[source]] fields = { checks_exchange_api_ok = "…" }
              no lines  order_rejected: no rejection_rates, rejections
                        error: no error_rates, errors
                        log: no calibration, settlements
                        ws or quote: no ws_gaps
                        signal, scan or model: no signals
                        halt or equity: no halts
                        halt, equity or log: no halted_now
                        limit_breach: no limit_breaches
                        system: no system_usage

            measures of mm1
              supported activity, api_errors, api_latency, bots, daily_pnl, edge_curve, edge_drift, error_rates,
                        errors, fill_rates, fills, heartbeats, limit_breaches, model_age, order_events,
                        order_success, orders, pnl_reconciliation, rejection_rates, rejections,
                        rolling_slippage, slippage_change, ws_gaps
                        from a closed position on: attribution, fee_drag, performance, round_trips
              in part   markouts, positions, realized_pnl; what they lack is below
              missing   equity: no daily_equity, drawdown, equity, equity_drop, performance.sharpe,
                        regime_change, return_iqr, return_zscores, returns, rolling_sharpe_30d
                        [[source]] fields = { equity = "…" }
              missing   order_placed.mid, fill.mid or a quote line: no markouts.markout_60s, quotes
                        [[source]] fields = { mid = "…" }
              missing   fill.fee: no positions.net_pnl, realized_pnl.net_pnl
                        [[source]] fields = { fee = "…" }
              missing   sharpe, sharpe_ratio, win_rate or 4 others: no logged_performance
                        [[source]] fields = { sharpe = "…" }
              missing   fill.fee or a trade_closed line: no fee_drag.fee_drag
                        [[source]] fields = { fee = "…" }
              no lines  log: no calibration, settlements
                        signal, scan or model: no signals
                        halt or equity: no halts
                        halt, equity or log: no halted_now
                        system: no system_usage
        "#]],
    );
}

#[test]
fn of_qkt() {
    check(
        "qkt",
        expect![[r#"
            measures
              supported activity, api_errors, bots, daily_equity, daily_pnl, drawdown, equity, equity_drop,
                        error_rates, errors, fill_rates, halted_now, halts, markouts, order_events,
                        order_success, orders, performance, pnl_reconciliation, quotes, rejection_rates,
                        rejections, signals, ws_gaps
                        from 2 values on: returns
                        from 20 daily returns on: rolling_sharpe_30d
                        from 20 returns on: performance.sharpe, return_iqr, return_zscores
                        from 40 returns on: regime_change
                        from a closed position on: attribution, fee_drag, performance.win_rate, round_trips
              in part   edge_curve, fills, positions, realized_pnl; what they lack is below
              missing   fill.fair or order_placed.fair: no edge_curve.edge, fills.slippage, fills.edge,
                        rolling_slippage, slippage_change
                        [[source]] fields = { fair = "…" }
              missing   fill.fee: no positions.net_pnl, realized_pnl.net_pnl
                        [[source]] fields = { fee = "…" }
              missing   sharpe, sharpe_ratio, win_rate or 4 others: no logged_performance
                        [[source]] fields = { sharpe = "…" }
              missing   order_placed.fair: no edge_drift
                        [[source]] fields = { fair = "…" }
              missing   order_placed.fair, and log.market: no calibration
                        [[source]] fields = { fair = "…", market = "…" }
              missing   order_rejected.latency_ms, fill.latency_ms, api_latency_ms or 3 others: no api_latency
                        [[source]] fields = { latency_ms = "…" }
              missing   fill.fee or a trade_closed line: no fee_drag.fee_drag
                        [[source]] fields = { fee = "…" }
              missing   log.market: no settlements
                        [[source]] fields = { market = "…" }
              no lines  heartbeat: no heartbeats
                        model: no model_age
                        limit_breach: no limit_breaches
                        system or heartbeat: no system_usage
        "#]],
    );
}

#[test]
fn of_polybot() {
    check(
        "polybot",
        expect![[r#"
            measures
              supported activity, api_errors, bots, daily_pnl, error_rates, errors, fill_rates, heartbeats,
                        order_events, order_success, orders, rejection_rates, rejections, signals
                        from a closed position on: attribution, fee_drag, performance, round_trips
                        from a line that trading began on: halted_now
              in part   edge_curve, fills, markouts, positions, realized_pnl; what they lack is below
              missing   equity: no daily_equity, drawdown, equity, equity_drop, performance.sharpe,
                        regime_change, return_iqr, return_zscores, returns, rolling_sharpe_30d
                        [[source]] fields = { equity = "…" }
              missing   fill.fair or order_placed.fair: no edge_curve.edge, fills.slippage, fills.edge,
                        rolling_slippage, slippage_change
                        [[source]] fields = { fair = "…" }
              missing   order_placed.mid, fill.mid or a quote line: no markouts.markout_60s, quotes
                        [[source]] fields = { mid = "…" }
              missing   fill.fee: no positions.net_pnl, realized_pnl.net_pnl
                        [[source]] fields = { fee = "…" }
              missing   cumulative_edge, realized_pnl, realized or 2 others: no pnl_reconciliation
                        [[source]] fields = { cumulative_edge = "…" }
              missing   sharpe, sharpe_ratio, win_rate or 4 others: no logged_performance
                        [[source]] fields = { sharpe = "…" }
              missing   order_placed.fair: no edge_drift
                        [[source]] fields = { fair = "…" }
              missing   order_placed.fair, and log.market: no calibration
                        [[source]] fields = { fair = "…", market = "…" }
              missing   order_rejected.latency_ms, fill.latency_ms, api_latency_ms or 3 others: no api_latency
                        [[source]] fields = { latency_ms = "…" }
              missing   fill.fee or a trade_closed line: no fee_drag.fee_drag
                        [[source]] fields = { fee = "…" }
              missing   log.market: no settlements
                        [[source]] fields = { market = "…" }
              no lines  ws or quote: no ws_gaps
                        model, signal or quote: no model_age
                        halt or equity: no halts
                        limit_breach: no limit_breaches
                        system: no system_usage
        "#]],
    );
}

#[test]
fn of_catalyst() {
    check(
        "catalyst",
        expect![[r#"
            measures
              supported activity, api_errors, api_latency, bots, daily_equity, daily_pnl, drawdown, equity,
                        equity_drop, error_rates, errors, fill_rates, halted_now, halts, logged_performance,
                        order_events, order_success, orders, performance, pnl_reconciliation
                        from 2 values on: returns
                        from 20 daily returns on: rolling_sharpe_30d
                        from 20 returns on: performance.sharpe, return_iqr, return_zscores
                        from 40 returns on: regime_change
                        from a closed position on: attribution, fee_drag, performance.win_rate, round_trips
              in part   edge_curve, fills, markouts, positions, realized_pnl; what they lack is below
              missing   fill.fair or order_placed.fair: no edge_curve.edge, fills.slippage, fills.edge,
                        rolling_slippage, slippage_change
                        [[source]] fields = { fair = "…" }
              missing   order_placed.mid, fill.mid or a quote line: no markouts.markout_60s, quotes
                        [[source]] fields = { mid = "…" }
              missing   fill.fee: no positions.net_pnl, realized_pnl.net_pnl
                        [[source]] fields = { fee = "…" }
              missing   order_placed.fair: no edge_drift
                        [[source]] fields = { fair = "…" }
              missing   order_placed.fair, and a log line: no calibration
                        [[source]] fields = { fair = "…" }
              missing   fill.fee or a trade_closed line: no fee_drag.fee_drag
                        [[source]] fields = { fee = "…" }
              no lines  order_rejected: no rejection_rates, rejections
                        heartbeat: no heartbeats
                        ws or quote: no ws_gaps
                        signal, scan or model: no signals
                        model, signal or quote: no model_age
                        limit_breach: no limit_breaches
                        system or heartbeat: no system_usage
                        log: no settlements
        "#]],
    );
}

#[test]
fn of_purpleflea() {
    check(
        "purpleflea",
        expect![[r#"
            measures
              supported activity, api_errors, api_latency, attribution, bots, daily_equity, daily_pnl, drawdown,
                        equity, equity_drop, fee_drag, heartbeats, logged_performance, performance, round_trips,
                        system_usage
                        from 2 values on: returns
                        from 20 daily returns on: rolling_sharpe_30d
                        from 20 returns on: performance.sharpe, return_iqr, return_zscores
                        from 40 returns on: regime_change
                        from a stop on: halts
              missing   cumulative_edge, realized_pnl, realized or 2 others: no pnl_reconciliation
                        [[source]] fields = { cumulative_edge = "…" }
              no lines  fill: no edge_curve, fills, markouts, positions, realized_pnl, rolling_slippage,
                        slippage_change
                        order_placed, and no fill: no fill_rates, order_success
                        order_placed, order_acked or fill: no order_events, orders
                        error: no error_rates, errors
                        order_placed, and no log: no calibration
                        order_rejected: no rejections
                        order_rejected, and no order_placed: no rejection_rates
                        fill, and no order_placed: no edge_drift
                        ws or quote: no ws_gaps
                        signal, scan or model: no signals
                        model, order_placed, signal or quote: no model_age
                        halt or log: no halted_now
                        limit_breach: no limit_breaches
                        quote, order_placed or fill: no quotes
                        log: no settlements
        "#]],
    );
}

/// A field that is there under another name is offered.
#[test]
fn of_a_log_that_calls_it_otherwise() {
    let line = r#"{"ts": 1767571200.0, "event": "order_placed", "market": "GOLD", "side": "yes", "price": 0.42, "size": 10, "order_id": "a1", "fair_p": 0.45}"#;
    let place = Place::new(&[("logs/mm1.jsonl", &format!("{line}\n"))]);
    let text = place.sh("fillwatch inspect logs");
    assert!(text.contains("[[source]] fields = { fair = \"fair_p\" }"), "{text}");
}
