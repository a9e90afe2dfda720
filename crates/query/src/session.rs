//! One look at one snapshot.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use datafusion::catalog::TableProvider;
use datafusion::catalog::view::ViewTable;
use datafusion::common::{DataFusionError, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::Statement;
use fillwatch_model::Micros;
use futures::FutureExt;

use crate::answer::{Answer, Bounds};
use crate::error::{list, nearest};
use crate::relation::{BASE, Relation, RelationKind};
use crate::views::{View, Views};
use crate::window::{Window, instant_sql};
use crate::{QueryError, guard, json, limits, relation, settings};

/// What a session is over.
#[derive(Clone)]
pub struct Tables {
    /// Every event there is.
    pub events: Arc<dyn TableProvider>,
    /// Lines that are not events.
    pub quarantine: Arc<dyn TableProvider>,
    /// The log files.
    pub sources: Arc<dyn TableProvider>,
    /// The fields of the log lines.
    pub fields: Arc<dyn TableProvider>,
}

/// How a session runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time it is, as `$now` where the window has no end.
    pub now: Micros,
    /// The views.
    pub views: Arc<Views>,
    /// Memory that one query's joins, sorts and groups may take; it does not spill to disk.
    pub memory_bytes: usize,
    /// How long one query may take. A join looks at no clock while it runs, so a deadline that must
    /// hold is one that ends the process.
    pub timeout: Option<Duration>,
    /// How many threads one query may keep busy.
    pub partitions: usize,
}

impl Options {
    /// The defaults, at the time `now`, with the views that ship.
    pub fn at(now: Micros) -> Result<Options, QueryError> {
        Ok(Options {
            now,
            views: Arc::new(Views::shipped()?),
            memory_bytes: limits::MEMORY_BYTES,
            timeout: None,
            partitions: std::thread::available_parallelism().map_or(1, usize::from),
        })
    }
}

/// One look at one snapshot, through one window.
pub struct Session {
    context: SessionContext,
    window: Window,
    options: Options,
    /// Held while a view is planned, so that two queries do not both add it.
    planning: Mutex<()>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("window", &self.window).finish_non_exhaustive()
    }
}

impl Session {
    /// A session over `tables` that sees the events in `window`.
    pub fn new(tables: Tables, window: Window, options: Options) -> Result<Session, QueryError> {
        let context = settings::engine(options.memory_bytes, options.partitions)
            .map_err(|error| QueryError::invalid(&error))?;
        let base = [
            ("events", bounded(&tables.events, window)?),
            ("history", bounded(&tables.events, window.up_to())?),
            ("quarantine", tables.quarantine),
            ("sources", tables.sources),
            ("fields", tables.fields),
        ];
        for (name, table) in base {
            context
                .register_table(TableReference::bare(name), table)
                .map_err(|error| QueryError::invalid(&error))?;
        }
        Ok(Session { context, window, options, planning: Mutex::new(()) })
    }

    /// Answers one query. What is wrong with it, this says; what goes wrong later, the stream.
    pub async fn query(&self, sql: &str) -> Result<Answer, QueryError> {
        let bounds = Bounds::start(self.options.memory_bytes, self.options.timeout);
        let start = async {
            let plan = self.plan(guard::parse(sql)?)?;
            let frame = self.context.execute_logical_plan(plan).await;
            let frame = frame.map_err(|error| QueryError::invalid(&error))?;
            frame.execute_stream().await.map_err(|error| bounds.failed(&error))
        };
        let rows = bounds.hold(start).await.map_err(|error| error.of_query(sql))?;
        Ok(bounds.answer(rows))
    }

    /// The tables and the views, tables first.
    pub fn relations(&self) -> Vec<Relation> {
        let tables = BASE.iter().map(|(name, doc)| (*name, RelationKind::Table, *doc));
        let views = self.options.views.names().map(|name| {
            let doc = self.options.views.get(name).map_or("", |view| &view.doc);
            (name, RelationKind::View, doc)
        });
        let relation = |(name, kind, doc): (&str, RelationKind, &str)| {
            let (columns, broken) = match self.columns(name) {
                Ok(columns) => (columns, None),
                Err(error) => (Vec::new(), Some(error.to_string())),
            };
            Relation { name: name.to_owned(), kind, doc: doc.to_owned(), columns, broken }
        };
        tables.chain(views).map(relation).collect()
    }

    fn columns(&self, name: &str) -> Result<Vec<(String, String)>, QueryError> {
        self.provide(name)?;
        let table = at_once(self.context.table_provider(TableReference::bare(name)))?;
        Ok(relation::columns(&table.schema()))
    }

    /// The plan of a statement that passed the guard.
    fn plan(&self, mut statement: Statement) -> Result<LogicalPlan, QueryError> {
        for name in guard::reads(&statement)? {
            self.provide(&name)?;
        }
        let plan = self.plan_over_known(&mut statement)?;
        json::materialised(plan).map_err(|error| QueryError::invalid(&error))
    }

    fn plan_over_known(&self, statement: &mut Statement) -> Result<LogicalPlan, QueryError> {
        guard::bind(statement, &|name| self.parameter(name))?;
        let plan = at_once(self.context.state().statement_to_plan(statement.clone()))?;
        let read_only = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        read_only.verify_plan(&plan).map_err(|error| QueryError::invalid(&error))?;
        Ok(plan)
    }

    fn parameter(&self, name: &str) -> Option<String> {
        match name {
            "$from" => Some(instant_sql(self.window.from)),
            "$to" => Some(instant_sql(self.window.to)),
            "$now" => Some(instant_sql(Some(self.window.to.unwrap_or(self.options.now)))),
            _ => None,
        }
    }

    /// Sees to it that the table or view `name` can be planned with. A view is planned when it is
    /// first asked for, after those it reads.
    fn provide(&self, name: &str) -> Result<(), QueryError> {
        if guard::is_table_function(name) {
            return Ok(());
        }
        let _planning = self.planning.lock().unwrap_or_else(PoisonError::into_inner);
        self.provide_locked(name)
    }

    fn provide_locked(&self, name: &str) -> Result<(), QueryError> {
        let reference = TableReference::bare(name.to_owned());
        if self
            .context
            .table_exist(reference.clone())
            .map_err(|error| QueryError::invalid(&error))?
        {
            return Ok(());
        }
        let Some(view) = self.options.views.get(name) else { return Err(self.no_relation(name)) };
        for read in view.reads.iter().filter(|read| !guard::is_table_function(read)) {
            self.provide_locked(read)?;
        }
        let plan = self.plan_view(view).map_err(|error| error.in_view(view.file.clone()))?;
        let table = Arc::new(ViewTable::new(plan, None));
        self.context
            .register_table(reference, table)
            .map_err(|error| QueryError::invalid(&error))?;
        Ok(())
    }

    fn plan_view(&self, view: &View) -> Result<LogicalPlan, QueryError> {
        self.plan_over_known(&mut view.statement.clone())
    }

    fn no_relation(&self, name: &str) -> QueryError {
        let names: Vec<&str> =
            BASE.iter().map(|(base, _)| *base).chain(self.options.views.names()).collect();
        let near = nearest(name, &names);
        let offer = if near.is_empty() {
            format!("there are {}", list(&names))
        } else {
            format!("did you mean {}?", list(&near))
        };
        QueryError::Invalid(format!("no table or view `{name}`; {offer}"))
    }
}

/// `table` as `window` lets it be seen. A plan and not a wrapper: the optimiser pushes the
/// condition into the scan as it would one from the query.
fn bounded(
    table: &Arc<dyn TableProvider>,
    window: Window,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let Some(condition) = window.condition() else { return Ok(Arc::clone(table)) };
    let plan = LogicalPlanBuilder::scan("events", provider_as_source(Arc::clone(table)), None)
        .and_then(|scan| scan.filter(condition))
        .and_then(LogicalPlanBuilder::build)
        .map_err(|error| QueryError::invalid(&error))?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// The result of a future that waits for nothing: every table of the catalogue is in memory.
fn at_once<T>(future: impl Future<Output = Result<T, DataFusionError>>) -> Result<T, QueryError> {
    match future.now_or_never() {
        Some(result) => result.map_err(|error| QueryError::invalid(&error)),
        None => Err(QueryError::Failed("the catalogue made a query wait".to_owned())),
    }
}
