//! The state of everything at the end of a day is written when the day is over, and again when late
//! rows have changed it; as of the last minute it is kept in memory.
//!
//! Both are computed in this process, since only here is it known which rows have come. They are
//! our own statements, one at a time, on a thread of their own, with a bound on memory and time:
//! rows go on coming in and being committed.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::record_batch::RecordBatch;
use fillwatch_model::{Clock, Micros};
use fillwatch_query::{Options, Tables, close};
use fillwatch_store::{Basis, Store};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::{Observer, ServeError, Trouble, tables};

/// How often it is looked whether there is anything to do.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// A day is closed this long after it ended: lines that were written before midnight are read a
/// little after it.
const LATENESS: Micros = 5 * MINUTE;

/// Days are closed when no row has come for them since the last look, or after this long at the
/// latest, so that old logs pouring in do not have each day closed with every commit.
const PATIENCE: Duration = Duration::from_secs(60);

/// …or after so many times as long as it took the last time, if that is longer.
const PATIENCE_SHARE: u32 = 4;

/// After a failure.
const RETRY: Duration = Duration::from_secs(60);

/// How often the state as of the last minute is computed; or, if that takes long, how many times
/// as long: at most a fiftieth of one core.
const RUNNING_INTERVAL: Duration = Duration::from_secs(60);
const RUNNING_SHARE: u32 = 50;

/// How old that minute is at least: rows that come within it do not end what was just computed.
const RUNNING_LAG: Micros = 15 * SECOND;

/// One computation takes seconds. One that takes this long is tried again later.
const DEADLINE: Duration = Duration::from_secs(600);

const SECOND: Micros = 1_000_000;
const MINUTE: Micros = 60 * SECOND;
const DAY: Micros = 24 * 60 * MINUTE;

/// What closes are made by.
pub(crate) fn definition() -> Result<&'static str, ServeError> {
    static DEFINITION: OnceLock<String> = OnceLock::new();
    if let Some(definition) = DEFINITION.get() {
        return Ok(definition);
    }
    let definition = close::definition()?;
    Ok(DEFINITION.get_or_init(|| definition))
}

/// Closes days that are over, and keeps the state as of the last minute, for ever.
pub(crate) async fn keep_closing(
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
) {
    let mut due = Due::new();
    // Not at once: what was written while nobody watched comes first, and would end it.
    let mut running = Pace::from(Instant::now() + LOOK_INTERVAL);
    let (mut closing_troubles, mut running_troubles) = (Said::default(), Said::default());
    loop {
        let before = day_of(clock.now() - LATENESS);
        if due.look(&store, before, Instant::now()) {
            let start = Instant::now();
            let closed = close_days(&store, before, clock.now(), observer.as_ref()).await;
            due.done(start.elapsed(), closed.is_ok(), Instant::now());
            closing_troubles.tell(closed, observer.as_ref());
        }
        if running.is_due(Instant::now()) {
            let start = Instant::now();
            let done = run(&store, clock.now()).await;
            running.done(start.elapsed(), Instant::now());
            running_troubles.tell(done, observer.as_ref());
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// What was said last of something that goes wrong: once is enough.
#[derive(Default)]
struct Said(Option<String>);

impl Said {
    fn tell(&mut self, done: Result<(), ServeError>, observer: &dyn Observer) {
        let error = done.err();
        let text = error.as_ref().map(ToString::to_string);
        if let Some(error) = error
            && text != self.0
        {
            observer.trouble(&Trouble::Upkeep(&error));
        }
        self.0 = text;
    }
}

/// Closes the days before `before` (days since the epoch) that are not, the oldest first. It stops
/// when rows come in for days that it has closed already: more will come.
pub(crate) async fn close_days(
    store: &Store,
    before: i32,
    now: Micros,
    observer: &dyn Observer,
) -> Result<(), ServeError> {
    let definition = definition()?;
    let mut last = None;
    loop {
        let snapshot = store.snapshot();
        let days = snapshot.days_to_close(definition, before);
        let Some(day) = days.first().copied() else { return Ok(()) };
        // Rows that wait for their commit come first.
        let Some(basis) = snapshot.basis(definition, day) else { return Ok(()) };
        if last.is_some_and(|last| day <= last) {
            return Ok(());
        }
        last = Some(day);
        let mut tables = tables::of(&snapshot)?;
        // Not from a running close: the same days give the same closes, to the last digit.
        tables.closes = tables::closes_of(snapshot.daily_closes(definition));
        let what = || format!("at the end of {}", basis.date());
        let rows = compute(tables, basis.at(), now, what).await?;
        let closed = store.write_close(&basis, &rows).await?;
        observer.closed(&closed, days.len() - 1);
    }
}

/// Computes the state as of the last minute.
async fn run(store: &Store, now: Micros) -> Result<(), ServeError> {
    let definition = definition()?;
    let at = (now - RUNNING_LAG).div_euclid(MINUTE) * MINUTE;
    let token = store.begin_running();
    let snapshot = store.snapshot();
    // While days before yesterday are open it would cost all of them.
    if !snapshot.days_to_close(definition, day_of(at) - 1).is_empty() {
        return Ok(());
    }
    let what = || "as of the last minute".to_owned();
    let rows = compute(tables::of(&snapshot)?, at, now, what).await?;
    // If rows have come that it lacks, the next one will have them.
    store.install_running(&token, at, definition, &rows)?;
    Ok(())
}

/// The close at `at`, on a thread of its own; given up when nobody waits for it any more.
async fn compute(
    mut tables: Tables,
    at: Micros,
    now: Micros,
    what: impl FnOnce() -> String,
) -> Result<Vec<RecordBatch>, ServeError> {
    tables.closes.at.retain(|close| *close < at);
    let mut options = Options::at(now)?;
    options.partitions = 1;
    options.timeout = Some(DEADLINE);
    let (waits, gone) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let work = move || {
        runtime.block_on(async {
            tokio::select! {
                rows = close::compute(tables, at, options) => Some(rows),
                _ = gone => None,
            }
        })
    };
    let computed = tokio::task::spawn_blocking(work).await;
    drop(waits);
    match computed {
        Ok(Some(rows)) => rows.map_err(|source| ServeError::Close { what: what(), source }),
        // The thread panicked: nobody else ends it while we wait.
        Ok(None) | Err(_) => Err(ServeError::Died("closing")),
    }
}

/// The UTC day of a time, in days since the epoch.
pub(crate) fn day_of(at: Micros) -> i32 {
    at.div_euclid(DAY) as i32
}

/// When days are closed that are open. `B` says which rows they have.
#[derive(Debug)]
struct Due<B = Basis> {
    /// Since when any are.
    since: Option<Instant>,
    /// The rows that they had at the last look.
    seen: Option<B>,
    took: Duration,
    rests_until: Option<Instant>,
}

impl Due {
    fn look(&mut self, store: &Store, before: i32, now: Instant) -> bool {
        // Without one nothing can be closed; trying to says why.
        let definition = definition().unwrap_or_default();
        let snapshot = store.snapshot();
        let open = snapshot.days_to_close(definition, before).last().copied();
        let basis = open.and_then(|day| snapshot.basis(definition, day));
        self.judge(open.is_some(), basis, now)
    }
}

impl<B: PartialEq> Due<B> {
    fn new() -> Due<B> {
        Due { since: None, seen: None, took: Duration::ZERO, rests_until: None }
    }

    /// Whether to close now. `rows` are those up to the end of the last open day, if all of them
    /// are committed.
    fn judge(&mut self, any_open: bool, rows: Option<B>, now: Instant) -> bool {
        let quiet = rows.is_some() && rows == self.seen;
        self.seen = rows;
        if !any_open {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        let patience = PATIENCE.max(self.took.saturating_mul(PATIENCE_SHARE));
        let rests = self.rests_until.is_some_and(|until| now < until);
        !rests && (quiet || now.duration_since(since) >= patience)
    }

    fn done(&mut self, took: Duration, well: bool, now: Instant) {
        self.took = took;
        self.since = None;
        self.rests_until = if well { None } else { Some(now + RETRY) };
    }
}

/// When the state as of the last minute is computed.
#[derive(Debug)]
struct Pace {
    next: Instant,
}

impl Pace {
    fn from(next: Instant) -> Pace {
        Pace { next }
    }

    fn is_due(&self, now: Instant) -> bool {
        now >= self.next
    }

    fn done(&mut self, took: Duration, now: Instant) {
        let pause = RUNNING_INTERVAL.max(took.saturating_mul(RUNNING_SHARE));
        // From its start on, so that looks every ten seconds meet every minute.
        self.next = now + pause.saturating_sub(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is looked at every ten seconds: the rows of the open days, `None` if some wait for a
    /// commit. No days are open where it says -1. Gives the looks at which they are closed, which
    /// leaves them open here.
    fn closed_at(looks: &[Option<i32>], took: Duration, well: bool) -> Vec<usize> {
        let start = Instant::now();
        let mut due = Due::new();
        let mut closed = Vec::new();
        for (at, rows) in looks.iter().enumerate() {
            let now = start + LOOK_INTERVAL * at as u32;
            if due.judge(*rows != Some(-1), *rows, now) {
                due.done(took, well, now);
                closed.push(at);
            }
        }
        closed
    }

    const SOON: Duration = Duration::from_secs(1);

    #[test]
    fn a_day_is_closed_when_nothing_more_comes_for_it() {
        let looks = [Some(-1), Some(5), Some(5), Some(-1), Some(-1)];
        assert_eq!(closed_at(&looks, SOON, true), [2]);
        let pouring = [Some(1), None, Some(2), Some(3), Some(3)];
        assert_eq!(closed_at(&pouring, SOON, true), [4]);
    }

    #[test]
    fn a_stream_of_old_rows_has_it_closed_once_a_minute_and_less_if_that_takes_long() {
        let pouring: Vec<Option<i32>> = (0..20).map(Some).collect();
        assert_eq!(closed_at(&pouring, SOON, true), [6, 13]);
        assert_eq!(closed_at(&pouring, Duration::from_secs(30), true), [6, 19]);
    }

    #[test]
    fn what_failed_is_tried_again_a_minute_later() {
        assert_eq!(closed_at(&[Some(5); 14], SOON, false), [1, 7, 13]);
    }

    #[test]
    fn the_last_minute_is_computed_every_minute_and_less_if_that_takes_long() {
        let start = Instant::now();
        let mut pace = Pace::from(start);
        assert!(pace.is_due(start));
        for (took, pause) in [(1, 60), (2, 100), (10, 500)] {
            let end = start + Duration::from_secs(took);
            pace.done(Duration::from_secs(took), end);
            assert!(!pace.is_due(start + Duration::from_secs(pause - 1)));
            assert!(pace.is_due(start + Duration::from_secs(pause)));
        }
    }
}
