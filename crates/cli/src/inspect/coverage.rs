//! What the lines of some bots have, and what of it is missing for somebody's needs.

use std::collections::{BTreeMap, BTreeSet};

use fillwatch_decode::survey::FileSurvey;
use fillwatch_model::Kind;
use fillwatch_query::header::{Datum, Need};

use crate::suggest;
use crate::text::listed;

/// More things of which one would do than this are counted.
const WAYS_NAMED: usize = 3;

/// What the lines of some bots have.
#[derive(Debug, Default)]
pub(crate) struct Coverage<'a> {
    pub(crate) bots: BTreeSet<&'a str>,
    pub(crate) kinds: BTreeMap<Kind, BTreeSet<&'a str>>,
    /// Columns that are none of the canonical ones.
    others: BTreeSet<&'a str>,
}

/// Whether there is what a measure needs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Had,
    /// From so much on.
    Later(String),
    Missed(Vec<Want>),
}

/// What is missing: any one of these would do, the first best.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Want {
    lacks: Vec<Lack>,
    /// That there are such lines is what is missing, not something that they say.
    pub(crate) is_of_lines: bool,
}

/// A thing that is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    /// The events have no value in this column.
    Column(Option<Kind>, String),
    /// There are no such events.
    Kind(Kind),
}

/// The files, those of one bot together: what one lacks another may have.
pub(crate) fn by_bots(files: &[FileSurvey]) -> Vec<Coverage<'_>> {
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
    /// What one bot's lines have: of each kind the columns.
    pub(crate) fn of_bot(bot: &'a str, kinds: BTreeMap<Kind, BTreeSet<&'a str>>) -> Coverage<'a> {
        Coverage { bots: BTreeSet::from([bot]), kinds, others: BTreeSet::new() }
    }

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

    pub(crate) fn take(&mut self, other: Coverage<'a>) {
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

pub(crate) fn standing(needs: &[&Need], coverage: &Coverage<'_>) -> Standing {
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
    pub(crate) fn describe(&self, alone: bool) -> String {
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
pub(crate) fn remedy(wants: &[Want], coverage: &Coverage<'_>) -> String {
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
