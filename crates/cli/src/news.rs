//! What happened to the log files, in a line each.

use fillwatch_serve::Trouble;
use fillwatch_store::Late;
use fillwatch_tail::{Event, Loss};

use crate::failure::{fragment, without_backtrace};
use crate::here::shown;
use crate::quantity;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// The ordinary life of files; told with `-v`.
    Routine,
    /// Worth a line.
    Notable,
    /// Something was lost, or is out of reach.
    Trouble,
}

/// The line that tells it.
pub(crate) fn tell(event: &Event) -> (Weight, String) {
    use Weight::{Notable, Routine, Trouble};
    match event {
        Event::FileAdded { file, size } => {
            (Routine, format!("new file {} ({})", shown(&file.path), quantity::bytes(*size)))
        }
        Event::Resumed { path, offset, .. } => {
            (Routine, format!("resumed {} at {}", shown(path), quantity::bytes(*offset)))
        }
        Event::Rotated { from, to, .. } => {
            (Notable, format!("rotated {} is now {}", shown(from), shown(to)))
        }
        Event::Copied { file, path } => {
            (Routine, format!("copy {} is {}, and was read there", shown(path), shown(&file.path)))
        }
        Event::Truncated { path, offset, size, .. } => (
            Notable,
            format!(
                "truncated {} had {} read and has {} now; read from its beginning",
                shown(path),
                quantity::bytes(*offset),
                quantity::bytes(*size)
            ),
        ),
        Event::Deleted { path, .. } => (Notable, format!("deleted {}", shown(path))),
        Event::Finished { file, offset } => {
            (Routine, format!("finished {} ({})", shown(&file.path), quantity::bytes(*offset)))
        }
        Event::Gap { file, offset, bytes, why } => {
            let bytes = bytes.map_or("unknown bytes".to_owned(), quantity::bytes);
            let place = shown(&file.path);
            let why = loss(*why);
            (Trouble, format!("lost {bytes} of {place} after byte {offset}: {why}"))
        }
        Event::LineTooLong { file, offset, bytes } => (
            Trouble,
            format!(
                "line too long {} at byte {offset}: {}; its head is in quarantine",
                shown(&file.path),
                quantity::bytes(*bytes)
            ),
        ),
        Event::Hole { file, offset, bytes } => (
            Notable,
            format!(
                "hole {} at byte {offset}: {} of NUL skipped",
                shown(&file.path),
                quantity::bytes(*bytes)
            ),
        ),
        Event::Unreadable { path, error } => {
            (Trouble, format!("unreadable {}: {}; tried again", shown(path), fragment(error)))
        }
        Event::Readable { path } => (Notable, format!("readable again {}", shown(path))),
        Event::Corrupt { path, error } => (Trouble, format!("corrupt {}: {error}", shown(path))),
        Event::NotifyDown { why } => {
            (Notable, format!("no notification of changes ({why}); files are looked at instead"))
        }
        Event::NotifyOverflow => {
            (Routine, "notifications overflowed; all files are looked at".to_owned())
        }
    }
}

/// The line that tells of something that failed and will be tried again.
pub(crate) fn trouble(trouble: &Trouble<'_>) -> String {
    let line = match trouble {
        Trouble::Commit(error) => format!("commit failed, tried again: {error}"),
        Trouble::CommitWorks => "commits work again".to_owned(),
        Trouble::Upkeep(error) => format!("upkeep of the store failed, tried again: {error}"),
        Trouble::RetentionWaits(day) => format!(
            "retention waits: {day} is not closed yet, and positions and whatever else adds up \
             would lose it"
        ),
        Trouble::RemovedUnclosed(day) => format!(
            "the store took more than twice its limit, so retention removed {day} before it was \
             closed; positions and whatever else adds up have lost what happened from then on"
        ),
        Trouble::TooLate(late) => too_late(late),
        Trouble::SetAside(what) => {
            format!("a torn commit was set aside ({what}); its lines are read again")
        }
        Trouble::Rules(error) => format!("the rules are not evaluated until this works: {error}"),
        Trouble::Reference(news) => format!("a table of yours: {news}"),
        Trouble::Socket(error) => format!("a question could not be answered: {error}"),
    };
    without_backtrace(&line).to_owned()
}

fn too_late(late: &Late) -> String {
    let (first, last) = (late.first_day(), late.last_day());
    let days = if first == last { first } else { format!("{first} to {last}") };
    format!(
        "{} came for {days}, which retention had removed: in events until it runs again, but not in \
         fills, positions and whatever else adds up; to have them counted, read all logs into a new \
         store, with a longer [retention]",
        quantity::of(late.rows, "row", "rows")
    )
}

fn loss(why: Loss) -> &'static str {
    match why {
        Loss::Truncated => "truncated before it was read, and there is no copy",
        Loss::Deleted => "deleted before it was read",
        Loss::WhileStopped => "replaced while fillwatch was not running, and there is no copy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fillwatch_model::{FileId, LogFile, SourceId};
    use std::sync::Arc;

    #[test]
    fn a_loss_says_what_where_and_why() {
        let path = "logs/mm1.jsonl".into();
        let file = Arc::new(LogFile { id: FileId(7), path, source: SourceId(0) });
        let event = Event::Gap { file, offset: 4096, bytes: Some(1_500), why: Loss::Truncated };
        let (weight, line) = tell(&event);
        assert_eq!(weight, Weight::Trouble);
        assert_eq!(
            line,
            "lost 1.50 kB of logs/mm1.jsonl after byte 4096: truncated before it was read, and there is no copy"
        );
    }
}
