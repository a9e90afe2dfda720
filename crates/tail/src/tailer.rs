//! The tailer: its state, and one sweep from outside.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fillwatch_model::{Clock, FileId, KnownFile, LogFile, SourceId};

use crate::archive::Unpack;
use crate::discover::Discovery;
use crate::generation::{Disk, Generation, Life, Role};
use crate::identity::Inode;
use crate::index::Index;
use crate::lines::Limits;
use crate::name::LogName;
use crate::notice::Notice;
use crate::{Closed, Event, Options, Sink, Source, Waker};

/// How often a last run goes over files that wait for others to be read to their ends.
const FINISHING_ROUNDS: usize = 8;

/// Follows log files. See the [crate documentation](crate) for an example.
pub struct Tailer {
    pub(crate) sources: Vec<Source>,
    pub(crate) options: Options,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,

    /// Every file in sight, and those out of sight that are held open.
    pub(crate) disks: BTreeMap<Inode, Disk>,
    /// The files by the name they were last looked at by.
    pub(crate) paths: HashMap<PathBuf, Inode>,
    pub(crate) generations: HashMap<FileId, Generation>,
    pub(crate) index: Index,

    /// Files whose contents are to be recognised.
    pub(crate) strangers: BTreeSet<Inode>,
    /// The same for compressed ones, which takes longer.
    pub(crate) archives: BTreeSet<Inode>,
    pub(crate) unpack: Option<Box<Unpack>>,
    /// Files with something to read, each once, in the order of their turns.
    pub(crate) queue: VecDeque<Inode>,
    /// Files held open, roughly by when they were opened. May name some that no longer are.
    pub(crate) open: VecDeque<Inode>,
    /// Files that are not where they were.
    pub(crate) displaced: Vec<Inode>,
    /// Generations that are in no file.
    pub(crate) lost: Vec<FileId>,
    /// Ended generations, oldest first.
    pub(crate) ended: VecDeque<FileId>,

    pub(crate) discovery: Discovery,
    pub(crate) notice: Notice,
    /// Directories that could not be read, and why.
    pub(crate) closed: HashMap<PathBuf, String>,
    pub(crate) notify_down: Option<String>,
    /// Whether the user knows that already.
    pub(crate) notify_down_told: bool,

    /// Counts the sweeps that looked at every file.
    pub(crate) sweeps: u64,
    pub(crate) looked: Option<Instant>,
    pub(crate) walked: Option<Instant>,
    /// Files are missing; the next look at everything is to find them.
    pub(crate) walk_wanted: bool,
    /// A directory is new; what is in it gave no hints.
    pub(crate) directory_arrived: bool,
    /// No file will grow any more: what is left at the ends of files are lines.
    pub(crate) finishing: bool,
    pub(crate) made: u64,
}

/// Why there is no tailer.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// Two generations have one id: the state handed over is broken.
    #[error("two known files have the id {0}")]
    DuplicateId(FileId),
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Bytes handed over.
    pub bytes: u64,
    /// All there was to read has been read. If not, sweep again without waiting.
    pub at_end: bool,
}

impl Tailer {
    /// A tailer of `sources` that goes on where the `known` generations say. Give these oldest
    /// first: of several that lay under one path only the last is missed if it is gone.
    ///
    /// # Errors
    /// If `known` contradicts itself.
    pub fn new(
        sources: Vec<Source>,
        known: Vec<KnownFile>,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Tailer, TailError> {
        let (notice, notify_down) =
            if options.notify { Notice::on() } else { (Notice::off(), None) };
        let mut tailer = Tailer {
            sources,
            limits: Limits::of(&options),
            options,
            clock,
            disks: BTreeMap::new(),
            paths: HashMap::new(),
            generations: HashMap::new(),
            index: Index::default(),
            strangers: BTreeSet::new(),
            archives: BTreeSet::new(),
            unpack: None,
            queue: VecDeque::new(),
            open: VecDeque::new(),
            displaced: Vec::new(),
            lost: Vec::new(),
            ended: VecDeque::new(),
            discovery: Discovery::default(),
            notice,
            closed: HashMap::new(),
            notify_down,
            notify_down_told: false,
            sweeps: 0,
            looked: None,
            walked: None,
            walk_wanted: true,
            directory_arrived: false,
            finishing: false,
            made: 0,
        };
        for known in known {
            tailer.remember(known)?;
        }
        Ok(tailer)
    }

    fn remember(&mut self, known: KnownFile) -> Result<(), TailError> {
        let name = LogName::of(&known.path);
        let source = self.sources.iter().find(|source| source.takes(&known.path));
        let source = source.map_or(SourceId(0), Source::id);
        let file = LogFile { id: known.id, path: known.path.clone(), source };
        let generation = Generation {
            file: Arc::new(file),
            path: known.path,
            name,
            offset: known.offset,
            mark: known.mark,
            earlier: known.earlier,
            kept: 0,
            size: None,
            born: 0,
            life: Life::Lost(0),
        };
        self.lost.push(known.id);
        self.index.drifts(known.id, &known.mark);
        match self.insert(generation) {
            None => Ok(()),
            Some(_) => Err(TailError::DuplicateId(known.id)),
        }
    }

    /// One pass: looks at every file if the sweep interval has passed, else only at those the
    /// kernel hinted at; then reads all there is to read, each file in its turn, for about one
    /// sweep interval.
    ///
    /// # Errors
    /// If the sink is closed. The tailer is then of no more use.
    pub fn sweep(&mut self, sink: &mut dyn Sink) -> Result<Swept, Closed> {
        self.tell_notify_down(sink);
        let hints = self.notice.take();
        if hints.overflow {
            sink.event(Event::NotifyOverflow);
        }
        let due = self.looked.is_none_or(|at| at.elapsed() >= self.options.sweep_interval);
        self.follow(hints.paths, sink);
        if due || hints.rescan {
            self.walk_wanted |= hints.rescan;
            self.look(sink);
        } else if self.directory_arrived {
            self.walk(sink);
        }
        self.recognise(sink);
        let started = Instant::now();
        let mut bytes = self.read(started, sink)?;
        bytes += self.unpack(started, sink)?;
        let at_end = self.queue.is_empty()
            && self.strangers.is_empty()
            && self.unpack.is_none()
            && self.archives.is_empty();
        Ok(Swept { bytes, at_end })
    }

    /// Takes all files as they are for their final state: reads them to their ends and hands over
    /// last lines that have no newline. For a one-shot run.
    ///
    /// # Errors
    /// If the sink is closed.
    pub fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Closed> {
        self.finishing = true;
        for _ in 0..FINISHING_ROUNDS {
            self.disks.values_mut().for_each(|disk| disk.dirty |= disk.waiting > 0);
            let unfinished: Vec<Inode> =
                self.disks.iter().filter(|(_, disk)| disk.dirty).map(|(inode, _)| *inode).collect();
            unfinished.into_iter().for_each(|inode| self.enlist(inode));
            while !self.sweep(sink)?.at_end {}
            let waits = |disk: &Disk| disk.dirty && disk.role == Role::Unknown(None);
            if !self.disks.values().any(waits) {
                break;
            }
            self.looked = None;
        }
        self.finishing = false;
        Ok(())
    }

    /// Waits, at most this long, for a hint that there is something to read, or for the [`Waker`].
    pub fn wait(&mut self, at_most: Duration) {
        self.notice.wait(at_most);
    }

    /// Wakes [`Tailer::wait`] from another thread.
    pub fn waker(&self) -> Waker {
        self.notice.waker()
    }

    pub(crate) fn out_of_time(&self, started: Instant) -> bool {
        let interval = self.options.sweep_interval;
        !interval.is_zero() && !self.finishing && started.elapsed() >= interval
    }

    fn tell_notify_down(&mut self, sink: &mut dyn Sink) {
        if let Some(why) = &self.notify_down
            && !self.notify_down_told
        {
            self.notify_down_told = true;
            sink.event(Event::NotifyDown { why: why.clone() });
        }
    }
}
