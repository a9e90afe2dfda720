//! Looking: what the system says about each file, and which files there are.

use std::collections::HashSet;
use std::fs::Metadata;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use fillwatch_model::FileId;

use crate::discover::{Found, Stat};
use crate::event::{Event, Loss, Sink};
use crate::generation::{Disk, Life, Named, Role, Trouble};
use crate::identity::Inode;
use crate::name::LogName;
use crate::tailer::Tailer;

/// A rotated file that nothing has taken the place of may still be the one written to; its last
/// line waits this many times longer.
const NO_SUCCESSOR_PATIENCE: u32 = 12;

/// A file that cannot be read is tried again after 2, 4, 8, … sweeps, up to this many.
const PATIENCE_MAX: u64 = 64;

/// A file that has not changed for this many sweeps…
const IDLE_SWEEPS: u32 = 40;

/// …is looked at only every so many sweeps while notification works: looking at ten thousand quiet
/// files four times a second is most of what an idle tailer would do.
const IDLE_EVERY: u64 = 4;

impl Tailer {
    /// Looks at the files the kernel hinted at, before and apart from all others.
    pub(crate) fn follow(&mut self, hinted: HashSet<PathBuf>, sink: &mut dyn Sink) {
        let (known, new): (Vec<_>, Vec<_>) =
            hinted.into_iter().partition(|path| self.paths.contains_key(path));
        for path in known {
            if let Some(inode) = self.paths.get(&path).copied() {
                self.look_at(inode, sink);
            }
        }
        for path in new {
            match std::fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => {
                    self.directory_arrived |=
                        self.sources.iter().any(|source| source.enters(&path));
                }
                Ok(meta) if meta.is_file() => self.arrived(path, &meta, sink),
                // Gone again, or unreadable: for the walk to find out.
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// A file at a path where none was known.
    fn arrived(&mut self, path: PathBuf, meta: &Metadata, sink: &mut dyn Sink) {
        let in_sight = |source: &&crate::Source| {
            source.walk().is_some_and(|(start, _)| path.starts_with(start)) && source.takes(&path)
        };
        let Some(source) = self.sources.iter().find(in_sight).map(crate::Source::id) else {
            return;
        };
        let stat = Stat::of(meta);
        self.look_at(stat.inode, sink);
        self.found(Found { path, source, stat }, sink);
    }

    /// Looks at every file, for new ones if it is time, and at what became of those that are lost.
    pub(crate) fn look(&mut self, sink: &mut dyn Sink) {
        self.sweeps += 1;
        self.looked = Some(Instant::now());
        let inodes: Vec<Inode> =
            self.disks.iter().filter(|(_, disk)| self.is_due(disk)).map(|(i, _)| *i).collect();
        for inode in inodes {
            self.look_at(inode, sink);
        }
        let interval = self.options.discovery_interval;
        if self.walk_wanted || self.walked.is_none_or(|at| at.elapsed() >= interval) {
            self.walk(sink);
        }
        self.give_up_displaced(sink);
        self.age_lost(sink);
    }

    /// Whether this sweep looks at a file: at every one, unless it has long been quiet and the
    /// kernel would say if it no longer were.
    fn is_due(&self, disk: &Disk) -> bool {
        let watched = self.notice.is_watching() && self.notify_down.is_none();
        let idle = disk.quiet >= IDLE_SWEEPS && disk.named == Named::Yes && disk.trouble.is_none();
        !(watched && idle)
            || disk.stat.inode.ino.wrapping_add(self.sweeps).is_multiple_of(IDLE_EVERY)
    }

    /// Looks at one file.
    pub(crate) fn look_at(&mut self, inode: Inode, sink: &mut dyn Sink) {
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        let meta = match (disk.named, &disk.held) {
            (Named::Yes, _) => std::fs::metadata(&disk.path),
            (_, Some(file)) => file.metadata(),
            (_, None) => return,
        };
        match meta {
            Ok(meta) if meta.is_file() && Inode::of(&meta) == inode => {
                self.saw(inode, Stat::of(&meta), sink);
            }
            Ok(meta) => {
                let found =
                    Found { path: disk.path.clone(), source: disk.source, stat: Stat::of(&meta) };
                self.displace(inode);
                if meta.is_file() {
                    self.found(found, sink);
                }
            }
            Err(error) if is_absence(&error) => self.displace(inode),
            Err(error) => self.trouble(inode, &error, sink),
        }
    }

    /// The file is where it was.
    fn saw(&mut self, inode: Inode, stat: Stat, sink: &mut dyn Sink) {
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        let looked_again = std::mem::take(&mut disk.recheck);
        if disk.note(stat) {
            disk.recheck = true;
            if let Some(trouble) = &mut disk.trouble {
                trouble.until = 0;
            }
            if let Role::CopyOf(id) = disk.role {
                disk.role = Role::Unknown(Some(id));
            }
        }
        // A change within the same tick of the file system's clock does not show in its times.
        disk.dirty |= looked_again && disk.reads().is_some() && disk.name.packing.is_none();
        if !disk.dirty && disk.trouble.take().is_some_and(|trouble| trouble.failures > 0) {
            sink.event(Event::Readable { path: disk.path.clone() });
        }
        let (waits, gone) = (disk.waiting > 0, disk.named == Named::Gone);
        let is_final = (waits || gone) && self.is_final(inode);
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        disk.dirty |= waits && is_final;
        if gone && is_final && !disk.dirty {
            self.finished(inode, sink);
        } else {
            self.enlist(inode);
        }
    }

    /// Whether nothing more will be written to a file.
    pub(crate) fn is_final(&self, inode: Inode) -> bool {
        let Some(disk) = self.disks.get(&inode) else { return false };
        let grace = self.options.grace_sweeps;
        if self.finishing || disk.named == Named::Gone && disk.quiet >= grace {
            return true;
        }
        if !disk.retired || disk.quiet < grace {
            return false;
        }
        let successor = self.paths.contains_key(&disk.path.with_file_name(&disk.name.log))
            || self.paths.contains_key(&disk.path.with_file_name(&disk.name.family));
        successor || disk.quiet >= grace.saturating_mul(NO_SUCCESSOR_PATIENCE)
    }

    /// Puts a changed file where it will be seen to.
    pub(crate) fn enlist(&mut self, inode: Inode) {
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        let blocked = disk.trouble.as_ref().is_some_and(|trouble| trouble.until > self.sweeps);
        if !disk.dirty || blocked && !self.finishing {
            return;
        }
        match disk.role {
            Role::Unknown(_) => {
                self.strangers.insert(inode);
            }
            Role::Reads(id) if disk.name.packing.is_some() => {
                disk.role = Role::Unknown(Some(id));
                self.strangers.insert(inode);
            }
            Role::Reads(_) if !disk.queued => {
                disk.queued = true;
                self.queue.push_back(inode);
            }
            Role::Reads(_) | Role::CopyOf(_) => {}
        }
    }

    fn displace(&mut self, inode: Inode) {
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        disk.named = Named::Displaced;
        if self.paths.get(&disk.path) == Some(&inode) {
            self.paths.remove(&disk.path);
        }
        self.displaced.push(inode);
        self.walk_wanted = true;
    }

    /// Looks for files.
    pub(crate) fn walk(&mut self, sink: &mut dyn Sink) {
        self.walk_wanted = false;
        self.directory_arrived = false;
        let walk = self.discovery.walk(&self.sources, self.clock.now());
        self.walked = Some(Instant::now());
        for directory in walk.directories {
            if let Err(why) = self.notice.watch(&directory) {
                self.notify_down.get_or_insert(why);
            }
        }
        for found in walk.found {
            self.found(found, sink);
        }
        let troubles: Vec<_> =
            walk.troubles.into_iter().map(|(path, error)| (path, error.to_string())).collect();
        for (path, error) in &troubles {
            if !self.closed.contains_key(path) {
                sink.event(Event::Unreadable { path: path.clone(), error: error.clone() });
            }
        }
        let closed = troubles.into_iter().collect();
        for (path, _) in std::mem::replace(&mut self.closed, closed) {
            if !self.closed.contains_key(&path) {
                sink.event(Event::Readable { path });
            }
        }
    }

    /// A name that leads to a file.
    fn found(&mut self, found: Found, sink: &mut dyn Sink) {
        let inode = found.stat.inode;
        let Some(disk) = self.disks.get_mut(&inode) else {
            self.paths.insert(found.path.clone(), inode);
            self.disks.insert(inode, Disk::new(found, self.sweeps.max(1)));
            self.enlist(inode);
            return;
        };
        // Another name of a file we have: a link, or the name we know.
        if disk.named == Named::Yes {
            return;
        }
        disk.named = Named::Yes;
        self.paths.insert(found.path.clone(), inode);
        if disk.is_another(&found) {
            let id = disk.reads();
            *disk = Disk::new(found, self.sweeps.max(1));
            if let Some(id) = id {
                self.leave_home(id, inode);
                self.lose(id);
            }
            self.enlist(inode);
            return;
        }
        if disk.path != found.path {
            let from = disk.path.clone();
            disk.rename(found.path.clone());
            if let Some(generation) = disk.reads().and_then(|id| self.generations.get_mut(&id)) {
                generation.rename(&found.path);
                self.index.has_name(generation.file.id, &generation.name);
                let file = std::sync::Arc::clone(&generation.file);
                sink.event(Event::Rotated { file, from, to: found.path });
            }
        }
        self.saw(inode, found.stat, sink);
    }

    /// What is nowhere to be found is gone. If it is held open it is read to its end first.
    fn give_up_displaced(&mut self, sink: &mut dyn Sink) {
        for inode in std::mem::take(&mut self.displaced) {
            let Some(disk) = self.disks.get_mut(&inode) else { continue };
            if disk.named != Named::Displaced {
                continue;
            }
            // In a directory that cannot be listed it may have any name.
            if disk.path.parent().is_some_and(|parent| self.closed.contains_key(parent)) {
                self.displaced.push(inode);
                continue;
            }
            disk.named = Named::Gone;
            let reads = disk.reads().and_then(|id| self.generations.get(&id));
            if let Some(generation) = reads {
                sink.event(Event::Deleted {
                    file: std::sync::Arc::clone(&generation.file),
                    path: disk.path.clone(),
                });
            }
            let has_unread = match disk.role {
                Role::Reads(_) => true,
                Role::Unknown(_) => disk.dirty,
                Role::CopyOf(_) => false,
            };
            if disk.held.is_some() && has_unread && disk.name.packing.is_none() {
                disk.dirty = true;
                disk.quiet = 0;
                self.enlist(inode);
            } else {
                let (id, stat, packed) = (disk.reads(), disk.stat, disk.name.packing.is_some());
                self.disks.remove(&inode);
                if let Some(generation) = id.and_then(|id| self.generations.get_mut(&id)) {
                    let size = if packed { generation.offset } else { stat.size };
                    generation.size = generation.size.max(Some(size));
                }
                if let Some(id) = id {
                    self.leave_home(id, inode);
                    self.lose(id);
                }
            }
        }
    }

    /// All of a file that is gone was read.
    pub(crate) fn finished(&mut self, inode: Inode, sink: &mut dyn Sink) {
        let Some(disk) = self.disks.remove(&inode) else { return };
        if let Some(generation) = disk.reads().and_then(|id| self.generations.get(&id)) {
            let (file, offset) = (std::sync::Arc::clone(&generation.file), generation.offset);
            self.leave_home(file.id, inode);
            self.end(file.id);
            sink.event(Event::Finished { file, offset });
        }
    }

    /// Counts what is lost, once it has had time to turn up as a copy or an archive.
    fn age_lost(&mut self, sink: &mut dyn Sink) {
        if !self.archives.is_empty() || self.unpack.is_some() {
            return;
        }
        let mut still = Vec::new();
        for id in std::mem::take(&mut self.lost) {
            let Some(generation) = self.generations.get_mut(&id) else { continue };
            let Life::Lost(sweeps) = &mut generation.life else { continue };
            let closed = generation.path.parent().is_some_and(|it| self.closed.contains_key(it));
            *sweeps += u32::from(!closed);
            if *sweeps <= self.options.grace_sweeps {
                still.push(id);
                continue;
            }
            let (file, offset) = (std::sync::Arc::clone(&generation.file), generation.offset);
            let bytes = generation.size.is_some().then(|| generation.unread());
            let why = match (bytes, self.paths.contains_key(&generation.path)) {
                (None, _) => Loss::WhileStopped,
                (Some(_), true) => Loss::Truncated,
                (Some(_), false) => Loss::Deleted,
            };
            let missed = bytes.map_or_else(|| self.is_missed(id), |bytes| bytes > 0);
            self.end(id);
            if missed {
                sink.event(Event::Gap { file, offset, bytes, why });
            } else if bytes.is_some() {
                sink.event(Event::Finished { file, offset });
            }
        }
        self.lost.extend(still);
    }

    /// Whether a generation from before the start may have had more than was read: something else
    /// has its name, and it was the last to have it.
    fn is_missed(&self, id: FileId) -> bool {
        let Some(generation) = self.generations.get(&id) else { return false };
        let path = &generation.file.path;
        let same_path = |other: &FileId| {
            self.generations.get(other).is_some_and(|g| g.file.path == *path && g.born == 0)
        };
        let last = self.index.called(&LogName::of(path)).filter(same_path).last();
        last == Some(id) && self.paths.contains_key(path)
    }

    /// A file could not be read; it is tried again later, and nothing is forgotten.
    pub(crate) fn trouble(&mut self, inode: Inode, error: &io::Error, sink: &mut dyn Sink) {
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        let failures = disk.trouble.as_ref().map_or(0, |trouble| trouble.failures) + 1;
        let until = self.sweeps + (1_u64 << failures.min(16)).min(PATIENCE_MAX);
        let trouble = Trouble { error: error.to_string(), failures, until };
        if disk.trouble.as_ref().is_none_or(|before| before.error != trouble.error) {
            let error = trouble.error.clone();
            sink.event(Event::Unreadable { path: disk.path.clone(), error });
        }
        disk.dirty = true;
        disk.trouble = Some(trouble);
        // A stale or broken descriptor is not tried twice while there is a name to open.
        if disk.named == Named::Yes {
            disk.held = None;
        }
    }
}

/// Whether an error says that there is no such file. No other error says so.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
