//! Files that are not read to their end: whose bots they are of, and the alert that says so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use fillwatch_journal::{Entry, Journal};
use fillwatch_model::{Micros, Row, Severity, Transition, Value};
use fillwatch_query::{Options, Session, Window, values};
use fillwatch_rules::{Found, Held, Outcome, Overrides, Rule, Watch};
use fillwatch_store::Store;
use futures::TryStreamExt;

use super::readiness::{Behind, Reached};
use crate::{ServeError, tables};

/// The alert, as a rule: its rows come from the tailer and not from a query.
const RULE: &str = r#"--- severity = "critical"
--- every = "1m"
--- window = "1m"
--- for = "5m"
--- key = ["file"]
--- summary = "{{ file }} is not read to its end since {{ unread_since }}: rules say nothing of its bots"
--- description = "{{ error }}"
--- runbook = "runbooks/logs-unread.md"
--- doc = "Lines are written that fillwatch cannot read, or not fast enough. Until they are read, no rule says anything of the bots that write them."
select 1
"#;

/// What the rule is called.
pub(super) const NAME: &str = "logs_unread";

const MINUTE: Micros = 60_000_000;
/// How far back it is looked which bots a file is of.
const LOOK_BACK: Micros = 2 * 86_400_000_000;
/// How long an answer to that is good.
const GOOD: Duration = Duration::from_secs(60);
/// A file that is behind by less is being read.
const TOLERANCE: Micros = 30_000_000;

/// What is known of files that are behind.
#[derive(Default)]
pub(crate) struct Unready {
    bots: BTreeMap<String, (Instant, BTreeSet<String>)>,
    kept: Option<(Rule, Watch)>,
}

impl Unready {
    /// The bots whose lines are in these files.
    pub(crate) async fn bots(
        &mut self,
        store: &Store,
        behind: &[&Behind],
        now: Micros,
    ) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for file in behind {
            let path = file.path.to_string_lossy().into_owned();
            let known = self.bots.get(&path).filter(|(at, _)| at.elapsed() < GOOD);
            if let Some((_, bots)) = known {
                all.extend(bots.iter().cloned());
                continue;
            }
            // A file that cannot be asked about holds nobody: its own alert tells of it.
            let bots = asked(store, &path, now).await.unwrap_or_default();
            all.extend(bots.iter().cloned());
            self.bots.insert(path, (Instant::now(), bots));
        }
        all
    }

    /// Once a minute: the alert about files that stay behind.
    pub(crate) fn step(
        &mut self,
        now: Micros,
        reached: &Reached,
        journal: &mut Journal,
    ) -> Result<Vec<Transition>, ServeError> {
        let tick = now.div_euclid(MINUTE) * MINUTE;
        if self.kept.is_none() {
            let rule =
                Rule::read(Path::new(&format!("{NAME}.sql")), RULE, true, &Overrides::default())?;
            let watch = journal.load()?.remove(&rule.name).unwrap_or_default();
            self.kept = Some((rule, watch));
        }
        let Some((rule, watch)) = &mut self.kept else { return Ok(Vec::new()) };
        if watch.cursor.is_some_and(|cursor| cursor >= tick && cursor <= now) {
            return Ok(Vec::new());
        }
        // Reading a backlog is not a fault, as long as it goes on: what has never been at its end
        // is told of by the progress that is shown.
        let is_behind = |file: &&Behind| {
            file.error.is_some() || (file.since > 0 && now - file.since > TOLERANCE)
        };
        let mut files: BTreeMap<String, Row> = BTreeMap::new();
        for file in reached.behind.iter().filter(is_behind) {
            let name = file.path.display().to_string();
            let since = if file.since > 0 { Value::Time(file.since) } else { Value::Null };
            let error = file
                .error
                .clone()
                .unwrap_or_else(|| "it is written faster than it is read".to_owned());
            files.insert(
                name.clone(),
                Row(vec![
                    ("file".to_owned(), Value::Text(name)),
                    ("unread_since".to_owned(), since),
                    ("error".to_owned(), Value::Text(error)),
                ]),
            );
        }
        let found = files.into_values().map(|row| Found { severity: Severity::Critical, row });
        let outcome = Outcome::Rows(found.collect(), Held::Nobody);
        let stepped = watch.step(rule, tick, &outcome);
        let entry = Entry {
            rule,
            watch,
            tick,
            kind: stepped.kind,
            transitions: &stepped.transitions,
            took: 0,
            late: 0,
            version: None,
        };
        journal.record(now, &[entry])?;
        Ok(stepped.transitions)
    }
}

async fn asked(store: &Store, path: &str, now: Micros) -> Result<BTreeSet<String>, ServeError> {
    let tables = tables::of(&store.snapshot())?;
    let window = Window { from: Some(now - LOOK_BACK), to: None };
    let session = Session::new(tables, window, Options::at(now)?)?;
    let path = path.replace('\'', "''");
    let sql = format!("select distinct bot from events where file = '{path}'");
    let mut answer = session.query(&sql).await?;
    let mut bots = BTreeSet::new();
    while let Some(batch) = answer.stream.try_next().await? {
        for row in values::rows(&batch)? {
            bots.extend(row.get("bot").and_then(Value::text).map(str::to_owned));
        }
    }
    Ok(bots)
}
