//! Rows of an answer, rows that are wanted, and what is different between them.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{
    Array, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray,
    StringViewArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::record_batch::RecordBatch;

/// Relative tolerance of every comparison of two numbers.
const TOLERANCE: f64 = 1e-9;
/// What counts as nothing beside which a difference is measured, where no sum says how much went
/// into it.
const UNIT: f64 = 1e-3;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Float(f64),
    /// A sum of terms that may cancel: the value, and the sum of their magnitudes.
    Sum(f64, f64),
    Text(String),
    /// Microseconds since the epoch.
    Time(i64),
    Bool(bool),
}

/// Values by column.
pub(super) type Row = BTreeMap<String, Cell>;

impl From<f64> for Cell {
    fn from(value: f64) -> Cell {
        Cell::Float(value)
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Cell {
        Cell::Int(i64::try_from(value).unwrap())
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Cell {
        Cell::Int(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Cell {
        Cell::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Cell {
        Cell::Text(value)
    }
}

impl From<&String> for Cell {
    fn from(value: &String) -> Cell {
        Cell::Text(value.clone())
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Cell {
        Cell::Bool(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Null, Into::into)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => f.write_str("null"),
            Cell::Int(value) => write!(f, "{value}"),
            Cell::Float(value) | Cell::Sum(value, _) => write!(f, "{value:?}"),
            Cell::Text(value) => f.write_str(value),
            Cell::Time(at) => {
                write!(f, "{}", chrono::DateTime::from_timestamp_micros(*at).unwrap())
            }
            Cell::Bool(value) => write!(f, "{value}"),
        }
    }
}

impl Cell {
    /// A number, if it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Cell::Int(value) => Some(*value as f64),
            Cell::Float(value) | Cell::Sum(value, _) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Cell::Text(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn time(&self) -> Option<i64> {
        match self {
            Cell::Time(at) => Some(*at),
            _ => None,
        }
    }

    /// Whether the answer `self` is what was `wanted`.
    pub(super) fn is(&self, wanted: &Cell) -> bool {
        match (self, wanted) {
            (Cell::Int(a), Cell::Int(b)) => a == b,
            _ => match (self.number(), wanted.number()) {
                (Some(a), Some(b)) => {
                    let terms = if let Cell::Sum(_, terms) = wanted { *terms } else { 0.0 };
                    let scale = a.abs().max(b.abs()).max(terms).max(UNIT);
                    (a - b).abs() <= TOLERANCE * scale
                }
                _ => self == wanted,
            },
        }
    }
}

/// A row of named values: `row! { "bot" => &fill.bot, "n" => 3 }`.
macro_rules! row {
    ($($name:expr => $value:expr),* $(,)?) => {
        $crate::measures::table::Row::from([
            $(($name.to_string(), $crate::measures::table::Cell::from($value))),*
        ])
    };
}
pub(super) use row;

/// The rows of batches.
pub(super) fn rows(batches: &[RecordBatch]) -> Vec<Row> {
    let mut rows = Vec::new();
    for batch in batches {
        let names: Vec<String> =
            batch.schema().fields().iter().map(|field| field.name().clone()).collect();
        let columns: Vec<Vec<Cell>> = batch.columns().iter().map(|c| cells(c.as_ref())).collect();
        rows.extend((0..batch.num_rows()).map(|at| {
            let cells = columns.iter().map(|column| column[at].clone());
            names.iter().cloned().zip(cells).collect::<Row>()
        }));
    }
    rows
}

fn cells(array: &dyn Array) -> Vec<Cell> {
    fn of<A: Array + 'static, T>(
        array: &dyn Array,
        get: impl Fn(&A, usize) -> T,
        cell: impl Fn(T) -> Cell,
    ) -> Vec<Cell> {
        let array = array.as_any().downcast_ref::<A>().unwrap();
        let value = |at| if array.is_null(at) { Cell::Null } else { cell(get(array, at)) };
        (0..array.len()).map(value).collect()
    }
    match array.data_type() {
        DataType::Null => vec![Cell::Null; array.len()],
        DataType::Boolean => of(array, BooleanArray::value, Cell::Bool),
        DataType::Int32 => of(array, Int32Array::value, |v| Cell::Int(v.into())),
        DataType::Int64 => of(array, Int64Array::value, Cell::Int),
        DataType::UInt64 => of(array, UInt64Array::value, |v| Cell::Int(i64::try_from(v).unwrap())),
        DataType::Float64 => of(array, Float64Array::value, Cell::Float),
        DataType::Utf8 => of(array, |a: &StringArray, at| a.value(at).to_owned(), Cell::Text),
        DataType::Utf8View => {
            of(array, |a: &StringViewArray, at| a.value(at).to_owned(), Cell::Text)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            of(array, TimestampMicrosecondArray::value, Cell::Time)
        }
        DataType::Dictionary(..) => {
            cells(array.as_any_dictionary().downcast_dict_values().as_ref())
        }
        DataType::Date32 => {
            let times = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None)).unwrap();
            cells(times.as_ref())
        }
        other => {
            let text = cast(array, &DataType::Utf8);
            let text = text.unwrap_or_else(|error| panic!("a column of type {other}: {error}"));
            cells(text.as_ref())
        }
    }
}

trait Decoded {
    fn downcast_dict_values(&self) -> arrow::array::ArrayRef;
}

impl Decoded for dyn arrow::array::AnyDictionaryArray + '_ {
    fn downcast_dict_values(&self) -> arrow::array::ArrayRef {
        arrow::compute::take(self.values(), self.keys(), None).unwrap()
    }
}

/// How many values were compared, in all checks of this process.
static COMPARED: AtomicU64 = AtomicU64::new(0);

/// What is different between the rows of `got` and those of `want`, in the columns that `want` has;
/// rows are told apart by `key`.
pub(super) fn compare(what: &str, key: &[&str], got: &[Row], want: &[Row]) -> Option<String> {
    let figures: usize = want.iter().map(|row| row.len() - key.len()).sum();
    let total = COMPARED.fetch_add(figures as u64, Ordering::Relaxed) + figures as u64;
    tracing::info!("{what}: {} rows, {figures} figures ({total} so far)", want.len());
    let differences = differences(key, got, want);
    (!differences.is_empty()).then(|| format!("{what}: {differences}"))
}

/// What is different, for a person; empty if nothing is.
pub(super) fn differences(key: &[&str], got: &[Row], want: &[Row]) -> String {
    const SHOWN: usize = 12;
    let got = by_key(key, got);
    let wanted = by_key(key, want);
    let mut count = 0;
    let mut text = String::new();
    let mut tell = |line: String| {
        count += 1;
        if count <= SHOWN {
            write!(text, "\n  {line}").unwrap();
        }
    };
    for (name, want) in &wanted {
        let Some(got) = got.get(name) else {
            tell(format!("no row {name}, wanted {}", shown(want[0])));
            continue;
        };
        if got.len() != want.len() {
            tell(format!("{} rows {name}, wanted {}", got.len(), want.len()));
            continue;
        }
        let mut left = got.clone();
        let mut unlike = Vec::new();
        for want in want {
            match left.iter().position(|got| want.iter().all(|(n, cell)| is(got.get(n), cell))) {
                Some(at) => drop(left.remove(at)),
                None => unlike.push(want),
            }
        }
        for (got, want) in left.iter().zip(unlike) {
            for (column, wanted) in want.iter().filter(|(n, cell)| !is(got.get(*n), cell)) {
                let cell = got.get(column).map_or("missing".to_owned(), Cell::to_string);
                tell(format!("{name}: {column} is {cell}, wanted {wanted}"));
            }
        }
    }
    for (name, rows) in &got {
        if !wanted.contains_key(name) {
            tell(format!("unwanted row {name}: {}", shown(rows[0])));
        }
    }
    if count > SHOWN {
        write!(text, "\n  … {count} differences in all").unwrap();
    }
    text
}

fn is(got: Option<&Cell>, wanted: &Cell) -> bool {
    got.is_some_and(|got| got.is(wanted))
}

fn shown(row: &Row) -> String {
    let cells: Vec<String> = row.iter().map(|(name, cell)| format!("{name}={cell}")).collect();
    cells.join(" ")
}

fn by_key<'a>(key: &[&str], rows: &'a [Row]) -> BTreeMap<String, Vec<&'a Row>> {
    let mut found: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let name = |column: &&str| row.get(*column).map_or("?".to_owned(), Cell::to_string);
        let names: Vec<String> = key.iter().map(name).collect();
        found.entry(format!("[{}]", names.join(" · "))).or_default().push(row);
    }
    found
}
