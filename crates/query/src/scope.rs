//! The names that a statement can read, in one of the two ways of looking at time.
//!
//! A query sees the window. A carried view must be the same whatever window asks, so it is planned
//! in a scope of its own, whose window begins at the last close: state up to there, and the events
//! since. Every view that it reads is planned there too, and so says the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::{DataFusionError, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, col, lit, try_cast};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use fillwatch_model::{ColumnType, Micros};
use futures::FutureExt;

use crate::close::{self, Closes};
use crate::late::{Moment, Moments, Slot};
use crate::window::{Window, instant, instant_sql};
use crate::{QueryError, Tables, functions, settings};

/// The tables that lack a column as long as no log has had the field, and which a view may ask to
/// have it all the same.
const WITH_FIELDS: &[&str] = &["events", "lead_events", "history"];

/// Before all logs, and so that there is something before it: the year 1.
const BEGINNING: Micros = -62_135_596_800_000_000;

/// One way of looking at time, and the names as it sees them.
pub(crate) struct Scope {
    pub(crate) context: SessionContext,
    /// What `events` sees.
    pub(crate) window: Window,
    /// The close that `opening` holds: the state of everything before it.
    pub(crate) opened: Option<Micros>,
    /// Where it is asked at one moment after the other: what changes from one to the next.
    late: Option<Late>,
}

/// What changes from one moment to the next.
struct Late {
    moments: Arc<Moments>,
    slots: BTreeMap<&'static str, Arc<Slot>>,
}

impl Scope {
    /// As `window` sees `tables`.
    pub(crate) fn windowed(
        context: SessionContext,
        tables: &Tables,
        window: Window,
    ) -> Result<Scope, QueryError> {
        let opened = tables.closes.before(window.from, window.to);
        Scope::new(context, tables, window, opened)
    }

    /// As it is at the end of `window`, from the last close on.
    pub(crate) fn carried(
        context: SessionContext,
        tables: &Tables,
        window: Window,
    ) -> Result<Scope, QueryError> {
        let opened = tables.closes.before(window.to.or(Some(Micros::MAX)), window.to);
        Scope::new(context, tables, Window { from: opened, to: window.to }, opened)
    }

    fn new(
        context: SessionContext,
        tables: &Tables,
        window: Window,
        opened: Option<Micros>,
    ) -> Result<Scope, QueryError> {
        let scope = Scope { context, window, opened, late: None };
        let lead = Window { from: opened, to: window.to };
        scope.register("events", bounded(&tables.events, window)?)?;
        scope.register("lead_events", bounded(&tables.events, lead)?)?;
        scope.register("history", bounded(&tables.events, window.up_to())?)?;
        scope.register("daily_close", closes_until(&tables.closes, window.to)?)?;
        scope.register("opening", opening(&tables.closes, opened)?)?;
        scope.register("quarantine", Arc::clone(&tables.quarantine))?;
        scope.register("sources", Arc::clone(&tables.sources))?;
        scope.register("fields", Arc::clone(&tables.fields))?;
        for (name, table) in tables.alerts.all()? {
            scope.register(name, table)?;
        }
        Ok(scope)
    }

    /// Like [`windowed`](Scope::windowed) and [`carried`](Scope::carried), to be moved from one
    /// moment to the next.
    pub(crate) fn standing(
        context: &SessionContext,
        tables: &Tables,
        window: Window,
        is_carried: bool,
    ) -> Result<Scope, QueryError> {
        let moments = Arc::new(Moments::default());
        let context =
            settings::standing(context, &moments).map_err(|error| QueryError::invalid(&error))?;
        let mut scope = Scope {
            context,
            window,
            opened: None,
            late: Some(Late { moments: Arc::clone(&moments), slots: BTreeMap::new() }),
        };
        scope.opened = scope.opened_by(tables, window, is_carried);
        let mut slots = BTreeMap::new();
        for (name, table) in late_tables(tables, window, scope.opened)? {
            let slot = Arc::new(Slot::new(name, table, Arc::clone(&moments)));
            let seen: Arc<dyn TableProvider> = Arc::clone(&slot) as _;
            slots.insert(name, slot);
            let ts = || col("ts");
            let after = |moment: Moment| ts().gt_eq(moment.expr());
            let before = ts().lt(Moment::To.expr());
            let seen = match name {
                "events" if is_carried => {
                    bounded_late("events", &seen, opened_or_all().and(before))?
                }
                "events" => bounded_late("events", &seen, after(Moment::From).and(before))?,
                "lead_events" => bounded_late("events", &seen, opened_or_all().and(before))?,
                "history" => bounded_late("events", &seen, before)?,
                _ => seen,
            };
            scope.register(name, seen)?;
        }
        if let Some(late) = &mut scope.late {
            late.slots = slots;
        }
        scope.set_moments(is_carried);
        Ok(scope)
    }

    /// Moves a standing scope to another moment, over other tables. Says whether it can: where a
    /// table has other columns, its plans are no longer right.
    pub(crate) fn move_to(
        &mut self,
        tables: &Tables,
        window: Window,
        is_carried: bool,
    ) -> Result<bool, QueryError> {
        self.window = window;
        self.opened = self.opened_by(tables, window, is_carried);
        let Some(late) = &self.late else { return Ok(false) };
        for (name, table) in late_tables(tables, window, self.opened)? {
            let fits = late.slots.get(name).is_some_and(|slot| slot.put(table));
            if !fits {
                return Ok(false);
            }
        }
        self.set_moments(is_carried);
        Ok(true)
    }

    fn opened_by(&self, tables: &Tables, window: Window, is_carried: bool) -> Option<Micros> {
        let from = if is_carried { window.to.or(Some(Micros::MAX)) } else { window.from };
        tables.closes.before(from, window.to)
    }

    fn set_moments(&self, is_carried: bool) {
        let Some(late) = &self.late else { return };
        let to = self.window.to.unwrap_or(Micros::MAX);
        // A carried view's window begins where the close is, and without one at the beginning.
        let from = if is_carried { self.opened } else { self.window.from };
        late.moments.set(from.unwrap_or(BEGINNING), to, self.opened);
    }

    pub(crate) fn is_standing(&self) -> bool {
        self.late.is_some()
    }

    pub(crate) fn register(
        &self,
        name: &str,
        table: Arc<dyn TableProvider>,
    ) -> Result<(), QueryError> {
        self.context
            .register_table(TableReference::bare(name.to_owned()), table)
            .map_err(|error| QueryError::invalid(&error))?;
        Ok(())
    }

    pub(crate) fn has(&self, name: &str) -> Result<bool, QueryError> {
        self.context
            .table_exist(TableReference::bare(name.to_owned()))
            .map_err(|error| QueryError::invalid(&error))
    }

    pub(crate) fn table(&self, name: &str) -> Result<Arc<dyn TableProvider>, QueryError> {
        at_once(self.context.table_provider(TableReference::bare(name.to_owned())))
    }

    /// The SQL of a parameter's value.
    pub(crate) fn parameter(&self, name: &str, now: Micros) -> Option<String> {
        if self.late.is_some() {
            return Moment::named(name).map(Moment::sql);
        }
        match name {
            "$from" => Some(instant_sql(self.window.from)),
            "$to" => Some(instant_sql(self.window.to)),
            "$now" => Some(instant_sql(Some(self.window.to.unwrap_or(now)))),
            "$opened" => Some(instant_sql(self.opened)),
            _ => None,
        }
    }

    /// What `table` is to be called by the view `reader`, which asks for `fields`: a name of its
    /// own, under which the table has all of them.
    pub(crate) fn with_fields(
        &self,
        table: &str,
        reader: &str,
        fields: &[(String, ColumnType)],
    ) -> Result<Option<String>, QueryError> {
        if fields.is_empty() || !WITH_FIELDS.contains(&table) {
            return Ok(None);
        }
        let name = format!("{table} of {reader}");
        if !self.has(&name)? {
            let widened = widened(table, &self.table(table)?, fields)
                .map_err(|error| QueryError::invalid(&error))?;
            self.register(&name, view(widened))?;
        }
        Ok(Some(name))
    }
}

/// A table and what it is called.
type Named = (&'static str, Arc<dyn TableProvider>);

/// The tables that change from one moment to the next.
fn late_tables(
    tables: &Tables,
    window: Window,
    opened: Option<Micros>,
) -> Result<Vec<Named>, QueryError> {
    let events = || Arc::clone(&tables.events);
    let mut all = vec![
        ("events", events()),
        ("lead_events", events()),
        ("history", events()),
        ("daily_close", closes_until(&tables.closes, window.to)?),
        ("opening", opening(&tables.closes, opened)?),
        ("quarantine", Arc::clone(&tables.quarantine)),
        ("sources", Arc::clone(&tables.sources)),
        ("fields", Arc::clone(&tables.fields)),
    ];
    all.extend(tables.alerts.all()?);
    Ok(all)
}

/// Since the close, or since ever where there is none.
fn opened_or_all() -> Expr {
    let opened = Moment::Opened.expr();
    opened.clone().is_null().or(col("ts").gt_eq(opened))
}

fn bounded_late(
    name: &str,
    table: &Arc<dyn TableProvider>,
    condition: Expr,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    filtered(name, table, condition)
}

/// `table` as `window` lets it be seen. A plan and not a wrapper: the optimiser pushes the
/// condition into the scan as it would one from the query.
fn bounded(
    table: &Arc<dyn TableProvider>,
    window: Window,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    match window.condition() {
        Some(condition) => filtered("events", table, condition),
        None => Ok(Arc::clone(table)),
    }
}

fn filtered(
    name: &str,
    table: &Arc<dyn TableProvider>,
    condition: Expr,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let plan = scan(name, table)
        .and_then(|scan| scan.filter(condition))
        .and_then(LogicalPlanBuilder::build)
        .map_err(|error| QueryError::invalid(&error))?;
    Ok(view(plan))
}

fn scan(name: &str, table: &Arc<dyn TableProvider>) -> Result<LogicalPlanBuilder, DataFusionError> {
    LogicalPlanBuilder::scan(name, provider_as_source(Arc::clone(table)), None)
}

fn view(plan: LogicalPlan) -> Arc<dyn TableProvider> {
    Arc::new(ViewTable::new(plan, None))
}

/// The rows of the close at `opened`.
fn opening(closes: &Closes, opened: Option<Micros>) -> Result<Arc<dyn TableProvider>, QueryError> {
    let Some(opened) = opened else { return nothing() };
    let condition = col("close_at").eq(instant(opened));
    filtered("opening", &shaped(closes)?, condition)
}

/// The rows of all closes that are valid at `to`.
fn closes_until(closes: &Closes, to: Option<Micros>) -> Result<Arc<dyn TableProvider>, QueryError> {
    let until = closes.at.iter().filter(|at| to.is_none_or(|to| **at <= to));
    let valid: Vec<Expr> = until.map(|at| lit(instant_value(*at))).collect();
    if valid.is_empty() {
        return nothing();
    }
    filtered("daily_close", &shaped(closes)?, col("close_at").in_list(valid, false))
}

fn instant_value(at: Micros) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(at), Some("UTC".into()))
}

/// The closes with the columns that every close has, whenever it was made.
fn shaped(closes: &Closes) -> Result<Arc<dyn TableProvider>, QueryError> {
    let has = closes.table.schema();
    let columns = close::COLUMNS.iter().map(|(name, column_type)| {
        let wanted = close::arrow_type(*column_type);
        match has.field_with_name(name) {
            Ok(field) if *field.data_type() == wanted => col(*name),
            Ok(_) => taken_for(col(*name), wanted).alias(*name),
            Err(_) => null_of(wanted).alias(*name),
        }
    });
    let plan = scan("closes", &closes.table)
        .and_then(|scan| scan.project(columns))
        .and_then(LogicalPlanBuilder::build)
        .map_err(|error| QueryError::invalid(&error))?;
    Ok(view(plan))
}

fn nothing() -> Result<Arc<dyn TableProvider>, QueryError> {
    let table = MemTable::try_new(close::schema(), vec![vec![]]);
    Ok(Arc::new(table.map_err(|error| QueryError::invalid(&error))?))
}

/// `table` with the columns `fields`: null where no log has them, and of the type that the view
/// takes them for.
fn widened(
    name: &str,
    table: &Arc<dyn TableProvider>,
    fields: &[(String, ColumnType)],
) -> Result<LogicalPlan, DataFusionError> {
    let schema = table.schema();
    let wanted = |name: &str| {
        let (_, column_type) = fields.iter().find(|(field, _)| field == name)?;
        Some(close::arrow_type(*column_type))
    };
    let mut columns: Vec<Expr> = Vec::with_capacity(schema.fields().len() + fields.len());
    for field in schema.fields() {
        let name = field.name().as_str();
        let column = Expr::Column(datafusion::common::Column::from_name(name));
        columns.push(match wanted(name) {
            Some(wanted) if wanted != *field.data_type() => taken_for(column, wanted).alias(name),
            _ => column,
        });
    }
    for (field, column_type) in fields {
        if schema.field_with_name(field).is_err() {
            columns.push(null_of(close::arrow_type(*column_type)).alias(field));
        }
    }
    scan(name, table)?.project(columns)?.build()
}

/// `column`, of another type, where it reads as a `wanted`. The engine takes the texts `NaN` and
/// `Infinity` for floats, which no column of numbers has.
fn taken_for(column: Expr, wanted: DataType) -> Expr {
    let is_float = wanted == DataType::Float64;
    let taken = try_cast(column, wanted);
    if is_float { functions::finite(taken) } else { taken }
}

fn null_of(data_type: DataType) -> Expr {
    cast(lit(ScalarValue::Null), data_type)
}

/// The result of a future that waits for nothing: every table of the catalogue is in memory.
pub(crate) fn at_once<T>(
    future: impl Future<Output = Result<T, DataFusionError>>,
) -> Result<T, QueryError> {
    match future.now_or_never() {
        Some(result) => result.map_err(|error| QueryError::invalid(&error)),
        None => Err(QueryError::Failed("the catalogue made a query wait".to_owned())),
    }
}
