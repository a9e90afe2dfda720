//! What a survey says of a file.

use std::sync::Arc;

use expect_test::expect;
use fillwatch_model::{Fields, limits};

use super::chunk;
use crate::Mapping;
use crate::survey::{FileSurvey, Survey};

/// Columns that every row has.
const OURS: &[&str] = &["ts", "date", "bot", "kind", "file", "file_id", "offset", "ingested_at"];

fn shown(file: &FileSurvey) -> String {
    let mut text = format!(
        "{} lines, {} rows, {} rejects, bots {:?}\n",
        file.lines, file.rows, file.rejects, file.bots
    );
    for term in &file.vocabulary {
        let event = term.event.as_deref().unwrap_or("-");
        text.push_str(&format!("{event} → {} × {}\n", term.kind, term.rows));
    }
    for (form, rows) in &file.times {
        text.push_str(&format!("{} × {rows}\n", form.describe()));
    }
    text.push_str(&format!("no time × {}\n", file.times_inferred));
    for column in file.canonical.iter().chain(&file.others) {
        text.push_str(&format!(
            "{} {} × {} ({} conflicts) from {:?}\n",
            column.column,
            column.column_type.name(),
            column.rows,
            column.conflicts,
            column.paths
        ));
    }
    for kind in &file.kinds {
        let told = kind.columns.iter().filter(|(name, _)| !OURS.contains(&&***name));
        let told: Vec<String> = told.map(|(name, rows)| format!("{name} × {rows}")).collect();
        text.push_str(&format!("{} × {}: {}\n", kind.kind, kind.rows, told.join(", ")));
    }
    text.push_str(&format!("{}\n", file.sample.as_deref().unwrap_or("no sample")));
    text
}

#[test]
fn a_survey_shows_how_a_file_would_be_read() {
    let jsonl = br#"{"ts": 1763985600, "event": "order_placed", "symbol": "KX", "price": 0.5}
{"ts": "2025-11-24T12:00:01Z", "event": "fill", "order": {"id": 7}, "price": 0.5}

{"event": "fill", "price": "n/a", "note": "x"}
no json
"#;
    let fields = Arc::new(Fields::new(limits::COLUMNS_MAX));
    let mut survey = Survey::new([Mapping::default()].into(), fields);
    survey.feed(&[chunk("mm1/bot.jsonl", 0, jsonl)]);
    let files = survey.finish();
    expect![[r#"
        4 lines, 3 rows, 1 rejects, bots [("mm1", 3)]
        fill → fill × 2
        order_placed → order_placed × 1
        date and time in UTC × 1
        epoch seconds × 1
        no time × 1
        event text × 3 (0 conflicts) from [("event", 3)]
        market text × 1 (0 conflicts) from [("symbol", 1)]
        order_id text × 1 (0 conflicts) from [("order.id", 1)]
        price float × 1 (0 conflicts) from [("price", 1)]
        fill_price float × 1 (1 conflicts) from [("price", 2)]
        note text × 1 (0 conflicts) from []
        order_placed × 1: event × 1, market × 1, price × 1, ts_inferred × 1
        fill × 2: attrs × 1, event × 2, fill_price × 1, note × 1, order_id × 1, ts_inferred × 2
        {"ts": 1763985600, "event": "order_placed", "symbol": "KX", "price": 0.5}
    "#]]
    .assert_eq(&shown(&files[0]));
}
