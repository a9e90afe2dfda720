//! The decoder against a reader that knows nothing but serde_json: every value of a line is in its
//! column, or exact in `attrs`.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::{cell, chunk, decoder};
use crate::Mapping;

type Object = BTreeMap<String, Box<RawValue>>;

/// The values of an object that are not null, by dotted path.
fn flatten(json: &str, path: &str, flat: &mut BTreeMap<String, String>) {
    for (key, value) in serde_json::from_str::<Object>(json).unwrap() {
        let path = if path.is_empty() { key } else { format!("{path}.{key}") };
        match value.get() {
            "null" => {}
            object if object.starts_with('{') && object != "{}" => flatten(object, &path, flat),
            scalar => drop(flat.insert(path, scalar.to_owned())),
        }
    }
}

/// Whether a value as it is shown is the JSON scalar `raw`.
fn is(shown: &str, raw: &str) -> bool {
    match serde_json::from_str(raw).unwrap() {
        serde_json::Value::String(text) => {
            shown.trim_matches('\'') == text.trim_matches('\'') || same_number(shown, &text)
        }
        _ => shown == raw || same_number(shown, raw),
    }
}

/// Whether two texts are the same decimal number, digit for digit.
fn same_number(a: &str, b: &str) -> bool {
    let decimal = |text: &str| {
        let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let valid = digits.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
        let power = power.parse::<i64>().ok()? - fraction.len() as i64;
        let (sign, digits) = match digits.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", &*digits),
        };
        let trimmed = digits.trim_end_matches('0');
        let power = power + (digits.len() - trimmed.len()) as i64;
        let trimmed = trimmed.trim_start_matches('0');
        let zero = trimmed.is_empty().then(|| (String::new(), 0));
        (valid && !digits.is_empty()).then(|| zero.unwrap_or((format!("{sign}{trimmed}"), power)))
    };
    matches!((decimal(a), decimal(b)), (Some(a), Some(b)) if a == b)
}

/// Keys whose values may be in a column of another name.
const SYNONYMS: [&str; 10] = [
    "tradeId",
    "price",
    "size",
    "fill_price",
    "msg",
    "symbol",
    "message",
    "order_id",
    "market",
    "pnl",
];

fn check_row(batch: &RecordBatch, row: usize, json: &str) -> Result<(), TestCaseError> {
    let mut wanted = BTreeMap::new();
    flatten(json, "", &mut wanted);
    let attrs = batch.column_by_name("attrs").and_then(|array| text(array, row));
    let attrs: Object = attrs.map_or_else(Object::new, |text| serde_json::from_str(&text).unwrap());
    for (path, raw) in &wanted {
        let in_attrs = attrs.get(path).is_some_and(|kept| kept.get() == raw);
        let own = path.to_lowercase().replace('.', "_");
        let is_synonym = path.rsplit('.').next().is_some_and(|key| SYNONYMS.contains(&key));
        let columns = batch.schema();
        let in_column = columns.fields().iter().enumerate().any(|(at, field)| {
            (is_synonym || *field.name() == own)
                && cell(batch.column(at), row).is_some_and(|shown| is(&shown, raw))
        });
        prop_assert!(in_attrs || in_column, "{path} = {raw} of {json}\nis not in row {row}");
    }
    Ok(())
}

fn text(array: &arrow::array::ArrayRef, row: usize) -> Option<String> {
    use arrow::array::{Array, AsArray};
    array.is_valid(row).then(|| array.as_string::<i32>().value(row).to_owned())
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        (-1000..1000i32).prop_map(|n| n.to_string()),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,24})?([eE][-+]?[0-9]{1,2})?",
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| format!("{f:?}")),
        "[0-9]{1,4}(\\.[0-9]{1,3})?".prop_map(|n| format!("\"{n}\"")),
        "[a-zé🚀 \"\\\\\n]{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just("[1, {\"x\": null}]".to_owned()),
        Just("{}".to_owned()),
    ]
}

fn object() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "a",
        "b",
        "A",
        "x_id",
        "tradeId",
        "n_ns",
        "n_seq",
        "price",
        "size",
        "order_id",
        "market",
        "fill_price",
        "pnl",
        "message",
        "msg",
        "symbol",
        "order",
        "data",
        "c.d",
    ]);
    let write = |members: BTreeMap<&str, String>| {
        let members = members.iter().map(|(key, value)| format!("\"{key}\": {value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
    };
    scalar()
        .prop_recursive(2, 16, 5, move |inner| {
            prop::collection::btree_map(key.clone(), inner, 0..5).prop_map(write)
        })
        .prop_filter("an object", |json| json.starts_with('{'))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_value_is_lost(objects in prop::collection::vec(object(), 1..8)) {
        let jsonl = objects.join("\n");
        let decoded = decoder(Mapping::default()).decode(&[chunk("bot/log.jsonl", 0, jsonl.as_bytes())]);
        prop_assert!(decoded.rejects.is_empty(), "{:?}", decoded.rejects);
        prop_assert_eq!(decoded.batch.num_rows(), objects.len());
        for (row, json) in objects.iter().enumerate() {
            check_row(&decoded.batch, row, json)?;
        }
    }
}
