//! Every field you log is a column: which columns there are so far.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arrow::datatypes::{Schema, SchemaRef};

use crate::column::{CANONICAL, Column, ColumnType};

/// The place of a column in [`Fields`]; the canonical ones come first, in their order. It is good
/// for the life of a process, not longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u32);

/// The columns of `events` so far. Shared by all decoders and the store; it only grows.
///
/// A column's type is settled the first time its field is seen with a value that is not null.
#[derive(Debug)]
pub struct Fields {
    inner: RwLock<Inner>,
    columns_max: usize,
}

#[derive(Debug, Default)]
struct Inner {
    columns: Vec<Column>,
    by_name: HashMap<Arc<str>, ColumnId>,
}

impl Fields {
    /// The canonical columns alone, with room for `columns_max` in all.
    pub fn new(columns_max: usize) -> Fields {
        let mut inner = Inner::default();
        for (name, column_type) in CANONICAL {
            inner.add(name, *column_type);
        }
        Fields { inner: RwLock::new(inner), columns_max }
    }

    /// The columns of a table that is there already. Columns of a type we do not write are left
    /// alone: somebody else's.
    pub fn from_schema(schema: &Schema, columns_max: usize) -> Fields {
        let fields = Fields::new(columns_max);
        let mut inner = fields.write();
        for field in schema.fields() {
            if let Some(column_type) = ColumnType::from_arrow(field.data_type())
                && !inner.by_name.contains_key(field.name().as_str())
            {
                inner.add(field.name(), column_type);
            }
        }
        drop(inner);
        fields
    }

    /// The column for the field `name` (lower case), made with type `want` if this is the first
    /// sight of it. The type returned may be another: the first sight settled it. `None` if the
    /// table has no room for more columns; the value then belongs in `attrs`.
    pub fn resolve(&self, name: &str, want: ColumnType) -> Option<(ColumnId, ColumnType)> {
        if let Some(found) = self.get(name) {
            return Some(found);
        }
        let mut inner = self.write();
        if let Some(id) = inner.by_name.get(name).copied() {
            return Some((id, inner.columns[id.0 as usize].column_type));
        }
        if inner.columns.len() >= self.columns_max {
            return None;
        }
        Some((inner.add(name, want), want))
    }

    /// The column for the field `name`, if there is one.
    pub fn get(&self, name: &str) -> Option<(ColumnId, ColumnType)> {
        let inner = self.read();
        let id = inner.by_name.get(name).copied()?;
        Some((id, inner.columns[id.0 as usize].column_type))
    }

    /// The column with this id.
    pub fn column(&self, id: ColumnId) -> Column {
        self.read().columns[id.0 as usize].clone()
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.read().columns.len()
    }

    /// Never: the canonical columns are always there.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// All columns as the table's schema.
    pub fn schema(&self) -> SchemaRef {
        let inner = self.read();
        Arc::new(Schema::new(inner.columns.iter().map(Column::field).collect::<Vec<_>>()))
    }

    // A panic while the lock is held leaves the columns whole: each change is one push.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, name: &str, column_type: ColumnType) -> ColumnId {
        let id = ColumnId(self.columns.len() as u32);
        let name: Arc<str> = Arc::from(name);
        self.columns.push(Column { name: Arc::clone(&name), column_type });
        self.by_name.insert(name, id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::canonical;

    #[test]
    fn the_first_sight_settles_the_type() {
        let fields = Fields::new(512);
        let first = fields.resolve("spread", ColumnType::Float).unwrap();
        assert_eq!(first.1, ColumnType::Float);
        assert_eq!(fields.resolve("spread", ColumnType::Text), Some(first));
    }

    #[test]
    fn canonical_columns_have_their_own_ids() {
        let fields = Fields::new(512);
        let (id, column_type) = fields.get("fill_price").unwrap();
        assert_eq!(id.0 as usize, canonical("fill_price"));
        assert_eq!(column_type, ColumnType::Float);
    }

    #[test]
    fn a_full_table_takes_no_more_columns() {
        let fields = Fields::new(CANONICAL.len() + 1);
        assert!(fields.resolve("one", ColumnType::Int).is_some());
        assert!(fields.resolve("two", ColumnType::Int).is_none());
        assert!(fields.resolve("one", ColumnType::Int).is_some());
    }

    #[test]
    fn a_schema_read_back_is_the_schema_written() {
        let fields = Fields::new(512);
        fields.resolve("spread", ColumnType::Float);
        fields.resolve("reduce_only", ColumnType::Bool);
        let again = Fields::from_schema(&fields.schema(), 512);
        assert_eq!(again.schema(), fields.schema());
    }
}
