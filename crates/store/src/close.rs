//! The table `daily_close`: the state of everything at the end of each UTC day.
//!
//! One file a day, in the partition of the day that it ends. What the close was made of is in the
//! file's name: there it outlives every checkpoint, is exchanged together with the rows, and is
//! read with the log. Closes are few and small, so neither compaction nor retention touches them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, RecordBatch};
use arrow::compute::{cast_with_options, concat_batches};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use fillwatch_model::{ColumnType, Micros};

use crate::error::{Result, StoreError};
use crate::file::{DataFile, end_of, format_date};
use crate::rows::{DayRows, conform_to, with_columns_of};
use crate::running::{RunningClose, RunningToken};
use crate::table::{Table, new_commit_id};
use crate::time::TimeColumn;
use crate::validity::Fingerprint;
use crate::writer::Store;

pub(crate) const TABLE: &str = "daily_close";

/// The columns before the first close; each close adds those that it is the first to have.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("close_at", ColumnType::Time.arrow(), false),
        Field::new("date", ColumnType::Date.arrow(), false),
        Field::new("part", ColumnType::Text.arrow(), true),
    ]))
});

/// The ground on which a day can be closed: which rows its close is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    pub(crate) day: i32,
    pub(crate) made_of: Fingerprint,
    pub(crate) rows: u64,
}

impl Basis {
    /// The day, in days since the epoch.
    pub fn day(&self) -> i32 {
        self.day
    }

    /// The day, `YYYY-MM-DD`.
    pub fn date(&self) -> String {
        format_date(self.day)
    }

    /// The midnight that ends it.
    pub fn at(&self) -> Micros {
        end_of(self.day)
    }

    /// Rows of `events` of that day.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn file_name(&self, commit: &str) -> String {
        format!("{PREFIX}{:016x}-{commit}", self.made_of.0)
    }
}

const PREFIX: &str = "close-";

/// A close that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayClosed {
    /// The day, `YYYY-MM-DD`.
    pub day: String,
    /// Rows of the close.
    pub rows: u64,
    /// The version of `daily_close` that it made.
    pub version: u64,
}

impl Store {
    /// Commits the close of a day, in the place of the one that was there. All rows have `close_at`,
    /// which is [`Basis::at`], and `part`; there may be none.
    ///
    /// Whether it is valid is not asked here: when late rows have come since `basis` was taken, it
    /// is not, and no snapshot goes on from it.
    pub async fn write_close(&self, basis: &Basis, batches: &[RecordBatch]) -> Result<DayClosed> {
        let now_ms = self.clock.now() / 1000;
        let (log, known) = {
            let tables = self.tables.lock().await;
            (tables.closes.log.clone(), Arc::clone(tables.closes.schema()))
        };
        let rows = rows_of(batches, &known, basis.at())?;
        let columns = rows.schema();
        let commit = new_commit_id();
        let day = DayRows::of_one_time(basis.day, basis.at(), rows);
        let name = basis.file_name(&commit);
        let written = Table::write_days(&log, &name, vec![day], now_ms).await?;
        let mut tables = self.tables.lock().await;
        let mut closed = DayClosed { day: basis.date(), rows: 0, version: 0 };
        for (file, _) in written {
            closed.rows += file.rows;
            tables.closes.replace_day(&commit, file, &columns, now_ms).await?;
        }
        closed.version = tables.closes.version;
        self.show(&tables);
        Ok(closed)
    }

    /// Before the snapshot is taken that a running close is computed from. One is computed at a
    /// time: this ends the right of an earlier token.
    pub fn begin_running(&self) -> RunningToken {
        self.buffer().running.begin()
    }

    /// Takes in a running close: the state of everything before `at`, as rows with `close_at` and
    /// `part`. False if an earlier row has come since `token` was given, or it is too large.
    pub fn install_running(
        &self,
        token: &RunningToken,
        at: Micros,
        definition: &str,
        batches: &[RecordBatch],
    ) -> Result<bool> {
        let known = Arc::clone(&self.buffer().closes.schema);
        let rows = rows_of(batches, &known, at)?;
        let close = RunningClose { at, definition: definition.to_owned(), rows };
        Ok(self.buffer().running.install(token, close))
    }
}

/// What the close in each file says it was made of; nothing, if the file is not as we write them.
pub(crate) fn made_of(files: &[Arc<DataFile>]) -> BTreeMap<i32, Option<Fingerprint>> {
    let made_of = |file: &DataFile| {
        let (_, name) = file.path.rsplit_once('/')?;
        let (fingerprint, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
        u64::from_str_radix(fingerprint, 16).ok().map(Fingerprint)
    };
    let mut days = BTreeMap::new();
    for file in files {
        // Two files of one day are not ours either.
        let made_of = if days.contains_key(&file.date) { None } else { made_of(file) };
        days.insert(file.date, made_of);
    }
    days
}

/// The columns of the table `known` and of running closes.
pub(crate) fn columns_with(known: &SchemaRef, running: &[RunningClose]) -> SchemaRef {
    running
        .iter()
        .fold(Arc::clone(known), |known, close| with_columns_of(&known, &close.rows.schema()))
}

/// `batches` as one, in types that the table can have.
fn rows_of(batches: &[RecordBatch], known: &Schema, at: Micros) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    for name in ["close_at", "part"] {
        fields.push(Field::new(name, known.field_with_name(name)?.data_type().clone(), true));
    }
    let mut plain = Vec::with_capacity(batches.len());
    for batch in batches {
        let batch = in_plain_types(batch, known)?;
        for field in batch.schema().fields() {
            if !fields.iter().any(|known| known.name() == field.name()) {
                fields.push(field.as_ref().clone());
            }
        }
        plain.push(batch);
    }
    let schema = Arc::new(Schema::new(fields));
    let plain: Vec<RecordBatch> =
        plain.iter().map(|batch| conform_to(batch, &schema)).collect::<Result<_>>()?;
    let rows = concat_batches(&schema, &plain)?;
    let instants = TimeColumn::CloseAt.of(&rows);
    if instants.null_count() > 0 || instants.values().iter().any(|instant| *instant != at) {
        let what = "a close has rows of another instant than its own; it was not written";
        return Err(StoreError::corrupt(TABLE, what));
    }
    Ok(rows)
}

fn in_plain_types(batch: &RecordBatch, known: &Schema) -> Result<RecordBatch> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let name = field.name();
        let comes = plain_type(field.data_type());
        let is = known.field_with_name(name).ok().and_then(|known| plain_type(known.data_type()));
        let plain = match (comes, is) {
            (None, _) if *field.data_type() == DataType::Null => continue,
            // Follows from the instant.
            _ if name == "date" => continue,
            (Some(comes), None) => comes,
            (Some(comes), Some(is)) if comes == is => is,
            (Some(ColumnType::Int), Some(ColumnType::Float)) => ColumnType::Float,
            (_, is) => {
                let what = format!(
                    "the column `{name}` of a close is {}, and cannot be {} as well; it needs \
                     another name",
                    is.map_or("of a type that has no column", ColumnType::name),
                    comes.map_or_else(
                        || field.data_type().to_string(),
                        |comes| comes.name().to_owned()
                    ),
                );
                return Err(StoreError::corrupt(TABLE, what));
            }
        };
        let strict = arrow::compute::CastOptions { safe: false, ..Default::default() };
        columns.push(cast_with_options(column, &plain.arrow(), &strict)?);
        fields.push(Field::new(name, plain.arrow(), true));
    }
    let options =
        arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
}

/// The column type that holds all values of an Arrow type.
fn plain_type(data_type: &DataType) -> Option<ColumnType> {
    match data_type {
        DataType::Float16 | DataType::Float32 => Some(ColumnType::Float),
        DataType::Int8 | DataType::Int16 | DataType::Int32 => Some(ColumnType::Int),
        // What a count gives; one past 2^63 fails to be cast.
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
            Some(ColumnType::Int)
        }
        DataType::Timestamp(_, _) => Some(ColumnType::Time),
        other => ColumnType::from_arrow(other),
    }
}
