//! Recognising: which generation the contents of a file belong to.
//!
//! In this order: a generation that was last in this very inode and whose bytes are still there;
//! a generation that is in no file any more and whose bytes are here (it was copied, moved to
//! another file system, or replaced by a longer copy); a generation in another file of which this
//! is named as a rotated copy, and is one, or the beginning of one; a copy of any name, if it is
//! long enough. All else is new. Names and inodes only say which
//! generations to try: the bytes decide.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use fillwatch_model::limits::PREFIX_BYTES_MAX;
use fillwatch_model::{FileId, LogFile, Mark};
use xxhash_rust::xxh3::Xxh3;

use crate::event::{Event, Sink};
use crate::generation::{Disk, Generation, Life, Named, Role};
use crate::identity::{self, Inode};
use crate::tailer::Tailer;

/// How often one sweep goes over the strangers.
const ROUNDS_MAX: usize = 4;

/// How much speaks for a generation: how many of its bytes are here; whether it had the same
/// inode number, if on another device; whether it lay under this path.
type Rank = (u64, bool, bool);

/// A generation that a file seems to be a copy of.
struct Original {
    /// Its file has all that the copy has.
    covered: bool,
    /// How far it was read.
    offset: u64,
    id: FileId,
    /// Its file.
    inode: Inode,
}

/// What was decided about a file.
pub(crate) enum Verdict {
    /// There is nothing in it yet.
    Empty,
    /// It holds this generation, which is in no other file.
    Holds(FileId),
    /// It holds what this generation's file holds, or the beginning of that.
    Copies(FileId),
    /// It holds this generation; the file that was taken to hold it does so no more.
    Supersedes(FileId, Inode),
    /// It holds this generation; the file it replaced, which held it, is gone.
    Succeeds(FileId, Inode),
    /// That will show when this file, or the one it replaced, has come to rest.
    Wait,
    New,
}

impl Tailer {
    /// Decides about all strangers that can be read.
    pub(crate) fn recognise(&mut self, sink: &mut dyn Sink) {
        // Each round can show that another file lost its contents; the rest has time until the next
        // sweep.
        for _ in 0..ROUNDS_MAX {
            if !self.strangers.is_empty() {
                self.recognise_some(sink);
            }
        }
    }

    fn recognise_some(&mut self, sink: &mut dyn Sink) {
        self.check_families(sink);
        let mut rest = Vec::new();
        // What stayed where it was is found first, so that the rest is compared with what is lost.
        for inode in std::mem::take(&mut self.strangers) {
            match self.recognise_inode(inode, sink) {
                Ok(Some(renamed)) => rest.push((!renamed, inode)),
                Ok(None) => {}
                Err(error) => self.trouble(inode, &error, sink),
            }
        }
        // What was only renamed first, then what is gone and was replaced; long names last:
        // `bot.log` before its copy `bot.log.1`.
        rest.sort_by_cached_key(|(new, inode)| {
            let path = self.disks.get(inode).map(|disk| disk.path.clone()).unwrap_or_default();
            let named = self.disks.get(inode).is_some_and(|disk| disk.named == Named::Yes);
            (*new, named, path.as_os_str().len(), path)
        });
        for (_, inode) in rest {
            match self.recognise_contents(inode, sink) {
                Ok(Some(verdict)) => self.carry_out(inode, verdict, sink),
                // Not there any more; whoever finds it again will ask again.
                Ok(None) => {}
                Err(error) => self.trouble(inode, &error, sink),
            }
        }
    }

    /// Finds out which of the changed files that these may be copies of were truncated since: the
    /// copies are then all there is of them, and they are strangers themselves.
    fn check_families(&mut self, sink: &mut dyn Sink) {
        let family = |inode: &Inode| self.disks.get(inode).map(|disk| disk.name.family.clone());
        let families: HashSet<String> = self.strangers.iter().filter_map(family).collect();
        let related = |inode: &&Inode| {
            self.disks.get(inode).is_some_and(|disk| families.contains(&disk.name.family))
        };
        let changed: Vec<Inode> = self.queue.iter().filter(related).copied().collect();
        for inode in changed {
            match self.is_intact(inode, sink) {
                Ok(true) => {}
                Ok(false) => self.truncated(inode, sink),
                Err(error) => self.trouble(inode, &error, sink),
            }
        }
    }

    /// Whether a file still holds what was read of it.
    fn is_intact(&mut self, inode: Inode, sink: &mut dyn Sink) -> io::Result<bool> {
        if !self.hold(inode, sink)? {
            return Ok(true);
        }
        let Some(disk) = self.disks.get(&inode) else { return Ok(true) };
        let generation = disk.reads().and_then(|id| self.generations.get(&id));
        let (Some(file), Some(generation)) = (&disk.held, generation) else { return Ok(true) };
        Ok(file.metadata()?.len() >= generation.offset
            && identity::tail_matches(file, generation.offset, &generation.mark)?)
    }

    /// Settles a stranger if it is an archive, or if the generation that was in its inode, under
    /// its name, still is. If not, says whether it may be one that was renamed.
    fn recognise_inode(&mut self, inode: Inode, sink: &mut dyn Sink) -> io::Result<Option<bool>> {
        let Some(disk) = self.disks.get(&inode) else { return Ok(None) };
        if disk.name.packing.is_some() {
            self.archives.insert(inode);
            return Ok(None);
        }
        if !self.hold(inode, sink)? {
            return Ok(None);
        }
        let Some(disk) = self.disks.get(&inode) else { return Ok(None) };
        let Some(file) = &disk.held else { return Ok(None) };
        let size = file.metadata()?.len();
        let mut best: Option<&Generation> = None;
        for id in self.index.at_home(inode) {
            let Some(generation) = self.generations.get(&id) else { continue };
            let better = best.is_none_or(|best| best.offset < generation.offset);
            if better
                && !matches!(generation.life, Life::In(_))
                && generation.may_be_named(disk)
                && size >= generation.offset
                && identity::is(file, generation.offset, &generation.mark)?
            {
                best = Some(generation);
            }
        }
        let Some((id, offset, stayed)) =
            best.map(|best| (best.file.id, best.offset, best.path == disk.path))
        else {
            self.say_replaced(inode, size, sink);
            return Ok(Some(false));
        };
        // Unless it is a copy of what now has the log's name, and was given a used inode.
        let copied = match self.log_of(disk) {
            Some(log) if log != inode && !(stayed && size == offset) => {
                self.is_covered(file, size, log)?
            }
            _ => false,
        };
        // Nor is it, if it was seen to be a copy: whose, its inode does not say.
        if stayed && !copied && disk.role == Role::Unknown(None) {
            self.adopt(id, inode, sink);
            return Ok(None);
        }
        Ok(Some(!copied))
    }

    /// A generation known from before the start lay in this inode, under this name, and is not
    /// what is there now.
    fn say_replaced(&self, inode: Inode, size: u64, sink: &mut dyn Sink) {
        let Some(disk) = self.disks.get(&inode) else { return };
        for id in self.index.at_home(inode) {
            if let Some(generation) = self.generations.get(&id)
                && generation.size.is_none()
                && generation.path == disk.path
                && matches!(generation.life, Life::Lost(0 | 1))
            {
                let (file, path) = (Arc::clone(&generation.file), disk.path.clone());
                sink.event(Event::Truncated { file, path, offset: generation.offset, size });
            }
        }
    }

    fn recognise_contents(
        &mut self,
        inode: Inode,
        sink: &mut dyn Sink,
    ) -> io::Result<Option<Verdict>> {
        if !self.hold(inode, sink)? {
            return Ok(None);
        }
        let Some(disk) = self.disks.get(&inode) else { return Ok(None) };
        let Some(file) = &disk.held else { return Ok(None) };
        let size = file.metadata()?.len();
        if size == 0 {
            return Ok(Some(Verdict::Empty));
        }
        // A copy that ends before the place we are at cannot be recognised there, but it is still
        // what it was.
        let was_copy = self.was_copy(disk, file, size)?;
        if let Some((id, true)) = was_copy {
            return Ok(Some(Verdict::Copies(id)));
        }
        let lost = self.find_lost(disk, file, size)?;
        if let Some((id, offset, other)) = self.find_replaced(disk, file, size)?
            && lost.is_none_or(|(_, lost_offset)| lost_offset <= offset)
        {
            return Ok(Some(self.succeed(id, other)));
        }
        let copied = self.find_copied(disk, file, size)?;
        if was_copy.is_none()
            && let Some((longer, at)) = self.find_longer(disk, file, size)?
            && lost.is_none_or(|(_, offset)| offset < at)
            && copied.as_ref().is_none_or(|one| !one.covered && one.offset < at)
        {
            return Ok(Some(Verdict::Copies(longer)));
        }
        let Some(Original { covered, offset, id, inode: other }) = copied else {
            if was_copy.is_some() {
                return Ok(Some(lost.map_or(Verdict::New, |(id, _)| Verdict::Holds(id))));
            }
            return self.recognise_foreign(disk, file, size, lost).map(Some);
        };
        // What both have, and neither was read to, is read from the original alone.
        let unread = covered && lost.is_some_and(|(_, lost_offset)| lost_offset < size);
        if let Some((lost, lost_offset)) = lost
            && !unread
            && (lost_offset > offset || !covered && lost_offset >= offset.min(size))
        {
            return Ok(Some(Verdict::Holds(lost)));
        }
        // More than is in the file it was copied from: so that has lost its contents since, even
        // if what it holds now begins alike.
        if size <= offset || covered {
            return Ok(Some(Verdict::Copies(id)));
        }
        Ok(Some(match self.disks.get(&other) {
            Some(before) if before.named != Named::Yes => self.succeed(id, other),
            Some(before) if before.born >= disk.born => Verdict::New,
            _ => Verdict::Supersedes(id, other),
        }))
    }

    /// Of the generations that are in no file, the one with the most of its bytes here. An inode
    /// that was its own does not make up for fewer bytes: it may have been given to another file.
    fn find_lost(&self, disk: &Disk, file: &File, size: u64) -> io::Result<Option<(FileId, u64)>> {
        let beginning = identity::read_at(file, 0, PREFIX_BYTES_MAX)?;
        let mut best: Option<(FileId, Rank)> = None;
        let log = self.log_of(disk);
        for id in self.index.adrift(&beginning) {
            let Some(generation) = self.generations.get(&id) else { continue };
            let home = Inode::in_mark(&generation.mark) == disk.stat.inode;
            if !generation.is_kin_of(disk, log) {
                continue;
            }
            let rank = (
                generation.offset,
                generation.mark.ino == disk.stat.inode.ino,
                generation.path == disk.path,
            );
            let better = best.is_none_or(|(_, best)| best < rank);
            if matches!(generation.life, Life::In(_)) || size < generation.offset || !better {
                continue;
            }
            // Nothing of it was read, so nothing can be recognised but the name.
            let blank = generation.offset == 0;
            if blank
                && !home
                && !(disk.name.is_rotation_of(&generation.name) && is_near(disk, generation))
                || blank && generation.life == Life::Ended
                || !identity::tail_matches(file, generation.offset, &generation.mark)?
            {
                continue;
            }
            best = Some((id, rank));
        }
        Ok(best.map(|(id, (offset, ..))| (id, offset)))
    }

    /// A generation, in another file, of which this is named as, and is, a copy: rather one whose
    /// file has all that is here than one whose file may have been truncated since.
    fn find_copied(&self, disk: &Disk, file: &File, size: u64) -> io::Result<Option<Original>> {
        let mut best: Option<Original> = None;
        for id in self.index.called(&disk.name) {
            let Some(generation) = self.generations.get(&id) else { continue };
            let Life::In(other) = generation.life else { continue };
            if !disk.name.is_rotation_of(&generation.name) || !is_near(disk, generation) {
                continue;
            }
            let offset = generation.offset;
            let covered = self.is_covered(file, size, other)?;
            // A file that was there before the log had its first line cannot have been copied from
            // it later; but it may be the copy of what the log is now.
            let later = offset > 0 && generation.born < disk.born;
            let is_copy = if later && size >= offset {
                identity::is(file, offset, &generation.mark)?
            } else {
                covered
            };
            let rank = |one: &Original| (one.covered, one.offset);
            let found = Original { covered, offset, id, inode: other };
            if is_copy && best.as_ref().is_none_or(|best| rank(best) < rank(&found)) {
                best = Some(found);
            }
        }
        Ok(best)
    }

    /// Whether the first `size` bytes of the file in `other` are those of `file`.
    pub(crate) fn is_covered(&self, file: &File, size: u64, other: Inode) -> io::Result<bool> {
        match self.file_in(other)? {
            Some(original) => identity::is_beginning_of(file, size, &original),
            None => Ok(false),
        }
    }

    /// The file that now has the name of the log which this file, by its name, is a rotation of.
    pub(crate) fn log_of(&self, disk: &Disk) -> Option<Inode> {
        self.paths.get(&disk.path.with_file_name(&disk.name.log)).copied()
    }

    /// A file to be held against others; none if there is no way to it.
    pub(crate) fn file_in(&self, inode: Inode) -> io::Result<Option<File>> {
        let Some(disk) = self.disks.get(&inode) else { return Ok(None) };
        match &disk.held {
            Some(file) => file.try_clone().map(Some),
            None if disk.named == Named::Yes => {
                let opened = open(&disk.path)?;
                Ok((Inode::of(&opened.metadata()?) == inode).then_some(opened))
            }
            None => Ok(None),
        }
    }

    fn carry_out(&mut self, inode: Inode, verdict: Verdict, sink: &mut dyn Sink) {
        match verdict {
            Verdict::Empty => {
                if let Some(disk) = self.disks.get_mut(&inode) {
                    disk.dirty = false;
                }
            }
            Verdict::Wait => {}
            Verdict::Holds(id) => self.adopt(id, inode, sink),
            Verdict::Succeeds(id, other) => {
                self.finished(other, sink);
                self.adopt(id, inode, sink);
            }
            Verdict::Copies(id) => {
                let held = self.disks.get_mut(&inode).and_then(|disk| disk.held.take());
                let end = held.and_then(|file| {
                    let len = file.metadata().ok()?.len();
                    Some((len, identity::mark_at(&file, len).ok()?))
                });
                self.call_copy(id, inode, end, sink);
                if self.disks.get(&inode).is_some_and(|disk| disk.named == Named::Gone) {
                    self.disks.remove(&inode);
                }
            }
            Verdict::Supersedes(id, other) => {
                self.truncated(other, sink);
                self.adopt(id, inode, sink);
            }
            Verdict::New => self.create(inode, sink),
        }
    }

    /// From here on, this is where the generation is read.
    pub(crate) fn adopt(&mut self, id: FileId, inode: Inode, sink: &mut dyn Sink) {
        let (Some(disk), Some(generation)) =
            (self.disks.get_mut(&inode), self.generations.get_mut(&id))
        else {
            return;
        };
        self.index.lands(id, &generation.mark);
        disk.role = Role::Reads(id);
        disk.checked = true;
        let is_plain = disk.name.packing.is_none();
        generation.life = Life::In(inode);
        generation.mark.dev = inode.dev;
        generation.mark.ino = inode.ino;
        // How much is packed in an archive shows only at its end.
        let size = if is_plain { disk.stat.size } else { generation.offset };
        let resumed = generation.size.replace(size).is_none();
        if resumed {
            let path = generation.file.path.clone();
            generation.file = Arc::new(LogFile { id, path, source: disk.source });
        }
        let file = Arc::clone(&generation.file);
        let from = generation.path.clone();
        if from != disk.path {
            disk.retired = disk.path != from.with_file_name(&generation.name.log);
            generation.rename(&disk.path);
            self.index.has_name(id, &generation.name);
        }
        let path = disk.path.clone();
        let offset = generation.offset;
        self.index.has_home(id, inode);
        if resumed || from == path {
            sink.event(Event::Resumed { file, path, offset });
        } else {
            sink.event(Event::Rotated { file, from, to: path });
        }
        if is_plain {
            self.enlist(inode);
        }
    }

    /// There is nothing here that was not read, or will not be read from the generation's own file.
    /// `end` is where the copy ends, and what recognises it there.
    pub(crate) fn call_copy(
        &mut self,
        id: FileId,
        inode: Inode,
        end: Option<(u64, Mark)>,
        sink: &mut dyn Sink,
    ) {
        let (Some(disk), Some(generation)) =
            (self.disks.get_mut(&inode), self.generations.get_mut(&id))
        else {
            return;
        };
        let known = disk.role == Role::Unknown(Some(id));
        disk.role = Role::CopyOf(id);
        disk.dirty = false;
        disk.copied = end;
        if let (Some(end), Life::Lost(_) | Life::Ended) = (end, generation.life) {
            generation.keep_copy(end);
        }
        if !known {
            let (file, path) = (Arc::clone(&generation.file), disk.path.clone());
            sink.event(Event::Copied { file, path });
        }
    }

    /// These are contents never seen before.
    pub(crate) fn create(&mut self, inode: Inode, sink: &mut dyn Sink) {
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        let mark = identity::unread(inode);
        let begin = disk.held.as_ref().and_then(|file| identity::read_at(file, 0, 4096).ok());
        let mut hash = Xxh3::new();
        hash.update(disk.path.as_os_str().as_encoded_bytes());
        for number in [inode.dev, inode.ino, self.clock.now() as u64] {
            hash.update(&number.to_le_bytes());
        }
        hash.update(&begin.unwrap_or_default());
        let id = loop {
            self.made += 1;
            hash.update(&self.made.to_le_bytes());
            let id = FileId(hash.digest());
            if !self.generations.contains_key(&id) {
                break id;
            }
        };
        let file = Arc::new(LogFile { id, path: disk.path.clone(), source: disk.source });
        disk.role = Role::Reads(id);
        disk.checked = true;
        let is_plain = disk.name.packing.is_none();
        let (path, name) = (disk.path.clone(), disk.name.clone());
        let size = if is_plain { disk.stat.size } else { 0 };
        let generation = Generation {
            file: Arc::clone(&file),
            path,
            name,
            offset: 0,
            mark,
            earlier: Vec::new(),
            kept: 0,
            size: Some(size),
            born: self.sweeps.max(1),
            life: Life::In(inode),
        };
        self.insert(generation);
        sink.event(Event::FileAdded { file, size });
        if is_plain {
            self.enlist(inode);
        }
    }

    /// The contents of a file are not the generation's any more.
    pub(crate) fn truncated(&mut self, inode: Inode, sink: &mut dyn Sink) {
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        let Some(id) = disk.reads() else { return };
        disk.forget_contents();
        let (path, size) = (disk.path.clone(), disk.stat.size);
        if let Some(generation) = self.generations.get(&id) {
            let file = Arc::clone(&generation.file);
            sink.event(Event::Truncated { file, path, offset: generation.offset, size });
        }
        self.leave_home(id, inode);
        self.lose(id);
        self.enlist(inode);
        // The copy, if one was made, is there by now.
        self.walk_wanted = true;
    }

    /// The generation's bytes are not in this inode any more, and whatever the inode is used for
    /// next is not to be taken for it.
    pub(crate) fn leave_home(&mut self, id: FileId, inode: Inode) {
        self.index.leaves_home(id, inode);
        if let Some(generation) = self.generations.get_mut(&id) {
            generation.mark.ino = 0;
        }
    }

    /// The generation is in no file any more. Its copies become interesting.
    pub(crate) fn lose(&mut self, id: FileId) {
        let Some(generation) = self.generations.get_mut(&id) else { return };
        generation.life = Life::Lost(0);
        self.lost.push(id);
        self.index.drifts(id, &generation.mark);
        let mut copies = Vec::new();
        for (inode, disk) in &mut self.disks {
            if disk.role == Role::CopyOf(id) {
                disk.role = Role::Unknown(Some(id));
                disk.dirty = true;
                disk.copied.into_iter().for_each(|end| generation.keep_copy(end));
                copies.push(*inode);
            }
        }
        copies.into_iter().for_each(|inode| self.enlist(inode));
    }

    /// The generation is over. It is remembered for a while, for copies and archives to come.
    pub(crate) fn end(&mut self, id: FileId) {
        if let Some(generation) = self.generations.get_mut(&id) {
            generation.life = Life::Ended;
            self.ended.push_back(id);
            self.index.drifts(id, &generation.mark);
        }
        while self.ended.len() > self.options.remembered_max {
            let Some(oldest) = self.ended.pop_front() else { break };
            if self.generations.get(&oldest).is_some_and(|one| one.life == Life::Ended)
                && let Some(generation) = self.generations.remove(&oldest)
            {
                self.index.forget(&generation);
            }
        }
    }

    /// Adds a generation; gives back the one that had its id, if there was one.
    pub(crate) fn insert(&mut self, generation: Generation) -> Option<Generation> {
        let id = generation.file.id;
        self.index.has_home(id, Inode::in_mark(&generation.mark));
        self.index.has_name(id, &generation.name);
        self.index.has_begun(id, &generation.mark);
        self.generations.insert(id, generation)
    }
}

/// Whether a rotation would put its copies there: beside the log, or below it.
pub(crate) fn is_near(disk: &Disk, generation: &Generation) -> bool {
    let directory = generation.path.parent().unwrap_or(Path::new("/"));
    disk.path.starts_with(directory)
}

/// Opens a file for reading, and never waits for it: what was a file may be a pipe by now.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    File::options().read(true).custom_flags(flags.bits() as i32).open(path)
}
