//! Which of our views have something to say of these logs, and what the others miss.
//!
//! A view's header says what it needs (`Needs:`), the survey what there is. A log that has no fair
//! value has no slippage, and it is better to hear that before the first report is empty.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fillwatch_decode::survey::FileSurvey;
use fillwatch_model::Kind;
use fillwatch_query::Views;
use fillwatch_query::header::{Datum, Need};
use fillwatch_query::themes::is_block;

use crate::suggest;
use crate::text::{listed, wrapped};

/// Where a line is broken if nobody knows how wide the screen is.
const WIDTH: usize = 100;
/// The texts stand in this column.
const INDENT: usize = 12;
/// More bots than this are counted.
const BOTS_NAMED: usize = 6;
/// More things of which one would do than this are counted.
const WAYS_NAMED: usize = 3;

/// What the lines of some bots have.
#[derive(Debug, Default)]
struct Coverage<'a> {
    bots: BTreeSet<&'a str>,
    kinds: BTreeMap<Kind, BTreeSet<&'a str>>,
    /// Columns that are none of the canonical ones.
    others: BTreeSet<&'a str>,
}

/// What bots can be asked. A measure is a view, or a column of one, `fills.slippage`, that is told of
/// where it is worse off than its view.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Measures<'v> {
    /// They have it.
    had: Vec<&'v str>,
    /// They have it, but for a column that they miss.
    in_part: Vec<&'v str>,
    /// They have it once there is more of something.
    later: BTreeMap<String, Vec<String>>,
    /// They miss it, for want of this.
    missed: BTreeMap<Vec<Want>, Vec<String>>,
}

/// Whether there is what a measure needs.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Had,
    /// From so much on.
    Later(String),
    Missed(Vec<Want>),
}

/// What is missing: any one of these would do, the first best.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Want {
    lacks: Vec<Lack>,
    /// That there are such lines is what is missing, not something that they say.
    is_of_lines: bool,
}

/// A thing that is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    /// The events have no value in this column.
    Column(Option<Kind>, String),
    /// There are no such events.
    Kind(Kind),
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
    let width = width.unwrap_or(WIDTH).max(2 * INDENT);
    let sections = alike.iter().map(|(measures, coverage)| {
        let whose = if one { String::new() } else { format!(" of {}", named(&coverage.bots)) };
        format!("\nmeasures{whose}\n{}", section(measures, coverage, width))
    });
    sections.collect()
}

/// The files, those of one bot together: what one lacks another may have.
fn by_bots(files: &[FileSurvey]) -> Vec<Coverage<'_>> {
    let mut found: Vec<Coverage<'_>> = Vec::new();
    for file in files.iter().filter(|file| file.rows > 0) {
        let mut coverage = Coverage::of(file);
        let (same, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|known| !known.bots.is_disjoint(&coverage.bots));
        found = others;
        same.into_iter().for_each(|known| coverage.take(known));
        found.push(coverage);
    }
    found.sort_by(|a, b| a.bots.cmp(&b.bots));
    found
}

impl<'a> Coverage<'a> {
    fn of(file: &'a FileSurvey) -> Coverage<'a> {
        let mut kinds: BTreeMap<Kind, BTreeSet<&str>> = BTreeMap::new();
        for kind in &file.kinds {
            kinds.entry(kind.kind).or_default().extend(kind.columns.keys().map(|name| &**name));
        }
        Coverage {
            bots: file.bots.iter().map(|(bot, _)| bot.as_str()).collect(),
            kinds,
            others: file.others.iter().map(|column| &*column.column).collect(),
        }
    }

    fn take(&mut self, other: Coverage<'a>) {
        self.bots.extend(other.bots);
        self.others.extend(other.others);
        for (kind, columns) in other.kinds {
            self.kinds.entry(kind).or_default().extend(columns);
        }
    }

    /// A column of the log's own that may be `column` under another name.
    fn like(&self, column: &str) -> Option<&'a str> {
        let others = || self.others.iter().copied();
        let part = others().find(|other| other.split('_').any(|part| part == column));
        part.or_else(|| suggest::nearest(column, others()))
    }

    /// What is missing of `datum`, if anything is.
    fn lack(&self, datum: &Datum) -> Option<Lack> {
        let has = |columns: &BTreeSet<&str>| {
            datum.column.as_deref().is_none_or(|column| columns.contains(column))
        };
        match datum.kind {
            None if self.kinds.values().any(has) => None,
            Some(kind) => match self.kinds.get(&kind) {
                None => Some(Lack::Kind(kind)),
                Some(columns) if has(columns) => None,
                Some(_) => Some(Lack::Column(Some(kind), datum.column.clone().unwrap_or_default())),
            },
            None => Some(Lack::Column(None, datum.column.clone().unwrap_or_default())),
        }
    }
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

fn standing(needs: &[&Need], coverage: &Coverage<'_>) -> Standing {
    let wants = wants(needs, coverage);
    if !wants.is_empty() {
        return Standing::Missed(wants);
    }
    let mut from: Vec<String> = Vec::new();
    for need in needs {
        let mut there = need.any_of.iter().filter(|datum| coverage.lack(datum).is_none());
        // One of which any amount does is better than one of which it takes more.
        let is_enough = there.clone().any(|datum| datum.from.is_none());
        let words = there.find_map(|datum| datum.from.clone()).filter(|_| !is_enough);
        from.extend(words.filter(|words| !from.contains(words)));
    }
    if from.is_empty() { Standing::Had } else { Standing::Later(listed(&from, "and")) }
}

fn wants(needs: &[&Need], coverage: &Coverage<'_>) -> Vec<Want> {
    let mut wants: Vec<Want> = Vec::new();
    for need in needs {
        // Any one that is not missing is enough.
        let lacks: Option<Vec<Lack>> =
            need.any_of.iter().map(|datum| coverage.lack(datum)).collect();
        wants.extend(lacks.map(|lacks| Want::of(need, lacks)));
    }
    wants.sort_by_key(|want| want.lacks.len());
    // Without fills it is soon enough to say that, and not also what they would have to have.
    let mut told: Vec<Want> = Vec::new();
    for want in wants {
        let covered = |known: &Want| known.lacks.iter().all(|lack| want.lacks.contains(lack));
        if !told.iter().any(covered) {
            told.push(want);
        }
    }
    told
}

fn section(measures: &Measures<'_>, coverage: &Coverage<'_>, width: usize) -> String {
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
        let _ = writeln!(text, "            {}", remedy(wants, coverage));
    }
    for (at, (wants, names)) in kinds.into_iter().enumerate() {
        let missing: Vec<String> = wants.iter().map(|want| want.describe(true)).collect();
        let told = format!("{}: no {}", missing.join(", and no "), names.join(", "));
        let lead = if at == 0 { "no lines" } else { "" };
        let _ = writeln!(text, "  {lead:<10}{}", wrapped(&told, INDENT, width));
    }
    text
}

impl Want {
    /// Of lines, what else would do is told by nobody who asks for them.
    fn of(need: &Need, mut lacks: Vec<Lack>) -> Want {
        let is_of_lines = need.any_of.first().is_some_and(|datum| datum.column.is_none());
        if is_of_lines {
            lacks.retain(|lack| matches!(lack, Lack::Kind(_)));
        } else {
            // A field is sooner added than a line.
            lacks.sort_by_key(|lack| matches!(lack, Lack::Kind(_)));
        }
        let mut want = Want { lacks: Vec::new(), is_of_lines };
        for lack in lacks {
            if !want.lacks.contains(&lack) {
                want.lacks.push(lack);
            }
        }
        want.is_of_lines |= want.column().is_none();
        want
    }

    /// The column that is missing, if it is one.
    fn column(&self) -> Option<&str> {
        match self.lacks.first() {
            Some(Lack::Column(_, column)) => Some(column),
            _ => None,
        }
    }

    /// In words; `alone` if it is said before that lines are meant.
    fn describe(&self, alone: bool) -> String {
        let way = |lack: &Lack| match lack {
            Lack::Column(Some(kind), column) => format!("{kind}.{column}"),
            Lack::Column(None, column) => column.clone(),
            Lack::Kind(kind) if self.is_of_lines && alone => kind.to_string(),
            Lack::Kind(kind) => {
                let article = if kind.as_str().starts_with(['a', 'e', 'o']) { "an" } else { "a" };
                format!("{article} {kind} line")
            }
        };
        let mut ways: Vec<String> = self.lacks.iter().map(way).collect();
        if ways.len() > WAYS_NAMED + 1 {
            let more = ways.split_off(WAYS_NAMED).len();
            ways.push(format!("{more} others"));
        }
        listed(&ways, "or")
    }
}

/// The line of a configuration that says where the missing columns are in the JSON.
fn remedy(wants: &[Want], coverage: &Coverage<'_>) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for column in wants.iter().filter_map(Want::column) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let fields = columns
        .iter()
        .map(|column| format!("{column} = \"{}\"", coverage.like(column).unwrap_or("…")));
    format!("[[source]] fields = {{ {} }}", fields.collect::<Vec<_>>().join(", "))
}

fn named(bots: &BTreeSet<&str>) -> String {
    let mut names: Vec<String> =
        bots.iter().take(BOTS_NAMED).map(|bot| (*bot).to_owned()).collect();
    if let Some(more @ 1..) = bots.len().checked_sub(BOTS_NAMED) {
        names.push(format!("{more} more"));
    }
    listed(&names, "and")
}
