//! The columns of a batch while its rows are written.
//!
//! A row touches only the columns it has: the nulls of the others are filled in when the column is
//! next touched, or at the end.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, NullBufferBuilder, StringArray,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use fillwatch_model::{ColumnId, ColumnType};

/// All columns but those that every row has.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    builders: Vec<Option<Builder>>,
    conflicts: Vec<u64>,
    conflicts_all: u64,
    row: usize,
}

/// A column that has had a value.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) id: ColumnId,
    pub(crate) array: ArrayRef,
}

impl Columns {
    pub(crate) fn next_row(&mut self) {
        self.row += 1;
    }

    /// `false`, here and below, if the column has a value in this row already, or another type;
    /// it is then left as it is.
    #[inline(always)]
    pub(crate) fn float(&mut self, id: ColumnId, value: f64) -> bool {
        let row = self.row;
        match self.builder(id, ColumnType::Float) {
            Builder::Float(column) => column.put(row, value),
            _ => false,
        }
    }

    pub(crate) fn int(&mut self, id: ColumnId, value: i64) -> bool {
        let row = self.row;
        match self.builder(id, ColumnType::Int) {
            Builder::Int(column) => column.put(row, value),
            _ => false,
        }
    }

    pub(crate) fn bool(&mut self, id: ColumnId, value: bool) -> bool {
        let row = self.row;
        match self.builder(id, ColumnType::Bool) {
            Builder::Bool(column) => column.put(row, value),
            _ => false,
        }
    }

    #[inline(always)]
    pub(crate) fn text(&mut self, id: ColumnId, value: &[u8]) -> bool {
        let write = |bytes: &mut Vec<u8>| {
            bytes.extend_from_slice(value);
            true
        };
        self.text_with(id, write)
    }

    /// Lets `write` append the value's bytes, which must be UTF-8, and returns what it says.
    #[inline(always)]
    pub(crate) fn text_with(
        &mut self,
        id: ColumnId,
        write: impl FnOnce(&mut Vec<u8>) -> bool,
    ) -> bool {
        let row = self.row;
        match self.builder(id, ColumnType::Text) {
            Builder::Text(column) => column.put(row, write),
            _ => false,
        }
    }

    /// Whether the column has a value in this row already.
    pub(crate) fn has(&self, id: ColumnId) -> bool {
        self.builders
            .get(id.0 as usize)
            .and_then(Option::as_ref)
            .is_some_and(|builder| builder.len() > self.row)
    }

    /// Counts a value that did not fit its column.
    pub(crate) fn conflict(&mut self, id: ColumnId) {
        let at = id.0 as usize;
        if self.conflicts.len() <= at {
            self.conflicts.resize(at + 1, 0);
        }
        self.conflicts[at] += 1;
        self.conflicts_all += 1;
    }

    /// How many values did not fit so far.
    pub(crate) fn conflicts(&self) -> u64 {
        self.conflicts_all
    }

    /// The columns that have values, in their order, each as long as there are rows; and begins
    /// anew.
    pub(crate) fn finish(&mut self) -> Vec<Filled> {
        let rows = std::mem::take(&mut self.row);
        let take = |(at, slot): (usize, &mut Option<Builder>)| {
            let array = slot.as_mut()?.finish(rows)?;
            Some(Filled { id: ColumnId(at as u32), array })
        };
        self.builders.iter_mut().enumerate().filter_map(take).collect()
    }

    /// The conflicts of each column that had some since they were last asked for.
    pub(crate) fn take_conflicts(&mut self) -> impl Iterator<Item = (ColumnId, u64)> {
        std::mem::take(&mut self.conflicts)
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
            .map(|(at, count)| (ColumnId(at as u32), count))
    }

    #[inline(always)]
    fn builder(&mut self, id: ColumnId, column_type: ColumnType) -> &mut Builder {
        let at = id.0 as usize;
        if self.builders.len() <= at {
            self.builders.resize_with(at + 1, || None);
        }
        self.builders[at].get_or_insert_with(|| Builder::new(column_type))
    }
}

#[derive(Debug)]
enum Builder {
    Float(Plain<f64>),
    Int(Plain<i64>),
    Bool(Plain<bool>),
    Text(Text),
}

impl Builder {
    #[cold]
    fn new(column_type: ColumnType) -> Builder {
        match column_type {
            ColumnType::Float => Builder::Float(Plain::new()),
            ColumnType::Bool => Builder::Bool(Plain::new()),
            ColumnType::Text => Builder::Text(Text::new()),
            ColumnType::Int | ColumnType::Time | ColumnType::Date => Builder::Int(Plain::new()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Builder::Float(column) => column.values.len(),
            Builder::Int(column) => column.values.len(),
            Builder::Bool(column) => column.values.len(),
            Builder::Text(column) => column.ends.len() - 1,
        }
    }

    /// The array of `rows` values; the builder is empty again and keeps nothing but its type.
    fn finish(&mut self, rows: usize) -> Option<ArrayRef> {
        if self.len() == 0 {
            return None;
        }
        Some(match self {
            Builder::Float(column) => {
                let (values, nulls) = column.finish(rows);
                Arc::new(Float64Array::new(ScalarBuffer::from(values), nulls))
            }
            Builder::Int(column) => {
                let (values, nulls) = column.finish(rows);
                Arc::new(Int64Array::new(ScalarBuffer::from(values), nulls))
            }
            Builder::Bool(column) => {
                let (values, nulls) = column.finish(rows);
                Arc::new(BooleanArray::new(BooleanBuffer::from(values), nulls))
            }
            Builder::Text(column) => Arc::new(column.finish(rows)),
        })
    }
}

/// Values of one width.
#[derive(Debug)]
struct Plain<T> {
    values: Vec<T>,
    nulls: NullBufferBuilder,
}

impl<T: Copy + Default> Plain<T> {
    fn new() -> Plain<T> {
        Plain { values: Vec::new(), nulls: NullBufferBuilder::new(0) }
    }

    #[inline(always)]
    fn fill(&mut self, row: usize) {
        if self.values.len() < row {
            self.nulls.append_n_nulls(row - self.values.len());
            self.values.resize(row, T::default());
        }
    }

    #[inline(always)]
    fn put(&mut self, row: usize, value: T) -> bool {
        self.fill(row);
        let free = self.values.len() == row;
        if free {
            self.values.push(value);
            self.nulls.append_non_null();
        }
        free
    }

    fn finish(&mut self, rows: usize) -> (Vec<T>, Option<NullBuffer>) {
        self.fill(rows);
        // The next batch will be about as large.
        let next = Vec::with_capacity(self.values.len());
        (std::mem::replace(&mut self.values, next), self.nulls.finish())
    }
}

/// Text, end to end.
#[derive(Debug)]
struct Text {
    bytes: Vec<u8>,
    /// Where each value ends, after a leading 0. A batch is made of a few MiB of log, far from
    /// where these would overflow.
    ends: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Text {
    fn new() -> Text {
        Text { bytes: Vec::new(), ends: vec![0], nulls: NullBufferBuilder::new(0) }
    }

    #[inline(always)]
    fn fill(&mut self, row: usize) {
        let filled = self.ends.len() - 1;
        if filled < row {
            self.nulls.append_n_nulls(row - filled);
            self.ends.resize(row + 1, self.bytes.len() as i32);
        }
    }

    #[inline(always)]
    fn put(&mut self, row: usize, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        self.fill(row);
        if self.ends.len() != row + 1 {
            return false;
        }
        let written = write(&mut self.bytes);
        self.ends.push(self.bytes.len() as i32);
        self.nulls.append_non_null();
        written
    }

    fn finish(&mut self, rows: usize) -> StringArray {
        self.fill(rows);
        // The next batch will be about as large.
        let next = Vec::with_capacity(self.bytes.len());
        let bytes = std::mem::replace(&mut self.bytes, next);
        let mut next = Vec::with_capacity(self.ends.len());
        next.push(0);
        let ends = std::mem::replace(&mut self.ends, next);
        let nulls = self.nulls.finish();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        StringArray::new(offsets, bytes.into(), nulls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untouched_rows_are_null() {
        let mut columns = Columns::default();
        let (price, note) = (ColumnId(14), ColumnId(40));
        columns.next_row();
        columns.float(price, 0.42);
        columns.next_row();
        columns.text(note, b"late");
        columns.next_row();
        let filled = columns.finish();
        let found: Vec<String> =
            filled.iter().map(|f| format!("{} {:?}", f.id.0, f.array)).collect();
        assert_eq!(
            found,
            [
                "14 PrimitiveArray<Float64>\n[\n  null,\n  0.42,\n  null,\n]",
                "40 StringArray\n[\n  null,\n  null,\n  \"late\",\n]"
            ]
        );
        assert!(columns.finish().is_empty());
    }
}
