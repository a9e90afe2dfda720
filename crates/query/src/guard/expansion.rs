//! How large a statement is once it is planned.
//!
//! A name from `with` stands for its query wherever it is read, and `cube` for two to the power of
//! its columns: a few words can ask for more than any memory holds, in the plan alone.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, GroupByWithModifier, Query, Select, TableFactor, Visitor,
};

use super::budget::within;
use crate::QueryError;
use crate::limits::{GROUPINGS_MAX, READS_MAX};

/// Counts, for each query, the tables that are read when every name from `with` is put in full.
#[derive(Default)]
pub(super) struct Expansion {
    /// The query being visited, with those around it.
    open: Vec<Scope>,
}

/// One query, as far as it was visited.
#[derive(Default)]
struct Scope {
    reads: usize,
    /// What each name that its `with` has defined so far reads.
    named: HashMap<String, usize>,
    /// The queries in its `with`, known by their place, and their names.
    naming: Vec<(*const Query, String)>,
}

impl Expansion {
    fn reads_of(&self, name: &str) -> usize {
        self.open.iter().rev().find_map(|scope| scope.named.get(name)).copied().unwrap_or(1)
    }
}

impl Visitor for Expansion {
    type Break = QueryError;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<QueryError> {
        let named = query.with.iter().flat_map(|with| &with.cte_tables);
        let naming = named.map(|cte| {
            (std::ptr::from_ref(cte.query.as_ref()), cte.alias.name.value.to_lowercase())
        });
        self.open.push(Scope { naming: naming.collect(), ..Scope::default() });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<QueryError> {
        let Some(done) = self.open.pop() else { return ControlFlow::Continue(()) };
        if let Some(outer) = self.open.last_mut() {
            let name = outer.naming.iter().find(|(place, _)| std::ptr::eq(*place, query));
            match name {
                Some((_, name)) => drop(outer.named.insert(name.clone(), done.reads.max(1))),
                None => outer.reads = outer.reads.saturating_add(done.reads),
            }
        }
        super::statement::flow(within(
            "tables to read when the names from `with` are put in full",
            done.reads,
            READS_MAX,
        ))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<QueryError> {
        if let TableFactor::Table { name, .. } = factor {
            let reads = self.reads_of(&name.to_string().replace('"', "").to_lowercase());
            if let Some(scope) = self.open.last_mut() {
                scope.reads = scope.reads.saturating_add(reads);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<QueryError> {
        super::statement::flow(within(
            "sets to group by",
            groupings(&select.group_by),
            GROUPINGS_MAX,
        ))
    }
}

/// The sets that a `group by` stands for.
fn groupings(group_by: &GroupByExpr) -> usize {
    let (columns, modifiers) = match group_by {
        GroupByExpr::All(modifiers) => (&[][..], modifiers),
        GroupByExpr::Expressions(columns, modifiers) => (&columns[..], modifiers),
    };
    let written = product(columns);
    modifiers.iter().fold(written, |sets, modifier| {
        sets.saturating_mul(match modifier {
            GroupByWithModifier::Cube => cube(columns.len()),
            GroupByWithModifier::Rollup => columns.len() + 1,
            GroupByWithModifier::Totals => 2,
            GroupByWithModifier::GroupingSets(expr) => sets_of(expr),
        })
    })
}

fn product(columns: &[Expr]) -> usize {
    columns.iter().map(sets_of).fold(1, usize::saturating_mul)
}

fn sets_of(expr: &Expr) -> usize {
    match expr {
        Expr::Cube(columns) => cube(columns.len()),
        Expr::Rollup(columns) => columns.len() + 1,
        Expr::GroupingSets(sets) => {
            sets.iter().map(|set| product(set)).fold(0, usize::saturating_add)
        }
        _ => 1,
    }
}

fn cube(columns: usize) -> usize {
    u32::try_from(columns)
        .ok()
        .and_then(|columns| 2_usize.checked_pow(columns))
        .unwrap_or(usize::MAX)
}
