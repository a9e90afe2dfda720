//! One immutable picture of the whole store.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use datafusion::catalog::{MemTable, TableProvider};
use fillwatch_model::{Column, ColumnType};

use crate::carry::CloseView;
use crate::error::Result;
use crate::ledger::{Ledger, SourceState, fields_batch, sources_batch};
use crate::running::RunningClose;
use crate::time::TimeColumn;
use crate::view::{HotBatch, TableView};

/// One immutable picture of the store: a version of each table and the rows not yet in it, so that
/// no query sees a row twice or misses one.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) events: Arc<TableView>,
    pub(crate) quarantine: Arc<TableView>,
    pub(crate) closes: CloseView,
    pub(crate) columns: Vec<Column>,
    pub(crate) ledger: Ledger,
}

/// How much a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// The Delta version.
    pub version: u64,
    /// Parquet files.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Rows that are in memory alone.
    pub hot_rows: u64,
}

impl Snapshot {
    /// The table `events`: every row, unbounded in time.
    pub fn events(&self) -> Arc<dyn TableProvider> {
        Arc::clone(&self.events) as Arc<dyn TableProvider>
    }

    /// The table `quarantine`: every line that is no row.
    pub fn quarantine(&self) -> Arc<dyn TableProvider> {
        Arc::clone(&self.quarantine) as Arc<dyn TableProvider>
    }

    /// The table `sources`: how far each log file is read.
    pub fn sources(&self) -> Result<Arc<dyn TableProvider>> {
        in_memory(sources_batch(&self.source_states())?)
    }

    /// The table `fields`: each column of `events`, and what was seen of it.
    pub fn fields(&self) -> Result<Arc<dyn TableProvider>> {
        in_memory(fields_batch(&self.columns, &self.ledger)?)
    }

    /// How far each log file is read, with its size on disk now.
    pub fn source_states(&self) -> Vec<SourceState> {
        self.ledger.measured()
    }

    /// The columns of `events`.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Values of each column that were kept in `attrs` because they did not fit its type; columns
    /// without any are left out.
    pub fn conflicts(&self) -> Vec<(Column, u64)> {
        let with_conflicts = |column: &Column| {
            let count = self.ledger.fields.get(&*column.name)?.conflicts;
            (count > 0).then(|| (column.clone(), count))
        };
        self.columns.iter().filter_map(with_conflicts).collect()
    }

    /// The size of `events`.
    pub fn events_size(&self) -> TableSize {
        size(&self.events)
    }

    /// The size of `quarantine`.
    pub fn quarantine_size(&self) -> TableSize {
        size(&self.quarantine)
    }

    /// What another process needs, beside the tables on disk, to see the same picture.
    pub fn export(&self) -> Exported {
        let batches =
            |view: &TableView| view.hot().iter().map(|hot| hot.batch.clone()).collect::<Vec<_>>();
        Exported {
            events_version: self.events.version(),
            quarantine_version: self.quarantine.version(),
            closes_version: self.closes.version,
            retained_from: self.closes.retained_from,
            columns: self
                .columns
                .iter()
                .map(|column| (column.name.to_string(), column.column_type.name().to_owned()))
                .collect(),
            events: batches(&self.events),
            quarantine: batches(&self.quarantine),
            running: self.closes.running.clone(),
            sources: self.ledger.sources.values().cloned().collect(),
        }
    }
}

/// The part of a snapshot that is not on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The version of `events` that the rows come on top of.
    pub events_version: u64,
    /// The version of `quarantine` that the rows come on top of.
    pub quarantine_version: u64,
    /// The version of `daily_close` that goes with them; `None` if there is no such table.
    pub closes_version: Option<u64>,
    /// The first day that retention left whole.
    pub retained_from: Option<i32>,
    /// Names and types of the columns of `events`.
    pub columns: Vec<(String, String)>,
    /// Rows of `events` not yet committed.
    pub events: Vec<RecordBatch>,
    /// Rows of `quarantine` not yet committed.
    pub quarantine: Vec<RecordBatch>,
    /// The closes of recent instants.
    pub running: Vec<RunningClose>,
    /// How far each file is read.
    pub sources: Vec<SourceState>,
}

pub(crate) fn column_type(name: &str) -> Option<ColumnType> {
    use ColumnType::{Bool, Date, Float, Int, Text, Time};
    [Text, Float, Int, Bool, Time, Date].into_iter().find(|column_type| column_type.name() == name)
}

pub(crate) fn hot_batches(batches: Vec<RecordBatch>) -> Vec<HotBatch> {
    batches.into_iter().filter_map(|batch| HotBatch::new(TimeColumn::Ts, batch)).collect()
}

fn in_memory(batch: RecordBatch) -> Result<Arc<dyn TableProvider>> {
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}

fn size(view: &TableView) -> TableSize {
    TableSize {
        version: view.version(),
        files: view.files().len() as u64,
        rows: view.files().iter().map(|file| file.rows).sum(),
        bytes: view.files().iter().map(|file| file.size).sum(),
        hot_rows: view.hot().iter().map(|hot| hot.batch.num_rows() as u64).sum(),
    }
}
