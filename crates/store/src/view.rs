//! One version of one table as SQL sees it: committed files and rows not yet committed, each row in
//! exactly one of the two.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch, TimestampMicrosecondArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, DFSchema, DataFusionError, Result, ScalarValue, Statistics};
use datafusion::datasource::TableType;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use fillwatch_model::Micros;

use crate::file::DataFile;
use crate::time::TimeColumn;

/// Rows in memory, with what prunes them.
#[derive(Clone, Debug)]
pub(crate) struct HotBatch {
    pub(crate) batch: RecordBatch,
    pub(crate) ts_min: Micros,
    pub(crate) ts_max: Micros,
    pub(crate) bytes: usize,
}

impl HotBatch {
    /// `None` if there are no rows.
    pub(crate) fn new(time: TimeColumn, batch: RecordBatch) -> Option<HotBatch> {
        let ts = time.of(&batch).values();
        let (ts_min, ts_max) = (*ts.iter().min()?, *ts.iter().max()?);
        let bytes = batch.get_array_memory_size();
        Some(HotBatch { batch, ts_min, ts_max, bytes })
    }
}

/// One version of one table.
#[derive(Debug)]
pub(crate) struct TableView {
    dir: PathBuf,
    version: u64,
    time: TimeColumn,
    schema: SchemaRef,
    /// The same columns as the scan of the files knows them: the partition column last.
    scan_schema: TableSchema,
    files: Arc<Vec<Arc<DataFile>>>,
    hot: Vec<HotBatch>,
}

impl TableView {
    pub(crate) fn new(
        dir: &Path,
        version: u64,
        time: TimeColumn,
        columns: &Schema,
        files: Arc<Vec<Arc<DataFile>>>,
        hot: Vec<HotBatch>,
    ) -> TableView {
        // Text is read as views, which DataFusion compares and groups without copying.
        let fields: Vec<FieldRef> = columns.fields().iter().map(view_field).collect();
        let (partition, in_file): (Vec<FieldRef>, Vec<FieldRef>) =
            fields.iter().cloned().partition(|field| field.name() == "date");
        TableView {
            dir: dir.to_owned(),
            version,
            time,
            schema: Arc::new(Schema::new(fields)),
            scan_schema: TableSchema::builder(Arc::new(Schema::new(in_file)))
                .with_table_partition_cols(partition)
                .build(),
            files,
            hot,
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn files(&self) -> &[Arc<DataFile>] {
        &self.files
    }

    pub(crate) fn hot(&self) -> &[HotBatch] {
        &self.hot
    }

    /// Which files and which hot batches can hold rows that pass `filters`.
    fn prune(&self, state: &dyn Session, filters: &[Expr]) -> Result<(Vec<bool>, Vec<bool>)> {
        let bounds = Bounds::of(self);
        let mut keep = vec![true; bounds.ts_min.len()];
        if let Some(filter) = conjunction(filters.iter().cloned()) {
            let schema = self.scan_schema.table_schema();
            let df_schema = DFSchema::try_from(Arc::clone(schema))?;
            let filter = state.create_physical_expr(filter, &df_schema)?;
            let predicate = PruningPredicateBuilder::new()
                .with_file_schema(Arc::clone(schema))
                .try_build(filter)?;
            keep = predicate.prune(&bounds)?;
        }
        let hot = keep.split_off(self.files.len());
        Ok((keep, hot))
    }

    fn scan_files(
        &self,
        state: &dyn Session,
        names: &[&str],
        files: &[&Arc<DataFile>],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = self.scan_schema.table_schema();
        let mut parts = Vec::with_capacity(files.len());
        for file in files {
            let part = file
                .scanned(&self.dir)
                .map_err(|error| DataFusionError::External(Box::new(error)))?;
            let mut statistics = Statistics::new_unknown(schema);
            statistics.num_rows = Precision::Exact(file.rows as usize);
            statistics.total_byte_size = Precision::Inexact(file.size as usize);
            parts.push(
                part.with_partition_values(vec![ScalarValue::Date32(Some(file.date))])
                    .with_statistics(Arc::new(statistics)),
            );
        }
        let mut statistics = Statistics::new_unknown(schema);
        statistics.num_rows = Precision::Exact(files.iter().map(|file| file.rows as usize).sum());
        let options = state.table_options().parquet.clone();
        let source =
            ParquetSource::new(self.scan_schema.clone()).with_table_parquet_options(options);
        let groups = FileGroup::new(parts).split_files(state.config().target_partitions());
        let projection = names
            .iter()
            .map(|name| schema.index_of(name))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let config =
            FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
                .with_file_groups(groups)
                .with_statistics(statistics)
                .with_projection_indices(Some(projection))?
                .with_limit(limit)
                .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn scan_memory(
        &self,
        state: &dyn Session,
        projected: &SchemaRef,
        batches: &[&RecordBatch],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let batches = batches
            .iter()
            .map(|batch| project(batch, self.time, projected))
            .collect::<Result<Vec<RecordBatch>>>()?;
        let per_partition = batches.len().div_ceil(state.config().target_partitions()).max(1);
        let partitions: Vec<Vec<RecordBatch>> =
            batches.chunks(per_partition).map(<[RecordBatch]>::to_vec).collect();
        let source = MemorySourceConfig::try_new(&partitions, Arc::clone(projected), None)?;
        Ok(DataSourceExec::from_data_source(source))
    }
}

#[async_trait]
impl TableProvider for TableView {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (keep_files, keep_hot) = self.prune(state, filters)?;
        let projected = match projection {
            Some(indices) => Arc::new(self.schema.project(indices)?),
            None => Arc::clone(&self.schema),
        };
        let names: Vec<&str> =
            projected.fields().iter().map(|field| field.name().as_str()).collect();
        let kept = self.files.iter().zip(&keep_files).filter(|(_, keep)| **keep);
        let (resident, on_disk): (Vec<_>, Vec<_>) =
            kept.map(|(file, _)| file).partition(|file| file.resident.is_some());
        let hot = self.hot.iter().zip(&keep_hot).filter(|(_, keep)| **keep);
        let in_memory: Vec<&RecordBatch> = resident
            .iter()
            .filter_map(|file| file.resident.as_ref())
            .flat_map(|resident| &resident.batches)
            .chain(hot.map(|(hot, _)| &hot.batch))
            .collect();
        let limit = if filters.is_empty() { limit } else { None };
        match (on_disk.is_empty(), in_memory.is_empty()) {
            (true, true) => Ok(Arc::new(EmptyExec::new(projected))),
            (true, false) => self.scan_memory(state, &projected, &in_memory),
            (false, true) => self.scan_files(state, &names, &on_disk, limit),
            (false, false) => UnionExec::try_new(vec![
                self.scan_files(state, &names, &on_disk, limit)?,
                self.scan_memory(state, &projected, &in_memory)?,
            ]),
        }
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // Whole files are left out by their bounds; the rows of the others are filtered above.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

fn view_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        other => other.clone(),
    };
    Arc::new(Field::new(field.name(), data_type, true))
}

/// The columns `schema` of `batch`: derived where it is the partition, null where there is none.
fn project(batch: &RecordBatch, time: TimeColumn, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| -> Result<ArrayRef> {
        match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
            Some(column) => Ok(cast(column, field.data_type())?),
            None if field.name() == "date" => {
                let dates = time.of(batch).values().iter().map(|at| time.day(*at));
                Ok(Arc::new(Date32Array::from_iter_values(dates)))
            }
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        }
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options =
        arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// The bounds of time of each file, then of each hot batch.
struct Bounds {
    time: TimeColumn,
    ts_min: Vec<Micros>,
    ts_max: Vec<Micros>,
}

impl Bounds {
    fn of(view: &TableView) -> Bounds {
        let files = view.files.iter().map(|file| (file.ts_min, file.ts_max));
        let hot = view.hot.iter().map(|hot| (hot.ts_min, hot.ts_max));
        let (ts_min, ts_max) = files.chain(hot).unzip();
        Bounds { time: view.time, ts_min, ts_max }
    }

    fn values(&self, column: &Column, bounds: &[Micros]) -> Option<ArrayRef> {
        match column.name.as_str() {
            name if name == self.time.name() => {
                let values = TimestampMicrosecondArray::from(bounds.to_vec());
                Some(Arc::new(values.with_timezone("UTC")))
            }
            "date" => {
                let dates = bounds.iter().map(|at| self.time.day(*at));
                Some(Arc::new(Date32Array::from_iter_values(dates)))
            }
            _ => None,
        }
    }
}

impl PruningStatistics for Bounds {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, &self.ts_min)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, &self.ts_max)
    }

    fn num_containers(&self) -> usize {
        self.ts_min.len()
    }

    fn null_counts(&self, _column: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }

    fn contained(
        &self,
        _column: &Column,
        _values: &std::collections::HashSet<ScalarValue>,
    ) -> Option<arrow::array::BooleanArray> {
        None
    }
}
