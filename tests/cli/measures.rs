//! What `fillwatch inspect` says can be asked of the logs of each system, and what they lack.

use std::path::Path;

use expect_test::{Expect, expect};

use super::Place;

#[expect(clippy::needless_pass_by_value, reason = "so that calls read check(…, expect![…])")]
fn check(system: &str, measures: Expect) {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/logs").join(system);
    let text = Place::new(&[]).sh(&format!("fillwatch inspect {}", logs.display()));
    let from = text.find("\nmeasures").unwrap_or_else(|| panic!("{text}"));
    measures.assert_eq(&text[from + 1..]);
}

#[test]
fn of_kalshi() {
    check(
        "kalshi",
        expect![[r#"
            measures of faq
              supported activity, api_latency, attribution, bots, daily_pnl, edge_curve, edge_drift, fill_rates,
                        fills, heartbeats, model_age, order_events, order_success, orders, performance,
                        positions, realized_pnl, rolling_slippage, round_trips, slippage_change
              missing   equity: no daily_equity, drawdown, equity, equity_drop, regime_change, return_iqr,
                        return_zscores, returns, rolling_sharpe_30d
                        [[source]] fields = { equity = "…" }
              missing   order_placed.mid, fill.mid or a quote line: no markouts, quotes
                        [[source]] fields = { mid = "…" }
              missing   cumulative_edge, realized_pnl, realized or 2 others: no pnl_reconciliation
                        [[source]] fields = { cumulative_edge = "…" }
              missing   sharpe, sharpe_ratio, win_rate or 4 others: no logged_performance
                        [[source]] fields = { sharpe = "…" }
              missing   fill.fee or a trade_closed line: no fee_drag
                        [[source]] fields = { fee = "…" }
              missing   heartbeat.checks_exchange_api_ok, an api_call line or an order_rejected line: no
                        api_errors
                        [[source]] fields = { checks_exchange_api_ok = "…" }
              no lines  order_rejected: no rejection_rates, rejections
                        error: no error_rates, errors
                        halt or equity: no halted_now, halts
                        log: no calibration, settlements
                        ws or quote: no ws_gaps
                        signal, scan or model: no signals
                        limit_breach: no limit_breaches
                        system: no system_usage

            measures of mm1
              supported activity, api_errors, api_latency, attribution, bots, daily_pnl, edge_curve, edge_drift,
                        error_rates, errors, fill_rates, fills, heartbeats, limit_breaches, model_age,
                        order_events, order_success, orders, performance, pnl_reconciliation, positions,
                        realized_pnl, rejection_rates, rejections, rolling_slippage, round_trips,
                        slippage_change, ws_gaps
              missing   equity: no daily_equity, drawdown, equity, equity_drop, regime_change, return_iqr,
                        return_zscores, returns, rolling_sharpe_30d
                        [[source]] fields = { equity = "…" }
              missing   order_placed.mid, fill.mid or a quote line: no markouts, quotes
                        [[source]] fields = { mid = "…" }
              missing   sharpe, sharpe_ratio, win_rate or 4 others: no logged_performance
                        [[source]] fields = { sharpe = "…" }
              missing   fill.fee or a trade_closed line: no fee_drag
                        [[source]] fields = { fee = "…" }
              no lines  halt or equity: no halted_now, halts
                        log: no calibration, settlements
                        signal, scan or model: no signals
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
              supported activity, attribution, bots, daily_equity, daily_pnl, drawdown, equity, equity_drop,
                        error_rates, errors, fill_rates, halted_now, halts, markouts, order_events,
                        order_success, orders, performance, pnl_reconciliation, positions, quotes, realized_pnl,
                        regime_change, rejection_rates, rejections, return_iqr, return_zscores, returns,
                        rolling_sharpe_30d, round_trips, signals, ws_gaps
              missing   fill.fair or order_placed.fair: no edge_curve, fills, rolling_slippage, slippage_change
                        [[source]] fields = { fair = "…" }
              missing   sharpe, sharpe_ratio, win_rate or 4 others: no logged_performance
                        [[source]] fields = { sharpe = "…" }
              missing   order_placed.fair: no edge_drift
                        [[source]] fields = { fair = "…" }
              missing   order_placed.fair, and log.market: no calibration
                        [[source]] fields = { fair = "…", market = "…" }
              missing   order_rejected.latency_ms, fill.latency_ms, api_latency_ms or 3 others: no api_latency
                        [[source]] fields = { latency_ms = "…" }
              missing   order_rejected.status_code, an api_call line or a heartbeat line: no api_errors
                        [[source]] fields = { status_code = "…" }
              missing   fill.fee or a trade_closed line: no fee_drag
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
              supported activity, api_errors, attribution, bots, daily_pnl, error_rates, errors, fill_rates,
                        heartbeats, order_events, order_success, orders, performance, positions, realized_pnl,
                        rejection_rates, rejections, round_trips, signals
              missing   equity: no daily_equity, drawdown, equity, equity_drop, regime_change, return_iqr,
                        return_zscores, returns, rolling_sharpe_30d
                        [[source]] fields = { equity = "…" }
              missing   fill.fair or order_placed.fair: no edge_curve, fills, rolling_slippage, slippage_change
                        [[source]] fields = { fair = "…" }
              missing   order_placed.mid, fill.mid or a quote line: no markouts, quotes
                        [[source]] fields = { mid = "…" }
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
              missing   fill.fee or a trade_closed line: no fee_drag
                        [[source]] fields = { fee = "…" }
              missing   log.market: no settlements
                        [[source]] fields = { market = "…" }
              no lines  halt or equity: no halted_now, halts
                        ws or quote: no ws_gaps
                        model, signal or quote: no model_age
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
          supported activity, api_errors, api_latency, attribution, bots, daily_equity, daily_pnl, drawdown,
                    equity, equity_drop, error_rates, errors, fill_rates, halted_now, halts,
                    logged_performance, order_events, order_success, orders, performance,
                    pnl_reconciliation, positions, realized_pnl, regime_change, return_iqr, return_zscores,
                    returns, rolling_sharpe_30d, round_trips
          missing   fill.fair or order_placed.fair: no edge_curve, fills, rolling_slippage, slippage_change
                    [[source]] fields = { fair = "…" }
          missing   order_placed.mid, fill.mid or a quote line: no markouts, quotes
                    [[source]] fields = { mid = "…" }
          missing   order_placed.fair: no edge_drift
                    [[source]] fields = { fair = "…" }
          missing   order_placed.fair, and a log line: no calibration
                    [[source]] fields = { fair = "…" }
          missing   fill.fee or a trade_closed line: no fee_drag
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
                    equity, equity_drop, fee_drag, halts, heartbeats, logged_performance, performance,
                    regime_change, return_iqr, return_zscores, returns, rolling_sharpe_30d, round_trips,
                    system_usage
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
                    halt: no halted_now
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
