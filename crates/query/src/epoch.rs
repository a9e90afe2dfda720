//! `extract(epoch from a - b)`, to the microsecond.
//!
//! DataFusion drops the fraction when it turns a duration into seconds: half a second of silence
//! would be none. Here the function is replaced by the division it stands for, before it is run.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{Expr, ExprSchemable, cast, lit};

#[derive(Debug)]
pub(crate) struct ExactEpoch;

impl FunctionRewrite for ExactEpoch {
    fn name(&self) -> &str {
        "exact_epoch"
    }

    fn rewrite(
        &self,
        expr: Expr,
        schema: &DFSchema,
        _: &ConfigOptions,
    ) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(ScalarFunction { func, args }) = &expr else {
            return Ok(Transformed::no(expr));
        };
        let [Expr::Literal(part, _), of] = args.as_slice() else {
            return Ok(Transformed::no(expr));
        };
        let is_epoch =
            part.try_as_str().flatten().is_some_and(|part| part.eq_ignore_ascii_case("epoch"));
        if func.name() != "date_part" || !is_epoch {
            return Ok(Transformed::no(expr));
        }
        let DataType::Duration(unit) = of.get_type(schema)? else {
            return Ok(Transformed::no(expr));
        };
        let ticks = cast(cast(of.clone(), DataType::Int64), DataType::Float64);
        Ok(Transformed::yes(ticks / lit(ticks_per_second(unit))))
    }
}

fn ticks_per_second(unit: TimeUnit) -> f64 {
    match unit {
        TimeUnit::Second => 1.0,
        TimeUnit::Millisecond => 1e3,
        TimeUnit::Microsecond => 1e6,
        TimeUnit::Nanosecond => 1e9,
    }
}
