//! Orders and fills, kept as a book-keeper keeps them.
//!
//! What a log says of an order is spread over its lines: market and fair value where it was placed,
//! the price where it was filled, and some of it twice. `order_book` has a row for each order and
//! `executions` one for each real fill, both told by `fillwatch-trading` from the lines since the
//! last close and the orders that were carried over it. A session keeps the book once, however many
//! views read it.

mod columns;
mod exec;
mod fold;
mod reach;
mod records;
mod retold;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, col,
};
use datafusion::physical_plan::ExecutionPlan;
use fillwatch_model::Micros;

use crate::QueryError;
use crate::views::View;
use exec::{BookExec, Kept, Sources};
use reach::{Reach, Touched};

/// The lines that the book is kept from.
static LINES: LazyLock<std::result::Result<View, QueryError>> =
    LazyLock::new(|| View::new(Path::new("lines.sql").to_owned(), include_str!("lines.sql")));

/// The orders that it goes on from.
static CARRIED: LazyLock<std::result::Result<View, QueryError>> =
    LazyLock::new(|| View::new(Path::new("carried.sql").to_owned(), include_str!("carried.sql")));

/// What one session knows of orders and fills, in one scope.
pub(crate) struct Book {
    plans: Plans,
    kept: Arc<Kept>,
}

/// What the book is kept from.
#[derive(Clone, Debug)]
struct Plans {
    lines: LogicalPlan,
    carried: LogicalPlan,
}

/// Up to when it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Lines from then on are not read.
    pub(crate) to: Micros,
    /// The time that is asked for: an order of which nothing was heard for long before it is over.
    pub(crate) as_of: Micros,
    /// Whether a close is made at its end: fills that may be told again behind it are left to those
    /// who go on from there.
    pub(crate) is_close: bool,
}

/// Which page of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Orders,
    Fills,
}

impl Book {
    /// The query for the lines.
    pub(crate) fn lines() -> std::result::Result<&'static View, QueryError> {
        LINES.as_ref().map_err(|error| QueryError::Failed(error.to_string()))
    }

    /// The query for the orders that the last close carries.
    pub(crate) fn carried() -> std::result::Result<&'static View, QueryError> {
        CARRIED.as_ref().map_err(|error| QueryError::Failed(error.to_string()))
    }

    /// A book that is kept from `lines` for `span`, going on from the orders `carried`.
    pub(crate) fn new(lines: LogicalPlan, carried: LogicalPlan, span: Span) -> Book {
        Book { plans: Plans { lines, carried }, kept: Arc::new(Kept::new(span)) }
    }

    /// Forgets what it has, to be kept anew for another span.
    pub(crate) fn begin(&self, span: Span) {
        self.kept.begin(span);
    }

    /// One row per order.
    pub(crate) fn orders(&self) -> Arc<dyn TableProvider> {
        self.page(Page::Orders)
    }

    /// One row per fill.
    pub(crate) fn fills(&self) -> Arc<dyn TableProvider> {
        self.page(Page::Fills)
    }

    fn page(&self, page: Page) -> Arc<dyn TableProvider> {
        Arc::new(BookTable { plans: self.plans.clone(), kept: Arc::clone(&self.kept), page })
    }
}

impl Plans {
    /// How they are read by somebody who asks for `reach`.
    async fn sources(&self, state: &dyn Session, reach: Reach) -> Result<Sources> {
        let touched = Touched::default();
        let read = |plan: &LogicalPlan, conditions: Vec<Expr>| {
            let plan = LogicalPlanBuilder::from(plan.clone());
            let filtered = conditions.into_iter().try_fold(plan, LogicalPlanBuilder::filter);
            filtered.and_then(LogicalPlanBuilder::build)
        };
        let (recent, earlier) = match reach {
            Reach::Touched(Some(since)) => {
                let recent = vec![col("ts").gt_eq(since.expr())];
                let earlier = vec![col("ts").lt(since.expr()), touched.condition()];
                (read(&self.lines, recent)?, Some(read(&self.lines, earlier)?))
            }
            Reach::Touched(None) | Reach::All => (self.lines.clone(), None),
        };
        let carried = match reach {
            Reach::Touched(Some(_)) => read(&self.carried, vec![touched.condition()])?,
            // The fills that the close left to its successors, too.
            Reach::Touched(None) => {
                read(&self.carried, vec![touched.condition().or(col("is_young"))])?
            }
            Reach::All => self.carried.clone(),
        };
        let recent = state.create_physical_plan(&recent).await?;
        let earlier = match earlier {
            Some(earlier) => Some(state.create_physical_plan(&earlier).await?),
            None => None,
        };
        let carried = state.create_physical_plan(&carried).await?;
        Ok(Sources { reach, touched, recent, earlier, carried })
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, Default)]
struct Wanted {
    reach: Option<Reach>,
    /// The columns of each page; none of a page that nobody reads.
    orders: Option<Vec<bool>>,
    fills: Option<Vec<bool>>,
}

impl Wanted {
    fn add(&mut self, page: Page, projection: Option<&Vec<usize>>, reach: Reach) {
        self.reach = Some(self.reach.map_or(reach, |wanted| wanted.and(reach)));
        let columns = columns::schema(page).fields().len();
        let wanted = match page {
            Page::Orders => &mut self.orders,
            Page::Fills => &mut self.fills,
        };
        let wanted = wanted.get_or_insert_with(|| vec![false; columns]);
        match projection {
            Some(indices) => indices.iter().for_each(|index| wanted[*index] = true),
            None => wanted.fill(true),
        }
    }

    fn page(&self, page: Page) -> Option<&Vec<bool>> {
        match page {
            Page::Orders => self.orders.as_ref(),
            Page::Fills => self.fills.as_ref(),
        }
    }

    fn any(&self, page: Page) -> bool {
        self.page(page).is_some()
    }

    fn column(&self, page: Page, column: usize) -> bool {
        self.page(page).is_some_and(|wanted| wanted[column])
    }

    /// Whether it has all that `other` asks for.
    fn has(&self, other: &Wanted) -> bool {
        let reaches = match (self.reach, other.reach) {
            (Some(this), Some(other)) => this.has(other),
            (_, other) => other.is_none(),
        };
        reaches
            && [Page::Orders, Page::Fills].into_iter().all(|page| match other.page(page) {
                Some(asked) => {
                    self.any(page) && (0..asked.len()).all(|at| !asked[at] || self.column(page, at))
                }
                None => true,
            })
    }
}

#[derive(Debug)]
struct BookTable {
    plans: Plans,
    kept: Arc<Kept>,
    page: Page,
}

#[async_trait]
impl TableProvider for BookTable {
    fn schema(&self) -> SchemaRef {
        columns::schema(self.page)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let reach = Reach::of(self.page, filters);
        let sources = self.plans.sources(state, reach).await?;
        let partitions = state.config().target_partitions();
        self.kept.want(self.page, projection, reach);
        let (projection, kept) = (projection.cloned(), Arc::clone(&self.kept));
        Ok(Arc::new(BookExec::new(sources, partitions, self.page, projection, kept)?))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // They tell how far back to read; the rows are filtered above.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

#[cfg(test)]
mod tests {
    use fillwatch_trading::order::RETOLD_WITHIN;

    /// What a close leaves to those who go on from it is read again by SQL, which has to say the
    /// same number of seconds.
    #[test]
    fn what_a_close_leaves_is_read_again() {
        let again = format!("- interval '{} seconds'", RETOLD_WITHIN / 1_000_000);
        for sql in [
            include_str!("carried.sql"),
            include_str!("../../../../sql/views/lead_settlements.sql"),
        ] {
            assert!(sql.contains(&again), "{sql}");
        }
    }
}
