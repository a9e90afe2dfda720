//! The text before the object on a line: what a logger that knows nothing of JSON puts there.

use crate::level;
use crate::time::{self, Stamp, Zone};

/// `2025-11-24 12:01:45,123 - 1234 - hummingbot.strategy - INFO - `
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prefix<'l> {
    pub(crate) text: &'l [u8],
    pub(crate) time: Option<Stamp>,
    pub(crate) level: Option<&'static str>,
    pub(crate) logger: &'l [u8],
}

impl<'l> Prefix<'l> {
    pub(crate) fn read(text: &'l [u8], zone: &mut Zone) -> Prefix<'l> {
        let text = text.trim_ascii();
        let opened = text.strip_prefix(b"[").unwrap_or(text);
        let time = time::at_start(opened, zone);
        let rest = time.map_or(text, |(_, used)| &opened[used..]);
        let level = rest.split(|b| !b.is_ascii_alphabetic()).find_map(level_word);
        let time = time.map(|(stamp, _)| stamp);
        Prefix { text, time, level, logger: logger(rest) }
    }
}

/// A level, if it is written as loggers write one: in capitals.
fn level_word(word: &[u8]) -> Option<&'static str> {
    if word.len() < 3 || !word.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    level::in_text(word).map(|level| level.name)
}

/// Python's ` - name - `: the part that is neither a number nor a level nor more than one word.
fn logger(rest: &[u8]) -> &[u8] {
    let dashes: Vec<usize> = memchr::memmem::find_iter(rest, b" - ").collect();
    let parts = dashes.windows(2).map(|pair| rest[pair[0] + 3..pair[1]].trim_ascii());
    let is_name = |part: &&[u8]| {
        part.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
            && !part.contains(&b' ')
            && level_word(part).is_none()
    };
    let last = dashes.last().map(|at| rest[at + 3..].trim_ascii());
    parts.chain(last).find(is_name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut zone = Zone::new(chrono_tz::Tz::UTC);
        let prefix = Prefix::read(text.as_bytes(), &mut zone);
        let time = prefix.time.map_or(0, |stamp| stamp.micros);
        let logger = String::from_utf8_lossy(prefix.logger);
        assert_eq!(format!("{time} {:?} {logger:?}", prefix.level), expected, "{text}");
    }

    #[test]
    fn loggers_prefixes() {
        check("2025/11/24 12:01:45 ", "1763985705000000 None \"\"");
        check(
            "2025-11-24 12:01:45,123 - 1234 - hummingbot.strategy - INFO - ",
            "1763985705123000 Some(\"info\") \"hummingbot.strategy\"",
        );
        check("[2025-11-24T12:01:45Z] WARN ", "1763985705000000 Some(\"warning\") \"\"");
        check("INFO:", "0 Some(\"info\") \"\"");
        check("order info: ", "0 None \"\"");
    }
}
