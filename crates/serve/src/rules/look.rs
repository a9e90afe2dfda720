//! One tick, over one snapshot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fillwatch_model::{Micros, Row, Severity};
use fillwatch_query::{Options, QueryError, Session, Tables, Views, Window, values};
use fillwatch_rules::{Asking, Found, Held, Outcome};
use futures::TryStreamExt;

use super::prepared::Prepared;

/// Memory of one evaluation. With [`AT_ONCE`](super::live::AT_ONCE) it bounds what rules take.
const MEMORY_BYTES: usize = 1 << 30;

/// One tick over one snapshot. Rules of one window share a session, and with it what they read.
pub struct Look {
    tables: Tables,
    tick: Micros,
    views: Arc<Views>,
    sessions: Mutex<HashMap<Micros, Arc<Session>>>,
}

/// How an evaluation ended, and how long it took.
#[derive(Debug)]
pub struct Evaluated {
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

impl Look {
    /// As of `tick`, over these tables.
    pub fn new(tables: Tables, views: Arc<Views>, tick: Micros) -> Look {
        Look { tables, tick, views, sessions: Mutex::default() }
    }

    /// Evaluates a rule. Nothing is said of bots that are `held`.
    pub async fn evaluate(&self, prepared: &Prepared, held: Held) -> Evaluated {
        let start = Instant::now();
        let outcome = match self.found(prepared, held).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Error(error.to_string()),
        };
        Evaluated { outcome, took: start.elapsed() }
    }

    async fn found(&self, prepared: &Prepared, held: Held) -> Result<Outcome, QueryError> {
        let mut found = Vec::new();
        for asking in &prepared.askings {
            match self.rows(prepared, asking).await? {
                Rows::Some(rows) => found
                    .extend(rows.into_iter().map(|row| Found { severity: asking.severity, row })),
                Rows::TooMany(severity, rows) => return Ok(Outcome::Exploded(severity, rows)),
            }
        }
        Ok(Outcome::Rows(found, held))
    }

    async fn rows(&self, prepared: &Prepared, asking: &Asking) -> Result<Rows, QueryError> {
        let rule = &prepared.rule;
        let session = self.session(rule.window)?;
        let timeout = Duration::from_micros(rule.timeout.max(0).unsigned_abs());
        let answer = session.ask(&prepared.question, &asking.params, Some(timeout)).await?;
        let mut stream = answer.stream;
        let (mut rows, mut count): (Vec<Row>, u64) = (Vec::new(), 0);
        while let Some(batch) = stream.try_next().await? {
            // Past the limit they are only counted: how bad it is belongs into the page.
            if count > rule.max_rows as u64 {
                count += batch.num_rows() as u64;
                continue;
            }
            for row in values::rows(&batch)? {
                if asking.counts(&row) {
                    count += 1;
                    if count <= rule.max_rows as u64 {
                        rows.push(row);
                    }
                }
            }
        }
        if count > rule.max_rows as u64 {
            return Ok(Rows::TooMany(asking.severity, count));
        }
        Ok(Rows::Some(rows))
    }

    /// Names and types of the columns that a rule's query gives.
    pub fn columns(&self, prepared: &Prepared) -> Result<Vec<(String, String)>, QueryError> {
        let session = self.session(prepared.rule.window)?;
        match prepared.askings.first() {
            Some(asking) => session.columns_of(&prepared.question, &asking.params),
            None => Ok(Vec::new()),
        }
    }

    fn session(&self, window: Micros) -> Result<Arc<Session>, QueryError> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(&window) {
            return Ok(Arc::clone(session));
        }
        let options = Options {
            now: self.tick,
            views: Arc::clone(&self.views),
            memory_bytes: MEMORY_BYTES,
            timeout: None,
            partitions: 1,
        };
        let window_of = Window::last(window, self.tick);
        let session = Arc::new(Session::new(self.tables.clone(), window_of, options)?);
        sessions.insert(window, Arc::clone(&session));
        Ok(session)
    }
}

enum Rows {
    Some(Vec<Row>),
    TooMany(Severity, u64),
}
