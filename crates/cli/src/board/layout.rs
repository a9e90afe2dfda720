//! A table of figures, column by column. A column that is empty is named below and not shown.

use chrono::DateTime;
use fillwatch_model::Micros;

use super::figure::{UNKNOWN, aligned};
use crate::table::{Cell, Table, Tint};
use crate::terminal::Terminal;

/// A table that is being filled.
#[derive(Debug, Default)]
pub(crate) struct Board {
    table: Table,
    unknown: Vec<&'static str>,
}

impl Board {
    pub(crate) fn words(&mut self, name: &'static str, words: Vec<Option<String>>) {
        self.cells(name, false, words.into_iter().map(|word| word.map(Cell::from)).collect());
    }

    /// Words that only some rows have anything to say in; the column is not missed.
    pub(crate) fn words_if_any(&mut self, name: &'static str, words: Vec<Option<String>>) {
        if words.iter().any(Option::is_some) {
            self.words(
                name,
                words.into_iter().map(|word| Some(word.unwrap_or_default())).collect(),
            );
        }
    }

    /// To the second and its thousandths, in UTC.
    pub(crate) fn times(&mut self, name: &'static str, times: &[Option<Micros>]) {
        let show = |at: Micros| {
            let at = DateTime::from_timestamp_micros(at)?;
            Some(at.format("%Y-%m-%d %H:%M:%S%.3f").to_string())
        };
        self.words(name, times.iter().map(|time| time.and_then(show)).collect());
    }

    pub(crate) fn figures<T: Copy>(
        &mut self,
        name: &'static str,
        figures: &[Option<T>],
        show: impl Fn(T) -> String,
    ) {
        self.judged(name, figures, |figure| Cell::from(show(figure)));
    }

    /// Figures of which some are good news and others bad.
    pub(crate) fn judged<T: Copy>(
        &mut self,
        name: &'static str,
        figures: &[Option<T>],
        show: impl Fn(T) -> Cell,
    ) {
        let cells: Vec<Option<Cell>> = figures.iter().map(|figure| figure.map(&show)).collect();
        if cells.iter().all(Option::is_none) {
            return self.cells(name, true, cells);
        }
        let text = |cell: &Option<Cell>| {
            cell.as_ref().map_or_else(|| UNKNOWN.to_owned(), |cell| cell.text.clone())
        };
        let texts = aligned(cells.iter().map(text).collect());
        let tint = |cell: &Option<Cell>| cell.as_ref().map_or(Tint::None, |cell| cell.tint);
        let cells =
            texts.into_iter().zip(&cells).map(|(text, cell)| Cell { text, tint: tint(cell) });
        self.table.column(name, true, cells.collect());
    }

    /// Cells as they are. None of a column at all, and it is not shown.
    pub(crate) fn cells(&mut self, name: &'static str, right: bool, cells: Vec<Option<Cell>>) {
        if cells.iter().all(Option::is_none) {
            self.unknown.push(name);
            return;
        }
        let unknown = || Cell::from(UNKNOWN.to_owned());
        let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(unknown));
        self.table.column(name, right, cells.collect());
    }

    /// The table, what it is about, and what is not shown and why.
    pub(crate) fn finish(&self, about: &str, terminal: Terminal) -> String {
        let width = terminal.size().map(|(columns, _)| usize::from(columns));
        let (mut text, left_out) = match width {
            Some(width) => self.table.fitted(width, terminal.color),
            None => (self.table.render(terminal.color), Vec::new()),
        };
        text += about;
        text.push('\n');
        if !left_out.is_empty() {
            text += &format!("no room for {}\n", left_out.join(", "));
        }
        if !self.unknown.is_empty() {
            text += &format!("not known of any: {}\n", self.unknown.join(", "));
        }
        text
    }
}

/// What is better the higher it is.
pub(crate) fn tint_of(figure: f64) -> Tint {
    if figure > 0.0 {
        Tint::Good
    } else if figure < 0.0 {
        Tint::Bad
    } else {
        Tint::None
    }
}
