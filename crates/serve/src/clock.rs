//! The one place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use fillwatch_model::{Clock, Micros};

/// The host's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Micros {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i128::try_from(since.as_micros()).unwrap_or(i128::MAX),
            // Before 1970: a host without a battery, until it has asked the time.
            Err(before) => -i128::try_from(before.duration().as_micros()).unwrap_or(i128::MAX),
        };
        micros.clamp(i64::MIN.into(), i64::MAX.into()) as Micros
    }
}
