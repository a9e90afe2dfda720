//! Aligned columns, for people.
//!
//! What is shown is right: a number or a time is never cut, only text is, and whatever is left out
//! (rows, columns) is said below.

use std::io::Write;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::cell::{Cells, FOR_PEOPLE, Kind, harmless};
use super::plain::plain;
use super::{Layout, OutputError, Wants, Writer};
use crate::limits::TABLE_ROWS_COUNTED;

/// Between two columns.
const GAP: usize = 2;

/// Text is not cut shorter than this; rather a column is left out.
const TEXT_MIN: usize = 12;

/// Stands for null, so that it differs from empty text.
const NULL: &str = "·";

pub(super) struct Table<'a> {
    columns: Vec<Column>,
    rows: usize,
    more: u64,
    layout: Layout,
    out: &'a mut (dyn Write + Send),
}

struct Column {
    name: String,
    kind: Kind,
    cells: Vec<Option<String>>,
}

impl Column {
    fn is_empty(&self) -> bool {
        self.cells.iter().all(Option::is_none)
    }

    /// The width that cuts nothing.
    fn natural(&self) -> usize {
        let cells = self.cells.iter().map(|cell| cell.as_deref().unwrap_or(NULL).width());
        cells.chain([self.name.width()]).max().unwrap_or(0)
    }

    /// The least width it may be shown in.
    fn least(&self) -> usize {
        match self.kind {
            Kind::Text => self.natural().min(TEXT_MIN),
            Kind::Number | Kind::Fixed => self.natural(),
        }
    }
}

impl<'a> Table<'a> {
    pub(super) fn new(
        schema: &Schema,
        layout: &Layout,
        out: &'a mut (dyn Write + Send),
    ) -> Table<'a> {
        let columns = schema.fields().iter().map(|field| Column {
            name: harmless(field.name()),
            kind: Kind::of(field.data_type()),
            cells: Vec::new(),
        });
        Table { columns: columns.collect(), rows: 0, more: 0, layout: layout.clone(), out }
    }

    fn write(&mut self) -> std::io::Result<()> {
        let (empty, filled): (Vec<&Column>, Vec<&Column>) =
            self.columns.iter().partition(|column| self.rows > 0 && column.is_empty());
        let mut notes = Vec::new();
        if self.layout.expanded {
            expanded(&filled, self.rows, self.out)?;
        } else {
            let (shown, widths) = fit(&filled, self.layout.width);
            let left_out: Vec<&str> =
                filled[shown..].iter().map(|column| column.name.as_str()).collect();
            grid(&filled[..shown], &widths, self.rows, self.out)?;
            if !left_out.is_empty() {
                notes.push(note(&left_out, "does not fit", "do not fit"));
            }
        }
        if !empty.is_empty() {
            let names: Vec<&str> = empty.iter().map(|column| column.name.as_str()).collect();
            notes.push(note(&names, "holds no value here", "hold no value here"));
        }
        writeln!(self.out, "{}", self.count())?;
        for note in notes {
            writeln!(self.out, "{note}")?;
        }
        self.out.flush()
    }

    fn count(&self) -> String {
        let rows = if self.rows == 1 {
            "1 row".to_owned()
        } else {
            format!("{} rows", grouped(self.rows as u64))
        };
        match self.more {
            0 => format!("({rows})"),
            more if more >= TABLE_ROWS_COUNTED => {
                format!("({rows} shown, more than {} more)", grouped(TABLE_ROWS_COUNTED))
            }
            more => format!("({rows} shown, {} more)", grouped(more)),
        }
    }
}

impl Writer for Table<'_> {
    fn batch(&mut self, batch: &RecordBatch) -> Result<Wants, OutputError> {
        let shown = batch.num_rows().min(self.layout.rows_max - self.rows);
        self.more += (batch.num_rows() - shown) as u64;
        if shown > 0 {
            let batch = plain(&batch.slice(0, shown))?;
            for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
                let cells = Cells::new(array, &FOR_PEOPLE)?;
                for row in 0..shown {
                    column.cells.push(cells.get(row)?.map(|text| harmless(&text)));
                }
            }
            self.rows += shown;
        }
        Ok(if self.more >= TABLE_ROWS_COUNTED { Wants::NoMore } else { Wants::More })
    }

    fn finish(mut self: Box<Self>) -> Result<(), OutputError> {
        Ok(self.write()?)
    }
}

/// How many of `columns` fit, from the left, and how wide each is. Text gives way first, the widest
/// first; then columns do, from the right.
fn fit(columns: &[&Column], width: Option<usize>) -> (usize, Vec<usize>) {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.natural()).collect();
    let Some(room) = width else { return (columns.len(), widths) };
    let least: Vec<usize> = columns.iter().map(|column| column.least()).collect();
    let mut shown = columns.len();
    while shown > 1 && total(&least[..shown]) > room {
        shown -= 1;
    }
    widths.truncate(shown);
    while total(&widths) > room {
        let widest = (0..shown).filter(|at| widths[*at] > least[*at]).max_by_key(|at| widths[*at]);
        let Some(widest) = widest else { break };
        widths[widest] -= 1;
    }
    (shown, widths)
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

fn grid(
    columns: &[&Column],
    widths: &[usize],
    rows: usize,
    out: &mut (dyn Write + Send),
) -> std::io::Result<()> {
    let names = columns.iter().map(|column| column.name.as_str());
    line(columns, widths, names, out)?;
    let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    line(columns, widths, rules.iter().map(String::as_str), out)?;
    for row in 0..rows {
        let cells = columns.iter().map(|column| column.cells[row].as_deref().unwrap_or(NULL));
        line(columns, widths, cells, out)?;
    }
    Ok(())
}

fn line<'t>(
    columns: &[&Column],
    widths: &[usize],
    cells: impl Iterator<Item = &'t str>,
    out: &mut (dyn Write + Send),
) -> std::io::Result<()> {
    let mut text = String::new();
    for ((column, width), cell) in columns.iter().zip(widths).zip(cells) {
        if !text.is_empty() {
            text.push_str(&" ".repeat(GAP));
        }
        let cell = cut(cell, *width);
        let padding = " ".repeat(width.saturating_sub(cell.width()));
        match column.kind {
            Kind::Number => text.extend([padding.as_str(), &cell]),
            Kind::Fixed | Kind::Text => text.extend([cell.as_str(), &padding]),
        }
    }
    writeln!(out, "{}", text.trim_end())
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used >= width {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

/// One line per value; what is null in a row is left out of it.
fn expanded(columns: &[&Column], rows: usize, out: &mut (dyn Write + Send)) -> std::io::Result<()> {
    let width = columns.iter().map(|column| column.name.width()).max().unwrap_or(0);
    for row in 0..rows {
        writeln!(out, "─ {} {}", row + 1, "─".repeat(width))?;
        for column in columns {
            if let Some(value) = &column.cells[row] {
                let padding = " ".repeat(width - column.name.width() + GAP);
                writeln!(out, "{}", format!("{}{padding}{value}", column.name).trim_end())?;
            }
        }
    }
    Ok(())
}

fn note(names: &[&str], one: &str, many: &str) -> String {
    let why = match names.len() {
        1 => format!("1 column {one} and is"),
        count => format!("{count} columns {many} and are"),
    };
    format!("{why} not shown: {}", names.join(", "))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
