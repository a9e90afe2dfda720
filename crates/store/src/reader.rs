//! The store as a process sees it that does not write to it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use fillwatch_model::{Column, Fields, FileId, KnownFile};
use object_store::local::LocalFileSystem;

use crate::carry::CloseView;
use crate::close;
use crate::error::{Result, StoreError};
use crate::file::{DataFile, parse_date};
use crate::layout::Layout;
use crate::ledger::Ledger;
use crate::log::{Loaded, Log};
use crate::quarantine;
use crate::retain::RETAINED_FROM;
use crate::running::RunningClose;
use crate::snapshot::{Exported, Snapshot, column_type, hot_batches};
use crate::state::State;
use crate::view::TableView;

/// A store that is only read. It takes no lock and may be opened beside a running `watch`.
#[derive(Debug)]
pub struct Reader {
    layout: Layout,
    events: Log,
    quarantine: Log,
    closes: Log,
}

impl Reader {
    /// The store in `dir`.
    pub fn open(dir: &Path) -> Result<Reader> {
        let layout = Layout::new(dir)?;
        if !layout.exists() {
            return Err(StoreError::Missing(dir.to_owned()));
        }
        let disk = Arc::new(LocalFileSystem::new());
        let log = |name| Log::new(Arc::clone(&disk) as _, &layout.table(name), name);
        let (events, quarantine) = (log("events")?, log("quarantine")?);
        Ok(Reader { events, quarantine, closes: log(close::TABLE)?, layout })
    }

    /// Where things lie in it.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What is committed.
    pub async fn committed(&self) -> Result<Snapshot> {
        // Quarantine second: what it lacks of what `events` has passed, it then has.
        let events = self.events.load_whole().await?;
        let rejected = self.quarantine.load_whole().await?;
        let closes =
            if self.closes.exists() { Some(self.closes.load_whole().await?) } else { None };
        let retained_from = events.said.retained_from.max(self.noted_retention());
        let ledger = self.ledger(&events.said.offsets);
        let fields = Fields::from_schema(&events.schema, usize::MAX);
        Ok(Snapshot {
            columns: columns(&fields.schema()),
            events: self.view(&self.events, events.version, &fields.schema(), events.files, vec![]),
            quarantine: self.view(
                &self.quarantine,
                rejected.version,
                &quarantine::SCHEMA,
                rejected.files,
                vec![],
            ),
            closes: self.close_view(closes, vec![], retained_from),
            ledger,
        })
    }

    /// What a running writer sees: the versions it named, and the rows it handed out.
    pub async fn with_exported(&self, exported: Exported) -> Result<Snapshot> {
        let events = self.events.load(Some(exported.events_version)).await?;
        let rejected = self.quarantine.load(Some(exported.quarantine_version)).await?;
        let closes = match exported.closes_version {
            Some(version) => Some(self.closes.load(Some(version)).await?),
            None => None,
        };
        let ledger = self.ledger(&events.said.offsets).with_sources(exported.sources);
        let columns: Vec<Column> = exported
            .columns
            .iter()
            .filter_map(|(name, type_name)| {
                Some(Column { name: name.as_str().into(), column_type: column_type(type_name)? })
            })
            .collect();
        let schema = Schema::new(columns.iter().map(Column::field).collect::<Vec<_>>());
        let hot = hot_batches(exported.events);
        let hot_rejects = hot_batches(exported.quarantine);
        Ok(Snapshot {
            columns,
            events: self.view(&self.events, events.version, &schema, events.files, hot),
            quarantine: self.view(
                &self.quarantine,
                rejected.version,
                &quarantine::SCHEMA,
                rejected.files,
                hot_rejects,
            ),
            closes: self.close_view(closes, exported.running, exported.retained_from),
            ledger,
        })
    }

    /// The log files that the table knows, and what recognises them.
    pub async fn known_files(&self) -> Result<Vec<KnownFile>> {
        let events = self.events.load_whole().await?;
        match State::look(&self.layout.state()) {
            Some(state) => state.known(&state.files(&events.said.offsets)?),
            None => Ok(Vec::new()),
        }
    }

    /// Counters of files and fields: none, if `state.db` is lost. The rows are there without them.
    fn ledger(&self, offsets: &HashMap<FileId, u64>) -> Ledger {
        let read = |state: State| Ok(Ledger::new(&state.files(offsets)?, state.fields()?));
        let ledger: Option<Result<Ledger>> = State::look(&self.layout.state()).map(read);
        ledger.and_then(Result::ok).unwrap_or_default()
    }

    fn view(
        &self,
        log: &Log,
        version: u64,
        columns: &Schema,
        files: Vec<DataFile>,
        hot: Vec<crate::view::HotBatch>,
    ) -> Arc<TableView> {
        let files = Arc::new(files.into_iter().map(Arc::new).collect());
        Arc::new(TableView::new(log.dir(), version, log.time, columns, files, hot))
    }

    fn close_view(
        &self,
        stored: Option<Loaded>,
        running: Vec<RunningClose>,
        retained_from: Option<i32>,
    ) -> CloseView {
        let (version, columns, files) = match stored {
            Some(stored) => (Some(stored.version), stored.schema, stored.files),
            None => (None, Arc::clone(&close::SCHEMA), vec![]),
        };
        let files = Arc::new(files.into_iter().map(Arc::new).collect());
        let dir = self.closes.dir().to_owned();
        CloseView { dir, version, columns, files, running, retained_from }
    }

    /// The first day that retention left whole, where an older fillwatch has noted it.
    fn noted_retention(&self) -> Option<i32> {
        let noted = State::look(&self.layout.state())?.setting(RETAINED_FROM).ok()??;
        parse_date(&noted)
    }
}

pub(crate) fn columns(schema: &Schema) -> Vec<Column> {
    let column = |field: &Arc<arrow::datatypes::Field>| {
        let column_type = fillwatch_model::ColumnType::from_arrow(field.data_type())?;
        Some(Column { name: field.name().as_str().into(), column_type })
    };
    schema.fields().iter().filter_map(column).collect()
}
