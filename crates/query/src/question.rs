//! A query that is asked again and again, each time as of another moment.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion::datasource::MemTable;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    self, Expr, GroupByExpr, SelectItem, SetExpr, Value, Visit, visit_expressions,
};
use fillwatch_model::ColumnType;

use crate::close::arrow_type;
use crate::{QueryError, Views, guard};

/// A query that was parsed and checked once, with parameters of its own.
#[derive(Clone, Debug)]
pub struct Question {
    pub(crate) statement: Statement,
    pub(crate) reads: Vec<String>,
    pub(crate) optional: Vec<(String, Arc<MemTable>)>,
}

impl Question {
    /// Parses it. The tables `optional` are the user's, and empty where there are none.
    ///
    /// # Errors
    /// If it is no query, or one that may not be asked.
    pub fn parse(
        sql: &str,
        optional: &[(String, Vec<(String, ColumnType)>)],
    ) -> Result<Question, QueryError> {
        let statement = guard::parse(sql)?;
        let Statement::Statement(inner) = &statement else {
            return Err(QueryError::Refused("a rule is a select".to_owned()));
        };
        if !matches!(**inner, ast::Statement::Query(_)) {
            return Err(QueryError::Refused("a rule is a select".to_owned()));
        }
        let reads = guard::reads(&statement)?;
        let stand_in = |(name, columns): &(String, Vec<(String, ColumnType)>)| {
            let fields = columns.iter().map(|(name, of)| Field::new(name, arrow_type(*of), true));
            let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
            let table = MemTable::try_new(schema, vec![vec![]]);
            let table = table.map_err(|error| QueryError::invalid(&error))?;
            Ok((name.clone(), Arc::new(table)))
        };
        let optional = optional.iter().map(stand_in).collect::<Result<_, QueryError>>()?;
        Ok(Question { statement, reads, optional })
    }

    /// The tables and views that it reads.
    pub fn reads(&self) -> &[String] {
        &self.reads
    }

    /// Who reads this table for it: views by name, and itself as the empty name.
    pub fn readers_of(&self, table: &str, views: &Views) -> BTreeSet<String> {
        let mut readers = BTreeSet::new();
        if self.reads.iter().any(|read| read == table) {
            readers.insert(String::new());
        }
        self.reads.iter().for_each(|read| views.readers_of(read, table, &mut readers));
        readers
    }

    /// The parameters that it names, without the `$`.
    pub fn parameters(&self) -> Vec<String> {
        let mut names = Vec::new();
        let Statement::Statement(statement) = &self.statement else { return names };
        let _all: ControlFlow<()> = visit_expressions(&**statement, |expr| {
            if let Expr::Value(value) = expr
                && let Value::Placeholder(name) = &value.value
            {
                let name = name.trim_start_matches('$').to_owned();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            ControlFlow::Continue(())
        });
        names
    }

    /// Whether it always returns a row, whatever the events: an aggregate without `group by`, which
    /// no `having` can take back.
    pub fn always_has_a_row(&self) -> bool {
        let Statement::Statement(statement) = &self.statement else { return false };
        let ast::Statement::Query(query) = &**statement else { return false };
        let SetExpr::Select(select) = &*query.body else { return false };
        let ungrouped = match &select.group_by {
            GroupByExpr::Expressions(by, _) => by.is_empty(),
            GroupByExpr::All(_) => false,
        };
        let aggregates = select.projection.iter().any(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                aggregates(expr)
            }
            _ => false,
        });
        ungrouped && aggregates && select.having.is_none()
    }
}

/// Whether an aggregate function is called in it, and not over a window or in a subquery.
fn aggregates(expr: &Expr) -> bool {
    const AGGREGATES: &[&str] = &[
        "count",
        "sum",
        "avg",
        "mean",
        "min",
        "max",
        "stddev",
        "stddev_samp",
        "stddev_pop",
        "var",
        "var_samp",
        "median",
        "first_value",
        "last_value",
        "array_agg",
        "string_agg",
        "bool_or",
        "bool_and",
        "approx_distinct",
        "approx_percentile_cont",
        "percentile_cont",
        "corr",
    ];
    struct Found(usize);
    impl ast::Visitor for Found {
        type Break = ();

        fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
            self.0 -= 1;
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if let Expr::Function(function) = expr
                && self.0 == 0
                && function.over.is_none()
            {
                let name = function.name.to_string().to_lowercase();
                if AGGREGATES.contains(&name.as_str()) {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        }
    }
    expr.visit(&mut Found(0)).is_break()
}

/// The parameters of one asking: SQL by name, without the `$`.
pub type Parameters = BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::*;

    fn question(sql: &str) -> Question {
        Question::parse(sql, &[]).unwrap()
    }

    #[test]
    fn an_aggregate_without_groups_always_has_a_row() {
        for (sql, always) in [
            ("select count(*) as n from events", true),
            ("select 1 - sum(pnl) as loss from events where kind = 'fill'", true),
            ("select count(*) as n from events having count(*) > 3", false),
            ("select bot, count(*) as n from events group by bot", false),
            ("select bot from events where ts = (select max(ts) from events)", false),
            ("select bot, sum(pnl) over (order by ts) as total from events", false),
        ] {
            assert_eq!(question(sql).always_has_a_row(), always, "{sql}");
        }
    }

    #[test]
    fn a_question_knows_its_parameters_and_tables() {
        let question =
            question("select * from fills where edge < $least and ts > $from and edge > $least");
        assert_eq!(question.parameters(), ["least", "from"]);
        assert_eq!(question.reads(), ["fills"]);
        assert!(Question::parse("explain select 1", &[]).is_err());
        assert!(Question::parse("select now()", &[]).is_err());
    }
}
