//! The events of a stretch of time, in memory: what is asked again and again, minute by minute, is
//! read from the disk once.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use async_trait::async_trait;
use datafusion::catalog::{Session as Catalog, TableProvider};
use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use fillwatch_model::Micros;
use futures::TryStreamExt;

use crate::{Options, QueryError, Session, Tables, Window};

/// Rows of a piece: small enough that a minute of a busy log leaves most of an hour out.
const PIECE_ROWS: usize = 2_048;

/// `tables` with the events of `window` alone, in memory.
///
/// # Errors
/// If they cannot be read, or take more memory than `options` allow.
pub async fn in_memory(
    tables: &Tables,
    window: Window,
    options: Options,
) -> std::result::Result<Tables, QueryError> {
    let limit = options.memory_bytes;
    let session = Session::new(tables.clone(), window, options)?;
    let mut answer = session.query("select * from events").await?;
    let (mut pieces, mut bytes) = (Vec::new(), 0);
    while let Some(batch) = answer.stream.try_next().await? {
        bytes += batch.get_array_memory_size();
        if bytes > limit {
            return Err(QueryError::Memory { limit });
        }
        for from in (0..batch.num_rows()).step_by(PIECE_ROWS) {
            let rows = PIECE_ROWS.min(batch.num_rows() - from);
            pieces.extend(Piece::of(batch.slice(from, rows)));
        }
    }
    let schema = tables.events.schema();
    let events = Arc::new(Stretch { schema, pieces });
    Ok(Tables { events, ..tables.clone() })
}

#[derive(Debug)]
struct Stretch {
    schema: SchemaRef,
    pieces: Vec<Piece>,
}

/// Some rows, and the time they are of.
#[derive(Debug)]
struct Piece {
    rows: RecordBatch,
    first: Micros,
    last: Micros,
}

impl Piece {
    fn of(rows: RecordBatch) -> Option<Piece> {
        let ts = rows.column_by_name("ts")?.as_primitive_opt::<TimestampMicrosecondType>()?;
        let (first, last) = (*ts.values().iter().min()?, *ts.values().iter().max()?);
        Some(Piece { rows, first, last })
    }
}

#[async_trait]
impl TableProvider for Stretch {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Catalog,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut seen = (Micros::MIN, Micros::MAX);
        filters.iter().for_each(|filter| narrow(&mut seen, filter));
        let in_time = |piece: &&Piece| piece.last >= seen.0 && piece.first <= seen.1;
        let rows = self.pieces.iter().filter(in_time).map(|piece| piece.rows.clone()).collect();
        let source = MemorySourceConfig::try_new(&[rows], self.schema(), projection.cloned())?;
        Ok(DataSourceExec::from_data_source(source))
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // They tell which pieces to leave out; the rows are filtered above.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// What of the time `seen`, both ends included, can pass a condition.
fn narrow(seen: &mut (Micros, Micros), filter: &Expr) {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { return };
    match (&**left, op, &**right) {
        (left, Operator::And, right) => {
            narrow(seen, left);
            narrow(seen, right);
        }
        (
            Expr::Column(column),
            op,
            Expr::Literal(ScalarValue::TimestampMicrosecond(Some(at), _), _),
        ) if column.name == "ts" => match op {
            Operator::Gt | Operator::GtEq => seen.0 = seen.0.max(*at),
            Operator::Lt | Operator::LtEq => seen.1 = seen.1.min(*at),
            _ => {}
        },
        _ => {}
    }
}
