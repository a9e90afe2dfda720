//! What people are told of a row.

use std::sync::LazyLock;

use fillwatch_model::{Row, Value, show_span};
use minijinja::value::Value as Shown;
use minijinja::{Environment, UndefinedBehavior};

/// The texts of one alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What happened, in one line.
    pub summary: String,
    /// More of it.
    pub description: String,
    /// More labels.
    pub labels: Vec<(String, String)>,
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    // Null is written as what it means. Text is the log's and is left as it is: each channel
    // escapes for itself.
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            return out.write_str("unknown").map_err(minijinja::Error::from);
        }
        minijinja::escape_formatter(out, state, value)
    });
    environment.add_filter("duration", duration);
    environment.add_filter("pct", percent);
    environment.add_filter("num", number);
    environment
});

/// Whether `source` is a template, and which names it reads that are none of `columns`.
pub(crate) fn check(source: &str) -> Result<Vec<String>, String> {
    let template = ENVIRONMENT.template_from_str(source).map_err(|error| describe(&error))?;
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.sort();
    Ok(names)
}

/// The text that `source` makes of a row. A template that fails must not stop the page: what is
/// wrong with it stands in its place.
pub(crate) fn render(source: &str, row: &Row, more: &[(&str, Value)]) -> String {
    let columns = row.0.iter().map(|(name, value)| (name.as_str(), value));
    let more = more.iter().map(|(name, value)| (*name, value));
    // Collecting pairs would make a list of them.
    let context = Shown::from_pairs(more.chain(columns).map(|(name, value)| (name, shown(value))));
    ENVIRONMENT.render_str(source, context).unwrap_or_else(|error| {
        format!("{row} (the template of this text fails: {})", describe(&error))
    })
}

fn shown(value: &Value) -> Shown {
    match value {
        Value::Null => Shown::from(()),
        Value::Bool(value) => Shown::from(*value),
        Value::Int(value) => Shown::from(*value),
        Value::Float(value) => Shown::from(*value),
        Value::Text(text) => Shown::from(text.as_str()),
        Value::Time(_) => Shown::from(value.to_string()),
    }
}

fn describe(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

fn duration(value: &Shown) -> Shown {
    match f64_of(value) {
        Some(seconds) => Shown::from(show_span((seconds * 1e6).round() as i64)),
        None => value.clone(),
    }
}

fn percent(value: &Shown) -> Shown {
    match f64_of(value) {
        Some(fraction) => Shown::from(format!("{} %", significant(fraction * 100.0, 3))),
        None => value.clone(),
    }
}

fn number(value: &Shown) -> Shown {
    match f64_of(value) {
        Some(number) => Shown::from(significant(number, 4)),
        None => value.clone(),
    }
}

fn f64_of(value: &Shown) -> Option<f64> {
    if value.is_none() || !value.is_number() { None } else { f64::try_from(value.clone()).ok() }
}

/// At least so many digits that mean something, and no zeros after the last of them.
fn significant(number: f64, digits: i32) -> String {
    if number == 0.0 || !number.is_finite() {
        return "0".to_owned();
    }
    let before = number.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from((digits - before).clamp(0, 12)).unwrap_or(0);
    let text = format!("{number:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(template: &str, want: &str) {
        let row = Row(vec![
            ("bot".to_owned(), Value::Text("mm<1>".to_owned())),
            ("silence_s".to_owned(), Value::Float(125.0)),
            ("rate".to_owned(), Value::Float(0.0523)),
            ("pnl".to_owned(), Value::Float(-3021.456)),
            ("n".to_owned(), Value::Int(1_234_567)),
            ("mid".to_owned(), Value::Null),
            ("at".to_owned(), Value::Time(1_767_571_200_000_000)),
        ]);
        assert_eq!(
            render(template, &row, &[("severity", Value::Text("critical".to_owned()))]),
            want
        );
    }

    #[test]
    fn a_row_is_told_in_words() {
        check_text("{{ bot }}: silent for {{ silence_s | duration }}", "mm<1>: silent for 2 m 5 s");
        check_text("{{ rate | pct }} of {{ n }}", "5.23 % of 1234567");
        check_text("{{ pnl | num }} and {{ n | num }}", "-3021 and 1234567");
        check_text("{{ severity }} at {{ at }}", "critical at 2026-01-05T00:00:00Z");
    }

    #[test]
    fn null_is_unknown_and_not_zero() {
        check_text("{{ mid }}, {{ mid | num }}, {{ mid | duration }}", "unknown, unknown, unknown");
    }

    #[test]
    fn a_template_that_fails_tells_the_row_all_the_same() {
        let row = Row(vec![("bot".to_owned(), Value::Text("mm1".to_owned()))]);
        let text = render("{{ botz }}", &row, &[]);
        assert!(text.starts_with("bot=mm1 (the template of this text fails:"), "{text}");
    }
}
