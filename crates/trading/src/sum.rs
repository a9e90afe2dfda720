//! A sum that ten million addends do not wear away.

use serde::{Deserialize, Serialize};

use crate::order::exact;

/// A running sum by Neumaier's method: what each addition rounds away is kept and given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    #[serde(with = "exact")]
    sum: f64,
    #[serde(with = "exact")]
    lost: f64,
}

impl Sum {
    /// A sum that has come to `value`.
    pub fn new(value: f64) -> Sum {
        Sum { sum: value, lost: 0.0 }
    }

    /// Adds `value`.
    pub fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - sum) + value
        } else {
            (value - sum) + self.sum
        };
        self.sum = sum;
    }

    /// What it has come to.
    pub fn value(self) -> f64 {
        self.sum + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rounded_away_comes_back() {
        let mut sum = Sum::default();
        for value in [1.0, 1e100, 1.0, -1e100] {
            sum.add(value);
        }
        assert_eq!(sum.value(), 2.0);
    }

    #[test]
    fn ten_million_cents_are_a_hundred_thousand() {
        let mut sum = Sum::default();
        (0..10_000_000).for_each(|_| sum.add(0.01));
        assert_eq!(sum.value(), 100_000.0);
    }
}
