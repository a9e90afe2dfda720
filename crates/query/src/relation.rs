//! What can be asked: tables and views, and their columns.

use arrow::datatypes::{DataType, Schema};
use fillwatch_model::ColumnType;

use crate::alerts::ALERT_TABLES;

/// The tables: names and what a row is.
pub(crate) const BASE: &[(&str, &str)] = &[
    ("events", "one row per JSON object in a log line, within the window"),
    (
        "history",
        "like events, from the beginning of time to the window's end: what carried views read",
    ),
    (
        "lead_events",
        "like events, from `$opened` to the window's end: what windowed views look back to",
    ),
    ("opening", "the rows of `daily_close` at `$opened`: the state of all events before it"),
    ("daily_close", "one row per thing that is carried over a midnight, at each midnight"),
    (
        "order_book",
        "one row per order since `$opened`, those open then among them; see the view orders",
    ),
    ("executions", "one row per real fill since `$opened`; see the view fills"),
    ("quarantine", "one row per line, or part of a line, that is not a JSON object"),
    ("sources", "one row per log file that was read"),
    ("fields", "one row per field seen in the log lines"),
    ("alerts", ALERT_TABLES[0].doc),
    ("alert_history", ALERT_TABLES[1].doc),
    ("rule_health", ALERT_TABLES[2].doc),
    ("expected_bots", ALERT_TABLES[3].doc),
];

/// A table or a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// Which of the two.
    pub kind: RelationKind,
    /// What a row is; for a view, the comment at its file's top.
    pub doc: String,
    /// Names and types of its columns; none for a view that is broken.
    pub columns: Vec<(String, String)>,
    /// Why it cannot be used. A view breaks when it names a column that no log has had yet.
    pub broken: Option<String>,
}

/// A table or a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// It holds rows.
    Table,
    /// It is SQL with a name.
    View,
}

/// Names and types of a relation's columns.
pub(crate) fn columns(schema: &Schema) -> Vec<(String, String)> {
    schema
        .fields()
        .iter()
        .map(|field| (field.name().clone(), type_name(field.data_type())))
        .collect()
}

/// Our word for a type, where it is one of ours.
fn type_name(data_type: &DataType) -> String {
    match ColumnType::from_arrow(data_type) {
        Some(ours) => ours.name().to_owned(),
        None => data_type.to_string(),
    }
}
