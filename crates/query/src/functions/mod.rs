//! The functions that SQL lacks for trading. They are immutable: an answer depends on their
//! arguments alone.
//!
//! The window functions are called with `over (partition by … order by …)` and no frame: they go
//! through each partition once, in that order, and give a struct for each row. What is wrong with a
//! call is said when it is planned.

mod average_cost;
mod finite;
mod known_after;
mod quartiles;
mod rolling;

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::expr::NullTreatment;
use datafusion::logical_expr::function::PartitionEvaluatorArgs;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawWindowExpr};
use datafusion::logical_expr::{
    Expr, ScalarUDF, WindowFrame, WindowFrameBound, WindowFunctionDefinition, WindowUDF,
};
use datafusion::physical_expr::expressions::Literal;

use average_cost::AverageCost;
use finite::Finite;
use known_after::KnownAfter;
use quartiles::RollingQuartiles;
use rolling::RollingStats;

/// Makes the functions known to SQL.
pub(crate) fn register(state: &mut SessionState) -> Result<()> {
    state.register_udf(Arc::new(ScalarUDF::from(Finite::new())))?;
    state.register_udwf(Arc::new(WindowUDF::from(RollingStats::new())))?;
    state.register_udwf(Arc::new(WindowUDF::from(RollingQuartiles::new())))?;
    state.register_udwf(Arc::new(WindowUDF::from(AverageCost::new())))?;
    state.register_udwf(Arc::new(WindowUDF::from(KnownAfter::new())))?;
    state.register_expr_planner(Arc::new(Calls))
}

/// `finite(x)`, for plans that no SQL is behind.
pub(crate) fn finite(x: Expr) -> Expr {
    ScalarUDF::from(Finite::new()).call(vec![x])
}

/// Looks at the calls of our window functions as they are planned.
#[derive(Debug)]
struct Calls;

impl ExprPlanner for Calls {
    fn plan_window(&self, call: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        let WindowFunctionDefinition::WindowUDF(function) = &call.func_def else {
            return Ok(PlannerResult::Original(call));
        };
        match function.name() {
            name @ rolling::NAME => {
                check(&call, name, rolling::ARGUMENTS)?;
                rows(&call.args, name, rolling::ROWS_MAX)?;
            }
            name @ quartiles::NAME => {
                check(&call, name, quartiles::ARGUMENTS)?;
                rows(&call.args, name, quartiles::ROWS_MAX)?;
            }
            name @ average_cost::NAME => check(&call, name, average_cost::ARGUMENTS)?,
            name @ known_after::NAME => {
                check(&call, name, known_after::ARGUMENTS)?;
                known_after::seconds(&call.args)?;
            }
            _ => {}
        }
        Ok(PlannerResult::Original(call))
    }
}

/// What holds for all of them.
fn check(call: &RawWindowExpr, name: &str, arguments: &[&str]) -> Result<()> {
    count(name, call.args.len(), arguments)?;
    if call.order_by.is_empty() {
        return plan_err!(
            "`{name}` goes through rows in their order: say which, as in `over (partition by … order by ts)`"
        );
    }
    if !is_whole(&call.window_frame) {
        return plan_err!("`{name}` takes no frame: it goes through the whole partition");
    }
    let treats_nulls = matches!(call.null_treatment, Some(NullTreatment::IgnoreNulls));
    if call.distinct || call.filter.is_some() || treats_nulls {
        return plan_err!("`{name}` takes no `distinct`, `filter` or `ignore nulls`");
    }
    Ok(())
}

fn count(name: &str, got: usize, arguments: &[&str]) -> Result<()> {
    if got != arguments.len() {
        return plan_err!(
            "`{name}({})` takes {} arguments, not {got}",
            arguments.join(", "),
            arguments.len()
        );
    }
    Ok(())
}

/// Whether it is the frame of a window that names none, or all rows.
fn is_whole(frame: &WindowFrame) -> bool {
    let unbounded = |bound: &WindowFrameBound| matches!(bound, WindowFrameBound::Preceding(rows) if rows.is_null());
    let to_the_end = |bound: &WindowFrameBound| match bound {
        WindowFrameBound::CurrentRow => true,
        WindowFrameBound::Following(rows) => rows.is_null(),
        WindowFrameBound::Preceding(_) => false,
    };
    unbounded(&frame.start_bound) && to_the_end(&frame.end_bound)
}

/// `n` and `skip` of a call over a window of rows, both written out.
fn rows(arguments: &[Expr], name: &str, max: usize) -> Result<()> {
    let literal = |at: usize| match arguments.get(at) {
        Some(Expr::Literal(value, _)) => Some(value),
        _ => None,
    };
    whole(literal(1), name, "n", 1..=max)?;
    whole(literal(2), name, "skip", 0..=max)?;
    Ok(())
}

/// The same of a call that runs.
fn rows_of(
    arguments: &PartitionEvaluatorArgs<'_>,
    name: &str,
    max: usize,
) -> Result<(usize, usize)> {
    let literal = |at: usize| {
        let argument = arguments.input_exprs().get(at)?;
        argument.downcast_ref::<Literal>().map(Literal::value)
    };
    Ok((whole(literal(1), name, "n", 1..=max)?, whole(literal(2), name, "skip", 0..=max)?))
}

fn whole(
    value: Option<&ScalarValue>,
    name: &str,
    argument: &str,
    range: std::ops::RangeInclusive<usize>,
) -> Result<usize> {
    let number = value.and_then(|value| match value {
        ScalarValue::Int64(number) => usize::try_from((*number)?).ok(),
        ScalarValue::UInt64(number) => usize::try_from((*number)?).ok(),
        _ => None,
    });
    number.filter(|number| range.contains(number)).ok_or_else(|| {
        DataFusionError::Plan(format!(
            "`{argument}` of `{name}` is a whole number from {} to {}, written out",
            range.start(),
            range.end()
        ))
    })
}

/// The type of a struct of nullable fields.
fn structure(fields: &[(&str, DataType)]) -> Fields {
    fields.iter().map(|(name, of)| Field::new(*name, of.clone(), true)).collect()
}

fn returns(name: &str, fields: Fields) -> FieldRef {
    Arc::new(Field::new(name, DataType::Struct(fields), true))
}

fn together(fields: Fields, columns: Vec<ArrayRef>) -> Result<ArrayRef> {
    Ok(Arc::new(StructArray::try_new(fields, columns, None)?))
}

/// The argument at `at` as numbers, to which it was coerced.
fn floats<'a>(values: &'a [ArrayRef], at: usize, name: &str) -> Result<&'a Float64Array> {
    argument(values, at, name)
}

/// The argument at `at` as the array that it was coerced to.
fn argument<'a, A: 'static>(values: &'a [ArrayRef], at: usize, name: &str) -> Result<&'a A> {
    let array = values.get(at).and_then(|array| array.as_any().downcast_ref::<A>());
    array.ok_or_else(|| {
        DataFusionError::Internal(format!("`{name}`: argument {at} is of no type it takes"))
    })
}

/// Float for what is a number or stands for one that is missing; else what it is.
fn as_float(of: &DataType) -> DataType {
    if of.is_numeric() || of.is_null() { DataType::Float64 } else { of.clone() }
}
