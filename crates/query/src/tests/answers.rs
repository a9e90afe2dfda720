//! What a session shows.

use expect_test::{Expect, expect};

use super::{MINUTE, NINE, answer, session};
use crate::{RelationKind, Window};

const FROM_NINE: Window = Window { from: Some(NINE), to: Some(NINE + 10 * MINUTE) };

async fn check(window: Window, sql: &str, want: Expect) {
    want.assert_eq(&answer(&session(window), sql).await.unwrap());
}

#[tokio::test]
async fn events_are_those_of_the_window_and_history_is_all_before_its_end() {
    let sql = "select 'events' as of, count(*) as n from events
               union all select 'history', count(*) from history order by 1";
    check(FROM_NINE, sql, expect![["of,n\nevents,2\nhistory,3\n"]]).await;
    check(Window::ALL, sql, expect![["of,n\nevents,4\nhistory,4\n"]]).await;
}

#[tokio::test]
async fn the_window_is_bound_to_parameters() {
    let sql =
        "select $from as a, $to as b, $now as c, arrow_typeof($now) = arrow_typeof(ts) as same
               from events limit 1";
    check(
        FROM_NINE,
        sql,
        expect![[r#"
        a,b,c,same
        2026-01-05T09:00:00Z,2026-01-05T09:10:00Z,2026-01-05T09:10:00Z,true
    "#]],
    )
    .await;
    check(
        Window::ALL,
        sql,
        expect![[r#"
        a,b,c,same
        ,,2026-01-05T09:15:00Z,true
    "#]],
    )
    .await;
}

#[tokio::test]
async fn parameters_may_stand_anywhere_a_value_may() {
    check(
        FROM_NINE,
        "select bot, extract(epoch from $now - max(ts)) as age_s from events group by bot",
        expect![["bot,age_s\nmm-1,598.5\n"]],
    )
    .await;
    check(
        FROM_NINE,
        "with t as (select $to - $from as length) select extract(epoch from length) as s from t",
        expect![["s\n600.0\n"]],
    )
    .await;
    check(
        FROM_NINE,
        "select count(*) as n from generate_series($from, $to, interval '5 minutes')",
        expect![["n\n3\n"]],
    )
    .await;
}

#[tokio::test]
async fn a_parameter_is_called_as_it_is_written() {
    check(
        Window::ALL,
        "select $from, $to, $from is null, 1 as one",
        expect![["$from,$to,$from IS NULL,one\n,,true,1\n"]],
    )
    .await;
}

#[tokio::test]
async fn what_lies_in_attrs_can_be_asked_for() {
    check(
        FROM_NINE,
        r#"
        select attrs->'fees' as fees, attrs->>'venue' as venue, attrs->'fees'->>'maker' as maker,
               json_get_float(attrs, 'fees', 'maker') * 10 as times, attrs->'tags'->>1 as tag
        from events where kind = 'fill'"#,
        expect![[r#"
            fees,venue,maker,times,tag
            "{""maker"": 0.1}",kalshi,0.1,1.0,b
        "#]],
    )
    .await;
    check(
        FROM_NINE,
        "select kind from events where attrs->>'venue' = 'kalshi' and json_contains(attrs, 'tags')",
        expect![["kind\nfill\n"]],
    )
    .await;
}

#[tokio::test]
async fn attrs_may_be_stored_in_any_form_of_text() {
    for form in ["Utf8", "Utf8View", "LargeUtf8", "Dictionary(Int32, Utf8)"] {
        let sql = format!(
            "with t as (select arrow_cast(attrs, '{form}') as attrs from events where kind = 'fill')
             select attrs->>'venue' as venue, attrs->'fees'->>'maker' as maker from t"
        );
        check(FROM_NINE, &sql, expect![["venue,maker\nkalshi,0.1\n"]]).await;
    }
}

#[tokio::test]
async fn columns_may_have_the_same_name() {
    check(
        FROM_NINE,
        "select a.kind, b.kind from events a join events b on a.order_id = b.order_id
                      where a.kind = 'fill' and b.kind = 'order_placed'",
        expect![["kind,kind\nfill,order_placed\n"]],
    )
    .await;
}

#[tokio::test]
async fn a_plan_and_the_columns_can_be_asked_for() {
    let session = session(FROM_NINE);
    let plan =
        answer(&session, "explain select bot from events where kind = 'fill'").await.unwrap();
    assert!(plan.contains("FilterExec"), "{plan}");
    let columns = answer(&session, "describe order_events").await.unwrap();
    assert!(columns.contains("fill_price,Float64,YES"), "{columns}");
    answer(&session, "explain analyze select * from last_seen").await.unwrap();
}

#[tokio::test]
async fn relations_say_what_there_is() {
    let relations = session(FROM_NINE).relations();
    let names: Vec<&str> = relations.iter().map(|relation| relation.name.as_str()).collect();
    assert_eq!(
        names[..10],
        [
            "events",
            "history",
            "lead_events",
            "opening",
            "daily_close",
            "order_book",
            "executions",
            "quarantine",
            "sources",
            "fields"
        ]
    );
    for relation in &relations {
        assert_eq!(relation.broken, None, "{}", relation.name);
        assert!(!relation.doc.is_empty(), "{}", relation.name);
    }
    let events = &relations[0].columns;
    assert_eq!(events[0], ("ts".to_owned(), "timestamp".to_owned()));
    assert!(events.contains(&("spread".to_owned(), "float".to_owned())));
    let seen = relations.iter().find(|relation| relation.name == "last_seen").unwrap();
    assert_eq!(seen.kind, RelationKind::View);
    let columns: Vec<&str> = seen.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(columns, ["bot", "kind", "ts", "first_ts", "event_count", "age_s"]);
}

#[tokio::test]
async fn seconds_between_two_moments_keep_their_fraction() {
    check(
        FROM_NINE,
        "select extract(epoch from max(ts) - min(ts)) as s, date_part('EPOCH', min(ts) - max(ts)) as back,
                extract(epoch from arrow_cast(max(ts) - min(ts), 'Duration(Millisecond)')) as ms,
                extract(epoch from max(ts) - null) as none
         from events",
        expect![["s,back,ms,none\n1.5,-1.5,1.5,\n"]],
    )
    .await;
}
