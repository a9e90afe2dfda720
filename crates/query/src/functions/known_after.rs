//! `known_after(x, ts, s)`: the last x that is not null at or before `s` seconds after `ts`, and when
//! that was. The rows are gone through in order of `ts`: `over (partition by … order by ts)`.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Float64Builder, TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, FieldRef, Fields};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{Expr, PartitionEvaluator, Signature, Volatility, WindowUDFImpl};
use datafusion::physical_expr::expressions::Literal;
use fillwatch_model::{ColumnType, Micros};

pub(super) const NAME: &str = "known_after";
pub(super) const ARGUMENTS: &[&str] = &["x", "ts", "s"];

/// A year: further ahead nobody looks.
const SECONDS_MAX: usize = 366 * 86_400;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct KnownAfter {
    signature: Signature,
}

impl KnownAfter {
    pub(super) fn new() -> KnownAfter {
        KnownAfter { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

fn fields() -> Fields {
    super::structure(&[("value", DataType::Float64), ("at", ColumnType::Time.arrow())])
}

/// Refuses a call whose seconds are not written out.
pub(super) fn seconds(arguments: &[Expr]) -> Result<()> {
    let value = match arguments.get(2) {
        Some(Expr::Literal(value, _)) => Some(value),
        _ => None,
    };
    super::whole(value, NAME, "s", 0..=SECONDS_MAX).map(drop)
}

impl WindowUDFImpl for KnownAfter {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let coerced = types.iter().enumerate().map(|(at, of)| match (at, of) {
            (0, of) => super::as_float(of),
            (1, DataType::Timestamp(..)) => ColumnType::Time.arrow(),
            (_, of) => of.clone(),
        });
        Ok(coerced.collect())
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        let [x, ts, ..] = args.input_fields() else {
            return plan_err!("`{NAME}({})` takes 3 arguments", ARGUMENTS.join(", "));
        };
        if *x.data_type() != DataType::Float64 {
            return plan_err!("`x` of `{NAME}` is a number, not {}", x.data_type());
        }
        if *ts.data_type() != ColumnType::Time.arrow() {
            return plan_err!("`ts` of `{NAME}` is a timestamp, not {}", ts.data_type());
        }
        Ok(super::returns(args.name(), fields()))
    }

    fn partition_evaluator(
        &self,
        args: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        let literal = args
            .input_exprs()
            .get(2)
            .and_then(|argument| argument.downcast_ref::<Literal>().map(Literal::value));
        let seconds = super::whole(literal, NAME, "s", 0..=SECONDS_MAX)?;
        Ok(Box::new(Evaluator { ahead: seconds as Micros * 1_000_000 }))
    }
}

#[derive(Debug)]
struct Evaluator {
    ahead: Micros,
}

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let known = super::floats(values, 0, NAME)?;
        let times: &TimestampMicrosecondArray = super::argument(values, 1, NAME)?;
        let mut value = Float64Builder::with_capacity(rows);
        let mut at = TimestampMicrosecondBuilder::with_capacity(rows)
            .with_data_type(ColumnType::Time.arrow());
        // Both only go forward: a row's time is not before that of the row before it.
        let (mut next, mut last) = (0, None);
        for row in 0..rows {
            let until = times.value(row).saturating_add(self.ahead);
            while next < rows && times.value(next) <= until {
                if known.is_valid(next) {
                    last = Some(next);
                }
                next += 1;
            }
            let last = last.filter(|_| times.is_valid(row));
            value.append_option(last.map(|last| known.value(last)));
            at.append_option(last.map(|last| times.value(last)));
        }
        super::together(fields(), vec![Arc::new(value.finish()), Arc::new(at.finish())])
    }
}
