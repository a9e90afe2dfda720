//! `rolling_quartiles(x, n, skip)`: count and quartiles of x over the last `n` rows up to the one
//! `skip` rows back, linear between values as numpy's default.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int64Builder};
use arrow::datatypes::{DataType, FieldRef, Fields};
use datafusion::common::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDFImpl};
use fillwatch_trading::rolling::QuartileWindow;

use super::rolling::{check, coerce};

pub(super) const NAME: &str = "rolling_quartiles";
pub(super) const ARGUMENTS: &[&str] = super::rolling::ARGUMENTS;

/// Each row is put into its place among the others, which moves half of them.
pub(super) const ROWS_MAX: usize = 10_000;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct RollingQuartiles {
    signature: Signature,
}

impl RollingQuartiles {
    pub(super) fn new() -> RollingQuartiles {
        RollingQuartiles { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

fn fields() -> Fields {
    super::structure(&[
        ("n", DataType::Int64),
        ("q1", DataType::Float64),
        ("median", DataType::Float64),
        ("q3", DataType::Float64),
    ])
}

impl WindowUDFImpl for RollingQuartiles {
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
        let mut window = QuartileWindow::new(self.n, self.skip);
        let mut n = Int64Builder::with_capacity(rows);
        let [mut q1, mut median, mut q3] = [(); 3].map(|()| Float64Builder::with_capacity(rows));
        for value in super::floats(values, 0, NAME)? {
            let quartiles = window.push(value);
            n.append_value(i64::try_from(quartiles.n).unwrap_or(i64::MAX));
            q1.append_option(quartiles.q1);
            median.append_option(quartiles.median);
            q3.append_option(quartiles.q3);
        }
        super::together(
            fields(),
            vec![
                Arc::new(n.finish()),
                Arc::new(q1.finish()),
                Arc::new(median.finish()),
                Arc::new(q3.finish()),
            ],
        )
    }
}
