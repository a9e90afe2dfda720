//! Keeping the book when the first of its readers asks, and handing it to all of them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use arrow::array::RecordBatch;
use datafusion::common::runtime::JoinSet;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning,
    PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::{Mutex, OnceCell};

use super::reach::{Reach, Touched};
use super::records::Records;
use super::retold::Retold;
use super::{Page, Span, Wanted, columns, fold};

/// The book, once somebody has asked for it.
#[derive(Debug)]
pub(super) struct Kept {
    span: StdMutex<Span>,
    /// What the plans made so far will ask for.
    wanted: StdMutex<Wanted>,
    /// What became of keeping it. A failure is kept, too: the lines are gone.
    pages: Mutex<Option<Keeping>>,
    /// How often it was begun anew.
    begun: AtomicU64,
}

/// What became of keeping it, and the time it was for.
type Keeping = (u64, Result<Arc<Pages>, Arc<DataFusionError>>);

#[derive(Debug)]
struct Pages {
    /// What of them was written.
    wanted: Wanted,
    orders: Vec<RecordBatch>,
    fills: Vec<RecordBatch>,
    /// Held as long as the pages are.
    _memory: MemoryReservation,
}

impl Kept {
    pub(super) fn new(span: Span) -> Kept {
        Kept {
            span: StdMutex::new(span),
            wanted: StdMutex::new(Wanted::default()),
            pages: Mutex::new(None),
            begun: AtomicU64::new(0),
        }
    }

    /// Begins anew, for another span. Nobody reads it meanwhile.
    pub(super) fn begin(&self, span: Span) {
        *self.span.lock().unwrap_or_else(PoisonError::into_inner) = span;
        self.begun.fetch_add(1, Ordering::AcqRel);
        // What was kept would count against the memory of what is kept next.
        if let Ok(mut pages) = self.pages.try_lock() {
            *pages = None;
        }
    }

    fn wanted(&self) -> Wanted {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what a plan will ask for, so that the book is kept once for all of them.
    pub(super) fn want(&self, page: Page, projection: Option<&Vec<usize>>, reach: Reach) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).add(page, projection, reach);
    }

    /// The book's pages, kept now from `sources` if they are not yet, or not as `asked`.
    async fn pages(
        &self,
        asked: &Wanted,
        sources: Sources,
        context: Arc<TaskContext>,
    ) -> Result<Arc<Pages>> {
        let mut kept = self.pages.lock().await;
        let begun = self.begun.load(Ordering::Acquire);
        match &*kept {
            Some((at, Ok(pages))) if *at == begun && pages.wanted.has(asked) => {
                return Ok(Arc::clone(pages));
            }
            Some((at, Err(error))) if *at == begun => {
                return Err(DataFusionError::Shared(Arc::clone(error)));
            }
            _ => {}
        }
        let pages = self.keep(sources, context).await.map(Arc::new).map_err(Arc::new);
        *kept = Some((begun, pages.clone()));
        pages.map_err(DataFusionError::Shared)
    }

    async fn keep(&self, sources: Sources, context: Arc<TaskContext>) -> Result<Pages> {
        let memory = MemoryConsumer::new("order book").register(context.memory_pool());
        let parts = context.session_config().target_partitions();
        let wanted = Arc::new(self.wanted());
        let span = *self.span.lock().unwrap_or_else(PoisonError::into_inner);
        let records = Arc::new(sources.gather(wanted.reach, &context, &memory, parts).await?);
        let retold = Arc::new(Retold::of(&records, parts)?);
        let mut books = JoinSet::new();
        for part in 0..parts {
            let (records, retold) = (Arc::clone(&records), Arc::clone(&retold));
            let (wanted, span) = (Arc::clone(&wanted), span);
            books.spawn(async move {
                // Lets the other tasks of a single-threaded runtime be heard in between.
                tokio::task::yield_now().await;
                Ok((part, fold::keep(&records, &retold, part, span, &wanted)?))
            });
        }
        let (mut orders, mut fills) = (Vec::new(), Vec::new());
        for written in in_order(books).await? {
            for batch in written.orders.iter().chain(&written.fills) {
                memory.try_grow(batch.get_array_memory_size())?;
            }
            orders.extend(written.orders);
            fills.extend(written.fills);
        }
        memory.shrink(records.iter().map(Records::bytes).sum());
        let wanted = Wanted::clone(&wanted);
        Ok(Pages { wanted, orders, fills, _memory: memory })
    }
}

/// What the book is kept from, as one of its readers has it read.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    pub(super) reach: Reach,
    pub(super) touched: Touched,
    /// The lines of the time that the reader asks for.
    pub(super) recent: Arc<dyn ExecutionPlan>,
    /// Those before it, as far as they are about orders that were touched.
    pub(super) earlier: Option<Arc<dyn ExecutionPlan>>,
    /// The orders of the last close.
    pub(super) carried: Arc<dyn ExecutionPlan>,
}

impl Sources {
    /// All that is needed by those who want `reach`.
    async fn gather(
        &self,
        reach: Option<Reach>,
        context: &Arc<TaskContext>,
        memory: &MemoryReservation,
        parts: usize,
    ) -> Result<Vec<Records>> {
        let add_lines: Add = Records::add_lines;
        let mut records = gather(&self.recent, add_lines, context, memory, parts).await?;
        match reach {
            // Others want more than this reader.
            Some(reach) if !self.reach.has(reach) => self.touched.set_all(),
            _ => self.touched.set(records.iter().flat_map(Records::hashes)),
        }
        if let Some(earlier) = &self.earlier {
            records.extend(gather(earlier, add_lines, context, memory, parts).await?);
        }
        let add_carried: Add = Records::add_carried;
        records.extend(gather(&self.carried, add_carried, context, memory, parts).await?);
        Ok(records)
    }

    fn plans(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        let plans = [Some(&self.recent), self.earlier.as_ref(), Some(&self.carried)];
        plans.into_iter().flatten().collect()
    }

    /// The same, read by `plans`.
    fn with(&self, plans: Vec<Arc<dyn ExecutionPlan>>) -> Result<Sources> {
        let mut sources = self.clone();
        let into =
            [Some(&mut sources.recent), sources.earlier.as_mut(), Some(&mut sources.carried)];
        let into: Vec<_> = into.into_iter().flatten().collect();
        if into.len() != plans.len() {
            return internal_err!("a book is kept from {} plans", into.len());
        }
        for (into, plan) in into.into_iter().zip(plans) {
            *into = plan;
        }
        Ok(sources)
    }
}

type Add = fn(&mut Records, &RecordBatch) -> Result<()>;

/// The rows of every stream of `plan`, their memory accounted for.
async fn gather(
    plan: &Arc<dyn ExecutionPlan>,
    add: Add,
    context: &Arc<TaskContext>,
    memory: &MemoryReservation,
    parts: usize,
) -> Result<Vec<Records>> {
    let mut streams = JoinSet::new();
    for partition in 0..plan.properties().output_partitioning().partition_count() {
        let mut rows = plan.execute(partition, Arc::clone(context))?;
        let held = memory.new_empty();
        streams.spawn(async move {
            let mut records = Records::new(parts);
            while let Some(batch) = rows.next().await {
                add(&mut records, &batch?)?;
                held.try_resize(records.bytes())?;
            }
            Ok((partition, (records, held)))
        });
    }
    let mut gathered = Vec::new();
    for (records, held) in in_order(streams).await? {
        drop(held);
        memory.try_grow(records.bytes())?;
        gathered.push(records);
    }
    Ok(gathered)
}

/// What numbered tasks give, by their numbers: the same lines make the same pages, row by row.
async fn in_order<T: 'static>(mut tasks: JoinSet<Result<(usize, T)>>) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(tasks.len());
    while let Some(task) = tasks.join_next().await {
        done.push(task.map_err(|error| DataFusionError::External(Box::new(error)))??);
    }
    done.sort_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, given)| given).collect())
}

/// One page of the book as part of a plan.
#[derive(Debug)]
pub(super) struct BookExec {
    sources: Sources,
    page: Page,
    projection: Option<Vec<usize>>,
    kept: Arc<Kept>,
    /// The pages that all partitions are dealt from. The book may be kept anew between two of them,
    /// for a query that runs beside this one and asks for more, and its batches are others then.
    pages: Arc<OnceCell<Arc<Pages>>>,
    properties: Arc<PlanProperties>,
}

impl BookExec {
    pub(super) fn new(
        sources: Sources,
        partitions: usize,
        page: Page,
        projection: Option<Vec<usize>>,
        kept: Arc<Kept>,
    ) -> Result<BookExec> {
        let schema = columns::schema(page);
        let schema = match &projection {
            Some(indices) => Arc::new(schema.project(indices)?),
            None => schema,
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Ok(BookExec {
            sources,
            page,
            projection,
            kept,
            pages: Arc::default(),
            properties: Arc::new(properties),
        })
    }

    fn partitions(&self) -> usize {
        self.properties.output_partitioning().partition_count()
    }
}

impl DisplayAs for BookExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BookExec: page={:?}, reach={:?}", self.page, self.sources.reach)
    }
}

impl ExecutionPlan for BookExec {
    fn name(&self) -> &'static str {
        "BookExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.sources.plans()
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false; self.sources.plans().len()]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let sources = self.sources.with(children)?;
        let (projection, kept) = (self.projection.clone(), Arc::clone(&self.kept));
        Ok(Arc::new(BookExec::new(sources, self.partitions(), self.page, projection, kept)?))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (kept, sources) = (Arc::clone(&self.kept), self.sources.clone());
        let (page, projection) = (self.page, self.projection.clone());
        let (partitions, chosen) = (self.partitions(), Arc::clone(&self.pages));
        let rows = async move {
            let mut asked = Wanted::default();
            asked.add(page, projection.as_ref(), sources.reach);
            let pages = chosen.get_or_try_init(|| kept.pages(&asked, sources, context)).await?;
            let rows = match page {
                Page::Orders => &pages.orders,
                Page::Fills => &pages.fills,
            };
            let mine = rows.iter().skip(partition).step_by(partitions);
            let mine = mine.map(|batch| match &projection {
                Some(indices) => Ok(batch.project(indices)?),
                None => Ok(batch.clone()),
            });
            Ok::<_, DataFusionError>(futures::stream::iter(mine.collect::<Vec<_>>()))
        };
        let stream = futures::stream::once(rows).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream)))
    }
}
