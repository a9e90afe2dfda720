//! Bots that tell the same real fills in every way that bots do: what comes out is what happened.

use std::fmt::Write;

use proptest::prelude::*;

use super::{EVER, cases, lines};
use crate::order::{Status, fold};

/// How one part of a bot tells fills.
#[derive(Clone, Copy, Debug)]
enum Telling {
    /// Each fill, by size.
    Fills,
    /// Each fill, by size and the venue's id.
    Trades,
    /// After each fill, how much is filled by now, at the mean price.
    Totals,
    /// What is left after each fill.
    Left,
    /// Once, when all is filled.
    Summary,
}

use Telling::{Fills, Left, Summary, Totals, Trades};

/// What happened: sizes and prices of fills, so many seconds apart.
fn text(
    truth: &[(u32, u32)],
    size: u32,
    apart: u32,
    tellings: &[Telling],
    late_ms: &[u32],
) -> String {
    let mut text = format!("0 placed order_placed market=BTC side=buy price=50 size={size}\n");
    let mut total = 0;
    let mut notional = 0;
    for (number, (fill, price)) in truth.iter().enumerate() {
        total += fill;
        notional += fill * price;
        let mean = f64::from(notional) / f64::from(total);
        for (telling, late) in tellings.iter().zip(late_ms) {
            let seconds = (number as u32 + 1) * apart;
            write!(text, "{seconds}.{late:03} fill ").unwrap();
            let left = size - total;
            match telling {
                Fills => writeln!(text, "fill at={price} n={fill}"),
                Trades => writeln!(text, "trade_fill at={price} n={fill} id=t{number}"),
                Totals => writeln!(text, "order_update at={mean} total={total}"),
                Left => writeln!(text, "order_status left={left}"),
                Summary if total == size => writeln!(text, "order_filled at={mean} n={size}"),
                Summary => {
                    text.truncate(text.rfind('\n').unwrap() + 1);
                    Ok(())
                }
            }
            .unwrap();
        }
    }
    text
}

fn any_truth() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec((1..6u32, 49..52u32), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(512), ..ProptestConfig::default() })]

    /// The same of an order whose placement is not in the log, so that nobody knows its size.
    #[test]
    fn told_in_several_ways_it_is_what_happened_whatever_the_order(
        truth in any_truth(),
        also in prop::sample::subsequence(vec![Trades, Totals, Summary], 0..=3),
        first in prop::sample::select(vec![Fills, Trades, Totals]),
        late in prop::collection::vec(0..1000u32, 4),
        apart in prop::sample::select(vec![1, 60]),
    ) {
        let mut tellings = vec![first];
        tellings.extend(also.iter().filter(|telling| !matches!((*telling, first), (Trades, Trades) | (Totals, Totals))));
        let filled: u32 = truth.iter().map(|(fill, _)| fill).sum();
        let text = text(&truth, filled, apart, &tellings, &late);
        let (_, text) = text.split_once('\n').unwrap();
        let folded = fold(None, &mut lines(text), EVER);
        prop_assert_eq!(folded.orders[0].filled_size, f64::from(filled), "{}", text);
        prop_assert_eq!(folded.fills.len(), truth.len(), "{}", text);
    }

    /// Any two or three ways, of which one tells every fill, in any order within a second.
    #[test]
    fn told_in_several_ways_it_is_what_happened(
        truth in any_truth(),
        also in prop::sample::subsequence(vec![Trades, Totals, Left, Summary], 0..=3),
        first in prop::sample::select(vec![Fills, Trades, Totals]),
        late in prop::collection::vec(0..1000u32, 4),
        unfilled in 0..2u32,
        apart in prop::sample::select(vec![1, 60]),
    ) {
        let mut tellings = vec![first];
        tellings.extend(also.iter().filter(|telling| !matches!((*telling, first), (Trades, Trades) | (Totals, Totals))));
        let filled: u32 = truth.iter().map(|(fill, _)| fill).sum();
        // With something left there is no summary, and no cap on what can be told.
        let size = filled + unfilled * 3;
        let text = text(&truth, size, apart, &tellings, &late);
        let folded = fold(None, &mut lines(&text), EVER);
        let order = &folded.orders[0];
        prop_assert_eq!(folded.orders.len(), 1);
        prop_assert_eq!(order.filled_size, f64::from(filled), "{}", text);
        let status = if unfilled == 0 { Status::Filled } else { Status::Partial };
        prop_assert_eq!(order.status(), Some(status));
        prop_assert_eq!(folded.fills.len(), truth.len(), "{}", text);
        let notional: u32 = truth.iter().map(|(fill, price)| fill * price).sum();
        let mean = f64::from(notional) / f64::from(filled);
        // A running total's mean price is not its fill's, where no line told that.
        if tellings.iter().any(|telling| matches!(telling, Fills | Trades)) {
            prop_assert!((order.avg_fill_price().unwrap() - mean).abs() < 1e-9, "{}", text);
        }
    }
}
