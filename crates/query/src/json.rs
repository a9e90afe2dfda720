//! Values inside `attrs`.

use arrow::datatypes::{DataType, Field};
use datafusion::common::{Column, DataFusionError};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, col};
use datafusion_functions_json::udfs::json_union_to_text_udf;

/// The plan with columns of JSON values, which `attrs->'x'` gives, as JSON text: no file format and
/// no other program knows that type.
pub(crate) fn materialised(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    let is_json = |field: &Field| matches!(field.data_type(), DataType::Union(..));
    if !plan.schema().fields().iter().any(|field| is_json(field)) {
        return Ok(plan);
    }
    let columns: Vec<_> = plan
        .schema()
        .iter()
        .map(|(qualifier, field)| {
            let column = col(Column::new(qualifier.cloned(), field.name()));
            if is_json(field) {
                json_union_to_text_udf()
                    .call(vec![column])
                    .alias_qualified(qualifier.cloned(), field.name())
            } else {
                column
            }
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
