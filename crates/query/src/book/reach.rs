//! How far back the book has to be kept.
//!
//! Whoever wants the fills of an hour needs the orders that they fill, and so every line about
//! those orders since the last close, but of no others. The lines of the hour are read first; of
//! those before it, and of the orders that the close carries, only those whose keys have been
//! touched.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility, col,
};
use fillwatch_model::Micros;
use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::Page;
use super::records::{Key, text};
use crate::late::Moment;
use crate::window::instant;

/// Which orders somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those that a line tells of, at or after this time if there is one.
    Touched(Option<Since>),
    /// Those that the close carries, too, whether anything became of them or not.
    All,
}

/// From when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Since {
    /// This time.
    At(Micros),
    /// The beginning of the window, whenever that is.
    Window,
}

impl Since {
    /// It as an expression.
    pub(super) fn expr(self) -> Expr {
        match self {
            Since::At(at) => instant(at),
            Since::Window => Moment::From.expr(),
        }
    }
}

impl Reach {
    /// What a reader of `page` asks for that keeps the rows that pass `filters`.
    pub(super) fn of(page: Page, filters: &[Expr]) -> Reach {
        let since = filters.iter().filter_map(|filter| since(page, filter)).max();
        match (page, since) {
            // A fill is told by a line. So are the times of an order, and a line since `since`
            // is about an order whose last line is since then.
            (_, Some(_)) | (Page::Fills, None) => Reach::Touched(since),
            (Page::Orders, None) => Reach::All,
        }
    }

    /// Whether it has all that `other` asks for.
    pub(super) fn has(self, other: Reach) -> bool {
        match (self, other) {
            (Reach::All, _) => true,
            (Reach::Touched(_), Reach::All) => false,
            // Which of a time and a window's beginning is the earlier is not known.
            (Reach::Touched(Some(Since::At(_))), Reach::Touched(Some(Since::Window)))
            | (Reach::Touched(Some(Since::Window)), Reach::Touched(Some(Since::At(_)))) => false,
            (Reach::Touched(this), Reach::Touched(other)) => this <= other,
        }
    }

    /// What has both.
    pub(super) fn and(self, other: Reach) -> Reach {
        if self.has(other) {
            self
        } else if other.has(self) {
            other
        } else {
            Reach::Touched(None)
        }
    }
}

/// The time that a row of `page` has to reach to pass `filter`.
fn since(page: Page, filter: &Expr) -> Option<Since> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = filter else { return None };
    match op {
        Operator::And => since(page, left).max(since(page, right)),
        Operator::Or => match (since(page, left)?, since(page, right)?) {
            (Since::At(left), Since::At(right)) => Some(Since::At(left.min(right))),
            (left, right) => (left == right).then_some(left),
        },
        Operator::Gt | Operator::GtEq | Operator::Eq => moment_of(page, left, right),
        Operator::Lt | Operator::LtEq => moment_of(page, right, left),
        _ => None,
    }
}

fn moment_of(page: Page, column: &Expr, value: &Expr) -> Option<Since> {
    let Expr::Column(column) = column else { return None };
    let since = match value {
        Expr::Literal(ScalarValue::TimestampMicrosecond(at, _), _) => Since::At((*at)?),
        value if Moment::of(value) == Some(Moment::From) => Since::Window,
        _ => return None,
    };
    let told_by_a_line: &[&str] = match page {
        Page::Fills => &["ts"],
        Page::Orders => {
            &["placed_at", "acked_at", "first_fill_at", "last_fill_at", "first_at", "last_at"]
        }
    };
    told_by_a_line.contains(&column.name.as_str()).then_some(since)
}

/// The keys of the orders that were touched, once they are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched(Arc<RwLock<Option<HashSet<u64, FixedState>>>>);

impl Touched {
    /// These were, by the hashes of their keys. Two that hash alike are both read, which does no
    /// harm: all lines of both are.
    pub(super) fn set(&self, hashes: impl Iterator<Item = u64>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(hashes.collect());
    }

    /// It does not matter which were.
    pub(super) fn set_all(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether the key in the columns `bot`, `run_id` and `order_id` is one of them.
    pub(super) fn condition(&self) -> Expr {
        let function = Function {
            touched: self.clone(),
            signature: Signature::exact(vec![DataType::Utf8View; 3], Volatility::Immutable),
        };
        let args = vec![col("bot"), col("run_id"), col("order_id")];
        let function = Arc::new(ScalarUDF::from(function));
        Expr::ScalarFunction(ScalarFunction::new_udf(function, args))
    }
}

impl PartialEq for Touched {
    fn eq(&self, other: &Touched) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Touched {}

impl Hash for Touched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// `touched(bot, run_id, order_id)`, which no user can call: its plan is made here.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Function {
    touched: Touched,
    signature: Signature,
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        "touched"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        // Before they are known, and if it does not matter, all may be.
        let touched = self.touched.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(touched) = touched.as_ref() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))));
        };
        let columns = args.args.iter().map(|arg| arg.to_array(args.number_rows));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let [bots, runs, orders] = [0, 1, 2].map(|at| columns[at].as_string_view());
        let is_touched = |row: usize| {
            let (bot, run_id) = (text(bots, row), text(runs, row));
            let key = Key { bot, run_id, order_id: text(orders, row) };
            Some(touched.contains(&key.hash()))
        };
        let found: BooleanArray = (0..args.number_rows).map(is_touched).collect();
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::lit;

    use super::*;

    fn check(page: Page, filters: &[Expr], want: Reach) {
        assert_eq!(Reach::of(page, filters), want, "{filters:?}");
    }

    #[test]
    fn a_time_that_a_line_tells_says_how_far_back() {
        let since = |at: Micros| Reach::Touched(Some(Since::At(at)));
        let after = |column: &str, at: Micros| col(column).gt_eq(instant(at));
        check(Page::Fills, &[after("ts", 7)], since(7));
        check(Page::Fills, &[instant(7).lt(col("ts"))], since(7));
        check(Page::Fills, &[after("ts", 7), after("ts", 9)], since(9));
        check(Page::Fills, &[after("ts", 7).and(col("bot").eq(lit("mm1")))], since(7));
        check(Page::Fills, &[after("ts", 7).or(after("ts", 5))], since(5));
        check(Page::Orders, &[after("placed_at", 7)], since(7));
        check(Page::Orders, &[after("last_at", 7).or(after("placed_at", 8))], since(7));
    }

    #[test]
    fn no_other_condition_does() {
        let fills = |filter: Expr| check(Page::Fills, &[filter], Reach::Touched(None));
        fills(col("ts").lt(instant(7)));
        fills(col("ts").gt_eq(instant(7)).or(col("bot").eq(lit("mm1"))));
        // Its order may have been placed long before the fill, or never.
        fills(col("placed_at").gt_eq(instant(7)));
        fills(!col("ts").gt_eq(instant(7)));
        check(Page::Fills, &[], Reach::Touched(None));
        // An order that is open since yesterday is open today.
        let open = col("status").eq(lit("open"));
        check(Page::Orders, &[col("last_at").gt_eq(instant(7)).or(open)], Reach::All);
        // It ends by itself when nothing was heard of it for long.
        check(Page::Orders, &[col("closed_at").gt_eq(instant(7))], Reach::All);
        check(Page::Orders, &[], Reach::All);
    }

    #[test]
    fn one_reach_has_another() {
        let [early, late] = [5, 7].map(|at| Reach::Touched(Some(Since::At(at))));
        let order = [Reach::All, Reach::Touched(None), early, late];
        for (at, wide) in order.into_iter().enumerate() {
            for (other, narrow) in order.into_iter().enumerate() {
                assert_eq!(wide.has(narrow), at <= other, "{wide:?} {narrow:?}");
            }
        }
    }
}
