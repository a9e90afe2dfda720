//! Compressed logs: recognised by what comes out of them, and read from there on.
//!
//! Nothing but the bytes says that `bot.log.1.gz` is `bot.log` as we read it an hour ago, so an
//! archive is unpacked up to where we were and held against the marks. That takes time: one archive
//! is unpacked at once, a few megabytes a sweep, between the other files.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;
use std::time::Instant;

use fillwatch_model::limits::PREFIX_BYTES_MAX;
use fillwatch_model::{Body, FileId, Mark};

use crate::event::{Closed, Event, Sink};
use crate::foreign::tells_without_a_name;
use crate::generation::{Disk, Generation, Life, Role, Trouble};
use crate::identity::{self, Inode, Trail, begins_as};
use crate::lines::{Cut, Limits, Piece, Skim, cut};
use crate::name::{self, Packing};
use crate::recognise::open;
use crate::shorter::vouches;
use crate::tailer::Tailer;

/// How much is unpacked before other files have their turn.
const TURN_BYTES: u64 = 8 << 20;

/// Opens a log as the bytes of its lines: unpacked, if it is a `.gz` or `.zst`.
///
/// # Errors
/// What the system says; errors in the archive come when reading.
pub fn open_plain(path: &Path) -> io::Result<impl Read + use<>> {
    unpacked(open(path)?, name::packing(path))
}

fn unpacked(file: File, packing: Option<Packing>) -> io::Result<Box<dyn Read + Send>> {
    let file = BufReader::with_capacity(64 << 10, file);
    Ok(match packing {
        None => Box::new(file),
        Some(Packing::Gzip) => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Some(Packing::Zstd) => Box::new(zstd::Decoder::with_buffer(file)?),
    })
}

/// What an archive says it holds, without unpacking it.
fn unpacked_len(file: &mut File, packing: Packing) -> io::Result<Option<u64>> {
    let mut bytes = Vec::new();
    match packing {
        Packing::Gzip => {
            file.seek(io::SeekFrom::End(-4))?;
            file.read_to_end(&mut bytes)?;
            file.rewind()?;
            let len: Option<[u8; 4]> = bytes.try_into().ok();
            Ok(len.map(|len| u64::from(u32::from_le_bytes(len))))
        }
        Packing::Zstd => {
            file.by_ref().take(18).read_to_end(&mut bytes)?;
            file.rewind()?;
            Ok(zstd::zstd_safe::get_frame_content_size(&bytes).ok().flatten())
        }
    }
}

/// An archive being unpacked.
pub(crate) struct Unpack {
    inode: Inode,
    stream: Stream,
    phase: Phase,
}

impl Unpack {
    /// The place it is at, once that is its end, and what recognises it there.
    fn end(&self) -> Option<(u64, Mark)> {
        self.stream.len().map(|len| (len, self.stream.trail.mark(self.inode)))
    }
}

enum Phase {
    /// Looking for those of these places, by offset, at which the stream says what was read.
    Recognise { left: Vec<Candidate>, found: Vec<Candidate> },
    /// Comparing what comes after the place with the file that holds that generation: only if
    /// that has it all is this a copy.
    Compare(Candidate, Inode),
    /// On the way to where reading goes on.
    Skip(FileId, u64),
    /// Handing over.
    Emit(FileId),
}

#[derive(Clone, Debug)]
struct Candidate {
    id: FileId,
    offset: u64,
    mark: Mark,
    /// How far its generation was read. More than `offset` at an earlier place, at which only a
    /// shorter copy is recognised.
    read: u64,
    /// Only the contents say so.
    foreign: bool,
}

impl Candidate {
    fn all_of(generation: &Generation, disk: &Disk, log: Option<Inode>) -> Vec<Candidate> {
        let (id, read) = (generation.file.id, generation.offset);
        let foreign = !generation.is_kin_of(disk, log);
        let mut all = vec![Candidate { id, offset: read, mark: generation.mark, read, foreign }];
        if foreign || generation.may_be_copied_to(disk, log) {
            let earlier = generation.earlier.iter();
            let at = |&(offset, mark)| Candidate { id, offset, mark, read, foreign };
            all.extend(earlier.map(at));
        }
        all
    }

    fn is_earlier(&self) -> bool {
        self.offset < self.read
    }
}

impl Tailer {
    /// Goes on with the archive at hand, or begins with the next.
    pub(crate) fn unpack(&mut self, started: Instant, sink: &mut dyn Sink) -> Result<u64, Closed> {
        let mut total = 0;
        loop {
            if self.unpack.is_none() {
                // What lies there plain is read first: it may be what was packed.
                if !self.queue.is_empty() {
                    return Ok(total);
                }
                let Some(inode) = self.archives.pop_first() else { return Ok(total) };
                match self.begin(inode, sink) {
                    Ok(unpack) => self.unpack = unpack.map(Box::new),
                    Err(error) => self.broken(inode, &error, sink),
                }
            }
            let Some(mut unpack) = self.unpack.take() else { continue };
            match self.go_on(&mut unpack, &mut total, sink)? {
                Ok(true) => self.unpacked(unpack.inode, sink),
                Ok(false) => self.unpack = Some(unpack),
                Err(error) => self.broken(unpack.inode, &error, sink),
            }
            if self.out_of_time(started) || !self.queue.is_empty() {
                return Ok(total);
            }
        }
    }

    fn begin(&mut self, inode: Inode, sink: &mut dyn Sink) -> io::Result<Option<Unpack>> {
        if self.undecided().is_some_and(|other| self.wait_for(other, inode)) {
            return Ok(None);
        }
        let log = self.disks.get(&inode).and_then(|disk| self.log_of(disk));
        let Some(disk) = self.disks.get_mut(&inode) else { return Ok(None) };
        let Some(packing) = disk.name.packing else { return Ok(None) };
        // A change from here on means another look.
        disk.dirty = false;
        if disk.stat.size == 0 {
            return Ok(None);
        }
        let mut file = open(&disk.path)?;
        if Inode::of(&file.metadata()?) != inode {
            self.walk_wanted = true;
            return Ok(None);
        }
        let len = unpacked_len(&mut file, packing)?;
        let mut stream = Stream::new(unpacked(file, Some(packing))?);
        stream.fill(PREFIX_BYTES_MAX)?;
        let beginning = &stream.bytes[..PREFIX_BYTES_MAX.min(stream.bytes.len())];
        let mut left: Vec<Candidate> = self
            .index
            .at_home(inode)
            .chain(self.index.called(&disk.name))
            .chain(self.index.adrift(beginning))
            .chain(self.index.begun_as(beginning))
            .filter_map(|id| self.generations.get(&id))
            .filter(|generation| generation.offset > 0)
            .flat_map(|generation| Candidate::all_of(generation, disk, log))
            .collect();
        left.sort_by_key(|candidate| (candidate.offset, candidate.id));
        left.dedup_by_key(|candidate| (candidate.offset, candidate.id));
        // One that was read to its end before need not be unpacked again at every start.
        let whole = disk.trouble.is_none();
        let done = left.iter().rfind(|one| {
            whole
                && !one.is_earlier()
                && Inode::in_mark(&one.mark) == inode
                && len == Some(one.offset & u64::from(u32::MAX))
                && begins_as(beginning, &one.mark)
        });
        if let Some(done) = done {
            let id = done.id;
            self.adopt_archive(id, inode, sink);
            self.unpacked(inode, sink);
            return Ok(None);
        }
        Ok(Some(Unpack { inode, stream, phase: Phase::Recognise { left, found: Vec::new() } }))
    }

    /// One turn. Says whether the archive is done with.
    fn go_on(
        &mut self,
        unpack: &mut Unpack,
        total: &mut u64,
        sink: &mut dyn Sink,
    ) -> Result<io::Result<bool>, Closed> {
        let until = unpack.stream.at + TURN_BYTES;
        while unpack.stream.at < until {
            let done = match &mut unpack.phase {
                Phase::Recognise { left, found } => {
                    match unpack.stream.recognise(left, found, until) {
                        Ok(true) => {
                            let best = unpack.stream.best(std::mem::take(found));
                            self.decide(unpack, best, sink)
                        }
                        Ok(false) => Ok(false),
                        Err(error) => Err(error),
                    }
                }
                Phase::Compare(candidate, other) => {
                    let (candidate, other) = (candidate.clone(), *other);
                    match self.compare(&mut unpack.stream, &candidate, other, until) {
                        Ok(Some(true)) => {
                            self.call_copy(candidate.id, unpack.inode, unpack.end(), sink);
                            Ok(true)
                        }
                        Ok(Some(false)) if self.wait_for(other, unpack.inode) => Ok(true),
                        Ok(Some(false)) => self.decide(unpack, None, sink),
                        Ok(None) => Ok(false),
                        Err(error) => Err(error),
                    }
                }
                Phase::Skip(id, offset) => {
                    let id = *id;
                    match unpack.stream.skip((*offset).min(until)) {
                        Ok(_) if unpack.stream.at == *offset => {
                            unpack.phase = Phase::Emit(id);
                            Ok(false)
                        }
                        Ok(ended) => Ok(ended),
                        Err(error) => Err(error),
                    }
                }
                Phase::Emit(id) => match unpack.stream.next(self.limits) {
                    Ok(Some(piece)) => {
                        *total += piece.to - unpack.stream.handed_over;
                        unpack.stream.handed_over = piece.to;
                        let mark = unpack.stream.trail.mark(unpack.inode);
                        self.hand_over(*id, piece, mark, sink)?;
                        Ok(false)
                    }
                    Ok(None) => Ok(true),
                    Err(error) => Err(error),
                },
            };
            match done {
                Ok(false) => {}
                done => return Ok(done),
            }
        }
        Ok(Ok(false))
    }

    /// What the archive holds is known. Says whether that is all there is to it.
    fn decide(
        &mut self,
        unpack: &mut Unpack,
        best: Option<Candidate>,
        sink: &mut dyn Sink,
    ) -> io::Result<bool> {
        let (id, offset) = match best {
            Some(best) => {
                let life = self.generations.get(&best.id).map(|generation| generation.life);
                if let Some(Life::In(other)) = life
                    && other != unpack.inode
                {
                    self.rewind(unpack, best.offset)?;
                    unpack.phase = Phase::Compare(best, other);
                    return Ok(false);
                }
                if best.foreign && self.is_common(best.id, best.offset, &best.mark)? {
                    return self.decide(unpack, None, sink);
                }
                if best.is_earlier() {
                    self.call_copy(best.id, unpack.inode, unpack.end(), sink);
                    return Ok(true);
                }
                self.adopt_archive(best.id, unpack.inode, sink);
                (best.id, best.offset)
            }
            None => match self.begin_generation(unpack.inode, sink) {
                Some(id) => (id, 0),
                None => return Ok(true),
            },
        };
        self.rewind(unpack, offset)?;
        unpack.phase = Phase::Skip(id, offset);
        unpack.stream.handed_over = offset;
        if unpack.stream.at == offset {
            unpack.phase = Phase::Emit(id);
        }
        Ok(false)
    }

    /// Begins the archive again if it is past `offset`.
    fn rewind(&self, unpack: &mut Unpack, offset: u64) -> io::Result<()> {
        if unpack.stream.at <= offset {
            return Ok(());
        }
        let Some(disk) = self.disks.get(&unpack.inode) else {
            return Err(io::Error::other("deleted while it was read"));
        };
        let file = open(&disk.path)?;
        if Inode::of(&file.metadata()?) != unpack.inode {
            return Err(io::Error::other("replaced while it was read"));
        }
        unpack.stream = Stream::new(unpacked(file, disk.name.packing)?);
        Ok(())
    }

    /// Whether the file in `other` has all that the archive has from the candidate's place on;
    /// `None` if that is not clear yet.
    fn compare(
        &self,
        stream: &mut Stream,
        candidate: &Candidate,
        other: Inode,
        until: u64,
    ) -> io::Result<Option<bool>> {
        if stream.skip(candidate.offset.min(until))? {
            return Ok(Some(false));
        }
        let Some(disk) = self.disks.get(&other) else { return Ok(Some(false)) };
        let opened;
        let file = match &disk.held {
            Some(file) => file,
            None => {
                opened = open(&disk.path)?;
                &opened
            }
        };
        while stream.at < until {
            stream.fill(64 << 10)?;
            if stream.bytes.is_empty() {
                return Ok(Some(true));
            }
            if identity::read_at(file, stream.at, stream.bytes.len())? != stream.bytes {
                return Ok(Some(false));
            }
            stream.consume(stream.bytes.len());
        }
        Ok(None)
    }

    /// The archive holds nothing we know. One that broke off before its first line may go on.
    fn begin_generation(&mut self, inode: Inode, sink: &mut dyn Sink) -> Option<FileId> {
        let before = self
            .index
            .at_home(inode)
            .filter_map(|id| self.generations.get(&id))
            .find(|generation| generation.life == Life::In(inode))
            .map(|generation| (generation.file.id, generation.offset));
        match before {
            Some((id, 0)) => {
                self.adopt_archive(id, inode, sink);
                return Some(id);
            }
            Some((id, _)) => {
                self.disks.get_mut(&inode)?.role = Role::Reads(id);
                self.truncated(inode, sink);
            }
            None => {}
        }
        self.create(inode, sink);
        self.disks.get(&inode).and_then(Disk::reads)
    }

    fn adopt_archive(&mut self, id: FileId, inode: Inode, sink: &mut dyn Sink) {
        let Some(generation) = self.generations.get(&id) else { return };
        if generation.life != Life::In(inode) {
            self.adopt(id, inode, sink);
        } else if let Some(disk) = self.disks.get_mut(&inode) {
            disk.role = Role::Reads(id);
        }
    }

    /// Done with an archive, until it changes.
    fn unpacked(&mut self, inode: Inode, sink: &mut dyn Sink) {
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        if !disk.dirty && disk.trouble.take().is_some_and(|trouble| trouble.failures > 0) {
            sink.event(Event::Readable { path: disk.path.clone() });
        }
    }

    /// An archive cannot be read to its end. It may still be being written.
    fn broken(&mut self, inode: Inode, error: &io::Error, sink: &mut dyn Sink) {
        let is_format = matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        ) || error.raw_os_error().is_none();
        if !is_format {
            return self.trouble(inode, error, sink);
        }
        let grace = self.options.grace_sweeps;
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        if let Role::Reads(id) = disk.role {
            disk.role = Role::Unknown(Some(id));
        }
        if disk.quiet >= grace || self.finishing {
            disk.dirty = false;
            sink.event(Event::Corrupt { path: disk.path.clone(), error: error.to_string() });
        } else {
            let until = self.sweeps + u64::from(grace - disk.quiet);
            disk.dirty = true;
            disk.trouble = Some(Trouble { error: error.to_string(), failures: 0, until });
        }
    }
}

/// The bytes of an archive, in their order.
struct Stream {
    source: Box<dyn Read + Send>,
    ended: bool,
    /// What is wrong with what comes after `bytes`.
    damage: Option<io::Error>,
    /// Bytes from `at` on that were unpacked and not used yet.
    bytes: Vec<u8>,
    at: u64,
    handed_over: u64,
    /// What is before `at`.
    trail: Trail,
    skim: Option<Skim>,
}

impl Stream {
    fn new(source: Box<dyn Read + Send>) -> Stream {
        Stream {
            source,
            ended: false,
            damage: None,
            bytes: Vec::new(),
            at: 0,
            handed_over: 0,
            trail: Trail::default(),
            skim: None,
        }
    }

    /// Unpacks until there are `len` bytes, or no more.
    fn fill(&mut self, len: usize) -> io::Result<()> {
        let missing = len.saturating_sub(self.bytes.len());
        if missing > 0 && !self.ended && self.damage.is_none() {
            let read = self.source.by_ref().take(missing as u64).read_to_end(&mut self.bytes);
            match read {
                Ok(read) => self.ended = read < missing,
                Err(error) => self.damage = Some(error),
            }
        }
        // What came before the damage is good, and is used first. A decoder asked again may say
        // that the stream has ended, so it is not.
        match self.damage.take_if(|_| self.bytes.is_empty()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// How long it is; none before its end.
    fn len(&self) -> Option<u64> {
        (self.ended && self.bytes.is_empty()).then_some(self.at)
    }

    /// Goes past `len` bytes.
    fn consume(&mut self, len: usize) {
        self.trail.push(&self.bytes[..len]);
        self.bytes.drain(..len);
        self.at += len as u64;
    }

    /// Goes to `offset`. Says whether the stream ended before.
    fn skip(&mut self, offset: u64) -> io::Result<bool> {
        while self.at < offset {
            let step = (offset - self.at).min(64 << 10) as usize;
            self.fill(step)?;
            let len = step.min(self.bytes.len());
            if len == 0 {
                return Ok(true);
            }
            self.consume(len);
        }
        Ok(false)
    }

    /// Goes from candidate to candidate. Says whether there are none left.
    fn recognise(
        &mut self,
        left: &mut Vec<Candidate>,
        found: &mut Vec<Candidate>,
        until: u64,
    ) -> io::Result<bool> {
        // Most are another file's, and that shows at the beginning.
        left.retain(|candidate| self.trail.begins_as(&candidate.mark) != Some(false));
        let Some(next) = left.first().cloned() else { return Ok(true) };
        let prefix = PREFIX_BYTES_MAX as u64;
        let to = if self.at < prefix { next.offset.min(prefix) } else { next.offset };
        if self.skip(to.min(until))? {
            left.clear();
            return Ok(true);
        }
        if self.at == next.offset {
            if self.trail.begins_as(&next.mark) == Some(true) && self.trail.ends_as(&next.mark) {
                found.push(next);
            }
            left.remove(0);
        }
        Ok(left.is_empty())
    }

    /// Of the places that were found, the last that says whose archive this is.
    fn best(&self, found: Vec<Candidate>) -> Option<Candidate> {
        let len = self.len();
        found.into_iter().rfind(|one| {
            if one.foreign {
                // Where it was not unpacked to its end, that is not at hand.
                let len = len.unwrap_or(u64::MAX);
                return tells_without_a_name(&one.mark, one.offset, len, one.read);
            }
            !one.is_earlier()
                || len.is_some_and(|len| vouches(&one.mark, one.offset, len, one.read))
        })
    }

    /// The next piece; none at the end.
    fn next(&mut self, limits: Limits) -> io::Result<Option<Piece>> {
        let mut want = limits.chunk_bytes;
        loop {
            if self.skim.is_some() {
                return self.skim_on().map(Some);
            }
            let searched = self.bytes.len();
            self.fill(want)?;
            match cut(&self.bytes) {
                Cut::Nuls => return self.hole().map(Some),
                Cut::Lines(len) if want == limits.chunk_bytes => return Ok(Some(self.lines(len))),
                Cut::Lines(_) => {
                    let from = searched.min(self.bytes.len());
                    let newline = memchr::memchr(b'\n', &self.bytes[from..]);
                    let len = newline.map_or(self.bytes.len(), |newline| from + newline + 1);
                    return Ok(Some(self.lines(len)));
                }
                Cut::Unfinished => {}
            }
            if let Some(error) = self.damage.take() {
                return Err(error);
            } else if self.bytes.len() > limits.line_bytes_max {
                self.skim = Some(Skim::begin(self.at, &[]));
            } else if self.ended {
                let len = self.bytes.len();
                return Ok((len > 0).then(|| self.lines(len)));
            } else {
                want = want.saturating_mul(2).min(limits.line_bytes_max + 1);
            }
        }
    }

    fn lines(&mut self, len: usize) -> Piece {
        let rest = self.bytes.split_off(len);
        let lines = std::mem::replace(&mut self.bytes, rest);
        self.trail.push(&lines);
        self.at += len as u64;
        Piece { to: self.at, body: Body::Lines(lines) }
    }

    fn hole(&mut self) -> io::Result<Piece> {
        loop {
            let nuls = self.bytes.iter().position(|byte| *byte != 0);
            self.consume(nuls.unwrap_or(self.bytes.len()));
            self.fill(64 << 10)?;
            if nuls.is_some() || self.bytes.is_empty() {
                return Ok(Piece { to: self.at, body: Body::Hole });
            }
        }
    }

    fn skim_on(&mut self) -> io::Result<Piece> {
        let Some(mut skim) = self.skim.take() else {
            return Ok(Piece { to: self.at, body: Body::Hole });
        };
        loop {
            self.fill(64 << 10)?;
            let fed = skim.feed(&self.bytes);
            let ended = fed.is_some() || self.bytes.is_empty();
            self.consume(fed.unwrap_or(self.bytes.len()));
            if ended {
                return Ok(skim.finish());
            }
        }
    }
}
