//! The store as a process sees it that does not write to it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use fillwatch_model::{Column, Fields, FileId, KnownFile};
use object_store::local::LocalFileSystem;

use crate::error::{Result, StoreError};
use crate::file::DataFile;
use crate::layout::Layout;
use crate::ledger::Ledger;
use crate::log::Log;
use crate::quarantine;
use crate::snapshot::{Exported, Snapshot, column_type, hot_batches};
use crate::state::State;
use crate::view::TableView;

/// A store that is only read. It takes no lock and may be opened beside a running `watch`.
#[derive(Debug)]
pub struct Reader {
    layout: Layout,
    events: Log,
    quarantine: Log,
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
        Ok(Reader { events: log("events")?, quarantine: log("quarantine")?, layout })
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
        let ledger = self.ledger(&events.offsets);
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
            ledger,
        })
    }

    /// What a running writer sees: the versions it named, and the rows it handed out.
    pub async fn with_exported(&self, exported: Exported) -> Result<Snapshot> {
        let events = self.events.load(Some(exported.events_version)).await?;
        let rejected = self.quarantine.load(Some(exported.quarantine_version)).await?;
        let ledger = self.ledger(&events.offsets).with_sources(exported.sources);
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
            ledger,
        })
    }

    /// The log files that the table knows, and what recognises them.
    pub async fn known_files(&self) -> Result<Vec<KnownFile>> {
        let events = self.events.load_whole().await?;
        match State::look(&self.layout.state()) {
            Some(state) => state.known(&state.files(&events.offsets)?),
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
        Arc::new(TableView::new(log.dir(), version, columns, files, hot))
    }

    /// The first day that retention left whole; rows of earlier days are gone on purpose.
    pub fn retained_from(&self) -> Result<Option<i32>> {
        let Some(state) = State::look(&self.layout.state()) else { return Ok(None) };
        let date = state.setting(crate::retain::RETAINED_FROM)?;
        Ok(date.as_deref().and_then(crate::file::parse_date))
    }
}

pub(crate) fn columns(schema: &Schema) -> Vec<Column> {
    let column = |field: &Arc<arrow::datatypes::Field>| {
        let column_type = fillwatch_model::ColumnType::from_arrow(field.data_type())?;
        Some(Column { name: field.name().as_str().into(), column_type })
    };
    schema.fields().iter().filter_map(column).collect()
}
