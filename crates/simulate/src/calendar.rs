//! Dates from microseconds, proleptic Gregorian, UTC.

/// Microseconds since the Unix epoch, UTC. Simulated: no clock is read anywhere in this crate.
pub type Micros = i64;

pub(crate) const MILLISECOND: Micros = 1_000;
pub(crate) const SECOND: Micros = 1_000 * MILLISECOND;
pub(crate) const MINUTE: Micros = 60 * SECOND;
pub(crate) const HOUR: Micros = 60 * MINUTE;
pub(crate) const DAY: Micros = 24 * HOUR;

/// `seconds` as [`Micros`].
pub(crate) fn micros(seconds: f64) -> Micros {
    (seconds * SECOND as f64) as Micros
}

/// A moment as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) micros: i64,
}

impl Moment {
    pub(crate) fn of(at: Micros) -> Moment {
        let (year, month, day) = civil(at.div_euclid(DAY));
        let of_day = at.rem_euclid(DAY);
        Moment {
            year,
            month,
            day,
            hour: of_day / HOUR,
            minute: of_day / MINUTE % 60,
            second: of_day / SECOND % 60,
            micros: of_day % SECOND,
        }
    }
}

/// Year, month and day of a day counted from the Unix epoch: Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at: Micros, want: &str) {
        let m = Moment::of(at);
        let got = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}",
            m.year, m.month, m.day, m.hour, m.minute, m.second, m.micros
        );
        assert_eq!(got, want);
    }

    #[test]
    fn moments_are_what_date_says() {
        check(0, "1970-01-01T00:00:00.000000");
        check(-1, "1969-12-31T23:59:59.999999");
        check(951_782_400_000_000, "2000-02-29T00:00:00.000000");
        check(1_767_225_599_123_456, "2025-12-31T23:59:59.123456");
        check(4_107_542_400_000_000, "2100-03-01T00:00:00.000000");
    }
}
