//! What recognises log files at the start: `state.db`, and where it is lost, the table's own log.

use std::collections::{HashMap, HashSet};

use fillwatch_model::{FileId, Mark};
use serde_json::{Value, json};

use crate::error::{Result, StoreError};
use crate::state::{FileState, State};
use crate::table::{Reach, Table};

/// A commit that takes more files further says nothing of them: it would be megabytes, every five
/// seconds, and `state.db` has it all.
const PROVENANCE_FILES_MAX: usize = 1_000;

/// What a commit says of its sources, for checkers and for the day `state.db` is lost.
pub(crate) fn provenance(reaches: &[Reach], files: &[FileState]) -> Value {
    if reaches.len() > PROVENANCE_FILES_MAX {
        return Value::Null;
    }
    let states: HashMap<FileId, &FileState> = files.iter().map(|file| (file.id, file)).collect();
    let entry = |reach: &Reach| {
        let state = states.get(&reach.id)?;
        Some(json!({
            "id": reach.id.to_string(),
            "from": reach.from,
            "to": reach.to,
            "path": state.path.to_string_lossy(),
            "rows": state.rows,
            "rejects": state.rejects,
            "conflicts": state.conflicts,
            "first_seen": state.first_seen,
            "last_read": state.last_read,
            "dev": state.mark.dev,
            "ino": state.mark.ino,
            "prefix": [state.mark.prefix_len.to_string(), format!("{:032x}", state.mark.prefix_hash)],
            "tail": [state.mark.tail_len.to_string(), format!("{:032x}", state.mark.tail_hash)],
        }))
    };
    Value::Array(reaches.iter().filter_map(entry).collect())
}

fn read_provenance(entry: &Value) -> Option<FileState> {
    let hash = |field: &str| -> Option<(u32, u128)> {
        let length = entry[field][0].as_str()?.parse().ok()?;
        Some((length, u128::from_str_radix(entry[field][1].as_str()?, 16).ok()?))
    };
    let (prefix_len, prefix_hash) = hash("prefix")?;
    let (tail_len, tail_hash) = hash("tail")?;
    Some(FileState {
        id: entry["id"].as_str()?.parse().ok()?,
        offset: entry["to"].as_u64()?,
        path: entry["path"].as_str()?.into(),
        mark: Mark {
            dev: entry["dev"].as_u64()?,
            ino: entry["ino"].as_u64()?,
            prefix_len,
            prefix_hash,
            tail_len,
            tail_hash,
        },
        rows: entry["rows"].as_u64()?,
        rejects: entry["rejects"].as_u64()?,
        conflicts: entry["conflicts"].as_u64()?,
        first_seen: entry["first_seen"].as_i64()?,
        last_read: entry["last_read"].as_i64()?,
    })
}

/// Joins the offsets, which the table has, with the marks, which `state.db` has. Also says which
/// files have an offset and no mark.
pub(crate) fn recognise(
    events: &Table,
    quarantine: &Table,
    state: &State,
) -> Result<(Vec<FileState>, HashMap<FileId, u64>)> {
    let mut files = state.files(&events.offsets)?;
    let found: HashSet<FileId> = files.iter().map(|file| file.id).collect();
    let offsets = events.offsets.iter().map(|(id, offset)| (*id, *offset));
    let lost = offsets.filter(|(id, _)| !found.contains(id)).collect();
    // Begun, but killed between its rejects and its rows: nothing of it counts as read yet.
    for id in quarantine.offsets.keys().filter(|id| !events.offsets.contains_key(id)) {
        if let Some(mut file) = state.any_mark(*id)? {
            (file.offset, file.rows, file.rejects, file.conflicts) = (0, 0, 0, 0);
            (file.mark.tail_len, file.mark.tail_hash) = (0, 0);
            files.push(file);
        }
    }
    Ok((files, lost))
}

/// `state.db` is lost or older than the table: the log itself still says what recognised the files
/// of its recent commits.
pub(crate) async fn recover_marks(
    events: &Table,
    lost: &HashMap<FileId, u64>,
) -> Result<Vec<FileState>> {
    if lost.is_empty() {
        return Ok(Vec::new());
    }
    let mut recovered = HashMap::new();
    for version in (0..=events.version).rev() {
        let Some(actions) = events.log.commit(version).await? else { break };
        for action in &actions {
            let files = action["commitInfo"]["fillwatch"]["files"].as_array();
            for file in files.into_iter().flatten().filter_map(read_provenance) {
                if lost.get(&file.id) == Some(&file.offset) {
                    recovered.insert(file.id, file);
                }
            }
        }
        if recovered.len() == lost.len() {
            break;
        }
    }
    if recovered.len() < lost.len() {
        return Err(StoreError::MarksLost { files: lost.len() - recovered.len() });
    }
    Ok(recovered.into_values().collect())
}
