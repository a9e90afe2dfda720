//! The columns of `events`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};

/// The type of a column. There are no others: a log line has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// UTF-8.
    Text,
    /// IEEE 754 double.
    Float,
    /// 64-bit signed.
    Int,
    /// True or false.
    Bool,
    /// Microseconds since the epoch, UTC.
    Time,
    /// Days since the epoch.
    Date,
}

impl ColumnType {
    /// How it lies in Arrow, in Parquet and in the table's schema.
    pub fn arrow(self) -> DataType {
        match self {
            ColumnType::Text => DataType::Utf8,
            ColumnType::Float => DataType::Float64,
            ColumnType::Int => DataType::Int64,
            ColumnType::Bool => DataType::Boolean,
            ColumnType::Time => DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))),
            ColumnType::Date => DataType::Date32,
        }
    }

    /// The column type that an Arrow type stands for, whatever its physical form.
    pub fn from_arrow(data_type: &DataType) -> Option<ColumnType> {
        Some(match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ColumnType::Text,
            DataType::Dictionary(_, value) => return ColumnType::from_arrow(value),
            DataType::Float64 => ColumnType::Float,
            DataType::Int64 => ColumnType::Int,
            DataType::Boolean => ColumnType::Bool,
            DataType::Timestamp(TimeUnit::Microsecond, _) => ColumnType::Time,
            DataType::Date32 => ColumnType::Date,
            _ => return None,
        })
    }

    /// The word for it in `fields` and in `fillwatch inspect`.
    pub fn name(self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Float => "float",
            ColumnType::Int => "int",
            ColumnType::Bool => "bool",
            ColumnType::Time => "timestamp",
            ColumnType::Date => "date",
        }
    }
}

/// A column of `events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Lower case, as SQL folds names that are not quoted.
    pub name: Arc<str>,
    /// Its type, for ever.
    pub column_type: ColumnType,
}

impl Column {
    /// The Arrow field. Only what [`CANONICAL`] says is always there is not null.
    pub fn field(&self) -> Field {
        let nullable = !matches!(&*self.name, "ts" | "date");
        Field::new(&*self.name, self.column_type.arrow(), nullable)
    }
}

/// The columns that every table has, in order. `fields` adds to them what the logs show.
pub const CANONICAL: &[(&str, ColumnType)] = &[
    ("ts", ColumnType::Time),
    ("date", ColumnType::Date),
    ("bot", ColumnType::Text),
    ("kind", ColumnType::Text),
    ("event", ColumnType::Text),
    ("level", ColumnType::Text),
    ("message", ColumnType::Text),
    ("logger", ColumnType::Text),
    ("strategy", ColumnType::Text),
    ("market", ColumnType::Text),
    ("side", ColumnType::Text),
    ("order_id", ColumnType::Text),
    ("trade_id", ColumnType::Text),
    ("run_id", ColumnType::Text),
    ("price", ColumnType::Float),
    ("size", ColumnType::Float),
    ("fair", ColumnType::Float),
    ("mid", ColumnType::Float),
    ("fill_price", ColumnType::Float),
    ("fill_size", ColumnType::Float),
    ("fee", ColumnType::Float),
    ("pnl", ColumnType::Float),
    ("equity", ColumnType::Float),
    ("latency_ms", ColumnType::Float),
    ("status_code", ColumnType::Int),
    ("ts_inferred", ColumnType::Bool),
    ("attrs", ColumnType::Text),
    ("file", ColumnType::Text),
    ("file_id", ColumnType::Text),
    ("offset", ColumnType::Int),
    ("ingested_at", ColumnType::Time),
];

/// The place of a canonical column in [`CANONICAL`], which is also its
/// [`ColumnId`](crate::ColumnId). Evaluated at compile time, so a name that is none does not build.
pub const fn canonical(name: &str) -> usize {
    let mut at = 0;
    while at < CANONICAL.len() {
        if same(CANONICAL[at].0.as_bytes(), name.as_bytes()) {
            return at;
        }
        at += 1;
    }
    panic!("no canonical column of that name")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
