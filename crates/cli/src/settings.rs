//! What a run is told: the defaults, moved by what `[ingest]` and `[retention]` say.

use fillwatch_serve::Settings;

use crate::context::Context;
use crate::sources::Sources;

/// The settings of a run over `sources` into the store.
pub(crate) fn settings(context: &Context, sources: Sources) -> Settings {
    let mut settings = Settings::new(context.store.clone(), sources.sources, sources.mappings);
    let (ingest, retention) = (&context.config.ingest, &context.config.retention);
    set(&mut settings.commit_interval, ingest.commit_interval);
    set(&mut settings.commit_bytes, ingest.commit_bytes);
    set(&mut settings.tail.sweep_interval, ingest.sweep_interval);
    set(&mut settings.tail.line_bytes_max, ingest.line_bytes_max.map(size));
    set(&mut settings.tail.notify, ingest.notify);
    set(&mut settings.tail.open_files_max, ingest.open_files_max.map(size));
    set(&mut settings.storage.columns_max, ingest.columns_max.map(size));
    set(&mut settings.storage.hot_bytes_max, ingest.hot_bytes_max.map(size));
    settings.retention.age = retention.age;
    settings.retention.bytes = retention.bytes;
    settings
}

fn set<T>(value: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *value = said;
    }
}

fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
