//! What happened: a log's own words for it, and the kinds they stand for.

use fillwatch_model::Kind;
use hashbrown::HashMap;

use crate::side::{self, Side};
use crate::words::{snake, words_end};

/// What a word for an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) sense: Sense,
    /// The side in its name: `BuyOrderCreatedEvent`.
    pub(crate) side: Option<Side>,
    /// How many bytes of the text say so: the first words of a message.
    pub(crate) length: usize,
}

/// A kind, or that which together with the line's other fields makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    Kind(Kind),
    /// An order; its status says what became of it.
    Order,
    /// A trade: ours or the market's, a fill or a round trip.
    Trade,
    /// A snapshot, of the account or of something else.
    Snapshot,
    Unknown,
}

/// What a word says that nobody knows.
pub(crate) const UNKNOWN: Word = Word { sense: Sense::Unknown, side: None, length: 0 };

/// Remembers what words said.
#[derive(Debug, Default)]
pub(crate) struct Words {
    events: HashMap<Box<[u8]>, Word>,
    messages: HashMap<Box<[u8]>, Word>,
}

/// More different words than this are no vocabulary; the memory of them starts anew.
const WORDS_MAX: usize = 4096;

/// A longer text is a message that will not come again.
const REMEMBERED_BYTES_MAX: usize = 64;

impl Words {
    /// What the value of an event field says.
    pub(crate) fn event(&mut self, text: &[u8]) -> Word {
        remember(&mut self.events, text, event)
    }

    /// What a message says.
    pub(crate) fn message(&mut self, text: &[u8]) -> Word {
        if text.len() > REMEMBERED_BYTES_MAX {
            return message(text);
        }
        remember(&mut self.messages, text, message)
    }
}

fn remember(
    known: &mut HashMap<Box<[u8]>, Word>,
    text: &[u8],
    read: impl FnOnce(&[u8]) -> Word,
) -> Word {
    if let Some(word) = known.get(text) {
        return *word;
    }
    let word = read(text);
    if known.len() >= WORDS_MAX {
        known.clear();
    }
    known.insert(text.into(), word);
    word
}

fn event(text: &[u8]) -> Word {
    let Ok(text) = std::str::from_utf8(text) else { return UNKNOWN };
    if text.contains(' ') {
        // structlog: the event is a message.
        return message(text.as_bytes());
    }
    Word { length: text.len(), ..event_words(&snake(text, 8)) }
}

/// What the words of an event's name say, with a side at either end and an `event` at the end.
pub(crate) fn event_words(words: &str) -> Word {
    let words = words.strip_suffix("_event").unwrap_or(words);
    let sense = sense(words);
    if sense != Sense::Unknown {
        return Word { sense, ..UNKNOWN };
    }
    let (first, last) = (words.split_once('_'), words.rsplit_once('_'));
    let candidates = [first, last.map(|(rest, end)| (end, rest))];
    for (end, rest) in candidates.into_iter().flatten() {
        let found = match side::in_text(end.as_bytes()) {
            // `no_trades` is nobody's side.
            Some(side @ Side::Known("buy" | "sell" | "long" | "short")) => Some(side),
            _ => None,
        };
        let sense = table(rest);
        if found.is_some() && sense != Sense::Unknown {
            return Word { sense, side: found, length: 0 };
        }
    }
    UNKNOWN
}

fn sense(words: &str) -> Sense {
    match table(words) {
        Sense::Unknown => by_its_ends(words),
        known => known,
    }
}

fn by_its_ends(words: &str) -> Sense {
    let first = words.split('_').next().unwrap_or_default();
    let last = words.rsplit('_').next().unwrap_or_default();
    Sense::Kind(match (first, last) {
        (_, "error" | "errors" | "exception" | "crash" | "crashed" | "fatal") => Kind::Error,
        (_, "failed" | "failure" | "traceback" | "panic") => Kind::Error,
        ("ws" | "wss" | "websocket", _) => Kind::Ws,
        _ if words.starts_with("web_socket") => Kind::Ws,
        ("reconnect" | "reconnected" | "reconnecting", _) => Kind::Ws,
        ("heartbeat", _) => Kind::Heartbeat,
        _ if words.ends_with("limit_breach") || words.ends_with("limit_breached") => {
            Kind::LimitBreach
        }
        _ if words.ends_with("limit_exceeded") => Kind::LimitBreach,
        _ => return Sense::Unknown,
    })
}

/// What a message says, by the phrase it begins with. A single word must stand by itself, for
/// *Fill rate dropped* is no fill.
fn message(text: &[u8]) -> Word {
    const READ_BYTES_MAX: usize = 96;
    let text = &text[..text.len().min(READ_BYTES_MAX)];
    let valid = std::str::from_utf8(text).map_or_else(|e| e.valid_up_to(), str::len);
    let text = std::str::from_utf8(&text[..valid]).unwrap_or_default();
    if text.contains('{') {
        // Serilog: `Order {OrderId} filled at {FillPrice}`.
        let plain = without_holes(text);
        let word = phrase(&plain);
        let length = if word.length > 0 { text.len() } else { 0 };
        return Word { length, ..word };
    }
    phrase(text)
}

fn phrase(text: &str) -> Word {
    const PHRASE_WORDS_MAX: usize = 4;
    let words = snake(text, PHRASE_WORDS_MAX + 1);
    for count in (2..=PHRASE_WORDS_MAX).rev() {
        let Some(end) = nth_word_end(&words, count) else { continue };
        let sense = table(&words[..end]);
        if sense == Sense::Unknown {
            continue;
        }
        let next = words[end..].trim_start_matches('_').split('_').next().unwrap_or_default();
        let length = words_end(text, count);
        // *Order rejected: not enough money* says why, and takes nothing back.
        let is_whole = text[length..].trim_start().starts_with([':', '|', '-', '[', '(']);
        let known = is_whole || !undoes(next);
        return if known { Word { sense, side: None, length } } else { UNKNOWN };
    }
    let first = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    let rest = text[first..].trim_start();
    if rest.is_empty() || rest.starts_with([':', '|', '-', '[', '(']) {
        let word = event_words(&snake(&text[..first], PHRASE_WORDS_MAX));
        let is_kind = matches!(word.sense, Sense::Kind(_));
        return if is_kind { Word { length: first, ..word } } else { UNKNOWN };
    }
    if ["websocket_", "web_socket_", "ws_"].iter().any(|start| words.starts_with(start)) {
        return Word { sense: Sense::Kind(Kind::Ws), side: None, length: words_end(text, 4) };
    }
    UNKNOWN
}

/// A message template without what is filled in.
fn without_holes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0u32;
    for character in text.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    plain
}

fn nth_word_end(words: &str, count: usize) -> Option<usize> {
    let ends = words.match_indices('_').map(|(at, _)| at).chain([words.len()]);
    ends.enumerate().find_map(|(at, end)| (at + 1 == count).then_some(end))
}

/// Words that make of *order cancel* something else than a cancelled order.
fn undoes(word: &str) -> bool {
    matches!(
        word,
        "failed"
            | "failure"
            | "fails"
            | "error"
            | "rejected"
            | "requested"
            | "request"
            | "pending"
            | "rate"
            | "ratio"
            | "count"
            | "timeout"
            | "not"
            | "skipped"
            | "latency"
            | "id"
            | "ids"
    )
}

/// What the status of an order says of it.
pub(crate) fn status(text: &[u8]) -> Option<Kind> {
    let text = std::str::from_utf8(text.get(..text.len().min(48))?).ok()?;
    // `OrderStatus.FILLED`
    let words = snake(text.rsplit('.').next()?, 4);
    Some(match &*words {
        "new" | "submitted" | "pending" | "pending_new" | "placed" | "created" | "sent" => {
            Kind::OrderPlaced
        }
        "open" | "resting" | "accepted" | "acknowledged" | "acked" | "live" => Kind::OrderAcked,
        "filled" | "partially_filled" | "partial_fill" | "partial" | "executed" | "matched"
        | "partiallyfilled" => Kind::Fill,
        "cancelled" | "canceled" | "cancel" => Kind::OrderCancelled,
        "rejected" | "reject" | "failed" | "denied" => Kind::OrderRejected,
        "expired" => Kind::OrderExpired,
        _ => return None,
    })
}

/// The vocabulary. Words that could mean two things are not in it.
fn table(words: &str) -> Sense {
    if let Some(kind) = order_words(words).or_else(|| account_words(words)) {
        return Sense::Kind(kind);
    }
    if let Some(kind) = bot_words(words) {
        return Sense::Kind(kind);
    }
    match words {
        "order" | "orders" | "order_update" | "order_updated" | "order_status" | "order_state" => {
            Sense::Order
        }
        "trade" | "trades" | "trade_update" => Sense::Trade,
        "snapshot" | "snapshots" | "status" | "status_snapshot" => Sense::Snapshot,
        _ => Sense::Unknown,
    }
}

fn order_words(words: &str) -> Option<Kind> {
    Some(match words {
        "order_placed"
        | "order_place"
        | "place_order"
        | "placed"
        | "placing_order"
        | "order_submit"
        | "order_submitted"
        | "submit_order"
        | "submitting_order"
        | "order_submit_start"
        | "order_attempt"
        | "order_sent"
        | "send_order"
        | "order_created"
        | "order_create"
        | "create_order"
        | "new_order"
        | "order_new"
        | "grid_order"
        | "order_request"
        | "limit_order_placed"
        | "market_order_placed"
        | "submitted" => Kind::OrderPlaced,
        "order_acked"
        | "order_ack"
        | "order_accepted"
        | "order_acknowledged"
        | "order_open"
        | "order_opened"
        | "order_submit_success"
        | "order_resting"
        | "order_confirmed"
        | "acked"
        | "accepted" => Kind::OrderAcked,
        "order_rejected"
        | "order_reject"
        | "order_rejection"
        | "rejected"
        | "reject"
        | "rejection"
        | "rejections"
        | "order_denied"
        | "order_failed"
        | "order_fail"
        | "order_failure"
        | "order_error"
        | "market_order_failure"
        | "place_order_failed"
        | "order_submit_failed"
        | "order_placement_failed"
        | "order_submission_failed" => Kind::OrderRejected,
        "order_cancelled"
        | "order_canceled"
        | "order_cancel"
        | "cancel_order"
        | "cancelled"
        | "canceled"
        | "cancel"
        | "cancels"
        | "exit_submit_zero_fill" => Kind::OrderCancelled,
        "order_expired" | "order_expire" | "expired" => Kind::OrderExpired,
        "fill"
        | "fills"
        | "filled"
        | "order_filled"
        | "order_fill"
        | "fill_received"
        | "fill_full"
        | "fill_partial"
        | "partial_fill"
        | "partially_filled"
        | "order_partially_filled"
        | "order_partial_fill"
        | "order_partial_filled"
        | "trade_fill"
        | "order_executed"
        | "executed"
        | "execution"
        | "executions"
        | "trade_executed"
        | "exit_submit_full" => Kind::Fill,
        "trade_closed" | "trade_close" | "closed_trade" | "closed_trades" | "position_closed"
        | "position_close" | "close_position" | "closed_position" | "round_trip" | "trade_exit"
        | "trade_completed" => Kind::TradeClosed,
        _ => return None,
    })
}

fn account_words(words: &str) -> Option<Kind> {
    Some(match words {
        "position" | "positions" | "position_update" | "position_updated" | "position_opened"
        | "position_open" | "position_changed" | "position_snapshot" | "open_positions" => {
            Kind::Position
        }
        "equity" | "equity_update" | "equity_snapshot" | "equity_curve" | "balance"
        | "balances" | "balance_update" | "account" | "account_state" | "account_update"
        | "account_snapshot" | "portfolio" | "portfolio_snapshot" | "portfolio_update"
        | "portfolio_value" | "nav" | "wallet" | "wallet_balance" => Kind::Equity,
        "pnl" | "pnl_update" | "pnl_summary" | "daily_pnl" | "daily_performance"
        | "daily_summary" | "performance" | "realized_pnl" | "fill_edge" => Kind::Pnl,
        "limit_breach"
        | "limit_breached"
        | "position_limit_breach"
        | "risk_limit_breach"
        | "daily_loss_limit"
        | "daily_loss_limit_hit"
        | "max_drawdown_exceeded"
        | "drawdown_exceeded"
        | "position_limit_hit" => Kind::LimitBreach,
        "halt"
        | "halted"
        | "trading_halted"
        | "trading_halt"
        | "risk_halt"
        | "risk_halted"
        | "kill_switch"
        | "kill_switch_activated"
        | "kill_switch_triggered"
        | "emergency_stop"
        | "circuit_breaker"
        | "circuit_breaker_tripped"
        | "circuit_breaker_triggered"
        | "trading_paused"
        | "trading_stopped"
        | "bot_paused"
        | "auto_paused"
        | "agent_stopped"
        | "strategy_halted" => Kind::Halt,
        _ => return None,
    })
}

fn bot_words(words: &str) -> Option<Kind> {
    Some(match words {
        "heartbeat" | "heartbeats" | "heart_beat" | "health" | "healthcheck" | "health_check"
        | "keepalive" | "keep_alive" | "alive" | "still_alive" => Kind::Heartbeat,
        "api_call" | "api_calls" | "api_request" | "api_response" | "http_request"
        | "http_response" | "rest_call" | "rest_request" | "request_completed" => Kind::ApiCall,
        "signal" | "signals" | "signal_generated" | "trade_signal" | "entry_signal"
        | "exit_signal" | "new_signal" | "strategy_signal" => Kind::Signal,
        "scan" | "scans" | "scan_complete" | "scan_completed" | "scan_result" | "scan_results"
        | "scan_started" | "scan_summary" | "market_scan" | "scanned" | "scanning" => Kind::Scan,
        "model" | "model_update" | "model_updated" | "model_prediction" | "model_refresh"
        | "model_refreshed" | "model_loaded" | "model_trained" | "prediction" | "predictions"
        | "predict" | "inference" | "fair_value_update" | "fair_value_updated" | "fair_update" => {
            Kind::Model
        }
        "error"
        | "errors"
        | "exception"
        | "unhandled_exception"
        | "rate_limited"
        | "rate_limit"
        | "rate_limit_exceeded"
        | "rate_limit_hit"
        | "order_cancel_failed"
        | "order_cancel_rejected"
        | "cancel_rejected"
        | "order_modify_rejected" => Kind::Error,
        "system" | "system_metrics" | "system_stats" | "system_resources" | "resources"
        | "resource_usage" | "host_metrics" | "memory_usage" | "cpu_usage" => Kind::System,
        "quote"
        | "quotes"
        | "quote_update"
        | "quote_tick"
        | "tick"
        | "ticks"
        | "ticker"
        | "price_update"
        | "price_tick"
        | "orderbook"
        | "order_book"
        | "orderbook_update"
        | "order_book_update"
        | "orderbook_snapshot"
        | "order_book_snapshot"
        | "book_update"
        | "market_data"
        | "bbo"
        | "trade_tick" => Kind::Quote,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> String {
        match event(text.as_bytes()) {
            Word { sense: Sense::Kind(kind), side: Some(Side::Known(side)), .. } => {
                format!("{kind} {side}")
            }
            Word { sense: Sense::Kind(kind), .. } => kind.to_string(),
            Word { sense, .. } => format!("{sense:?}"),
        }
    }

    fn check(texts: &[&str], expected: &str) {
        for text in texts {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn the_words_of_real_logs() {
        check(&["order_placed", "ORDER_SUBMIT", "order_attempt", "OrderSubmitted"], "order_placed");
        check(&["order_ack", "OrderAccepted", "order_submit_success"], "order_acked");
        check(&["order_rejected", "MarketOrderFailureEvent", "order_fail"], "order_rejected");
        check(&["OrderCancelledEvent", "CANCELED", "order_cancel"], "order_cancelled");
        check(&["fill", "fill_received", "OrderFilledEvent", "trade_fill"], "fill");
        check(&["heartbeat", "health_check"], "heartbeat");
        check(&["heartbeat_error", "quote_error", "connection_failed"], "error");
        check(&["ws_idle_alert", "websocket_disconnected", "reconnecting"], "ws");
        check(&["position_limit_breach", "max_leverage_limit_exceeded"], "limit_breach");
        check(&["order_update"], "Order");
        check(&["config_loaded", "BUY", "limit", "market", "no_trades"], "Unknown");
    }

    #[test]
    fn a_side_in_the_name() {
        check(&["BuyOrderCreatedEvent"], "order_placed buy");
        check(&["BUY_EXECUTED"], "fill buy");
        check(&["order_placed_sell"], "order_placed sell");
    }

    #[test]
    fn messages_are_read_by_their_first_words() {
        let check = |text: &str, expected: &str| {
            let found = match message(text.as_bytes()).sense {
                Sense::Kind(kind) => kind.to_string(),
                other => format!("{other:?}"),
            };
            assert_eq!(found, expected, "{text}");
        };
        check("Order filled", "fill");
        check("Order filled: 100 AAPL @ 150.25", "fill");
        check("Heartbeat | watch=12", "heartbeat");
        check("Order {OrderId} filled at {FillPrice}", "fill");
        check("OrderFilled(instrument_id=BTCUSDT.BINANCE)", "fill");
        check("Order: see above", "Unknown");
        check("Daily performance", "pnl");
        check("WebSocket connection lost", "ws");
        check("Kill switch activated by risk", "halt");
        check("Fill rate dropped", "Unknown");
        check("Order cancel failed", "error");
        check("Order placed failed", "Unknown");
        check("Order execution failed: timeout", "Unknown");
        check("Errors in configuration: none", "Unknown");
        check("", "Unknown");
    }

    #[test]
    fn the_words_that_say_so_are_the_event() {
        let check = |text: &str, expected: &str| {
            assert_eq!(&text[..message(text.as_bytes()).length], expected);
        };
        check("Order filled: 100 AAPL @ 150.25", "Order filled");
        check("OrderFilled(instrument_id=BTCUSDT.BINANCE)", "OrderFilled");
        check("Kill switch activated by risk", "Kill switch activated");
    }

    #[test]
    fn a_status_says_what_became_of_an_order() {
        assert_eq!(status(b"NEW"), Some(Kind::OrderPlaced));
        assert_eq!(status(b"resting"), Some(Kind::OrderAcked));
        assert_eq!(status(b"OrderStatus.PARTIALLY_FILLED"), Some(Kind::Fill));
        assert_eq!(status(b"ok"), None);
    }
}
