//! Windows, against what two passes over their rows say.

use proptest::prelude::*;

use super::{Moments, QuartileWindow, Window};
use crate::stats::quantile_sorted;

/// Mean and standard deviation the slow and safe way: the mean first, compensated, then the squares of
/// what differs from it.
fn two_pass(values: &[f64]) -> (Option<f64>, Option<f64>) {
    let n = values.len() as f64;
    if values.is_empty() {
        return (None, None);
    }
    // Around the first value, so that the sum itself is small.
    let offset = values[0];
    let mean = values.iter().map(|value| value - offset).sum::<f64>() / n;
    let m2: f64 = values.iter().map(|value| (value - offset - mean).powi(2)).sum();
    (Some(offset + mean), (values.len() > 1).then(|| (m2 / (n - 1.0)).sqrt()))
}

#[test]
fn a_window_by_hand() {
    let mut window = Window::new(3, 0);
    let got: Vec<_> = [Some(1.0), None, Some(3.0), Some(8.0), Some(f64::NAN)]
        .map(|value| window.push(value))
        .map(|at| (at.n(), at.mean(), at.sum(), at.sd()))
        .into();
    // Rows are counted, nulls among them: the last window is 3, 8 and a row of nothing.
    assert_eq!(
        got,
        [
            (1, Some(1.0), Some(1.0), None),
            (1, Some(1.0), Some(1.0), None),
            (2, Some(2.0), Some(4.0), Some(2f64.sqrt())),
            (2, Some(5.5), Some(11.0), Some(12.5f64.sqrt())),
            (2, Some(5.5), Some(11.0), Some(12.5f64.sqrt())),
        ]
    );
}

#[test]
fn a_window_that_leaves_out_the_current_row() {
    let mut window = Window::new(2, 1);
    let got: Vec<_> = [1.0, 2.0, 4.0, 8.0].map(|value| window.push(Some(value)).mean()).into();
    assert_eq!(got, [None, Some(1.0), Some(1.5), Some(3.0)]);
}

#[test]
fn what_never_changes_has_no_deviation() {
    let mut window = Window::new(100, 0);
    for _ in 0..10_000 {
        let at = window.push(Some(0.1));
        assert_eq!(at.mean(), Some(0.1));
        assert_eq!(at.sd().unwrap_or_default(), 0.0);
    }
}

#[test]
fn too_large_is_unknown() {
    let mut window = Window::new(3, 0);
    for value in [f64::MAX, f64::MAX, -f64::MAX, f64::MAX] {
        let at = window.push(Some(value));
        for figure in [at.mean(), at.sd(), at.sum()] {
            assert!(figure.is_none_or(f64::is_finite));
        }
    }
}

/// Ten million rows around a billion, with noise of one: what subtracting would leave nothing of.
#[test]
fn ten_million_rows_do_not_wear_it_away() {
    const ROWS: usize = 10_000_000;
    const N: usize = 50;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as f64 / (1u64 << 53) as f64
    };
    let rows: Vec<f64> = (0..ROWS).map(|_| 1e9 + noise()).collect();
    let mut window = Window::new(N, 1);
    let mut worst = (0.0f64, 0.0f64);
    for at in 0..ROWS {
        let got = window.push(Some(rows[at]));
        let inside = &rows[at.saturating_sub(N)..at];
        // Every row near the end, and every thousandth before.
        if at % 1000 != 0 && at < ROWS - 10_000 {
            continue;
        }
        let (mean, sd) = two_pass(inside);
        assert_eq!(got.n(), inside.len() as u64);
        if let (Some(mean), Some(sd)) = (mean, sd) {
            worst.0 = worst.0.max((got.mean().unwrap() - mean).abs() / mean);
            worst.1 = worst.1.max((got.sd().unwrap() - sd).abs() / sd);
        }
    }
    assert!(worst.0 < 1e-15, "{worst:?}");
    assert!(worst.1 < 1e-6, "{worst:?}");
}

fn any_rows() -> impl Strategy<Value = Vec<Option<f64>>> {
    let value = prop_oneof![4 => -10.0..10.0f64, 1 => prop::sample::select(vec![0.0, 1.0, 1e6])];
    prop::collection::vec(prop_oneof![5 => value.prop_map(Some), 1 => Just(None)], 0..200)
}

proptest! {
    #[test]
    fn it_is_what_two_passes_say(rows in any_rows(), n in 1..40usize, skip in 0..5usize) {
        let mut window = Window::new(n, skip);
        let mut quartiles = QuartileWindow::new(n, skip);
        for at in 0..rows.len() {
            let (got, got_quartiles) = (window.push(rows[at]), quartiles.push(rows[at]));
            let end = (at + 1).saturating_sub(skip);
            let mut inside: Vec<f64> = rows[end.saturating_sub(n)..end].iter().copied().flatten().collect();
            let (mean, sd) = two_pass(&inside);
            prop_assert_eq!(got.n(), inside.len() as u64);
            let near = |one: Option<f64>, other: Option<f64>| match (one, other) {
                (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1e-3),
                (one, other) => one == other,
            };
            prop_assert!(near(got.mean(), mean), "{got:?} {mean:?}");
            prop_assert!(near(got.sd(), sd), "{got:?} {sd:?}");
            prop_assert!(near(got.sum(), mean.map(|mean| mean * inside.len() as f64)));
            inside.sort_by(f64::total_cmp);
            prop_assert_eq!(got_quartiles.n, inside.len() as u64);
            prop_assert_eq!(got_quartiles.q1, quantile_sorted(&inside, 0.25));
            prop_assert_eq!(got_quartiles.median, quantile_sorted(&inside, 0.5));
            prop_assert_eq!(got_quartiles.q3, quantile_sorted(&inside, 0.75));
        }
    }

    #[test]
    fn moments_merge_in_any_way(rows in any_rows(), cut in any::<prop::sample::Index>()) {
        let all = |rows: &[Option<f64>]| rows.iter().fold(Moments::default(), |all, row| all.merge(Moments::of(*row)));
        let cut = if rows.is_empty() { 0 } else { cut.index(rows.len()) };
        let (one, other) = (all(&rows), all(&rows[..cut]).merge(all(&rows[cut..])));
        prop_assert_eq!(one.n(), other.n());
        if let (Some(one), Some(other)) = (one.sd(), other.sd()) {
            prop_assert!((one - other).abs() <= 1e-9 * one.max(1e-3));
        }
    }
}
