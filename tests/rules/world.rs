//! A store with the logs of a simulated fleet in it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use fillwatch_decode::Mapping;
use fillwatch_model::{Micros, SourceId};
use fillwatch_query::Tables;
use fillwatch_serve::{Settings, Silent, SystemClock, ingest, tables};
use fillwatch_simulate::Fleet;
use fillwatch_tail::Source;

pub(super) struct World {
    _folder: tempfile::TempDir,
    store: PathBuf,
}

impl World {
    /// What the fleet writes until `until`, read in as `fillwatch ingest` would.
    pub(super) fn of(fleet: Fleet, until: Micros) -> World {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        for emission in fleet.take_while(|emission| emission.at < until) {
            let path = logs.join(&*emission.file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
            file.write_all(&emission.line).unwrap();
        }
        let store = folder.path().join("store");
        let source = Source::new(SourceId(0), &logs.to_string_lossy(), &[]).unwrap();
        let settings = Settings::new(store.clone(), vec![source], Arc::from([Mapping::default()]));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let never = std::future::pending();
        runtime
            .block_on(ingest(settings, false, Arc::new(SystemClock), never, Arc::new(Silent)))
            .unwrap();
        World { _folder: folder, store }
    }

    pub(super) async fn tables(&self) -> Tables {
        tables(&self.store).await.unwrap()
    }
}
