//! A question to the store: through which window, with how much time and memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use fillwatch_model::{Clock, Micros};
use fillwatch_query::output::{self, Format, Layout, OutputError};
use fillwatch_query::{Options, QueryError, Session, Views, Window};

use fillwatch_serve::{References, ServeError};
use fillwatch_store::StoreError;
use futures::TryStreamExt;

use crate::config::Config;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::rules::book;

/// The time that questions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// From so long ago until now.
    Since(Duration),
    /// From one moment until another; without one, from the beginning, or until the end.
    Between(Option<Micros>, Option<Micros>),
}

impl Range {
    /// All of time.
    pub(crate) const ALL: Range = Range::Between(None, None);

    fn window(self, now: Micros) -> Window {
        match self {
            // Open at its end: the clocks that stamp the lines may be ahead of ours.
            Range::Since(since) => Window {
                from: Some(
                    now.saturating_sub(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
                ),
                to: None,
            },
            Range::Between(from, to) => Window { from, to },
        }
    }
}

/// Asks one store. Each question sees the store as it is when it is asked.
#[derive(Clone)]
pub(crate) struct Asker {
    store: PathBuf,
    clock: Arc<dyn Clock>,
    range: Range,
    options: Options,
    references: Arc<References>,
}

impl Asker {
    pub(crate) fn new(
        context: &Context,
        range: Range,
        timeout: Duration,
        memory_bytes: Option<u64>,
    ) -> Result<Asker, Failure> {
        let clock = Arc::clone(&context.clock);
        let mut options = Options::at(clock.now())?;
        options.views = Arc::new(views(&context.config)?);
        options.timeout = Some(timeout);
        if let Some(bytes) = memory_bytes {
            options.memory_bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        let references = Arc::new(book::references(context));
        Ok(Asker { store: context.store.clone(), clock, range, options, references })
    }

    /// Asks the store at `store` about all of time, with the views that ship.
    pub(crate) fn of(store: PathBuf, clock: Arc<dyn Clock>) -> Result<Asker, Failure> {
        let options = Options::at(clock.now())?;
        Ok(Asker { store, clock, range: Range::ALL, options, references: Arc::default() })
    }

    /// The answer as a table.
    pub(crate) async fn table(&self, sql: &str, layout: &Layout) -> Result<String, Failure> {
        let mut text = Vec::new();
        let answer = self.session().await?.query(sql).await?;
        output::write(answer, Format::Table, layout, &mut text).await?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The one number that a query answers with.
    pub(crate) async fn number(&self, sql: &str) -> Result<u64, Failure> {
        let answer = self.session().await?.query(sql).await?;
        let batches: Vec<RecordBatch> = answer.stream.try_collect().await?;
        let column =
            batches.first().filter(|batch| batch.num_rows() > 0).map(|batch| batch.column(0));
        let number = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
        let number = number.map(|numbers| u64::try_from(numbers.value(0)).unwrap_or(0));
        number.ok_or_else(|| Failure::failed(format!("`{sql}` has no number for an answer")))
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.options.timeout.unwrap_or(Duration::MAX)
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        self.options.memory_bytes as u64
    }

    /// The same, about another time.
    pub(crate) fn with_range(&self, range: Range) -> Asker {
        Asker { range, ..self.clone() }
    }

    /// A look at the store as it is now.
    pub(crate) async fn session(&self) -> Result<Session, Failure> {
        let now = self.clock.now();
        let mut tables = fillwatch_serve::tables(&self.store).await?;
        let (reference, news) = Arc::clone(&self.references).look_aside().await;
        tables.reference = reference;
        news.into_iter().for_each(|news| Failure::failed(news).report());
        let options = Options { now, ..self.options.clone() };
        Ok(Session::new(tables, self.range.window(now), options)?)
    }
}

/// The views that ship and the user's, which may read the user's own tables.
pub(crate) fn views(config: &Config) -> Result<Views, Failure> {
    let tables = config.tables.iter().map(|table| table.name.clone());
    let mut views = Views::shipped()?.over(tables);
    if let Some(directory) = &config.sql.views {
        views = views.and(directory)?;
    }
    for table in &config.tables {
        if let Some(taken) = views.taken(&table.name) {
            return Err(config.table_is_taken(table, &taken).into());
        }
    }
    Ok(views)
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Failure {
        match &error {
            QueryError::Refused(_)
            | QueryError::Invalid(_)
            | QueryError::NoColumn { .. }
            | QueryError::View { .. } => Failure::usage(error),
            QueryError::Memory { .. } => Failure::failed(error).hint("`--memory 8GiB` allows more"),
            QueryError::Deadline(_) => Failure::failed(error).hint("`--timeout 10m` allows more"),
            QueryError::Failed(_) => Failure::told(ExitCode::Failed, error),
        }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Failure {
        match &error {
            ServeError::Store(StoreError::Missing(_)) => Failure::usage(error)
                .hint("`fillwatch ingest DIR` or `fillwatch watch DIR` makes one; `--store DIR` names another"),
            ServeError::Store(StoreError::InUse { .. }) => Failure::told(ExitCode::InUse, error)
                .hint("stop it first, or use another --store; `fillwatch sql` works beside it"),
            _ => Failure::failed(error),
        }
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Failure {
        match error {
            OutputError::Query(error) => error.into(),
            OutputError::Io(error) => error.into(),
        }
    }
}
