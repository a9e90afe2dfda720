//! `docs/metrics.md` says what the headers of the views say, and the headers what the views are.
//!
//! `UPDATE=1 cargo test --workspace --test it -- docs::` writes the page anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fillwatch_model::{CANONICAL, ManualClock};
use fillwatch_query::header::{Datum, Header, Need};
use fillwatch_query::themes::THEMES;
use fillwatch_query::{Options, Relation, RelationKind, Session, Views, Window};
use fillwatch_store::Store;

const HEAD: &str = "\
# Metrics

What fillwatch computes, view by view. Each is SQL under [sql/views](../sql/views), which is where this page is written from;
`fillwatch sql '\\d fills'` prints the same, and `select * from fills` the figures.

A rate (`*_rate`) is a fraction between 0 and 1, a percentage (`*_pct`, `*_percent`) goes to 100. Money is in the account's currency. Units
stand last in a name. Null is unknown and never 0; below the least n that means anything a statistic is null.
`sign` is +1 for yes, buy and long and -1 for no, sell and short. Slippage is `(fill_price - fair) * sign`: positive is bad. Edge is
positive when good. A *windowed* view is about the window that is asked for (`--since`), a *carried* one about everything up to its end.

";

/// The relations over an empty store: every view has its columns there, whatever a log has.
async fn relations() -> Vec<Relation> {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let clock = Arc::new(ManualClock::at(0));
    drop(Store::open(&store, fillwatch_store::Options::default(), clock).await.unwrap());
    let tables = fillwatch_serve::tables(&store).await.unwrap();
    Session::new(tables, Window::ALL, Options::at(0).unwrap()).unwrap().relations()
}

fn page(
    views: &BTreeMap<String, Vec<(String, String)>>,
    headers: &BTreeMap<&str, &Header>,
) -> String {
    let mut text = HEAD.to_owned();
    for (theme, names) in THEMES {
        let links: Vec<String> = names.iter().map(|name| format!("[{name}](#{name})")).collect();
        let _ = writeln!(text, "- **{theme}**: {}", links.join(", "));
    }
    for (theme, names) in THEMES {
        let _ = writeln!(text, "\n## {theme}");
        for name in *names {
            text += &section(name, &views[*name], headers[name]);
        }
    }
    text
}

fn section(name: &str, columns: &[(String, String)], header: &Header) -> String {
    let types: BTreeMap<&str, &str> =
        columns.iter().map(|(name, of)| (name.as_str(), of.as_str())).collect();
    let mut text = format!("\n### {name}\n\n{}\n\n", plain(&header.about));
    let mut part = |called: &str, said: Option<&str>| {
        if let Some(said) = said {
            let _ = writeln!(text, "**{called}** {}  ", plain(said));
        }
    };
    part("Grain:", header.grain.as_deref());
    part("Reads:", Some(&header.reads_why));
    part("Needs:", needs(&header.needs).as_deref());
    part("Source:", header.source.as_deref());
    part("Omits:", header.omits.as_deref());
    text += "\n| column | type | meaning |\n| --- | --- | --- |\n";
    for (names, meaning) in &header.columns {
        let called: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let mut of: Vec<&str> = names.iter().map(|name| types[name.as_str()]).collect();
        of.dedup();
        let _ =
            writeln!(text, "| {} | {} | {} |", called.join(", "), of.join(", "), plain(meaning));
    }
    text
}

fn needs(needs: &[Need]) -> Option<String> {
    let way = |datum: &Datum| {
        let what = match (datum.kind, &datum.column) {
            (Some(kind), Some(column)) => format!("`{kind}.{column}`"),
            (Some(kind), None) => format!("lines of kind `{kind}`"),
            (None, column) => format!("`{}` in any line", column.as_deref().unwrap_or_default()),
        };
        datum.from.as_ref().map_or(what.clone(), |from| format!("{what} (from {from} on)"))
    };
    let need = |need: &Need| {
        let ways: Vec<String> = need.any_of.iter().map(way).collect();
        let ways = ways.join(" or ");
        match &need.columns[..] {
            [] => ways,
            columns => format!("for `{}`: {ways}", columns.join("`, `")),
        }
    };
    let needs: Vec<String> = needs.iter().map(need).collect();
    (!needs.is_empty()).then(|| needs.join("; "))
}

/// Text that Markdown leaves as it is, with a link at the name of a view that can be no other word.
fn plain(text: &str) -> String {
    let is_view =
        |word: &str| word.contains('_') && THEMES.iter().any(|(_, names)| names.contains(&word));
    let mut safe = String::new();
    for (at, code) in text.split('`').enumerate() {
        if at > 0 {
            safe.push('`');
        }
        if at % 2 == 1 {
            safe += &code.replace('|', "\\|");
            continue;
        }
        for word in code.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
            let name = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
            if is_view(name) {
                safe += &format!("[{name}](#{name})");
            }
            for c in word[if is_view(name) { name.len() } else { 0 }..].chars() {
                if matches!(c, '|' | '*' | '_' | '<' | '[') {
                    safe.push('\\');
                }
                safe.push(c);
            }
        }
    }
    safe
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_what_the_headers_say() {
    let shipped = Views::shipped().unwrap();
    let headers: BTreeMap<&str, &Header> = shipped.headers().collect();
    let relations = relations().await;
    let views = relations.into_iter().filter(|relation| relation.kind == RelationKind::View);
    let views = views.map(|view| (view.name, view.columns)).collect();
    let page = page(&views, &headers);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == page, "docs/metrics.md is of other headers: run this with UPDATE=1");
}

#[test]
fn every_view_is_of_one_theme() {
    let shipped = Views::shipped().unwrap();
    let mut wanted: Vec<&str> = shipped.headers().map(|(name, _)| name).collect();
    let mut listed: Vec<&str> = THEMES.iter().flat_map(|(_, names)| *names).copied().collect();
    wanted.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, wanted, "see crates/query/src/themes.rs");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_header_says_what_its_view_is() {
    let shipped = Views::shipped().unwrap();
    let headers: BTreeMap<&str, &Header> = shipped.headers().collect();
    let fields = headers.values().flat_map(|header| &header.fields).map(|(name, _)| name.as_str());
    let known: Vec<&str> = CANONICAL.iter().map(|(name, _)| *name).chain(fields).collect();
    let mut faults = Vec::new();
    for view in relations().await.iter().filter(|relation| relation.kind == RelationKind::View) {
        let header = headers[view.name.as_str()];
        let file = PathBuf::from("sql/views").join(format!("{}.sql", view.name));
        let mut fault = |fault: String| faults.push(format!("{}: {fault}", file.display()));
        if let Some(broken) = &view.broken {
            fault(broken.clone());
            continue;
        }
        if header.about.is_empty() {
            fault("it does not say what it tells".to_owned());
        }
        for part in header.missing() {
            fault(format!("it has no `{part}:`"));
        }
        let has: Vec<&str> = view.columns.iter().map(|(name, _)| name.as_str()).collect();
        let says: Vec<&str> = header.column_names().collect();
        if has != says {
            fault(format!(
                "it has the columns {}, and `Columns:` says {}",
                has.join(" "),
                says.join(" ")
            ));
        }
        for column in header.needs.iter().flat_map(|need| &need.columns) {
            if !says.contains(&column.as_str()) {
                fault(format!("`Needs:` says what is missing for `{column}`, which it has not"));
            }
        }
        let asked = header.needs.iter().flat_map(|need| &need.any_of);
        for column in asked.filter_map(|datum| datum.column.as_deref()) {
            if !known.contains(&column) {
                fault(format!("it needs `{column}`, which is no column and in no `Fields:`"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
