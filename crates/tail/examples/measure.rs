//! How fast files are read and what idle ones cost: `cargo run --release --example measure`.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_model::{LineChunk, ManualClock, SourceId};
use fillwatch_tail::{Closed, Event, Options, Sink, Source, Tailer};

struct Null(u64);

impl Sink for Null {
    fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed> {
        self.0 += chunk.to - chunk.from;
        Ok(())
    }

    fn event(&mut self, _event: Event) {}
}

fn tailer(path: &std::path::Path, options: Options) -> Result<Tailer, Box<dyn Error>> {
    let source = Source::new(SourceId(0), &path.display().to_string(), &[])?;
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_micros() as i64;
    Ok(Tailer::new(vec![source], Vec::new(), options, Arc::new(ManualClock::at(now)))?)
}

fn throughput() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let line = format!("{{\"ts\":1767225600,\"event\":\"order\",\"x\":\"{}\"}}\n", "y".repeat(160));
    let block = line.repeat((1 << 20) / line.len());
    let mut file = std::fs::File::create(folder.path().join("bot.jsonl"))?;
    for _ in 0..600 {
        file.write_all(block.as_bytes())?;
    }
    let mut tailer = tailer(folder.path(), Options::default())?;
    let (mut sink, started) = (Null(0), Instant::now());
    while !tailer.sweep(&mut sink)?.at_end {}
    let seconds = started.elapsed().as_secs_f64();
    println!("read {} MB at {:.0} MB/s", sink.0 / 1_000_000, sink.0 as f64 / 1e6 / seconds);
    Ok(())
}

fn idle(files: usize, notify: bool) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    for file in 0..files {
        std::fs::write(
            folder.path().join(format!("bot-{file}.jsonl")),
            format!("{{\"n\":{file}}}\n"),
        )?;
    }
    std::thread::sleep(Duration::from_secs(3));
    let mut tailer = tailer(folder.path(), Options { notify, ..Options::default() })?;
    let mut sink = Null(0);
    let started = Instant::now();
    while !tailer.sweep(&mut sink)?.at_end {}
    println!("{files} files: first sweep {:?}", started.elapsed());
    // The directory was not settled in the eyes of the manual clock; this settles it.
    for _ in 0..48 {
        std::thread::sleep(Duration::from_millis(251));
        tailer.sweep(&mut sink)?;
    }
    let (before, sweeps) = (cpu()?, 40);
    for _ in 0..sweeps {
        tailer.wait(Duration::from_millis(251));
        tailer.sweep(&mut sink)?;
    }
    let busy = (cpu()? - before) / sweeps;
    println!("{files} idle files, notify {notify}: {busy:?} CPU a sweep, four a second");
    Ok(())
}

/// CPU time of this thread.
fn cpu() -> Result<Duration, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split(' ').next().unwrap_or_default().parse()?))
}

fn main() -> Result<(), Box<dyn Error>> {
    throughput()?;
    idle(10_000, false)?;
    idle(10_000, true)
}
