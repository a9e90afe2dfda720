//! Fills in, positions and round trips out.

use proptest::prelude::*;
use proptest::sample::select;

use super::{Deal, Effect, Position, Trip};
use crate::Sum;

fn deal(at: i64, sign: f64, size: f64, price: f64) -> Deal {
    Deal { at, sign: Some(sign), price: Some(price), size: Some(size), fee: None }
}

/// Position, average price, realised by the step, realised so far.
type After = (f64, Option<f64>, f64, f64);

/// Fills like `+10 @0.5` and settlements like `= 1`, each with what is expected after it.
#[track_caller]
fn check(steps: &[(&str, After)]) -> Position {
    let mut position = Position::default();
    for (at, (step, (held, avg, realized, realized_pnl))) in steps.iter().enumerate() {
        let at = at as i64;
        let effect = match step.strip_prefix('=') {
            Some(outcome) => position.settle(at, Some(outcome.trim().parse().unwrap())),
            None => {
                let (size, price) = step.split_once(" @").unwrap();
                let size: f64 = size.parse().unwrap();
                position.apply(&deal(at, size.signum(), size.abs(), price.parse().unwrap()))
            }
        };
        let near = |one: f64, other: f64| (one - other).abs() < 1e-12;
        assert_eq!(position.position(), *held, "{step}");
        assert_eq!(position.avg_price.is_some(), avg.is_some(), "{step}");
        assert!(near(position.avg_price.unwrap_or_default(), avg.unwrap_or_default()), "{step}");
        assert!(near(effect.realized.unwrap(), *realized), "{step}: {effect:?}");
        assert!(near(position.realized_pnl.value(), *realized_pnl), "{step}: {position:?}");
    }
    position
}

#[test]
fn a_long_position() {
    let position = check(&[
        ("+10 @0.50", (10.0, Some(0.5), 0.0, 0.0)),
        ("+10 @0.60", (20.0, Some(0.55), 0.0, 0.0)),
        ("-5 @0.65", (15.0, Some(0.55), 0.5, 0.5)),
        ("-15 @0.45", (0.0, None, -1.5, -1.0)),
    ]);
    assert_eq!((position.trips, position.trip, position.opened_at), (1, None, None));
}

#[test]
fn a_short_position() {
    check(&[
        ("-10 @0.60", (-10.0, Some(0.6), 0.0, 0.0)),
        ("+4 @0.50", (-6.0, Some(0.6), 0.4, 0.4)),
        ("-6 @0.70", (-12.0, Some(0.65), 0.0, 0.4)),
        ("= 1", (0.0, None, -4.2, -3.8)),
    ]);
}

#[test]
fn a_fill_may_turn_it() {
    let position = check(&[
        ("+10 @0.50", (10.0, Some(0.5), 0.0, 0.0)),
        ("-25 @0.60", (-15.0, Some(0.6), 1.0, 1.0)),
        ("= 0", (0.0, None, 9.0, 10.0)),
        ("= 1", (0.0, None, 0.0, 10.0)),
    ]);
    assert_eq!(position.trips, 2);
}

#[test]
fn binary_fractions_leave_nothing_behind() {
    check(&[
        ("+0.1 @1", (0.1, Some(1.0), 0.0, 0.0)),
        ("+0.2 @1", (0.1 + 0.2, Some(1.0), 0.0, 0.0)),
        ("-0.3 @2", (0.0, None, 0.3, 0.3)),
    ]);
}

#[test]
fn what_is_not_known_moves_nothing() {
    let mut position = Position::default();
    position.apply(&deal(0, 1.0, 10.0, 0.5));
    let before = position;
    for unknown in [
        Deal { sign: None, ..deal(1, 1.0, 10.0, 0.5) },
        Deal { size: None, ..deal(1, 1.0, 10.0, 0.5) },
        deal(1, 1.0, 0.0, 0.5),
        deal(1, 1.0, f64::NAN, 0.5),
    ] {
        let effect = position.apply(&unknown);
        assert_eq!(effect, Effect { realized: None, closed: None, trip: Some(1) });
        assert_eq!(position, before);
    }
    assert_eq!(position.settle(1, None).realized, None);
    assert_eq!(position, before);
}

/// Position, average price, realised by the step and so far, as far as they are known.
type Known = (f64, Option<f64>, Option<f64>, f64);

/// Fills like `+10 @0.5`, or `+10 @?` at a price that nobody knows: what is held after each, what it
/// cost, what the fill realised and all so far.
#[track_caller]
fn check_unknown(steps: &[(&str, Known)]) {
    let mut position = Position::default();
    for (at, (step, want)) in steps.iter().enumerate() {
        let (size, price) = step.split_once(" @").unwrap();
        let size: f64 = size.parse().unwrap();
        let fill =
            Deal { price: price.parse().ok(), ..deal(at as i64, size.signum(), size.abs(), 0.0) };
        let realized = position.apply(&fill).realized;
        let tidy = |value: f64| (value * 1e9).round() / 1e9;
        let got = (
            position.position(),
            position.avg_price.map(tidy),
            realized.map(tidy),
            tidy(position.realized_pnl.value()),
        );
        assert_eq!(got, *want, "{step}");
        // A close carries four columns, and the position goes on from them.
        let held = position.position();
        let columns = Position::opening(held, position.avg_price, 0.0, position.opened_at);
        assert_eq!((columns.position(), columns.avg_price), (held, position.avg_price));
    }
}

#[test]
fn a_fill_without_a_price_is_held_at_an_unknown_cost() {
    check_unknown(&[
        ("+10 @0.50", (10.0, Some(0.5), Some(0.0), 0.0)),
        ("+10 @?", (20.0, None, Some(0.0), 0.0)),
        ("+10 @0.52", (30.0, None, Some(0.0), 0.0)),
        ("-10 @0.60", (20.0, None, None, 0.0)),
        // Flat: what is bought next is bought at a known price.
        ("-20 @0.60", (0.0, None, None, 0.0)),
        ("+10 @0.50", (10.0, Some(0.5), Some(0.0), 0.0)),
        ("-10 @0.60", (0.0, None, Some(1.0), 1.0)),
    ]);
}

#[test]
fn what_is_sold_at_an_unknown_price_leaves_the_rest_at_its_cost() {
    check_unknown(&[
        ("+10 @0.50", (10.0, Some(0.5), Some(0.0), 0.0)),
        ("-4 @?", (6.0, Some(0.5), None, 0.0)),
        ("-1 @0.60", (5.0, Some(0.5), Some(0.1), 0.1)),
        ("-5 @?", (0.0, None, None, 0.1)),
    ]);
}

#[test]
fn a_turn_begins_a_position_at_the_price_of_the_turn() {
    check_unknown(&[
        ("+30 @?", (30.0, None, Some(0.0), 0.0)),
        ("-40 @0.50", (-10.0, Some(0.5), None, 0.0)),
        ("+25 @?", (15.0, None, None, 0.0)),
        ("-15 @0.50", (0.0, None, None, 0.0)),
    ]);
}

#[test]
fn a_settlement_of_an_unknown_cost_realises_nobody_knows_what() {
    let mut position = Position::default();
    position.apply(&Deal { price: None, ..deal(0, 1.0, 10.0, 0.5) });
    let effect = position.settle(1, Some(1.0));
    assert_eq!((effect.realized, position.position()), (None, 0.0));
    let trip = effect.closed.unwrap();
    assert_eq!((trip.entry_price(), trip.exit_price()), (None, Some(1.0)));
}

#[test]
fn a_settlement_is_in_the_unit_of_the_prices() {
    #[track_caller]
    fn check(price: f64, worths: &[(f64, Option<f64>)]) {
        let mut position = Position::default();
        position.apply(&deal(0, 1.0, 10.0, price));
        for (told, worth) in worths {
            assert_eq!(position.worth(*told), *worth, "{told} of what was bought at {price}");
        }
    }
    let dollars = [(0.0, Some(0.0)), (0.5, Some(0.5)), (1.0, Some(1.0)), (100.0, Some(1.0))];
    check(0.45, &dollars);
    check(1.0 + f64::EPSILON, &dollars);
    check(0.45, &[(37.0, Some(0.37)), (100.5, None)]);
    check(45.0, &[(0.0, Some(0.0)), (1.0, Some(100.0)), (37.0, Some(37.0)), (100.0, Some(100.0))]);
    check(80.0, &[(85.2, Some(85.2)), (120.0, Some(120.0))]);
    check(64_000.0, &[(1.0, Some(1.0)), (63_000.0, Some(63_000.0))]);
    // Nothing is held, so nothing says what the unit is, nor does it matter.
    assert_eq!(Position::default().worth(85.2), Some(85.2));
}

#[test]
fn a_round_trip_says_what_it_was() {
    let mut position = Position::default();
    let fee = |fee: f64, deal: Deal| Deal { fee: Some(fee), ..deal };
    position.apply(&fee(0.1, deal(10, 1.0, 10.0, 0.5)));
    position.apply(&fee(0.1, deal(20, 1.0, 30.0, 0.7)));
    position.apply(&fee(0.1, deal(30, -1.0, 20.0, 0.8)));
    let trip = position.apply(&fee(0.2, deal(40, -1.0, 40.0, 0.6))).closed.unwrap();
    assert_eq!((trip.number, trip.sign), (1, 1.0));
    assert_eq!((trip.opened_at, trip.closed_at), (Some(10), Some(40)));
    assert_eq!((trip.max_size, trip.entry_size, trip.exit_size), (40.0, 40.0, 40.0));
    let near = |one: f64, other: f64| (one - other).abs() < 1e-12;
    assert!(near(trip.entry_price().unwrap(), 0.65));
    assert!(near(trip.exit_price().unwrap(), 0.7));
    assert!(near(trip.gross.value(), 2.0));
    // Half of the last fill closed it, the other half opened the next.
    assert!(near(trip.fees.value(), 0.4));
    let next: Trip = position.trip.unwrap();
    assert_eq!((next.number, next.sign, next.opened_at), (2, -1.0, Some(40)));
    assert!(near(next.fees.value(), 0.1));
}

#[test]
fn ten_million_fills_do_not_wear_it_away() {
    let mut position = Position::default();
    for trip in 0..2_500_000 {
        // Never flat: a core of a million contracts is held throughout.
        if trip == 0 {
            position.apply(&deal(0, 1.0, 1e6, 0.2));
        }
        position.apply(&deal(0, 1.0, 0.1, 0.2));
        position.apply(&deal(0, 1.0, 0.2, 0.2));
        position.apply(&deal(0, -1.0, 0.1, 0.3));
        position.apply(&deal(0, -1.0, 0.2, 0.3));
    }
    assert_eq!(position.position(), 1e6);
    assert_eq!(position.avg_price, Some(0.2));
    let realized = position.realized_pnl.value();
    assert!((realized - 75_000.0).abs() < 1e-7, "{realized}");
}

fn any_deal() -> impl Strategy<Value = Option<Deal>> {
    let size = prop_oneof![
        4 => select(vec![0.1, 0.2, 0.3, 1.0, 5.0, 10.0]),
        1 => 1e-6..1e6f64,
    ];
    let price = prop_oneof![4 => select(vec![0.1, 0.25, 0.5, 0.51, 0.9]), 1 => -1e3..1e5f64];
    let fee = prop_oneof![Just(None), select(vec![0.01, -0.02]).prop_map(Some)];
    let fill = (prop::bool::ANY, size, price, fee).prop_map(|(buy, size, price, fee)| {
        Some(Deal { fee, ..deal(0, if buy { 1.0 } else { -1.0 }, size, price) })
    });
    prop_oneof![12 => fill, 1 => Just(None)]
}

/// Applies a fill, or a settlement where there is none.
fn step(position: &mut Position, at: usize, deal: Option<Deal>) -> Effect {
    let at = at as i64;
    match deal {
        Some(deal) => position.apply(&Deal { at, ..deal }),
        None => position.settle(at, Some(1.0)),
    }
}

proptest! {
    #[test]
    fn it_may_stop_anywhere(deals in prop::collection::vec(any_deal(), 1..60), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(deals.len());
        let (mut whole, mut parts, mut columns) = (Position::default(), Position::default(), Position::default());
        for (at, deal) in deals.iter().enumerate() {
            if at == cut {
                parts = serde_json::from_str(&serde_json::to_string(&parts).unwrap()).unwrap();
                columns = Position::opening(
                    columns.position(), columns.avg_price, columns.realized_pnl.value(), columns.opened_at);
            }
            let effect = step(&mut whole, at, *deal);
            prop_assert_eq!(step(&mut parts, at, *deal), effect);
            prop_assert_eq!(whole, parts);
            let realized = step(&mut columns, at, *deal).realized;
            prop_assert!((realized.unwrap() - effect.realized.unwrap()).abs() <= 1e-9 * effect.realized.unwrap().abs().max(1e3));
            prop_assert_eq!(columns.opened_at, whole.opened_at);
        }
    }

    /// Each round trip realised what was paid less what was got, and the sum of them is all there is.
    #[test]
    fn a_round_trip_realises_what_it_cost(deals in prop::collection::vec(any_deal(), 1..60)) {
        let mut position = Position::default();
        let (mut flow, mut scale) = (Sum::default(), 1.0f64);
        let mut gross = Sum::default();
        for (at, deal) in deals.iter().enumerate() {
            let (sign, size, price) = match deal {
                Some(deal) => (deal.sign.unwrap(), deal.size.unwrap(), deal.price.unwrap()),
                None => (-position.position().signum(), position.position().abs(), 1.0),
            };
            flow.add(-sign * price * size);
            scale = scale.max((price * size).abs());
            let effect = step(&mut position, at, *deal);
            if let Some(trip) = effect.closed {
                gross.add(trip.gross.value());
                let by_price = trip.sign * (trip.exit_price().unwrap() - trip.entry_price().unwrap()) * trip.entry_size;
                prop_assert!((trip.gross.value() - by_price).abs() <= 1e-8 * scale);
                prop_assert!((trip.entry_size - trip.exit_size).abs() <= 1e-9 * trip.entry_size);
                prop_assert_eq!(effect.trip, Some(trip.number));
            }
            if position.position() == 0.0 {
                let realized = position.realized_pnl.value();
                prop_assert!((realized - flow.value()).abs() <= 1e-8 * scale, "{realized} {flow:?}");
                prop_assert!((realized - gross.value()).abs() <= 1e-9 * scale);
                prop_assert_eq!(position.avg_price, None);
            } else {
                prop_assert!(position.avg_price.is_some() && position.opened_at.is_some());
            }
        }
    }

    /// Selling yes at p is buying no at 1 - p: the money is the same.
    #[test]
    fn yes_and_no_are_two_words_for_one_thing(deals in prop::collection::vec(any_deal(), 1..60)) {
        let (mut yes, mut no) = (Position::default(), Position::default());
        for (at, deal) in deals.iter().enumerate() {
            let Some(deal) = deal else { continue };
            let other = Deal { sign: deal.sign.map(|sign| -sign), price: deal.price.map(|price| 1.0 - price), ..*deal };
            let (one, other) = (step(&mut yes, at, Some(*deal)), step(&mut no, at, Some(other)));
            prop_assert_eq!(yes.position(), -no.position());
            let (one, other) = (one.realized.unwrap(), other.realized.unwrap());
            prop_assert!((one - other).abs() <= 1e-9 * one.abs().max(1e3), "{one} {other}");
        }
    }
}
