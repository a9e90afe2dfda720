//! What holds for every input: nothing panics, no line is lost, and neither the cut of the chunks
//! nor the tree of shapes shows in the rows.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use fillwatch_model::{Decoded, LineChunk};
use proptest::prelude::*;

use super::{chunk, decoder, shown_with};
use crate::Mapping;

/// Lines as they stand in real logs.
const LINES: &[&str] = &[
    r#"{"ts": 1763985602.6113281, "event": "order_placed", "market": "KX", "side": "yes", "price": 0.51, "size": 25, "order_id": "ord_b", "model_fair": 0.5345}"#,
    r#"{"ts": 1763985603.08, "event": "fill_received", "order_id": "ord_b", "fill_price": 0.51, "fill_size": 10, "latency_ms": 72}"#,
    r#"{"ts": 1763985603.08, "event": "fill_received", "order_id": null, "fill_price": "0.51", "fill_size": 10.5, "latency_ms": -3}"#,
    r#"{"ts":1763985603080,"riskState":{"halted":false,"drawdown":0.00},"positions":[{"a":1}],"equity":10005.02}"#,
    r#"{"ts":1763985603080,"riskState":{"halted":"no","drawdown":[]},"positions":{},"equity":1e4}"#,
    r#"{"timestamp":"2025-11-24T12:00:01.123456789Z","level":"WARN","fields":{"message":"order placed","order_id":7},"target":"bot"}"#,
    r#"2025/11/24 12:01:46 main.go:23: {"event":"fill","price":NaN,"size":1}{"event":"heartbeat"} tail"#,
    r#"{"a":1,"a":2,"A":3,"b":{"c":{"d":[1,2,{"e":"\u00e9"}]}}}"#,
    r#"{"timestamp":"x","@timestamp":"y","time":"2025-11-24","date":"2025-11-25","TIMESTAMP":1}"#,
    r#"{"token_id":71321045679252212594626385532706912750332728571942532289631379312455583992563,"t_ns":1763985603080123456}"#,
    r#"[1,2,3]"#,
    r#""text""#,
    "plain text",
    "",
];

fn line() -> impl Strategy<Value = Vec<u8>> {
    let real = prop::sample::select(LINES).prop_map(|line| line.as_bytes().to_vec());
    let damaged = (real.clone(), any::<prop::sample::Index>(), any::<u8>(), 0..3usize).prop_map(
        |(mut line, at, byte, how)| {
            let at = at.index(line.len().max(1));
            match how {
                0 => line.truncate(at),
                1 if at < line.len() => line[at] = byte,
                _ => line.insert(at.min(line.len()), byte),
            }
            line.retain(|b| *b != b'\n');
            line
        },
    );
    let noise = prop::collection::vec(any::<u8>(), 0..40).prop_map(|mut bytes| {
        bytes.retain(|b| *b != b'\n');
        bytes
    });
    prop_oneof![4 => real, 3 => damaged, 1 => noise]
}

fn log() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let ended = (line(), any::<bool>()).prop_map(|(mut line, windows)| {
        line.extend_from_slice(if windows { b"\r\n" } else { b"\n" });
        line
    });
    prop::collection::vec(ended, 0..30)
}

fn offsets(decoded: &Decoded) -> Vec<u64> {
    let column = decoded.batch.column_by_name("offset").unwrap();
    let rows = column.as_primitive::<Int64Type>().values().iter().map(|offset| *offset as u64);
    let mut offsets: Vec<u64> = rows.chain(decoded.rejects.iter().map(|r| r.offset)).collect();
    offsets.sort_unstable();
    offsets
}

fn chunks(lines: &[Vec<u8>], cut: impl Fn(usize) -> bool) -> Vec<LineChunk> {
    let mut pieces: Vec<Vec<u8>> = vec![Vec::new()];
    for (at, line) in lines.iter().enumerate() {
        if cut(at) {
            pieces.push(Vec::new());
        }
        pieces.last_mut().unwrap().extend_from_slice(line);
    }
    let mut from = 0;
    let mut cut_at = |bytes: Vec<u8>| {
        let chunk = chunk("bot/fills.jsonl", from, &bytes);
        from = chunk.to;
        chunk
    };
    pieces.into_iter().map(&mut cut_at).collect()
}

fn is_blank(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    line.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_line_is_rows_or_rejects(lines in log()) {
        let decoded = decoder(Mapping::default()).decode(&chunks(&lines, |_| false));
        let offsets = offsets(&decoded);
        prop_assert!(offsets.windows(2).all(|pair| pair[0] < pair[1]), "{offsets:?}");
        let mut start = 0;
        for line in &lines {
            let end = start + line.len() as u64;
            let begins = offsets.binary_search(&start).is_ok();
            prop_assert_eq!(begins, !is_blank(line), "{:?}", String::from_utf8_lossy(line));
            prop_assert!(!is_blank(line) || !offsets.iter().any(|at| (start..end).contains(at)));
            start = end;
        }
        prop_assert!(offsets.iter().all(|at| *at < start));
        let piece = &decoded.progress[0];
        prop_assert_eq!(piece.rows + piece.rejects, offsets.len() as u64);
        prop_assert_eq!(piece.to, start);
    }

    #[test]
    fn where_a_chunk_is_cut_does_not_show(lines in log(), cuts in any::<u32>()) {
        let whole = decoder(Mapping::default()).decode(&chunks(&lines, |_| false));
        let cut = |at: usize| cuts >> (at % 32) & 1 == 1;
        let pieces = decoder(Mapping::default()).decode(&chunks(&lines, cut));
        prop_assert_eq!(shown_with(&whole, &[]), shown_with(&pieces, &[]));
        prop_assert_eq!(offsets(&whole), offsets(&pieces));
    }

    #[test]
    fn the_short_way_and_the_long_way_meet(lines in log()) {
        let chunks = chunks(&lines, |_| false);
        let short = decoder(Mapping::default()).decode(&chunks);
        let long = decoder(Mapping::default()).without_shapes().decode(&chunks);
        prop_assert_eq!(shown_with(&short, &[]), shown_with(&long, &[]));
        prop_assert_eq!(short.fields, long.fields);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let chunk = chunk("x", 0, &bytes);
        let decoded = decoder(Mapping::default()).decode(&[chunk]);
        prop_assert!(offsets(&decoded).iter().all(|at| *at < bytes.len() as u64));
    }

    #[test]
    fn bytes_of_json(bytes in prop::collection::vec(prop::sample::select(br#"{}[]":,\ 01.e-+ntfN"#.to_vec()), 0..200)) {
        let decoded = decoder(Mapping::default()).decode(&[chunk("x", 0, &bytes)]);
        prop_assert!(bytes.is_empty() || is_blank(&bytes) || !offsets(&decoded).is_empty());
    }
}
