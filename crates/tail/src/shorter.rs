//! Copies that end before the place we are at.
//!
//! `copytruncate` copies a log and then truncates it. What the bot writes in between is in no copy,
//! but it may have been read; the copy then ends before our offset, where our mark says nothing. So
//! a generation keeps some of its earlier marks: a file that is named as its rotated copy, that ends
//! before our offset, and that says at one of these places what was read there, is a copy of its
//! beginning, and nothing is read from it.
//!
//! What such a file says after that place is taken on trust, so the place must be worth it: it is
//! where the file ends, or enough lies before it to be more than the header that every generation
//! of a log begins with. Nor is a file in the generation's own inode a copy: that is the log itself,
//! which a power cut made shorter and its bot may have gone on with. All these are read from their
//! first byte: a line twice is better than never.

use std::fs::File;
use std::io;

use fillwatch_model::limits::PREFIX_BYTES_MAX;
use fillwatch_model::{FileId, Mark};

use crate::generation::{Disk, Generation, Life, Role};
use crate::identity::{self, Inode, begins_as};
use crate::recognise::is_near;
use crate::tailer::Tailer;

/// Marks kept of a generation, not more than one a sweep: they then reach further back than a copy
/// goes unseen, even where the kernel does not notify.
const MARKS_KEPT: usize = 10;

/// Whether a mark at `offset` says whose copy a file of `size` bytes is, if it ends before the place
/// that its generation was `read` to.
pub(crate) fn vouches(mark: &Mark, offset: u64, size: u64, read: u64) -> bool {
    size < read && (offset == size || offset < size && is_more_than_a_header(mark))
}

pub(crate) fn is_more_than_a_header(mark: &Mark) -> bool {
    mark.prefix_len as usize == PREFIX_BYTES_MAX
}

impl Generation {
    /// Keeps the mark of the place it is at, before it goes on in this sweep.
    pub(crate) fn keep_mark(&mut self, sweep: u64) {
        if self.offset > 0 && self.kept != sweep {
            self.kept = sweep;
            self.keep(self.offset, self.mark);
        }
    }

    /// Keeps the mark at the end of a copy: when that is packed, nothing else may recognise it.
    pub(crate) fn keep_copy(&mut self, (len, mark): (u64, Mark)) {
        if len > 0 && len < self.offset {
            self.keep(len, mark);
        }
    }

    fn keep(&mut self, offset: u64, mark: Mark) {
        if let Err(at) = self.earlier.binary_search_by_key(&offset, |(offset, _)| *offset) {
            self.earlier.insert(at, (offset, mark));
            let surplus = self.earlier.len().saturating_sub(MARKS_KEPT);
            self.earlier.drain(..surplus);
        }
    }

    /// Whether this file may be a copy of it: it lay in the file which is now the `log` of that one,
    /// or a rotation would call, and put, its copies like that.
    pub(crate) fn may_be_copied_to(&self, disk: &Disk, log: Option<Inode>) -> bool {
        // An archive was made later, and may have been given the inode of a log that was deleted.
        let is_another = disk.name.packing.is_some() || disk.stat.inode.ino != self.mark.ino;
        let is_called_so = disk.name.is_rotation_of(&self.name) && is_near(disk, self);
        is_another && (is_called_so || log == Some(Inode::in_mark(&self.mark)))
    }
}

impl Tailer {
    /// Of the generations that are in no file, the one of which this seems to be the beginning, and
    /// at which of its earlier places it was recognised.
    pub(crate) fn find_longer(
        &self,
        disk: &Disk,
        file: &File,
        size: u64,
    ) -> io::Result<Option<(FileId, u64)>> {
        let beginning = identity::read_at(file, 0, PREFIX_BYTES_MAX)?;
        let mut best: Option<(FileId, u64)> = None;
        let log = self.log_of(disk);
        let in_log = log.into_iter().flat_map(|log| self.index.at_home(log));
        for id in self.index.called(&disk.name).chain(in_log) {
            let Some(generation) = self.generations.get(&id) else { continue };
            if matches!(generation.life, Life::In(_)) || !generation.may_be_copied_to(disk, log) {
                continue;
            }
            for (at, mark) in &generation.earlier {
                if best.is_none_or(|(_, best)| best < *at)
                    && vouches(mark, *at, size, generation.offset)
                    && begins_as(&beginning, mark)
                    && identity::tail_matches(file, *at, mark)?
                {
                    best = Some((id, *at));
                }
            }
        }
        Ok(best)
    }

    /// Of what this file was recognised as a shorter copy, if it begins as it did then, and whether
    /// it still is one.
    ///
    /// One that has grown may be a copy that was not finished when it was last seen. That shows when
    /// the file it is made from is there; and if that has just lost its contents, the copy may have
    /// been finished right before. But nobody goes on copying what is over: then somebody else
    /// writes there, and the file is read from its first byte, which doubles what was copied.
    pub(crate) fn was_copy(
        &self,
        disk: &Disk,
        file: &File,
        size: u64,
    ) -> io::Result<Option<(FileId, bool)>> {
        let (Role::Unknown(Some(id)), Some((len, mark))) = (disk.role, &disk.copied) else {
            return Ok(None);
        };
        let Some(generation) = self.generations.get(&id) else { return Ok(None) };
        if size < *len || size >= generation.offset || !identity::is(file, *len, mark)? {
            return Ok(None);
        }
        let is_copy = size == *len
            || match generation.life {
                Life::In(other) => {
                    self.is_covered(file, size, other)? || !self.is_whole(generation)?
                }
                Life::Lost(_) => is_more_than_a_header(mark),
                Life::Ended => false,
            };
        Ok(Some((id, is_copy)))
    }

    /// Whether a generation is still in the file that it is taken to be in.
    fn is_whole(&self, generation: &Generation) -> io::Result<bool> {
        let Life::In(inode) = generation.life else { return Ok(false) };
        match self.file_in(inode)? {
            Some(file) => identity::is(&file, generation.offset, &generation.mark),
            None => Ok(false),
        }
    }
}
