//! The look at the running fleet: its bots by SQL, and how long a line takes to get there.

use std::time::{Duration, Instant};

use fillwatch_query::output::Layout;

use super::closing::BY_BOT;
use crate::asker::Asker;
use crate::failure::Failure;
use crate::quantity;

/// After this, a line that is not seen is not waited for any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lines of text that is no JSON are in `quarantine`; the demo writes none, and counts them anyway.
const COUNT: &str = "select (select count(*) from events) + (select count(*) from quarantine)";

/// What is shown while the fleet plays.
pub(crate) struct View<'a> {
    asker: &'a Asker,
    layout: Layout,
    /// From the newline in the log to an answer that counts it, query included; one each look.
    latencies: Vec<Duration>,
    last: (Instant, u64),
}

impl<'a> View<'a> {
    pub(crate) fn new(asker: &'a Asker, layout: Layout) -> View<'a> {
        View { asker, layout, latencies: Vec::new(), last: (Instant::now(), 0) }
    }

    /// Waits until the watch has made its store.
    pub(crate) async fn wait_for_store(&self) -> Result<(), Failure> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.asker.session().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.asker.session().await.map(drop)
    }

    /// One look, when so many lines are written: a few lines of text.
    pub(crate) async fn look(&mut self, written: u64) -> Result<String, Failure> {
        let latency = self.probe(written).await?;
        let bots = self.asker.table(BY_BOT, &self.layout).await?;
        let (before, lines) = std::mem::replace(&mut self.last, (Instant::now(), written));
        let rate = (written - lines) as f64 / before.elapsed().as_secs_f64().max(0.001);
        let latency = latency.map_or("more than 5 s".to_owned(), quantity::duration);
        Ok(format!(
            "{bots}{} lines written, {rate:.0} a second; from newline to answer {latency}",
            quantity::count(written)
        ))
    }

    /// Waits until all that is written is answered, and says how long that took.
    async fn probe(&mut self, written: u64) -> Result<Option<Duration>, Failure> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.asker.number(COUNT).await? >= written {
                let latency = start.elapsed();
                self.latencies.push(latency);
                return Ok(Some(latency));
            }
        }
        Ok(None)
    }

    /// The median and the worst of all looks.
    pub(crate) fn latencies(mut self) -> Option<(Duration, Duration)> {
        self.latencies.sort();
        let median = *self.latencies.get(self.latencies.len() / 2)?;
        Some((median, *self.latencies.last()?))
    }
}
