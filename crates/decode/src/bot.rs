//! What a path says: whose log it is, and what its lines are.

use std::path::Path;

use crate::words::snake;

/// The bot whose log lies at `path`: the directory that holds it, unless every program's logs could
/// lie in one of that name; then the file's name; and if that too is everybody's, the directory
/// further up.
pub(crate) fn from_path(path: &Path) -> String {
    let stem = stem(path);
    let mut directories = path.ancestors().skip(1).filter_map(|dir| dir.file_name()?.to_str());
    let holder = directories.next().filter(|name| !is_anybodys_directory(name));
    if let Some(holder) = holder {
        return holder.to_owned();
    }
    if !is_anybodys_file(&stem) {
        return stem;
    }
    directories.find(|name| !is_anybodys_directory(name)).map_or(stem, str::to_owned)
}

/// The file's name without extensions, rotation numbers and dates.
pub(crate) fn stem(path: &Path) -> String {
    let name = path.file_name().map_or_else(Default::default, |name| name.to_string_lossy());
    let mut stem: &str = &name;
    loop {
        let shorter = without_suffix(stem);
        if shorter.is_empty() || shorter == stem {
            return stem.to_owned();
        }
        stem = shorter;
    }
}

fn without_suffix(name: &str) -> &str {
    if let Some((rest, extension)) = name.rsplit_once('.')
        && (is_extension(extension) || is_dated(extension))
    {
        return rest;
    }
    // `-2025-11-24`, `_20251124`, `-20251124T1200`, `.2`
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | ':' | 'T' | 'Z');
    let rest = name.trim_end_matches(digits);
    if is_dated(&name[rest.len()..]) { rest } else { name }
}

fn is_extension(text: &str) -> bool {
    const EXTENSIONS: [&str; 12] =
        ["log", "jsonl", "json", "ndjson", "txt", "out", "err", "error", "gz", "zst", "bz2", "bak"];
    EXTENSIONS.iter().any(|known| text.eq_ignore_ascii_case(known))
        || (!text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit()))
}

fn is_dated(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 6
        && text.bytes().all(|b| b.is_ascii_digit() || b"-_.:TZ".contains(&b))
}

fn is_anybodys_directory(name: &str) -> bool {
    const NAMES: [&str; 32] = [
        "log", "logs", "data", "var", "tmp", "temp", "output", "outputs", "out", "events", "event",
        "json", "jsonl", "home", "root", "opt", "srv", "mnt", "usr", "local", "state", "share",
        "app", "run", "runs", "current", "archive", "archived", "history", "reports", "results",
        "records",
    ];
    let plain = name.trim_start_matches('.');
    plain.is_empty()
        || NAMES.iter().any(|known| plain.eq_ignore_ascii_case(known))
        || plain.bytes().all(|b| b.is_ascii_digit() || b"-_".contains(&b))
}

/// Names that say what lines are, or nothing at all.
fn is_anybodys_file(stem: &str) -> bool {
    const NAMES: [&str; 18] = [
        "bot",
        "log",
        "logs",
        "app",
        "main",
        "output",
        "out",
        "stdout",
        "stderr",
        "events",
        "event",
        "trading",
        "trade_log",
        "health",
        "error",
        "errors",
        "debug",
        "structured",
    ];
    NAMES.iter().any(|known| stem.eq_ignore_ascii_case(known))
        || data_word(stem).is_some()
        || stem.bytes().all(|b| b.is_ascii_digit() || b"-_.".contains(&b))
}

/// The word of a file's name that says what its lines are: `fills` of `paper_fills-2025-11.jsonl`.
pub(crate) fn data_word(stem: &str) -> Option<String> {
    const WORDS: [&str; 39] = [
        "fill",
        "fills",
        "execution",
        "executions",
        "trade",
        "trades",
        "closed_trades",
        "order",
        "orders",
        "signal",
        "signals",
        "scan",
        "scans",
        "position",
        "positions",
        "equity",
        "equity_curve",
        "balance",
        "balances",
        "portfolio",
        "pnl",
        "daily_pnl",
        "health",
        "heartbeat",
        "heartbeats",
        "prediction",
        "predictions",
        "quote",
        "quotes",
        "tick",
        "ticks",
        "orderbook",
        "rejection",
        "rejections",
        "cancels",
        "snapshot",
        "snapshots",
        "account",
        "api_calls",
    ];
    let words = snake(stem, 8);
    let known = |text: &str| WORDS.contains(&text).then(|| text.to_owned());
    let last = words.rsplit('_').next()?;
    known(&words).or_else(|| known(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, bot: &str, stem_expected: &str) {
        assert_eq!(from_path(Path::new(path)), bot, "bot of {path}");
        assert_eq!(stem(Path::new(path)), stem_expected, "stem of {path}");
    }

    #[test]
    fn the_directory_names_the_bot() {
        check("/srv/bots/mm1/bot.jsonl", "mm1", "bot");
        check("mm1/fills.jsonl.1", "mm1", "fills");
    }

    #[test]
    fn unless_it_could_hold_any_log() {
        check("/home/me/.local/state/qkt/logs/momentum.log", "momentum", "momentum");
        check("/data/logs/trading-bot.jsonl", "trading-bot", "trading-bot");
        check("/data/logs/trading-bot.error.log", "trading-bot", "trading-bot");
        check("/srv/arb7/logs/fills-2025-11-24.jsonl.gz", "arb7", "fills");
        check("/srv/arb7/logs/2025-11-24/events_20251124.jsonl", "arb7", "events");
    }

    #[test]
    fn a_name_of_nothing_is_still_a_name() {
        check("fills.jsonl", "fills", "fills");
        check("/var/log/20251124.log", "20251124", "20251124");
        check("", "", "");
    }

    #[test]
    fn a_file_says_what_it_holds() {
        let check = |stem, expected: Option<&str>| assert_eq!(data_word(stem).as_deref(), expected);
        check("paper_fills", Some("fills"));
        check("equity_curve", Some("equity_curve"));
        check("LiveTrades", Some("trades"));
        check("bot", None);
    }
}
