//! From batches in memory to the bytes of a Parquet file: merged, split by day, sorted by time.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::{cast, interleave};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use fillwatch_model::{ColumnType, Micros};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::error::Result;
use crate::file::date_of;
use crate::time::TimeColumn;

/// Rows of one day, sorted by time. Only their order is here; they are gathered slice by slice as
/// they are written, so that sorting does not take the memory of a second copy.
#[derive(Debug)]
pub(crate) struct DayRows {
    /// Days since the epoch.
    pub(crate) date: i32,
    places: Vec<Place>,
    batches: Arc<Vec<RecordBatch>>,
}

impl DayRows {
    pub(crate) fn rows(&self) -> u64 {
        self.places.len() as u64
    }

    /// Rows that are of one day and one time, or none at all.
    pub(crate) fn of_one_time(date: i32, at: Micros, rows: RecordBatch) -> DayRows {
        let place = |row| Place { ts: at, batch: 0, row };
        let places = (0..rows.num_rows() as u32).map(place).collect();
        DayRows { date, places, batches: Arc::new(vec![rows]) }
    }

    /// The first and the last time.
    pub(crate) fn ts_bounds(&self) -> (Micros, Micros) {
        let ts = |place: Option<&Place>| place.map_or(0, |place| place.ts);
        (ts(self.places.first()), ts(self.places.last()))
    }

    /// The rows, in order.
    pub(crate) fn slices(&self) -> impl Iterator<Item = Result<RecordBatch>> {
        self.places.chunks(SLICE_ROWS).map(|places| gather(&self.batches, places))
    }
}

/// Rows that are taken together when batches are interleaved: large enough for the writer to
/// build whole pages, small enough to be still in the cache when it does.
const SLICE_ROWS: usize = 16 << 10;

/// Rows of a row group. An hour of a busy bot is some tens of thousands of rows, so that a window
/// of an hour reads one or two.
pub(crate) const ROW_GROUP_ROWS: usize = 128 << 10;

/// Merges `batches`, in the order they were read, into one run per day, sorted by `ts`; rows of
/// one time keep the order in which they were read.
pub(crate) fn by_day(batches: &[RecordBatch]) -> Result<Vec<DayRows>> {
    let mut days: BTreeMap<i32, Vec<Place>> = BTreeMap::new();
    for (batch, rows) in batches.iter().enumerate() {
        // A batch seldom crosses midnight, so the day is looked up once a run.
        let mut places = TimeColumn::Ts.of(rows).values().iter().enumerate().peekable();
        while let Some((_, first)) = places.peek() {
            let date = date_of(**first);
            let day = days.entry(date).or_default();
            while let Some((row, ts)) = places.next_if(|(_, ts)| date_of(**ts) == date) {
                day.push(Place { ts: *ts, batch: batch as u32, row: row as u32 });
            }
        }
    }
    let batches = Arc::new(conform(batches)?);
    let day = |(date, mut places): (i32, Vec<Place>)| {
        if !places.is_sorted() {
            places.sort_unstable();
        }
        DayRows { date, places, batches: Arc::clone(&batches) }
    };
    Ok(days.into_iter().map(day).collect())
}

/// Where a row lies. Ordered by time, then by the order read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    ts: Micros,
    batch: u32,
    row: u32,
}

/// The rows at `places`, in that order. A run of neighbours is cut out without copying.
fn gather(batches: &[RecordBatch], places: &[Place]) -> Result<RecordBatch> {
    let (first, schema) = (places[0], batches[0].schema());
    let run = places
        .iter()
        .enumerate()
        .all(|(at, place)| place.batch == first.batch && place.row == first.row + at as u32);
    if run {
        return Ok(batches[first.batch as usize].slice(first.row as usize, places.len()));
    }
    let indices: Vec<(usize, usize)> =
        places.iter().map(|place| (place.batch as usize, place.row as usize)).collect();
    let columns = (0..schema.fields().len()).map(|column| {
        let arrays: Vec<&dyn Array> =
            batches.iter().map(|batch| batch.column(column).as_ref()).collect();
        interleave(&arrays, &indices)
    });
    let columns = columns.collect::<std::result::Result<Vec<ArrayRef>, _>>()?;
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Gives all batches the same columns: those that any of them has, in the order first met.
fn conform(batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
    let mut fields: Vec<Field> = Vec::new();
    for batch in batches {
        for field in batch.schema().fields() {
            match fields.iter_mut().find(|known| known.name() == field.name()) {
                Some(known) if known.data_type() != field.data_type() => {
                    *known = Field::new(known.name(), plain(known.data_type()), true);
                }
                Some(_) => {}
                None => {
                    fields.push(Field::new(field.name(), field.data_type().clone(), true));
                }
            }
        }
    }
    let schema = Arc::new(Schema::new(fields));
    batches.iter().map(|batch| conform_to(batch, &schema)).collect()
}

/// The columns of `known`, and after them those that only `more` has.
pub(crate) fn with_columns_of(known: &SchemaRef, more: &Schema) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = known.fields().iter().cloned().collect();
    for field in more.fields() {
        if known.field_with_name(field.name()).is_err() {
            let plain = Field::new(field.name(), plain(field.data_type()), true);
            fields.push(Arc::new(plain));
        }
    }
    Arc::new(Schema::new(fields))
}

/// `batch` with the columns of `schema`: null where it has none.
pub(crate) fn conform_to(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
        Some(column) => cast(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    });
    let columns = columns.collect::<std::result::Result<Vec<ArrayRef>, _>>()?;
    let options =
        arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

fn plain(data_type: &DataType) -> DataType {
    ColumnType::from_arrow(data_type).map_or_else(|| data_type.clone(), ColumnType::arrow)
}

/// One Parquet file of a day's rows; and the rows themselves, if they are to be kept.
pub(crate) fn encode(day: &DayRows, keep: bool) -> Result<(Vec<u8>, Vec<RecordBatch>)> {
    let (mut bytes, mut kept) = (Vec::new(), Vec::new());
    let Some(first) = day.batches.first() else { return Ok((bytes, kept)) };
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, first.schema(), options())?;
    for slice in day.slices() {
        let slice = slice?;
        writer.write(&slice)?;
        if keep {
            kept.push(slice);
        }
    }
    writer.close()?;
    Ok((bytes, kept))
}

/// How our Parquet files are written.
pub(crate) fn options() -> ArrowWriterOptions {
    let plain = |name: &str| ColumnPath::from(name);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Windows are cut by time, so time alone is indexed page by page.
        .set_column_statistics_enabled(plain("ts"), EnabledStatistics::Page)
        // These rise almost steadily: a dictionary of them is the column again, and larger.
        .set_column_dictionary_enabled(plain("ts"), false)
        .set_column_encoding(plain("ts"), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(plain("offset"), false)
        .set_column_encoding(plain("offset"), Encoding::DELTA_BINARY_PACKED)
        .build();
    // Without the Arrow schema inside, a text column is read as text by everybody, whatever it was
    // in our memory.
    ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Float64Array, StringArray, TimestampMicrosecondArray};
    use arrow::util::pretty::pretty_format_batches;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        )
        .unwrap()
    }

    fn ts(values: &[i64]) -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(values.to_vec()).with_timezone("UTC"))
    }

    #[test]
    fn rows_of_two_batches_are_sorted_within_their_day() {
        let day = crate::file::MICROS_PER_DAY;
        let one = batch(vec![
            ("ts", ts(&[2, day + 1, 4])),
            ("kind", Arc::new(StringArray::from(vec!["a", "next", "c"]))),
        ]);
        let two = batch(vec![
            ("ts", ts(&[3, 1])),
            ("price", Arc::new(Float64Array::from(vec![0.5, 0.25]))),
        ]);
        let days = by_day(&[one, two]).unwrap();
        assert_eq!(days.iter().map(|day| day.date).collect::<Vec<_>>(), [0, 1]);
        assert_eq!((days[0].ts_bounds(), days[0].rows()), ((1, 4), 4));
        let rows: Vec<_> = days[0].slices().map(Result::unwrap).collect();
        let shown = pretty_format_batches(&rows).unwrap().to_string();
        let kinds: Vec<&str> = shown
            .lines()
            .skip(3)
            .filter_map(|line| line.split('|').nth(2))
            .map(str::trim)
            .collect();
        assert_eq!(kinds, ["", "a", "", "c"]);
    }

    #[test]
    fn rows_of_one_time_keep_the_order_read() {
        let one = batch(vec![
            ("ts", ts(&[5, 5])),
            ("offset", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
        ]);
        let two = batch(vec![
            ("ts", ts(&[5, 4])),
            ("offset", Arc::new(Float64Array::from(vec![3.0, 0.0]))),
        ]);
        let days = by_day(&[one, two]).unwrap();
        let order: Vec<f64> = days[0]
            .slices()
            .flat_map(|rows| {
                rows.unwrap()
                    .column(1)
                    .as_primitive::<arrow::datatypes::Float64Type>()
                    .values()
                    .to_vec()
            })
            .collect();
        assert_eq!(order, [0.0, 1.0, 2.0, 3.0]);
    }
}
