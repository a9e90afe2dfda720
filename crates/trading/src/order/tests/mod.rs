//! Lines in, orders and fills out.

mod counting;
mod laws;
mod orders;
mod truth;

use std::fmt::Write;

use super::{Fill, Folded, Line, LineKind, fold};

/// Reads lines like `0.5 fill order_filled fill_price=0.51 fill_size=10`: seconds, kind, the log's
/// word for it if any, and what else it says.
fn lines(text: &str) -> Vec<Line<'_>> {
    let texts = text.lines().map(str::trim).filter(|line| !line.is_empty());
    texts.enumerate().map(|(row, text)| Line { row, ..line(text) }).collect()
}

fn line(text: &str) -> Line<'_> {
    let mut words = text.split_whitespace();
    let seconds: f64 = words.next().unwrap().parse().unwrap();
    let kind = match words.next().unwrap() {
        "placed" => LineKind::Placed,
        "acked" => LineKind::Acked,
        "fill" => LineKind::Fill,
        "rejected" => LineKind::Rejected,
        "cancelled" => LineKind::Cancelled,
        "expired" => LineKind::Expired,
        other => panic!("{other} is no kind"),
    };
    let mut line = Line::new((seconds * 1e6).round() as i64, kind);
    for word in words {
        let Some((name, value)) = word.split_once('=') else {
            line.event = Some(word);
            continue;
        };
        let number = || Some(value.parse::<f64>().unwrap());
        match name {
            "strategy" => line.strategy = Some(value),
            "market" => line.market = Some(value),
            "side" => line.side = Some(value),
            "price" => line.price = number(),
            "size" => line.size = number(),
            "fair" => line.fair = number(),
            "mid" => line.mid = number(),
            "at" => line.fill_price = number(),
            "mean" => line.average = number(),
            "n" => line.fill_size = number(),
            "total" => line.cumulative = number(),
            "left" => line.remaining = number(),
            "fee" => line.fee = number(),
            "latency" => line.latency_ms = number(),
            "code" => line.status_code = Some(value.parse().unwrap()),
            "id" => line.trade_id = Some(value),
            "message" => line.message = Some(value),
            "liquidity" => line.liquidity = Some(value),
            other => panic!("{other} is no field"),
        }
    }
    line
}

const EVER: i64 = i64::MAX;

/// Folds `text` and compares what came out, without the columns that `show` leaves out.
#[track_caller]
fn check(text: &str, want: &str) {
    let mut lines = lines(text);
    let got = show(&fold(None, &mut lines, EVER));
    let want: Vec<&str> = want.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(got.lines().collect::<Vec<_>>(), want, "\n{got}");
}

fn show(folded: &Folded<'_>) -> String {
    let mut text = String::new();
    for (at, order) in folded.orders.iter().enumerate() {
        let status = order.status().map_or("null", |status| status.as_str());
        write!(text, "{status} {}/{}", order.filled_size, number(order.size)).unwrap();
        if order.fill_count > 0 {
            write!(text, " avg={}", number(order.avg_fill_price())).unwrap();
        }
        if let Some(fee) = order.fee {
            write!(text, " fee={fee}").unwrap();
        }
        text.push('\n');
        for fill in folded.fills.iter().filter(|fill| fill.order == Some(at)) {
            show_fill(&mut text, fill);
        }
    }
    text
}

fn show_fill(text: &mut String, fill: &Fill<'_>) {
    let seconds = fill.ts as f64 / 1e6;
    write!(text, "{seconds}s {} @{}", number(fill.fill_size), number(fill.fill_price)).unwrap();
    if let Some(id) = &fill.trade_id {
        write!(text, " id={id}").unwrap();
    }
    if let Some(fee) = fill.fee {
        write!(text, " fee={fee}").unwrap();
    }
    text.push('\n');
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

/// How many cases: more where `PROPTEST_CASES` says so.
fn cases(few: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(few)
}
