//! What has been decoded and waits for its commit.

use std::collections::HashMap;

use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use fillwatch_model::{ColumnId, Decoded, FileId, Progress, Reject};
use std::sync::Arc;

use crate::error::Result;
use crate::quarantine;
use crate::rows::conform_to;
use crate::table::Reach;
use crate::time::TimeColumn;
use crate::view::HotBatch;

/// Rows, rejects and how far they take each file: all of it becomes one commit, or none.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// In the order read.
    pub(crate) batches: Vec<HotBatch>,
    pub(crate) rejects: Vec<Reject>,
    /// The rejects as rows, for SQL.
    pub(crate) reject_batches: Vec<HotBatch>,
    pub(crate) progress: HashMap<FileId, Progress>,
    pub(crate) fields: HashMap<ColumnId, (u64, u64)>,
    /// Bytes of log that all this was made from.
    pub(crate) log_bytes: u64,
    /// Bytes of memory that the rows take.
    pub(crate) bytes: usize,
    pub(crate) rows: u64,
}

/// Batches are merged with their neighbours as they arrive, up to this many rows, which is
/// what DataFusion works on at once. A query pays for each batch, and a tail makes some hundred a
/// second of a few rows each; those of a bulk load are large enough as they are.
const MERGE_ROWS_MAX: usize = 8 << 10;

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        self.progress.is_empty()
    }

    pub(crate) fn add(&mut self, decoded: Decoded) -> Result<()> {
        for progress in decoded.progress {
            self.log_bytes += progress.to - progress.from;
            match self.progress.get_mut(&progress.file.id) {
                Some(known) => {
                    debug_assert_eq!(known.to, progress.from, "a gap within one batch");
                    known.to = progress.to;
                    known.mark = progress.mark;
                    known.rows += progress.rows;
                    known.rejects += progress.rejects;
                    known.conflicts += progress.conflicts;
                }
                None => {
                    self.progress.insert(progress.file.id, progress);
                }
            }
        }
        for used in decoded.fields {
            let (values, conflicts) = self.fields.entry(used.column).or_default();
            *values += used.values;
            *conflicts += used.conflicts;
        }
        self.rows += decoded.batch.num_rows() as u64;
        push_merged(&mut self.batches, decoded.batch)?;
        if !decoded.rejects.is_empty() {
            push_merged(&mut self.reject_batches, quarantine::rows(&decoded.rejects)?)?;
            self.rejects.extend(decoded.rejects);
        }
        let hot = self.batches.iter().chain(&self.reject_batches);
        self.bytes = hot.map(|hot| hot.bytes).sum();
        Ok(())
    }

    /// How far each file gets, in a fixed order.
    pub(crate) fn reaches(&self) -> Vec<Reach> {
        let mut reaches: Vec<Reach> = self
            .progress
            .values()
            .map(|progress| Reach { id: progress.file.id, from: progress.from, to: progress.to })
            .collect();
        reaches.sort_by_key(|reach| reach.id);
        reaches
    }
}

/// Appends `batch`, merging neighbours of like size, so that n arrivals leave about log n batches
/// and no row is copied more than about log n times.
fn push_merged(batches: &mut Vec<HotBatch>, batch: RecordBatch) -> Result<()> {
    let Some(mut last) = HotBatch::new(TimeColumn::Ts, batch) else { return Ok(()) };
    while let Some(before) = batches.last() {
        let (rows_before, rows) = (before.batch.num_rows(), last.batch.num_rows());
        if rows_before > 2 * rows || rows_before + rows > MERGE_ROWS_MAX {
            break;
        }
        let merged = merge(&before.batch, &last.batch)?;
        batches.pop();
        match HotBatch::new(TimeColumn::Ts, merged) {
            Some(merged) => last = merged,
            None => return Ok(()),
        }
    }
    batches.push(last);
    Ok(())
}

fn merge(first: &RecordBatch, second: &RecordBatch) -> Result<RecordBatch> {
    let mut fields: Vec<Arc<Field>> = first.schema().fields().iter().cloned().collect();
    for field in second.schema().fields() {
        if first.column_by_name(field.name()).is_none() {
            fields.push(Arc::clone(field));
        }
    }
    let fields: Vec<Field> =
        fields.iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let (first, second) = (conform_to(first, &schema)?, conform_to(second, &schema)?);
    Ok(concat_batches(&schema, [&first, &second])?)
}
