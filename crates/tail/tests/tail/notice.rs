//! Notification, waking, and a reader that wants no more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_model::{LineChunk, ManualClock, SourceId};
use fillwatch_tail::{Closed, Event, Options, Sink, Source, Tailer};
use fillwatch_testkit::Folder;

/// Nothing is looked at in the time a test takes, except what is hinted at.
const NEVER: Duration = Duration::from_secs(3600);

/// Counts bytes, and closes after so many chunks.
struct Count {
    bytes: u64,
    chunks_left: u64,
}

impl Sink for Count {
    fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed> {
        self.chunks_left = self.chunks_left.checked_sub(1).ok_or(Closed)?;
        self.bytes += chunk.to - chunk.from;
        Ok(())
    }

    fn event(&mut self, _event: Event) {}
}

fn tailer(folder: &Folder, options: Options) -> Tailer {
    let source = Source::new(SourceId(0), &folder.path().display().to_string(), &[]).unwrap();
    Tailer::new(vec![source], Vec::new(), options, Arc::new(ManualClock::at(0))).unwrap()
}

fn hinted() -> Options {
    Options { sweep_interval: NEVER, discovery_interval: NEVER, ..Options::default() }
}

#[test]
fn a_hint_brings_new_lines_and_files_before_the_next_sweep() {
    let folder = Folder::new().unwrap();
    folder.append("a.log", b"one\n").unwrap();
    let mut tailer = tailer(&folder, hinted());
    let mut sink = Count { bytes: 0, chunks_left: u64::MAX };
    tailer.sweep(&mut sink).unwrap();
    assert_eq!(sink.bytes, 4);
    folder.append("a.log", b"two\n").unwrap();
    folder.append("new/b.log", b"three\n").unwrap();
    folder.rename("a.log", "a.log.1").unwrap();
    folder.append("a.log", b"four\n").unwrap();
    let started = Instant::now();
    while sink.bytes < 19 {
        assert!(started.elapsed() < Duration::from_secs(10), "only {} bytes", sink.bytes);
        tailer.wait(Duration::from_secs(1));
        tailer.sweep(&mut sink).unwrap();
    }
}

#[test]
fn reading_is_no_reason_to_read_again() {
    let folder = Folder::new().unwrap();
    folder.append("a.log", b"one\n").unwrap();
    let mut tailer = tailer(&folder, hinted());
    let mut sink = Count { bytes: 0, chunks_left: u64::MAX };
    tailer.sweep(&mut sink).unwrap();
    folder.append("a.log", b"two\n").unwrap();
    tailer.wait(Duration::from_secs(5));
    tailer.sweep(&mut sink).unwrap();
    // A second event of the same write may still be on its way.
    tailer.wait(Duration::from_millis(100));
    tailer.sweep(&mut sink).unwrap();
    let started = Instant::now();
    tailer.wait(Duration::from_millis(300));
    assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
}

#[test]
fn a_waker_ends_a_wait() {
    let folder = Folder::new().unwrap();
    let mut tailer = tailer(&folder, hinted());
    let waker = tailer.waker();
    let started = Instant::now();
    let thread = std::thread::spawn(move || waker.wake());
    tailer.wait(Duration::from_secs(60));
    thread.join().unwrap();
    assert!(started.elapsed() < Duration::from_secs(50));
}

#[test]
fn a_closed_sink_ends_the_sweep() {
    let folder = Folder::new().unwrap();
    folder.append("a.log", b"one\n").unwrap();
    folder.append("b.log", b"two\n").unwrap();
    let mut tailer = tailer(&folder, Options { notify: false, ..Options::default() });
    let mut sink = Count { bytes: 0, chunks_left: 1 };
    assert_eq!(tailer.sweep(&mut sink), Err(Closed));
    assert_eq!(sink.bytes, 4);
}

#[test]
fn one_large_file_does_not_keep_the_others_waiting() {
    struct Order(Vec<String>);
    impl Sink for Order {
        fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed> {
            let name = chunk.file.path.file_name().unwrap().to_string_lossy().into_owned();
            self.0.push(name);
            Ok(())
        }
        fn event(&mut self, _event: Event) {}
    }
    let folder = Folder::new().unwrap();
    folder.append("a.log", &b"a line of the large file\n".repeat(10_000)).unwrap();
    folder.append("b.log", b"one\n").unwrap();
    let options =
        Options { chunk_bytes: 1000, turn_bytes: 4000, notify: false, ..Options::default() };
    let mut sink = Order(Vec::new());
    tailer(&folder, options).sweep(&mut sink).unwrap();
    assert_eq!(sink.0.iter().position(|name| name == "b.log"), Some(4));
}
