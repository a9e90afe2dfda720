//! How the query engine is set up for one session.

use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider,
};
use datafusion::common::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{FunctionRegistry, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::epoch::ExactEpoch;
use crate::functions;
use crate::late::{self, LatePlanner, Moments};

/// An engine that knows no table yet, may use `memory_bytes`, and writes nothing anywhere, not even
/// to make room.
pub(crate) fn engine(
    memory_bytes: usize,
    partitions: usize,
) -> Result<SessionContext, DataFusionError> {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(false)
        .with_target_partitions(partitions.max(1))
        .with_collect_statistics(true)
        .with_parquet_pruning(true)
        .with_parquet_page_index_pruning(true)
        .with_parquet_bloom_filter_pruning(false);
    let settings = config.options_mut();
    settings.execution.enable_recursive_ctes = false;
    settings.execution.time_zone = Some("UTC".to_owned());
    settings.execution.parquet.pushdown_filters = true;
    settings.execution.parquet.reorder_filters = true;
    // It looks for `attrs->'x'` below a projection that makes an `attrs` of its own, and then names
    // two columns alike, which is an error.
    settings.optimizer.enable_leaf_expression_pushdown = false;
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory_bytes)))
        .with_disk_manager_builder(disk)
        .build_arc()?;
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .build();
    datafusion_functions_json::register_all(&mut state)?;
    functions::register(&mut state)?;
    state.register_function_rewrite(Arc::new(ExactEpoch))?;
    Ok(SessionContext::new_with_state(state))
}

/// An engine like `context`, whose plans run again and again at the `moments` of each time.
pub(crate) fn standing(
    context: &SessionContext,
    moments: &Arc<Moments>,
) -> Result<SessionContext, DataFusionError> {
    let mut config = context.copied_config();
    late::options(config.options_mut());
    let mut state = SessionStateBuilder::new_from_existing(context.state())
        .with_config(config)
        .with_query_planner(Arc::new(LatePlanner(Arc::clone(moments))))
        .build();
    state.register_udf(Arc::new(moments.function()))?;
    Ok(SessionContext::new_with_state(state))
}

/// An engine like `context`, with the same memory, that knows no table yet.
pub(crate) fn beside(context: &SessionContext) -> Result<SessionContext, DataFusionError> {
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, Arc::new(MemorySchemaProvider::new()))?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    let state = SessionStateBuilder::new_from_existing(context.state())
        .with_catalog_list(Arc::new(catalogs))
        .build();
    Ok(SessionContext::new_with_state(state))
}

const CATALOG: &str = "fillwatch";
const SCHEMA: &str = "public";
