//! `check(script, expect)`: what is done to the files, in words, and what the tailer says of it.
//!
//! A script has one action per line; file names are relative to a fresh folder. `sweep` prints what
//! was handed over and what was said; a chunk of lines is printed as the name of its generation and
//! the lines, joined by blanks. `crash` is a restart from what was handed over before the last
//! `commit`; `restart` commits first.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fillwatch_model::{Body, KnownFile, LineChunk, ManualClock, SourceId};
use fillwatch_tail::{Closed, Event, FileState, Options, Sink, Source, Tailer};
use fillwatch_testkit::Folder;

/// Runs `script`, and compares what the tailer said.
#[track_caller]
pub(crate) fn check(script: &str, expect: &str) {
    check_with(options(), script, expect);
}

/// The same with options of one's own.
#[track_caller]
pub(crate) fn check_with(options: Options, script: &str, expect: &str) {
    let mut stage = Stage::new(options);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        stage.act(line);
    }
    let said: Vec<&str> = stage.log.text.lines().map(str::trim).collect();
    let expect: Vec<&str> = expect.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(said == expect, "\nsaid:\n{}\nexpected:\n{}\n", said.join("\n"), expect.join("\n"));
}

/// Every sweep looks at everything; a file is taken as ended after two quiet sweeps.
pub(crate) fn options() -> Options {
    Options {
        sweep_interval: Duration::ZERO,
        discovery_interval: Duration::ZERO,
        grace_sweeps: 2,
        notify: false,
        ..Options::default()
    }
}

/// A folder, and a tailer of it.
pub(crate) struct Stage {
    pub(crate) folder: Folder,
    source: String,
    exclude: Vec<String>,
    options: Options,
    pub(crate) tailer: Option<Tailer>,
    pub(crate) log: Log,
}

/// What was said.
pub(crate) struct Log {
    root: String,
    pub(crate) text: String,
    /// How far each generation was handed over.
    handed: BTreeMap<u64, KnownFile>,
    committed: BTreeMap<u64, KnownFile>,
}

impl Stage {
    pub(crate) fn new(options: Options) -> Stage {
        let folder = Folder::new().unwrap();
        let log = Log {
            root: format!("{}/", folder.path().display()),
            text: String::new(),
            handed: BTreeMap::new(),
            committed: BTreeMap::new(),
        };
        let source = folder.path().display().to_string();
        Stage { folder, source, exclude: Vec::new(), options, tailer: None, log }
    }

    fn start(&mut self) -> &mut Tailer {
        let source = Source::new(SourceId(0), &self.source, &self.exclude).unwrap();
        let known: Vec<KnownFile> = self.log.committed.values().cloned().collect();
        let options = self.options.clone();
        self.tailer.get_or_insert_with(|| {
            Tailer::new(vec![source], known, options, Arc::new(ManualClock::at(0))).unwrap()
        })
    }

    pub(crate) fn act(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<&str> = rest.split(' ').collect();
        let (first, second) = (words[0], words.get(1).copied().unwrap_or(""));
        let folder = &self.folder;
        match verb {
            "source" => self.source = folder.file(first).display().to_string(),
            "exclude" => self.exclude = words.iter().map(|word| (*word).to_owned()).collect(),
            "write" => {
                let lines: String = words[1..].iter().map(|word| format!("{word}\n")).collect();
                folder.append(first, lines.as_bytes()).unwrap();
            }
            "part" => folder.append(first, second.as_bytes()).unwrap(),
            "repeat" => {
                let lines = format!("{}\n", words[2]).repeat(second.parse().unwrap());
                folder.append(first, lines.as_bytes()).unwrap();
            }
            "long" => {
                folder.append(first, &vec![b'x'; second.parse().unwrap()]).unwrap();
            }
            "hole" => {
                let size = folder.len(first).unwrap_or(0) + second.parse::<u64>().unwrap();
                folder.write_at(first, size - 1, b"\0").unwrap();
            }
            "write-at" => {
                let text = format!("{}\n", words[2]);
                folder.write_at(first, second.parse().unwrap(), text.as_bytes()).unwrap();
            }
            "rename" => folder.rename(first, second).unwrap(),
            "copy" => folder.copy(first, second).unwrap(),
            "truncate" => folder.truncate(first, second.parse().unwrap_or(0)).unwrap(),
            "delete" => folder.delete(first).unwrap(),
            "cut" => {
                let len = folder.len(first).unwrap() - second.parse::<u64>().unwrap();
                folder.truncate(first, len).unwrap();
            }
            "gzip" => folder.gzip(first).unwrap(),
            "zstd" => folder.zstd(first).unwrap(),
            "symlink" => folder.symlink(first, second).unwrap(),
            "hardlink" => folder.hard_link(first, second).unwrap(),
            "sweep" => {
                for _ in 0..first.parse().unwrap_or(1) {
                    self.sweep();
                }
            }
            "finish" => {
                self.start();
                self.tailer.as_mut().unwrap().finish(&mut self.log).unwrap();
            }
            "commit" => self.log.commit(),
            "crash" => self.crash(),
            "restart" => {
                self.log.commit();
                self.crash();
            }
            "remount" => {
                self.crash();
                for known in self.log.committed.values_mut() {
                    known.mark.dev += 1;
                }
            }
            "files" => self.files(),
            _ => panic!("no such action: {line}"),
        }
    }

    fn crash(&mut self) {
        self.tailer = None;
        self.log.handed = self.log.committed.clone();
    }

    pub(crate) fn sweep(&mut self) {
        self.start();
        while !self.tailer.as_mut().unwrap().sweep(&mut self.log).unwrap().at_end {}
    }

    fn files(&mut self) {
        self.start();
        let mut files: Vec<_> = self.tailer.as_ref().unwrap().files().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        for file in files {
            let state = match &file.state {
                FileState::Unreadable { .. } => "unreadable".to_owned(),
                state => format!("{state:?}").to_lowercase(),
            };
            let path = self.log.name(&file.path);
            let (offset, size) = (file.offset, file.size);
            writeln!(self.log.text, "file {path} {state} {offset}/{size}").unwrap();
        }
    }
}

impl Log {
    /// As a store does it: each file's last ten marks are kept.
    fn commit(&mut self) {
        for (id, file) in &self.handed {
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
    }

    fn name(&self, path: &Path) -> String {
        path.display().to_string().trim_start_matches(&self.root).to_owned()
    }
}

impl Sink for Log {
    fn chunk(&mut self, chunk: LineChunk) -> Result<(), Closed> {
        let name = self.name(&chunk.file.path);
        let before = self.handed.get(&chunk.file.id.0).map_or(0, |known| known.offset);
        assert_eq!(chunk.from, before, "{name}: pieces are contiguous");
        match &chunk.body {
            Body::Lines(bytes) => {
                assert_eq!(bytes.len() as u64, chunk.to - chunk.from);
                let text = String::from_utf8_lossy(bytes).replace('\r', "\\r").replace('\0', "\\0");
                let lines: Vec<&str> = text.split_terminator('\n').collect();
                let open = if bytes.ends_with(b"\n") { "" } else { " (no newline)" };
                match lines.len() {
                    0..10 => writeln!(self.text, "{name}: {}{open}", lines.join(" ")).unwrap(),
                    many => writeln!(self.text, "{name}: {many} lines{open}").unwrap(),
                }
            }
            Body::TooLong { head, .. } => {
                writeln!(self.text, "{name}: long line, head of {}", head.len()).unwrap();
            }
            Body::Hole => {}
        }
        let known = KnownFile {
            id: chunk.file.id,
            path: chunk.file.path.clone(),
            offset: chunk.to,
            mark: chunk.mark,
            earlier: Vec::new(),
        };
        self.handed.insert(chunk.file.id.0, known);
        Ok(())
    }

    fn event(&mut self, event: Event) {
        let text = match event {
            Event::FileAdded { file, .. } => format!("added {}", self.name(&file.path)),
            Event::Resumed { path, offset, .. } => {
                format!("resumed {} at {offset}", self.name(&path))
            }
            Event::Rotated { from, to, .. } => {
                format!("rotated {} to {}", self.name(&from), self.name(&to))
            }
            Event::Copied { file, path } => {
                format!("copied {} to {}", self.name(&file.path), self.name(&path))
            }
            Event::Truncated { path, .. } => format!("truncated {}", self.name(&path)),
            Event::Deleted { path, .. } => format!("deleted {}", self.name(&path)),
            Event::Finished { file, offset } => {
                format!("finished {} at {offset}", self.name(&file.path))
            }
            Event::Gap { file, bytes, why, .. } => {
                let bytes = bytes.map_or("?".to_owned(), |bytes| bytes.to_string());
                format!("gap of {bytes} in {}: {why:?}", self.name(&file.path))
            }
            Event::LineTooLong { bytes, .. } => format!("line of {bytes} bytes"),
            Event::Hole { bytes, .. } => format!("hole of {bytes} bytes"),
            Event::Unreadable { path, .. } => format!("unreadable {}", self.name(&path)),
            Event::Readable { path } => format!("readable {}", self.name(&path)),
            Event::Corrupt { path, .. } => format!("corrupt {}", self.name(&path)),
            Event::NotifyDown { .. } => "notify down".to_owned(),
            Event::NotifyOverflow => "notify overflow".to_owned(),
        };
        writeln!(self.text, "{text}").unwrap();
    }
}
