//! `fillwatch bots`, `fills` and `orders`: the views as people see them, and as programs do.

use expect_test::expect;

use super::{Place, check};

/// Two fills of mm1, an order that is open and one that is refused; mm2 is silent for an hour.
fn place() -> Place {
    let mm1 = r#"{"ts": "2026-01-05T09:00:00Z", "event": "order_placed", "strategy": "maker", "market": "GOLD", "side": "yes", "price": 0.42, "size": 10, "order_id": "a1", "model_fair": 0.45}
{"ts": "2026-01-05T09:00:00.2Z", "event": "fill_received", "order_id": "a1", "fill_price": 0.43, "fill_size": 4, "latency_ms": 200}
{"ts": "2026-01-05T09:00:30Z", "event": "fill_received", "order_id": "a1", "fill_price": 0.46, "fill_size": 6, "latency_ms": 30000}
{"ts": "2026-01-05T09:01:00Z", "event": "order_placed", "strategy": "maker", "market": "RAIN", "side": "no", "price": 0.6, "size": 5, "order_id": "a2", "model_fair": 0.55}
{"ts": "2026-01-05T09:02:00Z", "event": "order_placed", "strategy": "maker", "market": "O'Hare \\ snow", "side": "no", "price": 0.1, "size": 5, "order_id": "a3", "model_fair": 0.08}
{"ts": "2026-01-05T09:02:01Z", "event": "order_rejected", "order_id": "a3", "status_code": 401, "reason": "expired signature"}
{"ts": "2026-01-05T09:04:00Z", "event": "heartbeat", "status": "ok", "open_positions": 1}
"#;
    let mm2 = r#"{"ts": "2026-01-05T08:00:00Z", "event": "heartbeat", "status": "ok"}
{"ts": "2026-01-05T08:00:30Z", "event": "heartbeat", "status": "ok"}
"#;
    let place = Place::new(&[("logs/mm1.jsonl", mm1), ("logs/mm2.jsonl", mm2)]);
    place.sh("fillwatch -q ingest logs");
    place
}

/// Five past nine.
const AT: &str = "--until 2026-01-05T09:05:00Z";

#[test]
fn bots_are_a_line_each() {
    let place = place();
    check(
        &place,
        &format!("fillwatch bots {AT}"),
        expect![[r#"
            bot  last seen  fills  fill rate    slippage  realized  unrealized  PnL curve     errors  health  why
            mm1  1 m            2  33 % of 3  -0.00500        0.00       +0.12             ▅       0  ok
            mm2  1 h 04 m       0          ·   ·              ·           ·     ·                  0  stale   no heartbeat for 1 h 04 m
            2 bots; fills, slippage, profit and errors in the 1 d before 2026-01-05T09:05:00Z
            not known of any: edge σ
        "#]],
    );
    check(
        &place,
        &format!("fillwatch bots --since 1m {AT}"),
        expect![[r#"
            bot  last seen  fills  unrealized  errors  health  why
            mm1  1 m            0       +0.12       0  ok
            mm2  1 h 04 m       0        ·          0  stale   no heartbeat for 1 h 04 m
            2 bots; fills, slippage, profit and errors in the 1 m before 2026-01-05T09:05:00Z
            not known of any: fill rate, slippage, realized, PnL curve, edge σ
        "#]],
    );
    check(
        &place,
        "fillwatch bots --until 2026-01-01",
        expect![[r#"
        no bot has written a line
    "#]],
    );
    check(
        &place,
        &format!("fillwatch bots {AT} --format csv | cut -d, -f1,2,3,5,7"),
        expect![[r#"
        bot,last_seen_at,last_seen_age_s,orders,fills
        mm1,2026-01-05T09:04:00Z,60.0,3,2
        mm2,2026-01-05T08:00:30Z,3870.0,0,0
    "#]],
    );
}

#[test]
fn fills_are_listed_with_their_cost() {
    let place = place();
    check(
        &place,
        &format!("fillwatch fills {AT}"),
        expect![[r#"
        time                     bot  strategy  market  side  size  price  fair  slippage     bps   edge  latency ms
        2026-01-05 09:00:00.200  mm1  maker     GOLD    yes      4   0.43  0.45   -0.0200  -444.4  +0.08         200
        2026-01-05 09:00:30.000  mm1  maker     GOLD    yes      6   0.46  0.45   +0.0100  +222.2  -0.06      30,000
        2 fills in the 1 d before 2026-01-05T09:05:00Z
        not known of any: fee
    "#]],
    );
    check(
        &place,
        &format!("fillwatch fills --limit 1 {AT}"),
        expect![[r#"
        time                     bot  strategy  market  side  size  price  fair  slippage     bps   edge  latency ms
        2026-01-05 09:00:30.000  mm1  maker     GOLD    yes      6   0.46  0.45   +0.0100  +222.2  -0.06      30,000
        the last 1 fill in the 1 d before 2026-01-05T09:05:00Z; `--limit 10` shows more
        not known of any: fee
    "#]],
    );
    check(
        &place,
        &format!(
            "fillwatch fills --bot mm1 --market GOLD --strategy maker {AT} --format csv | cut -d, -f1,2,11,12,16"
        ),
        expect![[r#"
            ts,bot,fill_price,fill_size,slippage
            2026-01-05T09:00:00.200Z,mm1,0.43,4.0,-0.020000000000000018
            2026-01-05T09:00:30Z,mm1,0.46,6.0,0.010000000000000009
        "#]],
    );
    check(
        &place,
        &format!("fillwatch fills --format ndjson {AT} --limit 1 | cut -c-60"),
        expect![[r#"
            {"ts":"2026-01-05T09:00:30Z","bot":"mm1","run_id":null,"stra
        "#]],
    );
}

#[test]
fn orders_are_listed_with_what_became_of_them() {
    let place = place();
    check(
        &place,
        &format!("fillwatch orders {AT}"),
        expect![[r#"
        placed                   bot  strategy  market         side  size  price  fair  status    filled  fill price  answer ms  fill ms  order  why
        2026-01-05 09:00:00.000  mm1  maker     GOLD           yes     10   0.42  0.45  filled        10       0.448          ·   30,000  a1
        2026-01-05 09:01:00.000  mm1  maker     RAIN           no       5   0.6   0.55  open           0       ·              ·        ·  a2
        2026-01-05 09:02:00.000  mm1  maker     O'Hare \ snow  no       5   0.1   0.08  rejected       0       ·          1,000        ·  a3     401 expired signature
        3 orders in the 1 d before 2026-01-05T09:05:00Z
    "#]],
    );
    check(
        &place,
        &format!("fillwatch orders --status open {AT}"),
        expect![[r#"
        placed                   bot  strategy  market  side  size  price  fair  status  filled  order
        2026-01-05 09:01:00.000  mm1  maker     RAIN    no       5    0.6  0.55  open         0  a2
        1 open order in the 1 d before 2026-01-05T09:05:00Z
        not known of any: fill price, answer ms, fill ms
    "#]],
    );
    check(
        &place,
        &format!("fillwatch orders --status rejected --format csv {AT} | cut -d, -f3,21-"),
        expect![[r#"
            order_id,status,closed_at,reject_code,reject_reason,last_at
            a3,rejected,2026-01-05T09:02:01Z,401,expired signature,2026-01-05T09:02:01Z
        "#]],
    );
    check(
        &place,
        &format!("fillwatch orders --status opne {AT}"),
        expect![[r#"
        2> fillwatch: invalid value `opne` for `--status <STATUS>` [possible values: open, partial, filled, cancelled, rejected, expired]
        2> hint: did you mean `open`?
        exit 2
    "#]],
    );
}

#[test]
fn where_there_is_nothing_it_is_said_when_there_was() {
    let place = place();
    let later = "--until 2026-01-05T12:30:00Z";
    check(
        &place,
        &format!("fillwatch fills --since 1h {later}"),
        expect![[r#"
        no fills in the 1 h before 2026-01-05T12:30:00Z; the last was 3 h 29 m before, at 2026-01-05T09:00:30Z (`--since 4h` shows it)
    "#]],
    );
    check(
        &place,
        &format!("fillwatch fills --since 4h {later} | grep fills"),
        expect![[r#"
            2 fills in the 4 h before 2026-01-05T12:30:00Z
        "#]],
    );
    check(
        &place,
        &format!("fillwatch fills --bot mm2 {later}"),
        expect![[r#"
        no fills of mm2 in the 1 d before 2026-01-05T12:30:00Z, and none before
    "#]],
    );
    check(
        &place,
        &format!("fillwatch fills --market RAIN {later}"),
        expect![[r#"
        no fills in RAIN in the 1 d before 2026-01-05T12:30:00Z
    "#]],
    );
    check(
        &place,
        &format!("fillwatch orders --status expired --since 1h {later}"),
        expect![[r#"
        no expired orders in the 1 h before 2026-01-05T12:30:00Z; the last of any was 3 h 28 m before, at 2026-01-05T09:02:00Z (`--since 4h` shows it)
    "#]],
    );
    check(
        &place,
        &format!("fillwatch fills --since 1h {later} --format csv | cut -d, -f1-4"),
        expect![[r#"
            ts,bot,run_id,strategy
        "#]],
    );
    let now = place.sh("fillwatch fills --since 1h");
    assert!(
        now.starts_with("no fills in the last 1 h; the last was ")
            && now.contains(" ago, at 2026-01-05T09:00:30Z"),
        "{now}"
    );
}

#[test]
fn what_is_typed_is_looked_for_and_never_run() {
    let place = place();
    check(
        &place,
        &format!("fillwatch orders --market \"O'Hare \\\\ snow\" {AT}"),
        expect![[r#"
        placed                   bot  strategy  market         side  size  price  fair  status    filled  answer ms  order  why
        2026-01-05 09:02:00.000  mm1  maker     O'Hare \ snow  no       5    0.1  0.08  rejected       0      1,000  a3     401 expired signature
        1 order in O'Hare \ snow in the 1 d before 2026-01-05T09:05:00Z
        not known of any: fill price, fill ms
    "#]],
    );
    check(
        &place,
        &format!("fillwatch fills --market \"x' or '1'='1\" {AT}"),
        expect![[r#"
        no fills in x' or '1'='1 in the 1 d before 2026-01-05T09:05:00Z
    "#]],
    );
    for format in ["table", "csv"] {
        check(
            &place,
            &format!("fillwatch fills --bot m1 {AT} --format {format}"),
            expect![[r#"
            2> fillwatch: no bot `m1` has written a line
            2> hint: did you mean `mm1`?
            exit 2
        "#]],
        );
    }
    check(
        &place,
        &format!("fillwatch fills --bot \"mm1'--\" {AT}"),
        expect![[r#"
        2> fillwatch: no bot `mm1'--` has written a line
        2> hint: there are mm1, mm2
        exit 2
    "#]],
    );
}

#[test]
fn colours_are_for_terminals_and_arrows_are_for_all() {
    let place = place();
    let plain = place.sh(&format!("fillwatch fills {AT}"));
    let always = place.sh(&format!("fillwatch fills {AT} --color always"));
    assert!(!plain.contains('\x1b') && always.contains("\x1b[31m+0.0100\x1b[0m"), "{always:?}");
    let mut bare = always.clone();
    for code in ["\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m"] {
        bare = bare.replace(code, "");
    }
    assert_eq!(bare, plain);
}

/// Twelve fills that get worse: 0.01 over fair at first, then 0.03; and the profit that they make.
#[test]
fn an_arrow_says_that_slippage_changed_and_a_curve_what_was_made() {
    let lines: String = (0..12)
        .map(|n| {
            let (side, price) = if n % 2 == 0 { ("buy", 0.50) } else { ("sell", 0.52 + f64::from(n) / 100.0) };
            let over = if n < 6 { 0.01 } else { 0.03 } + f64::from(n % 3) / 1_000.0;
            let fair = if side == "buy" { price - over } else { price + over };
            format!(
                "{{\"ts\": \"2026-01-05T09:{:02}:00Z\", \"event\": \"fill\", \"symbol\": \"GOLD\", \"side\": \"{side}\", \"fill_price\": {price:.4}, \"fill_size\": 10, \"fair\": {fair:.4}, \"trade_id\": \"t{n}\"}}\n",
                5 * n
            )
        })
        .collect();
    let place = Place::new(&[("logs/mm1.jsonl", &lines)]);
    place.sh("fillwatch -q ingest logs");
    check(
        &place,
        "fillwatch bots --since 1h --until 2026-01-05T10:00:00Z --color never",
        expect![[r#"
            bot  last seen  fills   slippage  realized  PnL curve     errors  health
            mm1  5 m           12  +0.0210 ▲     +4.80  ▁▁▁▂▂▃▃▅▅▆▆█       0  ok
            1 bot; fills, slippage, profit and errors in the 1 h before 2026-01-05T10:00:00Z
            not known of any: fill rate, unrealized, edge σ
        "#]],
    );
}

#[test]
fn an_answer_may_go_to_a_file() {
    let place = place();
    check(
        &place,
        &format!(
            "fillwatch orders {AT} -o orders.csv; head -c 20 orders.csv; fillwatch bots {AT} -o bots.txt; tail -1 bots.txt"
        ),
        expect![[r#"
            bot,run_id,order_id,not known of any: edge σ
        "#]],
    );
}
