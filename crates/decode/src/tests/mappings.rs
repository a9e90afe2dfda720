//! What a user's mapping changes.

use chrono_tz::Tz;
use expect_test::expect;
use fillwatch_model::Kind;

use super::check_mapped;
use crate::{FieldRule, Mapping, Unit};

fn rule(column: &str, path: &str, unit: Unit) -> FieldRule {
    FieldRule { column: column.to_owned(), path: path.to_owned(), unit }
}

#[test]
fn fields_by_path_and_unit() {
    let mapping = Mapping {
        fields: vec![
            rule("fair", "model.p_yes", Unit::Percent),
            rule("fill_price", "px_cents", Unit::Cents),
            rule("latency_ms", "took", Unit::Microseconds),
            rule("edge", "e.bps", Unit::BasisPoints),
            rule("ts", "when", Unit::AsIs),
            rule("side", "dir", Unit::AsIs),
            rule("bot", "who", Unit::AsIs),
        ],
        ..Mapping::default()
    };
    check_mapped(
        mapping,
        "bot/log.jsonl",
        r#"{"event":"fill","model":{"p_yes":44.5},"px_cents":42,"took":1500,"e":{"bps":12},"when":1763985600,"ts":1,"dir":"BUY","side":"ask","who":"x7","price":0.9}
{"event":"fill","price":0.9,"fair":0.8}
"#,
        expect![[r#"
            2025-11-24T12:00:00 fill event=fill side=buy price=0.9 fair=0.445 fill_price=0.42 latency_ms=1.5 attrs={"side":"ask"} model_p_yes=44.5 px_cents=42 took=1500 edge=0.0012 e_bps=12 ts_=1
            ~2026-01-02T03:04:05 fill event=fill fair=0.8 fill_price=0.9
            1 conflicts
        "#]],
    );
}

#[test]
fn the_zone_of_naive_times() {
    let mapping = Mapping { timezone: Tz::America__New_York, ..Mapping::default() };
    check_mapped(
        mapping,
        "bot/log.jsonl",
        r#"{"ts":"2025-11-24 07:00:00,5"}
{"ts":"2025-11-24T12:00:00Z"}
{"ts":1763985600}
"#,
        expect![[r#"
            2025-11-24T12:00:00.500 log
            2025-11-24T12:00:00 log
            2025-11-24T12:00:00 log
        "#]],
    );
}

#[test]
fn the_kind_and_the_bot_of_all_lines() {
    let mapping =
        Mapping { kind: Some(Kind::Fill), bot: Some("mm9".to_owned()), ..Mapping::default() };
    let jsonl = r#"{"price":0.5,"size":3,"bot":"else","service":"x"}"#;
    let mut decoder = super::decoder(mapping);
    let decoded = decoder.decode(&[super::chunk("bot/log.jsonl", 0, jsonl.as_bytes())]);
    expect![[r#"
        ~2026-01-02T03:04:05 fill bot=mm9 fill_price=0.5 fill_size=3 bot_=else service=x
    "#]]
    .assert_eq(&super::shown_with(&decoded, &[]));
}
