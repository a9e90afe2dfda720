//! `finite(x)`: x, and null where that is no number or has no bounds.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Finite {
    signature: Signature,
}

impl Finite {
    pub(super) fn new() -> Finite {
        Finite { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Finite {
    fn name(&self) -> &str {
        "finite"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.iter().map(super::as_float).collect())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Float64] => Ok(DataType::Float64),
            [of] => plan_err!("`finite` takes a number, not {of}"),
            _ => plan_err!("`finite(x)` takes 1 argument, not {}", types.len()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let values = arrays[0].as_primitive::<Float64Type>();
        let finite = if values.iter().flatten().all(f64::is_finite) {
            Arc::clone(&arrays[0])
        } else {
            let finite = values.iter().map(|value| value.filter(|value| value.is_finite()));
            Arc::new(finite.collect::<Float64Array>()) as ArrayRef
        };
        if is_scalar {
            let value = datafusion::common::ScalarValue::try_from_array(&finite, 0)?;
            return Ok(ColumnarValue::Scalar(value));
        }
        Ok(ColumnarValue::Array(finite))
    }
}
