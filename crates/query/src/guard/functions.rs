//! Which functions may be called.
//!
//! An answer depends on the snapshot and the window and on nothing else, so a function that reads a
//! clock or rolls dice is refused: which ones do, DataFusion's own registry says. A few others can
//! make gigabytes out of nothing, outside the memory limit.

use std::collections::HashSet;
use std::sync::LazyLock;

use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::Volatility;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName,
    Value,
};

use crate::QueryError;
use crate::limits::PAD_MAX;

/// Names, aliases among them, of the functions whose value depends on more than their arguments.
static UNREPEATABLE: LazyLock<HashSet<String>> = LazyLock::new(|| {
    SessionStateDefaults::default_scalar_functions()
        .iter()
        .filter(|function| function.signature().volatility != Volatility::Immutable)
        .flat_map(|function| function.aliases().iter().cloned().chain([function.name().to_owned()]))
        .collect()
});

/// Functions whose result is as large as an argument says.
const UNBOUNDED: &[&str] = &[
    "repeat",
    "space",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "generate_series",
    "gen_series",
    "range",
];

/// Functions whose result is as long as their second argument says, allowed when that is a small
/// number written out.
const PADS: &[&str] = &["lpad", "rpad"];

/// Functions that may stand in `from`. They yield rows as these are asked for.
const TABLE_FUNCTIONS: &[&str] = &["generate_series", "range"];

pub(super) fn check(function: &Function) -> Result<(), QueryError> {
    let name = called(&function.name);
    if UNREPEATABLE.contains(&name) {
        return Err(QueryError::Refused(unrepeatable(&name)));
    }
    if UNBOUNDED.contains(&name.as_str()) {
        let instead = if is_table_function(&name) {
            format!("; `from {name}(…)` gives the same as rows")
        } else {
            String::new()
        };
        return Err(QueryError::Refused(format!("`{name}` may use any amount of memory{instead}")));
    }
    if PADS.contains(&name.as_str()) && !is_small(second(&function.args)) {
        return Err(QueryError::Refused(format!(
            "`{name}` takes a length of at most {PAD_MAX}, written as a number"
        )));
    }
    Ok(())
}

pub(crate) fn is_table_function(name: &str) -> bool {
    TABLE_FUNCTIONS.contains(&name)
}

pub(super) fn check_table(name: &ObjectName) -> Result<(), QueryError> {
    let name = called(name);
    if is_table_function(&name) {
        return Ok(());
    }
    Err(QueryError::Refused(format!(
        "there is no table function `{name}`; there are generate_series and range"
    )))
}

/// Whether it is a call, or one of the operators that are calls: `->` and `->>`.
pub(super) fn is_call(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryOp { op, .. } => {
            matches!(op, BinaryOperator::Arrow | BinaryOperator::LongArrow)
        }
        Expr::Function(_) => true,
        _ => false,
    }
}

fn unrepeatable(name: &str) -> String {
    match name {
        "now" | "current_timestamp" | "current_date" | "current_time" | "today" => format!(
            "`{name}` would give another answer each time: use `$now`, the time the query is asked for"
        ),
        _ => format!("`{name}` would give another answer each time, and a query must not"),
    }
}

fn called(name: &ObjectName) -> String {
    let last = name.0.last().and_then(|part| part.as_ident());
    last.map(|ident| ident.value.to_lowercase()).unwrap_or_default()
}

fn second(arguments: &FunctionArguments) -> Option<&Expr> {
    let FunctionArguments::List(list) = arguments else { return None };
    match list.args.get(1)? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn is_small(expr: Option<&Expr>) -> bool {
    let Some(Expr::Value(value)) = expr else { return false };
    let Value::Number(digits, _) = &value.value else { return false };
    digits.parse::<u64>().is_ok_and(|length| length <= PAD_MAX)
}
