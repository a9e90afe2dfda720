//! tail → decode → store, each on threads of its own, joined by bounded channels.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use fillwatch_decode::Decoder;
use fillwatch_model::{Clock, FileId, LineChunk, limits};
use fillwatch_store::Store;
use fillwatch_tail::{Closed, Event, FileState, Sink, Tailer, Waker};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::mpsc;

use crate::gauges::Gauges;
use crate::rules::readiness::{Behind, Readiness, came};
use crate::{Observer, ServeError, Settings};

/// How long the threads go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Until they are told to stop.
    Follow,
    /// Until all there is has been read.
    Once {
        /// Take last lines without a newline as finished.
        final_lines: bool,
    },
}

/// The threads, running.
pub(crate) struct Pipeline {
    stop: Arc<AtomicBool>,
    waker: Waker,
    threads: Vec<JoinHandle<()>>,
    ended: mpsc::UnboundedReceiver<Ended>,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) readiness: Arc<Readiness>,
}

/// What a thread says when it ends.
type Ended = Result<(), ServeError>;

impl Pipeline {
    pub(crate) fn start(
        settings: &Settings,
        mode: Mode,
        store: &Arc<Store>,
        clock: &Arc<dyn Clock>,
        observer: &Arc<dyn Observer>,
    ) -> Result<Pipeline, ServeError> {
        let known = store.known_files().to_vec();
        let mut options = settings.tail.clone();
        options.open_files_max = options.open_files_max.min(descriptors() / 4).max(1);
        let tailer = Tailer::new(settings.sources.clone(), known, options, Arc::clone(clock))?;
        let (waker, stop) = (tailer.waker(), Arc::new(AtomicBool::new(false)));
        let gauges = Arc::new(Gauges::default());
        let (say, ended) = mpsc::unbounded_channel();
        let (mut senders, mut threads) = (Vec::new(), Vec::new());
        let readiness = Arc::new(Readiness::new(settings.decoders.max(1)));
        for at in 0..settings.decoders.max(1) {
            let (sender, chunks) = bounded(limits::CHUNKS_IN_FLIGHT);
            senders.push(sender);
            let decoder = Decoder::new(Arc::clone(&settings.mappings), Arc::clone(store.fields()));
            let (store, gauges) = (Arc::clone(store), Arc::clone(&gauges));
            let stored = Stored { readiness: Arc::clone(&readiness), decoder: at };
            let work = move || decode(decoder, &chunks, &store, &gauges, &stored);
            threads.push(spawn(format!("decode-{at}"), "decoder", say.clone(), work)?);
        }
        let out = Out {
            senders,
            observer: Arc::clone(observer),
            stop: Arc::clone(&stop),
            readiness: Arc::clone(&readiness),
            unreadable: BTreeMap::new(),
        };
        let clock = Arc::clone(clock);
        let (stopped, seen) = (Arc::clone(&stop), Arc::clone(&gauges));
        let interval = settings.tail.sweep_interval;
        let work = move || {
            // Closed means that the decoders ended; they say why.
            let _closed = tail(tailer, mode, interval, out, &stopped, &seen, clock.as_ref());
            Ok(())
        };
        threads.push(spawn("tail".to_owned(), "tailer", say, work)?);
        Ok(Pipeline { stop, waker, threads, ended, gauges, readiness })
    }

    /// Waits until a thread fails, or all have ended.
    pub(crate) async fn ended(&mut self) -> Result<(), ServeError> {
        while let Some(ended) = self.ended.recv().await {
            ended?;
        }
        Ok(())
    }

    /// Tells the threads to stop reading, and to pass on what they have read.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.waker.wake();
    }

    /// Waits for the threads.
    pub(crate) fn join(self) {
        for thread in self.threads {
            // A thread that panicked has said so through `ended`.
            let _panicked = thread.join();
        }
    }
}

/// How many descriptors this process may have, after asking for what it is entitled to: shells
/// commonly start programs with far less. The tailer takes a quarter at most, so that commits,
/// queries and files that are gone but not yet read find some left.
fn descriptors() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(DESCRIPTORS_WANTED, |most| most.min(DESCRIPTORS_WANTED));
    if limit.current.is_some_and(|current| current < wanted) {
        let more = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if setrlimit(Resource::Nofile, more).is_ok() {
            limit = more;
        }
    }
    limit.current.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Four times what the tailer may keep open, twice over.
const DESCRIPTORS_WANTED: u64 = 8 * limits::OPEN_FILES_MAX as u64;

fn spawn(
    name: String,
    role: &'static str,
    say: mpsc::UnboundedSender<Ended>,
    work: impl FnOnce() -> Ended + Send + 'static,
) -> Result<JoinHandle<()>, ServeError> {
    let thread = std::thread::Builder::new().name(name);
    let run = move || {
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        // If nobody listens any more, the run is over anyway.
        let _unheard = say.send(worked.unwrap_or(Err(ServeError::Died(role))));
    };
    thread.spawn(run).map_err(ServeError::Thread)
}

/// Where the tailer's findings go: a file's chunks always to the same decoder, so that they stay
/// in order.
struct Out {
    senders: Vec<Sender<LineChunk>>,
    observer: Arc<dyn Observer>,
    stop: Arc<AtomicBool>,
    readiness: Arc<Readiness>,
    /// The paths that cannot be read, whatever file is there now, and why.
    unreadable: BTreeMap<PathBuf, String>,
}

/// Tells what a decoder has put into the store.
struct Stored {
    readiness: Arc<Readiness>,
    decoder: usize,
}

impl Sink for Out {
    fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Closed);
        }
        let decoder = (chunk.file.id.0 % self.senders.len() as u64) as usize;
        self.readiness.sent(decoder);
        self.senders[decoder].send(chunk).map_err(|_| Closed)
    }

    fn event(&mut self, event: Event) {
        match &event {
            Event::Unreadable { path, error } => {
                self.unreadable.insert(path.clone(), error.to_string());
            }
            Event::Readable { path } => {
                self.unreadable.remove(path);
            }
            _ => {}
        }
        self.observer.event(&event);
    }
}

fn tail(
    mut tailer: Tailer,
    mode: Mode,
    sweep_interval: Duration,
    mut out: Out,
    stop: &AtomicBool,
    gauges: &Gauges,
    clock: &dyn Clock,
) -> Result<(), Closed> {
    let started = Instant::now();
    let mut measured: Option<Instant> = None;
    while !stop.load(Ordering::Relaxed) {
        let began = clock.now();
        let swept = tailer.sweep(&mut out)?;
        if measured.is_none_or(|at| at.elapsed() >= sweep_interval) {
            let mut behind = measure(&tailer, swept.at_end, gauges);
            behind.extend(out.unreadable());
            out.readiness.swept(began, behind);
            measured = Some(Instant::now());
        }
        match mode {
            Mode::Follow if swept.at_end => tailer.wait(sweep_interval),
            // An archive is damaged, a rotated file's last line final, once it has been quiet.
            Mode::Once { final_lines: false }
                if swept.at_end
                    && started.elapsed() < SETTLING_PATIENCE
                    && tailer.is_settling() =>
            {
                tailer.wait(sweep_interval);
            }
            Mode::Once { final_lines } if swept.at_end => {
                if final_lines {
                    tailer.finish(&mut out)?;
                }
                let waiting = tailer.files().filter(|file| file.waiting > 0);
                gauges.set_unfinished(waiting.map(|file| (file.path, file.waiting)).collect());
                let _behind = measure(&tailer, true, gauges);
                return Ok(());
            }
            Mode::Follow | Mode::Once { .. } => {}
        }
    }
    Ok(())
}

/// How long a one-shot run waits for the tailer's verdicts: longer than its grace.
const SETTLING_PATIENCE: Duration = Duration::from_secs(8);

impl Out {
    /// What cannot be read is behind, be it a file that nobody has read a line of. One that is gone
    /// is not.
    fn unreadable(&mut self) -> Vec<Behind> {
        self.unreadable.retain(|path, _| path.symlink_metadata().is_ok());
        let behind = |(path, error): (&PathBuf, &String)| Behind {
            file: FileId(named(path)),
            path: path.clone(),
            since: 0,
            error: Some(error.clone()),
        };
        self.unreadable.iter().map(behind).collect()
    }
}

/// A name for a path that has no file yet.
fn named(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

/// Counts what is in sight, and says which files have lines that are not read.
fn measure(tailer: &Tailer, at_end: bool, gauges: &Gauges) -> Vec<Behind> {
    let (mut files, mut waiting, mut behind) = (0, 0, Vec::new());
    for file in tailer.files() {
        if matches!(file.state, FileState::Missing) {
            continue;
        }
        files += 1;
        waiting += file.size.saturating_sub(file.offset);
        let error = match &file.state {
            FileState::Unreadable { error } => Some(error.clone()),
            _ => None,
        };
        // A last line without its newline is no line yet.
        if error.is_some() || file.size > file.offset + file.waiting {
            behind.push(Behind { file: file.file.id, path: file.path, since: 0, error });
        }
    }
    gauges.swept(files, waiting, at_end);
    behind
}

/// Decodes what has arrived, as one batch: under load few large ones, when it is quiet each line
/// at once.
fn decode(
    mut decoder: Decoder,
    chunks: &Receiver<LineChunk>,
    store: &Store,
    gauges: &Gauges,
    stored: &Stored,
) -> Result<(), ServeError> {
    while let Ok(first) = chunks.recv() {
        let mut bytes = first.to - first.from;
        let mut gathered = vec![first];
        while bytes < limits::BATCH_BYTES as u64
            && let Ok(chunk) = chunks.try_recv()
        {
            bytes += chunk.to - chunk.from;
            gathered.push(chunk);
        }
        let decoded = decoder.decode(&gathered);
        gauges.decoded(&decoded);
        let came = came(&decoded);
        if store.push(decoded)?.is_err() {
            return Ok(()); // closed: what is left is read again at the next start
        }
        stored.readiness.stored(stored.decoder, gathered.len() as u64, came);
    }
    Ok(())
}
