//! What a user is told.

use std::sync::Arc;

use super::{answer, session, session_with};
use crate::{QueryError, Views, Window};

async fn check(sql: &str, want: &str) {
    let error = answer(&session(Window::ALL), sql).await.unwrap_err();
    assert_eq!(error.to_string(), want, "{sql}");
}

#[tokio::test]
async fn an_unknown_column_is_answered_with_the_nearest() {
    check(
        "select fil_price from events",
        "no column `fil_price`; did you mean `fill_price`, `price`, `fill_size`?",
    )
    .await;
    check(
        "select e.zzzzz from (select bot, kind from events) e",
        "no column `e.zzzzz`; there are `bot`, `kind`",
    )
    .await;
}

#[tokio::test]
async fn text_in_double_quotes_is_told_from_a_column() {
    check(
        r#"select * from events where bot = "mm1""#,
        "no column `mm1`; text stands in single quotes: 'mm1'",
    )
    .await;
}

#[tokio::test]
async fn what_the_query_brings_about_is_the_querys_fault() {
    for sql in [
        "select 1 / 0",
        "select 1 / (\"offset\" - \"offset\") from events",
        "select * from events where ts > '2026-13-01'",
        "select regexp_like(bot, '((a{1000}){1000}){1000}') from events",
        "select cast(bot as bigint) from events",
    ] {
        let error = answer(&session(Window::ALL), sql).await.unwrap_err();
        assert!(matches!(error, QueryError::Invalid(_)), "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn an_unknown_relation_is_answered_with_the_nearest_or_where_all_are() {
    check(
        "select * from event",
        "no table or view `event`; did you mean `events`, `lead_events`, `order_events`?",
    )
    .await;
    let all = session(Window::ALL).relations().len();
    check(
        "select * from zzzzz",
        &format!("no table or view `zzzzz`; `fillwatch sql '\\d'` lists all {all}"),
    )
    .await;
}

#[tokio::test]
async fn a_slip_of_the_pen_is_shown_where_it_is() {
    check(
        "select bot frm events",
        "Expected: end of statement, found: events at Line: 1, Column: 16",
    )
    .await;
    check("select 'abc from events", "Unterminated string literal at Line: 1, Column: 8").await;
    check("select nosuch(price) from events", "Invalid function 'nosuch'. Did you mean 'cosh'?")
        .await;
    check("select $foo", "`$foo` has no value; there are $from, $to and $now").await;
}

#[tokio::test]
async fn a_failure_at_run_time_is_one_line_too() {
    check(
        "select cast(bot as bigint) from events",
        "Cannot cast string 'mm-2' to value of Int64 type",
    )
    .await;
}

#[tokio::test]
async fn a_broken_view_is_at_fault_and_the_others_work() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("idle.sql"), "select idle_seconds from events").unwrap();
    let views = Views::shipped().unwrap().and(folder.path()).unwrap();
    let session = session_with(Window::ALL, |options| options.views = Arc::new(views));
    let error = answer(&session, "select * from idle").await.unwrap_err().to_string();
    assert!(error.contains("idle.sql: no column `idle_seconds`"), "{error}");
    answer(&session, "select * from last_seen").await.unwrap();
    let relations = session.relations();
    let broken: Vec<&str> =
        relations.iter().filter(|r| r.broken.is_some()).map(|r| r.name.as_str()).collect();
    assert_eq!(broken, ["idle"]);
}

#[tokio::test]
async fn too_much_memory_is_refused() {
    let session = session_with(Window::ALL, |options| options.memory_bytes = 1 << 20);
    let sql = "select count(*) from (select value, count(*) from generate_series(1, 1000000) t(value) group by value)";
    let error = answer(&session, sql).await.unwrap_err();
    assert!(matches!(error, QueryError::Memory { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "the query needs more than its 1 MiB of memory: ask for less time, fewer columns or fewer groups"
    );
}
