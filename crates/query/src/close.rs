//! The state of everything before an instant, from which carried views go on.
//!
//! A close is the rows that the files of `sql/closes` select: open orders, positions, peaks of
//! equity, when each bot was last seen. It is made of the close before it and of the events in
//! between, so that a figure that has added up for years costs a day.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use fillwatch_model::{ColumnType, Micros};
use futures::TryStreamExt;

use crate::{Options, QueryError, Session, Tables, Views, Window};

/// The files of `sql/closes`, each a part of a close, by name.
const PARTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/closes.rs"));

/// The columns of a close. One name is one thing, in whichever parts it occurs.
pub(crate) const COLUMNS: &[(&str, ColumnType)] = {
    use ColumnType::{Float, Int, Text, Time};
    &[
        ("close_at", Time),
        ("part", Text),
        // Whose.
        ("bot", Text),
        ("run_id", Text),
        ("strategy", Text),
        ("market", Text),
        // An order.
        ("order_id", Text),
        ("side", Text),
        ("sign", Int),
        ("price", Float),
        ("size", Float),
        ("fair", Float),
        ("placed_at", Time),
        ("acked_at", Time),
        ("placement_latency_ms", Float),
        ("first_fill_at", Time),
        ("last_fill_at", Time),
        ("time_to_fill_ms", Float),
        ("fill_count", Int),
        ("filled_size", Float),
        ("avg_fill_price", Float),
        ("fee", Float),
        ("status", Text),
        ("closed_at", Time),
        ("reject_code", Int),
        ("reject_reason", Text),
        ("state", Text),
        // A position.
        ("position", Float),
        ("avg_price", Float),
        ("realized_pnl", Float),
        ("fees", Float),
        ("opened_at", Time),
        ("fills", Int),
        // An account.
        ("equity", Float),
        ("equity_at", Time),
        ("peak", Float),
        ("peak_at", Time),
        ("max_drawdown", Float),
        ("max_drawdown_at", Time),
        ("first_equity", Float),
        ("first_equity_at", Time),
        ("observations", Int),
        // A sign of life, a model's value, a market's.
        ("kind", Text),
        ("first_at", Time),
        ("last_at", Time),
        ("events", Int),
        ("fair_since", Time),
        ("mid", Float),
    ]
};

/// The closes that may be gone on from.
#[derive(Clone, Debug)]
pub struct Closes {
    /// The rows of all closes.
    pub table: Arc<dyn TableProvider>,
    /// The instants of those that are valid, ascending.
    pub at: Vec<Micros>,
    /// Where retention has left the events whole from; those before it are in the closes alone.
    pub retained_from: Option<Micros>,
}

impl Closes {
    /// None: everything is computed from the events.
    pub fn none() -> Closes {
        let table = MemTable::try_new(schema(), vec![vec![]]);
        let table = table.unwrap_or_else(|error| unreachable!("an empty table: {error}"));
        Closes { table: Arc::new(table), at: Vec::new(), retained_from: None }
    }

    /// Those before `at`, from which one at `at` is made.
    #[must_use]
    pub fn until(mut self, at: Micros) -> Closes {
        self.at.retain(|close| *close < at);
        self
    }

    /// The last close at or before `from`. Where the events of that time are gone, the last one
    /// that has all events after it, if the window goes on that far.
    pub(crate) fn before(&self, from: Option<Micros>, to: Option<Micros>) -> Option<Micros> {
        let whole = self.retained_from.filter(|whole| to.is_none_or(|to| *whole <= to));
        let from = from.max(whole)?;
        let after = self.at.partition_point(|at| *at <= from);
        self.at[..after].last().copied()
    }
}

/// The close at `at`, made of the last one before it and the events since: rows with `close_at`
/// and `part`.
///
/// # Errors
/// If a part's query fails.
pub async fn compute(
    tables: Tables,
    at: Micros,
    mut options: Options,
) -> Result<Vec<RecordBatch>, QueryError> {
    // A user's views are none of ours: they must not change what is carried.
    options.views = Arc::new(Views::shipped()?);
    compute_from(PARTS, tables, at, options).await
}

/// As [`compute`], from the statements `parts`, each by its part's name, and the views of `options`.
///
/// # Errors
/// If a part's query fails.
pub async fn compute_from<S: AsRef<str>>(
    parts: &[(S, S)],
    mut tables: Tables,
    at: Micros,
    options: Options,
) -> Result<Vec<RecordBatch>, QueryError> {
    tables.closes = tables.closes.until(at);
    let mut rows = Vec::new();
    for (part, sql) in parts {
        // One session each: what it keeps of a busy day for one part is in the way of the next.
        let window = Window { from: None, to: Some(at) };
        let session = Session::new(tables.clone(), window, options.clone())?.closing();
        let mut answer = session.carried_query(part.as_ref(), sql.as_ref()).await?;
        // One after the other: a busy bot's orders are many, and two of each would be twice that.
        while let Some(batch) = answer.stream.try_next().await? {
            if batch.num_rows() > 0 {
                rows.push(labelled(&batch, part.as_ref(), at)?);
            }
        }
    }
    Ok(rows)
}

/// Closes in memory, as [`compute`] made them.
///
/// # Errors
/// If a batch is not of its making.
pub fn table(rows: &[RecordBatch]) -> Result<Arc<dyn TableProvider>, QueryError> {
    let schema = schema();
    let whole = |batch: &RecordBatch| {
        let columns =
            schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
                Some(column) => cast(column, field.data_type()),
                None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            });
        RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<Vec<_>, _>>()?)
    };
    let fault = |error: String| QueryError::Failed(format!("a close: {error}"));
    let rows: Result<Vec<RecordBatch>, _> = rows.iter().map(whole).collect();
    let rows = rows.map_err(|error| fault(error.to_string()))?;
    let table = MemTable::try_new(Arc::clone(&schema), vec![rows]);
    Ok(Arc::new(table.map_err(|error| fault(error.to_string()))?))
}

/// What a close is made by, in short: closes of another definition are made anew.
pub fn definition() -> Result<String, QueryError> {
    let mut hash = Fnv::new();
    for (part, sql) in PARTS {
        hash.add(part);
        hash.add(sql);
    }
    for (name, sql) in Views::shipped()?.behind(PARTS.iter().map(|(_, sql)| *sql))? {
        hash.add(&name);
        hash.add(&sql);
    }
    hash.add("2");
    Ok(hash.to_string())
}

/// The columns of a close as a schema.
pub(crate) fn schema() -> SchemaRef {
    let fields = COLUMNS.iter().map(|(name, of)| Field::new(*name, arrow_type(*of), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// How a column of this type is read.
pub(crate) fn arrow_type(column_type: ColumnType) -> DataType {
    match column_type {
        ColumnType::Text => DataType::Utf8View,
        other => other.arrow(),
    }
}

fn labelled(batch: &RecordBatch, part: &str, at: Micros) -> Result<RecordBatch, QueryError> {
    let fault =
        |cause: String| QueryError::View { file: format!("sql/closes/{part}.sql").into(), cause };
    let rows = batch.num_rows();
    let mut fields = Vec::with_capacity(batch.num_columns() + 2);
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns() + 2);
    fields.push(Field::new("close_at", ColumnType::Time.arrow(), true));
    columns.push(Arc::new(TimestampMicrosecondArray::from_value(at, rows).with_timezone("UTC")));
    fields.push(Field::new("part", DataType::Utf8, true));
    columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(part, rows))));
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let known = COLUMNS.iter().find(|(name, _)| name == field.name());
        let Some((name, column_type)) = known else {
            return Err(fault(format!("a close has no column `{}`", field.name())));
        };
        let column =
            cast(column, &column_type.arrow()).map_err(|error| fault(error.to_string()))?;
        fields.push(Field::new(*name, column_type.arrow(), true));
        columns.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|error| fault(error.to_string()))
}

/// FNV-1a: the same in every build and on every machine, which the standard library's is not.
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl std::fmt::Display for Fnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
