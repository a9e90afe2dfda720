//! Plays a fleet in real time: each line is appended to its log when its moment has come.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use fillwatch_model::{Clock, Micros};
use fillwatch_simulate::{Emission, Fleet, Truth};

use crate::failure::{Failure, sentence};

/// How often lines whose moment has come are written.
const TICK: Duration = Duration::from_millis(5);

/// The fleet on its thread.
pub(crate) struct Player {
    written: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Truth>>,
}

/// When it is what time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The largest log is rotated then, as a logger would: by renaming it.
    pub(crate) rotate: Micros,
    /// The end.
    pub(crate) until: Micros,
}

impl Player {
    /// Starts to play below `dir`.
    pub(crate) fn start(dir: PathBuf, fleet: Fleet, times: Times, clock: Arc<dyn Clock>) -> Player {
        let written = Arc::new(AtomicU64::new(0));
        let stopped = Arc::new(AtomicBool::new(false));
        let logs = Logs { dir, open: HashMap::new(), written: Arc::clone(&written) };
        let stop = Arc::clone(&stopped);
        let thread = thread::spawn(move || play(fleet, logs, times, &stop, &*clock));
        Player { written, stopped, thread }
    }

    /// How many lines are in the logs.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }

    /// Whether the last line is written.
    pub(crate) fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends it early.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// What really happened.
    pub(crate) fn truth(self) -> Result<Truth, Failure> {
        let played = self.thread.join();
        let truth = played.unwrap_or_else(|_| Err(io::Error::other("the fleet panicked")));
        truth.map_err(|error| {
            Failure::failed(format!("the fleet cannot write its logs: {}", sentence(&error)))
        })
    }
}

fn play(
    mut fleet: Fleet,
    mut logs: Logs,
    times: Times,
    stopped: &AtomicBool,
    clock: &dyn Clock,
) -> io::Result<Truth> {
    let mut rotated = false;
    loop {
        let now = clock.now().min(times.until);
        while let Some(emission) = fleet.next_before(now) {
            logs.append(&emission)?;
        }
        if now >= times.rotate && !rotated {
            rotated = true;
            logs.rotate_largest()?;
        }
        if now >= times.until || stopped.load(Ordering::SeqCst) {
            return Ok(fleet.truth());
        }
        thread::sleep(TICK);
    }
}

struct Logs {
    dir: PathBuf,
    open: HashMap<Arc<Path>, File>,
    written: Arc<AtomicU64>,
}

impl Logs {
    fn append(&mut self, emission: &Emission) -> io::Result<()> {
        let file = match self.open.get_mut(&emission.file) {
            Some(file) => file,
            None => {
                let path = self.dir.join(&emission.file);
                fs::create_dir_all(path.parent().unwrap_or(&self.dir))?;
                let file = File::options().append(true).create(true).open(path)?;
                self.open.entry(Arc::clone(&emission.file)).or_insert(file)
            }
        };
        // A line is one write, as loggers do it.
        file.write_all(&emission.line)?;
        self.written.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn rotate_largest(&mut self) -> io::Result<()> {
        let size = |file: &File| file.metadata().map_or(0, |found| found.len());
        let largest = self.open.iter().max_by_key(|(_, file)| size(file));
        let Some(name) = largest.map(|(name, _)| Arc::clone(name)) else { return Ok(()) };
        self.open.remove(&name);
        let path = self.dir.join(&name);
        let mut aside = path.clone().into_os_string();
        aside.push(".1");
        fs::rename(path, aside)
    }
}
