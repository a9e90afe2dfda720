//! What becomes of an alert, in a line.

use fillwatch_model::{Belated, Micros, Severity, Transition, Turn, Value, show_span, show_time};
use fillwatch_query::output::harmless;
use fillwatch_serve::RuleNews;

use crate::failure::without_backtrace;
use crate::news::Weight;
use crate::quantity;
use crate::table::Tint;

/// An alert that fires so often within an hour flaps.
const FLAPS: u32 = 3;

/// What a severity looks like.
pub(crate) fn tint(severity: Severity) -> Tint {
    match severity {
        Severity::Critical => Tint::Bad,
        Severity::Warning => Tint::Warning,
        Severity::Info => Tint::None,
    }
}

/// The same of one that is written.
pub(crate) fn tint_of(severity: &str) -> Tint {
    severity.parse().map_or(Tint::None, tint)
}

/// The line that tells of it.
pub(crate) fn tell(transition: &Transition, color: bool) -> (Weight, String) {
    let is_resolved = transition.turn == Turn::Resolved;
    let tint = if is_resolved { Tint::Good } else { tint(transition.severity) };
    let word = format!("{:<8} {:<8}", word(transition.turn), transition.severity);
    let mut text = format!(
        "{} {} {}",
        show_time(transition.at),
        if color { tint.paint(&word) } else { word },
        transition.rule
    );
    for (name, value) in &transition.key {
        text += &format!(" {name}={}", shown(value));
    }
    text += &format!("  {}", harmless(&transition.summary));
    let notes = notes(transition);
    if !notes.is_empty() {
        text += &format!(" ({})", notes.join("; "));
    }
    let weight = match transition.turn {
        Turn::Pending | Turn::Dropped => Weight::Routine,
        Turn::Fired | Turn::Resolved | Turn::Amended => Weight::Notable,
    };
    (weight, text)
}

fn word(turn: Turn) -> &'static str {
    match turn {
        Turn::Pending => "PENDING",
        Turn::Dropped => "DROPPED",
        Turn::Fired => "FIRING",
        Turn::Resolved => "RESOLVED",
        Turn::Amended => "AMENDED",
    }
}

fn notes(transition: &Transition) -> Vec<String> {
    let mut notes = Vec::new();
    if transition.turn == Turn::Resolved {
        notes.push(format!("after {}", show_span(transition.at - transition.since)));
    }
    let often = transition.fired_within_1h;
    if transition.turn == Turn::Fired && often >= FLAPS {
        notes.push(format!("{} time within the hour", ordinal(often)));
    }
    match transition.belated {
        Some(Belated::CaughtUp) => notes.push("belated: fillwatch was not running".to_owned()),
        Some(Belated::LateRows) => notes.push("belated: its lines came late".to_owned()),
        None => {}
    }
    notes
}

/// A value of a key, in quotes where it would not be seen where it ends.
pub(crate) fn shown(value: &Value) -> String {
    let text = harmless(&value.to_string());
    if text.is_empty() || text.contains([' ', '=', '"']) { format!("{text:?}") } else { text }
}

/// Columns as a JSON object.
pub(crate) fn json(columns: &[(String, Value)]) -> serde_json::Value {
    let value = |value: &Value| match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Time(at) => show_time(*at).into(),
    };
    columns.iter().map(|(name, of)| (name.clone(), value(of))).collect()
}

/// `4th`
fn ordinal(n: u32) -> String {
    let ending = match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

/// The line that tells of the rules themselves.
pub(crate) fn news(news: &RuleNews<'_>) -> (Weight, String) {
    let between = |from: &Micros, to: &Micros| {
        format!("{} to {}", quantity::moment(*from), quantity::moment(*to))
    };
    let (weight, line) = match news {
        RuleNews::Read { rules } => {
            let rules = quantity::of(*rules as u64, "rule is", "rules are");
            (Weight::Routine, format!("{rules} evaluated"))
        }
        RuleNews::Broken { error, kept: true } => {
            (Weight::Trouble, format!("rule {error}; its last good version stays"))
        }
        RuleNews::Broken { error, kept: false } => {
            (Weight::Trouble, format!("rule {error}; it is not evaluated"))
        }
        RuleNews::CatchingUp { from, to } => {
            (Weight::Notable, format!("rules make up for {}", between(from, to)))
        }
        RuleNews::CaughtUp { turns } => {
            let turns = quantity::of(*turns as u64, "alert", "alerts");
            (Weight::Notable, format!("{turns} fired or resolved while fillwatch was not running"))
        }
        RuleNews::Skipped { from, to } => (
            Weight::Trouble,
            format!(
                "no rule says anything of {}: it is longer ago than `catch_up` in [rules]",
                between(from, to)
            ),
        ),
        RuleNews::Retired { rule, alerts } => {
            let weight = if *alerts > 0 { Weight::Notable } else { Weight::Routine };
            let alerts = quantity::of(*alerts as u64, "alert", "alerts");
            (weight, format!("rule {rule} is no more; {alerts} of it ended"))
        }
        RuleNews::Overloaded { rule, ticks } => {
            let ticks = quantity::of(*ticks, "tick", "ticks");
            (
                Weight::Trouble,
                format!("rule {rule}: {ticks} left out, since evaluations take too long"),
            )
        }
    };
    (weight, without_backtrace(&harmless(&line)).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use fillwatch_model::Row;

    fn transition(turn: Turn) -> Transition {
        Transition {
            rule: "heartbeat_lost".to_owned(),
            severity: Severity::Critical,
            key: vec![("bot".to_owned(), Value::Text("mm 1".to_owned()))],
            episode: "heartbeat_lost-00".to_owned(),
            turn,
            at: 1_767_614_525_000_000,
            since: 1_767_614_400_000_000,
            value: None,
            peak: None,
            fired_within_1h: 1,
            row: Row::default(),
            summary: "mm 1: no \x1b heartbeat for 2 m 5 s".to_owned(),
            description: String::new(),
            labels: Vec::new(),
            runbook: String::new(),
            belated: None,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "so that calls read check(…, expect![…])")]
    fn check(transition: Transition, line: Expect) {
        line.assert_eq(&tell(&transition, false).1);
    }

    #[test]
    fn a_transition_is_a_line() {
        check(
            transition(Turn::Fired),
            expect![[
                r#"2026-01-05T12:02:05Z FIRING   critical heartbeat_lost bot="mm 1"  mm 1: no \x1b heartbeat for 2 m 5 s"#
            ]],
        );
        check(
            Transition { fired_within_1h: 4, ..transition(Turn::Fired) },
            expect![[
                r#"2026-01-05T12:02:05Z FIRING   critical heartbeat_lost bot="mm 1"  mm 1: no \x1b heartbeat for 2 m 5 s (4th time within the hour)"#
            ]],
        );
        check(
            Transition { belated: Some(Belated::CaughtUp), ..transition(Turn::Resolved) },
            expect![[
                r#"2026-01-05T12:02:05Z RESOLVED critical heartbeat_lost bot="mm 1"  mm 1: no \x1b heartbeat for 2 m 5 s (after 2 m 5 s; belated: fillwatch was not running)"#
            ]],
        );
    }

    #[test]
    fn what_is_pending_is_told_to_those_who_ask() {
        assert_eq!(tell(&transition(Turn::Pending), false).0, Weight::Routine);
        assert!(
            tell(&transition(Turn::Fired), true).1.contains("\x1b[31mFIRING   critical\x1b[0m")
        );
    }

    #[test]
    fn ordinals() {
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 21].map(ordinal).join(" "),
            "1st 2nd 3rd 4th 11th 12th 21st"
        );
    }
}
