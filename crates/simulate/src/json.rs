//! One JSON line, written straight into bytes.
//!
//! Prices, sizes and money are integers here and get their decimal point as they are written, so no
//! digit depends on how a float prints, and half a million lines a second cost no allocation.

use crate::calendar::{Micros, Moment, SECOND};

/// How a logger spaces its JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spacing {
    /// `{"a": 1, "b": 2}`, as Python's `json.dumps` does.
    Wide,
    /// `{"a":1,"b":2}`, as Jackson and most others do.
    Tight,
}

/// An object being written.
pub(crate) struct Json<'a> {
    out: &'a mut Vec<u8>,
    spacing: Spacing,
    first: bool,
}

impl<'a> Json<'a> {
    /// Opens an object at the end of `out`.
    pub(crate) fn open(out: &'a mut Vec<u8>, spacing: Spacing) -> Json<'a> {
        out.push(b'{');
        Json { out, spacing, first: true }
    }

    /// Ends the object.
    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    fn separate(&mut self) {
        if !self.first {
            self.out.extend_from_slice(match self.spacing {
                Spacing::Wide => b", ",
                Spacing::Tight => b",",
            });
        }
        self.first = false;
    }

    fn key(&mut self, key: &str) {
        self.separate();
        string(self.out, key);
        self.out.extend_from_slice(match self.spacing {
            Spacing::Wide => b": ",
            Spacing::Tight => b":",
        });
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        string(self.out, value);
    }

    /// `prefix` and then `value` in 16 hexadecimal digits: an id.
    pub(crate) fn id(&mut self, key: &str, prefix: &str, value: u64) {
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(prefix.as_bytes());
        for nibble in (0..16).rev() {
            self.out.push(b"0123456789abcdef"[(value >> (nibble * 4) & 15) as usize]);
        }
        self.out.push(b'"');
    }

    pub(crate) fn int(&mut self, key: &str, value: i64) {
        self.key(key);
        integer(self.out, value);
    }

    pub(crate) fn bool(&mut self, key: &str, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// `value` × 10^−`decimals` as Python and Java print a float: without trailing zeros, with at
    /// least one decimal.
    pub(crate) fn decimal(&mut self, key: &str, value: i64, decimals: u8) {
        self.key(key);
        decimal(self.out, value, decimals);
    }

    /// As [`decimal`](Json::decimal), in quotes: how many venues send money.
    pub(crate) fn quoted(&mut self, key: &str, value: i64, decimals: u8) {
        self.key(key);
        self.out.push(b'"');
        decimal(self.out, value, decimals);
        self.out.push(b'"');
    }

    /// A measured figure rounded to `decimals`.
    pub(crate) fn float(&mut self, key: &str, value: f64, decimals: u8) {
        self.decimal(key, (value * 10f64.powi(i32::from(decimals))).round() as i64, decimals);
    }

    /// Seconds since the epoch, as `time.time()` prints.
    pub(crate) fn epoch_seconds(&mut self, key: &str, at: Micros) {
        self.decimal(key, at, 6);
    }

    /// ISO 8601 with `digits` of a second's fraction and then `zone`, in quotes.
    pub(crate) fn iso(&mut self, key: &str, at: Micros, digits: u32, zone: &str) {
        self.key(key);
        self.out.push(b'"');
        iso(self.out, at, digits);
        self.out.extend_from_slice(zone.as_bytes());
        self.out.push(b'"');
    }

    /// An object within this one.
    pub(crate) fn object(&mut self, key: &str, fill: impl FnOnce(&mut Json<'_>)) {
        self.key(key);
        let mut inner = Json::open(self.out, self.spacing);
        fill(&mut inner);
        inner.close();
    }

    /// A list of objects.
    pub(crate) fn list<T>(
        &mut self,
        key: &str,
        items: impl Iterator<Item = T>,
        fill: impl Fn(&mut Json<'_>, T),
    ) {
        self.key(key);
        self.out.push(b'[');
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.out.extend_from_slice(match self.spacing {
                    Spacing::Wide => b", ".as_slice(),
                    Spacing::Tight => b",",
                });
            }
            let mut inner = Json::open(self.out, self.spacing);
            fill(&mut inner, item);
            inner.close();
        }
        self.out.push(b']');
    }
}

fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            // Others than these come only in a bot's name, which is also a folder's.
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// `value` in digits.
pub(crate) fn integer(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    digits(out, value.unsigned_abs(), 1);
}

/// `value` with at least `width` digits.
fn digits(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut buffer = [b'0'; 20];
    let mut at = buffer.len();
    while value > 0 {
        at -= 1;
        buffer[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let from = at.min(buffer.len() - width);
    out.extend_from_slice(&buffer[from..]);
}

fn decimal(out: &mut Vec<u8>, value: i64, decimals: u8) {
    if value < 0 {
        out.push(b'-');
    }
    let unit = 10u64.pow(u32::from(decimals));
    digits(out, value.unsigned_abs() / unit, 1);
    out.push(b'.');
    let fraction = value.unsigned_abs() % unit;
    if fraction == 0 {
        out.push(b'0');
        return;
    }
    digits(out, fraction, usize::from(decimals));
    while out.last() == Some(&b'0') {
        out.pop();
    }
}

/// `2026-01-05T09:30:00` and `digits` of the fraction.
pub(crate) fn iso(out: &mut Vec<u8>, at: Micros, fraction_digits: u32) {
    let moment = Moment::of(at);
    digits(out, moment.year.unsigned_abs(), 4);
    let parts = [
        (b'-', moment.month),
        (b'-', moment.day),
        (b'T', moment.hour),
        (b':', moment.minute),
        (b':', moment.second),
    ];
    for (mark, part) in parts {
        out.push(mark);
        digits(out, part.unsigned_abs(), 2);
    }
    if fraction_digits > 0 {
        out.push(b'.');
        let fraction = moment.micros / (SECOND / 10i64.pow(fraction_digits));
        digits(out, fraction.unsigned_abs(), fraction_digits as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spacing: Spacing, fill: impl FnOnce(&mut Json<'_>), want: &str) {
        let mut out = Vec::new();
        let mut json = Json::open(&mut out, spacing);
        fill(&mut json);
        json.close();
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    #[test]
    fn decimals_print_as_python_prints_floats() {
        let decimal = |value, decimals, want: &str| {
            check(
                Spacing::Tight,
                |j| j.decimal("v", value, decimals),
                &format!("{{\"v\":{want}}}"),
            );
        };
        decimal(42, 2, "0.42");
        decimal(40, 2, "0.4");
        decimal(-5, 2, "-0.05");
        decimal(1000, 2, "10.0");
        decimal(0, 6, "0.0");
        decimal(1_763_000_000_123_456, 6, "1763000000.123456");
        decimal(1_763_000_000_500_000, 6, "1763000000.5");
    }

    #[test]
    fn times_have_the_digits_asked_for() {
        let at = 1_767_225_599_023_456;
        check(Spacing::Tight, |j| j.iso("t", at, 0, "Z"), r#"{"t":"2025-12-31T23:59:59Z"}"#);
        check(Spacing::Tight, |j| j.iso("t", at, 3, "Z"), r#"{"t":"2025-12-31T23:59:59.023Z"}"#);
        check(Spacing::Tight, |j| j.iso("t", at, 6, ""), r#"{"t":"2025-12-31T23:59:59.023456"}"#);
    }

    #[test]
    fn loggers_space_their_objects_differently() {
        let fill = |j: &mut Json<'_>| {
            j.text("a", "say\t\"hi\"\n\u{1}");
            j.object("b", |j| j.int("c", -7));
            j.list("d", [1, 2].into_iter(), |j, v| j.bool("e", v == 1));
        };
        check(
            Spacing::Wide,
            fill,
            r#"{"a": "say\t\"hi\"\n\u0001", "b": {"c": -7}, "d": [{"e": true}, {"e": false}]}"#,
        );
        check(
            Spacing::Tight,
            fill,
            r#"{"a":"say\t\"hi\"\n\u0001","b":{"c":-7},"d":[{"e":true},{"e":false}]}"#,
        );
    }
}
