//! What holds for any lines at all: where they are cut, how they are shuffled and which are there
//! twice changes nothing.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::sample::select;

use super::{EVER, cases};
use crate::order::{Amendment, DAY, Fill, Folded, Line, LineKind, Order, SECOND, fold};

/// Few values of everything, so that lines are about the same often.
fn any_line() -> impl Strategy<Value = Line<'static>> {
    let ts = prop_oneof![
        6 => (0..40i64).prop_map(|n| n * SECOND / 2),
        1 => (0..40i64).prop_map(|n| n * 20 * SECOND),
        1 => (0..40i64).prop_map(|n| n * DAY),
    ];
    let kind = prop_oneof![
        2 => Just(LineKind::Placed),
        1 => Just(LineKind::Acked),
        8 => Just(LineKind::Fill),
        1 => select(vec![LineKind::Rejected, LineKind::Cancelled, LineKind::Expired]),
    ];
    let event = select(vec![
        None,
        Some("fill"),
        Some("order_filled"),
        Some("fill_partial"),
        Some("order_update"),
    ]);
    let some = |of: &'static [f64]| prop_oneof![Just(None), select(of).prop_map(Some)];
    let text =
        |of: &'static [&'static str]| prop_oneof![4 => Just(None), 1 => select(of).prop_map(Some)];
    let order = (
        text(&["BTC", "ETH"]),
        text(&["buy", "sell"]),
        text(&["mm", "arb"]),
        some(&[0.5, 0.51]),
        some(&[0.3, 10.0, 25.0]),
        some(&[0.52, 0.6]),
    );
    let fill = (
        some(&[0.0, 0.5, 0.51]),
        some(&[0.0, 0.1, 0.2, 5.0, 10.0, 15.0, 25.0]),
        prop_oneof![3 => Just(None), 1 => select(&[0.1, 0.3, 5.0, 10.0, 25.0][..]).prop_map(Some)],
        prop_oneof![3 => Just(None), 1 => select(&[0.0, 15.0][..]).prop_map(Some)],
        some(&[0.1, 0.2, -0.05]),
        prop_oneof![3 => Just(None), 1 => select(&["t1", "t2", "t10"][..]).prop_map(Some)],
        text(&["maker", "taker"]),
    );
    let rest = (some(&[35.0, 72.0]), prop_oneof![Just(None), Just(Some(400))], text(&["no"]));
    (ts, kind, event, order, fill, rest).prop_map(|(ts, kind, event, order, fill, rest)| Line {
        event,
        market: order.0,
        side: order.1,
        strategy: order.2,
        price: order.3,
        size: order.4,
        fair: order.5,
        fill_price: fill.0,
        fill_size: fill.1,
        cumulative: fill.2,
        remaining: fill.3,
        fee: fill.4,
        trade_id: fill.5,
        liquidity: fill.6,
        latency_ms: rest.0,
        status_code: rest.1,
        message: rest.2,
        ..Line::new(ts, kind)
    })
}

fn any_lines() -> impl Strategy<Value = Vec<Line<'static>>> {
    prop::collection::vec(any_line(), 0..24).prop_map(|mut lines| {
        for (row, line) in lines.iter_mut().enumerate() {
            line.row = row;
        }
        lines
    })
}

/// What two folds of the same lines must agree in: everything but which of two equal lines it was.
fn bare<'a>(mut folded: Folded<'a>) -> Folded<'a> {
    folded.fills.iter_mut().for_each(|fill| fill.row = None);
    // Those the later fold gives again.
    folded.fills.retain(|fill| !fill.pending);
    folded
}

/// Folds in two, with the state written and read in between.
fn cut<'a>(lines: &[Line<'a>], at: i64) -> (Folded<'a>, Folded<'a>) {
    let (mut before, mut after): (Vec<Line<'_>>, Vec<Line<'_>>) =
        lines.iter().partition(|line| line.ts < at);
    let first = fold(None, &mut before, at);
    let state = first.orders.last().map(|order| Order::from_json(&order.to_json()).unwrap());
    let second = fold(state, &mut after, EVER);
    (first, second)
}

fn check_cut(lines: &[Line<'_>], at: i64) -> Result<(), TestCaseError> {
    let whole = bare(fold(None, &mut lines.to_vec(), EVER));
    let (first, second) = cut(lines, at);
    let (first, second) = (bare(first), bare(second));
    let Some(shared) = first.orders.len().checked_sub(1) else {
        prop_assert_eq!(whole, second);
        return Ok(());
    };
    // The orders: the last of the first is the first of the second.
    prop_assert_eq!(whole.orders.len(), shared + second.orders.len());
    for (whole, first) in whole.orders.iter().zip(&first.orders[..shared]) {
        prop_assert_eq!(whole, first);
    }
    for (whole, second) in whole.orders[shared..].iter().zip(&second.orders) {
        prop_assert_eq!(whole, second);
    }
    // The later fills.
    let count = first.fills.len();
    prop_assert_eq!(whole.fills.len(), count + second.fills.len());
    for (whole, second) in whole.fills[count..].iter().zip(&second.fills) {
        let shifted = second.order.map(|order| order + shared);
        prop_assert_eq!(whole, &Fill { order: shifted, ..second.clone() });
    }
    // The earlier ones, with what the second fold says of them.
    let mut amended: HashMap<(usize, u64), Vec<&Amendment>> = HashMap::new();
    for amendment in &second.amended {
        let key = (amendment.order + shared, amendment.fill_number);
        amended.entry(key).or_default().push(amendment);
    }
    for (whole, early) in whole.fills.iter().zip(&first.fills) {
        let key = (early.order.unwrap(), early.fill_number);
        let mut fill = early.clone();
        for amendment in amended.remove(&key).unwrap_or_default() {
            prop_assert_eq!(amendment.fill_ts, early.ts);
            prop_assert!(amendment.ts >= at);
            fill.fill_price = amendment.fill_price.or(fill.fill_price);
            fill.fill_size = amendment.fill_size.or(fill.fill_size);
            if let Some(fee) = amendment.fee {
                fill.fee = Some(fill.fee.unwrap_or_default() + fee);
            }
        }
        prop_assert_eq!(whole.ts, fill.ts);
        prop_assert_eq!(whole.order, fill.order);
        prop_assert_eq!(whole.fill_price, fill.fill_price);
        prop_assert_eq!(whole.fill_size, fill.fill_size);
        prop_assert_eq!(whole.fee, fill.fee);
        // What was known stays.
        prop_assert!(early.trade_id.is_none() || whole.trade_id == early.trade_id);
        prop_assert!(early.liquidity.is_none() || whole.liquidity == early.liquidity);
        prop_assert!(early.latency_ms.is_none() || whole.latency_ms == early.latency_ms);
        prop_assert!(early.placed_at.is_none() || whole.placed_at == early.placed_at);
        prop_assert!(early.strategy.is_none() || whole.strategy == early.strategy);
        prop_assert!(early.market.is_none() || whole.market == early.market);
        prop_assert!(early.side.is_none() || whole.side == early.side);
        prop_assert!(early.fair.is_none() || whole.fair == early.fair);
    }
    prop_assert!(amended.is_empty(), "of fills that never were: {amended:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(512), ..ProptestConfig::default() })]

    #[test]
    fn a_fold_may_stop_anywhere(lines in any_lines(), at in prop::sample::select((0..81).collect::<Vec<i64>>())) {
        check_cut(&lines, at * SECOND / 4)?;
        for line in &lines {
            check_cut(&lines, line.ts)?;
        }
    }

    #[test]
    fn a_fold_may_stop_often(lines in any_lines()) {
        let whole = fold(None, &mut lines.clone(), EVER);
        let mut times: Vec<i64> = lines.iter().map(|line| line.ts).collect();
        times.sort_unstable();
        times.dedup();
        let mut state = None;
        let mut fills = 0;
        for at in times {
            let mut now: Vec<_> = lines.iter().filter(|line| line.ts == at).copied().collect();
            let folded = fold(state.take(), &mut now, EVER);
            fills += folded.fills.len();
            state = folded.orders.last().map(|order| Order::from_json(&order.to_json()).unwrap());
        }
        prop_assert_eq!(whole.orders.last(), state.as_ref());
        prop_assert_eq!(whole.fills.len(), fills);
    }

    #[test]
    fn the_order_of_lines_and_what_is_there_twice_change_nothing(
        lines in any_lines(),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        seed in any::<u64>(),
    ) {
        let want = bare(fold(None, &mut lines.clone(), EVER));
        let mut other = lines.clone();
        if !lines.is_empty() {
            other.extend(again.iter().map(|at| lines[at.index(lines.len())]));
        }
        // Fisher and Yates, with any generator that is not all zero.
        let mut random = seed | 1;
        for at in (1..other.len()).rev() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            other.swap(at, (random % (at as u64 + 1)) as usize);
        }
        prop_assert_eq!(bare(fold(None, &mut other, EVER)), want);
    }

    #[test]
    fn a_state_that_need_not_be_kept_is_not_missed(lines in any_lines(), at in 0..60i64) {
        let at = at * DAY;
        let (first, second) = cut(&lines, at);
        let Some(last) = first.orders.last() else { return Ok(()) };
        let mut after: Vec<_> = lines.iter().filter(|line| line.ts >= at).copied().collect();
        let without = fold(None, &mut after, EVER);
        if !last.keep(at) {
            prop_assert_eq!(&without.orders[..], &second.orders[1..]);
            prop_assert_eq!(without.fills.len(), second.fills.len());
            prop_assert!(second.amended.is_empty());
        }
    }

    #[test]
    fn figures_hold_together(lines in any_lines()) {
        let folded = fold(None, &mut lines.clone(), EVER);
        for (at, order) in folded.orders.iter().enumerate() {
            let fills = || folded.fills.iter().filter(|fill| fill.order == Some(at));
            let near = |one: f64, other: f64| (one - other).abs() <= 1e-9 * one.abs().max(1.0);
            prop_assert_eq!(fills().count() as u64, order.fill_count);
            prop_assert!(near(fills().filter_map(|fill| fill.fill_size).sum(), order.filled_size));
            prop_assert!(near(fills().filter_map(|fill| fill.fee).sum(), order.fee.unwrap_or_default()));
            let notional = |fill: &Fill<'_>| Some(fill.fill_price? * fill.fill_size?);
            prop_assert!(near(fills().filter_map(notional).sum(), order.notional));
            prop_assert!(order.first_at <= order.last_at);
            prop_assert!(fills().all(|fill| fill.fill_size.is_none_or(|size| size > 0.0)));
            prop_assert!(fills().zip(1..).all(|(fill, number)| fill.fill_number == number));
            if let Some(within) = order.filled_within() {
                prop_assert!(within.is_sorted() && within[3] <= order.filled_size * (1.0 + 1e-9));
            }
            prop_assert_eq!(order.replaced, at + 1 < folded.orders.len());
        }
    }
}
