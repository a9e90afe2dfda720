//! What a line is taken for, where it could be taken for something else.

use expect_test::expect;

use super::{check, check_file};

#[test]
fn a_short_name_is_only_what_its_logger_means_by_it() {
    check(
        r#"
{"ts":1767614400,"x":"hello","m":true,"l":3}
{"@t":"2026-01-05T12:00:00Z","@m":"Request failed","@x":"System.TimeoutException"}
"#,
        expect![[r#"
            2026-01-05T12:00:00 log x=hello m=true l=3
            2026-01-05T12:00:00 error level=info message='Request failed' x=System.TimeoutException
        "#]],
    );
}

#[test]
fn an_open_order_in_a_file_of_trades_is_no_fill() {
    check_file(
        "/logs/mm1/trades.jsonl",
        r#"
{"ts":1767614400,"status":"open","order_id":"9","price":0.5}
{"ts":1767614400,"status":"cancelled","order_id":"9","price":0.5}
{"ts":1767614400,"status":"filled","order_id":"9","price":0.5}
{"ts":1767614400,"order_id":"9","price":0.5}
"#,
        expect![[r#"
            2026-01-05T12:00:00 order_acked event=open order_id=9 price=0.5 status=open
            2026-01-05T12:00:00 order_cancelled event=cancelled order_id=9 price=0.5 status=cancelled
            2026-01-05T12:00:00 fill event=trades order_id=9 fill_price=0.5 status=filled
            2026-01-05T12:00:00 fill event=trades order_id=9 fill_price=0.5
        "#]],
    );
}
