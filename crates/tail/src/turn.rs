//! Reading: each file in its turn, so that one with a gigabyte to read does not keep ten thousand
//! others waiting.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use fillwatch_model::{Body, FileId, LineChunk, Mark};

use crate::event::{Closed, Event, Sink};
use crate::generation::{Disk, Named};
use crate::identity::{self, Inode};
use crate::lines::Piece;
use crate::plain::{self, Next};
use crate::recognise::open;
use crate::tailer::Tailer;

/// What one step of reading a file came to.
enum Step {
    /// There may be more.
    Took(u64),
    /// Nothing more for now.
    Done,
}

impl Tailer {
    /// Reads the files in the queue, each in its turn. Says how many bytes it handed over.
    pub(crate) fn read(&mut self, started: Instant, sink: &mut dyn Sink) -> Result<u64, Closed> {
        let mut total = 0;
        while let Some(inode) = self.queue.pop_front() {
            if let Some(disk) = self.disks.get_mut(&inode) {
                disk.queued = false;
            }
            let mut took = 0;
            while took < self.options.turn_bytes {
                match self.step(inode, sink)? {
                    Step::Took(bytes) => took += bytes,
                    Step::Done => break,
                }
            }
            total += took;
            self.enlist(inode);
            if !self.strangers.is_empty() {
                self.recognise(sink);
            }
            if self.out_of_time(started) {
                break;
            }
        }
        Ok(total)
    }

    fn step(&mut self, inode: Inode, sink: &mut dyn Sink) -> Result<Step, Closed> {
        match self.next(inode, sink) {
            Ok(Some((id, Next::Piece(piece, mark)))) => {
                let from = self.generations.get(&id).map_or(piece.to, |known| known.offset);
                let bytes = piece.to - from;
                self.hand_over(id, piece, mark, sink)?;
                return Ok(Step::Took(bytes));
            }
            Ok(Some((_, Next::More))) => return Ok(Step::Took(self.options.turn_bytes / 4)),
            Ok(Some((id, Next::Waiting(bytes)))) => self.at_end(inode, id, bytes, sink),
            Ok(Some((_, Next::Replaced))) => self.truncated(inode, sink),
            Ok(None) => {}
            Err(error) => self.trouble(inode, &error, sink),
        }
        Ok(Step::Done)
    }

    /// What lies after what was read of a file. `None` if it is not to be read from here.
    fn next(&mut self, inode: Inode, sink: &mut dyn Sink) -> io::Result<Option<(FileId, Next)>> {
        if !self.hold(inode, sink)? {
            return Ok(None);
        }
        let last = self.is_final(inode);
        let limits = self.limits;
        let Some(disk) = self.disks.get_mut(&inode) else { return Ok(None) };
        let Some(id) = disk.reads() else { return Ok(None) };
        let Disk { held: Some(file), checked, skim, waiting, .. } = disk else { return Ok(None) };
        let Some(generation) = self.generations.get_mut(&id) else { return Ok(None) };
        let size = file.metadata()?.len();
        // Before the first whole line there is nothing to recognise but that a file does not
        // shrink.
        let shrunk = size < generation.offset
            || generation.offset == 0 && size < *waiting
            || !*checked && !identity::prefix_matches(file, &generation.mark)?;
        if shrunk {
            return Ok(Some((id, Next::Replaced)));
        }
        *checked = true;
        let at = (generation.offset, &generation.mark);
        let next = plain::next(file, at, skim, limits, last)?;
        if !matches!(next, Next::Replaced) {
            generation.size = Some(size);
        }
        Ok(Some((id, next)))
    }

    fn at_end(&mut self, inode: Inode, id: FileId, bytes: u64, sink: &mut dyn Sink) {
        let Some(disk) = self.disks.get_mut(&inode) else { return };
        disk.dirty = false;
        disk.waiting = bytes;
        if disk.trouble.take().is_some() {
            sink.event(Event::Readable { path: disk.path.clone() });
        }
        if let Some(generation) = self.generations.get_mut(&id) {
            generation.size = Some(generation.offset + bytes);
        }
    }

    pub(crate) fn hand_over(
        &mut self,
        id: FileId,
        piece: Piece,
        mark: Mark,
        sink: &mut dyn Sink,
    ) -> Result<(), Closed> {
        let Some(generation) = self.generations.get_mut(&id) else { return Ok(()) };
        let (from, to) = (generation.offset, piece.to);
        let file = Arc::clone(&generation.file);
        let event = match &piece.body {
            Body::Lines(_) => None,
            Body::TooLong { .. } => {
                Some(Event::LineTooLong { file, offset: from, bytes: to - from })
            }
            Body::Hole => Some(Event::Hole { file, offset: from, bytes: to - from }),
        };
        sink.chunk(LineChunk {
            file: Arc::clone(&generation.file),
            from,
            to,
            body: piece.body,
            mark,
            read_at: self.clock.now(),
        })?;
        generation.keep_mark(self.sweeps);
        generation.offset = to;
        if generation.mark.prefix_len != mark.prefix_len {
            self.index.has_begun(id, &mark);
        }
        generation.mark = mark;
        generation.size = generation.size.max(Some(to));
        event.into_iter().for_each(|event| sink.event(event));
        Ok(())
    }

    /// Opens a file, if it is not open. Says whether it is, and is still the same file.
    pub(crate) fn hold(&mut self, inode: Inode, sink: &mut dyn Sink) -> io::Result<bool> {
        let Some(disk) = self.disks.get(&inode) else { return Ok(false) };
        if disk.held.is_some() {
            return Ok(true);
        }
        if disk.named != Named::Yes {
            return Ok(false);
        }
        let path = disk.path.clone();
        while self.open.len() >= self.options.open_files_max && self.close_one() {}
        let file = match open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.look_at(inode, sink);
                return Ok(false);
            }
            Err(error) => {
                self.close_one();
                return Err(error);
            }
            Ok(file) => file,
        };
        if Inode::of(&file.metadata()?) != inode {
            self.look_at(inode, sink);
            return Ok(false);
        }
        if let Some(disk) = self.disks.get_mut(&inode) {
            disk.held = Some(file);
            disk.checked = false;
            self.open.push_back(inode);
        }
        Ok(true)
    }

    /// Closes the file opened longest ago that can be opened again; one that is read to its end, if
    /// there is one. Says whether one was closed, or was not open any more.
    fn close_one(&mut self) -> bool {
        // To look through all for one that is read to its end would cost more than opening again.
        for (may_be_behind, tries) in [(false, 8), (true, self.open.len())] {
            for _ in 0..tries.min(self.open.len()) {
                let Some(inode) = self.open.pop_front() else { return false };
                let Some(disk) = self.disks.get_mut(&inode) else { return true };
                if disk.held.is_none() {
                    return true;
                }
                // Without a name there is no way back to it. A long line's hash would be lost.
                if disk.named == Named::Yes && (may_be_behind || !disk.dirty) {
                    disk.held = None;
                    disk.skim = None;
                    return true;
                }
                self.open.push_back(inode);
            }
        }
        false
    }
}
