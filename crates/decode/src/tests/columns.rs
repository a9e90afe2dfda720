//! The columns: types, conflicts, exactness, names, `attrs`.

use expect_test::expect;
use fillwatch_model::{CANONICAL, limits};

use super::{check, check_file};

#[test]
fn no_digit_is_lost() {
    check(
        r#"{"ts":1763985603080123456,"recv_ns":1763985603080123456,"seq":12,"msg_seq":12,"big":9007199254740993}
{"token_id":71321045679252212594626385532706912750332728571942532289631379312455583992563}
{"qty":74071.432836192981917873679715,"price":"0.10"}
{"ratio":0.30000000000000004,"huge":1e999}
"#,
        expect![[r#"
            2025-11-24T12:00:03.080123 log attrs={"ts":1763985603080123456} recv_ns=1763985603080123456 seq=12 msg_seq=12 big=9007199254740993
            ~2026-01-02T03:04:05 log market=71321045679252212594626385532706912750332728571942532289631379312455583992563
            ~2026-01-02T03:04:05 log price=0.1 size=74071.43283619298 attrs={"qty":74071.432836192981917873679715}
            ~2026-01-02T03:04:05 log attrs={"huge":1e999} ratio=0.30000000000000004
            2 conflicts
        "#]],
    );
}

#[test]
fn a_value_of_another_type_is_kept_and_counted() {
    check(
        r#"{"spread":0.5,"note":"x","flag":true}
{"spread":"0.75","note":7,"flag":"true"}
{"spread":"wide","note":null,"flag":[1]}
{"price":"n/a","size":true,"order_id":17}
"#,
        expect![[r#"
            ~2026-01-02T03:04:05 log spread=0.5 note=x flag=true
            ~2026-01-02T03:04:05 log attrs={"note":7,"flag":"true"} spread=0.75
            ~2026-01-02T03:04:05 log attrs={"spread":"wide","flag":[1]}
            ~2026-01-02T03:04:05 log order_id=17 attrs={"price":"n/a","size":true}
            6 conflicts
        "#]],
    );
}

#[test]
fn not_a_number_is_null() {
    check(
        r#"{"pnl":NaN,"edge":-Infinity,"legs":[NaN]}"#,
        expect![[r#"
        ~2026-01-02T03:04:05 pnl attrs={"pnl":"NaN","edge":"-Infinity","legs":["NaN"]}
        2 conflicts
    "#]],
    );
}

#[test]
fn a_number_that_its_unit_takes_past_all_numbers_is_null() {
    check(
        r#"{"event":"api_call","duration_seconds":1e308}
{"event":"api_call","duration_seconds":2}"#,
        expect![[r#"
            ~2026-01-02T03:04:05 api_call event=api_call duration_seconds=100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
            ~2026-01-02T03:04:05 api_call event=api_call latency_ms=2000 duration_seconds=2
            1 conflicts
        "#]],
    );
}

#[test]
fn of_equal_keys_the_last_counts() {
    check(
        r#"{"price":1,"price":2,"price":3}"#,
        expect![[r#"
        ~2026-01-02T03:04:05 log price=3 attrs={"price":1,"price#2":2}
        2 conflicts
    "#]],
    );
}

#[test]
fn two_fields_of_one_column() {
    check(
        r#"{"log.level":"x","log":{"level":"y"},"Spread":1,"spread":2}
{"file":"main.go","offset":3,"date":"yesterday","kind":"odd","bot_":1}
{"":1,"größe":2,"P&L":3}
"#,
        expect![[r#"
            ~2026-01-02T03:04:05 log level=x attrs={"spread":2} log_level=y spread=1
            ~2026-01-02T03:04:05 log file_=main.go offset_=3 date_=yesterday kind_=odd
            ~2026-01-02T03:04:05 log _=1 größe=2 p_l=3
            1 conflicts
        "#]],
    );
}

#[test]
fn the_side_is_canonical_where_it_is_beyond_doubt() {
    check_file(
        "bot/orders.jsonl",
        r#"{"order_id":"1","side":"BUY"}
{"order_id":"2","side":"TradeType.SELL"}
{"order_id":"3","side":"BUY_YES"}
{"order_id":"4","side":"yes","action":"sell"}
{"order_id":"5","side":"no","action":"sell"}
{"order_id":"6","action":"BUY"}
{"order_id":"7","side":"UP"}
{"order_id":"8","side":1}
{"order_id":"9","event":"SellOrderCreatedEvent"}
"#,
        expect![[r#"
            ~2026-01-02T03:04:05 order_placed event=orders side=buy order_id=1
            ~2026-01-02T03:04:05 order_placed event=orders side=sell order_id=2 attrs={"side":"TradeType.SELL"}
            ~2026-01-02T03:04:05 order_placed event=orders side=yes order_id=3 attrs={"side":"BUY_YES"}
            ~2026-01-02T03:04:05 order_placed event=orders side=sell order_id=4 attrs={"side":"yes"} action=sell
            ~2026-01-02T03:04:05 order_placed event=orders order_id=5 attrs={"side":"no"} action=sell
            ~2026-01-02T03:04:05 order_placed event=orders side=buy order_id=6 action=BUY
            ~2026-01-02T03:04:05 order_placed event=orders side=UP order_id=7
            ~2026-01-02T03:04:05 order_placed event=orders side=1 order_id=8
            ~2026-01-02T03:04:05 order_placed event=SellOrderCreatedEvent side=sell order_id=9
        "#]],
    );
}

#[test]
fn on_a_fill_the_price_is_what_was_paid() {
    check(
        r#"{"event":"fill","price":0.5,"size":10}
{"event":"fill","price":0.5,"fill_price":0.49,"size":10,"fill_qty":4}
{"event":"fill","order":{"price":0.5,"size":10},"fee":0.01}
{"event":"order_update","order_id":"7","status":"FILLED","price":"0.5","avgPrice":"0.49","origQty":"10","executedQty":"10"}
{"event":"fill","fill_price_cents":49,"fees_paid_cents":7}
"#,
        expect![[r#"
            ~2026-01-02T03:04:05 fill event=fill fill_price=0.5 fill_size=10
            ~2026-01-02T03:04:05 fill event=fill price=0.5 size=10 fill_price=0.49 fill_size=4
            ~2026-01-02T03:04:05 fill event=fill price=0.5 size=10 fee=0.01
            ~2026-01-02T03:04:05 fill event=order_update order_id=7 price=0.5 size=10 fill_price=0.49 status=FILLED avgprice=0.49 executedqty=10
            ~2026-01-02T03:04:05 fill event=fill fill_price=0.49 fee=0.07 fill_price_cents=49 fees_paid_cents=7
        "#]],
    );
}

/// What stands outside comes first: it is the line's own.
#[test]
fn a_fill_in_an_object_is_as_good_as_one_without() {
    check(
        r#"{"event":"fill","fill":{"order_id":"a","price":0.5,"size":10}}
{"event":"fill","data":{"trade":{"id":"t1","orderId":7,"symbol":"BTC","side":"BUY","price":0.5,"qty":10,"fee":0.1}}}
{"event":"fill","order_id":"a","fill":{"order_id":"b","market":"GOLD","price":0.5,"size":10}}
"#,
        expect![[r#"
            ~2026-01-02T03:04:05 fill event=fill order_id=a fill_price=0.5 fill_size=10
            ~2026-01-02T03:04:05 fill event=fill market=BTC side=buy order_id=7 trade_id=t1 fill_price=0.5 fill_size=10 fee=0.1
            ~2026-01-02T03:04:05 fill event=fill market=GOLD order_id=a fill_price=0.5 fill_size=10 fill_order_id=b
        "#]],
    );
}

#[test]
fn latency_is_in_milliseconds() {
    check(
        r#"{"event":"fill","latency_ms":38}
{"event":"fill","latencyUs":1500}
{"event":"fill","latency_ns":2500000}
{"event":"fill","latency_seconds":0.25}
{"event":"fill","latency":3}
"#,
        expect![[r#"
            ~2026-01-02T03:04:05 fill event=fill latency_ms=38
            ~2026-01-02T03:04:05 fill event=fill latency_ms=1.5 latencyus=1500
            ~2026-01-02T03:04:05 fill event=fill latency_ms=2.5 latency_ns=2500000
            ~2026-01-02T03:04:05 fill event=fill latency_ms=250 latency_seconds=0.25
            ~2026-01-02T03:04:05 fill event=fill latency=3
        "#]],
    );
}

#[test]
fn a_status_is_http_or_an_orders() {
    check(
        r#"{"event":"api_call","status":429}
{"event":"api_call","status":"ok"}
{"event":"api_call","status":200,"status_code":503}
{"order_id":"1","status":"resting"}
{"order_id":"1","status":"CANCELED"}
"#,
        expect![[r#"
            ~2026-01-02T03:04:05 api_call event=api_call status_code=429
            ~2026-01-02T03:04:05 api_call event=api_call status=ok
            ~2026-01-02T03:04:05 api_call event=api_call status_code=503 attrs={"status":200}
            ~2026-01-02T03:04:05 order_acked event=resting order_id=1 status=resting
            ~2026-01-02T03:04:05 order_cancelled event=CANCELED order_id=1 status=CANCELED
            1 conflicts
        "#]],
    );
}

#[test]
fn times_in_any_form() {
    check(
        r#"{"timestamp":"yesterday","time":"2025-11-24T12:00:00Z"}
{"t":1763985600,"ts_mono":17.5}
{"ts":"1763985600.25"}
{"date":"2025-11-24"}
{"created_at":"1999-01-01"}
{"timestamp":"a","@timestamp":"b","TIMESTAMP":"c"}
"#,
        expect![[r#"
            2025-11-24T12:00:00 log timestamp=yesterday
            2025-11-24T12:00:00 log ts_mono=17.5
            2025-11-24T12:00:00.250 log
            2025-11-24T00:00:00 log
            ~2026-01-02T03:04:05 log created_at=1999-01-01
            ~2026-01-02T03:04:05 log attrs={"@timestamp":"b","TIMESTAMP":"c"} timestamp=a
            2 conflicts
        "#]],
    );
}

#[test]
fn an_object_keyed_by_data_stays_json() {
    let tickers = |from: usize, to: usize| {
        let members: Vec<String> = (from..to).map(|n| format!("\"T{n}\":{n}")).collect();
        members.join(",")
    };
    let lines = format!("{{\"p\":{{{}}}}}\n{{\"p\":{{\"T0\":5}}}}\n", tickers(0, 65));
    let mut text = String::new();
    let mut decoder = super::decoder(crate::Mapping::default());
    let decoded = decoder.decode(&[super::chunk("bot/log.jsonl", 0, lines.as_bytes())]);
    text.push_str(&super::shown(&decoded));
    let expected = format!(
        "~2026-01-02T03:04:05 log attrs={{\"p\":{{{}}}}}\n~2026-01-02T03:04:05 log attrs={{\"p\":{{\"T0\":5}}}}\n",
        tickers(0, 65)
    );
    assert_eq!(text, expected);
}

#[test]
fn past_the_limit_of_columns_all_is_kept() {
    let members: Vec<String> = (0..600).map(|n| format!("\"c{n}\":{n}")).collect();
    let line = format!("{{{}}}", members.join(","));
    let decoded = super::decoder(crate::Mapping::default()).decode(&[super::chunk(
        "bot/log.jsonl",
        0,
        line.as_bytes(),
    )]);
    let shown = super::shown(&decoded);
    assert!(shown.contains("c0=0") && shown.contains("\"c599\":599"), "{shown}");
    let (of_fields, always, attrs) = (limits::COLUMNS_MAX - CANONICAL.len(), 8, 1);
    assert_eq!(decoded.batch.num_columns(), of_fields + always + attrs);
}
