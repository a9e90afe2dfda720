//! The audit: every line of every log file is in the table or in quarantine, once.
//!
//! It splits the files by itself, knowing nothing of JSON, and compares the lines it finds with the
//! offsets that the tables have.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use fillwatch_decode::{Decoder, Mapping};
use fillwatch_model::{Body, Clock, Fields, FileId, LineChunk, LogFile, Mark, SourceId, limits};
use fillwatch_query::{Session, Window};
use fillwatch_store::{Reader, SourceState};
use fillwatch_tail::{Closed, Event, FileState, FileStatus, Sink, Source, Tailer, open_plain};
use futures::TryStreamExt;
use memchr::memchr;

use crate::{ServeError, attach, tables};

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Each file that is still on disk.
    pub files: Vec<AuditedFile>,
    /// Files in the store that are no longer on disk: nothing to compare with.
    pub gone: Vec<PathBuf>,
    /// Files on disk with bytes that the store has not read: how many.
    pub unread: Vec<(PathBuf, u64)>,
    /// Rows of files that `state.db` knows nothing of, so that they cannot be looked for.
    pub unknown_rows: u64,
}

/// What an audit found of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditedFile {
    /// The generation.
    pub id: String,
    /// Where it lies now.
    pub path: PathBuf,
    /// How far it was compared, in bytes: as far as the store says it has it.
    pub bytes: u64,
    /// Lines up to there that are not blank.
    pub lines: u64,
    /// Rows in `events`.
    pub rows: u64,
    /// Lines, or parts of lines, in `quarantine`.
    pub rejects: u64,
    /// Lines of days that retention has removed.
    pub expired: u64,
    /// Offsets of lines that are in neither table.
    pub missing: Vec<u64>,
    /// Offsets that are there more than once.
    pub twice: Vec<u64>,
    /// Offsets that are in no line of the file.
    pub stray: Vec<u64>,
}

impl AuditedFile {
    /// Every line is there, once, and nothing else.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.twice.is_empty() && self.stray.is_empty()
    }
}

impl Audit {
    /// Every line of every file that is still on disk is there, once.
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(AuditedFile::is_whole)
    }
}

/// Compares the store in `dir` with the log files that are still on disk, among `sources` and in
/// the folders where the store's files were first seen. `audited` hears of each file as it is done.
///
/// # Errors
/// If the store, or a log file, cannot be read.
pub async fn verify(
    dir: &Path,
    sources: Vec<Source>,
    clock: Arc<dyn Clock>,
    audited: &mut dyn FnMut(&AuditedFile),
) -> Result<Audit, ServeError> {
    let attached = attach(dir).await?;
    let retained_from = attached.snapshot.retained_from();
    let states: HashMap<FileId, SourceState> =
        attached.snapshot.source_states().into_iter().map(|state| (state.id, state)).collect();
    let options = fillwatch_query::Options::at(clock.now())?;
    let session = Session::new(tables::of(&attached.snapshot)?, Window::ALL, options)?;
    let (found, unread) = find(dir, &states, sources, &clock).await?;
    let mut rows = offsets(&session, "events").await?;
    let mut rejects = offsets(&session, "quarantine").await?;
    let mut audit = Audit { unread, ..Audit::default() };
    for state in states.values() {
        let Some(path) = found.get(&state.id) else {
            audit.gone.push(state.path.clone());
            continue;
        };
        let rows = rows.remove(&state.id).unwrap_or_default();
        let rejects = rejects.remove(&state.id).unwrap_or_default();
        let read = |source| ServeError::Read { path: path.clone(), source };
        let mut file = compare(path, state.read_bytes, &rows, &rejects).map_err(read)?;
        file.id = state.id.to_string();
        if let Some(from) = retained_from {
            set_expired_apart(&mut file, from, clock.now()).map_err(read)?;
        }
        audited(&file);
        audit.files.push(file);
    }
    audit.unknown_rows = rows.values().chain(rejects.values()).map(|left| left.len() as u64).sum();
    audit.files.sort_by(|a, b| a.path.cmp(&b.path));
    audit.gone.sort();
    Ok(audit)
}

/// All offsets of each file in a table: eight bytes a row.
async fn offsets(session: &Session, table: &str) -> Result<HashMap<FileId, Vec<u64>>, ServeError> {
    let sql = format!(r#"select arrow_cast(file_id, 'Utf8') as file_id, "offset" from {table}"#);
    let mut answer = session.query(&sql).await?;
    let mut offsets: HashMap<FileId, Vec<u64>> = HashMap::new();
    while let Some(batch) = answer.stream.try_next().await? {
        let ids = batch.column(0).as_string::<i32>();
        let values = batch.column(1).as_primitive::<Int64Type>();
        for (id, offset) in ids.iter().zip(values.values()) {
            if let Some(Ok(id)) = id.map(str::parse) {
                offsets.entry(id).or_default().push(offset.cast_unsigned());
            }
        }
    }
    Ok(offsets)
}

/// Where the generations lie now, and what lies there that was not read. The tailer knows how to
/// recognise them; what it reads beyond them is of no interest here.
async fn find(
    dir: &Path,
    states: &HashMap<FileId, SourceState>,
    mut sources: Vec<Source>,
    clock: &Arc<dyn Clock>,
) -> Result<(HashMap<FileId, PathBuf>, Vec<(PathBuf, u64)>), ServeError> {
    let known = Reader::open(dir)?.known_files().await?;
    // Without sources to go by, whatever lies beside the files of the store is meant to be in it.
    let named = if sources.is_empty() { usize::MAX } else { sources.len() };
    let folders: BTreeSet<&Path> =
        states.values().filter_map(|state| state.path.parent()).collect();
    for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
        let id = SourceId(sources.len() as u32);
        sources.extend(Source::new(id, &folder.to_string_lossy(), &[]).ok());
    }
    let options = fillwatch_tail::Options { notify: false, ..Default::default() };
    let mut tailer = Tailer::new(sources, known, options, Arc::clone(clock))?;
    let statuses: Vec<FileStatus> = tokio::task::spawn_blocking(move || {
        // Three looks: a copy is told from a new file only when both have been seen to stand still.
        for _ in 0..3 {
            if tailer.sweep(&mut Nobody).is_err() {
                break;
            }
            tailer.wait(Duration::from_millis(260));
        }
        tailer.files().collect()
    })
    .await
    .map_err(|_| ServeError::Died("audit"))?;
    let (mut found, mut unread) = (HashMap::new(), Vec::new());
    for status in statuses.into_iter().filter(is_on_disk) {
        let read = states.get(&status.file.id).map(|state| state.read_bytes);
        if read.is_some() {
            found.insert(status.file.id, status.path.clone());
        }
        let waiting = status.size.saturating_sub(read.unwrap_or(0));
        if waiting > 0 && (read.is_some() || (status.file.source.0 as usize) < named) {
            unread.push((status.path, waiting));
        }
    }
    unread.sort();
    Ok((found, unread))
}

/// Whether a generation can be read; another may lie under its last path by now.
fn is_on_disk(status: &FileStatus) -> bool {
    matches!(status.state, FileState::Active | FileState::Rotated) && status.path.exists()
}

struct Nobody;

impl Sink for Nobody {
    fn chunk(&mut self, _chunk: LineChunk) -> Result<(), Closed> {
        Ok(())
    }

    fn event(&mut self, _event: Event) {}
}

/// Walks the first `bytes` bytes of a file beside the ascending offsets of its rows and rejects.
fn compare(path: &Path, bytes: u64, rows: &[u64], rejects: &[u64]) -> io::Result<AuditedFile> {
    let mut offsets: Vec<u64> = [rows, rejects].concat();
    offsets.sort_unstable();
    let mut file = AuditedFile {
        path: path.to_owned(),
        bytes,
        rows: rows.len() as u64,
        rejects: rejects.len() as u64,
        twice: offsets.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect(),
        ..AuditedFile::default()
    };
    let mut next = offsets.into_iter().peekable();
    for_each_line(open_plain(path)?.take(bytes), |line| {
        while let Some(stray) = next.next_if(|offset| *offset < line.start) {
            file.stray.push(stray);
        }
        let mut found = false;
        while next.next_if(|offset| *offset < line.end).is_some() {
            found = true;
        }
        if !line.blank {
            file.lines += 1;
            if !found {
                file.missing.push(line.start);
            }
        }
    })?;
    file.stray.extend(next);
    Ok(file)
}

struct Line {
    start: u64,
    end: u64,
    blank: bool,
}

/// Splits at newlines, in memory that does not depend on how long a line is.
fn for_each_line(mut input: impl Read, mut each: impl FnMut(Line)) -> io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    let (mut at, mut start, mut blank) = (0_u64, 0_u64, true);
    loop {
        let length = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut rest = &buffer[..length];
        while let Some(newline) = memchr(b'\n', rest) {
            let end = at + newline as u64 + 1;
            blank &= rest[..newline].iter().all(is_blank);
            each(Line { start, end, blank });
            (at, start, blank) = (end, end, true);
            rest = &rest[newline + 1..];
        }
        blank &= rest.iter().all(is_blank);
        at += rest.len() as u64;
    }
    if at > start {
        each(Line { start, end: at, blank });
    }
    Ok(())
}

/// White space, the NULs of a hole, and the three bytes of a byte order mark.
fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | 0 | 0xef | 0xbb | 0xbf)
}

/// Lines whose day retention has removed are not missing. Which day a line is of, only the decoder
/// can say.
fn set_expired_apart(file: &mut AuditedFile, retained_from: i32, now: i64) -> io::Result<()> {
    if file.missing.is_empty() {
        return Ok(());
    }
    let missing: BTreeSet<u64> = std::mem::take(&mut file.missing).into_iter().collect();
    let mut input = open_plain(&file.path)?.take(file.bytes);
    let mut decoder =
        Decoder::new(Arc::from([Mapping::default()]), Arc::new(Fields::new(limits::COLUMNS_MAX)));
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    for start in missing {
        let rest = text.get(start as usize..).unwrap_or_default();
        let line = &rest[..memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)];
        if day_of(&mut decoder, &file.path, line, now).is_some_and(|day| day < retained_from) {
            file.expired += 1;
        } else {
            file.missing.push(start);
        }
    }
    Ok(())
}

fn day_of(decoder: &mut Decoder, path: &Path, line: &[u8], now: i64) -> Option<i32> {
    let chunk = LineChunk {
        file: Arc::new(LogFile { id: FileId(0), path: path.to_owned(), source: SourceId(0) }),
        from: 0,
        to: line.len() as u64,
        body: Body::Lines(line.to_vec()),
        mark: Mark { dev: 0, ino: 0, prefix_len: 0, prefix_hash: 0, tail_len: 0, tail_hash: 0 },
        read_at: now,
    };
    let decoded = decoder.decode(&[chunk]);
    let ts = decoded.batch.column_by_name("ts")?;
    let ts = ts.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
    let micros = ts.values().first()?;
    Some(micros.div_euclid(86_400_000_000) as i32)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn check(text: &str, rows: &[u64], rejects: &[u64], expect: (u64, &[u64], &[u64], &[u64])) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let audited = compare(file.path(), text.len() as u64, rows, rejects).unwrap();
        let found = (
            audited.lines,
            audited.missing.as_slice(),
            audited.twice.as_slice(),
            audited.stray.as_slice(),
        );
        assert_eq!(found, expect, "{text:?} {rows:?} {rejects:?}");
    }

    #[test]
    fn every_line_is_there_once() {
        check("{}\n\n \r\nplain\n{}{}\n{}", &[0, 13, 15, 18], &[7], (4, &[], &[], &[]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        check("{}\n{}\n{}\n", &[0, 6], &[], (3, &[3], &[], &[]));
        check("{}\n{}\n", &[0, 0, 3], &[], (2, &[], &[0], &[]));
        check("{}\n{}\n", &[0, 3], &[3], (2, &[], &[3], &[]));
        check("{}\n{}\n", &[0, 3, 9], &[], (2, &[], &[], &[9]));
    }
}
