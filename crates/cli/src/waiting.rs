//! Waiting for a query where Ctrl-C and the clock are heard whatever the query does.
//!
//! A query stops at its timeout, and when it is dropped, if it looks up; and DataFusion's joins do
//! not while they run. Then every thread of the runtime may be busy with one, and with them the
//! runtime's own timers and signals. So we wait on a small runtime of our own that nothing else
//! runs on.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::failure::Failure;
use crate::{quantity, runtime};

/// How long a query may take to stop for Ctrl-C before it is left to itself.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it may take to stop at its own timeout.
const GRACE: Duration = Duration::from_millis(500);

/// Where queries run.
pub(crate) struct Waiter {
    /// There is one but while it is dropped.
    runtime: Option<Runtime>,
}

/// How a wait ended.
enum Waited<T> {
    Done(Result<T, Failure>),
    /// The query stopped.
    Stopped,
    /// The query goes on: it ends with the process, or when it notices.
    Left(Failure),
}

impl Waiter {
    pub(crate) fn new() -> Result<Waiter, Failure> {
        Ok(Waiter { runtime: Some(runtime::build()?) })
    }

    /// Runs `query` until it is done, Ctrl-C, or its time is over.
    pub(crate) fn answer<T: Send + 'static>(
        &mut self,
        time: Duration,
        query: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => runtime::build()?,
        };
        let waited = wait(runtime.spawn(query), time);
        match waited? {
            Waited::Done(answer) => {
                self.runtime = Some(runtime);
                answer
            }
            Waited::Stopped => {
                self.runtime = Some(runtime);
                Err(Failure::Interrupted)
            }
            // The next query gets threads that are not busy with this one.
            Waited::Left(failure) => {
                runtime.shutdown_background();
                Err(failure)
            }
        }
    }
}

/// A query that was left may hold its threads for ever.
impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn wait<T>(mut task: JoinHandle<Result<T, Failure>>, time: Duration) -> Result<Waited<T>, Failure> {
    let here = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let here =
        here.map_err(|error| Failure::failed(format!("cannot wait for a query: {error}")))?;
    Ok(here.block_on(async {
        tokio::select! {
            done = &mut task => return Waited::Done(done.unwrap_or_else(|_| Err(fault()))),
            () = sleep(time.saturating_add(GRACE)) => {
                task.abort();
                return Waited::Left(late(time));
            }
            _ = tokio::signal::ctrl_c() => task.abort(),
        }
        match timeout(PATIENCE, task).await {
            Ok(_) => Waited::Stopped,
            Err(_) => Waited::Left(Failure::Stuck),
        }
    }))
}

fn late(time: Duration) -> Failure {
    let shown = quantity::duration(time);
    Failure::failed(format!("the query was stopped after {shown}, and did not stop by itself"))
        .hint("ask for less time, or allow more: `--timeout 10m`")
}

fn fault() -> Failure {
    Failure::failed("the query ended in a fault of fillwatch's own")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_query_that_looks_at_no_clock_is_left_and_the_next_one_runs() {
        let mut waiter = Waiter::new().unwrap();
        let start = Instant::now();
        for _ in 0..2 * std::thread::available_parallelism().unwrap().get() {
            let stuck = async {
                std::thread::sleep(Duration::from_secs(60));
                Ok(())
            };
            let failure = waiter.answer(Duration::from_millis(10), stuck).unwrap_err();
            assert!(failure.to_string().contains("stopped after 10 ms"), "{failure}");
        }
        assert_eq!(waiter.answer(Duration::MAX, async { Ok(7) }).unwrap(), 7);
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
