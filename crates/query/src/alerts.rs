//! What there is to ask about alerts: tables whose rows somebody else has.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use fillwatch_model::{ColumnType, Row, Value};

use crate::QueryError;
use crate::close::arrow_type;

/// One of the tables.
#[derive(Debug)]
pub struct AlertTable {
    /// Its name.
    pub name: &'static str,
    /// What a row is.
    pub doc: &'static str,
    /// Its columns.
    pub columns: &'static [(&'static str, ColumnType)],
}

use ColumnType::{Bool, Float, Int, Text, Time};

/// The tables.
pub const ALERT_TABLES: &[AlertTable] = &[
    AlertTable {
        name: "alerts",
        doc: "one row per alert that is pending or fires now, whatever the window",
        columns: &[
            ("rule", Text),
            ("severity", Text),
            ("state", Text),
            ("bot", Text),
            ("key", Text),
            ("summary", Text),
            ("description", Text),
            ("since", Time),
            ("fired_at", Time),
            ("absent_since", Time),
            ("value", Float),
            ("peak", Float),
            ("peak_at", Time),
            ("fired_within_1h", Int),
            ("is_inhibited", Bool),
            ("runbook", Text),
            ("labels", Text),
            ("row", Text),
            ("episode", Text),
        ],
    },
    AlertTable {
        name: "alert_history",
        doc: "one row per turn that an alert took: pending, firing, resolved …, whatever the window",
        columns: &[
            ("ts", Time),
            ("rule", Text),
            ("severity", Text),
            ("turn", Text),
            ("bot", Text),
            ("key", Text),
            ("summary", Text),
            ("since", Time),
            ("value", Float),
            ("peak", Float),
            ("peak_at", Time),
            ("fired_within_1h", Int),
            ("belated", Text),
            ("told_at", Time),
            ("row", Text),
            ("episode", Text),
        ],
    },
    AlertTable {
        name: "rule_health",
        doc: "one row per rule: how its evaluations go",
        columns: &[
            ("rule", Text),
            ("severity", Text),
            ("every", Text),
            ("outcome", Text),
            ("since", Time),
            ("error", Text),
            ("rows", Int),
            ("last_tick", Time),
            ("last_ok_at", Time),
            ("last_rows_at", Time),
            ("evaluations", Int),
            ("errors", Int),
            ("took_ms", Float),
            ("late_ms", Float),
        ],
    },
    AlertTable {
        name: "expected_bots",
        doc: "one row per bot that the configuration declares in `[bots]`",
        columns: &[("bot", Text), ("since", Time)],
    },
];

/// A table and what it is called.
type Named = (&'static str, Arc<dyn TableProvider>);

/// The tables with their rows, by name; one that is not there is empty.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    tables: Vec<Named>,
}

impl Alerts {
    /// These, with the rows of one more. Columns that a row lacks are null.
    ///
    /// # Errors
    /// If there is no such table.
    pub fn with(mut self, name: &str, rows: &[Row]) -> Result<Alerts, QueryError> {
        let table = ALERT_TABLES.iter().find(|table| table.name == name);
        let table = table.ok_or_else(|| QueryError::Invalid(format!("no table `{name}`")))?;
        self.tables.retain(|(known, _)| *known != name);
        self.tables.push((table.name, table.filled(rows)?));
        Ok(self)
    }

    /// All tables.
    pub(crate) fn all(&self) -> Result<Vec<Named>, QueryError> {
        let one = |table: &AlertTable| {
            let known = self.tables.iter().find(|(name, _)| *name == table.name);
            let provider = match known {
                Some((_, provider)) => Arc::clone(provider),
                None => table.filled(&[])?,
            };
            Ok((table.name, provider))
        };
        ALERT_TABLES.iter().map(one).collect()
    }
}

impl AlertTable {
    fn schema(&self) -> SchemaRef {
        let fields = self.columns.iter().map(|(name, of)| Field::new(*name, arrow_type(*of), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn filled(&self, rows: &[Row]) -> Result<Arc<dyn TableProvider>, QueryError> {
        let schema = self.schema();
        let columns = self.columns.iter().map(|(name, of)| column(name, *of, rows)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
            .map_err(|error| QueryError::Failed(format!("the table {}: {error}", self.name)))?;
        let table = MemTable::try_new(schema, vec![vec![batch]]);
        Ok(Arc::new(table.map_err(|error| QueryError::invalid(&error))?))
    }
}

fn column(name: &str, of: ColumnType, rows: &[Row]) -> ArrayRef {
    let values = rows.iter().map(|row| row.get(name).unwrap_or(&Value::Null));
    match of {
        Text | ColumnType::Date => {
            let text = |value: &Value| match value {
                Value::Null => None,
                value => Some(value.to_string()),
            };
            Arc::new(values.map(text).collect::<StringViewArray>())
        }
        Float => Arc::new(values.map(Value::number).collect::<Float64Array>()),
        Int => {
            let int = |value: &Value| match value {
                Value::Int(value) => Some(*value),
                _ => None,
            };
            Arc::new(values.map(int).collect::<Int64Array>())
        }
        Bool => {
            let flag = |value: &Value| match value {
                Value::Bool(value) => Some(*value),
                _ => None,
            };
            Arc::new(values.map(flag).collect::<BooleanArray>())
        }
        Time => {
            let time = |value: &Value| match value {
                Value::Time(at) => Some(*at),
                _ => None,
            };
            let array: TimestampMicrosecondArray = values.map(time).collect();
            Arc::new(array.with_timezone("UTC"))
        }
    }
}
