//! Which of our views have something to say of these logs, and what the others miss.
//!
//! A view's header says what it needs (`Needs:`), the survey what there is. A log that has no fair
//! value has no slippage, and it is better to hear that before the first report is empty.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fillwatch_decode::survey::FileSurvey;
use fillwatch_query::Views;
use fillwatch_query::header::Need;
use fillwatch_query::themes::is_block;

use super::coverage::{Coverage, Standing, Want, by_bots, remedy, standing};
use crate::text::{listed, wrapped};

/// Where a line is broken if nobody knows how wide the screen is.
const WIDTH: usize = 100;
/// The texts stand in this column.
const INDENT: usize = 12;
/// More bots than this are counted.
const BOTS_NAMED: usize = 6;

/// What bots can be asked. A measure is a view, or a column of one, `fills.slippage`, that is told of
/// where it is worse off than its view.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Measures<'v> {
    /// They have it.
    pub(super) had: Vec<&'v str>,
    /// They have it, but for a column that they miss.
    pub(super) in_part: Vec<&'v str>,
    /// They have it once there is more of something.
    pub(super) later: BTreeMap<String, Vec<String>>,
    /// They miss it, for want of this.
    pub(super) missed: BTreeMap<Vec<Want>, Vec<String>>,
}

/// The section, for all bots alike or for those that are.
pub(crate) fn text(views: &Views, files: &[FileSurvey], width: Option<usize>) -> String {
    let needs: Vec<(&str, &[Need])> = views
        .headers()
        .filter(|(name, header)| !header.needs.is_empty() && !is_block(name))
        .map(|(name, header)| (name, &header.needs[..]))
        .collect();
    let mut alike: Vec<(Measures<'_>, Coverage<'_>)> = Vec::new();
    for coverage in by_bots(files) {
        let measures = measures(&needs, &coverage);
        match alike.iter_mut().find(|(known, _)| *known == measures) {
            Some((_, known)) => known.take(coverage),
            None => alike.push((measures, coverage)),
        }
    }
    let one = alike.len() == 1;
    let sections = alike.iter().map(|(measures, coverage)| {
        let whose = if one { String::new() } else { format!(" of {}", named(&coverage.bots)) };
        format!("\nmeasures{whose}\n{}", section(measures, Some(coverage), width))
    });
    sections.collect()
}

fn measures<'v>(needs: &[(&'v str, &[Need])], coverage: &Coverage<'_>) -> Measures<'v> {
    let mut measures = Measures::default();
    for (name, needs) in needs {
        let of = |column: Option<&str>| {
            let is_of = |need: &&Need| match column {
                None => need.columns.is_empty(),
                Some(column) => need.columns.iter().any(|known| known == column),
            };
            standing(&needs.iter().filter(is_of).collect::<Vec<_>>(), coverage)
        };
        let standing = of(None);
        let mut in_part = false;
        for column in columns(needs) {
            let column_name = format!("{name}.{column}");
            match of(Some(column)) {
                _ if matches!(standing, Standing::Missed(_)) => {}
                Standing::Had => {}
                Standing::Later(from) if standing == Standing::Later(from.clone()) => {}
                Standing::Later(from) => {
                    measures.later.entry(from).or_default().push(column_name);
                }
                Standing::Missed(wants) => {
                    in_part = true;
                    measures.missed.entry(wants).or_default().push(column_name);
                }
            }
        }
        match standing {
            Standing::Had if in_part => measures.in_part.push(name),
            Standing::Had => measures.had.push(name),
            Standing::Later(from) => {
                measures.later.entry(from).or_default().push((*name).to_owned());
            }
            Standing::Missed(wants) => {
                measures.missed.entry(wants).or_default().push((*name).to_owned());
            }
        }
    }
    measures
}

/// The columns that need something of their own.
fn columns(needs: &[Need]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for column in needs.iter().flat_map(|need| &need.columns) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    columns
}

/// What there is and what is missing; with `coverage` also what a configuration would say of it.
pub(super) fn section(
    measures: &Measures<'_>,
    coverage: Option<&Coverage<'_>>,
    width: Option<usize>,
) -> String {
    let width = width.unwrap_or(WIDTH).max(2 * INDENT);
    let mut text = String::new();
    let had = match &measures.had[..] {
        [] => "none".to_owned(),
        had => had.join(", "),
    };
    let _ = writeln!(text, "  supported {}", wrapped(&had, INDENT, width));
    for (from, names) in &measures.later {
        let told = format!("from {from} on: {}", names.join(", "));
        let _ = writeln!(text, "            {}", wrapped(&told, INDENT, width));
    }
    if !measures.in_part.is_empty() {
        let told = format!("{}; what they lack is below", measures.in_part.join(", "));
        let _ = writeln!(text, "  in part   {}", wrapped(&told, INDENT, width));
    }
    let mut missed: Vec<(&Vec<Want>, &Vec<String>)> = measures.missed.iter().collect();
    missed.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    let (fields, kinds): (Vec<_>, Vec<_>) =
        missed.into_iter().partition(|(wants, _)| wants.iter().any(|want| !want.is_of_lines));
    for (wants, names) in fields {
        let missing: Vec<String> = wants.iter().map(|want| want.describe(false)).collect();
        let told = format!("{}: no {}", missing.join(", and "), names.join(", "));
        let _ = writeln!(text, "  missing   {}", wrapped(&told, INDENT, width));
        if let Some(coverage) = coverage {
            let _ = writeln!(text, "            {}", remedy(wants, coverage));
        }
    }
    for (at, (wants, names)) in kinds.into_iter().enumerate() {
        let missing: Vec<String> = wants.iter().map(|want| want.describe(true)).collect();
        let told = format!("{}: no {}", missing.join(", and no "), names.join(", "));
        let lead = if at == 0 { "no lines" } else { "" };
        let _ = writeln!(text, "  {lead:<10}{}", wrapped(&told, INDENT, width));
    }
    text
}

fn named(bots: &BTreeSet<&str>) -> String {
    let mut names: Vec<String> =
        bots.iter().take(BOTS_NAMED).map(|bot| (*bot).to_owned()).collect();
    if let Some(more @ 1..) = bots.len().checked_sub(BOTS_NAMED) {
        names.push(format!("{more} more"));
    }
    listed(&names, "and")
}
