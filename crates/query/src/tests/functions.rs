//! The functions that SQL lacks for trading, from SQL.

use expect_test::{Expect, expect};

use super::{answer, session};
use crate::Window;

async fn check(sql: &str, want: Expect) {
    want.assert_eq(&answer(&session(Window::ALL), sql).await.unwrap());
}

async fn refuse(sql: &str, want: Expect) {
    want.assert_eq(&answer(&session(Window::ALL), sql).await.unwrap_err().to_string());
}

#[tokio::test]
async fn what_is_no_number_is_null() {
    check(
        "select finite(x) as x, finite(x * 2) is null as none, finite(7) as whole, finite(null) as no
         from (values (1.5), (cast('NaN' as double)), (cast('-inf' as double)), (null)) as t(x)",
        expect![[r#"
            x,none,whole,no
            1.5,false,7.0,
            ,true,7.0,
            ,true,7.0,
            ,true,7.0,
        "#]],
    )
    .await;
    check("select finite(1e308 * 10) as x", expect!["x\n\n"]).await;
    refuse("select finite('a')", expect!["`finite` takes a number, not Utf8"]).await;
    refuse("select finite(1, 2)", expect!["`finite(x)` takes 1 argument, not 2"]).await;
}

#[tokio::test]
async fn statistics_over_the_last_rows() {
    check(
        "with t(bot, ts, x) as (values ('a', 1, 1), ('a', 2, 3), ('a', 3, null), ('a', 4, 8), ('b', 1, 5)),
         s as (
             select bot, ts, rolling_stats(x, 3, 0) over w as with_it, rolling_stats(x, 3, 1) over w as before
             from t window w as (partition by bot order by ts)
         )
         select bot, ts, with_it['n'] as n, with_it['mean'] as mean, with_it['sd'] as sd, with_it['sum'] as sum,
                get_field(before, 'n') as n_before, before['mean'] as mean_before
         from s order by bot, ts",
        expect![[r#"
            bot,ts,n,mean,sd,sum,n_before,mean_before
            a,1,1,1.0,,1.0,0,
            a,2,2,2.0,1.4142135623730951,4.0,1,1.0
            a,3,2,2.0,1.4142135623730951,4.0,2,2.0
            a,4,2,5.5,3.5355339059327378,11.0,2,2.0
            b,1,1,5.0,,5.0,0,
        "#]],
    )
    .await;
}

#[tokio::test]
async fn quartiles_over_the_last_rows() {
    check(
        "with t(ts, x) as (values (1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, null), (6, 16.0)),
         s as (select ts, rolling_quartiles(x, 4, 0) over (order by ts) as q from t)
         select ts, q['n'] as n, q['q1'] as q1, q['median'] as median, q['q3'] as q3 from s order by ts",
        expect![[r#"
            ts,n,q1,median,q3
            1,1,1.0,1.0,1.0
            2,2,1.25,1.5,1.75
            3,3,1.5,2.0,3.0
            4,4,1.75,3.0,5.0
            5,3,3.0,4.0,6.0
            6,3,6.0,8.0,12.0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn what_was_known_some_seconds_later() {
    check(
        "with t(bot, ts, x) as (values
             ('a', timestamp '2026-01-05 00:00:00Z', 1.0), ('a', timestamp '2026-01-05 00:00:05Z', null),
             ('a', timestamp '2026-01-05 00:00:09Z', 3.0), ('a', timestamp '2026-01-05 00:00:10Z', 4.0),
             ('b', timestamp '2026-01-05 00:00:00Z', null)),
         s as (
             select bot, ts, known_after(x, ts, 0) over w as now, known_after(x, ts, 5) over w as soon
             from t window w as (partition by bot order by ts)
         )
         select bot, ts, now['value'] as now, soon['value'] as soon, soon['at'] as soon_at from s order by bot, ts",
        expect![[r#"
            bot,ts,now,soon,soon_at
            a,2026-01-05T00:00:00,1.0,1.0,2026-01-05T00:00:00Z
            a,2026-01-05T00:00:05,1.0,4.0,2026-01-05T00:00:10Z
            a,2026-01-05T00:00:09,3.0,4.0,2026-01-05T00:00:10Z
            a,2026-01-05T00:00:10,4.0,4.0,2026-01-05T00:00:10Z
            b,2026-01-05T00:00:00,,,
        "#]],
    )
    .await;
    refuse(
        "select known_after(price, ts, size) over (order by ts) from events",
        expect!["`s` of `known_after` is a whole number from 0 to 31622400, written out"],
    )
    .await;
    refuse(
        "select known_after(price, bot, 1) over (order by ts) from events",
        expect!["`ts` of `known_after` is a timestamp, not Utf8"],
    )
    .await;
}

#[tokio::test]
async fn a_position_by_average_cost() {
    check(
        "with t(ts, action, sign, price, size, position0, avg0, realized0, opened0) as (values
             (timestamp '2026-01-05 00:00:00Z', 'opening', null, null, null, 10.0, 0.5, 2.0, timestamp '2026-01-03 12:00:00Z'),
             (timestamp '2026-01-05 00:00:01Z', 'fill', 1, 0.7, 10.0, null, null, null, null),
             (timestamp '2026-01-05 00:00:02Z', 'fill', -1, null, 10.0, null, null, null, null),
             (timestamp '2026-01-05 00:00:03Z', 'fill', -1, 0.8, 30.0, null, null, null, null),
             (timestamp '2026-01-05 00:00:04Z', 'settlement', null, 0.0, null, null, null, null, null),
             (timestamp '2026-01-05 00:00:05Z', 'settlement', null, 0.0, null, null, null, null, null),
             (timestamp '2026-01-05 00:00:06Z', 'fill', 1, 45.0, 10.0, null, null, null, null),
             (timestamp '2026-01-05 00:00:07Z', 'settlement', null, 1.0, null, null, null, null, null)),
         s as (
             select ts, average_cost(action, sign, price, size, ts, position0, avg0, realized0, opened0)
                 over (order by ts) as p
             from t
         )
         select p['position'] as position, p['avg_price'] as avg_price, round(p['realized'], 9) as realized,
                round(p['realized_pnl'], 9) as realized_pnl, p['opened_at'] as opened_at, p['trip'] as trip,
                p['price'] as price
         from s order by ts",
        expect![[r#"
            position,avg_price,realized,realized_pnl,opened_at,trip,price
            10.0,0.5,,2.0,2026-01-03T12:00:00Z,1,
            20.0,0.6,0.0,2.0,2026-01-03T12:00:00Z,1,
            10.0,0.6,,2.0,2026-01-03T12:00:00Z,1,
            -20.0,0.8,2.0,4.0,2026-01-05T00:00:03Z,1,
            0.0,,16.0,20.0,,2,0.0
            0.0,,0.0,20.0,,,0.0
            10.0,45.0,0.0,20.0,2026-01-05T00:00:06Z,3,
            0.0,,550.0,570.0,,3,100.0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_said() {
    for (call, want) in [
        (
            "rolling_stats(offset, 50)",
            expect!["`rolling_stats(x, n, skip)` takes 3 arguments, not 2"],
        ),
        (
            "rolling_stats(offset, 0, 0)",
            expect!["`n` of `rolling_stats` is a whole number from 1 to 1000000, written out"],
        ),
        (
            "rolling_stats(offset, 50, -1)",
            expect!["`skip` of `rolling_stats` is a whole number from 0 to 1000000, written out"],
        ),
        (
            "rolling_stats(offset, price, 0)",
            expect!["`n` of `rolling_stats` is a whole number from 1 to 1000000, written out"],
        ),
        ("rolling_stats(bot, 50, 0)", expect!["`rolling_stats` takes numbers, not Utf8"]),
        (
            "rolling_quartiles(offset, 1000000, 0)",
            expect!["`n` of `rolling_quartiles` is a whole number from 1 to 10000, written out"],
        ),
        (
            "average_cost('fill', 1)",
            expect![
                "`average_cost(action, sign, price, size, at, position0, avg0, realized0, opened0)` takes 9 arguments, not 2"
            ],
        ),
        (
            "average_cost(1, 1, 1, 1, ts, 0, 0, 0, ts)",
            expect!["`action` of `average_cost` is a text, not Int64"],
        ),
        (
            "average_cost('fill', 1, 1, 1, 1, 0, 0, 0, ts)",
            expect!["`at` of `average_cost` is a timestamp, not Int64"],
        ),
        (
            "average_cost('buy', 1, 1, 1, ts, 0, 0, 0, ts)",
            expect!["`action` of `average_cost` is 'opening', 'fill' or 'settlement', not 'buy'"],
        ),
    ] {
        let call = call.replace("offset", "\"offset\"");
        refuse(&format!("select {call} over (order by ts) from events"), want).await;
    }
    refuse(
        "select rolling_stats(price, 50, 0) over (partition by bot) from events",
        expect![
            "`rolling_stats` goes through rows in their order: say which, as in `over (partition by … order by ts)`"
        ],
    )
    .await;
    refuse(
        "select rolling_stats(price, 50, 0) over (order by ts rows 3 preceding) from events",
        expect!["`rolling_stats` takes no frame: it goes through the whole partition"],
    )
    .await;
}
