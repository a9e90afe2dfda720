//! Many small files into few large ones, while rows go on being committed and read.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::TaskContext;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::async_writer::AsyncArrowWriter;

use crate::error::{Result, StoreError};
use crate::file::{DataFile, date_of, format_date};
use crate::log::Log;
use crate::rows::options;
use crate::table::new_commit_id;
use crate::writer::{Store, Tables};

/// What one compaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Files that were merged.
    pub files_before: u64,
    /// Rows in them, and in the one file that stands in for them.
    pub rows: u64,
    /// Bytes of it.
    pub bytes: u64,
}

/// As many files of like size are merged into one of the next size. Each row is so rewritten
/// about log₈ (rows of a day / rows of a commit) times, four or five, and a day never has more
/// than some dozens of files.
const FAN_IN: usize = 8;

/// Files below this size are of like size.
const SMALLEST_TIER_BYTES: u64 = 256 << 10;

/// The files of a day that is over are merged unless they are this large on average already: a
/// bulk load of old logs leaves such files, and rewriting all of them would cost as much again.
const LARGE_ENOUGH_BYTES: u64 = 2 << 20;

/// A file of this size is left alone: merging it again would win nothing.
const FULL_BYTES: u64 = 256 << 20;

impl Store {
    /// Merges one group of files that has become due, of either table. `None` if none has.
    ///
    /// The merging is done beside commits; only the exchange of the files excludes them.
    pub async fn compact(&self) -> Result<Option<Compacted>> {
        let today = date_of(self.clock.now());
        for pick in [events as fn(&mut Tables) -> &mut crate::table::Table, quarantine] {
            let (log, job) = {
                let mut tables = self.tables.lock().await;
                let table = pick(&mut tables);
                match plan(&table.files, today) {
                    Some(job) => (table.log.clone(), job),
                    None => continue,
                }
            };
            let now_ms = self.clock.now() / 1000;
            let merged = merge(&log, &job, now_ms).await?;
            let compacted =
                Compacted { files_before: job.len() as u64, rows: merged.rows, bytes: merged.size };
            let mut tables = self.tables.lock().await;
            let table = pick(&mut tables);
            if !table.holds(&job) {
                return Ok(None); // retention was faster; the merged file is vacuumed later
            }
            table.merge(&job, merged, now_ms).await?;
            self.show(&tables);
            return Ok(Some(compacted));
        }
        Ok(None)
    }
}

fn events(tables: &mut Tables) -> &mut crate::table::Table {
    &mut tables.events
}

fn quarantine(tables: &mut Tables) -> &mut crate::table::Table {
    &mut tables.quarantine
}

/// The files to merge next: those of a day that is over, if they are several and small; else those
/// of the smallest tier that is full, with whatever is smaller.
fn plan(files: &[Arc<DataFile>], today: i32) -> Option<Vec<Arc<DataFile>>> {
    let mut days: BTreeMap<i32, Vec<&Arc<DataFile>>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.size < FULL_BYTES) {
        days.entry(file.date).or_default().push(file);
    }
    for (date, files) in days {
        let bytes: u64 = files.iter().map(|file| file.size).sum();
        let small = bytes < LARGE_ENOUGH_BYTES * files.len() as u64;
        if date < today && files.len() > 1 && small {
            return Some(files.into_iter().cloned().collect());
        }
        let tier_max = (0..=tier(FULL_BYTES))
            .find(|at| files.iter().filter(|file| tier(file.size) == *at).count() >= FAN_IN);
        if let Some(tier_max) = tier_max {
            let due = files.into_iter().filter(|file| tier(file.size) <= tier_max);
            return Some(due.cloned().collect());
        }
    }
    None
}

fn tier(bytes: u64) -> u32 {
    (bytes / SMALLEST_TIER_BYTES).checked_ilog(FAN_IN as u64).map_or(0, |tier| tier + 1)
}

/// Streams the rows of `files`, each sorted by time, into one file sorted by time.
async fn merge(log: &Log, files: &[Arc<DataFile>], now_ms: i64) -> Result<DataFile> {
    let schema = columns_of(log, files)?;
    let mut rows = merged_rows(log, files, &schema)?;
    let path = format!("date={}/part-{}.parquet", format_date(files[0].date), new_commit_id());
    let location = Path::from(path.as_str());
    let writer = BufWriter::new(log.objects(), location.clone());
    let mut writer = AsyncArrowWriter::try_new_with_options(writer, schema, options())?;
    let mut written = 0;
    while let Some(batch) = rows.try_next().await? {
        written += batch.num_rows() as u64;
        writer.write(&batch).await?;
    }
    writer.close().await?;
    let expected: u64 = files.iter().map(|file| file.rows).sum();
    if written != expected {
        let what = format!(
            "merging {} files of {} gave {written} rows instead of {expected}; they are kept",
            files.len(),
            format_date(files[0].date)
        );
        return Err(StoreError::corrupt(log.name, what));
    }
    let size = log.objects().head(&location).await.map_err(StoreError::object(log.name))?.size;
    Ok(DataFile {
        path,
        size,
        date: files[0].date,
        rows: written,
        ts_min: files.iter().map(|file| file.ts_min).min().unwrap_or_default(),
        ts_max: files.iter().map(|file| file.ts_max).max().unwrap_or_default(),
        modified_ms: now_ms,
        resident: None,
    })
}

/// The columns that any of the files has: a table has hundreds, a day of one bot has thirty.
fn columns_of(log: &Log, files: &[Arc<DataFile>]) -> Result<SchemaRef> {
    let mut fields: Vec<Arc<Field>> = Vec::new();
    for file in files {
        let path = log.dir().join(&file.path);
        let handle = File::open(&path).map_err(StoreError::io("open", &path))?;
        let metadata = ArrowReaderMetadata::load(&handle, Default::default())?;
        for field in metadata.schema().fields() {
            if !fields.iter().any(|known| known.name() == field.name()) {
                fields.push(Arc::clone(field));
            }
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

fn merged_rows(
    log: &Log,
    files: &[Arc<DataFile>],
    schema: &SchemaRef,
) -> Result<datafusion::execution::SendableRecordBatchStream> {
    let by_ts = PhysicalSortExpr::new(col("ts", schema)?, SortOptions::default().asc());
    let ordering = LexOrdering::from([by_ts]);
    let group = |file: &Arc<DataFile>| Ok(FileGroup::new(vec![file.scanned(log.dir())?]));
    let groups = files.iter().map(group).collect::<Result<Vec<_>>>()?;
    let source = Arc::new(ParquetSource::new(Arc::clone(schema)));
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
        .with_file_groups(groups)
        .with_output_ordering(vec![ordering.clone()])
        .build();
    let scan = DataSourceExec::from_data_source(config);
    let merged = SortPreservingMergeExec::new(ordering, scan);
    Ok(merged.execute(0, Arc::new(TaskContext::default()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(date: i32, size: u64) -> Arc<DataFile> {
        Arc::new(DataFile {
            path: format!("{date}-{size}"),
            size,
            date,
            rows: 1,
            ts_min: 0,
            ts_max: 0,
            modified_ms: 0,
            resident: None,
        })
    }

    fn planned(files: &[(i32, u64)]) -> Option<Vec<(i32, u64)>> {
        let files: Vec<_> = files.iter().map(|(date, size)| file(*date, *size)).collect();
        plan(&files, 10).map(|job| job.iter().map(|file| (file.date, file.size)).collect())
    }

    #[test]
    fn a_closed_day_becomes_one_file() {
        assert_eq!(planned(&[(8, 1), (9, 1), (9, 3 << 20)]), Some(vec![(9, 1), (9, 3 << 20)]));
        assert_eq!(planned(&[(8, 1), (9, 1)]), None);
        assert_eq!(planned(&[(9, 5 << 20), (9, 6 << 20)]), None);
    }

    #[test]
    fn today_is_merged_tier_by_tier() {
        let seven: Vec<(i32, u64)> = (0..7).map(|at| (10, 1000 + at)).collect();
        assert_eq!(planned(&seven), None);
        let mut eight = seven.clone();
        eight.extend([(10, 2000), (10, 5 << 20)]);
        assert_eq!(planned(&eight).map(|job| job.len()), Some(8));
    }

    #[test]
    fn a_full_file_is_left_alone() {
        assert_eq!(planned(&[(9, FULL_BYTES), (9, 1)]), None);
    }
}
