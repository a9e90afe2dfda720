//! Reading another table under the same name.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Ident, ObjectName, TableAlias, TableFactor, VisitMut, VisitorMut,
};

/// Puts the table that `other` names in the place of each that is read, which keeps its name to the
/// rest of the statement.
pub(crate) fn rename(statement: &mut Statement, other: &mut dyn FnMut(&str) -> Option<String>) {
    if let Statement::Statement(statement) = statement {
        let _ = VisitMut::visit(statement, &mut Renamer { other });
    }
}

struct Renamer<'a> {
    other: &'a mut dyn FnMut(&str) -> Option<String>,
}

impl VisitorMut for Renamer<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else {
            return ControlFlow::Continue(());
        };
        let [part] = &name.0[..] else { return ControlFlow::Continue(()) };
        let Some(ident) = part.as_ident() else { return ControlFlow::Continue(()) };
        if let Some(other) = (self.other)(&ident.value.to_lowercase()) {
            alias.get_or_insert_with(|| TableAlias {
                explicit: true,
                name: ident.clone(),
                columns: Vec::new(),
                at: None,
            });
            *name = ObjectName::from(vec![Ident::with_quote('"', other)]);
        }
        ControlFlow::Continue(())
    }
}
