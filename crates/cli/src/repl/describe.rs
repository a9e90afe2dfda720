//! `\d`: what can be asked.

use fillwatch_query::{Relation, RelationKind};

use crate::failure::Failure;
use crate::suggest;
use crate::table::Table;

/// The relations, or the columns of the one called `name`.
pub(super) fn text(
    relations: &[Relation],
    name: Option<&str>,
    bold: bool,
) -> Result<String, Failure> {
    let Some(name) = name else { return Ok(all(relations, bold)) };
    let Some(relation) = relations.iter().find(|relation| relation.name == name) else {
        let failure = Failure::usage(format!("there is no table or view `{name}`"));
        let names = relations.iter().map(|relation| relation.name.as_str());
        return Err(match suggest::nearest(name, names) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`\\d` lists them"),
        });
    };
    Ok(one(relation, bold))
}

fn all(relations: &[Relation], bold: bool) -> String {
    let mut table = Table::default().left(&["name", "kind", "a row is"]);
    for relation in relations {
        let doc = relation.doc.lines().next().unwrap_or_default();
        let doc = if relation.broken.is_some() { "cannot be used yet; \\d says why" } else { doc };
        table.row([relation.name.clone(), kind(relation).to_owned(), doc.to_owned()]);
    }
    table.render(bold)
}

fn one(relation: &Relation, bold: bool) -> String {
    let mut text = format!("{} {}: {}\n", kind(relation), relation.name, relation.doc.trim_end());
    if let Some(broken) = &relation.broken {
        return text + &format!("cannot be used: {broken}\n");
    }
    let mut table = Table::default().left(&["column", "type"]);
    for (name, column_type) in &relation.columns {
        table.row([name.clone(), column_type.clone()]);
    }
    text += "\n";
    text + &table.render(bold)
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

    fn relations() -> Vec<Relation> {
        let columns = vec![("ts".to_owned(), "timestamp".to_owned())];
        let relation = |name: &str, kind, broken| Relation {
            name: name.to_owned(),
            kind,
            doc: format!("one row per {name}\nand more about it"),
            columns: columns.clone(),
            broken,
        };
        vec![
            relation("events", RelationKind::Table, None),
            relation("edge", RelationKind::View, Some("no column `fair_value`".to_owned())),
        ]
    }

    #[test]
    fn all_of_them_in_a_line_each() {
        expect![[r#"
            name    kind   a row is
            events  table  one row per events
            edge    view   cannot be used yet; \d says why
        "#]]
        .assert_eq(&text(&relations(), None, false).unwrap());
    }

    #[test]
    fn one_of_them_with_its_columns() {
        expect![[r#"
            table events: one row per events
            and more about it

            column  type
            ts      timestamp
        "#]]
        .assert_eq(&text(&relations(), Some("events"), false).unwrap());
    }

    #[test]
    fn none_of_them() {
        expect![[r#"
            fillwatch: there is no table or view `event`
            hint: did you mean `events`?
        "#]]
        .assert_eq(&text(&relations(), Some("event"), false).unwrap_err().to_string());
    }
}
