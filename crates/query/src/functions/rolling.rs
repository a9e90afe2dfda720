//! `rolling_stats(x, n, skip)`: count, mean, standard deviation and sum of x over the last `n` rows up
//! to the one `skip` rows back.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int64Builder};
use arrow::datatypes::{DataType, FieldRef, Fields};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDFImpl};
use fillwatch_trading::rolling::Window;

pub(super) const NAME: &str = "rolling_stats";
pub(super) const ARGUMENTS: &[&str] = &["x", "n", "skip"];

/// A window is held in memory for each partition, one after the other: 32 bytes a row.
pub(super) const ROWS_MAX: usize = 1_000_000;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RollingStats {
    signature: Signature,
}

impl RollingStats {
    pub(super) fn new() -> RollingStats {
        RollingStats { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

fn fields() -> Fields {
    super::structure(&[
        ("n", DataType::Int64),
        ("mean", DataType::Float64),
        ("sd", DataType::Float64),
        ("sum", DataType::Float64),
    ])
}

/// A number, and two that are written out.
pub(super) fn coerce(types: &[DataType]) -> Vec<DataType> {
    let number = types.first().map(super::as_float);
    number.into_iter().chain(types.iter().skip(1).cloned()).collect()
}

/// Refuses what could not be made a number.
pub(super) fn check(name: &str, args: &WindowUDFFieldArgs<'_>) -> Result<()> {
    match args.get_input_field(0) {
        Some(field) if *field.data_type() != DataType::Float64 => {
            plan_err!("`{name}` takes numbers, not {}", field.data_type())
        }
        _ => Ok(()),
    }
}

impl WindowUDFImpl for RollingStats {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(coerce(types))
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        check(NAME, &args)?;
        Ok(super::returns(args.name(), fields()))
    }

    fn partition_evaluator(
        &self,
        args: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        let (n, skip) = super::rows_of(&args, NAME, ROWS_MAX)?;
        Ok(Box::new(Evaluator { n, skip }))
    }
}

#[derive(Debug)]
struct Evaluator {
    n: usize,
    skip: usize,
}

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let mut window = Window::new(self.n, self.skip);
        let mut n = Int64Builder::with_capacity(rows);
        let [mut mean, mut sd, mut sum] = [(); 3].map(|()| Float64Builder::with_capacity(rows));
        for value in super::floats(values, 0, NAME)? {
            let moments = window.push(value);
            n.append_value(i64::try_from(moments.n()).unwrap_or(i64::MAX));
            mean.append_option(moments.mean());
            sd.append_option(moments.sd());
            sum.append_option(moments.sum());
        }
        super::together(
            fields(),
            vec![
                Arc::new(n.finish()),
                Arc::new(mean.finish()),
                Arc::new(sd.finish()),
                Arc::new(sum.finish()),
            ],
        )
    }
}
