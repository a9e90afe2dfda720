//! Durations, sizes, counts and moments: how they are typed, and how they are shown.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat};
use fillwatch_model::Micros;

const DURATIONS: &[(&str, f64)] =
    &[("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0), ("w", 604_800.0)];

const SIZES: &[(&str, f64)] = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

/// Reads `250ms`, `5s`, `1.5h`, `1d12h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    sum(text, |unit| value_of(DURATIONS, unit, true))
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| {
            format!("`{text}` is not a duration: write a number and one of ms, s, m, h, d, w, as in `5s`")
        })
}

/// Reads `64MiB`, `50GB`, `1.5 GiB`; a number alone is bytes.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    text.trim()
        .parse::<u64>()
        .ok()
        .or_else(|| sum(text, |unit| value_of(SIZES, unit, false)).map(|bytes| bytes as u64))
        .ok_or_else(|| {
            format!(
                "`{text}` is not a size: write a number and one of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB, as in `64MiB`"
            )
        })
}

/// Reads `2026-01-31T12:00:00Z`, with any offset; a date, or a time without offset, is UTC.
pub(crate) fn parse_moment(text: &str) -> Result<Micros, String> {
    let text = text.trim();
    let zoned = DateTime::parse_from_rfc3339(text).map(|at| at.timestamp_micros());
    let naive = || {
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .map(|at| at.and_utc().timestamp_micros())
    };
    let date = || {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros())
    };
    zoned.ok().or_else(naive).or_else(date).ok_or_else(|| {
        format!("`{text}` is not a time: write it as in `2026-01-31T12:00:00Z` or `2026-01-31`")
    })
}

/// Adds up `1d12h`: pairs of a number and a unit.
fn sum(text: &str, unit_value: impl Fn(&str) -> Option<f64>) -> Option<f64> {
    let mut rest = text.trim();
    let mut total = None;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        total = Some(total.unwrap_or(0.0) + number.parse::<f64>().ok()? * unit_value(unit)?);
        rest = tail.trim_start();
    }
    total
}

fn value_of(units: &[(&str, f64)], name: &str, exact_case: bool) -> Option<f64> {
    units
        .iter()
        .find(|(unit, _)| *unit == name || (!exact_case && unit.eq_ignore_ascii_case(name)))
        .map(|(_, value)| *value)
}

/// `1234567` as `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3 files`, `1 file`.
pub(crate) fn of(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// Bytes in the decimal units that disks and throughput are told in.
pub(crate) fn bytes(n: u64) -> String {
    let (value, unit) = match n {
        0..1_000 => return format!("{n} B"),
        1_000..1_000_000 => (n as f64 / 1e3, "kB"),
        1_000_000..1_000_000_000 => (n as f64 / 1e6, "MB"),
        1_000_000_000..1_000_000_000_000 => (n as f64 / 1e9, "GB"),
        _ => (n as f64 / 1e12, "TB"),
    };
    // Three digits that mean something, and none that do not.
    if value < 9.995 {
        format!("{value:.2} {unit}")
    } else if value < 99.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// Bytes in the binary units that limits of memory are written in.
pub(crate) fn memory(n: u64) -> String {
    const GIB: u64 = 1 << 30;
    if n >= GIB && n.is_multiple_of(GIB) {
        return format!("{} GiB", n >> 30);
    }
    match n >> 20 {
        0 => format!("{n} B"),
        mib => format!("{mib} MiB"),
    }
}

/// A length of time in the two largest units that say something.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (large, small, each, part) = match seconds {
        0 if time < Duration::from_millis(1) => return format!("{} µs", time.as_micros()),
        0 => return format!("{} ms", time.as_millis()),
        1..60 => return format!("{:.1} s", time.as_secs_f64()),
        60..3_600 => ("m", "s", 60, 1),
        3_600..86_400 => ("h", "m", 3_600, 60),
        _ => ("d", "h", 86_400, 3_600),
    };
    let (whole, rest) = (seconds / each, seconds % each / part);
    if rest == 0 {
        format!("{whole} {large}")
    } else {
        format!("{whole} {large} {rest:02} {small}")
    }
}

/// A moment, in UTC, to the second.
pub(crate) fn moment(at: Micros) -> String {
    DateTime::from_timestamp_micros(at)
        .map_or_else(|| at.to_string(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let seconds = |text| parse_duration(text).unwrap().as_secs_f64();
        assert_eq!(seconds("250ms"), 0.25);
        assert_eq!(seconds("5s"), 5.0);
        assert_eq!(seconds("1.5h"), 5_400.0);
        assert_eq!(seconds("1d12h"), 129_600.0);
        assert_eq!(seconds(" 7 d "), 604_800.0);
        for wrong in ["", "5", "s", "5x", "-5s", "5s!", "1e3s", "5M"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
        assert!(parse_duration("5 parsecs").unwrap_err().contains("as in `5s`"));
    }

    #[test]
    fn sizes_are_read() {
        assert_eq!(parse_size("64MiB"), Ok(64 << 20));
        assert_eq!(parse_size("50gb"), Ok(50_000_000_000));
        assert_eq!(parse_size("1.5 GiB"), Ok(3 << 29));
        assert_eq!(parse_size("4096"), Ok(4096));
        assert!(parse_size("64 megs").unwrap_err().contains("as in `64MiB`"));
        assert!(parse_size("").is_err());
        assert!(parse_size("-1").is_err());
    }

    #[test]
    fn moments_are_read_and_shown_in_utc() {
        let shown = |text| moment(parse_moment(text).unwrap());
        assert_eq!(shown("2026-01-31T12:00:00+02:00"), "2026-01-31T10:00:00Z");
        assert_eq!(shown("2026-01-31 12:00"), "2026-01-31T12:00:00Z");
        assert_eq!(shown("2026-01-31"), "2026-01-31T00:00:00Z");
        assert!(parse_moment("31.1.2026").is_err());
    }

    #[test]
    fn figures_are_shown_short() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(of(1, "row", "rows"), "1 row");
        assert_eq!(of(2_000, "row", "rows"), "2,000 rows");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_500), "1.50 kB");
        assert_eq!(bytes(999_999), "1000 kB");
        assert_eq!(bytes(612_345_678), "612 MB");
        assert_eq!(memory(2 << 30), "2 GiB");
        assert_eq!(memory(1_536 << 20), "1536 MiB");
        assert_eq!(duration(Duration::from_micros(1_240_000)), "1.2 s");
        assert_eq!(duration(Duration::from_secs(185)), "3 m 05 s");
        assert_eq!(duration(Duration::from_secs(90_000)), "1 d 01 h");
        assert_eq!(duration(Duration::from_secs(86_400)), "1 d");
    }
}
