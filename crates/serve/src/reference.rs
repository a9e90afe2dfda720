//! The user's own tables, read again when their files change.
//!
//! A file that is broken while somebody edits it must not take a rule's limits away: the last
//! version that could be read stays, and the slip is told once.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fillwatch_query::Reference;

/// How often a file that changes while it is read is read again.
const ATTEMPTS: usize = 3;

/// The tables of `[tables]`.
#[derive(Debug, Default)]
pub struct References {
    kept: Mutex<Vec<Kept>>,
}

/// A table, and the file as it was when it was read.
#[derive(Debug)]
struct Kept {
    table: Reference,
    stamp: Option<Stamp>,
    /// What is wrong with the file, where `table` is an earlier version of it.
    fault: Option<String>,
    looked: bool,
}

/// What tells a version of a file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    changed: (i64, i64),
    bytes: u64,
    inode: u64,
}

impl References {
    /// The tables of these names and files. Nothing is read yet.
    pub fn new(files: impl IntoIterator<Item = (String, PathBuf)>) -> References {
        let kept = files.into_iter().map(|(name, file)| Kept {
            table: Reference::unread(name, file),
            stamp: None,
            fault: None,
            looked: false,
        });
        References { kept: Mutex::new(kept.collect()) }
    }

    /// [`look`](References::look), beside the tasks that must not wait for a disk.
    pub async fn look_aside(self: Arc<Self>) -> (Vec<Reference>, Vec<String>) {
        let look = tokio::task::spawn_blocking(move || self.look());
        // It cannot panic, and is only cancelled with the runtime.
        look.await.unwrap_or_default()
    }

    /// The tables as their files are now, and what there is to tell: that a file is broken and its
    /// table stays as it was, or that it can be read again.
    pub fn look(&self) -> (Vec<Reference>, Vec<String>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let news = kept.iter_mut().filter_map(Kept::look).collect();
        (kept.iter().map(|kept| kept.table.clone()).collect(), news)
    }
}

impl Kept {
    fn look(&mut self) -> Option<String> {
        let stamp = stamp(&self.table.file);
        let broken = self.table.table.is_err() || self.fault.is_some();
        if self.looked && !broken && stamp == self.stamp {
            return None;
        }
        self.looked = true;
        self.stamp = stamp;
        let name = self.table.name.clone();
        let read = self.read();
        match &read.table {
            Ok(_) => {
                self.table = read;
                let mended = self.fault.take()?;
                drop(mended);
                Some(format!("{}: `{name}` is read again", self.table.file.display()))
            }
            Err(error) if self.table.table.is_ok() => {
                let fault = error.to_string();
                if self.fault.as_ref() == Some(&fault) {
                    return None;
                }
                let told = format!("{fault}; `{name}` stays as it was");
                self.fault = Some(fault);
                Some(told)
            }
            // Whoever asks for it is told.
            Err(_) => {
                self.table = read;
                None
            }
        }
    }

    /// Reads the file, again if it was written meanwhile.
    fn read(&mut self) -> Reference {
        let mut read = Reference::read(&self.table.name, &self.table.file);
        for _ in 1..ATTEMPTS {
            let now = stamp(&self.table.file);
            if now == self.stamp {
                break;
            }
            self.stamp = now;
            read = Reference::read(&self.table.name, &self.table.file);
        }
        read
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let found = fs::metadata(file).ok()?;
    let changed = (found.mtime(), found.mtime_nsec());
    Some(Stamp { changed, bytes: found.len(), inode: found.ino() })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        folder: tempfile::TempDir,
        tables: References,
        version: u64,
    }

    impl Place {
        fn new() -> Place {
            let folder = tempfile::tempdir().unwrap();
            let tables = References::new([("limits".to_owned(), folder.path().join("limits.csv"))]);
            Place { folder, tables, version: 0 }
        }

        /// Writes the file, as an editor does: another file in its place.
        fn write(&mut self, text: &str) {
            self.version += 1;
            let aside = self.folder.path().join(format!("{}.tmp", self.version));
            fs::write(&aside, text).unwrap();
            fs::rename(aside, self.folder.path().join("limits.csv")).unwrap();
        }

        /// The columns of the table, or why it has none, and the news.
        fn look(&self) -> (String, Vec<String>) {
            let (tables, news) = self.tables.look();
            let strip =
                |text: String| text.replace(&format!("{}/", self.folder.path().display()), "");
            let table = match &tables[0].table {
                Ok(table) => {
                    let schema = table.schema();
                    schema
                        .fields()
                        .iter()
                        .map(|field| field.name().as_str())
                        .collect::<Vec<_>>()
                        .join(" ")
                }
                Err(error) => strip(error.to_string()),
            };
            (table, news.into_iter().map(strip).collect())
        }
    }

    #[test]
    fn a_table_follows_its_file_and_outlives_a_slip() {
        let mut place = Place::new();
        let none = Vec::<String>::new();
        let missing = "limits.csv: there is no such file";
        assert_eq!(place.look(), (missing.to_owned(), none.clone()));
        place.write("market,max\nBTC,1\n");
        assert_eq!(place.look(), ("market max".to_owned(), none.clone()));
        place.write("market,max,hard\nBTC,1,true\n");
        assert_eq!(place.look(), ("market max hard".to_owned(), none.clone()));

        place.write("market,max\nBTC,1,2\n");
        let slip =
            "limits.csv:2: it has 3 values for 2 columns; `limits` stays as it was".to_owned();
        assert_eq!(place.look(), ("market max hard".to_owned(), vec![slip]));
        assert_eq!(place.look(), ("market max hard".to_owned(), none.clone()), "told once");
        fs::remove_file(place.folder.path().join("limits.csv")).unwrap();
        let gone = format!("{missing}; `limits` stays as it was");
        assert_eq!(place.look(), ("market max hard".to_owned(), vec![gone]));

        place.write("market,max\nBTC,1\n");
        let again = "limits.csv: `limits` is read again".to_owned();
        assert_eq!(place.look(), ("market max".to_owned(), vec![again]));
        assert_eq!(place.look(), ("market max".to_owned(), none));
    }

    #[test]
    fn a_file_that_did_not_change_is_not_read_again() {
        let mut place = Place::new();
        place.write("market,max\nBTC,1\n");
        let read = |place: &Place| place.tables.look().0.remove(0).table.unwrap();
        let first = read(&place);
        assert!(Arc::ptr_eq(&first, &read(&place)));
        place.write("market,max\nBTC,1\n");
        assert!(!Arc::ptr_eq(&first, &read(&place)));
    }
}
