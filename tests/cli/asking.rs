//! `fillwatch sql`: what is asked, what is answered, and how what cannot be is refused.

use expect_test::expect;

use super::{Place, check};

#[test]
fn an_answer_has_many_formats() {
    let place = Place::with_store();
    let query = "select bot, count(*) as n from events group by 1 order by 1";
    for (format, prints) in [
        (
            "table",
            expect![[r#"
            bot  n
            ───  ─
            mm1  3
            mm2  2
            (2 rows)
        "#]],
        ),
        (
            "csv",
            expect![[r#"
            bot,n
            mm1,3
            mm2,2
        "#]],
        ),
        (
            "json",
            expect![[r#"
            [{"bot":"mm1","n":3},{"bot":"mm2","n":2}]
        "#]],
        ),
        (
            "ndjson",
            expect![[r#"
            {"bot":"mm1","n":3}
            {"bot":"mm2","n":2}
        "#]],
        ),
        (
            "markdown",
            expect![[r#"
            | bot | n |
            | --- | ---: |
            | mm1 | 3 |
            | mm2 | 2 |
        "#]],
        ),
    ] {
        check(&place, &format!("fillwatch sql --format {format} '{query}'"), prints);
    }
    let text = place.sh(&format!("fillwatch sql -o n.parquet '{query}' && head -c4 n.parquet"));
    assert_eq!(text, "PAR1");
    let text = place.sh(&format!("fillwatch sql -o n.arrow '{query}' && head -c6 n.arrow"));
    assert_eq!(text, "ARROW1");
    check(
        &place,
        "fillwatch sql -o n.xyz 'select 1'",
        expect![[r#"
        2> fillwatch: no format is known by the name of `n.xyz`
        2> hint: say it with --format, or end the name in .csv, .json, .ndjson, .md, .parquet, .arrow or .txt
        exit 2
    "#]],
    );
}

#[test]
fn a_wrong_query_is_one_clear_line() {
    let place = Place::with_store();
    check(
        &place,
        "fillwatch sql 'select prize from events'",
        expect![[r#"
        2> fillwatch: no column `prize`; did you mean `price`, `size`?
        exit 2
    "#]],
    );
    check(
        &place,
        "fillwatch sql 'drop table events'",
        expect![[r#"
        2> fillwatch: `drop` is not a query: the store is only read here, with select, with, values, explain or describe
        exit 2
    "#]],
    );
    check(
        &place,
        "fillwatch sql 'selekt 1'",
        expect![[r#"
        2> fillwatch: `selekt` is not a query: the store is only read here, with select, with, values, explain or describe
        exit 2
    "#]],
    );
}

#[test]
fn a_deadline_holds_for_a_query_that_looks_at_no_clock() {
    let place = Place::with_store();
    let series = "generate_series(1, 1000000)";
    let query = format!(
        "select count(*) from {series} a, {series} b where a.value * b.value % 7 = a.value + b.value"
    );
    let text = place.sh(&format!(
        "fillwatch sql --timeout 500ms -o n.csv '{query}'; code=$?; ls -A | grep n.csv; exit $code"
    ));
    assert!(
        text.contains("stopped after 500 ms") || text.contains("stopped after 0.5 s"),
        "{text}"
    );
    assert!(text.contains("--timeout 10m") && text.ends_with("exit 4\n"), "{text}");
    assert!(!text.contains("\nn.csv"), "{text}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_query_that_takes_more_memory_than_it_may_is_ended() {
    let place = Place::with_store();
    // The engine's own count knows nothing of the text that a function makes.
    let ten = ["x"; 10].join(", ");
    let steps: String =
        (1..=8).map(|n| format!(", c{n} as (select concat({ten}) as x from c{})", n - 1)).collect();
    let growing = format!(
        "with c0 as (select file || '' as x from events){steps} select max(length(x)) from c8"
    );
    let text = place.sh(&format!(
        "fillwatch sql --memory 300MiB -o n.csv \"{growing}\"; code=$?; ls -A | grep n.csv; exit $code"
    ));
    assert_eq!(
        text,
        "2> fillwatch: the query took more than its memory limit of 300 MiB; ask for less time, fewer rows or shorter text\n\
         2> hint: `--memory 8GiB` allows more\n\
         exit 4\n"
    );
    check(
        &place,
        "fillwatch sql --memory 10 'select 1'",
        expect![[r#"
            2> fillwatch: invalid value `10` for `--memory <SIZE>`: it must be at least 1.05 MB
            2> hint: `fillwatch sql --help` says what it takes
            exit 2
        "#]],
    );
}

#[test]
fn what_the_query_brings_about_is_a_wrong_query() {
    let place = Place::with_store();
    for sql in [
        "select 1 / 0",
        "select bot from events where ts > '2026-13-01'",
        "select bot from events where bot ~ '((a{1000}){1000}){1000}'",
        "select kind from events where cast(bot as bigint) = 1",
    ] {
        let text = place.sh(&format!("RUST_BACKTRACE=1 fillwatch sql \"{sql}\""));
        assert!(text.ends_with("\nexit 2\n") && text.lines().count() == 2, "{text}");
        assert!(!text.contains("backtrace"), "{text}");
    }
    check(
        &place,
        r#"fillwatch sql 'select bot from events where bot = "mm1"'"#,
        expect![[r#"
            2> fillwatch: no column `mm1`; text stands in single quotes: 'mm1'
            exit 2
        "#]],
    );
}

#[test]
fn a_plan_is_drawn_in_lines() {
    let text = Place::with_store().sh("fillwatch sql 'explain select bot from events'");
    assert!(text.starts_with("logical_plan\n  ") && !text.contains("\\n"), "{text}");
}

#[test]
fn statements_come_from_a_pipe_or_a_file() {
    let place = Place::with_store();
    check(
        &place,
        "echo 'select 1 as a; select 2 as b;' | fillwatch sql --format csv",
        expect![[r#"
            a
            1
            b
            2
        "#]],
    );
    check(
        &place,
        "echo 'select 3 as c' > q.sql; fillwatch sql --format csv -f q.sql",
        expect![[r#"
            c
            3
        "#]],
    );
    check(
        &place,
        "echo '-- nothing' | fillwatch sql",
        expect![[r#"
        2> fillwatch: there is no query in it
        exit 2
    "#]],
    );
}

#[test]
fn a_window_bounds_what_is_seen() {
    let place = Place::with_store();
    let count = "fillwatch sql --format csv 'select count(*) as n from events'";
    check(
        &place,
        &format!("{count} --from 2026-01-05T00:00:01Z"),
        expect![[r#"
        n
        3
    "#]],
    );
    check(
        &place,
        &format!("{count} --to 2026-01-05T00:00:01Z"),
        expect![[r#"
        n
        2
    "#]],
    );
    check(
        &place,
        &format!("{count} --since 1s"),
        expect![[r#"
        n
        0
    "#]],
    );
    check(
        &place,
        &format!("{count} --from 2026-01-02 --to 2026-01-01"),
        expect![[r#"
        2> fillwatch: --from is not before --to
        exit 2
    "#]],
    );
}
