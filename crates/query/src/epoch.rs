//! `extract(epoch from a - b)`, to the microsecond.
//!
//! DataFusion drops the fraction when it turns a duration into seconds: half a second of silence
//! would be none. Here the function is replaced by one that divides. It looks at the unit when it is
//! run, and not before: what the plan says of it, type coercion may still change.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, exec_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

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
        if !matches!(of.get_type(schema)?, DataType::Duration(_)) {
            return Ok(Transformed::no(expr));
        }
        Ok(Transformed::yes(SECONDS.call(vec![of.clone()])))
    }
}

static SECONDS: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(ScalarUDF::from(Seconds { signature }))
});

#[derive(Debug, PartialEq, Eq, Hash)]
struct Seconds {
    signature: Signature,
}

impl ScalarUDFImpl for Seconds {
    fn name(&self) -> &'static str {
        "seconds"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let durations = &ColumnarValue::values_to_arrays(&args.args)?[0];
        let DataType::Duration(unit) = durations.data_type() else {
            return exec_err!("no time between two moments: {}", durations.data_type());
        };
        let per_second = ticks_per_second(*unit);
        let ticks = cast(durations, &DataType::Int64)?;
        let ticks = ticks.as_primitive::<Int64Type>();
        let seconds: Float64Array = ticks.unary(|ticks| ticks as f64 / per_second);
        Ok(ColumnarValue::Array(Arc::new(seconds) as ArrayRef))
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
