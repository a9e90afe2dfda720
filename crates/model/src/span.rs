//! Lengths of time as people write them: `250ms`, `5s`, `1.5h`, `1d12h`.

use crate::Micros;

const UNITS: &[(&str, f64)] =
    &[("ms", 1e3), ("s", 1e6), ("m", 60e6), ("h", 3_600e6), ("d", 86_400e6), ("w", 604_800e6)];

/// What is to be written instead of what was.
pub const SPAN_FORM: &str = "write a number and one of ms, s, m, h, d, w, as in `5s`";

/// Reads a length of time; `None` if it is none, or more than 292,000 years.
pub fn parse_span(text: &str) -> Option<Micros> {
    let mut rest = text.trim();
    let mut total: Option<f64> = None;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let (_, micros) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = Some(total.unwrap_or(0.0) + number.parse::<f64>().ok()? * micros);
        rest = tail.trim_start();
    }
    let micros = total?.round();
    (micros < i64::MAX as f64).then_some(micros as Micros)
}

/// A length of time in the two largest units that say something: `2 m 5 s`.
pub fn show_span(micros: Micros) -> String {
    if micros < 0 {
        return format!("-{}", show_span(micros.saturating_neg()));
    }
    let seconds = micros / 1_000_000;
    let (large, small, each, part) = match seconds {
        0 if micros < 1_000 => return format!("{micros} µs"),
        0 => return format!("{} ms", micros / 1_000),
        1..60 if micros % 1_000_000 == 0 => return format!("{seconds} s"),
        1..60 => return format!("{:.1} s", micros as f64 / 1e6),
        60..3_600 => ("m", "s", 60, 1),
        3_600..86_400 => ("h", "m", 3_600, 60),
        _ => ("d", "h", 86_400, 3_600),
    };
    match (seconds / each, seconds % each / part) {
        (whole, 0) => format!("{whole} {large}"),
        (whole, rest) => format!("{whole} {large} {rest} {small}"),
    }
}

/// The same as it is written in a file: `2m5s`, exactly.
pub fn write_span(micros: Micros) -> String {
    let mut text = String::new();
    let mut rest = micros;
    for (unit, each) in [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1_000),
    ] {
        if rest >= each {
            text.push_str(&format!("{}{unit}", rest / each));
            rest %= each;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_they_are_written() {
        for (text, micros) in [
            ("250ms", 250_000),
            ("5s", 5_000_000),
            ("1.5h", 5_400_000_000),
            ("1d12h", 129_600_000_000),
        ] {
            assert_eq!(parse_span(text), Some(micros), "{text}");
        }
        for text in ["", "5", "s", "5 parsecs", "-5s", "999999999999w"] {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }

    #[test]
    fn and_written_as_they_are_read() {
        for text in ["0s", "10s", "1m30s", "2h", "7d", "250ms"] {
            assert_eq!(write_span(parse_span(text).unwrap()), text);
        }
        assert_eq!(show_span(125_000_000), "2 m 5 s");
        assert_eq!(show_span(-90_000_000), "-1 m 30 s");
        assert_eq!(show_span(1_500_000), "1.5 s");
    }
}
