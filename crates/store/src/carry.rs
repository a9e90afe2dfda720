//! From which closes a snapshot's carried views go on, and which are still to be made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use fillwatch_model::Micros;

use crate::close::{Basis, columns_with, made_of};
use crate::file::{DataFile, end_of, start_of};
use crate::running::RunningClose;
use crate::snapshot::Snapshot;
use crate::time::TimeColumn;
use crate::validity::{Ground, Verdict, judge};
use crate::view::{HotBatch, TableView};

/// What the carried views of a snapshot go on from.
#[derive(Clone, Debug)]
pub struct Closes {
    /// The rows of all closes, by `close_at`; those that are not valid among them.
    pub table: Arc<dyn TableProvider>,
    /// The instants of those that are valid, ascending: midnights, and recent times.
    pub at: Vec<Micros>,
    /// The midnight from which on retention has left the events whole. What was before is in the
    /// closes alone. `None` if retention never removed any.
    pub retained_from: Option<Micros>,
}

/// The closes that a snapshot has.
#[derive(Debug)]
pub(crate) struct CloseView {
    pub(crate) dir: PathBuf,
    /// `None` if the store has no table of them: an older fillwatch made it.
    pub(crate) version: Option<u64>,
    pub(crate) columns: SchemaRef,
    pub(crate) files: Arc<Vec<Arc<DataFile>>>,
    pub(crate) running: Vec<RunningClose>,
    pub(crate) retained_from: Option<i32>,
}

impl Snapshot {
    /// What carried views go on from, if they are of `definition`.
    ///
    /// A row that comes late for a day that retention has removed is in no close: its day's close is
    /// trusted as it is, and the row goes with the next retention.
    pub fn closes(&self, definition: &str) -> Closes {
        // One that is stored takes the place of a running one of the same instant, valid or not.
        let is_alone = |close: &&RunningClose| {
            let stored = self.closes.files.iter().any(|file| end_of(file.date) == close.at);
            close.definition == definition && !stored
        };
        let mut running: Vec<RunningClose> =
            self.closes.running.iter().filter(is_alone).cloned().collect();
        // What is made of the close of each day must find none left out, and a day may be over for
        // minutes before it is closed.
        let is_closed = |day: i32| running.iter().any(|close| close.at == end_of(day));
        let first_open = self.judge(definition).open.into_iter().find(|day| !is_closed(*day));
        if let Some(until) = first_open.map(end_of) {
            running.retain(|close| close.at <= until);
        }
        self.closes_with(definition, running)
    }

    /// Like [`closes`](Snapshot::closes), without those of recent times: what a day is closed from.
    pub fn daily_closes(&self, definition: &str) -> Closes {
        self.closes_with(definition, vec![])
    }

    fn closes_with(&self, definition: &str, running: Vec<RunningClose>) -> Closes {
        let stored = self.judge(definition).valid.into_iter().map(end_of);
        let mut at: Vec<Micros> = stored.chain(running.iter().map(|close| close.at)).collect();
        at.sort_unstable();
        let columns = columns_with(&self.closes.columns, &running);
        let rows = |close: RunningClose| HotBatch::new(TimeColumn::CloseAt, close.rows);
        let table = TableView::new(
            &self.closes.dir,
            self.closes.version.unwrap_or(0),
            TimeColumn::CloseAt,
            &columns,
            Arc::clone(&self.closes.files),
            running.into_iter().filter_map(rows).collect(),
        );
        let retained_from = self.closes.retained_from.map(start_of);
        Closes { table: Arc::new(table), at, retained_from }
    }

    /// The days before `before` (days since the epoch) that have rows and no valid close of
    /// `definition`, ascending: to be closed in this order. A late row reopens its day and all days
    /// after it.
    pub fn days_to_close(&self, definition: &str, before: i32) -> Vec<i32> {
        let open = self.judge(definition).open;
        open.into_iter().take_while(|day| *day < before).collect()
    }

    /// What a close of `day` can be made of, on this snapshot. `None` if it has no rows, or rows up
    /// to its end are not committed yet.
    pub fn basis(&self, definition: &str, day: i32) -> Option<Basis> {
        let ground = self.ground();
        let rows = *ground.rows.get(&day)?;
        let verdict = judge(&ground, &made_of(&self.closes.files), definition);
        let made_of = *verdict.expected.get(&day)?;
        ground.is_settled(day).then_some(Basis { day, made_of, rows })
    }

    /// The first day (days since the epoch) that retention left whole; rows of earlier days are gone
    /// on purpose.
    pub fn retained_from(&self) -> Option<i32> {
        self.closes.retained_from
    }

    fn judge(&self, definition: &str) -> Verdict {
        judge(&self.ground(), &made_of(&self.closes.files), definition)
    }

    fn ground(&self) -> Ground {
        let mut rows: BTreeMap<i32, u64> = BTreeMap::new();
        for file in self.events.files() {
            *rows.entry(file.date).or_default() += file.rows;
        }
        let retained_from = self.closes.retained_from;
        let mut ground = Ground { rows, hot_from: None, retained_from };
        let earliest = |hot: &HotBatch| -> Option<Micros> {
            if ground.is_whole(hot.ts_min) {
                return Some(hot.ts_min);
            }
            let times = TimeColumn::Ts.of(&hot.batch).values().iter().copied();
            times.filter(|ts| ground.is_whole(*ts)).min()
        };
        let hot_from = self.events.hot().iter().filter_map(earliest).min();
        ground.hot_from = hot_from;
        ground
    }
}
