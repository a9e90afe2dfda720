//! Copies under names that say nothing of the log they were made from (`old.jsonl.gz`,
//! `archive/2026-01-05.jsonl`), and copies that took the place of a log while it was read.
//!
//! Only the bytes are left to go by, and many bots begin their logs alike. So a file under another
//! log's name is held only against generations that begin as it does, for more than a header's
//! length, and that say at their place what it says there; and not if a third log says that too.
//! When in doubt it is read: a line twice is better than never.

use std::fs::File;
use std::io;

use fillwatch_model::limits::{PREFIX_BYTES_MAX, TAIL_BYTES_MAX};
use fillwatch_model::{FileId, Mark};

use crate::generation::{Disk, Generation, Life, Named, Role, Trouble};
use crate::identity::{self, Inode};
use crate::recognise::{Verdict, is_near};
use crate::shorter::is_more_than_a_header;
use crate::tailer::Tailer;

/// How many logs that begin alike are asked whether they go on alike.
const ALIKE_ASKED: usize = 16;

impl Generation {
    /// Whether a name, or an inode, speaks for this file to be of this log. `log` is the file that
    /// has the log's name now.
    pub(crate) fn is_kin_of(&self, disk: &Disk, log: Option<Inode>) -> bool {
        let home = Inode::in_mark(&self.mark);
        self.may_be_named(disk) && home == disk.stat.inode
            || self.name.family == disk.name.family
            || Some(home) == log
    }

    /// Whether this file may be of this log although its name is another's. Inodes are used again
    /// and logs begin alike, so less than a full prefix is not enough: better twice than lost.
    pub(crate) fn may_be_named(&self, disk: &Disk) -> bool {
        self.name.family == disk.name.family || self.offset >= PREFIX_BYTES_MAX as u64
    }

    /// The mark at its place, or at the earlier place right where a copy ends.
    fn mark_for(&self, len: u64) -> Option<(u64, &Mark)> {
        if len >= self.offset {
            return Some((self.offset, &self.mark));
        }
        self.earlier.iter().find(|(at, _)| *at == len).map(|(at, mark)| (*at, mark))
    }
}

/// Whether a mark says which log a file of any name is a copy of, if that is `len` bytes long, at
/// this place. In a short file that takes the whole of it.
pub(crate) fn tells_without_a_name(mark: &Mark, offset: u64, len: u64, read: u64) -> bool {
    let whole = offset == len && mark.tail_len as usize == TAIL_BYTES_MAX;
    whole || offset == read && is_more_than_a_header(mark)
}

impl Tailer {
    /// What a file is whose name and inode lead nowhere, or only to `known`, of which it has so
    /// many bytes: that may be another log's header in an inode that was given to this file.
    pub(crate) fn recognise_foreign(
        &self,
        disk: &Disk,
        file: &File,
        size: u64,
        known: Option<(FileId, u64)>,
    ) -> io::Result<Verdict> {
        let beginning = identity::read_at(file, 0, PREFIX_BYTES_MAX)?;
        let is_named_so = known
            .and_then(|(id, _)| self.generations.get(&id))
            .is_some_and(|generation| generation.name.family == disk.name.family);
        let mut best = known.map(|(id, offset)| (offset, Verdict::Holds(id)));
        let alike = self.index.adrift(&beginning).chain(self.index.begun_as(&beginning));
        for generation in alike.filter_map(|id| self.generations.get(&id)) {
            if best.as_ref().is_some_and(|(offset, _)| *offset >= generation.offset) {
                continue;
            }
            let verdict = match generation.life {
                Life::In(_) if is_named_so => None,
                Life::In(other) => self.copy_of_present(disk, file, size, (generation, other))?,
                Life::Lost(_) | Life::Ended => self.copy_of_lost(file, size, generation)?,
            };
            best = verdict.map(|verdict| (generation.offset, verdict)).or(best);
        }
        Ok(best.map_or(Verdict::New, |(_, verdict)| verdict))
    }

    /// A copy of what is still there may be in the making: it is not decided before it is done.
    fn copy_of_present(
        &self,
        disk: &Disk,
        file: &File,
        size: u64,
        (generation, other): (&Generation, Inode),
    ) -> io::Result<Option<Verdict>> {
        if generation.offset == 0 || !self.is_covered(file, size, other)? {
            return Ok(None);
        }
        let growing = disk.quiet < self.options.grace_sweeps && !self.finishing;
        let is_whole = generation.mark_for(size).is_some();
        Ok(match (is_whole, growing) {
            (true, _) => Some(Verdict::Copies(generation.file.id)),
            (false, true) => Some(Verdict::Wait),
            (false, false) => None,
        })
    }

    fn copy_of_lost(
        &self,
        file: &File,
        size: u64,
        generation: &Generation,
    ) -> io::Result<Option<Verdict>> {
        let Some((offset, mark)) = generation.mark_for(size) else { return Ok(None) };
        let id = generation.file.id;
        if offset == 0
            || !tells_without_a_name(mark, offset, size, generation.offset)
            || !identity::is(file, offset, mark)?
            || self.is_common(id, offset, mark)?
        {
            return Ok(None);
        }
        // Whoever goes on writing to a short one is somebody else: it is then looked at again.
        let goes_on = offset == generation.offset && is_more_than_a_header(mark);
        Ok(Some(if goes_on { Verdict::Holds(id) } else { Verdict::Copies(id) }))
    }

    /// Whether another log than this one says the same up to there.
    pub(crate) fn is_common(&self, id: FileId, offset: u64, mark: &Mark) -> io::Result<bool> {
        let alike = self.index.begun_with(mark).filter(|other| *other != id);
        for other in alike.filter_map(|id| self.generations.get(&id)).take(ALIKE_ASKED) {
            let at = |(at, other): &(u64, Mark)| *at == offset && other.tail_hash == mark.tail_hash;
            if at(&(other.offset, other.mark)) || other.earlier.iter().any(at) {
                return Ok(true);
            }
            if let Life::In(inode) = other.life
                && other.offset > offset
                && let Some(disk) = self.disks.get(&inode)
                && disk.name.packing.is_none()
                && let Some(file) = self.file_in(inode)?
                && identity::tail_matches(&file, offset, mark)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The generation that lay under the name of this file, or of the log it is a rotation of, goes
    /// on in it, and is still read from the file that had the name before; and how far it was read.
    /// That file's writer may still have it open, so it is read to its end first, and is then held
    /// against this one again.
    pub(crate) fn find_replaced(
        &self,
        disk: &Disk,
        file: &File,
        size: u64,
    ) -> io::Result<Option<(FileId, u64, Inode)>> {
        let mut best: Option<(FileId, u64, Inode)> = None;
        for id in self.index.called(&disk.name) {
            let Some(generation) = self.generations.get(&id) else { continue };
            let Life::In(other) = generation.life else { continue };
            let offset = generation.offset;
            let replaced = other != disk.stat.inode
                && self.disks.get(&other).is_some_and(|other| other.named != Named::Yes);
            // What took its place may have been rotated since.
            let rotated = disk.name.is_rotation_of(&generation.name) && is_near(disk, generation);
            if replaced
                && (generation.path == disk.path
                    || rotated && !self.is_covered(file, size, other)?)
                && size >= offset
                && best.is_none_or(|(_, best, _)| best < offset)
                && self.goes_on_in(file, size, (generation, other))?
            {
                best = Some((id, offset, other));
            }
        }
        Ok(best)
    }

    /// A file that is gone before it was decided what it is: an archive may be made from it.
    pub(crate) fn undecided(&self) -> Option<Inode> {
        let undecided = |disk: &Disk| {
            disk.named == Named::Gone
                && matches!(disk.role, Role::Unknown(_))
                && disk.dirty
                && disk.trouble.is_none()
        };
        self.disks.iter().find(|(_, disk)| undecided(disk)).map(|(inode, _)| *inode)
    }

    /// Puts an archive off, if it may hold more than a file that is gone and may still be written to.
    /// Says whether it did.
    pub(crate) fn wait_for(&mut self, other: Inode, archive: Inode) -> bool {
        let Some(before) = self.disks.get(&other).filter(|disk| disk.named != Named::Yes) else {
            return false;
        };
        let rest = self.options.grace_sweeps.saturating_sub(before.quiet).max(1);
        let until = self.sweeps + u64::from(rest);
        if let Some(disk) = self.disks.get_mut(&archive) {
            disk.dirty = true;
            disk.trouble = Some(Trouble { error: String::new(), failures: 0, until });
        }
        true
    }

    /// Whether a file begins with what was read of a generation in `other`; if nothing was, with
    /// what is there to read.
    fn goes_on_in(
        &self,
        file: &File,
        size: u64,
        (generation, other): (&Generation, Inode),
    ) -> io::Result<bool> {
        if generation.offset > 0 {
            return identity::is(file, generation.offset, &generation.mark);
        }
        let Some(before) = self.file_in(other)? else { return Ok(false) };
        let len = before.metadata()?.len();
        Ok((1..=size).contains(&len) && identity::is_beginning_of(&before, len, file)?)
    }

    /// A file goes on with a generation that is still read from `other`, which lost its name: it
    /// may have it once all of `other` was read, and nothing more will be written there.
    pub(crate) fn succeed(&self, id: FileId, other: Inode) -> Verdict {
        let gone = |disk: &Disk| disk.named == Named::Gone && !disk.dirty;
        if self.disks.get(&other).is_some_and(gone) && self.is_final(other) {
            Verdict::Succeeds(id, other)
        } else {
            Verdict::Wait
        }
    }
}
