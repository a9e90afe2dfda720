//! `\d`: what can be asked.

use fillwatch_query::header::Header;
use fillwatch_query::themes::THEMES;
use fillwatch_query::{Relation, RelationKind};

use crate::failure::Failure;
use crate::suggest;
use crate::table::Table;
use crate::terminal::Terminal;
use crate::text::wrapped;

/// Where a line is broken if nobody knows how wide the screen is.
const WIDTH: usize = 100;
/// Meanings are not made narrower than this to fit.
const MEANING_MIN: usize = 30;

/// The relations, or the columns of the one called `name`.
pub(super) fn text(
    relations: &[Relation],
    name: Option<&str>,
    terminal: Terminal,
) -> Result<String, Failure> {
    let screen = terminal.size().map(|(columns, _)| usize::from(columns));
    let Some(name) = name else { return Ok(all(relations, screen, terminal.color)) };
    let Some(relation) = relations.iter().find(|relation| relation.name == name) else {
        let failure = Failure::usage(format!("there is no table or view `{name}`"));
        let names = relations.iter().map(|relation| relation.name.as_str());
        return Err(match suggest::nearest(name, names) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`\\d` lists them"),
        });
    };
    Ok(one(relation, screen.unwrap_or(WIDTH), terminal.color))
}

/// Tables, the user's own views, and ours by what they are about.
fn all(relations: &[Relation], width: Option<usize>, bold: bool) -> String {
    let place = |relation: &&Relation| {
        let ours = THEMES.iter().flat_map(|(_, views)| *views);
        let place = ours.clone().position(|view| *view == relation.name);
        (relation.kind == RelationKind::View, place.map_or(0, |place| place + 1))
    };
    let mut sorted: Vec<&Relation> = relations.iter().collect();
    sorted.sort_by_key(place);
    let mut table = Table::default().left(&["name", "kind", "what it tells"]);
    for relation in sorted {
        let about = header(relation).about;
        let about = about.lines().next().unwrap_or_default();
        let about =
            if relation.broken.is_some() { "cannot be used yet; \\d says why" } else { about };
        table.row([relation.name.clone(), kind(relation).to_owned(), about.to_owned()]);
    }
    width.map_or_else(|| table.render(bold), |width| table.fitted(width, bold).text)
}

/// What the comment says in parts; one that cannot be read is prose.
fn header(relation: &Relation) -> Header {
    let prose = |_| Header { about: relation.doc.trim_end().to_owned(), ..Header::default() };
    Header::parse(&relation.doc).unwrap_or_else(prose)
}

fn one(relation: &Relation, width: usize, bold: bool) -> String {
    let header = header(relation);
    let about = format!("{} {}: {}", kind(relation), relation.name, header.about);
    let mut text = wrapped(&about, 0, width) + "\n";
    if let Some(grain) = &header.grain {
        text += &format!("{}\n", wrapped(grain, 0, width));
    }
    if let Some(broken) = &relation.broken {
        return text + &format!("cannot be used: {broken}\n");
    }
    text += &format!("\n{}", columns(relation, &header, width, bold));
    let reads = (!header.reads_why.is_empty()).then_some(header.reads_why);
    let parts = [("Reads", reads), ("Source", header.source), ("Omits", header.omits)];
    let parts = parts.into_iter().filter_map(|(part, said)| Some((part, said?)));
    for (at, (part, said)) in parts.enumerate() {
        text += if at == 0 { "\n" } else { "" };
        text += &format!("{:<8} {}\n", format!("{part}:"), wrapped(&said, 9, width));
    }
    text
}

/// A line a column; what is said of several is said of the first.
fn columns(relation: &Relation, header: &Header, width: usize, bold: bool) -> String {
    let meaning = |name: &str| {
        let of = |(names, meaning): &&(Vec<String>, String)| {
            names.first().is_some_and(|first| first == name) && !meaning.is_empty()
        };
        header.columns.iter().find(of).map(|(_, meaning)| meaning.as_str())
    };
    if header.columns.is_empty() {
        let mut table = Table::default().left(&["column", "type"]);
        for (name, of) in &relation.columns {
            table.row([name.clone(), of.clone()]);
        }
        return table.render(bold);
    }
    let longest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0) + 2;
    let names = longest(&mut relation.columns.iter().map(|(name, _)| name.chars().count()));
    let types = longest(&mut relation.columns.iter().map(|(_, of)| of.chars().count()));
    let room = width.saturating_sub(names + types).max(MEANING_MIN);
    let mut table = Table::default().left(&["column", "type", "meaning"]);
    for (name, of) in &relation.columns {
        let meaning = wrapped(meaning(name).unwrap_or_default(), 0, room);
        let mut lines = meaning.lines();
        table.row([name.clone(), of.clone(), lines.next().unwrap_or_default().to_owned()]);
        for line in lines {
            table.row([String::new(), String::new(), line.to_owned()]);
        }
    }
    table.render(bold)
}

fn kind(relation: &Relation) -> &'static str {
    match relation.kind {
        RelationKind::Table => "table",
        RelationKind::View => "view",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    const PIPE: Terminal = Terminal { input: false, output: false, error: false, color: false };

    fn relations() -> Vec<Relation> {
        let relation = |name: &str, kind, doc: &str, broken| Relation {
            name: name.to_owned(),
            kind,
            doc: doc.to_owned(),
            columns: [("ts", "timestamp"), ("bot", "text"), ("market", "text"), ("edge", "float")]
                .map(|(name, of)| (name.to_owned(), of.to_owned()))
                .to_vec(),
            broken,
        };
        let fills = "Each execution,\nand what it cost.\n\nGrain:   one row per fill.\n\
                     Columns: ts  when it was filled.\n         bot, market  whose and where.\n         \
                     edge  how much less than fair was paid, times the size of it, in the account's\n            \
                     currency: positive is good.\nReads:   windowed.\nOmits:   round trips.";
        vec![
            relation(
                "mine",
                RelationKind::View,
                "Mine.",
                Some("no column `fair_value`".to_owned()),
            ),
            relation("fills", RelationKind::View, fills, None),
            relation("events", RelationKind::Table, "one row per JSON object", None),
        ]
    }

    #[test]
    fn all_of_them_in_a_line_each() {
        expect![[r#"
            name    kind   what it tells
            events  table  one row per JSON object
            mine    view   cannot be used yet; \d says why
            fills   view   Each execution, and what it cost.
        "#]]
        .assert_eq(&text(&relations(), None, PIPE).unwrap());
    }

    #[test]
    fn one_of_them_with_its_columns() {
        expect![[r#"
            table events: one row per JSON object

            column  type
            ts      timestamp
            bot     text
            market  text
            edge    float
        "#]]
        .assert_eq(&text(&relations(), Some("events"), PIPE).unwrap());
        expect![[r#"
            view fills: Each execution, and what it cost.
            one row per fill.

            column  type       meaning
            ts      timestamp  when it was filled.
            bot     text       whose and where.
            market  text
            edge    float      how much less than fair was paid, times the size of it, in the account's
                               currency: positive is good.

            Reads:   windowed.
            Omits:   round trips.
        "#]].assert_eq(&text(&relations(), Some("fills"), PIPE).unwrap());
        expect![[r#"
            view mine: Mine.
            cannot be used: no column `fair_value`
        "#]]
        .assert_eq(&text(&relations(), Some("mine"), PIPE).unwrap());
    }

    #[test]
    fn none_of_them() {
        expect![[r#"
            fillwatch: there is no table or view `event`
            hint: did you mean `events`?
        "#]]
        .assert_eq(&text(&relations(), Some("event"), PIPE).unwrap_err().to_string());
    }
}
