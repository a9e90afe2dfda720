//! Statements made to bring the process down. They run where queries do, on a worker's stack of
//! 2 MiB, and in this build, whose frames are the largest.

use std::time::{Duration, Instant};

use super::{answer, session, session_with};
use crate::{QueryError, Window};

/// Asks on a worker thread.
fn ask(sql: &str) -> Result<String, QueryError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sql = sql.to_owned();
    let question = runtime.spawn(async move { answer(&session(Window::ALL), &sql).await });
    runtime.block_on(question).unwrap()
}

fn survives(sql: &str) {
    if let Err(error) = ask(sql) {
        panic!("{}…: {error}", &sql[..sql.len().min(60)]);
    }
}

fn refused(sql: &str, want: &str) {
    let error = ask(sql).unwrap_err().to_string();
    assert!(error.contains(want), "{}…: {error}", &sql[..sql.len().min(60)]);
}

fn chain(first: &str, next: &str, count: usize) -> String {
    format!("select {first}{} from events limit 1", next.repeat(count))
}

fn joins(count: usize) -> String {
    (1..=count).map(|n| format!("join events e{n} on e{n}.bot = e0.bot ")).collect()
}

#[test]
fn the_longest_chains_that_are_let_through_are_planned() {
    survives(&chain("price", " + price", 300));
    survives(&chain("bot", " || bot", 300));
    survives(&chain("price > 0", " or size > 0", 149));
    survives(&chain("price", "::double", 300));
    survives(&chain("price", " is null", 300));
    survives(&chain("attrs", "->'a'", 12));
    survives(&format!("select 1 from events where price in ({}1)", "1, ".repeat(900)));
    survives(&format!("select case {} end from events", "when price = 1 then 1 ".repeat(290)));
    survives(&format!("select count(*) from events e0 {}", joins(8)));
}

#[test]
fn longer_ones_are_refused() {
    refused(&chain("price", " + price", 301), "the query has 301 operators, and 300 is the limit");
    refused(&chain("price", "::double", 301), "operators");
    refused(&chain("attrs", "['a']", 301), "operators");
    refused(
        &chain("attrs", "->'a'", 13),
        "the query has 13 functions inside one another, and 12 is the limit",
    );
    refused(
        &format!("select {}1{}", "abs(".repeat(13), ")".repeat(13)),
        "functions inside one another",
    );
    refused(
        &format!("select 1 {}", "union all select 1 ".repeat(51)),
        "the query has 51 unions, and 50 is the limit",
    );
    refused(&format!("select {}1", "1, ".repeat(1_000)), "tokens");
    refused(&format!("select '{}'", "x".repeat(70_000)), "bytes");
    refused(
        &format!("select 1 from events {}", "cross join events ".repeat(9)),
        "the query has 9 joins, and 8 is the limit",
    );
    refused(&format!("select 1 from events{}", ", events".repeat(9)), "joins");
}

#[test]
fn deep_nesting_is_refused() {
    let nested = |open: &str, inner: &str, close: &str, depth: usize| {
        let sql = format!("select {}{inner}{}", open.repeat(depth), close.repeat(depth));
        assert!(ask(&sql).is_err(), "{open} × {depth}");
    };
    nested("(", "1", ")", 100);
    nested("(", "1", ")", 950);
    nested("abs(", "1", ")", 600);
    nested("[", "1", "]", 290);
    nested("not ", "true", "", 290);
    nested("- ", "1", "", 290);
    nested("case when true then ", "1", " end", 200);
    nested("(select ", "1", ")", 200);
    nested("* from (select ", "1", ")", 200);
    refused(
        &format!("select {}1{}", "(".repeat(17), ")".repeat(17)),
        "the query has 17 parentheses inside one another, and 16 is the limit",
    );
}

#[test]
fn what_may_nest_is_planned_in_time() {
    let start = Instant::now();
    for depth in [6, 12, 16] {
        for (open, close) in
            [("coalesce(price, ", ")"), ("abs(", ")"), ("(", ")"), ("nullif(", ", 0)")]
        {
            let _ =
                ask(&format!("select {}1{} from events", open.repeat(depth), close.repeat(depth)));
        }
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn chains_that_are_no_operators_do_no_harm_either() {
    let _ = ask(&chain("(price)", ".a", 900));
    let _ = ask(&format!("select {}a from events", "a.".repeat(900)));
    let _ = ask(&format!("select {}1 as a", "a.b as c, ".repeat(300)));
}

#[test]
fn fifty_unions_are_planned() {
    survives(&format!("select bot from events {}", "union all select bot from events ".repeat(50)));
    survives(&format!(
        "select bot from events {}",
        "union select bot from order_events ".repeat(5)
    ));
}

/// `with c0 as (…), c1 as (two of c0), …`
fn doubling(count: usize, two: fn(usize) -> String) -> String {
    let steps: String = (1..=count).map(|n| format!(", c{n} as ({})", two(n - 1))).collect();
    format!("with c0 as (select bot as x from events){steps} select count(*) from c{count}")
}

#[test]
fn names_that_double_each_time_are_counted_in_full() {
    let unions = |n| format!("select x from c{n} union all select x from c{n}");
    refused(&doubling(39, unions), "tables to read when the names from `with` are put in full");
    refused(&doubling(7, unions), "the query has 128 tables to read");
    survives(&doubling(6, unions));
    refused(
        &doubling(7, |n| {
            format!(r#"select x from (select * from "c{n}") where x in (select x from C{n})"#)
        }),
        "tables to read",
    );
    survives(&doubling(20, |n| format!("select x from c{n}")));
}

#[test]
fn sets_to_group_by_are_counted() {
    let columns = |count: usize| (1..=count).map(|n| format!("{n}")).collect::<Vec<_>>().join(", ");
    let all = "bot, kind, market, side, price, size, order_id";
    let select = |by: &str| format!("select {all}, count(*) from events group by {by}");
    refused(&select(&format!("cube({all})")), "the query has 128 sets to group by, and 64");
    refused(&select(&format!("cube({})", columns(20))), "sets to group by");
    refused(
        &select("cube(bot, kind, market, side), rollup(price, size, order_id), cube(bot)"),
        "the query has 128 sets to group by",
    );
    survives("select bot, kind, count(*) from events group by cube(bot, kind)");
    survives("select bot, kind, count(*) from events group by grouping sets ((bot), (kind), ())");
}

#[test]
fn a_deadline_ends_an_answer() {
    let session =
        session_with(Window::ALL, |options| options.timeout = Some(Duration::from_millis(200)));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let start = Instant::now();
    let sql = "select sum(sqrt(value)) from generate_series(1, 1000000000000) t(value)";
    let error = runtime.block_on(answer(&session, sql)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the query was stopped after 0.2 s: ask for less time, or allow more"
    );
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    runtime.shutdown_background();
}
