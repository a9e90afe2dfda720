//! Chance, from a seed.
//!
//! xoshiro256++ seeded through `SplitMix64` (Blackman and Vigna, public domain). It is written out
//! here because a crate's generator may change between versions, and with it every log and every
//! ground truth ever made from a seed.
//!
//! Each purpose has a stream of its own, named by labels: what one bot draws never moves what
//! another draws, so an incident changes the bot it strikes and nothing else.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rng {
    state: [u64; 4],
}

/// One step of `SplitMix64`: spreads the bits of `state` over the whole word.
pub(crate) fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number that stands for `labels` under `seed`.
pub(crate) fn key(seed: u64, labels: &[&str]) -> u64 {
    let mut key = mix(seed);
    for label in labels {
        for byte in label.bytes() {
            key = mix(key ^ u64::from(byte));
        }
        // So that ["ab", "c"] and ["a", "bc"] are two streams.
        key = mix(key ^ 0x100);
    }
    key
}

impl Rng {
    /// The stream of `labels` under `seed`.
    pub(crate) fn new(seed: u64, labels: &[&str]) -> Rng {
        let mut word = key(seed, labels);
        let state = std::array::from_fn(|_| {
            word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(word)
        });
        Rng { state }
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let t = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= t;
        *d = d.rotate_left(45);
        result
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in 0..n; `n` is small, so the bias of the multiplication is below 2⁻⁴⁰.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Uniform in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    /// True with `probability`.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of `choices`.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// The standard normal, by Marsaglia's polar method. Its second value is thrown away: a stream
    /// that remembers half a pair is one more state to get wrong.
    pub(crate) fn normal(&mut self) -> f64 {
        loop {
            let (u, v) = (self.unit() * 2.0 - 1.0, self.unit() * 2.0 - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return u * (-2.0 * s.ln() / s).sqrt();
            }
        }
    }

    /// Exponential with this mean: the wait for the next of many independent things.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Student's t, the shape of real returns: a normal over the root of a mean of squares.
    pub(crate) fn student_t(&mut self, degrees: u32) -> f64 {
        let squares: f64 = (0..degrees).map(|_| self.normal().powi(2)).sum();
        self.normal() / (squares / f64::from(degrees)).sqrt()
    }

    /// Log-normal with this median: the shape of latencies. A `spread` of 0.6 puts p99 at four
    /// times the median.
    pub(crate) fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        median * (spread * self.normal()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(draw: impl FnMut() -> f64) -> (f64, f64) {
        let values: Vec<f64> = std::iter::repeat_with(draw).take(100_000).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, variance)
    }

    fn check(name: &str, draw: impl FnMut() -> f64, mean: f64, variance: f64) {
        let (got_mean, got_variance) = moments(draw);
        assert!((got_mean - mean).abs() < 0.03, "{name}: mean {got_mean}, wanted {mean}");
        let relative = (got_variance / variance - 1.0).abs();
        assert!(relative < 0.1, "{name}: variance {got_variance}, wanted {variance}");
    }

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        let mut rng = Rng::new(7, &["moments"]);
        check("unit", || rng.unit(), 0.5, 1.0 / 12.0);
        check("normal", || rng.normal(), 0.0, 1.0);
        check("exponential", || rng.exponential(2.0), 2.0, 4.0);
        check("student t, 8 degrees", || rng.student_t(8), 0.0, 8.0 / 6.0);
        check("log of log-normal", || rng.log_normal(1.0, 0.6).ln(), 0.0, 0.36);
        check("below 7", || rng.below(7) as f64, 3.0, 4.0);
    }

    #[test]
    fn the_first_draws_of_a_seed_are_these_for_ever() {
        // From the reference implementation of xoshiro256++ with the state 1, 2, 3, 4.
        let mut rng = Rng { state: [1, 2, 3, 4] };
        let drawn: Vec<u64> = (0..4).map(|_| rng.bits()).collect();
        assert_eq!(drawn, [41943041, 58720359, 3588806011781223, 3591011842654386]);
    }

    #[test]
    fn streams_of_other_labels_differ() {
        let first = |labels: &[&str]| Rng::new(1, labels).bits();
        assert_ne!(first(&["ab", "c"]), first(&["a", "bc"]));
        assert_eq!(first(&["ab", "c"]), first(&["ab", "c"]));
    }
}
