//! A plan that is made once and asked at one moment after the other.
//!
//! Planning a query over views of views takes longer than running it over an hour's rows, and a
//! rule is asked every few seconds for years. So where a session is *standing*, `$from`, `$to`,
//! `$now` and `$opened` are no constants but [`Moments`] that are read when the plan runs, and the
//! tables are [`Slot`]s that hold other rows each time.
//!
//! The optimiser must neither compute a moment in advance nor keep a condition on it from a scan,
//! as it would with a function that it may not call: so it sees a placeholder, and the function
//! takes its place when the optimised plan becomes a physical one.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue, internal_err};
use datafusion::config::ConfigOptions;
use datafusion::datasource::TableType;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::{SendableRecordBatchStream, SessionState, TaskContext};
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, TableProviderFilterPushDown, Volatility, lit,
};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
    ReplaceChildrenOptions,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use fillwatch_model::Micros;
use futures::TryStreamExt;

/// The moments that a query may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Moment {
    From,
    To,
    Now,
    Opened,
}

impl Moment {
    const ALL: [Moment; 4] = [Moment::From, Moment::To, Moment::Now, Moment::Opened];

    /// The parameter of this name.
    pub(crate) fn named(parameter: &str) -> Option<Moment> {
        match parameter {
            "$from" => Some(Moment::From),
            "$to" => Some(Moment::To),
            "$now" => Some(Moment::Now),
            "$opened" => Some(Moment::Opened),
            _ => None,
        }
    }

    fn placeholder(self) -> &'static str {
        match self {
            Moment::From => "$at_from",
            Moment::To => "$at_to",
            Moment::Now => "$at_now",
            Moment::Opened => "$at_opened",
        }
    }

    /// It as an expression that the optimiser leaves alone.
    pub(crate) fn expr(self) -> Expr {
        let field = Arc::new(Field::new("", moment_type(), true));
        Expr::Placeholder(Placeholder::new_with_field(self.placeholder().to_owned(), Some(field)))
    }

    /// It as SQL, which becomes that expression when it has been planned.
    pub(crate) fn sql(self) -> String {
        format!("{FUNCTION}('{}')", self.placeholder())
    }

    /// The moment that an expression is.
    pub(crate) fn of(expr: &Expr) -> Option<Moment> {
        let Expr::Placeholder(placeholder) = expr else { return None };
        Moment::ALL.into_iter().find(|moment| moment.placeholder() == placeholder.id)
    }
}

const FUNCTION: &str = "moment_of_plan";

fn moment_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// What the moments are now.
#[derive(Debug, Default)]
pub(crate) struct Moments {
    from: AtomicI64,
    to: AtomicI64,
    now: AtomicI64,
    /// The least there is stands for none.
    opened: AtomicI64,
}

impl Moments {
    pub(crate) fn set(&self, from: Micros, to: Micros, opened: Option<Micros>) {
        self.from.store(from, Ordering::Release);
        self.to.store(to, Ordering::Release);
        self.now.store(to, Ordering::Release);
        self.opened.store(opened.unwrap_or(Micros::MIN), Ordering::Release);
    }

    fn value(&self, moment: Moment) -> ScalarValue {
        let cell = match moment {
            Moment::From => &self.from,
            Moment::To => &self.to,
            Moment::Now => &self.now,
            Moment::Opened => &self.opened,
        };
        let at = Some(cell.load(Ordering::Acquire)).filter(|at| *at != Micros::MIN);
        ScalarValue::TimestampMicrosecond(at, Some("UTC".into()))
    }

    /// The function that stands for moments in SQL.
    pub(crate) fn function(self: &Arc<Moments>) -> ScalarUDF {
        ScalarUDF::from(Function { moments: Arc::clone(self), which: None })
    }

    fn call(self: &Arc<Moments>, moment: Moment) -> Expr {
        let function = Function { moments: Arc::clone(self), which: Some(moment) };
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::from(function)), vec![]))
    }
}

/// The plan of a statement, its calls of the function as placeholders. A window has ends, which
/// are therefore never null.
pub(crate) fn with_placeholders(plan: LogicalPlan) -> Result<LogicalPlan> {
    rewritten(plan, &|expr| {
        let bounded = |inner: &Expr| called(inner).is_some_and(|moment| moment != Moment::Opened);
        match &expr {
            Expr::IsNull(inner) if bounded(inner) => Some(lit(false)),
            Expr::IsNotNull(inner) if bounded(inner) => Some(lit(true)),
            expr => called(expr).map(Moment::expr),
        }
    })
}

/// The moment that the function is called for.
fn called(expr: &Expr) -> Option<Moment> {
    let Expr::ScalarFunction(call) = expr else { return None };
    if call.func.name() != FUNCTION {
        return None;
    }
    let Some(Expr::Literal(ScalarValue::Utf8(Some(name)), _)) = call.args.first() else {
        return None;
    };
    Moment::ALL.into_iter().find(|moment| moment.placeholder() == name)
}

fn rewritten(plan: LogicalPlan, to: &dyn Fn(&Expr) -> Option<Expr>) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(|plan| {
        let names = NamePreserver::new(&plan);
        // A scan's conditions are the table's to read, and it reads placeholders.
        if matches!(plan, LogicalPlan::TableScan(_)) {
            return Ok(Transformed::no(plan));
        }
        plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_down(|expr| {
                Ok(match to(&expr) {
                    Some(other) => Transformed::new(other, true, TreeNodeRecursion::Jump),
                    None => Transformed::no(expr),
                })
            })?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(plan.data)
}

/// Makes physical plans in which moments are read when they run.
#[derive(Debug)]
pub(crate) struct LatePlanner(pub(crate) Arc<Moments>);

#[async_trait]
impl QueryPlanner for LatePlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = rewritten(plan.clone(), &|expr| Moment::of(expr).map(|at| self.0.call(at)))?;
        DefaultPhysicalPlanner::default().create_physical_plan(&plan, state).await
    }
}

#[derive(Debug)]
struct Function {
    moments: Arc<Moments>,
    /// `None` for the one that stands in SQL and never runs.
    which: Option<Moment>,
}

impl PartialEq for Function {
    fn eq(&self, other: &Function) -> bool {
        Arc::ptr_eq(&self.moments, &other.moments) && self.which == other.which
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (Arc::as_ptr(&self.moments), self.which).hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.which.map_or(FUNCTION, Moment::placeholder)
    }

    fn signature(&self) -> &Signature {
        static INNER: std::sync::LazyLock<Signature> =
            std::sync::LazyLock::new(|| Signature::nullary(Volatility::Volatile));
        static NAMED: std::sync::LazyLock<Signature> = std::sync::LazyLock::new(|| {
            Signature::exact(vec![DataType::Utf8], Volatility::Volatile)
        });
        if self.which.is_some() { &INNER } else { &NAMED }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(moment_type())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), moment_type(), true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match self.which {
            Some(moment) => Ok(ColumnarValue::Scalar(self.moments.value(moment))),
            None => internal_err!("a moment was not put in its place"),
        }
    }
}

/// A table whose rows are others each time it is asked. Its columns stay.
#[derive(Debug)]
pub(crate) struct Slot {
    name: &'static str,
    schema: SchemaRef,
    current: Arc<Mutex<Arc<dyn TableProvider>>>,
    moments: Arc<Moments>,
}

impl Slot {
    pub(crate) fn new(
        name: &'static str,
        table: Arc<dyn TableProvider>,
        moments: Arc<Moments>,
    ) -> Slot {
        Slot { name, schema: table.schema(), current: Arc::new(Mutex::new(table)), moments }
    }

    /// Puts another table into it, if that has the same columns.
    pub(crate) fn put(&self, table: Arc<dyn TableProvider>) -> bool {
        let fits = table.schema() == self.schema;
        if fits {
            *self.current.lock().unwrap_or_else(PoisonError::into_inner) = table;
        }
        fits
    }
}

#[async_trait]
impl TableProvider for Slot {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(indices) => Arc::new(self.schema.project(indices)?),
            None => Arc::clone(&self.schema),
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let Some(state) = state.as_any().downcast_ref::<SessionState>() else {
            return internal_err!("a slot is scanned in a session of another kind");
        };
        Ok(Arc::new(SlotExec {
            name: self.name,
            state: Arc::new(state.clone()),
            current: Arc::clone(&self.current),
            moments: Arc::clone(&self.moments),
            projection: projection.cloned(),
            filters: filters.to_vec(),
            properties: Arc::new(properties),
        }))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// The scan of a slot, which is planned when it runs.
struct SlotExec {
    name: &'static str,
    state: Arc<SessionState>,
    current: Arc<Mutex<Arc<dyn TableProvider>>>,
    moments: Arc<Moments>,
    projection: Option<Vec<usize>>,
    filters: Vec<Expr>,
    properties: Arc<PlanProperties>,
}

impl fmt::Debug for SlotExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotExec").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SlotExec {
    /// The scan of the rows that are there now.
    async fn plan(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let table = Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner));
        let filters = self.filters.iter().map(|filter| self.known(filter.clone()));
        let filters = filters.collect::<Result<Vec<_>>>()?;
        let scan =
            table.scan(self.state.as_ref(), self.projection.as_ref(), &filters, None).await?;
        // Conditions on columns that are read let the scan of a file skip what does not meet them.
        let schema = scan.schema();
        let is_read = |filter: &Expr| {
            filter.column_refs().iter().all(|column| schema.index_of(&column.name).is_ok())
        };
        let Some(condition) = conjunction(filters.into_iter().filter(is_read)) else {
            return Ok(scan);
        };
        let columns = DFSchema::try_from(Arc::clone(&schema))?;
        let unqualified = condition.transform(|expr| {
            Ok(match expr {
                Expr::Column(column) => Transformed::yes(Expr::Column(
                    datafusion::common::Column::from_name(column.name),
                )),
                expr => Transformed::no(expr),
            })
        })?;
        let condition = self.state.create_physical_expr(unqualified.data, &columns)?;
        let filtered: Arc<dyn ExecutionPlan> = Arc::new(FilterExec::try_new(condition, scan)?);
        FilterPushdown::new().optimize(filtered, self.state.config_options().as_ref())
    }

    /// A condition, its moments known.
    fn known(&self, filter: Expr) -> Result<Expr> {
        let known = filter.transform(|expr| {
            Ok(match Moment::of(&expr) {
                Some(moment) => Transformed::yes(lit(self.moments.value(moment))),
                None => Transformed::no(expr),
            })
        })?;
        Ok(known.data)
    }
}

impl DisplayAs for SlotExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotExec: {}", self.name)
    }
}

impl ExecutionPlan for SlotExec {
    fn name(&self) -> &'static str {
        "SlotExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let this = SlotExec {
            name: self.name,
            state: Arc::clone(&self.state),
            current: Arc::clone(&self.current),
            moments: Arc::clone(&self.moments),
            projection: self.projection.clone(),
            filters: self.filters.clone(),
            properties: Arc::clone(&self.properties),
        };
        let rows = async move {
            let mut plan = this.plan().await?;
            if plan.properties().output_partitioning().partition_count() > 1 {
                plan = Arc::new(CoalescePartitionsExec::new(plan));
            }
            if plan.properties().output_partitioning().partition_count() == 0 {
                let schema = plan.schema();
                let none = futures::stream::empty();
                return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, none))
                    as SendableRecordBatchStream);
            }
            plan.execute(0, context)
        };
        let stream = futures::stream::once(rows).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}

/// The engine's options where a plan runs again and again: nothing of one run may stay in it.
pub(crate) fn options(options: &mut ConfigOptions) {
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.optimizer.enable_topk_dynamic_filter_pushdown = false;
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
}
