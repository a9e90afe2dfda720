//! `average_cost(action, sign, price, size, at, position0, avg0, realized0, opened0)`: what is held
//! after each row, what it cost and what closing some of it realised, by average cost.
//!
//! | `action` | what the row does |
//! | --- | --- |
//! | `opening` | sets the state to `position0`, `avg0`, `realized0`, `opened0`; the other arguments are not read |
//! | `fill` | `sign` × `size` contracts at `price`; moves nothing if `sign` or `size` is null |
//! | `settlement` | closes all of it at `price`, in the unit of `avg_price`; moves nothing if that is null, or its unit cannot be told |
//!
//! A fill whose `price` is null is held at an unknown cost: `avg_price` is null until flat. So is an
//! opening whose `avg0` is.
//!
//! The struct has `position`, `position_before` (the row), `avg_price` (null when flat), `realized` (by this row; null for an opening
//! and where nothing could be known), `realized_pnl` (what is known of it so far, with `realized0`), `opened_at`, and `trip`:
//! the number of the round trip, flat to flat, that the row belongs to. A fill that turns the position
//! belongs to the trip that it ends; null when flat. `price` is what a settlement paid, null for the others.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Float64Builder, Int64Builder, StringArray, TimestampMicrosecondArray,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, FieldRef, Fields};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDFImpl};
use fillwatch_model::ColumnType;
use fillwatch_trading::average_cost::{Deal, Effect, Position};

pub(super) const NAME: &str = "average_cost";
pub(super) const ARGUMENTS: &[&str] =
    &["action", "sign", "price", "size", "at", "position0", "avg0", "realized0", "opened0"];

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct AverageCost {
    signature: Signature,
}

impl AverageCost {
    pub(super) fn new() -> AverageCost {
        AverageCost { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

fn fields() -> Fields {
    super::structure(&[
        ("position", DataType::Float64),
        ("position_before", DataType::Float64),
        ("avg_price", DataType::Float64),
        ("realized", DataType::Float64),
        ("realized_pnl", DataType::Float64),
        ("opened_at", ColumnType::Time.arrow()),
        ("trip", DataType::Int64),
        ("price", DataType::Float64),
    ])
}

/// The type that an argument has, and what that is called.
fn wanted(argument: &str) -> (DataType, &'static str) {
    match argument {
        "action" => (DataType::Utf8, "a text"),
        "at" | "opened0" => (ColumnType::Time.arrow(), "a timestamp"),
        _ => (DataType::Float64, "a number"),
    }
}

/// The type that an argument of type `of` is made to be of: what is wanted, if that can be.
fn coerced(argument: &str, of: &DataType) -> DataType {
    let (wanted, _) = wanted(argument);
    let fits = match wanted {
        DataType::Utf8 => ColumnType::from_arrow(of) == Some(ColumnType::Text),
        DataType::Timestamp(..) => matches!(of, DataType::Timestamp(..)),
        _ => of.is_numeric(),
    };
    if fits || of.is_null() { wanted } else { of.clone() }
}

impl WindowUDFImpl for AverageCost {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(ARGUMENTS.iter().zip(types).map(|(argument, of)| coerced(argument, of)).collect())
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        for (argument, field) in ARGUMENTS.iter().zip(args.input_fields()) {
            let (wanted, called) = wanted(argument);
            if *field.data_type() != wanted {
                return plan_err!(
                    "`{argument}` of `{NAME}` is {called}, not {}",
                    field.data_type()
                );
            }
        }
        Ok(super::returns(args.name(), fields()))
    }

    fn partition_evaluator(
        &self,
        _: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Evaluator))
    }
}

/// The arguments of a partition.
struct Rows<'a> {
    actions: &'a StringArray,
    numbers: [&'a Float64Array; 6],
    times: [&'a TimestampMicrosecondArray; 2],
}

impl<'a> Rows<'a> {
    fn new(values: &'a [ArrayRef]) -> Result<Rows<'a>> {
        let number = |at| super::floats(values, at, NAME);
        let time = |at| super::argument(values, at, NAME);
        Ok(Rows {
            actions: super::argument(values, 0, NAME)?,
            numbers: [number(1)?, number(2)?, number(3)?, number(5)?, number(6)?, number(7)?],
            times: [time(4)?, time(8)?],
        })
    }

    /// What the contracts held pay if the row is a settlement.
    fn paid(&self, row: usize, position: &Position) -> Option<f64> {
        use arrow::array::Array;
        let [_, price, ..] = self.numbers;
        let is_settlement = self.actions.is_valid(row) && self.actions.value(row) == "settlement";
        let told = (is_settlement && price.is_valid(row)).then(|| price.value(row))?;
        position.worth(told)
    }

    /// Does what the row says; `paid` is what a settlement paid.
    fn apply(&self, row: usize, paid: Option<f64>, position: &mut Position) -> Result<Effect> {
        use arrow::array::Array;
        let [sign, price, size, position0, avg0, realized0] =
            self.numbers.map(|array| array.is_valid(row).then(|| array.value(row)));
        let [at, opened0] = self.times.map(|array| array.is_valid(row).then(|| array.value(row)));
        if self.actions.is_null(row) {
            return Ok(Effect::default());
        }
        Ok(match self.actions.value(row) {
            "opening" => {
                let trips = position.trips;
                *position = Position::opening(
                    position0.unwrap_or_default(),
                    avg0,
                    realized0.unwrap_or_default(),
                    opened0,
                );
                position.trips = trips;
                Effect { trip: position.trip.map(|trip| trip.number), ..Effect::default() }
            }
            "fill" => {
                let at = at.unwrap_or_default();
                position.apply(&Deal { at, sign, price, size, fee: None })
            }
            "settlement" => position.settle(at.unwrap_or_default(), paid),
            other => {
                return exec_err!(
                    "`action` of `{NAME}` is 'opening', 'fill' or 'settlement', not '{other}'"
                );
            }
        })
    }
}

#[derive(Debug)]
struct Evaluator;

impl PartitionEvaluator for Evaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let arguments = Rows::new(values)?;
        let [mut held, mut before, mut avg_price, mut realized, mut realized_pnl, mut price] =
            [(); 6].map(|()| Float64Builder::with_capacity(rows));
        let mut opened_at = TimestampMicrosecondBuilder::with_capacity(rows)
            .with_data_type(ColumnType::Time.arrow());
        let mut trip = Int64Builder::with_capacity(rows);
        let mut position = Position::default();
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        for row in 0..rows {
            before.append_option(finite(position.position()));
            let paid = arguments.paid(row, &position);
            let effect = arguments.apply(row, paid, &mut position)?;
            held.append_option(finite(position.position()));
            avg_price.append_option(position.avg_price.and_then(finite));
            realized.append_option(effect.realized.and_then(finite));
            realized_pnl.append_option(finite(position.realized_pnl.value()));
            opened_at.append_option(position.opened_at);
            price.append_option(paid.and_then(finite));
            trip.append_option(effect.trip.and_then(|number| i64::try_from(number).ok()));
        }
        super::together(
            fields(),
            vec![
                Arc::new(held.finish()),
                Arc::new(before.finish()),
                Arc::new(avg_price.finish()),
                Arc::new(realized.finish()),
                Arc::new(realized_pnl.finish()),
                Arc::new(opened_at.finish()),
                Arc::new(trip.finish()),
                Arc::new(price.finish()),
            ],
        )
    }
}
