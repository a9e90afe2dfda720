//! What lies where in a store's folder.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Component, Path, PathBuf};

use crate::error::{Result, StoreError};

/// The folder of a store.
///
/// ```text
/// store/
///   events/         the Delta table of rows, date=YYYY-MM-DD/part-….parquet
///   quarantine/     the Delta table of lines that are no rows
///   daily_close/    the Delta table of the state at the end of each day
///   state.db        SQLite: what recognises a log file again; counters
///   lock            held by the one process that writes
///   fillwatch.sock  where a running `watch` hands out its snapshot
///   staging/        files being written; emptied at every start
///   torn/           commits that a power cut left half-written, set aside
/// ```
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout of the store in `root`, made absolute and free of links and `..`, which the names
    /// of objects cannot have.
    pub fn new(root: &Path) -> Result<Layout> {
        let root = resolve(root).map_err(StoreError::io("find", root))?;
        match root.to_str().map(|text| text.chars().find(|letter| "%\\".contains(*letter))) {
            Some(None) => Ok(Layout { root }),
            Some(Some(letter)) => Err(StoreError::Path { root, letter: letter.to_string() }),
            None => Err(StoreError::Path { root, letter: "bytes that are no UTF-8".to_owned() }),
        }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a Delta table.
    pub fn table(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The Unix socket of a running `watch`.
    pub fn socket(&self) -> PathBuf {
        self.root.join("fillwatch.sock")
    }

    /// The database beside the tables.
    pub fn state(&self) -> PathBuf {
        self.root.join("state.db")
    }

    pub(crate) fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    pub(crate) fn torn(&self) -> PathBuf {
        self.root.join("torn")
    }

    /// Whether there is a store here.
    pub fn exists(&self) -> bool {
        self.table("events").join("_delta_log").is_dir()
    }

    /// Makes the folder and takes it for this process alone. The lock goes with the process, so a
    /// killed one leaves none behind.
    pub(crate) fn lock(&self) -> Result<Lock> {
        fs::create_dir_all(&self.root).map_err(StoreError::io("create", &self.root))?;
        let path = self.root.join("lock");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only to name it; a lock that cannot be read is held all the same.
                let _unnamed = file.read_to_string(&mut holder);
                let holder = holder.trim().to_owned();
                return Err(StoreError::InUse { dir: self.root.clone(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", path)(error)),
        }
        let write = |file: &mut File| -> std::io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(StoreError::io("write", &path))?;
        Ok(Lock { _file: file })
    }

    /// Empties `staging/`: what is there was never linked into a table.
    pub(crate) fn clear_staging(&self) -> Result<()> {
        let staging = self.staging();
        fs::create_dir_all(&staging).map_err(StoreError::io("create", &staging))?;
        for entry in fs::read_dir(&staging).map_err(StoreError::io("list", &staging))? {
            let path = entry.map_err(StoreError::io("list", &staging))?.path();
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
        Ok(())
    }
}

/// The right to write to a store, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// The real path of a folder that may not exist yet.
fn resolve(path: &Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let mut resolved = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
        // Links are followed before a `..` after them is.
        if let Ok(real) = fs::canonicalize(&resolved) {
            resolved = real;
        }
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_resolved_as_the_kernel_would() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir_all(root.join("far/away")).unwrap();
        std::os::unix::fs::symlink(root.join("far/away"), root.join("link")).unwrap();
        let check = |path: &str, expect: &str| {
            assert_eq!(resolve(&root.join(path)).unwrap(), root.join(expect), "{path}");
        };
        check("far/../store", "store");
        check("link/../store", "far/store");
        check("new/../store", "store");
    }
}
