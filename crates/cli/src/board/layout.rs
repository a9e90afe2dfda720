//! A table of figures, column by column. A column that is empty is named below and not shown.

use chrono::{DateTime, Datelike, Utc};
use fillwatch_model::Micros;

use super::figure::{UNKNOWN, aligned};
use crate::table::{Cell, Fitted, Table, Tint};
use crate::terminal::Terminal;
use crate::text::wrapped;

/// A table that is being filled.
#[derive(Debug, Default)]
pub(crate) struct Board {
    table: Table,
    unknown: Vec<&'static str>,
    /// The day of all times, told where they are shown without it.
    day: Option<String>,
}

/// Lines of a note after its first begin here.
const NOTE_INDENT: usize = 2;

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

    /// To the second and its thousandths, in UTC. Where that is too long the day goes before the
    /// clock time does: said once if all are of one day, without its year if all are of one year.
    pub(crate) fn times(&mut self, name: &'static str, times: &[Option<Micros>]) {
        let time = |at: &Option<Micros>| at.and_then(DateTime::from_timestamp_micros);
        let times: Vec<Option<DateTime<Utc>>> = times.iter().map(time).collect();
        let known = || times.iter().flatten();
        let Some(first) = known().next() else { return self.unknown.push(name) };
        let forms = if known().all(|at| at.date_naive() == first.date_naive()) {
            self.day = Some(first.format("%Y-%m-%d").to_string());
            ["%H:%M:%S%.3f", "%H:%M:%S"]
        } else if known().all(|at| at.year() == first.year()) {
            ["%m-%d %H:%M:%S%.3f", "%m-%d %H:%M:%S"]
        } else {
            ["%Y-%m-%d %H:%M:%S"; 2]
        };
        let shown = |form: &str| -> Vec<Cell> {
            let text = |at: &DateTime<Utc>| at.format(form).to_string();
            let cell = |at: &Option<_>| Cell::from(at.as_ref().map_or(UNKNOWN.to_owned(), text));
            times.iter().map(cell).collect()
        };
        self.table.column(name, false, shown("%Y-%m-%d %H:%M:%S%.3f"));
        for form in forms {
            self.table.shorter(name, shown(form));
        }
    }

    /// The last column once more, in fewer words, for the narrowest of screens.
    pub(crate) fn in_short(&mut self, name: &'static str, words: Vec<Option<String>>) {
        if words.iter().any(Option::is_some) {
            let cell = |word: Option<String>| Cell::from(word.unwrap_or(UNKNOWN.to_owned()));
            self.table.shorter(name, words.into_iter().map(cell).collect());
        }
    }

    /// The last column once more under a shorter name, for the narrowest of screens. `name` is the
    /// one that it has.
    pub(crate) fn called_in_short(&mut self, name: &'static str, short: &'static str) {
        if !self.unknown.contains(&name) {
            self.table.renamed(name);
            self.table.renamed(short);
        }
    }

    /// The columns that stay while any other can go, and those that go after all that are not
    /// named; in both the first stay longest.
    pub(crate) fn keep(&mut self, all: &[&str], some: &[&str]) {
        self.table.keep(all, some);
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
        self.within(about, width(terminal), terminal.color)
    }

    /// The same on a screen of `width`, if there is one.
    pub(crate) fn within(&self, about: &str, width: Option<usize>, color: bool) -> String {
        let fitted = width.map_or_else(
            || Fitted { text: self.table.render(color), left_out: Vec::new(), is_short: false },
            |width| self.table.fitted(width, color),
        );
        let mut text = fitted.text;
        let day = self.day.as_ref().filter(|_| fitted.is_short);
        let day = day.map_or(String::new(), |day| format!("; all on {day}"));
        text += &note(&format!("{about}{day}"), width);
        if !fitted.left_out.is_empty() {
            text += &note(&format!("no room for {}", fitted.left_out.join(", ")), width);
        }
        if !self.unknown.is_empty() {
            text += &note(&format!("not known of any: {}", self.unknown.join(", ")), width);
        }
        text
    }
}

/// The columns of the screen, if there is one.
pub(super) fn width(terminal: Terminal) -> Option<usize> {
    terminal.size().map(|(columns, _)| usize::from(columns))
}

/// A line of words, in as many lines as the screen needs for it.
pub(super) fn note(text: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if text.chars().count() > width => wrapped(text, NOTE_INDENT, width) + "\n",
        _ => format!("{text}\n"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board;
    use expect_test::expect;

    /// Five past nine of the fifth, and as many days later.
    fn fills(days: [i64; 2]) -> Board {
        const DAY: Micros = 86_400_000_000;
        let mut board = Board::default();
        let word = |word: &str| vec![Some(word.to_owned()); 2];
        board.times("time", &days.map(|day| Some(1_767_603_900_250_000 + day * DAY)));
        board.words("bot", word("mm1"));
        board.words("market", word("KXHIGHNY-26JAN06"));
        board.words("side", word("yes"));
        board.figures("size", &[Some(4.0); 2], board::plain);
        board.figures("price", &[Some(0.38), Some(0.4)], board::plain);
        board.judged("slippage", &[Some(0.01), Some(-0.02)], |slippage| {
            Cell::from(board::difference(slippage))
        });
        board.figures("fee", &[None::<f64>; 2], board::plain);
        board.keep(&["time", "market", "side", "price", "size", "slippage"], &[]);
        board
    }

    #[test]
    fn on_a_narrow_screen_the_clock_time_stays_and_the_day_is_said_once() {
        let about = "the last 2 fills in the last 1 d; `--limit 20` shows more";
        expect![[r#"
            time          bot  market        side  size  price  slippage
            09:05:00.250  mm1  KXHIGHNY-26…  yes      4   0.38   +0.0100
            09:05:00.250  mm1  KXHIGHNY-26…  yes      4   0.4    -0.0200
            the last 2 fills in the last 1 d; `--limit 20` shows more;
              all on 2026-01-05
            not known of any: fee
        "#]]
        .assert_eq(&fills([0, 0]).within(about, Some(60), false));
        expect![[r#"
            time     market side size price slippage
            09:05:00 KXHIG… yes     4  0.38  +0.0100
            09:05:00 KXHIG… yes     4  0.4   -0.0200
            the last 2 fills in the last 1 d;
              `--limit 20` shows more; all on
              2026-01-05
            no room for bot
            not known of any: fee
        "#]]
        .assert_eq(&fills([0, 0]).within(about, Some(40), false));
        expect![[r#"
            time            market           side  size  price  slippage
            01-05 09:05:00  KXHIGHNY-26JAN…  yes      4   0.38   +0.0100
            01-06 09:05:00  KXHIGHNY-26JAN…  yes      4   0.4    -0.0200
            the last 2 fills in the last 1 d; `--limit 20` shows more
            no room for bot
            not known of any: fee
        "#]]
        .assert_eq(&fills([0, 1]).within(about, Some(60), false));
    }
}
