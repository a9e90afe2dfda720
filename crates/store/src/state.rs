//! `state.db`: what helps, and is never the authority.
//!
//! A mark recognises a log file on disk. It is written *before* the commit that carries the file
//! to its offset, under (file id, offset), so that whichever offset the table has after a crash,
//! the mark for it is here. The offset itself is read from the table and from nowhere else.
//!
//! The marks of earlier commits stay for a while: a copy that was made before the last commit may
//! end before its offset.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use fillwatch_model::{FileId, KnownFile, Mark, Micros};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use uuid::Uuid;

use crate::error::{Result, StoreError};
use crate::layout::Layout;

/// Marks kept of each file: as many commits as may be set aside when a store is opened (the log
/// checks its newest eight), and the one in flight.
const MARKS_KEPT: u32 = 10;

const SCHEMA: &str = "
    create table if not exists mark (
        file_id     integer not null,
        offset      integer not null,
        path        text    not null,
        dev         integer not null,
        ino         integer not null,
        prefix_len  integer not null,
        prefix_hash blob    not null,
        tail_len    integer not null,
        tail_hash   blob    not null,
        rows        integer not null,
        rejects     integer not null,
        conflicts   integer not null,
        first_seen  integer not null,
        last_read   integer not null,
        primary key (file_id, offset)
    ) strict, without rowid;
    create table if not exists field (
        name        text    not null primary key,
        first_seen  integer not null,
        n_values    integer not null,
        n_conflicts integer not null
    ) strict, without rowid;
    create table if not exists setting (
        key   text not null primary key,
        value text not null
    ) strict, without rowid;
";

/// One generation of a log file at one offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    pub(crate) id: FileId,
    pub(crate) offset: u64,
    pub(crate) path: PathBuf,
    pub(crate) mark: Mark,
    /// Rows of it in `events`.
    pub(crate) rows: u64,
    /// Its lines in `quarantine`.
    pub(crate) rejects: u64,
    /// Its values that did not fit their column.
    pub(crate) conflicts: u64,
    pub(crate) first_seen: Micros,
    pub(crate) last_read: Micros,
}

/// What was seen of one column since the store began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldState {
    pub(crate) first_seen: Micros,
    pub(crate) values: u64,
    pub(crate) conflicts: u64,
}

pub(crate) struct State {
    connection: Connection,
}

impl State {
    pub(crate) fn open(path: &Path) -> Result<State> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // A mark that a power cut takes back would leave a committed offset without one.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.execute_batch(SCHEMA)?;
        Ok(State { connection })
    }

    /// Opens the database, or, if what is there is none, sets it aside and begins anew: the log still
    /// recognises the files of recent commits.
    pub(crate) fn open_or_replace(layout: &Layout) -> Result<State> {
        let path = layout.state();
        let is_damage = |error: &rusqlite::Error| {
            use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
            matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
        };
        match State::open(&path) {
            Err(StoreError::State(error)) if is_damage(&error) => {
                let torn = layout.torn();
                fs::create_dir_all(&torn).map_err(StoreError::io("create", &torn))?;
                let aside = torn.join(format!("state-{}.db", Uuid::new_v4().simple()));
                fs::rename(&path, aside).map_err(StoreError::io("set aside", &path))?;
                State::open(&path)
            }
            opened => opened,
        }
    }

    /// For a process that only looks, beside one that writes. `None` if there is nothing to look at:
    /// the tables answer without it.
    pub(crate) fn look(path: &Path) -> Option<State> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Some(State { connection: Connection::open_with_flags(path, flags).ok()? })
    }

    /// The marks of the offsets in `committed`. The others belong to commits that came before, or
    /// that were never to land.
    pub(crate) fn files(&self, committed: &HashMap<FileId, u64>) -> Result<Vec<FileState>> {
        let mut statement = self.connection.prepare(
            "select file_id, offset, path, dev, ino, prefix_len, prefix_hash, tail_len, tail_hash,
                    rows, rejects, conflicts, first_seen, last_read
             from mark order by file_id, offset",
        )?;
        let all = statement.query_map([], read_file)?;
        let mut files = Vec::new();
        for file in all {
            let file = file?;
            if committed.get(&file.id) == Some(&file.offset) {
                files.push(file);
            }
        }
        Ok(files)
    }

    /// These files, in their order, for the tailer to recognise: with the marks of the commits
    /// before the last, as far as they are kept.
    pub(crate) fn known(&self, files: &[FileState]) -> Result<Vec<KnownFile>> {
        let mut statement = self.connection.prepare(
            "select file_id, offset, dev, ino, prefix_len, prefix_hash, tail_len, tail_hash
             from mark order by file_id, offset",
        )?;
        let mut rows = statement.query([])?;
        let mut marks: HashMap<FileId, Vec<(u64, Mark)>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let id = FileId(row.get::<_, i64>(0)?.cast_unsigned());
            let offset = row.get::<_, i64>(1)?.cast_unsigned();
            marks.entry(id).or_default().push((offset, read_mark(row, 2)?));
        }
        let known = |file: &FileState| {
            let mut earlier = marks.remove(&file.id).unwrap_or_default();
            // The later ones are of commits that did not land.
            earlier.retain(|(offset, _)| *offset < file.offset);
            let (path, mark) = (file.path.clone(), file.mark);
            KnownFile { id: file.id, path, offset: file.offset, mark, earlier }
        };
        Ok(files.iter().map(known).collect())
    }

    /// Some mark of a generation that has no commit yet, for what it says of the file's beginning.
    pub(crate) fn any_mark(&self, id: FileId) -> Result<Option<FileState>> {
        let found = self
            .connection
            .query_row(
                "select file_id, offset, path, dev, ino, prefix_len, prefix_hash, tail_len,
                        tail_hash, rows, rejects, conflicts, first_seen, last_read
                 from mark where file_id = ?1 order by offset limit 1",
                [id.0.cast_signed()],
                read_file,
            )
            .optional()?;
        Ok(found)
    }

    /// Writes marks ahead of the commit that reaches their offsets.
    pub(crate) fn write_ahead<'a>(
        &mut self,
        files: impl Iterator<Item = &'a FileState>,
    ) -> Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "insert or replace into mark
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?;
            for file in files {
                insert.execute(params![
                    file.id.0.cast_signed(),
                    file.offset.cast_signed(),
                    file.path.to_string_lossy(),
                    file.mark.dev.cast_signed(),
                    file.mark.ino.cast_signed(),
                    file.mark.prefix_len,
                    file.mark.prefix_hash.to_be_bytes(),
                    file.mark.tail_len,
                    file.mark.tail_hash.to_be_bytes(),
                    file.rows.cast_signed(),
                    file.rejects.cast_signed(),
                    file.conflicts.cast_signed(),
                    file.first_seen,
                    file.last_read,
                ])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// After a commit: forgets the marks it made obsolete and counts what its fields held. A crash
    /// in between leaves the counters of `fields` one commit short, never the rows.
    pub(crate) fn settle<'a>(
        &mut self,
        files: impl Iterator<Item = &'a FileState>,
        fields: impl Iterator<Item = (&'a str, FieldState)>,
    ) -> Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut forget = transaction.prepare_cached(
                "delete from mark where file_id = ?1 and offset < (
                         select min(offset) from (
                             select offset from mark where file_id = ?1
                             order by offset desc limit ?2))",
            )?;
            for file in files {
                forget.execute(params![file.id.0.cast_signed(), MARKS_KEPT])?;
            }
            let mut count = transaction.prepare_cached(
                "insert into field values (?1, ?2, ?3, ?4)
                 on conflict (name) do update set n_values = ?3, n_conflicts = ?4",
            )?;
            for (name, field) in fields {
                count.execute(params![
                    name,
                    field.first_seen,
                    field.values.cast_signed(),
                    field.conflicts.cast_signed(),
                ])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    pub(crate) fn fields(&self) -> Result<HashMap<String, FieldState>> {
        let mut statement =
            self.connection.prepare("select name, first_seen, n_values, n_conflicts from field")?;
        let rows = statement.query_map([], |row| {
            let state = FieldState {
                first_seen: row.get(1)?,
                values: row.get::<_, i64>(2)?.cast_unsigned(),
                conflicts: row.get::<_, i64>(3)?.cast_unsigned(),
            };
            Ok((row.get(0)?, state))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(crate) fn setting(&self, key: &str) -> Result<Option<String>> {
        let value = self
            .connection
            .query_row("select value from setting where key = ?1", [key], |row| row.get(0))
            .optional()?;
        Ok(value)
    }
}

/// The mark in the six columns from `first` on.
fn read_mark(row: &Row<'_>, first: usize) -> rusqlite::Result<Mark> {
    let unsigned = |at: usize| row.get::<_, i64>(first + at).map(i64::cast_unsigned);
    let hash = |at: usize| row.get::<_, [u8; 16]>(first + at).map(u128::from_be_bytes);
    Ok(Mark {
        dev: unsigned(0)?,
        ino: unsigned(1)?,
        prefix_len: row.get(first + 2)?,
        prefix_hash: hash(3)?,
        tail_len: row.get(first + 4)?,
        tail_hash: hash(5)?,
    })
}

fn read_file(row: &Row<'_>) -> rusqlite::Result<FileState> {
    let unsigned = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
    Ok(FileState {
        id: FileId(unsigned(0)?),
        offset: unsigned(1)?,
        path: PathBuf::from(row.get::<_, String>(2)?),
        mark: read_mark(row, 3)?,
        rows: unsigned(9)?,
        rejects: unsigned(10)?,
        conflicts: unsigned(11)?,
        first_seen: row.get(12)?,
        last_read: row.get(13)?,
    })
}
