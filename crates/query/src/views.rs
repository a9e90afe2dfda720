//! The SQL that has a name: views, the shipped ones and the user's.
//!
//! A file is one view: its stem is the view's name, the comment at its top says what a row is. They
//! may read one another in any order, but not in a circle. Everything that can be said about them
//! without knowing the tables' columns is checked when they are loaded; the rest when one is used,
//! so that a view over columns that no log has had yet does not stand in the way of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;

use crate::error::list;
use crate::header::Header;
use crate::relation::BASE;
use crate::{QueryError, guard};

/// Every file under `sql/views`, by name.
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/views.rs"));

/// Views by name, read and checked once for all sessions.
#[derive(Clone, Debug)]
pub struct Views {
    by_name: BTreeMap<String, View>,
    /// The user's own tables, which views may read.
    tables: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) file: PathBuf,
    /// As it is written.
    pub(crate) sql: String,
    /// The comment at the top.
    pub(crate) doc: String,
    pub(crate) header: Header,
    pub(crate) statement: Statement,
    pub(crate) reads: Vec<String>,
}

impl Views {
    /// No views.
    pub fn none() -> Views {
        Views { by_name: BTreeMap::new(), tables: Vec::new() }
    }

    /// The views that ship.
    pub fn shipped() -> Result<Views, QueryError> {
        let mut views = Views::none();
        for (name, sql) in SHIPPED {
            views.add(name, Path::new("sql/views").join(format!("{name}.sql")), sql)?;
        }
        views.check()?;
        Ok(views)
    }

    /// These, and the `.sql` files in `directory`; one with the name of a view that is there
    /// already takes its place.
    pub fn and(mut self, directory: &Path) -> Result<Views, QueryError> {
        let unreadable = |file: &Path, error: std::io::Error| QueryError::View {
            file: file.to_owned(),
            cause: error.to_string(),
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(directory).map_err(|error| unreadable(directory, error))? {
            let file = entry.map_err(|error| unreadable(directory, error))?.path();
            if file.extension().is_some_and(|extension| extension == "sql") {
                files.push(file);
            }
        }
        files.sort();
        for file in files {
            let sql = fs::read_to_string(&file).map_err(|error| unreadable(&file, error))?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            self.add(&name, file, &sql)?;
        }
        self.check()?;
        Ok(self)
    }

    /// These, which may also read the user's own tables `names`.
    pub fn over(mut self, names: impl IntoIterator<Item = String>) -> Views {
        self.tables.extend(names);
        self
    }

    /// The table or view of ours that has this name, in words.
    pub fn taken(&self, name: &str) -> Option<String> {
        if BASE.iter().any(|(base, _)| *base == name) {
            return Some(format!("the table `{name}`"));
        }
        self.get(name).map(|view| format!("the view {}", view.file.display()))
    }

    /// The views by name, with what their files say of them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &Header)> {
        self.by_name.iter().map(|(name, view)| (name.as_str(), &view.header))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&View> {
        self.by_name.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The views by which `name` reads this table, itself among them. There are no circles.
    pub(crate) fn readers_of(&self, name: &str, table: &str, readers: &mut BTreeSet<String>) {
        let Some(view) = self.by_name.get(name) else { return };
        if view.reads.iter().any(|read| read == table) {
            readers.insert(name.to_owned());
        }
        view.reads.iter().for_each(|read| self.readers_of(read, table, readers));
    }

    /// The text of every view that `statements` read, however indirectly, by name.
    pub(crate) fn behind<'a>(
        &self,
        statements: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<(String, String)>, QueryError> {
        let mut names = Vec::new();
        for sql in statements {
            names.extend(guard::reads(&guard::parse(sql)?)?);
        }
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        while let Some(name) = names.pop() {
            if let Some(view) = self.by_name.get(&name)
                && found.insert(name, view.sql.clone()).is_none()
            {
                names.extend(view.reads.iter().cloned());
            }
        }
        Ok(found.into_iter().collect())
    }

    fn add(&mut self, name: &str, file: PathBuf, sql: &str) -> Result<(), QueryError> {
        let fault = |cause: &str| QueryError::View { file: file.clone(), cause: cause.to_owned() };
        if !is_name(name) {
            return Err(fault("a view is named by its file: lower-case letters, digits and `_`"));
        }
        if BASE.iter().any(|(base, _)| *base == name) {
            return Err(fault("a table has this name, and a view cannot take its place"));
        }
        self.by_name.insert(name.to_owned(), View::new(file, sql)?);
        Ok(())
    }

    /// Every view reads what is there, and none reads itself, however indirectly.
    fn check(&self) -> Result<(), QueryError> {
        for (name, view) in &self.by_name {
            for read in &view.reads {
                let known = self.by_name.contains_key(read)
                    || BASE.iter().any(|(base, _)| base == read)
                    || self.tables.contains(read)
                    || guard::is_table_function(read);
                if !known {
                    let cause = format!("there is no table or view `{read}`");
                    return Err(QueryError::View { file: view.file.clone(), cause });
                }
            }
            self.walk(name, &mut Vec::new())?;
        }
        Ok(())
    }

    fn walk<'a>(&'a self, name: &'a str, path: &mut Vec<&'a str>) -> Result<(), QueryError> {
        let Some(view) = self.by_name.get(name) else { return Ok(()) };
        if let Some(start) = path.iter().position(|seen| *seen == name) {
            let circle = [&path[start..], &[name]].concat();
            let cause = format!(
                "views read one another in a circle: {}",
                list(&circle).replace(", ", " → ")
            );
            return Err(QueryError::View { file: view.file.clone(), cause });
        }
        path.push(name);
        for read in &view.reads {
            self.walk(read, path)?;
        }
        path.pop();
        Ok(())
    }
}

impl View {
    pub(crate) fn new(file: PathBuf, sql: &str) -> Result<View, QueryError> {
        let fault = |cause: String| QueryError::View { file: file.clone(), cause };
        let statement = guard::parse(sql).map_err(|error| error.in_view(file.clone()))?;
        if !is_query(&statement) {
            return Err(fault("a view is a select, not an explain or a describe".to_owned()));
        }
        let reads = guard::reads(&statement).map_err(|error| error.in_view(file.clone()))?;
        let doc = doc(sql);
        let header = Header::parse(&doc).map_err(|error| fault(error.to_string()))?;
        Ok(View { sql: sql.to_owned(), doc, header, statement, reads, file })
    }

    pub(crate) fn name(&self) -> String {
        self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_query(statement: &Statement) -> bool {
    matches!(statement, Statement::Statement(inner) if matches!(**inner, ast::Statement::Query(_)))
}

fn doc(sql: &str) -> String {
    let lines = sql.lines().map_while(|line| line.strip_prefix("--"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn every_view_that_ships_says_what_a_row_is() {
        let views = Views::shipped().unwrap();
        for name in views.names() {
            let doc = &views.get(name).unwrap().doc;
            for part in ["Grain:", "Columns:", "Reads:"] {
                assert!(doc.contains(part), "{name}.sql has no `{part}` in its header");
            }
        }
    }

    /// Loads `files` on top of what ships, and compares the error, the folder's path left out.
    fn check(files: &[(&str, &str)], want: &str) {
        let folder = tempfile::tempdir().unwrap();
        for (name, sql) in files {
            fs::write(folder.path().join(name), sql).unwrap();
        }
        let got = match Views::shipped().unwrap().and(folder.path()) {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.to_string().replace(&format!("{}/", folder.path().display()), ""),
        };
        assert_eq!(got, want);
    }

    #[test]
    fn views_may_read_one_another_in_any_order() {
        check(&[("a.sql", "select * from b"), ("b.sql", "select * from heartbeats")], "ok");
    }

    #[test]
    fn files_that_are_not_sql_are_none_of_ours() {
        check(&[("README.md", "drop table events")], "ok");
    }

    #[test]
    fn a_user_may_replace_a_view_but_not_a_table() {
        check(&[("heartbeats.sql", "select * from events")], "ok");
        check(
            &[("events.sql", "select 1")],
            "events.sql: a table has this name, and a view cannot take its place",
        );
    }

    #[test]
    fn a_circle_is_refused() {
        check(
            &[
                ("a.sql", "select * from b"),
                ("b.sql", "select * from c"),
                ("c.sql", "select * from b"),
            ],
            "b.sql: views read one another in a circle: `b` → `c` → `b`",
        );
        check(
            &[("heartbeats.sql", "select * from heartbeats")],
            "heartbeats.sql: views read one another in a circle: `heartbeats` → `heartbeats`",
        );
    }

    #[test]
    fn an_error_names_the_file() {
        check(&[("a.sql", "select * from nowhere")], "a.sql: there is no table or view `nowhere`");
        check(
            &[("A b.sql", "select 1")],
            "A b.sql: a view is named by its file: lower-case letters, digits and `_`",
        );
        check(
            &[("a.sql", "describe events")],
            "a.sql: a view is a select, not an explain or a describe",
        );
        check(
            &[("a.sql", "select now()")],
            "a.sql: `now` would give another answer each time: use `$now`, the time the query is asked for",
        );
        check(&[("a.sql", "select (1")], "a.sql: Expected: ), found: EOF");
    }
}
