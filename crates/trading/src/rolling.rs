//! Statistics over the last rows, without taking back what left them.
//!
//! To subtract a value that leaves the window is to keep the rounding error of having added it: after
//! ten million prices the variance of a calm market is noise. A [`Window`] only ever merges sums of
//! rows that are still in it: two stacks make a queue, and each row is merged at most twice.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::stats::quantile_sorted;

/// Count, mean and squared deviations of some values, which merge (Chan, Golub and LeVeque 1979).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    n: u64,
    mean: f64,
    m2: f64,
    sum: f64,
}

impl Moments {
    /// Those of one value; of none if it is null or not finite.
    pub fn of(value: Option<f64>) -> Moments {
        match value {
            Some(value) if value.is_finite() => Moments { n: 1, mean: value, m2: 0.0, sum: value },
            _ => Moments::default(),
        }
    }

    /// Those of both.
    #[must_use]
    pub fn merge(self, other: Moments) -> Moments {
        if self.n == 0 {
            return other;
        }
        if other.n == 0 {
            return self;
        }
        let n = self.n + other.n;
        let apart = other.mean - self.mean;
        #[expect(clippy::cast_precision_loss, reason = "rows are fewer than 2^53")]
        let (of_all, of_other) = (n as f64, other.n as f64);
        let share = of_other / of_all;
        Moments {
            n,
            mean: self.mean + apart * share,
            m2: self.m2 + other.m2 + apart * apart * (of_all - of_other) * share,
            sum: self.sum + other.sum,
        }
    }

    /// How many values.
    pub fn n(self) -> u64 {
        self.n
    }

    /// Their mean; null if there are none.
    pub fn mean(self) -> Option<f64> {
        (self.n > 0 && self.mean.is_finite()).then_some(self.mean)
    }

    /// Their sum; null if there are none.
    pub fn sum(self) -> Option<f64> {
        (self.n > 0 && self.sum.is_finite()).then_some(self.sum)
    }

    /// Their standard deviation (of a sample, ddof 1); null if there are fewer than two.
    pub fn sd(self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "rows are fewer than 2^53")]
        let freedom = self.n.checked_sub(1).filter(|n| *n > 0)? as f64;
        Some((self.m2 / freedom).max(0.0).sqrt()).filter(|sd| sd.is_finite())
    }
}

/// The moments of the last `n` rows up to the one `skip` rows back.
#[derive(Clone, Debug)]
pub struct Window {
    n: usize,
    skip: usize,
    /// Rows that are not in the window yet.
    waiting: VecDeque<Option<f64>>,
    /// The younger rows, and the moments of all of them.
    back: Vec<Moments>,
    back_all: Moments,
    /// The older rows, oldest last, each with all that are younger than it here.
    front: Vec<Moments>,
}

impl Window {
    /// A window over `n` rows, at least one, that leaves out the current and `skip - 1` before it.
    pub fn new(n: usize, skip: usize) -> Window {
        Window {
            n: n.max(1),
            skip,
            waiting: VecDeque::new(),
            back: Vec::new(),
            back_all: Moments::default(),
            front: Vec::new(),
        }
    }

    /// Takes the next row and gives the moments as of it.
    pub fn push(&mut self, value: Option<f64>) -> Moments {
        self.waiting.push_back(value);
        if self.waiting.len() > self.skip
            && let Some(value) = self.waiting.pop_front()
        {
            self.enter(Moments::of(value));
        }
        let older = self.front.last().copied().unwrap_or_default();
        older.merge(self.back_all)
    }

    fn enter(&mut self, row: Moments) {
        if self.front.len() + self.back.len() == self.n {
            if self.front.is_empty() {
                self.turn();
            }
            self.front.pop();
        }
        self.back.push(row);
        self.back_all = self.back_all.merge(row);
    }

    fn turn(&mut self) {
        let mut all = Moments::default();
        while let Some(row) = self.back.pop() {
            all = row.merge(all);
            self.front.push(all);
        }
        self.back_all = Moments::default();
    }
}

/// The quartiles of some values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quartiles {
    /// How many values.
    pub n: u64,
    /// A quarter is below; null if there are no values.
    pub q1: Option<f64>,
    /// Half is below.
    pub median: Option<f64>,
    /// Three quarters are below.
    pub q3: Option<f64>,
}

/// The quartiles of the last `n` rows up to the one `skip` rows back. A row costs a search and a
/// move within a sorted buffer of `n`.
#[derive(Clone, Debug)]
pub struct QuartileWindow {
    n: usize,
    skip: usize,
    waiting: VecDeque<Option<f64>>,
    rows: VecDeque<Option<f64>>,
    sorted: Vec<f64>,
}

impl QuartileWindow {
    /// A window over `n` rows, at least one, that leaves out the current and `skip - 1` before it.
    pub fn new(n: usize, skip: usize) -> QuartileWindow {
        QuartileWindow {
            n: n.max(1),
            skip,
            waiting: VecDeque::new(),
            rows: VecDeque::new(),
            sorted: Vec::new(),
        }
    }

    /// Takes the next row and gives the quartiles as of it.
    pub fn push(&mut self, value: Option<f64>) -> Quartiles {
        self.waiting.push_back(value.filter(|value| value.is_finite()));
        if self.waiting.len() > self.skip
            && let Some(value) = self.waiting.pop_front()
        {
            self.enter(value);
        }
        Quartiles {
            n: self.sorted.len() as u64,
            q1: quantile_sorted(&self.sorted, 0.25),
            median: quantile_sorted(&self.sorted, 0.5),
            q3: quantile_sorted(&self.sorted, 0.75),
        }
    }

    fn enter(&mut self, value: Option<f64>) {
        if self.rows.len() == self.n
            && let Some(Some(oldest)) = self.rows.pop_front()
        {
            let at = self.sorted.partition_point(|other| other.total_cmp(&oldest).is_lt());
            self.sorted.remove(at);
        }
        self.rows.push_back(value);
        if let Some(value) = value {
            let at = self.sorted.partition_point(|other| other.total_cmp(&value).is_lt());
            self.sorted.insert(at, value);
        }
    }
}
