//! What is kept, and for how long; and the files that nobody needs any more.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};

use crate::error::{Result, StoreError};
use crate::file::{DataFile, date_of, format_date};
use crate::table::{TOMBSTONE_MS, Table};
use crate::writer::Store;

/// The application transaction that says which is the first day left whole: it is committed
/// together with the removal of the days before it.
pub(crate) const RETAINED_FROM: &str = "retained_from";

/// How much is kept. Whole days go, the oldest first, and never today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days that ended longer ago than this go.
    pub age: Option<Duration>,
    /// The oldest days go until `events` takes no more than this on disk.
    pub bytes: Option<u64>,
}

/// What retention did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retaining {
    /// What it removed.
    pub removed: Option<Retained>,
    /// The first day, `YYYY-MM-DD`, that is due and stays, because its close is not written: what
    /// it carries on would be lost.
    pub waits_for: Option<String>,
}

/// What retention removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    /// The first day that is kept, `YYYY-MM-DD`.
    pub from: String,
    /// Rows removed.
    pub rows: u64,
    /// Bytes that will be free once no reader can need them.
    pub bytes: u64,
    /// The first day that went without a valid close, since the store had grown far too large:
    /// positions and all else that accumulates have lost what happened from then on.
    pub unclosed: Option<String>,
}

/// How many times the bytes that it may take a store may take while it waits for closes.
const PATIENCE: u64 = 2;

impl Store {
    /// Removes the days that `retention` no longer covers. A day whose close of `definition` is not
    /// valid stays until it is, unless the store takes more than twice the bytes that it may.
    pub async fn retain(&self, retention: Retention, definition: &str) -> Result<Retaining> {
        let now = self.clock.now();
        let mut tables = self.tables.lock().await;
        let Some(mut from) = first_kept(&tables.events.files, retention, now) else {
            return Ok(Retaining::default());
        };
        let open = self.snapshot().days_to_close(definition, from).first().copied();
        let bytes: u64 = tables.events.files.iter().map(|file| file.size).sum();
        let is_pressed = retention.bytes.is_some_and(|max| bytes > max.saturating_mul(PATIENCE));
        let (unclosed, waits_for) = if is_pressed { (open, None) } else { (None, open) };
        from = waits_for.unwrap_or(from);
        let waits_for = waits_for.map(format_date);
        let due = |table: &Table| -> Vec<Arc<DataFile>> {
            table.files.iter().filter(|file| file.date < from).cloned().collect()
        };
        let (events, quarantine) = (due(&tables.events), due(&tables.quarantine));
        if events.is_empty() && quarantine.is_empty() {
            return Ok(Retaining { removed: None, waits_for });
        }
        let removed = Retained {
            from: format_date(from),
            rows: events.iter().map(|file| file.rows).sum(),
            bytes: events.iter().chain(&quarantine).map(|file| file.size).sum(),
            unclosed: unclosed.map(format_date),
        };
        // Also if it removes none: an audit of what quarantine lacks asks here.
        tables.events.retain(&events, from, now / 1000).await?;
        if !quarantine.is_empty() {
            tables.quarantine.retain(&quarantine, from, now / 1000).await?;
        }
        self.show(&tables);
        Ok(Retaining { removed: Some(removed), waits_for })
    }

    /// Deletes files that no version younger than an hour holds: merged, removed, or written for a
    /// commit that never was. Returns how many.
    pub async fn vacuum(&self) -> Result<u64> {
        let now_ms = self.clock.now() / 1000;
        let mut tables = self.tables.lock().await;
        let tables = &mut *tables;
        let mut deleted = 0;
        for table in [&mut tables.events, &mut tables.quarantine, &mut tables.closes] {
            deleted += vacuum(table, now_ms).await?;
        }
        Ok(deleted)
    }

    /// Writes a checkpoint of each table that has `every` commits since its last one, and drops the
    /// log that it replaces.
    pub async fn checkpoint(&self, every: u64) -> Result<()> {
        let due: Vec<_> = {
            let tables = self.tables.lock().await;
            [&tables.events, &tables.quarantine, &tables.closes]
                .map(|table| (table.log.clone(), table.version))
                .into_iter()
                .collect()
        };
        for (log, version) in due {
            let last = log.last_checkpoint()?.unwrap_or(0);
            if version >= last + every {
                log.checkpoint(version).await?;
            }
        }
        Ok(())
    }
}

/// The first day to keep, or `None` if all are.
fn first_kept(files: &[Arc<DataFile>], retention: Retention, now: i64) -> Option<i32> {
    let today = date_of(now);
    let by_age = retention.age.map(|age| {
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        date_of(now.saturating_sub(age)).min(today)
    });
    let by_bytes = retention.bytes.and_then(|bytes| {
        let mut days: BTreeMap<i32, u64> = BTreeMap::new();
        for file in files {
            *days.entry(file.date).or_default() += file.size;
        }
        let mut kept = 0;
        let mut newest_first = days.into_iter().rev().skip_while(|(date, size)| {
            kept += size;
            *date >= today || kept <= bytes
        });
        newest_first.next().map(|(date, _)| date + 1)
    });
    by_age.into_iter().chain(by_bytes).max()
}

async fn vacuum(table: &mut Table, now_ms: i64) -> Result<u64> {
    let objects = table.log.objects();
    let mut deleted = 0;
    let live: HashSet<&str> = table.files.iter().map(|file| file.path.as_str()).collect();
    let mut listed = objects.list(None);
    while let Some(found) = listed.try_next().await.map_err(StoreError::object(table.log.name))? {
        let path = found.location.to_string();
        let of_table = path.ends_with(".parquet") && !path.starts_with("_delta_log");
        if !of_table || live.contains(path.as_str()) {
            continue;
        }
        let unused_since =
            table.tombstones.get(&path).copied().unwrap_or(found.last_modified.timestamp_millis());
        if unused_since < now_ms - TOMBSTONE_MS {
            let one = futures::stream::iter([Ok(found.location)]).boxed();
            let mut done = objects.delete_stream(one);
            done.try_next().await.map_err(StoreError::object(table.log.name))?;
            table.tombstones.remove(&path);
            deleted += 1;
        }
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::MICROS_PER_DAY;

    fn files(days: &[(i32, u64)]) -> Vec<Arc<DataFile>> {
        let file = |(date, size): &(i32, u64)| {
            Arc::new(DataFile {
                path: format!("{date}"),
                size: *size,
                date: *date,
                rows: 1,
                ts_min: 0,
                ts_max: 0,
                modified_ms: 0,
                resident: None,
            })
        };
        days.iter().map(file).collect()
    }

    const NOON: i64 = MICROS_PER_DAY / 2;

    #[test]
    fn a_day_goes_when_all_of_it_is_too_old() {
        let retention = Retention { age: Some(Duration::from_secs(2 * 86_400)), bytes: None };
        let first =
            first_kept(&files(&[(7, 1), (8, 1), (10, 1)]), retention, 10 * MICROS_PER_DAY + NOON);
        assert_eq!(first, Some(8));
    }

    #[test]
    fn the_oldest_days_go_until_the_rest_fits() {
        let retention = Retention { age: None, bytes: Some(25) };
        let days = files(&[(7, 10), (8, 10), (9, 10), (10, 10)]);
        assert_eq!(first_kept(&days, retention, 10 * MICROS_PER_DAY), Some(9));
        assert_eq!(first_kept(&days[..2], retention, 10 * MICROS_PER_DAY), None);
    }

    #[test]
    fn today_stays_however_large() {
        let retention = Retention { age: None, bytes: Some(1) };
        assert_eq!(first_kept(&files(&[(10, 10)]), retention, 10 * MICROS_PER_DAY), None);
    }
}
