//! Numbers as columns hold them, and whether a digit was lost on the way.

use crate::scan::{Number, Token, Value, whole};

/// A float, and whether its shortest decimal form is the number that was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rounded {
    pub(crate) value: f64,
    pub(crate) exact: bool,
}

/// Powers of ten that a float holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Decimals of so many digits survive the way into a float and back, whatever they are.
const DIGITS_SAFE: u8 = 15;

/// The number as a float. `None` for one that is beyond all floats.
#[inline(always)]
pub(crate) fn float(number: &Number, raw: &[u8]) -> Option<Rounded> {
    // Both operands are exact, so the one division rounds correctly (Clinger 1990).
    if number.digits <= DIGITS_SAFE && !number.exponent && number.fraction <= 22 {
        let magnitude = number.mantissa as f64 / POWERS[usize::from(number.fraction)];
        let value = if number.negative { -magnitude } else { magnitude };
        return Some(Rounded { value, exact: true });
    }
    long_float(raw)
}

#[cold]
fn long_float(raw: &[u8]) -> Option<Rounded> {
    let value: f64 = fast_float2::parse(raw).ok()?;
    if !value.is_finite() {
        return None;
    }
    let mut shortest = zmij::Buffer::new();
    let exact = Decimal::of(shortest.format_finite(value).as_bytes()) == Decimal::of(raw);
    Some(Rounded { value, exact })
}

/// The number as a 64-bit integer, if it is one: `5`, `5.0`, not `5.5` and not `5e0`.
pub(crate) fn int(number: &Number, raw: &[u8]) -> Option<i64> {
    if number.exponent {
        return None;
    }
    let text = std::str::from_utf8(raw).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.bytes().any(|b| b != b'0') {
        return None;
    }
    whole.parse().ok()
}

/// Whether a float could not count to this integer.
pub(crate) fn is_beyond_float(number: &Number) -> bool {
    const EXACT_MAX: u64 = 1 << 53;
    is_integer(number) && (number.digits > 19 || number.mantissa > EXACT_MAX)
}

pub(crate) fn is_integer(number: &Number) -> bool {
    number.fraction == 0 && !number.exponent
}

/// The number that a text reads as.
pub(crate) fn in_text(text: &[u8]) -> Option<Token> {
    whole(text).filter(|token| matches!(token.value(), Value::Number(_)))
}

/// A decimal number without the accidents of its writing: `±0.d₁d₂…dₙ × 10^exponent`, where d₁ and
/// dₙ are not zero.
#[derive(Debug, PartialEq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    fn of(raw: &[u8]) -> Decimal {
        let negative = raw.first() == Some(&b'-');
        let split = raw.iter().position(|b| matches!(b, b'e' | b'E')).unwrap_or(raw.len());
        let power: i64 = raw
            .get(split + 1..)
            .and_then(|text| std::str::from_utf8(text).ok())
            .map_or(0, |text| text.trim_start_matches('+').parse().unwrap_or(i64::MAX / 2));
        let unsigned = &raw[usize::from(negative)..split];
        let point = unsigned.iter().position(|b| *b == b'.').unwrap_or(unsigned.len());
        let mut digits: Vec<u8> = unsigned.iter().copied().filter(u8::is_ascii_digit).collect();
        let zeros = digits.iter().take_while(|b| **b == b'0').count();
        digits.drain(..zeros);
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        if digits.is_empty() {
            return Decimal { negative: false, digits, exponent: 0 };
        }
        Decimal { negative, digits, exponent: point as i64 - zeros as i64 + power }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> (Number, &[u8]) {
        match in_text(text.as_bytes()).unwrap().value() {
            Value::Number(number) => (number, text.as_bytes()),
            other => panic!("{other:?}"),
        }
    }

    fn check_float(text: &str, value: f64, exact: bool) {
        let (number, raw) = token(text);
        assert_eq!(float(&number, raw), Some(Rounded { value, exact }), "{text}");
    }

    #[test]
    fn short_decimals_are_exact() {
        check_float("0.42", 0.42, true);
        check_float("-0.1", -0.1, true);
        check_float("123456789012345", 123456789012345.0, true);
        check_float("0.000000000000000000000001", 1e-24, true);
        check_float("1e-7", 1e-7, true);
        check_float("1.0E3", 1000.0, true);
    }

    #[test]
    fn what_a_float_printed_is_exact() {
        check_float("0.30000000000000004", 0.1 + 0.2, true);
        check_float("0.50000000000000000000", 0.5, true);
        check_float("10000000000000000000000", 1e22, true);
    }

    #[test]
    fn what_a_float_rounds_is_said() {
        check_float("74071.432836192981917873679715", 74_071.432_836_192_98, false);
        check_float("9007199254740993", 9007199254740992.0, false);
        check_float("0.1000000000000000055511151231257827", 0.1, false);
    }

    #[test]
    fn beyond_all_floats_is_none() {
        let (number, raw) = token("1e999");
        assert_eq!(float(&number, raw), None);
    }

    #[test]
    fn ints_are_whole() {
        let check = |text: &str, expected| {
            let (number, raw) = token(text);
            assert_eq!(int(&number, raw), expected, "{text}");
        };
        check("1763712345123456789", Some(1763712345123456789));
        check("5.0", Some(5));
        check("-3", Some(-3));
        check("5.5", None);
        check("5e0", None);
        check("92233720368547758070", None);
    }
}
