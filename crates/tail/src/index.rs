//! Which generations to try: by where they were, what they are called, and how they begin.
//!
//! With ten thousand files and years of rotated ones, no stranger is held against all of them.

use std::collections::{BTreeMap, HashMap};

use fillwatch_model::limits::PREFIX_BYTES_MAX;
use fillwatch_model::{FileId, Mark};
use xxhash_rust::xxh3::xxh3_128;

use crate::generation::Generation;
use crate::identity::Inode;
use crate::name::LogName;

/// Finds generations. What it finds still has to be compared.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// By the inode they were last in.
    homes: HashMap<Inode, Vec<FileId>>,
    /// By [`LogName::log`], of every name they had.
    logs: HashMap<String, Vec<FileId>>,
    /// Those that are in no file, by length and hash of their prefix.
    adrift: BTreeMap<u32, HashMap<u128, Vec<FileId>>>,
    /// All that are longer than a prefix, by the hash of that.
    begun: HashMap<u128, Vec<FileId>>,
}

impl Index {
    /// Those that were last in this inode.
    pub(crate) fn at_home(&self, inode: Inode) -> impl Iterator<Item = FileId> {
        self.homes.get(&inode).into_iter().flatten().copied()
    }

    /// Those of which a file of this name may be a rotated copy, and those of its own name, in the
    /// order in which they were made.
    pub(crate) fn called(&self, name: &LogName) -> impl Iterator<Item = FileId> {
        let family = (name.family != name.log).then_some(&name.family);
        let names = [Some(&name.log), family].into_iter().flatten();
        names.filter_map(|log| self.logs.get(log)).flatten().copied()
    }

    /// Those in no file that begin as a file with these first bytes does. Those of which nothing
    /// was read are among them.
    pub(crate) fn adrift(&self, beginning: &[u8]) -> impl Iterator<Item = FileId> {
        self.adrift
            .range(..=beginning.len() as u32)
            .filter_map(|(len, hashes)| hashes.get(&xxh3_128(&beginning[..*len as usize])))
            .flatten()
            .copied()
    }

    /// Those, longer than a prefix, that begin as a file with these first bytes does.
    pub(crate) fn begun_as(&self, beginning: &[u8]) -> impl Iterator<Item = FileId> {
        let prefix = beginning.get(..PREFIX_BYTES_MAX);
        prefix.and_then(|prefix| self.begun.get(&xxh3_128(prefix))).into_iter().flatten().copied()
    }

    /// Those, longer than a prefix, that begin as the one of `mark` does.
    pub(crate) fn begun_with(&self, mark: &Mark) -> impl Iterator<Item = FileId> {
        self.begun.get(&mark.prefix_hash).into_iter().flatten().copied()
    }

    /// To be told once its prefix grows no more.
    pub(crate) fn has_begun(&mut self, id: FileId, mark: &Mark) {
        if mark.prefix_len as usize == PREFIX_BYTES_MAX {
            push_once(self.begun.entry(mark.prefix_hash).or_default(), id);
        }
    }

    pub(crate) fn has_name(&mut self, id: FileId, name: &LogName) {
        push_once(self.logs.entry(name.log.clone()).or_default(), id);
    }

    pub(crate) fn has_home(&mut self, id: FileId, inode: Inode) {
        push_once(self.homes.entry(inode).or_default(), id);
    }

    pub(crate) fn leaves_home(&mut self, id: FileId, inode: Inode) {
        remove(&mut self.homes, &inode, id);
    }

    /// Its mark must not change while it is adrift.
    pub(crate) fn drifts(&mut self, id: FileId, mark: &Mark) {
        let hashes = self.adrift.entry(mark.prefix_len).or_default();
        push_once(hashes.entry(mark.prefix_hash).or_default(), id);
    }

    pub(crate) fn lands(&mut self, id: FileId, mark: &Mark) {
        if let Some(hashes) = self.adrift.get_mut(&mark.prefix_len) {
            remove(hashes, &mark.prefix_hash, id);
            if hashes.is_empty() {
                self.adrift.remove(&mark.prefix_len);
            }
        }
    }

    pub(crate) fn forget(&mut self, generation: &Generation) {
        let id = generation.file.id;
        self.lands(id, &generation.mark);
        remove(&mut self.begun, &generation.mark.prefix_hash, id);
        self.leaves_home(id, Inode::in_mark(&generation.mark));
        remove(&mut self.logs, &generation.name.log, id);
        remove(&mut self.logs, &LogName::of(&generation.file.path).log, id);
    }
}

fn push_once(ids: &mut Vec<FileId>, id: FileId) {
    if !ids.contains(&id) {
        ids.push(id);
    }
}

fn remove<K: std::hash::Hash + Eq>(ids: &mut HashMap<K, Vec<FileId>>, key: &K, id: FileId) {
    if let Some(members) = ids.get_mut(key) {
        members.retain(|member| *member != id);
        if members.is_empty() {
            ids.remove(key);
        }
    }
}
