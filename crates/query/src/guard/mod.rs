//! What may be asked.
//!
//! A statement passes three gates before it is planned: what it costs merely to parse and to plan
//! ([`budget`]), what kind of statement it is ([`statement`]), and which functions it calls
//! ([`functions`]). Nothing is matched against text: the gates look at tokens and at the syntax
//! tree, and what they do not know they refuse.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

mod budget;
mod functions;
mod statement;

pub(crate) use functions::is_table_function;
pub(crate) use statement::{bind, parse, reads};

/// The grammar. DataFusion's own default reads `attrs->>'venue' = 'kalshi'` as
/// `attrs->>('venue' = 'kalshi')`.
const DIALECT: PostgreSqlDialect = PostgreSqlDialect {};
