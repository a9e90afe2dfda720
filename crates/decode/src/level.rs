//! Levels: one vocabulary for all loggers.

/// A level in our words, and whether the log's own word says more than it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) name: &'static str,
    /// The log's word is another one, not just in other letters.
    pub(crate) renamed: bool,
}

/// Whether lines of this level report a failure.
pub(crate) fn is_failure(name: &str) -> bool {
    matches!(name, "error" | "critical")
}

/// The level that a word is.
pub(crate) fn in_text(text: &[u8]) -> Option<Level> {
    // Go's slog counts between its levels: `ERROR+2`.
    if let Some(at) = text.iter().position(|b| matches!(b, b'+' | b'-')) {
        let is_offset = at > 0 && text[at + 1..].iter().all(u8::is_ascii_digit);
        let level = in_text(&text[..at]).filter(|_| is_offset)?;
        return Some(Level { renamed: true, ..level });
    }
    let mut word = [0; 12];
    let word = word.get_mut(..text.len())?;
    word.copy_from_slice(text);
    word.make_ascii_lowercase();
    let (name, renamed) = match &*word {
        b"trace" => ("trace", false),
        b"verbose" | b"finest" | b"finer" | b"silly" => ("trace", true),
        b"debug" => ("debug", false),
        b"fine" | b"dbg" => ("debug", true),
        b"info" => ("info", false),
        b"information" | b"notice" | b"success" | b"inf" | b"default" => ("info", true),
        b"warning" => ("warning", false),
        b"warn" | b"wrn" => ("warning", true),
        b"error" => ("error", false),
        b"err" | b"severe" | b"dpanic" => ("error", true),
        b"critical" => ("critical", false),
        b"fatal" | b"panic" | b"crit" | b"emergency" | b"emerg" | b"alert" => ("critical", true),
        _ => return None,
    };
    Some(Level { name, renamed })
}

/// The level that one of pino's and bunyan's numbers is. They map one to one, so the word says all.
pub(crate) fn in_number(number: u64) -> Option<&'static str> {
    Some(match number {
        10 => "trace",
        20 => "debug",
        30 => "info",
        40 => "warning",
        50 => "error",
        60 => "critical",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_loggers_agree() {
        let check = |text: &str, name, renamed| {
            assert_eq!(in_text(text.as_bytes()), Some(Level { name, renamed }), "{text}");
        };
        check("INFO", "info", false);
        check("Warning", "warning", false);
        check("warn", "warning", true);
        check("FATAL", "critical", true);
        check("ERROR+2", "error", true);
        assert_eq!(in_text(b"quite important"), None);
        assert_eq!(in_number(50), Some("error"));
        assert_eq!(in_number(35), None);
    }
}
