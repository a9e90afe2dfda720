//! A file that is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Written beside its place, and moved there when it is complete. A device or a pipe is written
/// to directly: it has no place beside it.
pub(crate) struct WholeFile {
    target: PathBuf,
    /// Where the bytes go until then; `None` for a device.
    partial: Option<PathBuf>,
    writer: BufWriter<File>,
}

/// The name of the file while it is written.
pub(crate) fn partial(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

impl WholeFile {
    pub(crate) fn create(target: &Path) -> Result<WholeFile, Failure> {
        let direct = fs::metadata(target).is_ok_and(|found| !found.is_file());
        let partial = (!direct).then(|| partial(target));
        let path = partial.as_deref().unwrap_or(target);
        let file =
            File::create(path).map_err(|error| Failure::path("cannot write", target, &error))?;
        Ok(WholeFile { target: target.to_owned(), partial, writer: BufWriter::new(file) })
    }

    /// Everything was written: puts it in its place.
    pub(crate) fn keep(mut self) -> Result<(), Failure> {
        let moved = self.writer.flush().and_then(|()| match &self.partial {
            Some(partial) => {
                self.writer.get_ref().sync_all()?;
                fs::rename(partial, &self.target)
            }
            None => Ok(()),
        });
        moved.map_err(|error| Failure::path("cannot write", &self.target, &error))?;
        self.partial = None;
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Not kept: nothing is left of it.
impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(partial) = self.partial.take() {
            let _ = fs::remove_file(partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("fills.csv");
        fs::write(&target, "before").unwrap();
        let mut file = WholeFile::create(&target).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read(&target).unwrap(), b"before");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_kept_replaces_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("fills.csv");
        let mut file = WholeFile::create(&target).unwrap();
        file.write_all(b"whole").unwrap();
        file.keep().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
