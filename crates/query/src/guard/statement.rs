//! What kind of statement it is: a query, its plan, or the columns of a relation.

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, PipeOperator, Query, Select, SelectItem, SetExpr, TableFactor, Value, Visit,
    VisitMut, Visitor, VisitorMut, visit_expressions,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::expansion::Expansion;
use super::{DIALECT, budget, functions};
use crate::QueryError;
use crate::limits::{CALLS_NESTED_MAX, JOINS_MAX};

/// The one statement in `sql`, which is safe to plan and only reads.
pub(crate) fn parse(sql: &str) -> Result<Statement, QueryError> {
    budget::check(sql)?;
    let mut statements = DFParserBuilder::new(sql)
        .with_dialect(&DIALECT)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| first_word(sql).unwrap_or_else(|| QueryError::invalid(&error)))?;
    let statement = match (statements.pop_front(), statements.is_empty()) {
        (Some(statement), true) => statement,
        (Some(_), false) => return refuse("one statement at a time: there is more after the `;`"),
        (None, _) => return refuse("there is no query here"),
    };
    check(&statement, sql)?;
    Ok(statement)
}

/// The tables and views that it reads, each once; names of CTEs are none of them.
pub(crate) fn reads(statement: &Statement) -> Result<Vec<String>, QueryError> {
    let (tables, _) =
        resolve_table_references(statement, true).map_err(|error| QueryError::invalid(&error))?;
    let mut names = Vec::new();
    for table in tables {
        if table.schema().is_some() {
            return refuse(&format!("`{table}`: names of tables and views have one part here"));
        }
        names.push(table.table().to_owned());
    }
    Ok(names)
}

/// Puts values in the place of `$from`, `$to` and `$now`: `value` gives the SQL of each.
pub(crate) fn bind(
    statement: &mut Statement,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<(), QueryError> {
    match statement {
        Statement::Statement(statement) => {
            outcome(VisitMut::visit(statement, &mut Binder { value, in_series: false }))
        }
        Statement::Explain(explain) => bind(&mut explain.statement, value),
        _ => Ok(()),
    }
}

fn check(statement: &Statement, sql: &str) -> Result<(), QueryError> {
    match statement {
        Statement::Statement(inner) => match &**inner {
            ast::Statement::Query(query) => inspect(&**query),
            ast::Statement::ExplainTable { .. } => Ok(()),
            ast::Statement::Explain { statement, .. }
                if matches!(**statement, ast::Statement::Query(_)) =>
            {
                inspect(&**statement)
            }
            _ => Err(not_a_query(sql)),
        },
        Statement::Explain(explain) => check(&explain.statement, sql),
        _ => Err(not_a_query(sql)),
    }
}

fn inspect(query: &impl Visit) -> Result<(), QueryError> {
    outcome(query.visit(&mut Inspector::default()))?;
    outcome(query.visit(&mut Expansion::default()))
}

/// What a statement that does not parse should be told: nothing about grammar if it is none of ours.
fn first_word(sql: &str) -> Option<QueryError> {
    const OURS: &[&str] = &["select", "with", "values", "explain", "describe", "desc"];
    let word = keyword(sql)?;
    (!OURS.contains(&word.as_str())).then(|| not_a_query(sql))
}

fn not_a_query(sql: &str) -> QueryError {
    let what = keyword(sql).map(|word| format!("`{word}` ")).unwrap_or_default();
    QueryError::Refused(format!(
        "{what}is not a query: the store is only read here, with select, with, values, explain or describe"
    ))
}

/// The first word that says what a statement does.
fn keyword(sql: &str) -> Option<String> {
    use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
    let tokens = Tokenizer::new(&DIALECT, sql).tokenize().ok()?;
    let mut words =
        tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_) | Token::LParen));
    match words.find(|token| !matches!(token, Token::Word(word) if is_prefix(&word.value)))? {
        Token::Word(word) => Some(word.value.to_lowercase()),
        other => Some(other.to_string()),
    }
}

fn is_prefix(word: &str) -> bool {
    ["explain", "analyze", "verbose"].iter().any(|prefix| word.eq_ignore_ascii_case(prefix))
}

#[derive(Default)]
struct Inspector {
    joins: usize,
    /// How many calls the expression being visited is an argument of.
    calls: usize,
}

impl Inspector {
    fn join(&mut self, count: usize) -> ControlFlow<QueryError> {
        self.joins += count;
        flow(budget::within("joins", self.joins, JOINS_MAX))
    }
}

impl Visitor for Inspector {
    type Break = QueryError;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<QueryError> {
        if query.with.as_ref().is_some_and(|with| with.recursive) {
            return flow(refuse("`with recursive` may never end, and is not supported"));
        }
        let piped =
            query.pipe_operators.iter().filter(|pipe| matches!(pipe, PipeOperator::Join(_)));
        self.join(piped.count())?;
        flow(only_reads(&query.body))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<QueryError> {
        if select.into.is_some() {
            return flow(refuse("`select … into` writes, and the store is only read here"));
        }
        let joins: usize = select.from.iter().map(|from| from.joins.len()).sum();
        self.join(joins + select.from.len().saturating_sub(1))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<QueryError> {
        match factor {
            TableFactor::Table { sample: Some(_), .. }
            | TableFactor::Derived { sample: Some(_), .. } => flow(refuse(
                "`tablesample` would give another answer each time, and a query must not",
            )),
            TableFactor::Table { name, args: Some(_), .. } => flow(functions::check_table(name)),
            TableFactor::Table { .. }
            | TableFactor::Derived { .. }
            | TableFactor::UNNEST { .. } => ControlFlow::Continue(()),
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.join(table_with_joins.joins.len())
            }
            _ => flow(refuse(
                "`from` takes tables, views, subqueries, unnest, generate_series and range",
            )),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<QueryError> {
        if let Expr::Function(function) = expr {
            flow(functions::check(function))?;
        }
        self.calls += usize::from(functions::is_call(expr));
        flow(budget::within("functions inside one another", self.calls, CALLS_NESTED_MAX))
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<QueryError> {
        self.calls -= usize::from(functions::is_call(expr));
        ControlFlow::Continue(())
    }
}

fn only_reads(body: &SetExpr) -> Result<(), QueryError> {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => Ok(()),
        SetExpr::SetOperation { left, right, .. } => {
            only_reads(left)?;
            only_reads(right)
        }
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
            refuse("a query must not contain a statement that writes: the store is only read here")
        }
    }
}

struct Binder<'a> {
    value: &'a dyn Fn(&str) -> Option<String>,
    /// Whether the arguments of a table function are being visited.
    in_series: bool,
}

impl VisitorMut for Binder<'_> {
    type Break = QueryError;

    /// A column that is computed from a parameter is called as it was written, not as it was bound:
    /// without a window `$from` and `$to` are both null, and would have one name.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<QueryError> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && has_parameter(expr)
            {
                let alias = Ident::with_quote('"', expr.to_string());
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<QueryError> {
        self.in_series = matches!(factor, TableFactor::Table { args: Some(_), .. });
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, _: &mut TableFactor) -> ControlFlow<QueryError> {
        self.in_series = false;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<QueryError> {
        let Expr::Value(value) = expr else { return ControlFlow::Continue(()) };
        let Value::Placeholder(name) = &value.value else { return ControlFlow::Continue(()) };
        let Some(mut sql) = (self.value)(name) else {
            return flow(refuse(&format!("`{name}` has no value; there are $from, $to and $now")));
        };
        if self.in_series {
            // The only type of time that generate_series counts in.
            sql = format!(r#"arrow_cast({sql}, 'Timestamp(Nanosecond, Some("UTC"))')"#);
        }
        match Parser::new(&DIALECT).try_with_sql(&sql).and_then(|mut parser| parser.parse_expr()) {
            Ok(bound) => {
                *expr = bound;
                ControlFlow::Continue(())
            }
            Err(error) => flow(refuse(&format!("`{name}`: {error}"))),
        }
    }
}

fn has_parameter(expr: &Expr) -> bool {
    let found = visit_expressions(expr, |expr| match expr {
        Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

fn refuse<T>(message: &str) -> Result<T, QueryError> {
    Err(QueryError::Refused(message.to_owned()))
}

pub(super) fn flow(result: Result<(), QueryError>) -> ControlFlow<QueryError> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

fn outcome(flow: ControlFlow<QueryError>) -> Result<(), QueryError> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}
