//! Whether the logs have what a rule reads.
//!
//! A rule says it by the views that it reads, each of which says what it needs; of a view's columns
//! only those count that decide whether there is a row, or are the measured value. What a rule only
//! shows may be unknown.

use std::collections::{BTreeMap, BTreeSet};

use fillwatch_model::{CANONICAL, Kind, Micros};
use fillwatch_query::Views;
use fillwatch_query::header::{Header, Need};
use fillwatch_rules::Rule;
use fillwatch_serve::Prepared;

use crate::asker::{Asker, Range};
use crate::board::Rows;
use crate::failure::Failure;
use crate::inspect::coverage::standing as standing_of;
use crate::inspect::coverage::{Coverage, Standing, Want};

/// How far back from its last line a store is looked at.
const LOOK_BACK: Micros = 2 * 86_400_000_000;

/// How a rule stands: as it does for the bot that has most of what it needs.
pub(crate) fn standing(rule: &Rule, views: &Views, coverages: &[Coverage<'_>]) -> Standing {
    let mut ways: Vec<Vec<Need>> = needs(rule, views);
    // What is told by one of several things needs only one of them.
    if !words_of(&rule.text).any(|word| matches!(word, "union" | "full")) {
        ways = vec![ways.into_iter().flatten().collect()];
    }
    let nothing = [Coverage::default()];
    let coverages = if coverages.is_empty() { &nothing[..] } else { coverages };
    let mut best: Option<Standing> = None;
    for (coverage, way) in coverages.iter().flat_map(|one| ways.iter().map(move |way| (one, way))) {
        let standing = standing_of(&way.iter().collect::<Vec<_>>(), coverage);
        if best.as_ref().is_none_or(|best| rank(&standing) < rank(best)) {
            best = Some(standing);
        }
    }
    best.unwrap_or(Standing::Had)
}

fn rank(standing: &Standing) -> usize {
    match standing {
        Standing::Had => 0,
        Standing::Later(_) => 1,
        Standing::Missed(wants) => 1 + wants.len(),
    }
}

/// What a rule waits for, in words; nothing if it waits for nothing.
pub(crate) fn waits(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Had | Standing::Later(_) => None,
        Standing::Missed(wants) => {
            let told: Vec<String> = wants.iter().map(|want| Want::describe(want, false)).collect();
            Some(told.join(", and "))
        }
    }
}

/// What each view that a rule reads needs, and the rule beside them.
fn needs(rule: &Rule, views: &Views) -> Vec<Vec<Need>> {
    let headers: BTreeMap<&str, &Header> = views.headers().collect();
    let prepared = Prepared::of(rule);
    let reads = prepared.as_ref().map(Prepared::reads).unwrap_or_default();
    let deciding = deciding(rule);
    let counts = |need: &&Need| {
        need.columns.is_empty()
            || need.columns.iter().any(|column| deciding.contains(column.as_str()))
    };
    let own = Header::parse(&format!("Its own.\n\nNeeds: {}", rule.needs));
    let own = own.map(|header| header.needs).unwrap_or_default();
    let read = reads.iter().filter_map(|name| headers.get(name.as_str()));
    let mut needs: Vec<Vec<Need>> = read
        .map(|header| own.iter().chain(header.needs.iter().filter(counts)).cloned().collect())
        .collect();
    if needs.is_empty() {
        needs.push(own);
    }
    needs
}

/// The words of a rule's conditions, and its measured column.
fn deciding(rule: &Rule) -> BTreeSet<&str> {
    let mut words = BTreeSet::new();
    let mut in_condition = false;
    for word in words_of(&rule.text) {
        match word.to_ascii_lowercase().as_str() {
            "where" | "having" | "on" | "filter" => in_condition = true,
            "select" | "group" | "order" | "limit" | "union" => in_condition = false,
            _ if in_condition => drop(words.insert(word)),
            _ => {}
        }
    }
    words.extend(rule.terms.value.as_deref());
    words
}

/// The words of a rule's SQL, without comments and texts.
pub(crate) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let body = text.lines().map(|line| line.split("--").next().unwrap_or_default());
    let parts = body.flat_map(|line| line.split('\'').step_by(2));
    parts
        .flat_map(|part| part.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')))
        .filter(|word| !word.is_empty())
}

/// What a store has: of each bot its kinds, and of those the columns that are not null throughout.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    bots: BTreeMap<String, BTreeMap<Kind, BTreeSet<String>>>,
}

impl Seen {
    /// Looks at the last days of a store, whenever they were, for what `rules` need.
    pub(crate) async fn look(
        asker: &Asker,
        rules: impl Iterator<Item = &Rule>,
        views: &Views,
    ) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        let session = asker.with_range(Range::ALL).session().await?;
        let kinds = Rows::of(session.query("select bot, kind, ts from last_seen").await?).await?;
        let last = kinds.times("ts").into_iter().flatten().max();
        for (bot, kind) in kinds.texts("bot").into_iter().zip(kinds.texts("kind")) {
            seen.note(bot, kind, None);
        }
        let Some(last) = last else { return Ok(seen) };
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        for rule in rules {
            let data = needs(rule, views).into_iter().flatten().flat_map(|need| need.any_of);
            wanted.extend(data.filter_map(|datum| datum.column));
            wanted.extend(columns_of_events(rule).into_iter().map(str::to_owned));
        }
        let range = Range::Between(Some(last - LOOK_BACK), None);
        let session = asker.with_range(range).session().await?;
        let events = session.relations().into_iter().find(|relation| relation.name == "events");
        let there: BTreeSet<String> =
            events.into_iter().flat_map(|events| events.columns).map(|(name, _)| name).collect();
        let columns: Vec<(String, &String)> = wanted
            .intersection(&there)
            .enumerate()
            .map(|(at, column)| (format!("n{at}"), column))
            .collect();
        let counts = columns.iter().map(|(alias, name)| format!(", count(\"{name}\") as {alias}"));
        let counts: String = counts.collect();
        let sql = format!("select bot, kind{counts} from events group by bot, kind");
        let rows = Rows::of(session.query(&sql).await?).await?;
        let whose: Vec<_> = rows.texts("bot").into_iter().zip(rows.texts("kind")).collect();
        for (alias, column) in columns {
            for ((bot, kind), count) in whose.iter().zip(rows.counts(&alias)) {
                if count.is_some_and(|count| count > 0) {
                    seen.note(bot.clone(), kind.clone(), Some(column));
                }
            }
        }
        Ok(seen)
    }

    fn note(&mut self, bot: Option<String>, kind: Option<String>, column: Option<&String>) {
        let kind = kind.and_then(|kind| Kind::parse(&kind));
        if let (Some(bot), Some(kind)) = (bot, kind) {
            let columns = self.bots.entry(bot).or_default().entry(kind).or_default();
            columns.extend(column.cloned());
        }
    }

    /// The same, to hold needs against.
    pub(crate) fn coverages(&self) -> Vec<Coverage<'_>> {
        let mut coverages = Vec::new();
        for (bot, kinds) in &self.bots {
            let kinds = kinds.iter();
            let kinds = kinds.map(|(kind, of)| (*kind, of.iter().map(String::as_str).collect()));
            coverages.push(Coverage::of_bot(bot, kinds.collect()));
        }
        coverages
    }

    /// Whether any line has a value in this column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.bots.values().flat_map(BTreeMap::values).any(|columns| columns.contains(column))
    }

    /// Whether there is any line.
    pub(crate) fn is_empty(&self) -> bool {
        self.bots.is_empty()
    }
}

/// Whether a rule reads the events themselves, whose columns are those that a log has had.
pub(crate) fn reads_events(prepared: &Prepared) -> bool {
    let is_one = |name: &String| matches!(name.as_str(), "events" | "history" | "lead_events");
    prepared.reads().iter().any(is_one)
}

/// The columns of `events` that a rule names, if it reads them itself and not through a view.
pub(crate) fn columns_of_events(rule: &Rule) -> Vec<&str> {
    if !Prepared::of(rule).is_ok_and(|prepared| reads_events(&prepared)) {
        return Vec::new();
    }
    let is_column = |word: &&str| CANONICAL.iter().any(|(name, _)| name == word);
    let mut columns: Vec<&str> = words_of(&rule.text).filter(is_column).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}
