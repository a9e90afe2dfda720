//! Chunks in, rows and rejects out.

use std::sync::Arc;

use fillwatch_model::{
    Body, Decoded, Fields, FileId, LineChunk, LogFile, Progress, Reason, Reject, SourceId,
};
use hashbrown::HashMap;

use crate::attrs::Attrs;
use crate::batch::{Entry, Place, RowFacts, Rows};
use crate::bot;
use crate::columns::Columns;
use crate::kind::{self, Sense};
use crate::mapping::Mapping;
use crate::plan::PlanKey;
use crate::prefix::Prefix;
use crate::row::RowWriter;
use crate::scan::{self, Fault};
use crate::source::{Read, Source};
use crate::verdict::{EventText, Evidence};

/// Turns lines into rows. It holds what it has learnt of each source, and nothing of a batch once
/// that is returned.
///
/// Decoding cannot fail: a line is a row (or several: glued objects), or it is a reject, or it is
/// blank. The offset of a line's first row or reject is that of the line's first byte, whatever
/// stands before the object; those of what follows on the same line are their own.
#[derive(Debug)]
pub struct Decoder {
    mappings: Arc<[Mapping]>,
    fields: Arc<Fields>,
    sources: HashMap<SourceId, Source>,
    files: HashMap<FileId, Origin>,
    columns: Columns,
    rows: Rows,
    attrs: Attrs,
    rejects: Vec<Reject>,
    follows: bool,
}

/// What a file's path says.
#[derive(Clone, Debug)]
struct Origin {
    bot: Arc<str>,
    stem: Arc<str>,
    holds: Sense,
}

/// More files than this are not remembered at once; what is known of them is quickly found again.
const FILES_MAX: usize = 16 << 10;

impl Decoder {
    /// A decoder that knows nothing yet. `mappings` are indexed by [`SourceId`]; a source without
    /// one is read as [`Mapping::default`] says. `fields` is shared by all decoders of a table.
    pub fn new(mappings: Arc<[Mapping]>, fields: Arc<Fields>) -> Decoder {
        Decoder {
            mappings,
            fields,
            sources: HashMap::new(),
            files: HashMap::new(),
            columns: Columns::default(),
            rows: Rows::with_capacity(0),
            attrs: Attrs::default(),
            rejects: Vec::new(),
            follows: true,
        }
    }

    /// The same, but every line takes the general way.
    #[cfg(test)]
    pub(crate) fn without_shapes(mut self) -> Decoder {
        self.follows = false;
        self
    }

    /// Reads chunks of any files, those of one file in order and without gaps, into one batch.
    pub fn decode(&mut self, chunks: &[LineChunk]) -> Decoded {
        let mut progress: Vec<Progress> = Vec::new();
        let mut by_file: HashMap<FileId, usize> = HashMap::new();
        for chunk in chunks {
            let (rows, rejects) = (self.rows.len(), self.rejects.len());
            let conflicts = self.columns.conflicts();
            self.chunk(chunk);
            let at = *by_file.entry(chunk.file.id).or_insert_with(|| {
                progress.push(Progress {
                    file: Arc::clone(&chunk.file),
                    from: chunk.from,
                    to: chunk.from,
                    mark: chunk.mark,
                    rows: 0,
                    rejects: 0,
                    conflicts: 0,
                });
                progress.len() - 1
            });
            let piece = &mut progress[at];
            piece.to = chunk.to;
            piece.mark = chunk.mark;
            piece.rows += (self.rows.len() - rows) as u64;
            piece.rejects += (self.rejects.len() - rejects) as u64;
            piece.conflicts += self.columns.conflicts() - conflicts;
        }
        let (batch, fields) = self.rows.finish(&mut self.columns, &self.fields);
        Decoded { batch, rejects: std::mem::take(&mut self.rejects), progress, fields }
    }

    /// What is known of a source.
    pub(crate) fn source(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(&id)
    }

    fn chunk(&mut self, chunk: &LineChunk) {
        match &chunk.body {
            Body::Lines(bytes) => self.lines(chunk, bytes),
            Body::TooLong { head, hash } => self.rejects.push(Reject {
                file: Arc::clone(&chunk.file),
                offset: chunk.from,
                len: chunk.to - chunk.from,
                reason: Reason::TooLong { hash: *hash },
                raw: head.clone(),
                read_at: chunk.read_at,
            }),
            Body::Hole => {}
        }
    }

    fn lines(&mut self, chunk: &LineChunk, bytes: &[u8]) {
        let origin = self.origin(&chunk.file);
        let id = chunk.file.source;
        // Taken out and put back, so that it and the batch can be written to side by side.
        let mut source = self.sources.remove(&id).unwrap_or_else(|| {
            let mapping = self.mappings.get(id.0 as usize).cloned().unwrap_or_default();
            Source::new(mapping, self.follows)
        });
        let bot = source.mapping.bot.as_deref().unwrap_or(&origin.bot);
        let bot = self.rows.bot(bot.as_bytes());
        let place = self.rows.place(&chunk.file, chunk.read_at);
        let mut lines = Lines {
            chunk,
            source: &mut source,
            origin: &origin,
            bot,
            place,
            fields: &self.fields,
            columns: &mut self.columns,
            rows: &mut self.rows,
            attrs: &mut self.attrs,
            rejects: &mut self.rejects,
        };
        lines.read(bytes);
        self.sources.insert(id, source);
    }

    fn origin(&mut self, file: &LogFile) -> Origin {
        if let Some(known) = self.files.get(&file.id) {
            return known.clone();
        }
        let stem = bot::stem(&file.path);
        let holds = match bot::data_word(&stem) {
            Some(word) => kind::event_words(&word).sense,
            None => Sense::Unknown,
        };
        let origin = Origin { bot: bot::from_path(&file.path).into(), stem: stem.into(), holds };
        if self.files.len() >= FILES_MAX {
            self.files.clear();
        }
        self.files.insert(file.id, origin.clone());
        origin
    }
}

/// One chunk's lines on their way into the batch.
struct Lines<'a> {
    chunk: &'a LineChunk,
    source: &'a mut Source,
    origin: &'a Origin,
    bot: Entry,
    place: Place,
    fields: &'a Fields,
    columns: &'a mut Columns,
    rows: &'a mut Rows,
    attrs: &'a mut Attrs,
    rejects: &'a mut Vec<Reject>,
}

/// A line, or what is left of one.
#[derive(Clone, Copy)]
struct Line<'l> {
    /// What is read.
    text: &'l [u8],
    /// The bytes as they are; others than `text` only where that had to be made UTF-8, and as many.
    bytes: &'l [u8],
    /// Offset of the first byte in the file.
    offset: u64,
}

impl Lines<'_> {
    fn read(&mut self, bytes: &[u8]) {
        let is_utf8 = simdutf8::basic::from_utf8(bytes).is_ok();
        let mut start = 0;
        while start < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
            let line = without_return(&bytes[start..end]);
            let offset = self.chunk.from + start as u64;
            if is_utf8 || simdutf8::basic::from_utf8(line).is_ok() {
                self.line(Line { text: line, bytes: line, offset });
            } else {
                let repaired = replace_invalid(line);
                self.line(Line { text: &repaired, bytes: line, offset });
            }
            start = end + 1;
        }
    }

    fn line(&mut self, line: Line<'_>) {
        const BOM: &[u8] = b"\xef\xbb\xbf";
        let text = line.text;
        let begin = if text.starts_with(BOM) { BOM.len() } else { 0 };
        let start = scan::skip_space(text, begin);
        match text.get(start) {
            None => {}
            // The tailer cuts lines far shorter; tokens count in 32 bits.
            Some(_) if text.len() > u32::MAX as usize => {
                let expected = "a line of less than 4 GiB";
                self.reject(line, 0, Reason::Malformed { expected, at: u32::MAX as usize });
            }
            Some(b'{') => self.objects(line, start, None),
            Some(_) if scan::whole(&text[start..]).is_some() => {
                self.reject(line, 0, Reason::NotAnObject);
            }
            Some(_) => match object_after(text, start) {
                Some(brace) => {
                    let prefix = Prefix::read(&text[start..brace], &mut self.source.zone);
                    self.objects(line, brace, Some(prefix));
                }
                None => self.reject(line, 0, Reason::NotJson),
            },
        }
    }

    /// Reads the object at `at` and those glued to it.
    fn objects(&mut self, line: Line<'_>, mut at: usize, prefix: Option<Prefix<'_>>) {
        let mut prefix = prefix;
        let mut begin = 0;
        loop {
            let read = match self.source.read(line.text, at) {
                Ok(read) => read,
                Err(fault) => return self.reject(line, begin, reason(fault, begin)),
            };
            let end = read.end;
            self.row(line, begin, &read, prefix.take());
            at = scan::skip_space(line.text, end);
            begin = at;
            match line.text.get(at) {
                None => return,
                Some(b'{') => {}
                Some(_) => {
                    let expected = "the end of the line or another object";
                    return self.reject(line, at, Reason::Malformed { expected, at: 0 });
                }
            }
        }
    }

    #[inline]
    fn row(&mut self, line: Line<'_>, begin: usize, read: &Read, prefix: Option<Prefix<'_>>) {
        let parts = self.source.parts(read.shape);
        let evidence = Evidence {
            line: line.text,
            tokens: parts.tokens,
            facts: &parts.shape.facts,
            file: self.origin.holds,
        };
        let verdict = evidence.judge(parts.words, parts.mapping.kind);
        let event = match verdict.event {
            EventText::Field(at) => Some(at),
            _ => None,
        };
        let key = PlanKey { kind: verdict.kind, event };
        let plan = parts.shape.plan(key, parts.paths, parts.mapping.bot.is_some());
        let plan = &mut parts.shape.plans[plan].1;
        plan.rows += 1;
        let mut writer = RowWriter {
            line: line.text,
            tokens: parts.tokens,
            ids: &parts.shape.fields,
            paths: parts.paths,
            table: self.fields,
            columns: self.columns,
            attrs: self.attrs,
        };
        let stamp = writer.write(plan, parts.zone);
        writer.side(plan, verdict.kind, verdict.side);
        match verdict.event {
            EventText::Copy(at, length) => writer.event(at, length),
            EventText::File => writer.event_text(&self.origin.stem),
            EventText::Field(_) | EventText::None => {}
        }
        if parts.shape.facts.is_clef && parts.shape.facts.level.is_none() {
            writer.default_level();
        }
        if let Some(prefix) = &prefix {
            writer.prefix(prefix.text, prefix.level, prefix.logger);
        }
        for (key, value) in parts.unnamed {
            writer.unnamed(key, value);
        }
        if !std::ptr::eq(line.text, line.bytes) {
            writer.not_utf8(line.bytes);
        }
        let bot = writer.bot(plan, self.rows).unwrap_or(self.bot);
        writer.finish();
        let stamp = stamp.or(prefix.and_then(|prefix| prefix.time));
        if let Some(stamp) = stamp {
            parts.forms[stamp.form as usize] += 1;
        }
        self.rows.push(RowFacts {
            time: stamp.map(|stamp| stamp.micros),
            kind: verdict.kind,
            bot,
            place: self.place,
            offset: line.offset + begin as u64,
        });
    }

    /// Puts what of the line begins at `begin` aside.
    fn reject(&mut self, line: Line<'_>, begin: usize, reason: Reason) {
        let raw = &line.bytes[begin..];
        self.rejects.push(Reject {
            file: Arc::clone(&self.chunk.file),
            offset: line.offset + begin as u64,
            len: raw.len() as u64,
            reason,
            raw: raw.to_vec(),
            read_at: self.chunk.read_at,
        });
    }
}

fn reason(fault: Fault, begin: usize) -> Reason {
    match fault {
        Fault::Malformed { expected, at } => Reason::Malformed { expected, at: at - begin },
        Fault::TooDeep => Reason::TooDeep,
    }
}

/// The first brace from `start` on that begins a key.
fn object_after(text: &[u8], start: usize) -> Option<usize> {
    memchr::memchr_iter(b'{', &text[start..])
        .map(|at| start + at)
        .find(|at| text.get(scan::skip_space(text, at + 1)) == Some(&b'"'))
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The line with a question mark for each byte that is not UTF-8, so that every other byte keeps
/// its place.
#[cold]
fn replace_invalid(line: &[u8]) -> Vec<u8> {
    let mut repaired = Vec::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        repaired.extend_from_slice(chunk.valid().as_bytes());
        repaired.resize(repaired.len() + chunk.invalid().len(), b'?');
    }
    repaired
}
