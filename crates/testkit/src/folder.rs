//! A folder of log files, and what writers, rotations and operators do to them.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

/// A temporary folder, deleted when dropped. File names are relative to it.
#[derive(Debug)]
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// An empty one.
    ///
    /// # Errors
    /// What the system says, as everywhere here.
    pub fn new() -> io::Result<Folder> {
        tempfile::tempdir().map(Folder)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The file called `name`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// How many bytes the file has, if there is one.
    pub fn len(&self, name: &str) -> Option<u64> {
        fs::metadata(self.file(name)).ok().map(|meta| meta.len())
    }

    /// Whether there is such a file.
    pub fn has(&self, name: &str) -> bool {
        self.len(name).is_some()
    }

    /// Writes to the end of a file, as a logger does; makes it, and its directory, if need be.
    pub fn append(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if let Some(directory) = self.file(name).parent() {
            fs::create_dir_all(directory)?;
        }
        File::options().append(true).create(true).open(self.file(name))?.write_all(bytes)
    }

    /// Writes at an offset, as a logger that did not open its file for appending does after a
    /// truncation. What lies before becomes a hole.
    pub fn write_at(&self, name: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file =
            File::options().write(true).create(true).truncate(false).open(self.file(name))?;
        file.seek(io::SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    /// Renames, over what is there.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.file(from), self.file(to))
    }

    /// Copies, into a new file.
    pub fn copy(&self, from: &str, to: &str) -> io::Result<()> {
        self.delete(to)?;
        fs::copy(self.file(from), self.file(to)).map(|_| ())
    }

    /// Cuts a file off.
    pub fn truncate(&self, name: &str, len: u64) -> io::Result<()> {
        File::options().write(true).open(self.file(name))?.set_len(len)
    }

    /// Deletes a file, if there is one.
    pub fn delete(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Makes room for `name.1` as logrotate does: the last of `keep` is deleted, the others move
    /// up, compressed or not.
    pub fn shift(&self, name: &str, keep: usize) -> io::Result<()> {
        for number in (1..=keep).rev() {
            for ending in ["", ".gz", ".zst"] {
                let from = format!("{name}.{number}{ending}");
                if number == keep {
                    self.delete(&from)?;
                } else if self.has(&from) {
                    self.rename(&from, &format!("{name}.{}{ending}", number + 1))?;
                }
            }
        }
        Ok(())
    }

    /// Compresses `name` to `name.gz` and deletes it.
    pub fn gzip(&self, name: &str) -> io::Result<()> {
        let bytes = fs::read(self.file(name))?;
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&bytes)?;
        fs::write(self.file(&format!("{name}.gz")), gz.finish()?)?;
        self.delete(name)
    }

    /// Compresses `name` to `name.zst` and deletes it.
    pub fn zstd(&self, name: &str) -> io::Result<()> {
        let packed = zstd::encode_all(File::open(self.file(name))?, 1)?;
        fs::write(self.file(&format!("{name}.zst")), packed)?;
        self.delete(name)
    }

    /// Makes a symbolic link called `link`.
    pub fn symlink(&self, target: &str, link: &str) -> io::Result<()> {
        std::os::unix::fs::symlink(self.file(target), self.file(link))
    }

    /// Makes another name for a file.
    pub fn hard_link(&self, target: &str, link: &str) -> io::Result<()> {
        fs::hard_link(self.file(target), self.file(link))
    }
}
