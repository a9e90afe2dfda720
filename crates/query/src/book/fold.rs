//! From lines to orders and fills, in columns.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch, StringViewBuilder,
    TimestampMicrosecondBuilder, new_null_array,
};
use datafusion::common::Result;
use fillwatch_model::{ColumnType, Micros};
use fillwatch_trading::order::{Fill, Folded, Order, fold, fold_unidentified};
use foldhash::quality::FixedState;
use hashbrown::HashTable;

use super::records::{Key, Place, Records, Told};
use super::retold::Retold;
use super::{Page, Span, Wanted, columns};

/// What is made of some orders' lines.
pub(super) struct Written {
    pub(super) orders: Vec<RecordBatch>,
    pub(super) fills: Vec<RecordBatch>,
}

/// Keeps the book of the orders in part `part` of `records`.
pub(super) fn keep(
    records: &[Records],
    retold: &Retold,
    part: usize,
    span: Span,
    wanted: &Wanted,
) -> Result<Written> {
    let groups = Groups::of(records, retold, part);
    let mut writer = Writer { span, wanted, pages: Pages::new(wanted) };
    let mut lines = Vec::new();
    for (first, places) in groups.iter() {
        let first = retold.home(first);
        let key = records[first.stream()].key(first);
        lines.clear();
        let mut opening = None;
        for place in places {
            match records[place.stream()].told(*place)? {
                Told::Line(line) => lines.push(line),
                Told::Opening(state) => opening = Some(*state),
            }
        }
        let folded = match key.order_id {
            Some(_) => fold(opening, &mut lines, span.to),
            None => fold_unidentified(opening, &mut lines, span.to),
        };
        writer.write(key, &folded, records)?;
    }
    writer.pages.finish()
}

/// The records of each order.
struct Groups {
    /// One of each.
    first: Vec<Place>,
    /// Where the records of each begin, and where those of the last end.
    starts: Vec<usize>,
    places: Vec<Place>,
}

impl Groups {
    fn of(records: &[Records], retold: &Retold, part: usize) -> Groups {
        let places = || {
            let own = records.iter().enumerate();
            let own = own.flat_map(|(stream, records)| records.places_in(stream, part));
            own.filter(|place| !retold.has(*place)).chain(retold.into(part).iter().copied())
        };
        let hash = |place: Place| {
            let home = retold.home(place);
            records[home.stream()].hash(home)
        };
        let key = |place: Place| {
            let home = retold.home(place);
            records[home.stream()].key(home)
        };
        let mut known: HashTable<u32> = HashTable::new();
        let mut first: Vec<Place> = Vec::new();
        let mut counts: Vec<u32> = Vec::new();
        let mut group_of = Vec::new();
        for place in places() {
            let entry = known.entry(
                hash(place),
                |group| {
                    let known = first[*group as usize];
                    hash(known) == hash(place) && key(known) == key(place)
                },
                |group| hash(first[*group as usize]),
            );
            let group = match entry {
                hashbrown::hash_table::Entry::Occupied(entry) => *entry.get(),
                hashbrown::hash_table::Entry::Vacant(entry) => {
                    let group = counts.len() as u32;
                    entry.insert(group);
                    first.push(place);
                    counts.push(0);
                    group
                }
            };
            counts[group as usize] += 1;
            group_of.push(group);
        }
        let mut starts = Vec::with_capacity(counts.len() + 1);
        let mut start = 0;
        for count in counts {
            starts.push(start);
            start += count as usize;
        }
        let mut next = starts.clone();
        starts.push(start);
        let mut grouped = vec![Place::default(); start];
        for (place, group) in places().zip(group_of) {
            let slot = &mut next[group as usize];
            grouped[*slot] = place;
            *slot += 1;
        }
        Groups { first, starts, places: grouped }
    }

    fn iter(&self) -> impl Iterator<Item = (Place, &[Place])> {
        let ranges = self.starts.windows(2).map(|pair| &self.places[pair[0]..pair[1]]);
        self.first.iter().copied().zip(ranges)
    }
}

/// The pages, as they are written.
struct Writer<'a> {
    span: Span,
    wanted: &'a Wanted,
    pages: Pages,
}

struct Pages {
    orders: Columns,
    fills: Columns,
}

impl Pages {
    fn new(wanted: &Wanted) -> Pages {
        Pages {
            orders: Columns::new(Page::Orders, wanted),
            fills: Columns::new(Page::Fills, wanted),
        }
    }

    fn finish(self) -> Result<Written> {
        Ok(Written { orders: self.orders.finish()?, fills: self.fills.finish()? })
    }
}

impl Writer<'_> {
    fn write(&mut self, key: Key<'_>, folded: &Folded<'_>, records: &[Records]) -> Result<()> {
        if self.wanted.any(Page::Orders) {
            for order in &folded.orders {
                self.order(key, order)?;
            }
            if let Some(carried) = folded.carried.as_ref().filter(|_| self.span.is_close) {
                self.order(key, carried)?;
            }
        }
        if self.wanted.any(Page::Fills) {
            let is_close = self.span.is_close;
            for fill in folded.fills.iter().filter(|fill| !(is_close && fill.pending)) {
                // The line of one that a close left to us is behind it.
                let place = match fill.row {
                    None => (None, -1),
                    Some(row) => {
                        let place = Place::of_line(row);
                        records[place.stream()].in_file(place)
                    }
                };
                self.fill(key, fill, place)?;
            }
        }
        Ok(())
    }

    /// In the order of [`columns::ORDER_COLUMNS`].
    fn order(&mut self, key: Key<'_>, order: &Order<'_>) -> Result<()> {
        let keep = order.keep(self.span.to);
        let within = order.filled_within().map(|sizes| sizes.map(Some)).unwrap_or_default();
        let row = &mut self.pages.orders.row()?;
        row.text(key.bot);
        row.text(key.run_id);
        row.text(key.order_id);
        row.text(order.strategy.as_deref());
        row.text(order.market.as_deref());
        row.text(order.side.as_deref());
        row.int(order.sign().map(|sign| sign as i64));
        row.float(order.price);
        row.float(order.size);
        row.float(order.fair);
        row.time(order.placed_at);
        row.time(order.acked_at);
        row.float(order.placement_latency_ms());
        row.time(order.first_fill_at);
        row.time(order.last_fill_at);
        row.float(order.time_to_fill_ms());
        row.int(Some(order.fill_count as i64));
        row.float(Some(order.filled_size));
        row.float(order.avg_fill_price());
        row.float(order.fee);
        let (status, closed_at) = order.as_of(self.span.as_of);
        row.text(status.map(|status| status.as_str()));
        row.time(closed_at);
        row.int(order.reject_code);
        row.text(order.reject_reason.as_deref());
        row.time(Some(order.first_at));
        row.time(Some(order.last_at));
        for size in within {
            row.float(size);
        }
        row.bool(keep);
        // Many bytes that only a close asks for.
        match (keep && row.is_wanted()).then(|| order.to_json()) {
            Some(state) => row.text(Some(&state)),
            None => row.text(None),
        }
        Ok(())
    }

    /// In the order of [`columns::FILL_COLUMNS`].
    fn fill(
        &mut self,
        key: Key<'_>,
        fill: &Fill<'_>,
        (file, offset): (Option<&str>, i64),
    ) -> Result<()> {
        let row = &mut self.pages.fills.row()?;
        row.time(Some(fill.ts));
        row.text(key.bot);
        row.text(key.run_id);
        row.text(fill.strategy.as_deref());
        row.text(fill.market.as_deref());
        row.text(key.order_id);
        row.text(fill.trade_id.as_deref());
        row.text(fill.side.as_deref());
        row.int(fill.sign.map(|sign| sign as i64));
        row.float(fill.fill_price);
        row.float(fill.fill_size);
        row.float(fill.order_price);
        row.float(fill.order_size);
        row.float(fill.fair);
        row.float(fill.expected_edge());
        row.float(fill.mid);
        row.float(fill.fee);
        row.float(fill.pnl);
        row.text(fill.liquidity.as_deref());
        row.float(fill.latency_ms);
        row.time(fill.placed_at);
        row.int(Some(fill.fill_number as i64));
        row.int(Some(tie(key, fill)));
        row.text(file);
        row.int(Some(offset));
        Ok(())
    }
}

/// Orders the fills of one instant, whichever file they came from: by their order's id where that
/// counts up, else by what they are.
fn tie(key: Key<'_>, fill: &Fill<'_>) -> i64 {
    let id = key.order_id.or(fill.trade_id.as_deref()).unwrap_or_default();
    if let Ok(number) = id.parse::<u32>() {
        return i64::from(number);
    }
    let mut hasher = FixedState::default().build_hasher();
    (key.run_id, id).hash(&mut hasher);
    if key.order_id.is_none() {
        let bits = |value: Option<f64>| value.map(f64::to_bits);
        (bits(fill.fill_price), bits(fill.fill_size), fill.market.as_deref()).hash(&mut hasher);
    }
    (hasher.finish() >> 1).cast_signed()
}

enum Builder {
    Text(StringViewBuilder),
    Float(Float64Builder),
    Int(Int64Builder),
    Bool(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
}

/// Rows of a batch. Batches have buffers of their own, for what holds one is taken to hold all of
/// its buffers.
const BATCH_ROWS: usize = 8192;

/// The columns of a page, filled row by row, each row from the first column to the last. Those
/// that nobody wants are null.
struct Columns {
    page: Page,
    rows: usize,
    columns: Vec<Option<Builder>>,
    full: Vec<RecordBatch>,
}

/// The columns of a row that are still to be filled.
struct Row<'a>(std::slice::IterMut<'a, Option<Builder>>);

impl Columns {
    fn new(page: Page, wanted: &Wanted) -> Columns {
        let builder = |of: ColumnType| match of {
            ColumnType::Text => Builder::Text(StringViewBuilder::new()),
            ColumnType::Float => Builder::Float(Float64Builder::new()),
            ColumnType::Bool => Builder::Bool(BooleanBuilder::new()),
            ColumnType::Time => {
                Builder::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            ColumnType::Int | ColumnType::Date => Builder::Int(Int64Builder::new()),
        };
        let columns = columns::of(page).iter().enumerate();
        let columns = columns.map(|(at, (_, of))| wanted.column(page, at).then(|| builder(*of)));
        Columns { page, rows: 0, columns: columns.collect(), full: Vec::new() }
    }

    fn row(&mut self) -> Result<Row<'_>> {
        if self.rows == BATCH_ROWS {
            self.flush()?;
        }
        self.rows += 1;
        Ok(Row(self.columns.iter_mut()))
    }

    fn flush(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let schema = columns::schema(self.page);
        let finished = self.columns.iter_mut().zip(schema.fields());
        let finished = finished.map(|(builder, field)| -> ArrayRef {
            match builder {
                Some(Builder::Text(builder)) => Arc::new(builder.finish()),
                Some(Builder::Float(builder)) => Arc::new(builder.finish()),
                Some(Builder::Int(builder)) => Arc::new(builder.finish()),
                Some(Builder::Bool(builder)) => Arc::new(builder.finish()),
                Some(Builder::Time(builder)) => Arc::new(builder.finish()),
                None => new_null_array(field.data_type(), rows),
            }
        });
        self.full.push(RecordBatch::try_new(Arc::clone(&schema), finished.collect())?);
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<RecordBatch>> {
        self.flush()?;
        Ok(self.full)
    }
}

impl Row<'_> {
    /// Whether somebody wants the next column.
    fn is_wanted(&self) -> bool {
        self.0.as_slice().first().is_some_and(Option::is_some)
    }

    fn text(&mut self, value: Option<&str>) {
        if let Some(Some(Builder::Text(builder))) = self.0.next() {
            builder.append_option(value);
        }
    }

    fn float(&mut self, value: Option<f64>) {
        if let Some(Some(Builder::Float(builder))) = self.0.next() {
            // The fold keeps what it is told finite; sums of it may not be.
            builder.append_option(value.filter(|value| value.is_finite()));
        }
    }

    fn int(&mut self, value: Option<i64>) {
        if let Some(Some(Builder::Int(builder))) = self.0.next() {
            builder.append_option(value);
        }
    }

    fn bool(&mut self, value: bool) {
        if let Some(Some(Builder::Bool(builder))) = self.0.next() {
            builder.append_value(value);
        }
    }

    fn time(&mut self, value: Option<Micros>) {
        if let Some(Some(Builder::Time(builder))) = self.0.next() {
            builder.append_option(value);
        }
    }
}
