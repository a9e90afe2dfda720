//! Figures as people read them: signed, grouped, aligned at the point.

use crate::quantity;

/// Stands for what is not known.
pub(crate) const UNKNOWN: &str = "·";

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Money: two places, a sign, thousands apart.
pub(crate) fn money(value: f64) -> String {
    signed(&places(value, 2))
}

/// A difference of prices: a sign, and three digits that mean something.
pub(crate) fn difference(value: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    signed(&places(value, usize::try_from(2 - magnitude).unwrap_or(0).min(8)))
}

/// A price or a size, as it was logged.
pub(crate) fn plain(value: f64) -> String {
    let text = places(value, 8);
    match text.split_once('.') {
        Some((whole, part)) if part.trim_end_matches('0').is_empty() => whole.to_owned(),
        Some((whole, part)) => format!("{whole}.{}", part.trim_end_matches('0')),
        None => text,
    }
}

/// A fraction of `of` things, as a percentage: `62 % of 450`.
pub(crate) fn share(fraction: f64, of: Option<i64>) -> String {
    let percent = fraction * 100.0;
    let rounded = percent.round();
    // One of a thousand is not none, and all but one are not all.
    let percent = if percent > 0.0 && rounded == 0.0 {
        "<1".to_owned()
    } else if percent < 100.0 && rounded == 100.0 {
        ">99".to_owned()
    } else {
        places(percent, 0)
    };
    of.map_or_else(|| format!("{percent} %"), |of| format!("{percent} % of {}", count(of)))
}

/// A multiple of a standard deviation.
pub(crate) fn sigma(value: f64) -> String {
    signed(&places(value, 1))
}

/// A length of time in milliseconds, of which a fraction matters to nobody.
pub(crate) fn milliseconds(value: f64) -> String {
    places(value, 0)
}

pub(crate) fn count(value: i64) -> String {
    let digits = quantity::count(value.unsigned_abs());
    if value < 0 { format!("-{digits}") } else { digits }
}

/// `-1234.5` with two places as `-1,234.50`.
fn places(value: f64, places: usize) -> String {
    let text = format!("{:.places$}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), quantity::count);
    let point = if part.is_empty() { "" } else { "." };
    // What is rounded to nothing has no sign.
    let sign =
        if value < 0.0 && text.contains(|c: char| ('1'..='9').contains(&c)) { "-" } else { "" };
    format!("{sign}{whole}{point}{part}")
}

fn signed(text: &str) -> String {
    let is_nothing = !text.contains(|c: char| ('1'..='9').contains(&c));
    if is_nothing || text.starts_with('-') { text.to_owned() } else { format!("+{text}") }
}

/// The texts with blanks behind them, so that their points stand under one another where they are
/// aligned to the right.
pub(crate) fn aligned(texts: Vec<String>) -> Vec<String> {
    let part = |text: &str| text.find('.').map_or(0, |at| text.len() - at);
    let longest = texts.iter().map(|text| part(text)).max().unwrap_or(0);
    let pad = |text: String| {
        let blanks = longest - part(&text);
        text + &" ".repeat(blanks)
    };
    texts.into_iter().map(pad).collect()
}

/// A line of bars from the least of the values to the greatest; a blank for none.
pub(crate) fn sparkline(values: &[Option<f64>]) -> String {
    let known = || values.iter().flatten().copied();
    let least = known().fold(f64::INFINITY, f64::min);
    let most = known().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: f64| {
        let height = if most > least { (value - least) / (most - least) } else { 0.5 };
        BARS[((height * BARS.len() as f64) as usize).min(BARS.len() - 1)]
    };
    values.iter().map(|value| value.map_or(' ', bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_their_sign_and_no_digit_too_many() {
        assert_eq!(money(1_234.5), "+1,234.50");
        assert_eq!(money(-0.001), "0.00");
        assert_eq!(money(-0.5), "-0.50");
        assert_eq!(difference(0.012_345), "+0.0123");
        assert_eq!(difference(-12.345), "-12.3");
        assert_eq!(difference(60_123.4), "+60,123");
        assert_eq!(difference(0.0), "0.00");
        assert_eq!(plain(0.43), "0.43");
        assert_eq!(plain(60_123.5), "60,123.5");
        assert_eq!(plain(0.1 + 0.2), "0.3");
        assert_eq!(plain(100.0), "100");
        assert_eq!(share(0.834_6, Some(1_450)), "83 % of 1,450");
        assert_eq!(share(0.001, Some(1_000)), "<1 % of 1,000");
        assert_eq!(share(0.999, Some(1_000)), ">99 % of 1,000");
        assert_eq!(share(1.0, None), "100 %");
        assert_eq!(sigma(-2.35), "-2.4");
        assert_eq!(count(-1_204), "-1,204");
    }

    #[test]
    fn points_stand_under_one_another() {
        let texts = ["+1.25", "-10", UNKNOWN, "0.1"].map(str::to_owned).to_vec();
        assert_eq!(aligned(texts), ["+1.25", "-10   ", "·   ", "0.1 "]);
    }

    #[test]
    fn a_sparkline_goes_from_the_least_to_the_greatest() {
        assert_eq!(sparkline(&[None, Some(-1.0), Some(0.0), Some(7.0)]), " ▁▂█");
        assert_eq!(sparkline(&[Some(3.0), Some(3.0)]), "▅▅");
        assert_eq!(sparkline(&[None, None]), "  ");
    }
}
