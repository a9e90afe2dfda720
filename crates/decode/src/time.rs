//! Timestamps: the forms that logs write them in, as microseconds UTC.
//!
//! A time without a zone is read in the source's zone. Where the clocks went back it is the first of
//! the two instants; where they went forward, the instant the skipped wall time would have been had
//! they not.

use chrono::{LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use fillwatch_model::Micros;

use crate::scan::{Number, Value, whole};

/// A point in time as a log wrote it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stamp {
    pub(crate) micros: Micros,
    /// Whether microseconds hold all of its digits.
    pub(crate) exact: bool,
    pub(crate) form: Form,
}

/// How a log writes its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// RFC 3339, or near it, in UTC.
    Utc,
    /// The same with another offset.
    Offset,
    /// Date and time without a zone.
    Naive,
    /// A date alone.
    Date,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Microseconds since 1970.
    Microseconds,
    /// Nanoseconds since 1970.
    Nanoseconds,
}

impl Form {
    /// All of them, in order.
    pub const ALL: [Form; 8] = [
        Form::Utc,
        Form::Offset,
        Form::Naive,
        Form::Date,
        Form::Seconds,
        Form::Milliseconds,
        Form::Microseconds,
        Form::Nanoseconds,
    ];

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Form::Utc => "date and time in UTC",
            Form::Offset => "date and time with an offset",
            Form::Naive => "date and time without a zone",
            Form::Date => "date",
            Form::Seconds => "epoch seconds",
            Form::Milliseconds => "epoch milliseconds",
            Form::Microseconds => "epoch microseconds",
            Form::Nanoseconds => "epoch nanoseconds",
        }
    }
}

const SECOND: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;

/// 2000-01-01 and 2200-01-01. A number outside is no time of a trading bot's.
const SECONDS_MIN: i64 = 946_684_800;
const SECONDS_MAX: i64 = 7_258_118_400;

/// The zone of times that name none.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    tz: Tz,
    /// The quarter of an hour last asked for and its offset. Offsets change on such boundaries.
    last: Option<(i64, i64)>,
}

impl Zone {
    pub(crate) fn new(tz: Tz) -> Zone {
        Zone { tz, last: None }
    }

    fn utc(&mut self, local_seconds: i64) -> i64 {
        if self.tz == Tz::UTC {
            return local_seconds;
        }
        let quarter = local_seconds.div_euclid(900);
        let offset = match self.last {
            Some((known, offset)) if known == quarter => offset,
            _ => offset_at(self.tz, local_seconds),
        };
        self.last = Some((quarter, offset));
        local_seconds - offset
    }
}

fn offset_at(tz: Tz, local_seconds: i64) -> i64 {
    let at = |seconds| {
        let local: NaiveDateTime = chrono::DateTime::from_timestamp(seconds, 0)?.naive_utc();
        match tz.offset_from_local_datetime(&local) {
            LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
                Some(i64::from(offset.fix().local_minus_utc()))
            }
            LocalResult::None => None,
        }
    };
    // No gap is longer than a day, so the day before says what the offset was when it began.
    at(local_seconds).or_else(|| at(local_seconds - DAY_SECONDS)).unwrap_or(0)
}

/// The time that `text` is, all of it.
pub(crate) fn in_text(text: &[u8], zone: &mut Zone) -> Option<Stamp> {
    let text = text.trim_ascii();
    match civil(text, zone) {
        Some((stamp, used)) if used == text.len() => Some(stamp),
        _ => match whole(text)? {
            token if token.end as usize != text.len() => None,
            token => match token.value() {
                Value::Number(number) => in_number(&number, text),
                _ => None,
            },
        },
    }
}

/// The time that `text` begins with, and how many bytes it takes.
pub(crate) fn at_start(text: &[u8], zone: &mut Zone) -> Option<(Stamp, usize)> {
    civil(text, zone)
}

/// The time that a number since 1970 is: its size tells the unit, for the ranges do not overlap.
#[inline(always)]
pub(crate) fn in_number(number: &Number, raw: &[u8]) -> Option<Stamp> {
    if number.exponent {
        return in_float(raw);
    }
    let (whole, fraction, fraction_digits) = halves(number, raw)?;
    let whole_digits = number.digits.saturating_sub(number.fraction);
    let (form, shift) = match whole_digits {
        9..=10 => (Form::Seconds, 0),
        12..=13 => (Form::Milliseconds, 3),
        15..=16 => (Form::Microseconds, 6),
        18..=19 => (Form::Nanoseconds, 9),
        _ => return None,
    };
    if number.negative {
        return None;
    }
    // In units of 10^-(6 - shift) seconds, `fraction` has the digits after the point.
    let (micros, exact) = if shift <= 6 {
        let wanted = 6 - shift;
        let (more, exact) = first_digits(fraction, fraction_digits, wanted);
        (whole.checked_mul(POWERS[wanted as usize])?.checked_add(more)?, exact)
    } else {
        (whole / 1000, whole % 1000 == 0 && fraction == 0)
    };
    within(micros).then_some(Stamp { micros, exact, form })
}

const POWERS: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < 19 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// What stands before the point, what stands after it, and how many digits the latter has (cut at
/// 18, a nonzero digit beyond showing as a last digit 1).
#[inline(always)]
fn halves(number: &Number, raw: &[u8]) -> Option<(i64, i64, u32)> {
    if number.digits <= 18 && number.fraction <= 18 {
        let power = POWERS[usize::from(number.fraction)];
        let mantissa = number.mantissa as i64;
        return Some((mantissa / power, mantissa % power, u32::from(number.fraction)));
    }
    let text = std::str::from_utf8(raw).ok()?.trim_start_matches('-');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let kept = &fraction[..fraction.len().min(17)];
    let lost = fraction[kept.len()..].bytes().any(|b| b != b'0');
    let digits: i64 = kept.parse().ok()?;
    Some((whole.parse().ok()?, digits * 10 + i64::from(lost), kept.len() as u32 + 1))
}

/// The first `wanted` of `digits` digits, and whether the others are zero.
#[inline(always)]
fn first_digits(value: i64, digits: u32, wanted: u32) -> (i64, bool) {
    if digits <= wanted {
        return (value * POWERS[(wanted - digits) as usize], true);
    }
    let cut = POWERS[(digits - wanted) as usize];
    (value / cut, value % cut == 0)
}

/// `1.7637123451E9`, as Java prints large doubles.
#[cold]
fn in_float(raw: &[u8]) -> Option<Stamp> {
    let value: f64 = fast_float2::parse(raw).ok()?;
    let units = [
        (Form::Seconds, 1e6),
        (Form::Milliseconds, 1e3),
        (Form::Microseconds, 1.0),
        (Form::Nanoseconds, 1e-3),
    ];
    units.into_iter().find_map(|(form, factor)| {
        let micros = (value * factor).round() as i64;
        within(micros).then_some(Stamp { micros, exact: false, form })
    })
}

fn within(micros: Micros) -> bool {
    (SECONDS_MIN * SECOND..SECONDS_MAX * SECOND).contains(&micros)
}

/// A date, and what may follow it.
fn civil(text: &[u8], zone: &mut Zone) -> Option<(Stamp, usize)> {
    let (days, mut at) = date(text)?;
    let mut stamp = Stamp { micros: 0, exact: true, form: Form::Date };
    let Some((clock, used)) = clock_after(text, at) else {
        stamp.micros = zone.utc(days * DAY_SECONDS) * SECOND;
        return within(stamp.micros).then_some((stamp, at));
    };
    at = used;
    stamp.exact = clock.exact;
    let local = days * DAY_SECONDS + clock.seconds;
    let seconds = match offset(text, at) {
        Some((offset, used)) => {
            at = used;
            stamp.form = if offset == 0 { Form::Utc } else { Form::Offset };
            local - offset
        }
        None => {
            stamp.form = Form::Naive;
            zone.utc(local)
        }
    };
    stamp.micros = seconds * SECOND + clock.micros;
    within(stamp.micros).then_some((stamp, at))
}

/// `2025-11-24`, `2025/11/24` or `20251124`: days since 1970, and where it ends.
fn date(text: &[u8]) -> Option<(i64, usize)> {
    let year = digits(text, 0, 4)?;
    let (month, day, end) = match text.get(4)? {
        separator @ (b'-' | b'/') if text.get(7) == Some(separator) => {
            (digits(text, 5, 2)?, digits(text, 8, 2)?, 10)
        }
        _ => (digits(text, 4, 2)?, digits(text, 6, 2)?, 8),
    };
    let runs_on = text.get(end).is_some_and(u8::is_ascii_digit);
    if runs_on || !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    Some((days_since_epoch(year, month, day), end))
}

#[inline(always)]
fn digits(text: &[u8], at: usize, count: usize) -> Option<i64> {
    text.get(at..at + count)?.iter().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| value * 10 + i64::from(digit))
    })
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Howard Hinnant's `days_from_civil`.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

struct Clock {
    seconds: i64,
    micros: i64,
    exact: bool,
}

/// The time of day after a date that ends at `at`, and where it ends.
fn clock_after(text: &[u8], at: usize) -> Option<(Clock, usize)> {
    if !matches!(text.get(at)?, b'T' | b't' | b' ' | b'_') {
        return None;
    }
    let at = at + 1;
    let hour = digits(text, at, 2)?;
    let colon = text.get(at + 2) == Some(&b':');
    let step = if colon { 3 } else { 2 };
    let minute = digits(text, at + step, 2)?;
    let mut end = at + step + 2;
    let mut clock = Clock { seconds: hour * 3600 + minute * 60, micros: 0, exact: true };
    let separated = !colon || text.get(end) == Some(&b':');
    if separated && let Some(second) = digits(text, end + usize::from(colon), 2) {
        end += step;
        // 60 is a leap second; it becomes the first of the next minute.
        if second > 60 {
            return None;
        }
        clock.seconds += second;
        end = fraction(text, end, &mut clock);
    }
    if hour > 23 || minute > 59 {
        return None;
    }
    Some(half_day(text, end, clock, hour))
}

/// `.123456789` or `,123` at `at`; returns where it ends.
fn fraction(text: &[u8], at: usize, clock: &mut Clock) -> usize {
    if !matches!(text.get(at), Some(b'.' | b',')) {
        return at;
    }
    let mut end = at + 1;
    let mut unit = 100_000;
    while let Some(byte) = text.get(end).filter(|b| b.is_ascii_digit()) {
        let digit = i64::from(byte - b'0');
        clock.micros += digit * unit;
        clock.exact &= unit > 0 || digit == 0;
        unit /= 10;
        end += 1;
    }
    if end == at + 1 { at } else { end }
}

/// `PM` or ` am` at `at`.
fn half_day(text: &[u8], at: usize, mut clock: Clock, hour: i64) -> (Clock, usize) {
    let start = at + usize::from(text.get(at) == Some(&b' '));
    let is_word = !text.get(start + 2).is_some_and(u8::is_ascii_alphanumeric);
    let half = match text.get(start..start + 2) {
        Some(half) if is_word && (1..=12).contains(&hour) => half,
        _ => return (clock, at),
    };
    if half.eq_ignore_ascii_case(b"am") {
        clock.seconds -= if hour == 12 { 43_200 } else { 0 };
    } else if half.eq_ignore_ascii_case(b"pm") {
        clock.seconds += if hour == 12 { 0 } else { 43_200 };
    } else {
        return (clock, at);
    }
    (clock, start + 2)
}

/// `Z`, `+02:00`, `-0500`, `+02`, ` UTC` or ` +0000 UTC` at `at`: seconds east, and where it ends.
fn offset(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let start = at + usize::from(text.get(at) == Some(&b' '));
    let rest = text.get(start..)?;
    if let Some(b'Z' | b'z') = rest.first()
        && start == at
    {
        return Some((0, at + 1));
    }
    if rest.starts_with(b"UTC") || rest.starts_with(b"GMT") {
        return Some((0, start + 3));
    }
    let sign = match rest.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = digits(rest, 1, 2)?;
    let colon = usize::from(rest.get(3) == Some(&b':'));
    let (minutes, mut end) = match digits(rest, 3 + colon, 2) {
        Some(minutes) => (minutes, start + 5 + colon),
        None => (0, start + 3),
    };
    if hours > 18 || minutes > 59 {
        return None;
    }
    // Go's own format names the zone once more, and may add its monotonic clock.
    for word in [&b" UTC"[..], b" GMT"] {
        if text[end..].starts_with(word) {
            end += word.len();
        }
    }
    if text[end..].starts_with(b" m=") {
        end += text[end + 1..].iter().take_while(|b| **b != b' ').count() + 1;
    }
    Some((sign * (hours * 3600 + minutes * 60), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(stamp: Option<Stamp>) -> String {
        let Some(stamp) = stamp else { return "no time".to_owned() };
        let time = chrono::DateTime::from_timestamp_micros(stamp.micros).unwrap();
        let exact = if stamp.exact { "" } else { " rounded" };
        format!("{} {:?}{exact}", time.format("%Y-%m-%d %H:%M:%S%.6f"), stamp.form)
    }

    fn check(text: &str, expected: &str) {
        check_in("UTC", text, expected);
    }

    fn check_in(zone: &str, text: &str, expected: &str) {
        let mut zone = Zone::new(zone.parse().unwrap());
        assert_eq!(shown(in_text(text.as_bytes(), &mut zone)), expected, "{text}");
    }

    #[test]
    fn rfc_3339_and_its_relatives() {
        check("2026-01-01T12:00:00Z", "2026-01-01 12:00:00.000000 Utc");
        check("2026-01-01T12:00:00.123456Z", "2026-01-01 12:00:00.123456 Utc");
        check("2026-01-01T12:00:00.123456789Z", "2026-01-01 12:00:00.123456 Utc rounded");
        check("2026-01-01T12:00:00.123456000Z", "2026-01-01 12:00:00.123456 Utc");
        check("2022-12-17T18:05:48.479126-05:00", "2022-12-17 23:05:48.479126 Offset");
        check("2025-11-24T12:01:45.123+0200", "2025-11-24 10:01:45.123000 Offset");
        check("2025-11-24T12:01:45+02", "2025-11-24 10:01:45.000000 Offset");
        check("2025-11-24 12:01:45 UTC", "2025-11-24 12:01:45.000000 Utc");
        check("2025-11-24 12:01:45.5 +0000 UTC m=+0.003", "2025-11-24 12:01:45.500000 Utc");
        check("2016-12-31T23:59:60Z", "2017-01-01 00:00:00.000000 Utc");
    }

    #[test]
    fn times_without_a_zone() {
        check("2025-11-24 12:01:45,123", "2025-11-24 12:01:45.123000 Naive");
        check("2025-11-24T12:01:45", "2025-11-24 12:01:45.000000 Naive");
        check("2025/11/24 12:01:45", "2025-11-24 12:01:45.000000 Naive");
        check("20251124 12:01:45.123", "2025-11-24 12:01:45.123000 Naive");
        check("20251124T120145", "2025-11-24 12:01:45.000000 Naive");
        check("2025-11-24 12:01PM", "2025-11-24 12:01:00.000000 Naive");
        check("2025-11-24 01:05 pm", "2025-11-24 13:05:00.000000 Naive");
        check("2025-11-24 12:05AM", "2025-11-24 00:05:00.000000 Naive");
        check("2025-11-24", "2025-11-24 00:00:00.000000 Date");
    }

    #[test]
    fn they_are_read_in_the_zone_of_the_source() {
        check_in("Europe/Berlin", "2025-07-01T12:00:00", "2025-07-01 10:00:00.000000 Naive");
        check_in("Europe/Berlin", "2025-01-01T12:00:00", "2025-01-01 11:00:00.000000 Naive");
        check_in("Europe/Berlin", "2025-01-01T12:00:00Z", "2025-01-01 12:00:00.000000 Utc");
        // The hour that happened twice: the first. The hour that did not: as if it had.
        check_in("Europe/Berlin", "2025-10-26T02:30:00", "2025-10-26 00:30:00.000000 Naive");
        check_in("Europe/Berlin", "2025-03-30T02:30:00", "2025-03-30 01:30:00.000000 Naive");
    }

    #[test]
    fn numbers_since_1970_show_their_unit_by_their_size() {
        check("1763712345", "2025-11-21 08:05:45.000000 Seconds");
        check("1763712345.123456", "2025-11-21 08:05:45.123456 Seconds");
        check("1763712345.1234567", "2025-11-21 08:05:45.123456 Seconds rounded");
        check("1763712345.12345600000000000000", "2025-11-21 08:05:45.123456 Seconds");
        check("1763712345.12345600000000000001", "2025-11-21 08:05:45.123456 Seconds rounded");
        check("1763712345123", "2025-11-21 08:05:45.123000 Milliseconds");
        check("1763712345123.456", "2025-11-21 08:05:45.123456 Milliseconds");
        check("1763712345123456", "2025-11-21 08:05:45.123456 Microseconds");
        check("1763712345123456000", "2025-11-21 08:05:45.123456 Nanoseconds");
        check("1763712345123456789", "2025-11-21 08:05:45.123456 Nanoseconds rounded");
        check("1.763712345E9", "2025-11-21 08:05:45.000000 Seconds rounded");
        check("999999999", "2001-09-09 01:46:39.000000 Seconds");
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "0",
            "42",
            "12345678",
            "-1763712345",
            "1e300",
            "1e-300",
            "2025-13-01",
            "2025-02-29",
            "2025-11-24T25:00:00Z",
            "1999-12-31",
            "2200-01-01",
            "12:01:45",
            "2025-11-24 soon",
            "99999999999999999999",
            "20251124",
            "heartbeat",
            "0.1763712345",
        ] {
            let shown = match text {
                "20251124" => "2025-11-24 00:00:00.000000 Date",
                _ => "no time",
            };
            check(text, shown);
        }
    }
}
