//! Finding files: walking the sources' directories without listing those that have not changed.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fillwatch_model::{Micros, SourceId};

use crate::Source;
use crate::identity::Inode;

/// A directory changed this lately may change again without its time telling, for file systems
/// round it.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// Every so many walks all directories are listed, whatever their times say: network file systems
/// keep old ones.
const LIST_ALL_EVERY: u32 = 32;

/// What the system says about a file, symbolic links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) inode: Inode,
    pub(crate) size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stat {
    pub(crate) fn of(meta: &Metadata) -> Stat {
        Stat {
            inode: Inode::of(meta),
            size: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// Whether size and modification time are the same; the latter can be set at will.
    pub(crate) fn says_same_contents(self, other: Stat) -> bool {
        self.size == other.size && self.modified == other.modified
    }
}

/// A file that a source means.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) source: SourceId,
    pub(crate) stat: Stat,
}

/// What a walk brought.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Files in directories that were listed. Not all files there are: one in a directory that has
    /// not changed is where it was.
    pub(crate) found: Vec<Found>,
    /// Directories seen for the first time.
    pub(crate) directories: Vec<PathBuf>,
    /// What could not be read.
    pub(crate) troubles: Vec<(PathBuf, io::Error)>,
}

/// What is known about the directories from earlier walks.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    listings: HashMap<(SourceId, PathBuf), Listing>,
    walks: u32,
}

#[derive(Debug, Default)]
struct Listing {
    modified: (i64, i64),
    /// Listing it again would bring nothing new as long as its time is the same.
    settled: bool,
    directories: Vec<PathBuf>,
}

impl Discovery {
    /// Walks all sources. `now` is only held against the times of directories, to distrust new
    /// ones.
    pub(crate) fn walk(&mut self, sources: &[Source], now: Micros) -> Walk {
        let mut walk = Walk::default();
        self.walks = self.walks.wrapping_add(1);
        let list_all = self.walks.is_multiple_of(LIST_ALL_EVERY);
        for source in sources {
            let Some((start, deep)) = source.walk() else { continue };
            // By inode, so that links that lead back up, or twice to one place, end here.
            let mut entered = HashSet::new();
            let mut todo = vec![start.to_path_buf()];
            while let Some(directory) = todo.pop() {
                match self.visit(source, &directory, &mut entered, now, list_all, &mut walk) {
                    Ok(below) if deep => todo.extend(below.into_iter().rev()),
                    Ok(_) => {}
                    Err(error) => {
                        self.listings.remove(&(source.id(), directory.clone()));
                        if error.kind() != io::ErrorKind::NotFound {
                            walk.troubles.push((directory, error));
                        }
                    }
                }
            }
        }
        walk
    }

    /// Looks at one directory; says which are below it.
    fn visit(
        &mut self,
        source: &Source,
        directory: &Path,
        entered: &mut HashSet<Inode>,
        now: Micros,
        list_all: bool,
        walk: &mut Walk,
    ) -> io::Result<Vec<PathBuf>> {
        let meta = std::fs::metadata(directory)?;
        if !entered.insert(Inode::of(&meta)) {
            return Ok(Vec::new());
        }
        let modified = (meta.mtime(), meta.mtime_nsec());
        let known = self.listings.get(&(source.id(), directory.to_path_buf()));
        if let Some(known) = known
            && known.settled
            && known.modified == modified
            && !list_all
        {
            return Ok(known.directories.clone());
        }
        if known.is_none() {
            walk.directories.push(directory.to_path_buf());
        }
        let mut listing = Listing {
            modified,
            settled: now / 1_000_000 - meta.mtime() > SETTLED_AFTER.as_secs() as i64,
            directories: Vec::new(),
        };
        let mut entries = std::fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
        // A file, or directory, goes by its own name rather than by that of a link to it.
        entries.sort_by_cached_key(|entry| {
            (entry.file_type().is_ok_and(|kind| kind.is_symlink()), entry.file_name())
        });
        for entry in &entries {
            list(source, entry, &mut listing, walk);
        }
        let below = listing.directories.clone();
        self.listings.insert((source.id(), directory.to_path_buf()), listing);
        Ok(below)
    }
}

/// Sorts one entry of a directory.
fn list(source: &Source, entry: &std::fs::DirEntry, listing: &mut Listing, walk: &mut Walk) {
    let path = entry.path();
    let kind = entry.file_type();
    let takes = source.takes(&path);
    if kind.as_ref().is_ok_and(std::fs::FileType::is_file) && !takes {
        return;
    }
    match std::fs::metadata(&path) {
        Ok(meta) if meta.is_dir() => {
            if source.enters(&path) && !is_of_a_store(&path) {
                listing.directories.push(path);
            }
        }
        Ok(meta) if meta.is_file() && takes => {
            walk.found.push(Found { path, source: source.id(), stat: Stat::of(&meta) });
        }
        Ok(_) => {}
        // Deleted just now, or a link to nothing yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => listing.settled = false,
        Err(error) => {
            listing.settled = false;
            if takes {
                walk.troubles.push((path, error));
            }
        }
    }
}

/// Whether a directory is a Delta table, or a store that has one, or what a store keeps beside it. Reading
/// those as logs would make rows of every commit, and a commit of those rows, for ever.
fn is_of_a_store(directory: &Path) -> bool {
    let holds = |directory: &Path, table: &str| directory.join(table).is_dir();
    let beside_a_table =
        directory.file_name().is_some_and(|name| name == "torn" || name == "staging")
            && directory.parent().is_some_and(|parent| holds(parent, "events/_delta_log"));
    holds(directory, "_delta_log") || holds(directory, "events/_delta_log") || beside_a_table
}
