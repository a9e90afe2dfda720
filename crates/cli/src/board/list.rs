//! Showing the last rows of a view, or saying when there last were some.

use std::sync::Arc;
use std::time::Duration;

use fillwatch_model::Micros;

use super::filter::{Filter, last_time, newest};
use super::layout::{Board, note, width};
use super::look::Look;
use super::rows::Rows;
use crate::answering;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::quantity;

/// Rows for people who do not say how many: two screens.
const LIMIT: u64 = 50;

/// A view, and how it is listed.
pub(crate) struct Listing {
    pub(crate) view: &'static str,
    /// What a row is called, and what several are.
    pub(crate) one: &'static str,
    pub(crate) many: &'static str,
    /// The kind of event that a row begins with.
    pub(crate) kind: &'static str,
    /// Of the rows, besides the filter's.
    pub(crate) conditions: Vec<&'static str>,
    pub(crate) order: &'static [&'static str],
    pub(crate) limit: Option<u64>,
    pub(crate) table: fn(&Rows) -> Board,
}

/// Lists it, for people or in another format.
pub(crate) fn list(
    listing: Listing,
    filter: &Filter,
    look: &Look,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let asker = look.asker(context)?;
    let mut conditions = filter.conditions();
    conditions.extend(listing.conditions.iter().map(|condition| (*condition).to_owned()));
    if let Some(format) = look.raw(context)? {
        let (held, filter) = (Arc::clone(&asker), filter.clone());
        answering::within(&asker, None, async move {
            if filter.bot.is_some() { filter.check(&held.session().await?).await } else { Ok(()) }
        })?;
        let sql = newest(listing.view, &conditions, listing.order, listing.limit);
        look.write(&asker, &sql, format, context)?;
        return Ok(ExitCode::Ok);
    }
    let limit = listing.limit.unwrap_or(LIMIT);
    let sql = newest(listing.view, &conditions, listing.order, Some(limit + 1));
    let when = When {
        words: look.words(),
        end: look.end(context),
        length: look.length(),
        is_now: look.is_now(),
    };
    let (held, filter, terminal) = (Arc::clone(&asker), filter.clone(), context.terminal);
    look.show(&asker, async move {
        let session = held.session().await?;
        let rows = Rows::of(session.query(&sql).await?).await?;
        if rows.len() == 0 {
            filter.check(&session).await?;
            let last = last_time(&session, listing.kind, filter.bot.as_deref()).await?;
            return Ok(note(&none(&listing, &filter, &when, last), width(terminal)));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_cut = rows.len() > limit;
        let rows = rows.last(limit);
        let count = rows.len() as u64;
        let words = format!("{} {}", filter.words(), when.words);
        let about = if is_cut {
            format!(
                "the last {}{words}; `--limit {}` shows more",
                quantity::of(count, listing.one, listing.many),
                10 * count
            )
        } else {
            format!("{}{words}", quantity::of(count, listing.one, listing.many))
        };
        Ok((listing.table)(&rows).finish(&about, terminal))
    })?;
    Ok(ExitCode::Ok)
}

/// The window.
struct When {
    words: String,
    end: Micros,
    length: Duration,
    is_now: bool,
}

/// What is said where there are no rows: when there last were some, at `last`.
fn none(listing: &Listing, filter: &Filter, when: &When, last: Option<Micros>) -> String {
    let nothing = format!("no {}{} {}", listing.many, filter.words(), when.words);
    let narrow = filter.is_narrow() || !listing.conditions.is_empty();
    let age = |last: Micros| Duration::from_micros(u64::try_from(when.end - last).unwrap_or(0));
    match last {
        None if narrow => nothing,
        None => format!("{nothing}, and none before"),
        Some(last) if age(last) <= when.length => nothing,
        Some(last) => format!(
            "{nothing}; the last{} was {} {}, at {} (`--since {}` shows it)",
            if narrow { " of any" } else { "" },
            quantity::duration(age(last)),
            if when.is_now { "ago" } else { "before" },
            quantity::moment(last),
            reaching(age(last))
        ),
    }
}

/// A length of time that is no shorter, and easily typed.
fn reaching(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..3_600 => format!("{}m", seconds / 60 + 1),
        3_600..86_400 => format!("{}h", seconds / 3_600 + 1),
        _ => format!("{}d", seconds / 86_400 + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_reaches() {
        assert_eq!(reaching(Duration::from_secs(59)), "1m");
        assert_eq!(reaching(Duration::from_secs(3_600)), "2h");
        assert_eq!(reaching(Duration::from_secs(10 * 86_400)), "11d");
    }
}
