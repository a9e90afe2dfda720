//! One Parquet file of a table, as its log describes it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Datelike, NaiveDate};
use datafusion::datasource::listing::PartitionedFile;
use deltalake::kernel::LogicalFileView;
use fillwatch_model::Micros;
use object_store::ObjectMeta;
use serde_json::{Value, json};

use crate::error::{Result, StoreError};
use crate::time::TimeColumn;

/// One Parquet file of a table.
#[derive(Clone, Debug)]
pub(crate) struct DataFile {
    /// Relative to the table's folder.
    pub(crate) path: String,
    pub(crate) size: u64,
    /// The partition: days since the epoch.
    pub(crate) date: i32,
    pub(crate) rows: u64,
    /// Bounds of its time column, widened to whole milliseconds as Delta's statistics are.
    pub(crate) ts_min: Micros,
    pub(crate) ts_max: Micros,
    pub(crate) modified_ms: i64,
    /// The rows themselves while the file is young and there is room: a small file costs more to
    /// open than to keep.
    pub(crate) resident: Option<Arc<Resident>>,
}

/// The rows of a file that is still in memory.
#[derive(Debug)]
pub(crate) struct Resident {
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) bytes: usize,
}

impl DataFile {
    pub(crate) fn from_log(
        table: &str,
        time: TimeColumn,
        view: &LogicalFileView,
    ) -> Result<DataFile> {
        let path = view.path().into_owned();
        let date = view.partition_values_map().remove("date").flatten();
        let date = date.as_deref().and_then(parse_date).ok_or_else(|| {
            StoreError::corrupt(table, format!("file `{path}` has no date partition"))
        })?;
        let stats: Value =
            view.stats().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
        let bound = |which: &str| stats[which][time.name()].as_str().and_then(parse_ts);
        // Without statistics the file is read for every window of its day.
        let (first, last) = match time {
            TimeColumn::Ts => (start_of(date), start_of(date) + MICROS_PER_DAY - 1),
            TimeColumn::CloseAt => (end_of(date), end_of(date)),
        };
        Ok(DataFile {
            size: view.size().cast_unsigned(),
            date,
            rows: stats["numRecords"].as_u64().unwrap_or(0),
            ts_min: bound("minValues").unwrap_or(first),
            ts_max: bound("maxValues").unwrap_or(last),
            modified_ms: view.modification_time(),
            resident: None,
            path,
        })
    }

    /// The file as DataFusion's scan takes it. Its path is the file's own and not an escaped one: the
    /// local backend escapes for itself.
    pub(crate) fn scanned(&self, dir: &Path) -> Result<PartitionedFile> {
        let location = object_store::path::Path::from_absolute_path(dir.join(&self.path))
            .map_err(object_store::Error::from)
            .map_err(StoreError::object("events"))?;
        Ok(PartitionedFile::new_from_meta(ObjectMeta {
            location,
            last_modified: DateTime::from_timestamp_millis(self.modified_ms).unwrap_or_default(),
            size: self.size,
            e_tag: None,
            version: None,
        }))
    }

    /// The Delta action that adds it. `data_change` is false for a file that only rewrites rows.
    pub(crate) fn add_action(&self, time: TimeColumn, data_change: bool) -> Value {
        let mut stats = json!({ "numRecords": self.rows });
        if self.rows > 0 {
            let max = self.ts_max.div_euclid(1000) + i64::from(self.ts_max % 1000 != 0);
            stats["minValues"] = json!({ time.name(): format_ts(self.ts_min.div_euclid(1000)) });
            stats["maxValues"] = json!({ time.name(): format_ts(max) });
            stats["nullCount"] = json!({ time.name(): 0 });
        }
        json!({ "add": {
            "path": self.path,
            "partitionValues": self.partition(),
            "size": self.size,
            "modificationTime": self.modified_ms,
            "dataChange": data_change,
            "stats": stats.to_string(),
        }})
    }

    /// The Delta action that removes it.
    pub(crate) fn remove_action(&self, data_change: bool, now_ms: i64) -> Value {
        json!({ "remove": {
            "path": self.path,
            "deletionTimestamp": now_ms,
            "dataChange": data_change,
            "extendedFileMetadata": true,
            "partitionValues": self.partition(),
            "size": self.size,
        }})
    }

    fn partition(&self) -> HashMap<&'static str, String> {
        HashMap::from([("date", format_date(self.date))])
    }
}

pub(crate) const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The UTC day of a time, in days since the epoch.
pub(crate) fn date_of(ts: Micros) -> i32 {
    ts.div_euclid(MICROS_PER_DAY) as i32
}

/// The midnight at which a day begins.
pub(crate) fn start_of(date: i32) -> Micros {
    i64::from(date) * MICROS_PER_DAY
}

/// The midnight at which a day ends.
pub(crate) fn end_of(date: i32) -> Micros {
    (i64::from(date) + 1) * MICROS_PER_DAY
}

pub(crate) fn format_date(date: i32) -> String {
    // The epoch is day 719,163 of the common era.
    NaiveDate::from_num_days_from_ce_opt(date.saturating_add(719_163))
        .map_or_else(|| date.to_string(), |date| date.format("%Y-%m-%d").to_string())
}

pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.num_days_from_ce() - 719_163)
}

fn format_ts(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map_or_else(String::new, |ts| ts.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

fn parse_ts(text: &str) -> Option<Micros> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_they_are_written() {
        for date in [-1, 0, 19_723, 20_412] {
            assert_eq!(parse_date(&format_date(date)), Some(date));
        }
        assert_eq!(format_date(0), "1970-01-01");
        assert_eq!(date_of(-1), -1);
        assert_eq!(date_of(MICROS_PER_DAY), 1);
    }

    #[test]
    fn statistics_never_exclude_a_row() {
        let file = DataFile {
            path: "x".to_owned(),
            size: 1,
            date: 0,
            rows: 1,
            ts_min: 1_999,
            ts_max: 2_001,
            modified_ms: 0,
            resident: None,
        };
        let stats =
            file.add_action(TimeColumn::Ts, true)["add"]["stats"].as_str().unwrap().to_owned();
        let stats: Value = serde_json::from_str(&stats).unwrap();
        assert_eq!(stats["minValues"]["ts"], "1970-01-01T00:00:00.001Z");
        assert_eq!(stats["maxValues"]["ts"], "1970-01-01T00:00:00.003Z");
    }
}
