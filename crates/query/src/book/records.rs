//! The lines of orders, close together.
//!
//! A line about an order fills a third of the columns it might, and names the same few bots, markets
//! and strategies as all the others. Kept as the columns came, a day of a busy bot would be more
//! than the memory a query has; here a text that comes again is a number, and a number that is not
//! there takes no room.

use std::collections::HashMap;
use std::hash::BuildHasher;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::{Result, exec_err};
use fillwatch_model::{ColumnType, Micros};
use fillwatch_trading::order::{Line, LineKind, OrderState};
use foldhash::quality::FixedState;

use crate::close::arrow_type;

/// Texts that come again and again.
const TEXTS: [&str; 9] =
    ["bot", "run_id", "event", "strategy", "market", "side", "reason", "liquidity", "file"];
const NUMBERS: [&str; 12] = [
    "price",
    "size",
    "fair",
    "mid",
    "fill_price",
    "average",
    "fill_size",
    "cumulative",
    "remaining",
    "fee",
    "pnl",
    "latency_ms",
];

/// The lines of one stream, in parts by their orders: all lines of an order are in one.
pub(super) struct Records {
    shards: Vec<Shard>,
    texts: Texts,
}

#[derive(Default)]
struct Shard {
    rows: Vec<Row>,
    /// The numbers of all rows, those of each in the order of [`NUMBERS`].
    numbers: Vec<f64>,
    /// The order's id and the trade's, or the order's state, of all rows.
    ids: String,
    codes: HashMap<u32, i64>,
    /// The lines that tell a fill by its trade's id, and not its order or its run.
    bare_fills: Vec<u32>,
    /// Whether there is one that tells its order, and whether one that tells its run as well.
    has_fills_of_orders: bool,
    has_fills_in_runs: bool,
}

/// A record: its stream, its part there, and its number in that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Place(usize);

impl Place {
    const PART_BIT: u32 = 32;
    const STREAM_BIT: u32 = 48;

    pub(super) fn new(stream: usize, part: usize, row: usize) -> Place {
        Place(stream << Self::STREAM_BIT | part << Self::PART_BIT | row)
    }

    /// As a line is known by.
    pub(super) fn of_line(row: usize) -> Place {
        Place(row)
    }

    pub(super) fn stream(self) -> usize {
        self.0 >> Self::STREAM_BIT
    }

    pub(super) fn part(self) -> usize {
        self.0 >> Self::PART_BIT & ((1 << (Self::STREAM_BIT - Self::PART_BIT)) - 1)
    }

    fn row(self) -> usize {
        self.0 & ((1 << Self::PART_BIT) - 1)
    }
}

/// What two lines that tell one fill have in common: the venue's id, on the same day (UTC), which is
/// where closes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Trade<'a> {
    bot: Option<&'a str>,
    trade_id: &'a str,
    day: i64,
}

struct Row {
    /// Of the key.
    hash: u64,
    ts: Micros,
    offset: i64,
    numbers: u32,
    /// Which of [`NUMBERS`] there are, by their bits.
    has: u16,
    kind: Option<LineKind>,
    id: u32,
    order_len: Option<u16>,
    trade_len: Option<u32>,
    texts: [Text; TEXTS.len()],
}

const DAY: Micros = 86_400_000_000;

/// A text by its number; 0 is none.
type Text = u32;

/// Whose order it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) bot: Option<&'a str>,
    pub(super) run_id: Option<&'a str>,
    pub(super) order_id: Option<&'a str>,
}

/// What a record tells.
#[expect(clippy::large_enum_variant, reason = "lines are the many, and are moved once")]
pub(super) enum Told<'a> {
    Line(Line<'a>),
    Opening(Box<OrderState>),
}

impl Key<'_> {
    /// The same for every stream: the parts of two streams meet in the fold.
    pub(super) fn hash(&self) -> u64 {
        FixedState::default().hash_one((self.bot, self.run_id, self.order_id))
    }
}

impl Records {
    pub(super) fn new(shards: usize) -> Records {
        let shards = (0..shards).map(|_| Shard::default()).collect();
        Records { shards, texts: Texts::new() }
    }

    /// Takes the lines of a batch.
    pub(super) fn add_lines(&mut self, batch: &RecordBatch) -> Result<()> {
        let lines = Lines::of(batch)?;
        let mut texts = TEXTS.map(|_| Vec::new());
        for (column, known) in lines.texts.iter().zip(&mut texts) {
            self.texts.numbers(column, known);
        }
        for row in 0..lines.ts.len() {
            let (bot, run_id) = (text(&lines.texts[0], row), text(&lines.texts[1], row));
            let order_id = text(&lines.order_id, row);
            let hash = Key { bot, run_id, order_id }.hash();
            let shard = self.shard_of(hash);
            let texts = texts.each_ref().map(|known| known[row]);
            self.shards[shard].add_line(&lines, row, hash, texts)?;
        }
        Ok(())
    }

    /// Takes the orders of a batch that are carried over the last close.
    pub(super) fn add_carried(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = ["bot", "run_id", "order_id", "state"];
        let columns = columns.map(|name| text_column(batch, name));
        let [bots, runs, orders, states] = columns;
        let (bots, runs, orders, states) = (bots?, runs?, orders?, states?);
        for row in 0..batch.num_rows() {
            let (bot, run_id) = (text(&bots, row), text(&runs, row));
            let order_id = text(&orders, row);
            let hash = Key { bot, run_id, order_id }.hash();
            let shard = self.shard_of(hash);
            let mut texts = [0; TEXTS.len()];
            for (number, text) in texts.iter_mut().zip([bot, run_id]) {
                *number = text.map_or(0, |text| self.texts.number(text));
            }
            self.shards[shard].add_carried(order_id, text(&states, row), hash, texts)?;
        }
        Ok(())
    }

    fn shard_of(&self, hash: u64) -> usize {
        (hash >> 32) as usize % self.shards.len()
    }

    /// The hashes of the keys of all records.
    pub(super) fn hashes(&self) -> impl Iterator<Item = u64> {
        self.shards.iter().flat_map(|shard| shard.rows.iter().map(|row| row.hash))
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let shards = self.shards.iter().map(|shard| {
            shard.rows.capacity() * size_of::<Row>()
                + shard.numbers.capacity() * size_of::<f64>()
                + shard.ids.capacity()
                + shard.bare_fills.capacity() * size_of::<u32>()
        });
        shards.sum::<usize>() + self.texts.bytes
    }

    /// All records, this being stream `stream`.
    pub(super) fn places(&self, stream: usize) -> impl Iterator<Item = Place> {
        (0..self.shards.len()).flat_map(move |part| self.places_in(stream, part))
    }

    /// Those of a part.
    pub(super) fn places_in(&self, stream: usize, part: usize) -> impl Iterator<Item = Place> {
        (0..self.shards[part].rows.len()).map(move |row| Place::new(stream, part, row))
    }

    /// The lines that tell a fill by its trade's id, and not its order or its run.
    pub(super) fn bare_fills(&self, stream: usize) -> impl Iterator<Item = Place> {
        self.shards.iter().enumerate().flat_map(move |(part, shard)| {
            shard.bare_fills.iter().map(move |row| Place::new(stream, part, *row as usize))
        })
    }

    /// Whether a line tells a fill by its trade's id and its order.
    pub(super) fn has_fills_of_orders(&self) -> bool {
        self.shards.iter().any(|shard| shard.has_fills_of_orders)
    }

    /// Whether one tells its run as well.
    pub(super) fn has_fills_in_runs(&self) -> bool {
        self.shards.iter().any(|shard| shard.has_fills_in_runs)
    }

    fn row(&self, place: Place) -> (&Shard, &Row) {
        let shard = &self.shards[place.part()];
        (shard, &shard.rows[place.row()])
    }

    pub(super) fn hash(&self, place: Place) -> u64 {
        self.row(place).1.hash
    }

    pub(super) fn ts(&self, place: Place) -> Micros {
        self.row(place).1.ts
    }

    /// The trade that a line tells, if it tells a fill and has its id.
    pub(super) fn trade(&self, place: Place) -> Option<Trade<'_>> {
        let (part, row) = self.row(place);
        let trade_id = part.rest(row).filter(|id| !id.is_empty())?;
        let day = row.ts.div_euclid(DAY);
        let is_fill = row.kind == Some(LineKind::Fill);
        is_fill.then(|| Trade { bot: self.texts.get(row.texts[0]), trade_id, day })
    }

    /// As the line has them.
    pub(super) fn market_and_side(&self, place: Place) -> (Option<&str>, Option<&str>) {
        let texts = self.row(place).1.texts;
        (self.texts.get(texts[4]), self.texts.get(texts[5]))
    }

    pub(super) fn key(&self, place: Place) -> Key<'_> {
        let (part, row) = self.row(place);
        Key {
            bot: self.texts.get(row.texts[0]),
            run_id: self.texts.get(row.texts[1]),
            order_id: part.order_id(row),
        }
    }

    /// The file and the offset of a line.
    pub(super) fn in_file(&self, place: Place) -> (Option<&str>, i64) {
        let (_, row) = self.row(place);
        (self.texts.get(row.texts[8]), row.offset)
    }

    /// What the record at `place` tells, which a line is known by.
    pub(super) fn told(&self, place: Place) -> Result<Told<'_>> {
        let (part, row) = self.row(place);
        let number = place.row() as u32;
        let rest = part.rest(row);
        let Some(kind) = row.kind else {
            let order_id = part.order_id(row).unwrap_or_default();
            return match OrderState::from_json(rest.unwrap_or_default()) {
                Ok(state) => Ok(Told::Opening(Box::new(state))),
                Err(error) => exec_err!("order `{order_id}` in the last close: {error}"),
            };
        };
        let mut next = row.numbers as usize;
        let values = std::array::from_fn::<_, { NUMBERS.len() }, _>(|bit| {
            (row.has & (1 << bit) != 0).then(|| {
                next += 1;
                part.numbers[next - 1]
            })
        });
        let [price, size, fair, mid, fill_price, average, fill_size, ..] = values;
        let [.., cumulative, remaining, fee, pnl, latency_ms] = values;
        let [_, _, event, strategy, market, side, message, liquidity, _] =
            row.texts.map(|text| self.texts.get(text));
        Ok(Told::Line(Line {
            ts: row.ts,
            kind,
            event,
            strategy,
            market,
            side,
            price,
            size,
            fair,
            mid,
            fill_price,
            average,
            fill_size,
            cumulative,
            remaining,
            fee,
            pnl,
            latency_ms,
            status_code: part.codes.get(&number).copied(),
            trade_id: rest,
            message,
            liquidity,
            row: place.0,
        }))
    }
}

impl Shard {
    fn add_line(
        &mut self,
        lines: &Lines,
        row: usize,
        hash: u64,
        texts: [Text; TEXTS.len()],
    ) -> Result<()> {
        let (number, id, numbers) = self.next()?;
        let (order_id, trade_id) = (text(&lines.order_id, row), text(&lines.trade_id, row));
        let (order_len, trade_len) = self.add_ids(order_id, trade_id);
        let kind = LineKind::from_name(lines.kind.value(row));
        if kind == Some(LineKind::Fill) && trade_id.is_some() {
            let (has_order, has_run) = (order_id.is_some(), texts[1] != 0);
            self.has_fills_of_orders |= has_order;
            self.has_fills_in_runs |= has_order && has_run;
            if !(has_order && has_run) {
                self.bare_fills.push(number);
            }
        }
        let mut has = 0;
        for (bit, column) in lines.numbers.iter().enumerate() {
            if column.is_valid(row) {
                has |= 1 << bit;
                self.numbers.push(column.value(row));
            }
        }
        if lines.status_code.is_valid(row) {
            self.codes.insert(number, lines.status_code.value(row));
        }
        self.rows.push(Row {
            hash,
            ts: lines.ts.value(row),
            offset: if lines.offset.is_valid(row) { lines.offset.value(row) } else { -1 },
            numbers,
            has,
            kind,
            id,
            order_len,
            trade_len,
            texts,
        });
        Ok(())
    }

    fn add_carried(
        &mut self,
        order_id: Option<&str>,
        state: Option<&str>,
        hash: u64,
        texts: [Text; TEXTS.len()],
    ) -> Result<()> {
        let (_, id, numbers) = self.next()?;
        let (order_len, trade_len) = self.add_ids(order_id, state);
        let (ts, offset, has, kind) = (Micros::MIN, -1, 0, None);
        self.rows.push(Row {
            hash,
            ts,
            offset,
            numbers,
            has,
            kind,
            id,
            order_len,
            trade_len,
            texts,
        });
        Ok(())
    }

    /// The number of the next record, and where its ids and its numbers begin.
    fn next(&self) -> Result<(u32, u32, u32)> {
        let at = |len: usize| u32::try_from(len);
        match (at(self.rows.len()), at(self.ids.len()), at(self.numbers.len())) {
            (Ok(number), Ok(id), Ok(numbers)) => Ok((number, id, numbers)),
            _ => exec_err!("more lines about orders than fit in memory: ask for less time"),
        }
    }

    /// Keeps an order's id and what comes with it, and says how long they are.
    fn add_ids(
        &mut self,
        order_id: Option<&str>,
        rest: Option<&str>,
    ) -> (Option<u16>, Option<u32>) {
        // Venues' ids have some dozens of characters; what is no id is cut.
        let order_id = order_id.map(|id| &id[..id.floor_char_boundary(usize::from(u16::MAX))]);
        self.ids.extend([order_id, rest].into_iter().flatten());
        (order_id.map(|id| id.len() as u16), rest.map(|rest| rest.len() as u32))
    }

    fn order_id(&self, row: &Row) -> Option<&str> {
        let start = row.id as usize;
        row.order_len.map(|len| &self.ids[start..start + usize::from(len)])
    }

    /// The trade's id of a line, or an order's state.
    fn rest(&self, row: &Row) -> Option<&str> {
        let start = row.id as usize + usize::from(row.order_len.unwrap_or_default());
        row.trade_len.map(|len| &self.ids[start..start + len as usize])
    }
}

/// A batch, its columns found.
struct Lines {
    kind: StringViewArray,
    ts: TimestampMicrosecondArray,
    order_id: StringViewArray,
    trade_id: StringViewArray,
    texts: [StringViewArray; TEXTS.len()],
    numbers: [Float64Array; NUMBERS.len()],
    status_code: Int64Array,
    offset: Int64Array,
}

impl Lines {
    fn of(batch: &RecordBatch) -> Result<Lines> {
        let text = |name: &str| text_column(batch, name);
        let int = |name: &str| -> Result<Int64Array> {
            Ok(column(batch, name, ColumnType::Int)?.as_primitive::<Int64Type>().clone())
        };
        let mut texts = Vec::with_capacity(TEXTS.len());
        for name in TEXTS {
            texts.push(text(name)?);
        }
        let mut numbers = Vec::with_capacity(NUMBERS.len());
        for name in NUMBERS {
            let column = column(batch, name, ColumnType::Float)?;
            numbers.push(column.as_primitive::<Float64Type>().clone());
        }
        let ts = column(batch, "ts", ColumnType::Time)?;
        let (Ok(texts), Ok(numbers)) = (texts.try_into(), numbers.try_into()) else {
            return exec_err!("the lines of the book have other columns");
        };
        Ok(Lines {
            kind: text("kind")?,
            ts: ts.as_primitive::<TimestampMicrosecondType>().clone(),
            order_id: text("order_id")?,
            trade_id: text("trade_id")?,
            texts,
            numbers,
            status_code: int("status_code")?,
            offset: int("offset")?,
        })
    }
}

fn column(batch: &RecordBatch, name: &str, of: ColumnType) -> Result<ArrayRef> {
    match batch.column_by_name(name) {
        Some(column) => Ok(cast(column, &arrow_type(of))?),
        None => exec_err!("the lines of the book have no `{name}`"),
    }
}

fn text_column(batch: &RecordBatch, name: &str) -> Result<StringViewArray> {
    Ok(column(batch, name, ColumnType::Text)?.as_string_view().clone())
}

pub(super) fn text(column: &StringViewArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// Texts and their numbers.
struct Texts {
    numbers: HashMap<Box<str>, Text, foldhash::fast::RandomState>,
    by_number: Vec<Box<str>>,
    bytes: usize,
}

impl Texts {
    fn new() -> Texts {
        // 0 is none.
        Texts { numbers: HashMap::default(), by_number: vec![Box::from("")], bytes: 0 }
    }

    fn get(&self, number: Text) -> Option<&str> {
        (number > 0).then(|| &*self.by_number[number as usize])
    }

    /// The numbers of a column's texts. The column of a batch has few different views, and two equal
    /// ones are the same text, so most are found without looking at it.
    fn numbers(&mut self, column: &StringViewArray, found: &mut Vec<Text>) {
        const SEEN: usize = 256;
        let mut seen: [(u128, Text); SEEN] = [(0, 0); SEEN];
        let slot_of = |view: u128| {
            let folded = (view ^ (view >> 64)) as u64;
            (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
        };
        found.reserve(column.len());
        for (row, view) in column.views().iter().enumerate() {
            if column.is_null(row) {
                found.push(0);
                continue;
            }
            let slot = &mut seen[slot_of(*view) % SEEN];
            if slot.1 == 0 || slot.0 != *view {
                *slot = (*view, self.number(column.value(row)));
            }
            found.push(slot.1);
        }
    }

    fn number(&mut self, text: &str) -> Text {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.by_number.len() as Text;
        self.by_number.push(text.into());
        self.numbers.insert(text.into(), number);
        self.bytes += 2 * (text.len() + size_of::<Box<str>>()) + size_of::<Text>();
        number
    }
}
