//! The time a session may see.

use chrono::{DateTime, SecondsFormat};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, col, lit};
use fillwatch_model::Micros;

/// The events a session sees: `from <= ts < to`. An end that is `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// The first moment seen.
    pub from: Option<Micros>,
    /// The first moment not seen any more.
    pub to: Option<Micros>,
}

impl Window {
    /// All of time.
    pub const ALL: Window = Window { from: None, to: None };

    /// The `length` (µs) before `to`.
    pub fn last(length: Micros, to: Micros) -> Window {
        Window { from: Some(to.saturating_sub(length)), to: Some(to) }
    }

    /// Everything before this window's end: what carried views read.
    pub(crate) fn up_to(self) -> Window {
        Window { from: None, to: self.to }
    }

    /// The condition on `ts`; none for all of time.
    pub(crate) fn condition(self) -> Option<Expr> {
        let from = self.from.map(|from| col("ts").gt_eq(instant(from)));
        let to = self.to.map(|to| col("ts").lt(instant(to)));
        match (from, to) {
            (Some(from), Some(to)) => Some(from.and(to)),
            (from, to) => from.or(to),
        }
    }
}

pub(crate) fn instant(at: Micros) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at), Some("UTC".into())))
}

/// A moment as a SQL expression of exactly the type of `ts`, so that comparing the two converts
/// neither; null for none.
pub(crate) fn instant_sql(at: Option<Micros>) -> String {
    const TYPE: &str = r#"'Timestamp(Microsecond, Some("UTC"))'"#;
    match at.and_then(DateTime::from_timestamp_micros) {
        Some(at) => {
            format!("arrow_cast('{}', {TYPE})", at.to_rfc3339_opts(SecondsFormat::Micros, true))
        }
        None => format!("arrow_cast(null, {TYPE})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(window: Window, want: &str) {
        let got = window.condition().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(got, want);
    }

    #[test]
    fn the_window_is_half_open() {
        check(
            Window { from: Some(1), to: Some(2) },
            r#"ts >= TimestampMicrosecond(1, Some("UTC")) AND ts < TimestampMicrosecond(2, Some("UTC"))"#,
        );
    }

    #[test]
    fn an_open_end_is_no_condition() {
        check(Window::ALL, "");
        check(Window { from: Some(1), to: None }.up_to(), "");
        check(
            Window { from: Some(1), to: Some(2) }.up_to(),
            r#"ts < TimestampMicrosecond(2, Some("UTC"))"#,
        );
    }

    #[test]
    fn the_last_hour_ends_now() {
        assert_eq!(Window::last(3_600, 10_000), Window { from: Some(6_400), to: Some(10_000) });
    }
}
