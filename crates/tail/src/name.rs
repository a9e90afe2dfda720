//! What the name of a log says: whether it is a log at all, whether it was rotated, whether it is
//! compressed, and which log it is a rotated generation of.

use std::path::Path;

/// The endings of logs. A directory is full of other things; only these are read from one.
const LOG_ENDINGS: [&str; 5] = [".jsonl", ".json", ".ndjson", ".log", ".txt"];

/// How a file is compressed, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
}

/// The name of a log, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogName {
    /// Without the compression's ending and without what a rotation put behind it:
    /// `bot.log.2.gz` is `bot.log`.
    pub(crate) log: String,
    /// Also without what a rotation put before the ending: `bot-20260101.log` is `bot.log`. Two
    /// bots may share it (`bot-1.log`, `bot-2.log`), so it is a hint, not an identity.
    pub(crate) family: String,
    /// Something was put behind it.
    pub(crate) rotated: bool,
    /// It is compressed.
    pub(crate) packing: Option<Packing>,
}

impl LogName {
    /// Takes the file name of `path` apart.
    pub(crate) fn of(path: &Path) -> LogName {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (unpacked, packing) = unpacked(&name);
        let log = without_rotation(unpacked);
        let (stem, ending) = split_ending(log);
        let family = format!("{}{ending}", without_rotation(stem));
        LogName { log: log.to_owned(), family, rotated: log.len() < unpacked.len(), packing }
    }

    /// Whether a file of this name in a directory of logs is taken for one.
    pub(crate) fn is_log(&self) -> bool {
        let log = self.log.to_ascii_lowercase();
        LOG_ENDINGS.iter().any(|ending| log.ends_with(ending) && log.len() > ending.len())
            && !is_hidden(&log)
    }

    /// Whether this is what a rotation would call a generation of the log named `current`.
    pub(crate) fn is_rotation_of(&self, current: &LogName) -> bool {
        let packed = self.packing.is_some() && current.packing.is_none();
        let renamed = self.rotated && !current.rotated && self.log == current.log;
        let inserted = self.log != current.log && self.family == current.log;
        let compressed = packed && self.log == current.log && self.rotated == current.rotated;
        renamed || inserted || compressed
    }
}

/// Hidden files are an editor's, a shell's or a version control's.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// How the file at `path` is compressed.
pub(crate) fn packing(path: &Path) -> Option<Packing> {
    unpacked(&path.file_name().unwrap_or_default().to_string_lossy()).1
}

fn unpacked(name: &str) -> (&str, Option<Packing>) {
    if let Some(rest) = name.strip_suffix(".gz") {
        (rest, Some(Packing::Gzip))
    } else if let Some(rest) = name.strip_suffix(".zst") {
        (rest, Some(Packing::Zstd))
    } else {
        (name, None)
    }
}

fn split_ending(log: &str) -> (&str, &str) {
    let lower = log.to_ascii_lowercase();
    match LOG_ENDINGS.iter().find(|ending| lower.ends_with(*ending)) {
        Some(ending) => log.split_at(log.len() - ending.len()),
        None => (log, ""),
    }
}

/// Takes the numbers, dates and words off the end that rotations put there, but leaves something.
fn without_rotation(name: &str) -> &str {
    let mut rest = name;
    while let Some(at) = rest.rfind(['.', '-', '_']) {
        let token = &rest[at + 1..];
        if at == 0 || !(is_rotation_token(token) || token.is_empty() && rest.len() < name.len()) {
            break;
        }
        rest = &rest[..at];
    }
    rest
}

fn is_rotation_token(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let clock = token.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'T' | b'Z' | b':' | b'+'));
    clock && digits > 0 || matches!(token, "old" | "bak" | "prev" | "orig" | "copy" | "save")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expect: &str) {
        let parts = LogName::of(Path::new(name));
        let mut said = vec![parts.log.as_str()];
        if parts.family != parts.log {
            said.push(&parts.family);
        }
        said.extend(parts.is_log().then_some("log"));
        said.extend(parts.rotated.then_some("rotated"));
        let packing = parts.packing.map(|packing| format!("{packing:?}"));
        said.extend(packing.as_deref());
        assert_eq!(said.join(" "), expect, "{name}");
    }

    #[test]
    fn names_are_taken_apart() {
        check("bot.log", "bot.log log");
        check("trades.jsonl", "trades.jsonl log");
        check("bot.log.1", "bot.log log rotated");
        check("bot.log-20260101", "bot.log log rotated");
        check("bot.jsonl.2026-01-01", "bot.jsonl log rotated");
        check("bot.jsonl.2026-01-01T09-00-00Z", "bot.jsonl log rotated");
        check("bot.log.1.gz", "bot.log log rotated Gzip");
        check("bot.log.old", "bot.log log rotated");
        check("bot.jsonl.zst", "bot.jsonl log Zstd");
        check(
            "app.2026-01-01_12-00-00_123456.log",
            "app.2026-01-01_12-00-00_123456.log app.log log",
        );
        check("out__2026-01-01_00-00-00.log", "out__2026-01-01_00-00-00.log out.log log");
        check("2026-01-01.log", "2026-01-01.log 2026.log log");
        check("bot-1.log", "bot-1.log bot.log log");
        check("trades", "trades");
        check("bot.parquet", "bot.parquet");
        check("bot.log~", "bot.log~");
        check(".bot.log.swp", ".bot.log.swp");
        check(".bot.log", ".bot.log");
        check(".log", ".log");
    }

    #[track_caller]
    fn check_rotation(name: &str, current: &str, expect: bool) {
        let [name, current] = [name, current].map(|name| LogName::of(Path::new(name)));
        assert_eq!(name.is_rotation_of(&current), expect, "{name:?} of {current:?}");
    }

    #[test]
    fn a_rotated_name_points_at_the_log() {
        check_rotation("bot.log.1", "bot.log", true);
        check_rotation("bot-20260101.log", "bot.log", true);
        check_rotation("bot.log.1.gz", "bot.log", true);
        check_rotation("bot.log.gz", "bot.log", true);
        check_rotation("bot.log.1.gz", "bot.log.1", true);
        check_rotation("bot.log", "bot.log", false);
        check_rotation("bot-2.log", "bot-1.log", false);
        check_rotation("bot.log.2", "bot.log.1", false);
        check_rotation("eth.log.1", "bot.log", false);
    }
}
