//! Files that cannot be read, or not to their ends, kept until they can.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use fillwatch_tail::Event;

use crate::failure::{Failure, fragment};
use crate::here::shown;
use crate::quantity;

/// How many are named.
const NAMED_MAX: usize = 5;

/// Those that cannot be read now, and what the system says.
#[derive(Debug, Default)]
pub(crate) struct Unreadable(Mutex<BTreeMap<PathBuf, String>>);

impl Unreadable {
    /// Takes notice.
    pub(crate) fn hear(&self, event: &Event) {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Unreadable { path, error } | Event::Corrupt { path, error } => {
                drop(files.insert(path.clone(), error.clone()));
            }
            Event::Readable { path } => drop(files.remove(path)),
            _ => {}
        }
    }

    /// The failure that they are, if there are any.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if files.is_empty() {
            return None;
        }
        let named = files.iter().take(NAMED_MAX);
        let named = named.map(|(path, error)| format!("`{}` ({})", shown(path), fragment(error)));
        let mut named = named.collect::<Vec<_>>().join(", ");
        if let Some(more @ 1..) = files.len().checked_sub(NAMED_MAX) {
            named += &format!(" and {}", quantity::of(more as u64, "more file", "more files"));
        }
        Some(Failure::failed(format!("cannot read {named}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_again_is_forgotten() {
        let unreadable = Unreadable::default();
        for n in 0..7 {
            let path = format!("logs/{n}.jsonl").into();
            let error = "Permission denied (os error 13)".to_owned();
            unreadable.hear(&Event::Unreadable { path, error });
        }
        unreadable.hear(&Event::Readable { path: "logs/0.jsonl".into() });
        let text = unreadable.failure().unwrap().to_string();
        assert!(text.contains("cannot read `logs/1.jsonl` (permission denied), "), "{text}");
        assert!(text.ends_with("`logs/5.jsonl` (permission denied) and 1 more file\n"), "{text}");
        for n in 1..7 {
            unreadable.hear(&Event::Readable { path: format!("logs/{n}.jsonl").into() });
        }
        assert!(unreadable.failure().is_none());
    }
}
