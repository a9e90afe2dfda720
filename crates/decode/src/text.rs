//! JSON strings: out of their escapes, and into them.

/// Appends what the escaped text `inner` means. `false` if it means something that is no text: half
/// of a surrogate pair, for which U+FFFD stands in.
pub(crate) fn unescape(inner: &[u8], out: &mut Vec<u8>) -> bool {
    let mut faithful = true;
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let escape = rest.get(at + 1).copied().unwrap_or(b'\\');
        rest = rest.get(at + 2..).unwrap_or_default();
        match escape {
            b'u' => rest = unescape_unicode(rest, out, &mut faithful),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            other => out.push(other),
        }
    }
    out.extend_from_slice(rest);
    faithful
}

/// The character whose `XXXX`, or `XXXX\uXXXX`, begins `rest`; returns what follows it.
fn unescape_unicode<'t>(rest: &'t [u8], out: &mut Vec<u8>, faithful: &mut bool) -> &'t [u8] {
    let Some(high) = hex4(rest) else {
        *faithful = false;
        return rest;
    };
    let mut rest = &rest[4..];
    let mut code = high;
    if (0xd800..0xdc00).contains(&high)
        && let Some(low) = rest.strip_prefix(b"\\u").and_then(hex4)
        && (0xdc00..0xe000).contains(&low)
    {
        code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        rest = &rest[6..];
    }
    let character = char::from_u32(code).unwrap_or_else(|| {
        *faithful = false;
        char::REPLACEMENT_CHARACTER
    });
    push_char(character, out);
    rest
}

fn hex4(text: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(text.get(..4)?).ok()?;
    u32::from_str_radix(digits, 16).ok()
}

pub(crate) fn push_char(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Appends `text` as the inside of a JSON string.
pub(crate) fn escape(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..0x20 => push_control(*byte, out),
            _ => out.push(*byte),
        }
    }
}

pub(crate) fn push_control(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\u00");
    out.push(HEX[usize::from(byte >> 4)]);
    out.push(HEX[usize::from(byte & 15)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(inner: &str, expected: &str, faithful: bool) {
        let mut out = Vec::new();
        assert_eq!(unescape(inner.as_bytes(), &mut out), faithful, "{inner}");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn escapes_mean_characters() {
        check(r#"a \"b\" \\ \/ c"#, r#"a "b" \ / c"#, true);
        check(r"line\nline\ttab", "line\nline\ttab", true);
        check(r"caf\u00e9 \ud83d\ude80!", "café 🚀!", true);
    }

    #[test]
    fn half_a_pair_is_no_text() {
        check(r"x\ud83dy", "x\u{fffd}y", false);
        check(r"\ude80", "\u{fffd}", false);
        check(r"\ud83d\u0041", "\u{fffd}A", false);
    }

    #[test]
    fn escaped_text_is_a_json_string_again() {
        let mut out = Vec::new();
        escape(b"a \"b\" \\ \n \x01", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#"a \"b\" \\ \n \u0001"#);
    }
}
