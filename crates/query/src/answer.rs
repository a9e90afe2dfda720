//! The rows that answer a query.

use std::fmt;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::{BoxStream, StreamExt};
use futures::{FutureExt, stream};
use stacker::maybe_grow;
use tokio::time::Instant;

use crate::QueryError;
use crate::limits::STACK_BYTES;

/// The rows that answer a query, as they come. Dropping the stream stops the query.
pub struct Answer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows. After an error there are no more.
    pub stream: BoxStream<'static, Result<RecordBatch, QueryError>>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// What bounds a running query.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    memory_bytes: usize,
    /// How long it may take, and until when that is.
    time: Option<(Duration, Instant)>,
}

impl Bounds {
    /// From now on.
    pub(crate) fn start(memory_bytes: usize, timeout: Option<Duration>) -> Bounds {
        let until = |timeout| Instant::now().checked_add(timeout).map(|until| (timeout, until));
        Bounds { memory_bytes, time: timeout.and_then(until) }
    }

    /// What `future` gives, if it does in time. A panic in it is this query's failure and nobody
    /// else's.
    pub(crate) async fn hold<T>(
        self,
        future: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, QueryError> {
        let calm = AssertUnwindSafe(roomy(future)).catch_unwind();
        let outcome = match self.time {
            Some((timeout, until)) => match tokio::time::timeout_at(until, calm).await {
                Ok(outcome) => outcome,
                Err(_) => return Err(QueryError::Deadline(timeout)),
            },
            None => calm.await,
        };
        outcome.unwrap_or_else(|panic| Err(QueryError::Failed(last_words(&*panic))))
    }

    /// What the engine's failure is to the user.
    pub(crate) fn failed(self, error: &datafusion::common::DataFusionError) -> QueryError {
        QueryError::failed(error, self.memory_bytes)
    }

    /// The rows as they come, until the first error.
    pub(crate) fn answer(self, rows: SendableRecordBatchStream) -> Answer {
        let schema = rows.schema();
        let stream = stream::unfold(Some(rows), move |rows| async move {
            let mut rows = rows?;
            let next = self
                .hold(async { rows.next().await.transpose().map_err(|error| self.failed(&error)) });
            match next.await {
                Ok(Some(batch)) => Some((Ok(batch), Some(rows))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Answer { schema, stream: stream.boxed() }
    }
}

/// The future, with stack enough for the deepest plan that the guard lets through.
async fn roomy<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| maybe_grow(STACK_BYTES / 2, STACK_BYTES, || future.as_mut().poll(context)))
        .await
}

fn last_words(panic: &(dyn std::any::Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words =
        words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("for no reason it gave");
    format!("the query engine gave up on this query: {words}")
}
