//! Where the demo plays.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A directory with `logs` and `store` in it, removed at the end unless it is kept.
pub(crate) struct Place {
    dir: PathBuf,
    kept: bool,
}

impl Place {
    /// The directory to keep, which must be empty or not there; else a temporary one.
    pub(crate) fn choose(keep: Option<&Path>) -> Result<Place, Failure> {
        let place = match keep {
            Some(dir) => Place { dir: dir.to_owned(), kept: true },
            None => {
                let name = format!("fillwatch-demo-{}", std::process::id());
                let dir = std::env::temp_dir().join(name);
                let made = DirBuilder::new().mode(0o700).create(&dir);
                made.map_err(|error| Failure::path("cannot make", &dir, &error))?;
                Place { dir, kept: false }
            }
        };
        if fs::read_dir(&place.dir).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Failure::usage(format!("`{}` is not empty", place.dir.display()))
                .hint("the demo writes its logs and its store there: name a new directory"));
        }
        let logs = place.logs();
        fs::create_dir_all(&logs).map_err(|error| Failure::path("cannot make", &logs, &error))?;
        Ok(place)
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.dir.join("store")
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.kept {
            // It is a temporary directory: what cannot be removed, the system will.
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elses_files_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("precious"), "").unwrap();
        assert!(Place::choose(Some(dir.path())).is_err());
        assert!(dir.path().join("precious").exists());
    }

    #[test]
    fn a_temporary_place_goes_and_a_kept_one_stays() {
        let place = Place::choose(None).unwrap();
        let gone = place.logs();
        assert!(gone.is_dir());
        drop(place);
        assert!(!gone.exists());

        let dir = tempfile::tempdir().unwrap();
        drop(Place::choose(Some(&dir.path().join("new"))).unwrap());
        assert!(dir.path().join("new/logs").is_dir());
    }
}
