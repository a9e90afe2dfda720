//! `attrs`: one row's values that have no column, exact, as the text of one JSON object.

use crate::text::{escape, push_char, push_control};

/// The object of the row at hand, as far as it is written.
#[derive(Debug, Default)]
pub(crate) struct Attrs {
    text: Vec<u8>,
}

impl Attrs {
    /// Adds a member whose value is JSON as the log wrote it. `key` is JSON text already, without
    /// its quotes.
    pub(crate) fn json(&mut self, key: &[u8], value: &[u8]) {
        self.key(key);
        copy_json(value, &mut self.text);
    }

    /// Adds a member whose value is text.
    pub(crate) fn text(&mut self, key: &[u8], value: &[u8]) {
        self.key(key);
        self.text.push(b'"');
        escape(value, &mut self.text);
        self.text.push(b'"');
    }

    /// Adds a member that holds bytes which are not UTF-8, each as the character of its value
    /// (Latin-1), which is reversible and mostly what the writer meant.
    pub(crate) fn latin1(&mut self, key: &[u8], bytes: &[u8]) {
        let mut value = Vec::with_capacity(bytes.len() * 2);
        bytes.iter().for_each(|byte| push_char(char::from(*byte), &mut value));
        self.text(key, &value);
    }

    /// The finished object, if anything is in it; the next row begins empty.
    pub(crate) fn finish(&mut self, consume: impl FnOnce(&[u8])) {
        if self.text.is_empty() {
            return;
        }
        self.text.push(b'}');
        consume(&self.text);
        self.text.clear();
    }

    fn key(&mut self, key: &[u8]) {
        self.text.push(if self.text.is_empty() { b'{' } else { b',' });
        self.text.push(b'"');
        escape_controls(key, &mut self.text);
        self.text.extend_from_slice(b"\":");
    }
}

/// Copies JSON, turning what logs write and JSON forbids into JSON: control characters in strings
/// into escapes, `NaN` and the infinities into strings.
fn copy_json(value: &[u8], out: &mut Vec<u8>) {
    let suspicious = |b: &u8| *b < 0x20 || matches!(b, b'N' | b'I');
    if !value.iter().any(suspicious) {
        out.extend_from_slice(value);
        return;
    }
    let mut in_text = false;
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        let copied = match byte {
            b'\\' if in_text => copy(&value[at..(at + 2).min(value.len())], out),
            0..0x20 if in_text => {
                push_control(*byte, out);
                1
            }
            0 => copy(b" ", out),
            b'"' => {
                in_text = !in_text;
                copy(b"\"", out)
            }
            b'N' | b'I' | b'-' if !in_text => copy_not_finite(&value[at..], out),
            other => copy(&[*other], out),
        };
        at += copied;
    }
}

fn copy(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(bytes);
    bytes.len()
}

fn copy_not_finite(value: &[u8], out: &mut Vec<u8>) -> usize {
    for word in [&b"NaN"[..], b"Infinity", b"-Infinity"] {
        if value.starts_with(word) {
            out.push(b'"');
            copy(word, out);
            out.push(b'"');
            return word.len();
        }
    }
    copy(&value[..1], out)
}

fn escape_controls(key: &[u8], out: &mut Vec<u8>) {
    for byte in key {
        match byte {
            0..0x20 => push_control(*byte, out),
            _ => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: impl FnOnce(&mut Attrs), expected: &str) {
        let mut attrs = Attrs::default();
        write(&mut attrs);
        let mut found = String::new();
        attrs.finish(|text| found = String::from_utf8(text.to_vec()).unwrap());
        assert_eq!(found, expected);
        if !found.is_empty() {
            serde_json::from_str::<serde_json::Value>(&found).unwrap();
        }
    }

    #[test]
    fn nothing_is_nothing() {
        check(|_| (), "");
    }

    #[test]
    fn values_stay_as_they_were_written() {
        check(
            |attrs| {
                attrs.json(b"qty", b"74071.432836192981917873679715");
                attrs.json(b"legs", br#"[1, {"a": null}]"#);
                attrs.text(b"_prefix", b"say \"hi\"");
            },
            r#"{"qty":74071.432836192981917873679715,"legs":[1, {"a": null}],"_prefix":"say \"hi\""}"#,
        );
    }

    #[test]
    fn what_is_no_json_becomes_json() {
        check(
            |attrs| attrs.json(b"x", b"[NaN, -Infinity, -1, \"NaN \\\" \t\"]"),
            r#"{"x":["NaN", "-Infinity", -1, "NaN \" \u0009"]}"#,
        );
        check(|attrs| attrs.latin1(b"_latin1", b"caf\xe9"), r#"{"_latin1":"café"}"#);
    }
}
