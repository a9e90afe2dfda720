//! What is not answered, whoever asks.

use super::{answer, session};
use crate::{QueryError, Window};

/// Statements that would write, reach out of the store, or change how later ones run.
const WRITES: &[&str] = &[
    "create table t (a int)",
    "create table t as select * from events",
    "create or replace table t as select 1",
    "create temporary table t (a int)",
    "create view v as select 1",
    "create materialized view v as select 1",
    "create external table t stored as csv location '/etc/passwd'",
    "create unbounded external table t stored as parquet location '/tmp/x'",
    "create schema s",
    "create database d",
    "create index i on events (ts)",
    "create function f() returns int return 1",
    "create role r",
    "alter table events add column x int",
    "drop table events",
    "drop view heartbeats",
    "drop schema public cascade",
    "drop function abs",
    "truncate table events",
    "insert into events values (1)",
    "insert into events select * from events",
    "insert overwrite table events select * from events",
    "update events set bot = 'x'",
    "delete from events",
    "merge into events using history on true when matched then delete",
    "copy events to '/tmp/x.csv'",
    "copy (select * from events) to '/tmp/x.parquet' stored as parquet",
    "copy events from '/etc/passwd'",
    "set datafusion.execution.batch_size = 1",
    "set time zone = 'UTC'",
    "set role admin",
    "reset datafusion.execution.batch_size",
    "show all",
    "show tables",
    "show columns from events",
    "show datafusion.execution.batch_size",
    "show functions",
    "show create table events",
    "begin",
    "start transaction",
    "commit",
    "rollback",
    "prepare p as select 1",
    "execute p",
    "deallocate p",
    "use other",
    "call p()",
    "do $$ begin end $$",
    "load 'x.so'",
    "install httpfs",
    "attach 'x.db' as x",
    "vacuum",
    "analyze table events compute statistics",
    "optimize table events",
    "pragma table_info(events)",
    "grant all on events to public",
    "kill 1",
    "lock table events",
    "listen x",
    "declare c cursor for select 1",
    "explain create table t (a int)",
    "explain analyze create table t as select 1",
    "explain copy events to '/tmp/x.csv'",
    "explain insert into events values (1)",
    "explain analyze delete from events",
    "explain set a = 1",
    "explain explain drop table events",
    "(drop table events)",
    "\\d",
    "/* select */ drop table events",
    "-- select\ndrop table events",
];

/// Queries that would write on the side, never end, or eat any amount of memory.
const TRICKS: &[(&str, &str)] = &[
    ("", "no query here"),
    (";", "no query here"),
    ("-- nothing", "no query here"),
    ("select 1; select 2", "one statement at a time"),
    ("select 1; drop table events", "one statement at a time"),
    ("select * into t from events", "writes"),
    ("with d as (delete from events returning *) select * from d", "writes"),
    ("with i as (insert into events values (1) returning *) select * from i", "writes"),
    ("with u as (update events set bot = 'x' returning *) select * from u", "writes"),
    (
        "with recursive r as (select 1 as n union all select n + 1 from r) select * from r",
        "never end",
    ),
    ("select * from '/etc/passwd'", "/etc/passwd"),
    ("select * from \"/etc/passwd\"", "no table or view"),
    ("select * from \"data.csv\"", "no table or view"),
    ("select * from 's3://bucket/x.parquet'", "s3"),
    ("select * from \"file:///etc/passwd\"", "no table or view"),
    ("select * from read_csv('/etc/passwd')", "no table function `read_csv`"),
    ("select * from read_parquet('x')", "no table function"),
    ("select * from parquet_metadata('x')", "no table function"),
    ("select * from information_schema.tables", "one part"),
    ("select * from information_schema.df_settings", "one part"),
    ("select * from pg_catalog.pg_class", "one part"),
    ("select * from fillwatch.public.events", "one part"),
    ("select now()", "use `$now`"),
    ("select current_timestamp", "use `$now`"),
    ("select CURRENT_DATE", "use `$now`"),
    ("select today()", "use `$now`"),
    ("select \"now\"()", "use `$now`"),
    ("select current_time", "use `$now`"),
    ("select random()", "another answer each time"),
    ("select uuid()", "another answer each time"),
    ("select input_file_name() from events", "another answer each time"),
    ("select * from events where ts > now() - interval '1 hour'", "use `$now`"),
    ("select (select max(now()) from events)", "use `$now`"),
    ("select * from events order by random()", "another answer each time"),
    ("select * from generate_series(1, extract(epoch from now())::bigint)", "use `$now`"),
    ("select * from events tablesample (10 percent)", "tablesample"),
    ("select repeat('x', 1500000000)", "memory"),
    ("select length(repeat('x', 10))", "memory"),
    ("select * from generate_series(1, length(repeat('x', 1000)))", "memory"),
    ("select lpad('x', 1000000000)", "at most 1000"),
    ("select rpad('x', 500 + 600)", "at most 1000"),
    ("select rpad('x', size) from events", "at most 1000"),
    ("select generate_series(1, 200000000)", "from generate_series"),
    ("select range(1, 200000000)", "from range"),
    ("select unnest(range(1, 10))", "from range"),
    ("select array_repeat(1, 1000000000)", "memory"),
    ("select list_repeat(1, 1000000000)", "memory"),
    ("select array_resize([1], 1000000000, 0)", "memory"),
];

const ALLOWED: &[&str] = &[
    "select 1",
    "select 1;",
    " \n-- a comment\nselect 1",
    "SELECT Bot FROM Events",
    "select \"bot\" from \"events\"",
    "(select 1)",
    "with t as (select 1 as a) select * from t",
    "with events as (select 1 as a) select a from events",
    "values (1, 'a'), (2, 'b')",
    "select * from events e join last_seen s on e.bot = s.bot",
    "select bot from events union all select bot from history",
    "select bot from events intersect select bot from history",
    "select * from events where kind in (select kind from history)",
    "select count(*) filter (where kind = 'fill') from events",
    "select lag(ts) over (partition by bot order by ts) from events",
    "select approx_percentile_cont(0.99) within group (order by latency_ms) from events",
    "select date_bin(interval '5 minutes', ts) as t, count(*) from events group by t order by t",
    "select date_trunc('hour', ts), extract(hour from ts) from events",
    "select * from events where ts >= timestamp '2026-01-05 09:00:00'",
    "select * from events where ts >= '2026-01-05T09:00:00Z'",
    "select * from generate_series(1, 3)",
    "select * from range(1, 3)",
    "select unnest([1, 2, 3])",
    "select lpad(bot, 10), rpad(bot, 1000, '.') from events",
    "select 'drop table events', 'now()'",
    "select 1 as now, 2 as \"insert\"",
    "select replace(bot, 'delete', 'update') from events",
    "explain select * from events",
    "explain analyze select * from events",
    "explain verbose select 1",
    "explain format tree select 1",
    "describe events",
    "desc last_seen",
    "select kind, count(*) from events group by all",
];

#[tokio::test]
async fn nothing_but_a_query_is_answered() {
    let session = session(Window::ALL);
    for sql in WRITES {
        let error = refusal(&session, sql).await;
        assert!(matches!(error, QueryError::Refused(_)), "{sql}: {error:?}");
        assert!(
            error.to_string().contains("is not a query: the store is only read here"),
            "{sql}: {error}"
        );
    }
}

#[tokio::test]
async fn no_query_gets_round_it() {
    let session = session(Window::ALL);
    for (sql, want) in TRICKS {
        let error = refusal(&session, sql).await;
        assert!(error.to_string().contains(want), "{sql}: {error}");
    }
}

#[tokio::test]
async fn every_honest_query_is_answered() {
    let session = session(Window::ALL);
    let mut refused = Vec::new();
    for sql in ALLOWED {
        if let Err(error) = answer(&session, sql).await {
            refused.push(format!("{sql}: {error}"));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// The error that `sql` gives, which is one line.
async fn refusal(session: &crate::Session, sql: &str) -> QueryError {
    let error = answer(session, sql).await.expect_err(sql);
    let text = error.to_string();
    assert!(!text.contains('\n'), "{sql}: {text}");
    for noise in ["DataFusion", "Error during", "SchemaError", "ParserError"] {
        assert!(!text.contains(noise), "{sql}: {text}");
    }
    error
}
