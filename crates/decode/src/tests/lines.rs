//! Lines: what is a row, what is a reject, and where each begins.

use expect_test::expect;

use super::check;

#[test]
fn a_line_is_a_row() {
    check(
        r#"{"ts": 1763712345.5, "event": "order_placed", "market": "KXBTC-25DEC-T50000", "side": "yes", "price": 0.42, "size": 10, "order_id": "ord_1", "model_fair": 0.44}
{"ts": 1763712346.25, "event": "fill_received", "order_id": "ord_1", "fill_price": 0.42, "fill_size": 10, "latency_ms": 38}
"#,
        expect![[r#"
            2025-11-21T08:05:45.500 order_placed event=order_placed market=KXBTC-25DEC-T50000 side=yes order_id=ord_1 price=0.42 size=10 fair=0.44
            2025-11-21T08:05:46.250 fill event=fill_received order_id=ord_1 fill_price=0.42 fill_size=10 latency_ms=38
        "#]],
    );
}

#[test]
fn blank_lines_are_silent() {
    check(
        "\u{feff}{\"a\":1}\r\n\r\n  \n\0\0\0{\"a\":2}\0\n\0\n{\"a\":3}",
        expect![[r#"
        ~2026-01-02T03:04:05 log a=1
        ~2026-01-02T03:04:05 log a=2
        ~2026-01-02T03:04:05 log a=3
    "#]],
    );
}

#[test]
fn glued_objects_are_rows_of_their_own() {
    check(
        r#"{"a":1}{"a":2} {"a":3} and more"#,
        expect![[r#"
        ~2026-01-02T03:04:05 log a=1
        ~2026-01-02T03:04:05 log a=2
        ~2026-01-02T03:04:05 log a=3
        ! 23 malformed JSON: expected the end of the line or another object at byte 0: "and more"
    "#]],
    );
}

#[test]
fn what_is_no_object_is_put_aside() {
    check(
        r#"plain text
[{"a":1}]
"text"
42
{"a":1
{"a":1,}
{'a':1}
text {a} more
<<<<<<< HEAD
"#,
        expect![[r#"
            ! 0 no JSON object in this line: "plain text"
            ! 11 JSON, but not an object: "[{\"a\":1}]"
            ! 21 JSON, but not an object: "\"text\""
            ! 28 JSON, but not an object: "42"
            ! 31 malformed JSON: expected a comma or the end at byte 6: "{\"a\":1"
            ! 38 malformed JSON: expected a key at byte 7: "{\"a\":1,}"
            ! 47 malformed JSON: expected a key at byte 1: "{'a':1}"
            ! 55 no JSON object in this line: "text {a} more"
            ! 69 no JSON object in this line: "<<<<<<< HEAD"
        "#]],
    );
}

#[test]
fn deep_nesting_is_put_aside() {
    let deep = format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(127), "}".repeat(127));
    check(
        &deep,
        expect![[r#"
        ~2026-01-02T03:04:05 log a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a=1
    "#]],
    );
    let deeper = format!("{{\"a\":{}1{}}}", "[".repeat(128), "]".repeat(128));
    let mut decoder = super::decoder(crate::Mapping::default());
    let decoded = decoder.decode(&[super::chunk("b/log.jsonl", 0, deeper.as_bytes())]);
    assert_eq!(decoded.rejects[0].reason, fillwatch_model::Reason::TooDeep);
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    let mut decoder = super::decoder(crate::Mapping::default());
    let line =
        b"{\"event\":\"fill\",\"note\":\"caf\xe9\",\"price\":0.5}\n{\"note\":\"ok\"}\nx\xff\n";
    let decoded = decoder.decode(&[super::chunk("b/log.jsonl", 0, line)]);
    expect![[r#"
        ~2026-01-02T03:04:05 fill event=fill fill_price=0.5 attrs='{"_latin1":"{\"event\":\"fill\",\"note\":\"café\",\"price\":0.5}"}' note='caf?'
        ~2026-01-02T03:04:05 log note=ok
        ! 57 no JSON object in this line: "x�"
    "#]].assert_eq(&super::shown(&decoded));
    assert_eq!(decoded.rejects[0].raw, b"x\xff");
}

#[test]
fn a_line_too_long_is_put_aside_whole() {
    let mut chunk = super::chunk("b/log.jsonl", 100, &[]);
    chunk.body = fillwatch_model::Body::TooLong { head: b"{\"a".to_vec(), hash: 7 };
    chunk.to = 2_000_101;
    let hole = fillwatch_model::LineChunk {
        body: fillwatch_model::Body::Hole,
        from: chunk.to,
        to: chunk.to + 4096,
        ..chunk.clone()
    };
    let decoded = super::decoder(crate::Mapping::default()).decode(&[chunk, hole]);
    assert_eq!(decoded.rejects[0].len, 2_000_001);
    let piece = &decoded.progress[0];
    assert_eq!((piece.from, piece.to, piece.rows, piece.rejects), (100, 2_004_197, 0, 1));
}
