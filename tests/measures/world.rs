//! Logs in a store on disk, and the answers of the views over it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fillwatch_decode::{Decoder, Mapping};
use fillwatch_model::{Body, FileId, LineChunk, LogFile, ManualClock, Mark, Micros, SourceId};
use fillwatch_query::{
    Closes, Options, QueryError, RelationKind, Session, Tables, Views, Window, close,
};
use fillwatch_store::{Reader, Store};
use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;

use super::raw::Log;
use super::table::{Row, rows};

/// When the lines are read, unless a window says otherwise: later than all of them.
pub(super) const READ_AT: Micros = 1_798_761_600_000_000; // 2027-01-01T00:00:00Z

/// A store on disk.
pub(super) struct World {
    folder: TempDir,
    views: Arc<Views>,
    closes: Closes,
}

/// A view that ships.
pub(super) struct View {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) columns: Vec<String>,
}

/// Some whole lines, of one file.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) path: String,
    pub(super) text: String,
    /// Whether a commit follows.
    pub(super) commit: bool,
}

impl World {
    /// A store of these logs, each read in one piece, committed in the end.
    pub(super) async fn of(logs: &[Log]) -> World {
        let piece =
            |log: &Log| Piece { path: log.path.clone(), text: log.text.clone(), commit: false };
        World::of_pieces(logs.iter().map(piece)).await
    }

    /// A store of these pieces, read one after the other. Pieces of one path are of one file.
    pub(super) async fn of_pieces(pieces: impl IntoIterator<Item = Piece>) -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(READ_AT));
        let store = Store::open(folder.path(), fillwatch_store::Options::default(), clock);
        let store = store.await.unwrap();
        let mut decoder = Decoder::new(Arc::from([Mapping::default()]), Arc::clone(store.fields()));
        let mut files: Vec<(Arc<LogFile>, u64)> = Vec::new();
        for piece in pieces {
            let at = files.iter().position(|(file, _)| *file.path == *Path::new(&piece.path));
            let at = at.unwrap_or_else(|| {
                let id = FileId(files.len() as u64 + 1);
                let path = piece.path.as_str().into();
                files.push((Arc::new(LogFile { id, path, source: SourceId(0) }), 0));
                files.len() - 1
            });
            let (file, offset) = &mut files[at];
            // What the tailer hands on is no longer than some MiB either.
            for text in chunks(&piece.text) {
                let from = *offset;
                *offset += text.len() as u64;
                let chunk = LineChunk {
                    file: Arc::clone(file),
                    from,
                    to: *offset,
                    body: Body::Lines(text.as_bytes().to_vec()),
                    mark: Mark {
                        dev: 1,
                        ino: 1,
                        prefix_len: 0,
                        prefix_hash: 0,
                        tail_len: 0,
                        tail_hash: 0,
                    },
                    read_at: READ_AT,
                };
                let decoded = decoder.decode(&[chunk]);
                assert!(decoded.rejects.is_empty(), "{}: {:?}", piece.path, decoded.rejects);
                store.push(decoded).unwrap().unwrap();
            }
            if piece.commit {
                store.commit().await.unwrap();
            }
        }
        store.commit().await.unwrap();
        let views = Arc::new(Views::none().and(&sql_folder().join("views")).unwrap());
        World { folder, views, closes: Closes::none() }
    }

    async fn session(&self, window: Window) -> Session {
        let mut tables = self.tables().await;
        tables.closes = self.closes.clone();
        Session::new(tables, window, self.options()).unwrap()
    }

    async fn tables(&self) -> Tables {
        let snapshot = Reader::open(self.folder.path()).unwrap().committed().await.unwrap();
        Tables {
            events: snapshot.events(),
            quarantine: snapshot.quarantine(),
            sources: snapshot.sources().unwrap(),
            fields: snapshot.fields().unwrap(),
            closes: Closes::none(),
            alerts: fillwatch_query::Alerts::default(),
            reference: Vec::new(),
        }
    }

    fn options(&self) -> Options {
        Options { views: Arc::clone(&self.views), ..Options::at(READ_AT).unwrap() }
    }

    /// Closes at these times, each made from the one before it, in the place of those there were.
    pub(super) async fn close_at(&mut self, times: &[Micros]) {
        self.closes = Closes::none();
        let mut rows = Vec::new();
        for &at in times {
            let mut tables = self.tables().await;
            tables.closes = self.closes.clone();
            let parts = close::compute_from(&parts(), tables, at, self.options()).await;
            rows.extend(parts.unwrap_or_else(|error| panic!("the close at {at}: {error}")));
            self.closes.at.push(at);
            self.closes.table = close::table(&rows).unwrap();
        }
    }

    /// One look through `window`, for several questions.
    pub(super) async fn look(&self, window: Window) -> Look {
        Look { session: Arc::new(self.session(window).await) }
    }

    /// The rows that `sql` gives through `window`, in which `$now` is the window's end.
    pub(super) async fn ask(&self, window: Window, sql: &str) -> Vec<Row> {
        self.look(window).await.ask(sql).await
    }

    /// All rows and columns of a view.
    pub(super) async fn view(&self, window: Window, view: &str) -> Vec<Row> {
        self.ask(window, &format!("select * from {view}")).await
    }
}

/// One look at a world through a window. A view that one question made it plan is there for the
/// next, which in a debug build is most of what a question costs.
#[derive(Clone)]
pub(super) struct Look {
    session: Arc<Session>,
}

impl Look {
    pub(super) async fn ask(&self, sql: &str) -> Vec<Row> {
        self.try_ask(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    async fn try_ask(&self, sql: &str) -> Result<Vec<Row>, QueryError> {
        let answer = self.session.query(sql).await?;
        let batches: Vec<_> = answer.stream.try_collect().await?;
        Ok(rows(&batches))
    }

    /// The answers to several questions, in their order, worked out side by side.
    pub(super) async fn ask_all(&self, asked: impl IntoIterator<Item = String>) -> Vec<Vec<Row>> {
        let asked: Vec<String> = asked.into_iter().collect();
        let answers = self.try_all(asked.iter().cloned()).await.into_iter().zip(&asked);
        answers.map(|(answer, sql)| answer.unwrap_or_else(|e| panic!("{sql}: {e}"))).collect()
    }

    pub(super) async fn try_all(
        &self,
        asked: impl IntoIterator<Item = String>,
    ) -> Vec<Result<Vec<Row>, QueryError>> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let answers = asked.into_iter().map(|sql| {
            let look = self.clone();
            tokio::spawn(async move { look.try_ask(&sql).await })
        });
        stream::iter(answers).buffered(threads).map(Result::unwrap).collect().await
    }

    /// All views there are.
    pub(super) fn views(&self) -> Vec<View> {
        let relations = self.session.relations();
        let views = relations.into_iter().filter(|it| it.kind == RelationKind::View);
        views
            .map(|relation| {
                assert_eq!(relation.broken, None, "{}", relation.name);
                let columns = relation.columns.into_iter().map(|(name, _)| name).collect();
                View { name: relation.name, doc: relation.doc, columns }
            })
            .collect()
    }
}

/// The project's, or another to try things in, as in the tests of the views: `SQL=/tmp/sql`.
fn sql_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("SQL") {
        return folder.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sql")
}

/// The files of `sql/closes`, by name.
fn parts() -> Vec<(String, String)> {
    let files = fs::read_dir(sql_folder().join("closes")).unwrap().map(|file| file.unwrap().path());
    let mut parts: Vec<(String, String)> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "sql"))
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(file).unwrap())
        })
        .collect();
    parts.sort();
    parts
}

fn chunks(text: &str) -> Vec<&str> {
    const BYTES: usize = 1 << 20;
    let mut chunks = Vec::new();
    let mut rest = text;
    while rest.len() > BYTES {
        let end = BYTES + rest[BYTES..].find('\n').map_or(rest.len() - BYTES, |at| at + 1);
        let (chunk, after) = rest.split_at(end);
        chunks.push(chunk);
        rest = after;
    }
    if !rest.is_empty() {
        chunks.push(rest);
    }
    chunks
}
