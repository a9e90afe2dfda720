//! Every figure of the views, worked out again from the raw lines by code that shares nothing with
//! them; what fleets of known truth must show; and what must change no figure.
//!
//! `FIGURES=1 cargo test --test it -- measures:: --nocapture` tells how much was compared.

mod books; // positions at average cost
mod calls;
mod carried;
mod dialects; // what the five systems call things
mod edge;
mod health;
mod hostile;
mod incidents;
mod lives; // orders and fills, put together the plain way
mod logs; // fixtures and simulated fleets
mod money;
mod orders;
mod properties;
mod published; // quantstats, empyrical and numpy
mod raw; // a line as its system means it
mod returns;
mod stats; // polars
mod table; // rows, and what is different between them
mod trades;
mod truth;
mod world; // a store on disk, and the views over it

use std::sync::{Arc, Weak};

use fillwatch_query::Window;
use tokio::sync::Mutex;

use logs::{DAY, HOUR, START};
use raw::{Line, Log};
use table::{Cell, Row, compare};
use world::{READ_AT, World};

/// Logs in a store, and their lines as their systems mean them.
struct Source {
    name: String,
    world: World,
    lines: Vec<Line>,
}

/// A look at a source through a window.
struct Case<'a> {
    lines: &'a [Line],
    window: Window,
}

impl Case<'_> {
    /// The lines that have happened when the window ends.
    fn before_end(&self) -> impl Iterator<Item = &Line> {
        let to = self.window.to.unwrap_or(i64::MAX);
        self.lines.iter().filter(move |line| line.at < to)
    }

    /// The lines in the window.
    fn inside(&self) -> impl Iterator<Item = &Line> {
        self.before_end().filter(|line| line.at >= self.from())
    }

    /// Where the window begins.
    fn from(&self) -> i64 {
        self.window.from.unwrap_or(i64::MIN)
    }

    /// Where it ends.
    fn now(&self) -> i64 {
        self.window.to.unwrap_or(READ_AT)
    }
}

impl Source {
    async fn new(name: String, logs: &[Log]) -> Source {
        Source { name, world: World::of(logs).await, lines: raw::lines(logs) }
    }

    /// All of time, and for a run of days an afternoon that a midnight lies before.
    fn windows(&self) -> Vec<(&'static str, Window)> {
        let mut windows = vec![("all", Window::ALL)];
        if self.lines.last().is_some_and(|line| line.at > START + DAY) {
            let from = START + 20 * HOUR;
            let to = START + 28 * HOUR + 1_234_567;
            windows.push(("hours", Window { from: Some(from), to: Some(to) }));
        }
        windows
    }
}

/// The sources of all checks: made once for those that run at the same time, deleted with the last.
async fn sources() -> Arc<Vec<Source>> {
    static SHARED: Mutex<Weak<Vec<Source>>> = Mutex::const_new(Weak::new());
    let mut shared = SHARED.lock().await;
    if let Some(sources) = shared.upgrade() {
        return sources;
    }
    let mut sources = Vec::new();
    for system in logs::SYSTEMS {
        sources.push(Source::new(format!("{system} fixture"), &logs::fixture(system)).await);
    }
    for system in logs::SYSTEMS {
        let logs = logs::days(system, 7, 50 * HOUR);
        sources.push(Source::new(format!("{system} simulated"), &logs).await);
    }
    let sources = Arc::new(sources);
    *shared = Arc::downgrade(&sources);
    sources
}

/// A time, or null.
fn time(at: Option<i64>) -> Cell {
    at.map_or(Cell::Null, Cell::Time)
}

/// Compares the rows of a view with what `want` works out, over every source and window.
async fn check(view: &str, key: &[&str], want: impl Fn(&Case) -> Vec<Row>) {
    let mut wrong = String::new();
    for source in sources().await.iter() {
        for (name, window) in source.windows() {
            let case = Case { lines: &source.lines, window };
            let got = source.world.view(window, view).await;
            let what = format!("{view}, {}, {name}", source.name);
            wrong.extend(compare(&what, key, &got, &want(&case)));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
