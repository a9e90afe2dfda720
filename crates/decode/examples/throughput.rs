//! How much JSON one CPU second decodes: `cargo run --release --example throughput [MiB]`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fillwatch_decode::{Decoder, Mapping};
use fillwatch_model::{Body, Fields, FileId, LineChunk, LogFile, Mark, SourceId, limits};

#[expect(clippy::print_stdout, reason = "a benchmark talks")]
fn main() {
    let mib: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(64);
    for (name, lines) in [("kalshi", kalshi as fn(u64) -> String), ("catalyst", catalyst)] {
        let chunks = chunks(lines, mib << 20);
        let bytes: u64 = chunks.iter().map(|chunk| chunk.to - chunk.from).sum();
        let fields = Arc::new(Fields::new(limits::COLUMNS_MAX));
        let mut decoder = Decoder::new([Mapping::default()].into(), fields);
        let mut best = Duration::MAX;
        let mut rows = 0;
        for _ in 0..5 {
            let start = cpu();
            rows = 0;
            for group in chunks.chunks(limits::BATCH_BYTES / limits::CHUNK_BYTES) {
                let decoded = decoder.decode(group);
                assert!(decoded.rejects.is_empty());
                rows += decoded.batch.num_rows();
            }
            best = best.min(cpu() - start);
        }
        let seconds = best.as_secs_f64();
        println!(
            "{name}: {:.0} MB per CPU second, {:.0} ns a row, {} bytes a line",
            bytes as f64 / 1e6 / seconds,
            seconds * 1e9 / rows as f64,
            bytes / rows as u64,
        );
    }
}

/// CPU time of this process, from the kernel.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    Duration::from_nanos(nanos)
}

fn chunks(line: fn(u64) -> String, bytes: usize) -> Vec<LineChunk> {
    let file = LogFile { id: FileId(1), path: PathBuf::from("mm1/bot.jsonl"), source: SourceId(0) };
    let file = Arc::new(file);
    let mark = Mark { dev: 0, ino: 0, prefix_len: 0, prefix_hash: 0, tail_len: 0, tail_hash: 0 };
    let (mut chunks, mut from, mut n) = (Vec::new(), 0, 0);
    while from < bytes as u64 {
        let mut text = Vec::with_capacity(limits::CHUNK_BYTES);
        while text.len() < limits::CHUNK_BYTES - 512 {
            text.extend_from_slice(line(n).as_bytes());
            n += 1;
        }
        let to = from + text.len() as u64;
        let body = Body::Lines(text);
        chunks.push(LineChunk { file: Arc::clone(&file), from, to, body, mark, read_at: 0 });
        from = to;
    }
    chunks
}

fn kalshi(n: u64) -> String {
    let ts = format!("{}.{:06}", 1_763_712_345 + n / 50, n * 7919 % 1_000_000);
    let price = 30 + n % 40;
    let market = n * 31 % 12;
    match n % 5 {
        0 | 2 => format!(
            "{{\"ts\": {ts}, \"event\": \"order_placed\", \"market\": \"KXBTC-25DEC31-T{}\", \"side\": \"{}\", \
             \"price\": 0.{price}, \"size\": {}, \"order_id\": \"ord_{:08x}\", \"model_fair\": 0.{}}}\n",
            50_000 + market * 500,
            if n.is_multiple_of(2) { "yes" } else { "no" },
            1 + n % 20,
            n * 2_654_435_761 % (1 << 32),
            price + 2,
        ),
        1 | 3 => format!(
            "{{\"ts\": {ts}, \"event\": \"fill_received\", \"order_id\": \"ord_{:08x}\", \
             \"fill_price\": 0.{price}, \"fill_size\": {}, \"latency_ms\": {}.{}}}\n",
            (n - 1) * 2_654_435_761 % (1 << 32),
            1 + n % 20,
            20 + n % 90,
            n % 10,
        ),
        _ => format!(
            "{{\"ts\": {ts}, \"event\": \"api_call\", \"endpoint\": \"/trade-api/v2/portfolio/orders\", \
             \"method\": \"POST\", \"status_code\": 201, \"latency_ms\": {}.{}, \"request_id\": \"{:016x}\", \
             \"attempt\": 1}}\n",
            30 + n % 100,
            n % 10,
            n * 11_400_714_819_323_198_485 % (1 << 53),
        ),
    }
}

fn catalyst(n: u64) -> String {
    format!(
        "{{\"timestamp\": \"2025-11-21T{:02}:{:02}:{:02}.{:06}\", \"level\": \"INFO\", \
         \"logger\": \"catalyst_bot.execution\", \"message\": \"Order placed\", \"module\": \"broker\", \
         \"function\": \"place_order\", \"line\": 214, \"ticker\": \"AAPL\", \"order_id\": \"{:032x}\", \
         \"side\": \"buy\", \"quantity\": {}, \"price\": {}.{:02}}}\n",
        n / 3600 % 24,
        n / 60 % 60,
        n % 60,
        n * 7919 % 1_000_000,
        u128::from(n) * 340_282_366_920_938_463,
        1 + n % 200,
        150 + n % 30,
        n % 100,
    )
}
