//! A model of log files in a hostile world: whatever is done to them, and wherever the tailer is
//! stopped, every line comes out once and whole, except what was destroyed before anybody could
//! read it.
//!
//! Every file begins with the same header, so no two can be told apart by how they begin.
#![expect(clippy::unwrap_used, reason = "a world that cannot be set up is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fillwatch_model::{Body, KnownFile, LineChunk, ManualClock, SourceId, limits};
use fillwatch_tail::{Closed, Event, Options, Sink, Source, Tailer};
use fillwatch_testkit::{Account, Folder};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

const LOGS: [&str; 2] = ["a.log", "b.log"];
const HEADER: &[u8] = b"{\"event\":\"start\",\"version\":\"1.4.2\",\"config\":\"all the same\"}\n";
const KEEP: usize = 3;

#[derive(Clone, Debug)]
enum Action {
    /// The bot writes lines.
    Write {
        log: usize,
        lines: usize,
    },
    /// The bot's buffer is flushed in the middle of a line; the next write goes on there.
    WritePart {
        log: usize,
    },
    /// logrotate renames the log. The bot may go on writing to what it has open for a moment.
    Rename {
        log: usize,
        late: bool,
    },
    /// logrotate copies the log and truncates it; the tailer may look in between.
    CopyTruncate {
        log: usize,
        look: bool,
        write: bool,
    },
    /// The same, and the tailer reads what is written in between, so that it is past the end of the
    /// copy; what it says at its end is committed, or something before its end.
    CopyReadTruncate {
        log: usize,
        whole: bool,
    },
    /// The log is truncated and written anew, to a size that is larger or the same.
    Overwrite {
        log: usize,
        same_size: bool,
    },
    Delete {
        log: usize,
    },
    /// logrotate compresses a rotated log.
    Pack {
        log: usize,
        number: usize,
        zstd: bool,
    },
    /// Someone edits the log, or fetches it anew: a copy, which may have grown, takes its place.
    Replace {
        log: usize,
        lines: usize,
        look: bool,
    },
    /// The log is put away under a name that says nothing of it, compressed or copied.
    PutAway {
        log: usize,
        lines: usize,
        pack: bool,
    },
    Sweep,
    Commit,
    /// The process dies; what was not committed must be read again.
    Crash,
}

fn action() -> impl Strategy<Value = Action> {
    let log = 0..LOGS.len();
    prop_oneof![
        8 => (log.clone(), 1..4_usize).prop_map(|(log, lines)| Action::Write { log, lines }),
        2 => log.clone().prop_map(|log| Action::WritePart { log }),
        3 => (log.clone(), any::<bool>()).prop_map(|(log, late)| Action::Rename { log, late }),
        3 => (log.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(log, look, write)| Action::CopyTruncate { log, look, write }),
        3 => (log.clone(), any::<bool>())
            .prop_map(|(log, whole)| Action::CopyReadTruncate { log, whole }),
        2 => (log.clone(), any::<bool>())
            .prop_map(|(log, same_size)| Action::Overwrite { log, same_size }),
        1 => log.clone().prop_map(|log| Action::Delete { log }),
        2 => (log.clone(), 0..3_usize, any::<bool>())
            .prop_map(|(log, lines, look)| Action::Replace { log, lines, look }),
        1 => (log.clone(), 0..3_usize, any::<bool>())
            .prop_map(|(log, lines, pack)| Action::PutAway { log, lines, pack }),
        2 => (log, 1..=KEEP, any::<bool>())
            .prop_map(|(log, number, zstd)| Action::Pack { log, number, zstd }),
        8 => Just(Action::Sweep),
        3 => Just(Action::Commit),
        2 => Just(Action::Crash),
    ]
}

/// What a file on disk holds.
#[derive(Clone, Debug, Default)]
struct Contents {
    lines: BTreeSet<u64>,
    /// A line of which only the beginning was written, and the rest.
    part: Option<(u64, Vec<u8>)>,
    /// The running tailer has looked at it, so it holds it open.
    seen: bool,
    packed: bool,
}

struct World {
    folder: Folder,
    files: BTreeMap<String, Contents>,
    tailer: Option<Tailer>,
    reader: Reader,
    committed: BTreeMap<u64, KnownFile>,
    committed_lines: BTreeSet<u64>,
    /// How many logs were put away.
    kept: usize,
}

/// The receiving end.
#[derive(Default)]
struct Reader {
    account: Account,
    handed: BTreeMap<u64, KnownFile>,
    /// Beginnings of lines that never got their end.
    broken_off: BTreeSet<Vec<u8>>,
    /// Something was destroyed, so gaps may be said.
    destroyed: bool,
    trouble: Vec<String>,
}

impl Sink for Reader {
    fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed> {
        let from = self.handed.get(&chunk.file.id.0).map_or(0, |known| known.offset);
        if chunk.from != from {
            self.trouble.push(format!("a piece at {} after one to {from}", chunk.from));
        }
        let Body::Lines(bytes) = &chunk.body else { panic!("{:?}", chunk.body) };
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if line != HEADER && !self.broken_off.contains(line) {
                self.account.read(line);
            }
        }
        let (id, path) = (chunk.file.id, chunk.file.path.clone());
        let (offset, mark) = (chunk.to, chunk.mark);
        let known = KnownFile { id, path, offset, mark, earlier: Vec::new() };
        self.handed.insert(id.0, known);
        Ok(())
    }

    fn event(&mut self, event: Event) {
        if matches!(event, Event::Gap { .. }) && !self.destroyed
            || matches!(event, Event::Unreadable { .. } | Event::Corrupt { .. })
        {
            self.trouble.push(format!("{event:?}"));
        }
    }
}

impl World {
    fn new() -> World {
        World {
            folder: Folder::new().unwrap(),
            files: BTreeMap::new(),
            tailer: None,
            reader: Reader::default(),
            committed: BTreeMap::new(),
            committed_lines: BTreeSet::new(),
            kept: 0,
        }
    }

    fn act(&mut self, action: &Action) {
        match *action {
            Action::Write { log, lines } => self.write(LOGS[log], lines),
            Action::WritePart { log } => self.write_part(LOGS[log]),
            Action::Rename { log, late } => self.rotate(LOGS[log], late),
            Action::CopyTruncate { log, look, write } => {
                self.copy_truncate(LOGS[log], look, write);
            }
            Action::CopyReadTruncate { log, whole } => self.copy_read_truncate(LOGS[log], whole),
            Action::Overwrite { log, same_size } => self.overwrite(LOGS[log], same_size),
            Action::Delete { log } => self.delete(LOGS[log]),
            Action::Pack { log, number, zstd } => self.pack(LOGS[log], number, zstd),
            Action::Replace { log, lines, look } => self.replace(LOGS[log], lines, look),
            Action::PutAway { log, lines, pack } => self.put_away(LOGS[log], lines, pack),
            Action::Sweep => self.sweep(),
            Action::Commit => self.commit(),
            Action::Crash => self.crash(),
        }
    }

    fn write(&mut self, name: &str, lines: usize) {
        if !self.files.contains_key(name) {
            self.folder.append(name, HEADER).unwrap();
        }
        self.complete(name);
        for _ in 0..lines {
            let line = self.reader.account.next_line();
            self.folder.append(name, &line).unwrap();
            let number = self.reader.account.last().unwrap();
            self.files.entry(name.to_owned()).or_default().lines.insert(number);
        }
    }

    fn write_part(&mut self, name: &str) {
        self.complete(name);
        let Some(contents) = self.files.get_mut(name) else { return };
        let line = self.reader.account.next_line();
        let (head, rest) = line.split_at(line.len() / 2);
        self.folder.append(name, head).unwrap();
        contents.part = Some((self.reader.account.last().unwrap(), rest.to_vec()));
        self.reader.broken_off.insert(head.to_vec());
    }

    /// The bot writes the rest of a line it began.
    fn complete(&mut self, name: &str) {
        let Some(contents) = self.files.get_mut(name) else { return };
        if let Some((number, rest)) = contents.part.take() {
            self.folder.append(name, &rest).unwrap();
            contents.lines.insert(number);
        }
    }

    fn rotate(&mut self, name: &str, late: bool) {
        if !self.files.contains_key(name) {
            return;
        }
        if !late {
            self.complete(name);
        }
        self.make_room(name);
        let rotated = format!("{name}.1");
        self.folder.rename(name, &rotated).unwrap();
        let contents = self.files.remove(name).unwrap();
        self.files.insert(rotated.clone(), contents);
        if late {
            self.write(name, 1);
            self.sweep();
            self.complete(&rotated);
        }
    }

    /// The older rotated logs move up, and the last is deleted.
    fn make_room(&mut self, name: &str) {
        self.folder.shift(name, KEEP).unwrap();
        for number in (1..=KEEP).rev() {
            for ending in ["", ".gz", ".zst"] {
                let from = format!("{name}.{number}{ending}");
                let Some(contents) = self.files.remove(&from) else { continue };
                if number == KEEP {
                    self.destroy(contents, false);
                } else {
                    self.files.insert(format!("{name}.{}{ending}", number + 1), contents);
                }
            }
        }
    }

    fn copy_truncate(&mut self, name: &str, look: bool, write: bool) {
        if !self.files.contains_key(name) {
            return;
        }
        self.complete(name);
        self.copy(name);
        if look {
            self.sweep();
            self.files.get_mut(&format!("{name}.1")).unwrap().seen = false;
        }
        if write {
            self.write(name, 1);
        }
        self.truncate(name);
    }

    fn copy(&mut self, name: &str) {
        self.make_room(name);
        let copy = format!("{name}.1");
        self.folder.copy(name, &copy).unwrap();
        let contents = self.files[name].clone();
        self.files.insert(copy, Contents { seen: false, ..contents });
    }

    fn copy_read_truncate(&mut self, name: &str, whole: bool) {
        if !self.files.contains_key(name) {
            return;
        }
        self.complete(name);
        if !whole {
            self.write_more_than_a_header(name);
        }
        self.rest();
        self.commit();
        if !whole {
            self.write(name, 1);
        }
        self.copy(name);
        self.write(name, 1);
        self.sweep();
        self.files.get_mut(&format!("{name}.1")).unwrap().seen = false;
        self.truncate(name);
    }

    /// A place that ends in no more than what every file begins with tells nothing.
    fn write_more_than_a_header(&mut self, name: &str) {
        let line = self.reader.account.next_line_of(limits::PREFIX_BYTES_MAX);
        self.folder.append(name, &line).unwrap();
        let number = self.reader.account.last().unwrap();
        self.files.get_mut(name).unwrap().lines.insert(number);
    }

    fn truncate(&mut self, name: &str) {
        self.folder.truncate(name, 0).unwrap();
        let before = self.files.get_mut(name).map(std::mem::take).unwrap_or_default();
        self.files.get_mut(name).unwrap().seen = before.seen;
        self.destroy(before, true);
        self.folder.append(name, HEADER).unwrap();
    }

    fn overwrite(&mut self, name: &str, same_size: bool) {
        let Some(size) = self.folder.len(name) else { return };
        // The times of a file have a resolution; two changes within it look like one.
        std::thread::sleep(Duration::from_millis(if same_size { 10 } else { 0 }));
        self.truncate(name);
        let missing = (size as usize).saturating_sub(HEADER.len());
        let line = self.reader.account.next_line_of(missing);
        self.folder.append(name, &line).unwrap();
        let number = self.reader.account.last().unwrap();
        self.files.get_mut(name).unwrap().lines.insert(number);
        if !same_size {
            self.write(name, 2);
        }
    }

    fn delete(&mut self, name: &str) {
        let Some(contents) = self.files.remove(name) else { return };
        self.folder.delete(name).unwrap();
        self.destroy(contents, false);
    }

    fn pack(&mut self, log: &str, number: usize, zstd: bool) {
        let name = format!("{log}.{number}");
        let Some(contents) = self.files.remove(&name) else { return };
        if zstd {
            self.folder.zstd(&name).unwrap();
        } else {
            self.folder.gzip(&name).unwrap();
        }
        let packed = format!("{name}.{}", if zstd { "zst" } else { "gz" });
        self.files.insert(packed, Contents { seen: false, packed: true, ..contents });
    }

    fn replace(&mut self, name: &str, lines: usize, look: bool) {
        if !self.files.contains_key(name) {
            return;
        }
        self.complete(name);
        let copy = ".copy";
        self.folder.copy(name, copy).unwrap();
        let contents = Contents { seen: false, ..self.files[name].clone() };
        self.files.insert(copy.to_owned(), contents);
        if lines > 0 {
            self.write(copy, lines);
        }
        if look {
            self.sweep();
        }
        self.folder.rename(copy, name).unwrap();
        let contents = self.files.remove(copy).unwrap();
        self.files.insert(name.to_owned(), Contents { seen: false, ..contents });
    }

    /// Of a log that has just been replaced, too little may have been read. No bot stops in the
    /// middle of a line for so long.
    fn rest(&mut self) {
        LOGS.iter().for_each(|log| self.complete(log));
        (0..6).for_each(|_| self.sweep());
    }

    fn put_away(&mut self, name: &str, lines: usize, pack: bool) {
        if !self.files.contains_key(name) {
            return;
        }
        self.complete(name);
        self.write_more_than_a_header(name);
        self.rest();
        self.commit();
        if lines > 0 {
            self.write(name, lines);
        }
        let contents = self.files.remove(name).unwrap();
        let mut kept = format!("kept{}.log", self.kept);
        self.kept += 1;
        self.folder.copy(name, &kept).unwrap();
        self.folder.delete(name).unwrap();
        if pack {
            self.folder.gzip(&kept).unwrap();
            kept += ".gz";
        }
        self.files.insert(kept, Contents { seen: false, packed: pack, ..contents });
    }

    /// Contents are gone from the disk. The tailer may still hold them open.
    fn destroy(&mut self, contents: Contents, overwritten: bool) {
        self.reader.destroyed = true;
        if let Some((number, _)) = contents.part {
            self.reader.account.excuse(number, "never completed");
        }
        let held = contents.seen && !contents.packed && !overwritten && self.tailer.is_some();
        for number in contents.lines {
            if !held && !self.on_disk(number) && !self.reader.account.has_read(number) {
                self.reader.account.excuse(number, "destroyed before anybody looked");
            }
        }
    }

    fn on_disk(&self, number: u64) -> bool {
        self.files.values().any(|contents| contents.lines.contains(&number))
    }

    fn sweep(&mut self) {
        let tailer = self.tailer.get_or_insert_with(|| {
            let path = self.folder.path().display().to_string();
            let source = Source::new(SourceId(0), &path, &[]).unwrap();
            let known: Vec<KnownFile> = self.committed.values().cloned().collect();
            let options = Options {
                sweep_interval: Duration::ZERO,
                discovery_interval: Duration::ZERO,
                grace_sweeps: 3,
                chunk_bytes: 100,
                notify: false,
                ..Options::default()
            };
            let clock = Arc::new(ManualClock::at(0));
            Tailer::new(vec![source], known, options, clock).unwrap()
        });
        while !tailer.sweep(&mut self.reader).unwrap().at_end {}
        self.files.values_mut().for_each(|contents| contents.seen = true);
    }

    /// As a store does it: each file's last ten marks are kept.
    fn commit(&mut self) {
        for (id, file) in &self.reader.handed {
            let mut file = file.clone();
            if let Some(before) = self.committed.get(id) {
                file.earlier.clone_from(&before.earlier);
                if before.offset < file.offset {
                    file.earlier.push((before.offset, before.mark));
                }
                let surplus = file.earlier.len().saturating_sub(9);
                file.earlier.drain(..surplus);
            }
            self.committed.insert(*id, file);
        }
        self.committed_lines = self.reader.account.numbers_read();
    }

    fn crash(&mut self) {
        self.tailer = None;
        self.reader.handed = self.committed.clone();
        self.reader.account.go_back_to(&self.committed_lines);
        self.files.values_mut().for_each(|contents| contents.seen = false);
        let last = self.reader.account.last().map_or(0, |last| last + 1);
        for number in 0..last {
            if !self.committed_lines.contains(&number) && !self.on_disk(number) {
                self.reader.account.excuse(number, "destroyed while nobody held it");
            }
        }
    }
}

/// The same cases each time, so that a change is not blamed for what a new case finds; asked for a
/// number of them (`PROPTEST_CASES=3000`), new ones.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(400),
        rng_seed: if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(1) },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_line_comes_out_once_and_whole(actions in prop::collection::vec(action(), 1..40)) {
        let mut world = World::new();
        for action in &actions {
            world.act(action);
        }
        for log in LOGS {
            world.complete(log);
        }
        (0..6).for_each(|_| world.sweep());
        let verdict = world.reader.account.verdict();
        let whole = format!("{} line{}, each once", verdict.written, if verdict.written == 1 { "" } else { "s" });
        prop_assert_eq!(verdict.to_string(), whole);
        prop_assert_eq!(&world.reader.trouble, &Vec::<String>::new());
    }
}
