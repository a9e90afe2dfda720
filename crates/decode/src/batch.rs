//! The columns that every row has, and the batch that all columns make.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, BooleanBufferBuilder, DictionaryArray, Int32Array, Int64Array,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Int32Type, Schema};
use arrow::record_batch::RecordBatch;
use fillwatch_model::{ColumnId, FieldUse, Fields, Kind, LogFile, Micros, canonical};
use hashbrown::HashMap;

use crate::columns::{Columns, Filled};

/// The rows of a batch, as far as they are the same for every log.
#[derive(Debug)]
pub(crate) struct Rows {
    ts: Vec<Micros>,
    inferred: BooleanBufferBuilder,
    kind: Vec<i32>,
    bot: Dictionary,
    file: Dictionary,
    file_id: Dictionary,
    offset: Vec<i64>,
    ingested_at: Vec<Micros>,
}

/// What is known of a row beside its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowFacts {
    /// Its time, if anything says it.
    pub(crate) time: Option<Micros>,
    pub(crate) kind: Kind,
    pub(crate) bot: Entry,
    pub(crate) place: Place,
    pub(crate) offset: u64,
}

/// Where rows of one chunk come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    file: Entry,
    file_id: Entry,
    read_at: Micros,
}

impl Rows {
    /// No rows, but room for as many as are to be expected.
    pub(crate) fn with_capacity(rows: usize) -> Rows {
        Rows {
            ts: Vec::with_capacity(rows),
            inferred: BooleanBufferBuilder::new(rows),
            kind: Vec::with_capacity(rows),
            bot: Dictionary::with_capacity(rows),
            file: Dictionary::with_capacity(rows),
            file_id: Dictionary::with_capacity(rows),
            offset: Vec::with_capacity(rows),
            ingested_at: Vec::with_capacity(rows),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ts.len()
    }

    pub(crate) fn place(&mut self, file: &LogFile, read_at: Micros) -> Place {
        Place {
            file: self.file.entry(file.path.to_string_lossy().as_bytes()),
            file_id: self.file_id.entry(file.id.to_string().as_bytes()),
            read_at,
        }
    }

    pub(crate) fn bot(&mut self, name: &[u8]) -> Entry {
        self.bot.entry(name)
    }

    pub(crate) fn push(&mut self, row: RowFacts) {
        self.ts.push(row.time.unwrap_or(row.place.read_at));
        self.inferred.append(row.time.is_none());
        self.kind.push(row.kind as i32);
        self.bot.keys.push(row.bot.0);
        self.file.keys.push(row.place.file.0);
        self.file_id.keys.push(row.place.file_id.0);
        self.offset.push(row.offset as i64);
        self.ingested_at.push(row.place.read_at);
    }

    /// The batch of these rows and `columns`, and what was seen of each field; both begin anew.
    pub(crate) fn finish(
        &mut self,
        columns: &mut Columns,
        table: &Fields,
    ) -> (RecordBatch, Vec<FieldUse>) {
        let rows = std::mem::replace(self, Rows::with_capacity(self.len()));
        let mut filled = columns.finish();
        let uses = uses(&filled, columns);
        filled.extend(rows.into_columns());
        filled.sort_by_key(|column| column.id);
        let field = |column: &Filled| {
            let described = table.column(column.id);
            let nullable = described.field().is_nullable();
            Field::new(&*described.name, column.array.data_type().clone(), nullable)
        };
        let schema = Arc::new(Schema::new(filled.iter().map(field).collect::<Vec<_>>()));
        let arrays = filled.into_iter().map(|column| column.array).collect();
        let batch = RecordBatch::try_new(schema, arrays).expect("every column has every row");
        (batch, uses)
    }

    fn into_columns(mut self) -> Vec<Filled> {
        let kinds = Kind::ALL.iter().map(|kind| Some(kind.as_str()));
        let utc = |values: Vec<Micros>| {
            Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC")) as ArrayRef
        };
        let columns: [(&str, ArrayRef); 8] = [
            ("ts", utc(self.ts)),
            ("ts_inferred", Arc::new(BooleanArray::new(self.inferred.finish(), None))),
            ("kind", dictionary(self.kind, kinds.collect())),
            ("bot", self.bot.finish()),
            ("file", self.file.finish()),
            ("file_id", self.file_id.finish()),
            ("offset", Arc::new(Int64Array::from(self.offset))),
            ("ingested_at", utc(self.ingested_at)),
        ];
        columns.into_iter().map(|(name, array)| Filled { id: id(name), array }).collect()
    }
}

fn id(name: &str) -> ColumnId {
    ColumnId(canonical(name) as u32)
}

fn uses(filled: &[Filled], columns: &mut Columns) -> Vec<FieldUse> {
    let mut conflicts: HashMap<ColumnId, u64> = columns.take_conflicts().collect();
    let attrs = id("attrs");
    let mut uses: Vec<FieldUse> = filled
        .iter()
        .filter(|column| column.id != attrs)
        .map(|column| FieldUse {
            column: column.id,
            values: (column.array.len() - column.array.null_count()) as u64,
            conflicts: conflicts.remove(&column.id).unwrap_or(0),
        })
        .collect();
    let only_conflicts =
        conflicts.into_iter().map(|(column, conflicts)| FieldUse { column, values: 0, conflicts });
    uses.extend(only_conflicts);
    uses.sort_by_key(|use_| use_.column);
    uses
}

/// An entry of a dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry(i32);

/// A column of few different texts.
#[derive(Debug, Default)]
struct Dictionary {
    keys: Vec<i32>,
    values: Vec<Box<[u8]>>,
    entries: HashMap<Box<[u8]>, Entry>,
}

impl Dictionary {
    fn with_capacity(rows: usize) -> Dictionary {
        Dictionary { keys: Vec::with_capacity(rows), ..Dictionary::default() }
    }

    fn entry(&mut self, text: &[u8]) -> Entry {
        if let Some(entry) = self.entries.get(text) {
            return *entry;
        }
        let entry = Entry(self.values.len() as i32);
        self.values.push(text.into());
        self.entries.insert(text.into(), entry);
        entry
    }

    fn finish(self) -> ArrayRef {
        let values = self.values.iter().map(|text| String::from_utf8_lossy(text));
        dictionary(self.keys, values.map(Some).collect())
    }
}

fn dictionary(keys: Vec<i32>, values: StringArray) -> ArrayRef {
    Arc::new(DictionaryArray::<Int32Type>::new(Int32Array::from(keys), Arc::new(values)))
}
