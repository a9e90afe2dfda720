//! Questions to a small store, and what they are answered.

mod answers;
mod errors;
mod functions;
mod overload;
mod reference;
mod refusals;

use std::sync::Arc;

use arrow::json::ReaderBuilder;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use fillwatch_model::{ColumnType, Fields, Micros};

use crate::output::{self, Layout};
use crate::{Closes, Format, Options, QueryError, Session, Tables, Window};

/// 2026-01-05T09:00:00Z
const NINE: Micros = 1_767_603_600_000_000;
const MINUTE: Micros = 60_000_000;

/// Two bots around nine o'clock. `spread` is a field that one of them logs.
const EVENTS: &str = r#"
{"ts": "2026-01-05T08:30:00Z", "date": "2026-01-05", "bot": "mm-2", "kind": "heartbeat", "offset": 0}
{"ts": "2026-01-05T09:00:00Z", "date": "2026-01-05", "bot": "mm-1", "kind": "order_placed", "market": "BTC", "side": "buy", "price": 0.42, "size": 10, "order_id": "1", "spread": 0.02, "offset": 0}
{"ts": "2026-01-05T09:00:01.5Z", "date": "2026-01-05", "bot": "mm-1", "kind": "fill", "fill_price": 0.43, "fill_size": 10, "order_id": "1", "attrs": "{\"fees\": {\"maker\": 0.1}, \"tags\": [\"a\", \"b\"], \"venue\": \"kalshi\"}", "offset": 100}
{"ts": "2026-01-05T09:10:00Z", "date": "2026-01-05", "bot": "mm-1", "kind": "heartbeat", "offset": 200}
"#;

/// A session over [`EVENTS`] at 09:15.
fn session(window: Window) -> Session {
    session_with(window, |_| {})
}

fn session_with(window: Window, change: impl FnOnce(&mut Options)) -> Session {
    let mut options = Options::at(NINE + 15 * MINUTE).unwrap();
    options.partitions = 2;
    change(&mut options);
    let events = events();
    let tables = Tables {
        quarantine: Arc::clone(&events),
        sources: Arc::clone(&events),
        fields: Arc::clone(&events),
        closes: Closes::none(),
        alerts: crate::Alerts::default(),
        reference: Vec::new(),
        events,
    };
    Session::new(tables, window, options).unwrap()
}

fn events() -> Arc<dyn TableProvider> {
    let fields = Fields::new(512);
    fields.resolve("spread", ColumnType::Float);
    let schema = fields.schema();
    let reader = ReaderBuilder::new(Arc::clone(&schema)).build(EVENTS.trim().as_bytes()).unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    Arc::new(MemTable::try_new(schema, vec![batches]).unwrap())
}

/// The answer to `sql` as CSV, or the error.
async fn answer(session: &Session, sql: &str) -> Result<String, QueryError> {
    let answer = session.query(sql).await?;
    let mut text = Vec::new();
    match output::write(answer, Format::Csv, &Layout::default(), &mut text).await {
        Ok(()) => Ok(String::from_utf8(text).unwrap()),
        Err(output::OutputError::Query(error)) => Err(error),
        Err(output::OutputError::Io(error)) => panic!("{error}"),
    }
}
