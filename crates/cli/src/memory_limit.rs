//! The memory of a running query, watched from outside.
//!
//! The engine counts what its joins, sorts and groups hold, and nothing else: `string_agg`, `concat`
//! and a thousand `union all` may make gigabytes that it never hears of. So a thread looks at what
//! the whole process holds, and ends it when a query has taken more than it may: there is no way to
//! take memory back from a thread that goes on asking for it, and the next to be killed for lack of
//! memory may be the `watch` beside us.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::failure::Failure;
use crate::quantity;

/// How often it looks. A query that writes memory as fast as a core can gains 50 MB in this time.
const INTERVAL: Duration = Duration::from_millis(10);

/// What the process may gain beside what the engine counts: batches on their way, pages of Parquet
/// files, and freed memory that the allocator has not given back.
const SLACK_BYTES: u64 = 256 << 20;

/// Watches until it is dropped.
pub(crate) struct MemoryLimit {
    over: Arc<AtomicBool>,
}

/// What is done before the process ends: what a query leaves behind is put away.
pub(crate) type LastWill = Box<dyn FnOnce() + Send>;

impl MemoryLimit {
    /// From now on the process may take `memory_bytes` more than it holds. Where the system does
    /// not tell how much that is, nothing is watched.
    pub(crate) fn watch(memory_bytes: u64, conversation: bool, last_will: LastWill) -> MemoryLimit {
        let over = Arc::new(AtomicBool::new(false));
        if let Some(held) = resident() {
            let limit = held.saturating_add(memory_bytes).saturating_add(SLACK_BYTES);
            let over = Arc::clone(&over);
            let watch = move || {
                while !over.load(Ordering::Relaxed) {
                    if resident().is_some_and(|held| held > limit) {
                        last_will();
                        end(&excess(memory_bytes, conversation));
                    }
                    thread::sleep(INTERVAL);
                }
            };
            // Without a thread to spare the engine's own count is what there is.
            let _ = thread::Builder::new().name("memory".to_owned()).spawn(watch);
        }
        MemoryLimit { over }
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn excess(memory_bytes: u64, conversation: bool) -> Failure {
    let limit = quantity::memory(memory_bytes);
    let end = if conversation { ", so the conversation ends" } else { "" };
    Failure::failed(format!(
        "the query took more than its memory limit of {limit}{end}; ask for less time, fewer rows or shorter text"
    ))
    .hint("`--memory 8GiB` allows more")
}

#[expect(clippy::exit, reason = "a query that takes all memory cannot be stopped in another way")]
fn end(failure: &Failure) -> ! {
    failure.report();
    std::process::exit(failure.code() as i32)
}

/// The bytes of memory that the process holds.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim_end().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_process_holds_is_known() {
        let before = resident().unwrap();
        let block = std::hint::black_box(vec![1_u8; 256 << 20]);
        let gained = resident().unwrap().saturating_sub(before);
        assert!(gained > 128 << 20, "{gained} bytes for {}", block.len());
    }

    #[test]
    fn the_end_says_what_to_do() {
        assert_eq!(
            excess(2 << 30, true).to_string(),
            "fillwatch: the query took more than its memory limit of 2 GiB, so the conversation ends; \
             ask for less time, fewer rows or shorter text\nhint: `--memory 8GiB` allows more\n"
        );
    }
}
