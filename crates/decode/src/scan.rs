//! Tokens: where the value at a position ends and what it is. One pass over its bytes, in which a
//! number's digits are gathered too.
//!
//! The grammar is RFC 8259 with what real writers add: `NaN`, `Infinity`, `-Infinity` (Python) and
//! control characters inside strings.

use fillwatch_model::limits::NESTING_MAX;

/// A value as it stands in the line.
///
/// Flat, and all of plain integers: as an enum with fields it would be put together in memory, and
/// waiting for that to be readable again took a third of all decoding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Token {
    /// A number's digits.
    mantissa: u64,
    /// Its first byte; for text, the quote.
    pub(crate) start: u32,
    /// After its last byte.
    pub(crate) end: u32,
    tag: Tag,
    digits: u8,
    fraction: u8,
    /// A number's signs of being one out of the ordinary.
    marks: u8,
}

/// What a token is, without what else is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Text,
    EscapedText,
    Number,
    NotFinite,
    True,
    False,
    Null,
    Json,
}

const NEGATIVE: u8 = 1;
const EXPONENT: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    Text {
        escaped: bool,
    },
    Number(Number),
    /// `NaN` and the infinities.
    NotFinite,
    True,
    False,
    Null,
    /// An array, or an object that is not taken apart.
    Json,
}

/// A number's digits, so that nobody has to read them again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    /// All digits as one integer, right as long as `digits` ≤ 19.
    pub(crate) mantissa: u64,
    /// Digits from the first that is not zero; stays at 255 from there on.
    pub(crate) digits: u8,
    /// Digits after the point; stays at 255 from there on.
    pub(crate) fraction: u8,
    pub(crate) negative: bool,
    pub(crate) exponent: bool,
}

/// Why an object cannot be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    Malformed { expected: &'static str, at: usize },
    TooDeep,
}

impl Token {
    /// The value as it is written, quotes included.
    pub(crate) fn raw<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        &line[self.start as usize..self.end as usize]
    }

    /// What stands between the quotes, escapes included.
    pub(crate) fn inner<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        &line[self.start as usize + 1..self.end as usize - 1]
    }

    #[inline(always)]
    pub(crate) fn is_null(&self) -> bool {
        self.tag == Tag::Null
    }

    /// What it is.
    #[inline(always)]
    pub(crate) fn value(&self) -> Value {
        match self.tag {
            Tag::Text => Value::Text { escaped: false },
            Tag::EscapedText => Value::Text { escaped: true },
            Tag::Number => Value::Number(Number {
                mantissa: self.mantissa,
                digits: self.digits,
                fraction: self.fraction,
                negative: self.marks & NEGATIVE != 0,
                exponent: self.marks & EXPONENT != 0,
            }),
            Tag::NotFinite => Value::NotFinite,
            Tag::True => Value::True,
            Tag::False => Value::False,
            Tag::Null => Value::Null,
            Tag::Json => Value::Json,
        }
    }

    /// The token as it stands `by` bytes further on.
    pub(crate) fn moved(self, by: u32) -> Token {
        Token { start: self.start + by, end: self.end + by, ..self }
    }

    #[inline(always)]
    fn new(start: usize, end: usize, tag: Tag) -> Token {
        let (start, end) = (start as u32, end as u32);
        Token { mantissa: 0, start, end, tag, digits: 0, fraction: 0, marks: 0 }
    }
}

/// The first position from `at` on that is not white space. A NUL counts as white space: a write
/// that never happened leaves them.
pub(crate) fn skip_space(line: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r' | b'\n' | 0) = line.get(at) {
        at += 1;
    }
    at
}

/// The value that begins at `at`, if it is one of the two that most are: text without escapes or
/// a number.
#[inline(always)]
pub(crate) fn common_value(line: &[u8], at: usize) -> Option<Token> {
    match line.get(at) {
        Some(b'"') => {
            let end = quote_or_escape(line, at + 1)?;
            (line[end] == b'"').then(|| Token::new(at, end + 1, Tag::Text))
        }
        Some(b'0'..=b'9' | b'-') => plain_number(line, at),
        _ => None,
    }
}

/// The value that begins at `at`. Containers are checked, not taken apart.
pub(crate) fn value(line: &[u8], at: usize, depth: usize) -> Result<Token, Fault> {
    match line.get(at) {
        Some(b'"') => text(line, at),
        Some(b'0'..=b'9' | b'-') => number(line, at),
        _ => rare_value(line, at, depth),
    }
}

fn rare_value(line: &[u8], at: usize, depth: usize) -> Result<Token, Fault> {
    let literal = |word: &[u8], tag| {
        if line[at..].starts_with(word) {
            Ok(Token::new(at, at + word.len(), tag))
        } else {
            Err(Fault::Malformed { expected: "a value", at })
        }
    };
    match line.get(at) {
        Some(b't') => literal(b"true", Tag::True),
        Some(b'f') => literal(b"false", Tag::False),
        Some(b'n') => literal(b"null", Tag::Null),
        Some(b'N') => literal(b"NaN", Tag::NotFinite),
        Some(b'I') => literal(b"Infinity", Tag::NotFinite),
        Some(b'{' | b'[') => Ok(Token::new(at, container(line, at, depth)?, Tag::Json)),
        _ => Err(Fault::Malformed { expected: "a value", at }),
    }
}

/// The end of the array or object that begins at `at`, `depth` levels down.
fn container(line: &[u8], at: usize, depth: usize) -> Result<usize, Fault> {
    if depth >= NESTING_MAX {
        return Err(Fault::TooDeep);
    }
    let (is_object, close) = if line[at] == b'{' { (true, b'}') } else { (false, b']') };
    let mut at = skip_space(line, at + 1);
    if line.get(at) == Some(&close) {
        return Ok(at + 1);
    }
    loop {
        if is_object {
            (_, at) = key(line, at)?;
        }
        let element = value(line, at, depth + 1)?;
        at = skip_space(line, element.end as usize);
        match line.get(at) {
            Some(b',') => at = skip_space(line, at + 1),
            Some(byte) if *byte == close => return Ok(at + 1),
            _ => return Err(Fault::Malformed { expected: "a comma or the end", at }),
        }
    }
}

/// The key at `at` and where its value begins.
pub(crate) fn key(line: &[u8], at: usize) -> Result<(Token, usize), Fault> {
    if line.get(at) != Some(&b'"') {
        return Err(Fault::Malformed { expected: "a key", at });
    }
    let key = text(line, at)?;
    let at = skip_space(line, key.end as usize);
    if line.get(at) != Some(&b':') {
        return Err(Fault::Malformed { expected: "a colon", at });
    }
    Ok((key, skip_space(line, at + 1)))
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// A high bit in each byte of `word` that is zero. Exact up to and including the lowest of them,
/// which is all that is asked.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// The first quote or backslash from `at` on.
#[inline(always)]
fn quote_or_escape(line: &[u8], mut at: usize) -> Option<usize> {
    while let Some(word) = line.get(at..at + 8) {
        let word = u64::from_le_bytes(word.try_into().ok()?);
        let hit =
            zero_bytes(word ^ (ONES * b'"' as u64)) | zero_bytes(word ^ (ONES * b'\\' as u64));
        if hit != 0 {
            return Some(at + (hit.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = line.get(at..)?;
    rest.iter().position(|b| matches!(b, b'"' | b'\\')).map(|found| at + found)
}

fn text(line: &[u8], start: usize) -> Result<Token, Fault> {
    match quote_or_escape(line, start + 1) {
        Some(at) if line[at] == b'"' => Ok(Token::new(start, at + 1, Tag::Text)),
        Some(at) => escaped_text(line, start, at),
        None => Err(Fault::Malformed { expected: "a closing quote", at: line.len() }),
    }
}

fn escaped_text(line: &[u8], start: usize, mut at: usize) -> Result<Token, Fault> {
    loop {
        if line[at] == b'"' {
            return Ok(Token::new(start, at + 1, Tag::EscapedText));
        }
        let length = match line.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if four_hex(line, at + 2) => 6,
            _ => return Err(Fault::Malformed { expected: "an escape", at: at + 1 }),
        };
        at = quote_or_escape(line, at + length)
            .ok_or(Fault::Malformed { expected: "a closing quote", at: line.len() })?;
    }
}

fn four_hex(line: &[u8], at: usize) -> bool {
    line.get(at..at + 4).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// A number without an exponent, and without a fault in its grammar.
#[inline(always)]
fn plain_number(line: &[u8], start: usize) -> Option<Token> {
    let negative = line[start] == b'-';
    let first = start + usize::from(negative);
    let mut digits = Digits { at: first, mantissa: 0 };
    digits.run(line);
    let whole = digits.at - first;
    if whole == 0 || (whole > 1 && line[first] == b'0') {
        return None;
    }
    let mut fraction = 0;
    if line.get(digits.at) == Some(&b'.') {
        digits.at += 1;
        let point = digits.at;
        digits.run(line);
        fraction = digits.at - point;
        if fraction == 0 {
            return None;
        }
    }
    if let Some(b'e' | b'E') = line.get(digits.at) {
        return None;
    }
    // Leading zeros are no digits of the number; only `0.…` can have any.
    let significant = match whole + fraction {
        all @ 0..=19 if line[first] != b'0' => all,
        _ => significant_digits(&line[first..digits.at]),
    };
    Some(Token {
        mantissa: digits.mantissa,
        digits: significant.min(255) as u8,
        fraction: fraction.min(255) as u8,
        marks: u8::from(negative) * NEGATIVE,
        ..Token::new(start, digits.at, Tag::Number)
    })
}

/// Any number, or why it is none.
fn number(line: &[u8], start: usize) -> Result<Token, Fault> {
    if let Some(plain) = plain_number(line, start) {
        return Ok(plain);
    }
    let first = start + usize::from(line[start] == b'-');
    if line[first..].starts_with(b"Infinity") {
        return Ok(Token::new(start, first + b"Infinity".len(), Tag::NotFinite));
    }
    let whole = digits_at(line, first);
    if whole == 0 || (whole > 1 && line[first] == b'0') {
        return Err(Fault::Malformed { expected: "a number", at: first });
    }
    let mut end = first + whole;
    if line.get(end) == Some(&b'.') {
        end = some_digits(line, end + 1)?;
    }
    let mantissa_end = end;
    if let Some(b'+' | b'-') = line.get(end + 1) {
        end += 1;
    }
    let end = some_digits(line, end + 1)?;
    let mantissa = plain_number(&line[..mantissa_end], start);
    let mantissa = mantissa.ok_or(Fault::Malformed { expected: "a number", at: first })?;
    Ok(Token { end: end as u32, marks: mantissa.marks | EXPONENT, ..mantissa })
}

fn digits_at(line: &[u8], at: usize) -> usize {
    line.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Where the digits at `at` end, of which there must be one.
fn some_digits(line: &[u8], at: usize) -> Result<usize, Fault> {
    match digits_at(line, at) {
        0 => Err(Fault::Malformed { expected: "a digit", at }),
        count => Ok(at + count),
    }
}

struct Digits {
    at: usize,
    mantissa: u64,
}

impl Digits {
    #[inline(always)]
    fn run(&mut self, line: &[u8]) {
        while let Some(byte) = line.get(self.at) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            self.mantissa = self.mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            self.at += 1;
        }
    }
}

fn significant_digits(text: &[u8]) -> usize {
    text.iter().skip_while(|b| matches!(b, b'0' | b'.')).filter(|b| **b != b'.').count()
}

/// The token that all of `text` is, if it is one.
pub(crate) fn whole(text: &[u8]) -> Option<Token> {
    let at = skip_space(text, 0);
    let token = value(text, at, 0).ok()?;
    (skip_space(text, token.end as usize) == text.len()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, end: usize, expected: &str) {
        let token = value(text.as_bytes(), 0, 1);
        assert_eq!(
            token.map(|t| (t.end as usize, format!("{:?}", t.value()))),
            Ok((end, expected.to_owned())),
            "{text}"
        );
    }

    fn check_fault(text: &str, expected: &'static str, at: usize) {
        assert_eq!(value(text.as_bytes(), 0, 1), Err(Fault::Malformed { expected, at }), "{text}");
    }

    #[test]
    fn text_ends_at_its_quote() {
        check(r#""yes","#, 5, "Text { escaped: false }");
        check(r#""a long text of more than eight bytes" "#, 38, "Text { escaped: false }");
        check(r#""a \"quoted\" word""#, 19, "Text { escaped: true }");
        check(r#""ends in a backslash \\","#, 24, "Text { escaped: true }");
        check(r#""\u00e9""#, 8, "Text { escaped: true }");
        check_fault(r#""never closed"#, "a closing quote", 13);
        check_fault(r#""\x""#, "an escape", 2);
        check_fault(r#""\u12g4""#, "an escape", 2);
    }

    #[test]
    fn numbers_bring_their_digits() {
        let number = |text: &str| match value(text.as_bytes(), 0, 1).unwrap().value() {
            Value::Number(n) => {
                format!("{} {} {} {} {}", n.mantissa, n.digits, n.fraction, n.negative, n.exponent)
            }
            other => format!("{other:?}"),
        };
        assert_eq!(number("0.42,"), "42 2 2 false false");
        assert_eq!(number("-1763712345.25}"), "176371234525 12 2 true false");
        assert_eq!(number("100"), "100 3 0 false false");
        assert_eq!(number("0.0010"), "10 2 4 false false");
        assert_eq!(number("0"), "0 0 0 false false");
        assert_eq!(number("1e-7"), "1 1 0 false true");
        assert_eq!(number("9223372036854775808"), "9223372036854775808 19 0 false false");
        assert_eq!(number("-Infinity"), "NotFinite");
    }

    #[test]
    fn what_is_no_number_is_said_where() {
        check_fault("-", "a number", 1);
        check_fault("007", "a number", 0);
        check_fault("1.", "a digit", 2);
        check_fault("1e+", "a digit", 3);
        check_fault("nil", "a value", 0);
        check_fault("", "a value", 0);
    }

    #[test]
    fn containers_are_checked_to_their_end() {
        check(r#"[1, "]", {"a": [true]}] tail"#, 23, "Json");
        check("{ }", 3, "Json");
        check_fault("[1,]", "a value", 3);
        check_fault(r#"{"a" 1}"#, "a colon", 5);
        check_fault(r#"[1 2]"#, "a comma or the end", 3);
        let deep = "[".repeat(NESTING_MAX + 1);
        assert_eq!(value(deep.as_bytes(), 0, 0), Err(Fault::TooDeep));
    }
}
