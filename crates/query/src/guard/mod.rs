//! What may be asked.
//!
//! A statement passes four gates before it is planned: what it costs merely to parse and to plan
//! ([`budget`]), what kind of statement it is ([`statement`]), which functions it calls
//! ([`functions`]), and how large it becomes ([`expansion`]). Nothing is matched against text: the gates look at tokens and at the syntax
//! tree, and what they do not know they refuse.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

mod budget;
mod expansion;
mod functions;
mod rename;
mod statement;

pub(crate) use functions::is_table_function;
pub(crate) use rename::rename;
pub(crate) use statement::{bind, parse, reads};

/// The grammar. DataFusion's own default reads `attrs->>'venue' = 'kalshi'` as
/// `attrs->>('venue' = 'kalshi')`.
const DIALECT: PostgreSqlDialect = PostgreSqlDialect {};
