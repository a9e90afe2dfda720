//! The pages of a backtest: alerts from firing to resolving.

use std::collections::BTreeMap;

use fillwatch_model::{Micros, Severity, Transition, Turn, Value};

/// One alert, from firing to resolving.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    pub(crate) rule: String,
    pub(crate) severity: Severity,
    pub(crate) key: Vec<(String, Value)>,
    pub(crate) summary: String,
    pub(crate) fired_at: Micros,
    /// `None` if it fired still at the end.
    pub(crate) resolved_at: Option<Micros>,
    pub(crate) peak: Option<f64>,
}

/// The pages that these transitions make, in the order they fired. A warning while the critical
/// alert about the same fires is told by nobody.
pub(crate) fn pages<'t>(transitions: impl IntoIterator<Item = &'t Transition>) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for one in transitions {
        match one.turn {
            Turn::Fired => {
                open.insert(&one.episode, pages.len());
                pages.push(Page {
                    rule: one.rule.clone(),
                    severity: one.severity,
                    key: one.key.clone(),
                    summary: one.summary.clone(),
                    fired_at: one.at,
                    resolved_at: None,
                    peak: None,
                });
            }
            Turn::Resolved => {
                if let Some(page) = open.remove(one.episode.as_str()).map(|at| &mut pages[at]) {
                    page.resolved_at = Some(one.at);
                    page.peak = one.peak.map(|peak| peak.value);
                }
            }
            Turn::Pending | Turn::Dropped | Turn::Amended => {}
        }
    }
    let told = pages.iter().filter(|page| !pages.iter().any(|worse| worse.hides(page)));
    told.cloned().collect()
}

impl Page {
    /// Whether the other is not told because of this one.
    fn hides(&self, other: &Page) -> bool {
        self.is_about(other)
            && self.severity > other.severity
            && self.fired_at <= other.fired_at
            && self.resolved_at.is_none_or(|at| other.fired_at < at)
    }

    fn is_about(&self, other: &Page) -> bool {
        self.rule == other.rule && self.key == other.key
    }

    /// Whether both would have told a person the same, be it at other times.
    fn is_like(&self, other: &Page) -> bool {
        let ends_before = |page: &Page, at: Micros| page.resolved_at.is_some_and(|end| end < at);
        self.is_about(other)
            && self.severity == other.severity
            && !ends_before(self, other.fired_at)
            && !ends_before(other, self.fired_at)
    }
}

/// A page, and which of two runs gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Both,
    /// Only the one without the change.
    Before,
    /// Only the one with it.
    After,
}

impl Side {
    /// Its mark in a list.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Side::Both => "",
            Side::Before => "-",
            Side::After => "+",
        }
    }
}

/// The pages of two runs in one list, in the order they fired; those of both as the second has them.
pub(crate) fn compared(before: &[Page], after: &[Page]) -> Vec<(Side, Page)> {
    let is_in = |pages: &[Page], page: &Page| pages.iter().any(|other| other.is_like(page));
    let gone = before.iter().filter(|page| !is_in(after, page));
    let mut all: Vec<(Side, Page)> = gone.map(|page| (Side::Before, page.clone())).collect();
    all.extend(after.iter().map(|page| {
        let side = if is_in(before, page) { Side::Both } else { Side::After };
        (side, page.clone())
    }));
    all.sort_by_key(|(_, page)| page.fired_at);
    all
}

/// How many pages there were of each rule on each UTC day, `YYYY-MM-DD`.
pub(crate) fn per_day(pages: &[Page]) -> BTreeMap<(String, String), u64> {
    let mut days = BTreeMap::new();
    for page in pages {
        *days.entry((day(page.fired_at), page.rule.clone())).or_default() += 1;
    }
    days
}

fn day(at: Micros) -> String {
    fillwatch_model::show_time(at).split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fillwatch_model::Row;

    fn turn(severity: Severity, turn: Turn, at: Micros, since: Micros) -> Transition {
        Transition {
            rule: "drift".to_owned(),
            severity,
            key: vec![("bot".to_owned(), Value::Text("mm1".to_owned()))],
            episode: format!("drift-{severity}-{since}"),
            turn,
            at,
            since,
            value: None,
            peak: None,
            fired_within_1h: 1,
            row: Row::default(),
            summary: String::new(),
            description: String::new(),
            labels: Vec::new(),
            runbook: String::new(),
            belated: None,
        }
    }

    #[test]
    fn what_the_critical_alert_says_the_warning_does_not_say_again() {
        use Severity::{Critical, Warning};
        let turns = [
            turn(Warning, Turn::Fired, 10, 10),
            turn(Critical, Turn::Fired, 20, 20),
            turn(Warning, Turn::Resolved, 25, 10),
            // Of one tick the warning comes first.
            turn(Warning, Turn::Fired, 30, 30),
            turn(Critical, Turn::Resolved, 40, 20),
            turn(Warning, Turn::Fired, 50, 50),
            turn(Critical, Turn::Fired, 50, 50),
        ];
        let told: Vec<_> = pages(&turns)
            .iter()
            .map(|page| (page.severity, page.fired_at, page.resolved_at))
            .collect();
        assert_eq!(told, [(Warning, 10, Some(25)), (Critical, 20, Some(40)), (Critical, 50, None)]);
    }

    #[test]
    fn pages_that_overlap_are_the_same_told_at_another_time() {
        let page = |from, to| {
            let severity = Severity::Warning;
            pages(&[
                turn(severity, Turn::Fired, from, from),
                turn(severity, Turn::Resolved, to, from),
            ])
            .remove(0)
        };
        let (before, after) = ([page(10, 20), page(30, 40)], [page(15, 18), page(60, 70)]);
        let sides: Vec<_> = compared(&before, &after)
            .into_iter()
            .map(|(side, page)| format!("{}{}", side.mark(), page.fired_at))
            .collect();
        assert_eq!(sides, ["15", "-30", "+60"]);
    }
}
