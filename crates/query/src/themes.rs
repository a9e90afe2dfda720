//! The views that ship, by what they are about: the order in which they are told of.

/// What some views are about, and their names.
pub type Theme = (&'static str, &'static [&'static str]);

/// Every view that ships is in one of them; a test compares.
pub const THEMES: &[Theme] = &[
    (
        "The fleet",
        &[
            "bots",
            "last_seen",
            "heartbeats",
            "activity",
            "halted_now",
            "halts",
            "limit_breaches",
            "errors",
            "error_rates",
        ],
    ),
    (
        "Orders and fills",
        &[
            "orders",
            "fills",
            "order_events",
            "order_success",
            "fill_rates",
            "rejections",
            "rejection_rates",
        ],
    ),
    (
        "Slippage and edge",
        &[
            "rolling_slippage",
            "slippage_change",
            "edge_curve",
            "edge_drift",
            "markouts",
            "calibration",
        ],
    ),
    (
        "Positions and profit",
        &[
            "positions",
            "realized_pnl",
            "daily_pnl",
            "pnl_reconciliation",
            "round_trips",
            "attribution",
            "fee_drag",
            "settlements",
        ],
    ),
    (
        "Equity and returns",
        &[
            "equity",
            "daily_equity",
            "drawdown",
            "equity_drop",
            "returns",
            "return_zscores",
            "return_iqr",
            "regime_change",
            "performance",
            "rolling_sharpe_30d",
            "logged_performance",
        ],
    ),
    (
        "Models, markets and machines",
        &["model_age", "signals", "quotes", "ws_gaps", "api_latency", "api_errors", "system_usage"],
    ),
    (
        BLOCKS,
        &[
            "api_calls",
            "bot_execution",
            "edge_drift_scopes",
            "equity_curve",
            "equity_since_close",
            "equity_state",
            "fill_trips",
            "lead_settlements",
            "logged_trips",
            "marks",
            "position_steps",
            "seen",
            "trading_states",
            "trip_loggers",
        ],
    ),
];

/// The theme of those that are there for other views to read.
const BLOCKS: &str = "What the others are made of";

/// Whether a view is there for other views to read, and measures nothing itself.
pub fn is_block(view: &str) -> bool {
    THEMES.iter().any(|(theme, views)| *theme == BLOCKS && views.contains(&view))
}
