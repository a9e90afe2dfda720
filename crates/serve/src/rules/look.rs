//! One tick, over one snapshot.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fillwatch_model::{Micros, Row, Severity};
use fillwatch_query::{Answer, Options, QueryError, Session, Tables, Views, Window, values};
use fillwatch_rules::{Asking, Found, Held, Outcome};
use futures::TryStreamExt;

use super::prepared::Prepared;

/// Memory of one evaluation. With [`AT_ONCE`](super::live::AT_ONCE) it bounds what rules take.
const MEMORY_BYTES: usize = 1 << 30;

/// Where rules are asked at one tick after the other: a session for each window, in which each
/// query is planned once.
#[derive(Debug)]
pub struct Looks {
    views: Arc<Views>,
    sessions: Mutex<HashMap<Micros, Session>>,
    /// The questions whose plans hold for one tick only.
    each_time: Mutex<HashSet<u64>>,
    /// Every plan holds for one tick only.
    always: bool,
}

/// One tick over one snapshot. Rules of one window share a session, and with it what they read.
pub struct Look {
    looks: Arc<Looks>,
    tables: Tables,
    tick: Micros,
    sessions: Mutex<HashMap<Micros, Arc<Session>>>,
}

impl Looks {
    /// Through these views.
    pub fn new(views: Arc<Views>) -> Arc<Looks> {
        Arc::new(Looks {
            views,
            sessions: Mutex::default(),
            each_time: Mutex::default(),
            always: false,
        })
    }

    /// The same with every query planned anew at every tick: slow, and what a test compares with.
    pub fn planned_each_time(views: Arc<Views>) -> Arc<Looks> {
        Arc::new(Looks {
            views,
            sessions: Mutex::default(),
            each_time: Mutex::default(),
            always: true,
        })
    }

    /// As of `tick`, over these tables.
    pub fn at(self: &Arc<Looks>, tables: Tables, tick: Micros) -> Look {
        Look { looks: Arc::clone(self), tables, tick, sessions: Mutex::default() }
    }

    /// The questions that cannot be planned once, by the ids of their rules: each costs its
    /// planning at every tick.
    pub fn replanned(&self) -> Vec<u64> {
        held(&self.each_time).iter().copied().collect()
    }

    /// Forgets all plans: the rules are others now.
    pub fn forget(&self) {
        held(&self.sessions).clear();
        held(&self.each_time).clear();
    }

    fn options(&self, tick: Micros) -> Options {
        Options {
            now: tick,
            views: Arc::clone(&self.views),
            memory_bytes: MEMORY_BYTES,
            timeout: None,
            partitions: 1,
        }
    }
}

impl Drop for Look {
    /// The next tick goes on with its plans.
    fn drop(&mut self) {
        let sessions = self.sessions.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut kept = held(&self.looks.sessions);
        for (window, session) in sessions.drain() {
            // One that is still asked is not kept: its answer would be of two ticks.
            if let Some(session) = Arc::into_inner(session) {
                kept.insert(window, session);
            }
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        for (part, asking) in prepared.askings.iter().enumerate() {
            match self.rows(prepared, part, asking).await? {
                Rows::Some(rows) => found
                    .extend(rows.into_iter().map(|row| Found { severity: asking.severity, row })),
                Rows::TooMany(severity, rows) => return Ok(Outcome::Exploded(severity, rows)),
            }
        }
        Ok(Outcome::Rows(found, held))
    }

    async fn rows(
        &self,
        prepared: &Prepared,
        part: usize,
        asking: &Asking,
    ) -> Result<Rows, QueryError> {
        let rule = &prepared.rule;
        let answer = self.ask(prepared, part, asking).await?;
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

    async fn ask(
        &self,
        prepared: &Prepared,
        part: usize,
        asking: &Asking,
    ) -> Result<Answer, QueryError> {
        let Prepared { rule, question, id, .. } = prepared;
        let timeout = Some(Duration::from_micros(rule.timeout.max(0).unsigned_abs()));
        if !self.looks.always && !held(&self.looks.each_time).contains(id) {
            let session = self.session(rule.window)?;
            match session.ask_again((*id, part), question, &asking.params, timeout).await {
                Err(QueryError::Deadline(time)) => return Err(QueryError::Deadline(time)),
                // Or there is something in it that must be known when it is planned.
                Err(_) => {}
                answer => return answer,
            }
        }
        let answer = self.once(rule.window)?.ask(question, &asking.params, timeout).await?;
        if self.looks.always {
            return Ok(answer);
        }
        held(&self.looks.each_time).insert(*id);
        Ok(answer)
    }

    /// Names and types of the columns that a rule's query gives.
    pub fn columns(&self, prepared: &Prepared) -> Result<Vec<(String, String)>, QueryError> {
        let session = self.once(prepared.rule.window)?;
        match prepared.askings.first() {
            Some(asking) => session.columns_of(&prepared.question, &asking.params),
            None => Ok(Vec::new()),
        }
    }

    fn session(&self, window: Micros) -> Result<Arc<Session>, QueryError> {
        let mut sessions = held(&self.sessions);
        if let Some(session) = sessions.get(&window) {
            return Ok(Arc::clone(session));
        }
        let kept = held(&self.looks.sessions).remove(&window);
        let bounds = Window::last(window, self.tick);
        let session = match kept {
            Some(mut session) => session.move_to(&self.tables, bounds)?.then_some(session),
            None => None,
        };
        let session = match session {
            Some(session) => session,
            None => Session::standing(&self.tables, bounds, self.looks.options(self.tick))?,
        };
        let session = Arc::new(session);
        sessions.insert(window, Arc::clone(&session));
        Ok(session)
    }

    /// A session for this tick alone.
    fn once(&self, window: Micros) -> Result<Session, QueryError> {
        let options = self.looks.options(self.tick);
        Session::new(self.tables.clone(), Window::last(window, self.tick), options)
    }
}

enum Rows {
    Some(Vec<Row>),
    TooMany(Severity, u64),
}
