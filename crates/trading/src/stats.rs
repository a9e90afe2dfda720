//! Exact statistics of a whole.

/// The `q`-quantile (0 to 1) of ascending values, linear between the two nearest as numpy's default;
/// null if there are none.
pub fn quantile_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "values are fewer than 2^53")]
    let place = q.clamp(0.0, 1.0) * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last index"
    )]
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let (low, high) = (sorted[below], sorted[above]);
    // Half of each where their difference is too large for a number.
    let between = low + (high - low) * place.fract();
    Some(if between.is_finite() { between } else { low * 0.5 + high * 0.5 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_numpy_has_it() {
        let values = [1.0, 2.0, 4.0, 8.0];
        let got: Vec<_> =
            [0.0, 0.25, 0.5, 0.75, 1.0].map(|q| quantile_sorted(&values, q)).into_iter().collect();
        assert_eq!(got, [Some(1.0), Some(1.75), Some(3.0), Some(5.0), Some(8.0)]);
        assert_eq!(quantile_sorted(&[], 0.5), None);
        assert_eq!(quantile_sorted(&[3.0], 0.25), Some(3.0));
        assert_eq!(quantile_sorted(&[-f64::MAX, f64::MAX], 0.5), Some(0.0));
    }
}
