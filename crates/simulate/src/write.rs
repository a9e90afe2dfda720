//! A run written to files, as fast as the disk takes it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::calendar::Micros;
use crate::fleet::{Emission, Fleet, FleetError, FleetOptions};
use crate::truth::Truth;

/// How much to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// This many lines in all files together.
    Lines(u64),
    /// Lines until there are at least this many bytes.
    Bytes(u64),
    /// What happens in this many microseconds from the start.
    Time(Micros),
}

/// Why a run could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There can be no such fleet.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// A file could not be written. One that is there already is left alone.
    #[error("cannot write {}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Writes the logs of a fleet under `dir` and returns what is true of them. Files that are there
/// already are an error, not overwritten: they may be someone's logs.
pub fn write_to(dir: &Path, options: FleetOptions, extent: Extent) -> Result<Truth, WriteError> {
    let end = match extent {
        Extent::Time(span) => options.start.saturating_add(span),
        Extent::Lines(_) | Extent::Bytes(_) => Micros::MAX,
    };
    let mut fleet = Fleet::new(options)?;
    let mut logs = Logs { dir, open: HashMap::new(), lines: 0, bytes: 0 };
    while logs.lack(extent) {
        let Some(emission) = fleet.next_before(end) else { break };
        logs.append(&emission)?;
    }
    logs.finish()?;
    Ok(fleet.truth())
}

/// The open files of a run.
struct Logs<'a> {
    dir: &'a Path,
    open: HashMap<Arc<Path>, BufWriter<File>>,
    lines: u64,
    bytes: u64,
}

impl Logs<'_> {
    fn lack(&self, extent: Extent) -> bool {
        match extent {
            Extent::Lines(lines) => self.lines < lines,
            Extent::Bytes(bytes) => self.bytes < bytes,
            Extent::Time(_) => true,
        }
    }

    fn append(&mut self, emission: &Emission) -> Result<(), WriteError> {
        let path = self.dir.join(&emission.file);
        let failed = |error| WriteError::Io { path: path.clone(), error };
        let file = match self.open.get_mut(&emission.file) {
            Some(file) => file,
            None => {
                let file = create(&path).map_err(failed)?;
                self.open.entry(Arc::clone(&emission.file)).or_insert(file)
            }
        };
        file.write_all(&emission.line).map_err(failed)?;
        self.lines += 1;
        self.bytes += emission.line.len() as u64;
        Ok(())
    }

    fn finish(self) -> Result<(), WriteError> {
        for (file, mut out) in self.open {
            let failed = |error| WriteError::Io { path: self.dir.join(&file), error };
            out.flush().map_err(failed)?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(BufWriter::with_capacity(256 << 10, File::create_new(path)?))
}
