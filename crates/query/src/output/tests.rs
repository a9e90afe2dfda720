//! One small answer in every format.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, DictionaryArray, Float64Array, Int64Array, ListBuilder,
    StringArray, StringViewArray, StringViewBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use arrow::ipc::reader::FileReader;
use arrow::record_batch::RecordBatch;
use expect_test::{Expect, expect};
use futures::StreamExt;

use super::*;

/// A fill, a line that would like to be a formula, and one with nothing in it.
fn rows() -> RecordBatch {
    let ts = TimestampMicrosecondArray::from(vec![
        1_767_603_600_000_000,
        1_767_603_601_678_901,
        1_767_603_602_500_000,
    ])
    .with_timezone("UTC");
    let kind: DictionaryArray<Int32Type> =
        vec![Some("fill"), Some("log"), None].into_iter().collect();
    let price = Float64Array::from(vec![Some(0.1 + 0.2), Some(f64::NAN), None]);
    let pnl = Int64Array::from(vec![Some(-5), Some(9_007_199_254_740_993), None]);
    let message =
        StringArray::from(vec![Some("a \"b\", c|d"), Some("=1+2\n\u{1b}[2Jred"), Some("")]);
    let raw = BinaryArray::from(vec![Some(b"ok \xff".as_slice()), None, None]);
    let none = StringArray::from(vec![None::<&str>; 3]);
    RecordBatch::try_from_iter_with_nullable([
        ("ts", Arc::new(ts) as ArrayRef, true),
        ("kind", Arc::new(kind), true),
        ("price", Arc::new(price), true),
        ("pnl", Arc::new(pnl), true),
        ("message", Arc::new(message), true),
        ("raw", Arc::new(raw), true),
        ("strategy", Arc::new(none), true),
    ])
    .unwrap()
}

fn written(batches: Vec<RecordBatch>, format: Format, layout: &Layout) -> Vec<u8> {
    let schema = batches[0].schema();
    let stream = futures::stream::iter(batches.into_iter().map(Ok)).boxed();
    let mut out = Vec::new();
    futures::executor::block_on(write(Answer { schema, stream }, format, layout, &mut out))
        .unwrap();
    out
}

fn check(format: Format, layout: &Layout, want: Expect) {
    let text = String::from_utf8(written(vec![rows()], format, layout)).unwrap();
    want.assert_eq(&text.replace('\u{1b}', "\\x1b"));
}

#[test]
fn a_table_leaves_out_what_is_null_everywhere_and_says_so() {
    check(
        Format::Table,
        &Layout::default(),
        expect![[r#"
        ts                          kind                price               pnl  message           raw
        ──────────────────────────  ────  ───────────────────  ────────────────  ────────────────  ───────
        2026-01-05 09:00:00         fill  0.30000000000000004                -5  a "b", c|d        ok \xff
        2026-01-05 09:00:01.678901  log                   NaN  9007199254740993  =1+2\n\x1b[2Jred  ·
        2026-01-05 09:00:02.500     ·                       ·                 ·                    ·
        (3 rows)
        1 column holds no value here and is not shown: strategy
    "#]],
    );
}

#[test]
fn a_narrow_terminal_gets_shorter_text_then_fewer_columns_but_whole_numbers() {
    check(
        Format::Table,
        &Layout { width: Some(90), ..Layout::default() },
        expect![[r#"
        ts                          kind                price               pnl  message
        ──────────────────────────  ────  ───────────────────  ────────────────  ────────────────
        2026-01-05 09:00:00         fill  0.30000000000000004                -5  a "b", c|d
        2026-01-05 09:00:01.678901  log                   NaN  9007199254740993  =1+2\n\x1b[2Jred
        2026-01-05 09:00:02.500     ·                       ·                 ·
        (3 rows)
        1 column does not fit and is not shown: raw
        1 column holds no value here and is not shown: strategy
    "#]],
    );
    check(
        Format::Table,
        &Layout { width: Some(50), ..Layout::default() },
        expect![[r#"
        ts                          kind
        ──────────────────────────  ────
        2026-01-05 09:00:00         fill
        2026-01-05 09:00:01.678901  log
        2026-01-05 09:00:02.500     ·
        (3 rows)
        4 columns do not fit and are not shown: price, pnl, message, raw
        1 column holds no value here and is not shown: strategy
    "#]],
    );
}

#[test]
fn rows_past_the_limit_are_counted() {
    check(
        Format::Table,
        &Layout { rows_max: 1, ..Layout::default() },
        expect![[r#"
        ts                   kind                price  pnl  message     raw
        ───────────────────  ────  ───────────────────  ───  ──────────  ───────
        2026-01-05 09:00:00  fill  0.30000000000000004   -5  a "b", c|d  ok \xff
        (1 row shown, 2 more)
        1 column holds no value here and is not shown: strategy
    "#]],
    );
}

#[test]
fn an_expanded_table_has_a_line_per_value() {
    check(
        Format::Table,
        &Layout { expanded: true, ..Layout::default() },
        expect![[r#"
        ─ 1 ───────
        ts       2026-01-05 09:00:00
        kind     fill
        price    0.30000000000000004
        pnl      -5
        message  a "b", c|d
        raw      ok \xff
        ─ 2 ───────
        ts       2026-01-05 09:00:01.678901
        kind     log
        price    NaN
        pnl      9007199254740993
        message  =1+2\n\x1b[2Jred
        ─ 3 ───────
        ts       2026-01-05 09:00:02.500
        message
        (3 rows)
        1 column holds no value here and is not shown: strategy
    "#]],
    );
}

#[test]
fn csv_has_no_formulas_and_tells_null_from_empty() {
    check(
        Format::Csv,
        &Layout::default(),
        expect![[r#"
        ts,kind,price,pnl,message,raw,strategy
        2026-01-05T09:00:00Z,fill,0.30000000000000004,-5,"a ""b"", c|d",ok \xff,
        2026-01-05T09:00:01.678901Z,log,NaN,9007199254740993,"'=1+2
        \x1b[2Jred",,
        2026-01-05T09:00:02.500Z,,,,"",,
    "#]],
    );
}

#[test]
fn json_has_every_column_in_every_row() {
    check(
        Format::Json,
        &Layout::default(),
        expect![[r#"
        [{"ts":"2026-01-05T09:00:00Z","kind":"fill","price":0.30000000000000004,"pnl":-5,"message":"a \"b\", c|d","raw":"ok \\xff","strategy":null},{"ts":"2026-01-05T09:00:01.678901Z","kind":"log","price":null,"pnl":9007199254740993,"message":"=1+2\n\u001b[2Jred","raw":null,"strategy":null},{"ts":"2026-01-05T09:00:02.500Z","kind":null,"price":null,"pnl":null,"message":"","raw":null,"strategy":null}]
    "#]],
    );
    check(
        Format::Ndjson,
        &Layout::default(),
        expect![[r#"
        {"ts":"2026-01-05T09:00:00Z","kind":"fill","price":0.30000000000000004,"pnl":-5,"message":"a \"b\", c|d","raw":"ok \\xff","strategy":null}
        {"ts":"2026-01-05T09:00:01.678901Z","kind":"log","price":null,"pnl":9007199254740993,"message":"=1+2\n\u001b[2Jred","raw":null,"strategy":null}
        {"ts":"2026-01-05T09:00:02.500Z","kind":null,"price":null,"pnl":null,"message":"","raw":null,"strategy":null}
    "#]],
    );
}

#[test]
fn markdown_stays_in_its_cell() {
    check(
        Format::Markdown,
        &Layout::default(),
        expect![[r#"
        | ts | kind | price | pnl | message | raw | strategy |
        | --- | --- | ---: | ---: | --- | --- | --- |
        | 2026-01-05 09:00:00 | fill | 0.30000000000000004 | -5 | a "b", c\|d | ok \\xff |  |
        | 2026-01-05 09:00:01.678901 | log | NaN | 9007199254740993 | =1+2\\n\\x1b\[2Jred |  |  |
        | 2026-01-05 09:00:02.500 |  |  |  |  |  |  |
    "#]],
    );
}

#[test]
fn no_rows_are_written_too() {
    let none = || vec![rows().slice(0, 0)];
    let text = |format| String::from_utf8(written(none(), format, &Layout::default())).unwrap();
    expect![[r#"
        ts  kind  price  pnl  message  raw  strategy
        ──  ────  ─────  ───  ───────  ───  ────────
        (0 rows)
    "#]]
    .assert_eq(&text(Format::Table));
    assert_eq!(text(Format::Csv), "ts,kind,price,pnl,message,raw,strategy\n");
    assert_eq!(text(Format::Json), "[]\n");
    assert_eq!(text(Format::Ndjson), "");
}

#[test]
fn parquet_and_arrow_read_back_as_they_were() {
    let bytes = written(vec![rows(), rows()], Format::Parquet, &Layout::default());
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(
        bytes::Bytes::from(bytes),
        1024,
    );
    let read: usize = reader.unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(read, 6);

    // Each batch brings a dictionary of its own.
    let bytes = written(vec![rows(), rows().slice(1, 1)], Format::Arrow, &Layout::default());
    let reader = FileReader::try_new(std::io::Cursor::new(bytes), None).unwrap();
    let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert_eq!(read.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(read[0].column(3), rows().column(3));
    assert_eq!(read[0].column(1).as_string::<i32>().value(1), "log");
}

#[test]
fn a_row_is_written_without_the_text_of_others() {
    let words: Vec<String> = (0..1_000).map(|n| format!("{n} is a secret of a bot")).collect();
    let views: StringViewArray = words.iter().map(Some).collect();
    let plain: StringArray = words.iter().map(Some).collect();
    let dictionary: DictionaryArray<Int32Type> = words.iter().map(String::as_str).collect();
    let mut list = ListBuilder::new(StringViewBuilder::new());
    for word in &words {
        list.values().append_value(word);
        list.append(true);
    }
    let all = RecordBatch::try_from_iter([
        ("views", Arc::new(views) as ArrayRef),
        ("plain", Arc::new(plain)),
        ("dictionary", Arc::new(dictionary)),
        ("list", Arc::new(list.finish())),
    ]);
    let one = all.unwrap().slice(7, 1);
    let bytes = written(vec![one], Format::Arrow, &Layout::default());
    assert!(bytes.len() < 4_000, "{} bytes", bytes.len());
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(text.matches("7 is a secret of a bot").count(), 4);
    assert_eq!(text.matches(" is a secret of a bot").count(), 4);
}

#[test]
fn a_plan_is_drawn_in_lines() {
    let kinds: ArrayRef = Arc::new(StringArray::from(vec!["logical_plan"]));
    let plans: ArrayRef = Arc::new(StringArray::from(vec!["Filter: x\n  TableScan: \u{1b}[2J"]));
    let plan = RecordBatch::try_from_iter([("plan_type", kinds), ("plan", plans)]).unwrap();
    let text = String::from_utf8(written(vec![plan], Format::Table, &Layout::default())).unwrap();
    assert_eq!(text, "logical_plan\n  Filter: x\n    TableScan: \\x1b[2J\n");
}

#[test]
fn csv_names_are_no_formulas_either() {
    let one: ArrayRef = Arc::new(Int64Array::from(vec![-1]));
    let batch = RecordBatch::try_from_iter([("=cmd|' /C calc'!A0", one)]).unwrap();
    let text = String::from_utf8(written(vec![batch], Format::Csv, &Layout::default())).unwrap();
    assert_eq!(text, "'=cmd|' /C calc'!A0\n-1\n");
}

#[test]
fn an_objects_keys_differ() {
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let twice = RecordBatch::try_from_iter([
        ("x", Arc::clone(&one)),
        ("x", Arc::clone(&one)),
        ("x_2", one),
    ])
    .unwrap();
    let text = String::from_utf8(written(vec![twice], Format::Ndjson, &Layout::default())).unwrap();
    assert_eq!(text, "{\"x\":1,\"x_2\":1,\"x_2_2\":1}\n");
}

#[test]
fn a_format_is_known_by_its_name_and_by_a_files() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), *format);
    }
    assert_eq!(Format::of_file(Path::new("a/b.JSONL")), Some(Format::Ndjson));
    assert_eq!(Format::of_file(Path::new("a/b")), None);
    expect!["no format `xml`; there are table, csv, json, ndjson, markdown, parquet and arrow"]
        .assert_eq(&"xml".parse::<Format>().unwrap_err().to_string());
}
