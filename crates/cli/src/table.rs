//! A plain table for people: aligned columns, no rules, the header in bold on a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Between two columns.
const GAP: usize = 2;
/// Words are not cut shorter than this to fit; rather a column is left out.
const WORDS_MIN: usize = 12;

/// Rows of text under a header.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
struct Column {
    name: Cow<'static, str>,
    right: bool,
}

/// A text, and whether it is good news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tint: Tint,
}

/// What a colour would say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tint {
    #[default]
    None,
    Good,
    Warning,
    Bad,
}

impl Tint {
    fn code(self) -> Option<&'static str> {
        match self {
            Tint::None => None,
            Tint::Good => Some("32"),
            Tint::Warning => Some("33"),
            Tint::Bad => Some("31"),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell { text, tint: Tint::None }
    }
}

impl Cell {
    pub(crate) fn tinted(text: impl Into<String>, tint: Tint) -> Cell {
        Cell { text: text.into(), tint }
    }
}

impl Table {
    /// Columns of words, left-aligned.
    pub(crate) fn left(mut self, names: &[&'static str]) -> Table {
        let column = |name: &&'static str| Column { name: (*name).into(), right: false };
        self.columns.extend(names.iter().map(column));
        self
    }

    /// Columns of figures, right-aligned.
    pub(crate) fn right(mut self, names: &[&'static str]) -> Table {
        let column = |name: &&'static str| Column { name: (*name).into(), right: true };
        self.columns.extend(names.iter().map(column));
        self
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.rows.push(cells.into_iter().map(Cell::from).collect());
    }

    /// A column with its cells, one a row.
    pub(crate) fn column(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        right: bool,
        cells: Vec<Cell>,
    ) {
        self.columns.push(Column { name: name.into(), right });
        self.rows.resize_with(cells.len(), Vec::new);
        for (row, cell) in self.rows.iter_mut().zip(cells) {
            row.push(cell);
        }
    }

    /// The lines, each with its newline and without trailing blanks.
    pub(crate) fn render(&self, color: bool) -> String {
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| self.natural(at)).collect();
        self.lines(&widths, color)
    }

    /// The same in lines of `width`, and the columns for which there was no room. Words give way
    /// first, the longest first, then columns, from the right.
    pub(crate) fn fitted(&self, width: usize, color: bool) -> (String, Vec<&str>) {
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|at| self.natural(at)).collect();
        let least: Vec<usize> = (0..self.columns.len()).map(|at| self.least(at)).collect();
        let mut shown = self.columns.len();
        while shown > 1 && total(&least[..shown]) > width {
            shown -= 1;
        }
        widths.truncate(shown);
        while total(&widths) > width {
            let longest = (0..shown).filter(|at| widths[*at] > least[*at]);
            let Some(longest) = longest.max_by_key(|at| widths[*at]) else { break };
            widths[longest] -= 1;
        }
        let left_out = self.columns[shown..].iter().map(|column| &*column.name).collect();
        (self.lines(&widths, color), left_out)
    }

    /// The lines of as many columns as there are widths.
    fn lines(&self, widths: &[usize], color: bool) -> String {
        let header = self.columns.iter().map(|column| (&*column.name, None));
        let header = self.line(header, widths);
        let mut text = if color { format!("\x1b[1m{header}\x1b[0m\n") } else { header + "\n" };
        for row in &self.rows {
            let cells = row.iter().map(|cell| {
                (cell.text.as_str(), cell.tint.code().filter(|_| color && !cell.text.is_empty()))
            });
            text += &self.line(cells, widths);
            text.push('\n');
        }
        text
    }

    /// The width that cuts nothing.
    fn natural(&self, at: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[at].text.width());
        cells.chain([self.columns[at].name.width()]).max().unwrap_or(0)
    }

    /// The least width it may be shown in: a figure is never cut.
    fn least(&self, at: usize) -> usize {
        let natural = self.natural(at);
        if self.columns[at].right { natural } else { natural.min(WORDS_MIN) }
    }

    fn line<'t>(
        &self,
        cells: impl Iterator<Item = (&'t str, Option<&'static str>)>,
        widths: &[usize],
    ) -> String {
        let mut line = String::new();
        // Blanks are written when something follows them.
        let mut blanks = 0;
        for (((text, code), width), column) in cells.zip(widths).zip(&self.columns) {
            let text = cut(text, *width);
            let padding = width.saturating_sub(text.width());
            let (before, after) = if column.right { (padding, 0) } else { (0, padding) };
            blanks += before;
            if !text.is_empty() {
                line.push_str(&" ".repeat(blanks));
                blanks = 0;
                match code {
                    Some(code) => line.extend(["\x1b[", code, "m", &text, "\x1b[0m"]),
                    None => line.push_str(&text),
                }
            }
            blanks += after + GAP;
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return text.into();
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
    short.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn words_stand_left_and_figures_right() {
        let mut table = Table::default().left(&["file"]).right(&["rows", "bytes"]);
        table.row(["mm1.jsonl".into(), "1,204".into(), "180 kB".into()]);
        table.row(["a.jsonl".into(), "7".into(), "1.02 MB".into()]);
        expect![[r#"
            file        rows    bytes
            mm1.jsonl  1,204   180 kB
            a.jsonl        7  1.02 MB
        "#]]
        .assert_eq(&table.render(false));
    }

    fn fleet() -> Table {
        let mut table = Table::default();
        let words = |words: [&str; 2]| words.map(|word| Cell::from(word.to_owned())).to_vec();
        table.column("bot", false, words(["a-bot-with-a-long-name", "b"]));
        table.column(
            "PnL",
            true,
            vec![Cell::tinted("+12.50", Tint::Good), Cell::tinted("-1", Tint::Bad)],
        );
        table.column("why", false, words(["", "no heartbeat"]));
        table
    }

    #[test]
    fn what_does_not_fit_is_cut_or_left_out() {
        let fleet = fleet();
        let (text, left_out) = fleet.fitted(36, false);
        assert_eq!(left_out, Vec::<&str>::new());
        expect![[r#"
            bot                PnL  why
            a-bot-with-a-…  +12.50
            b                   -1  no heartbeat
        "#]]
        .assert_eq(&text);
        let (text, left_out) = fleet.fitted(20, false);
        assert_eq!(left_out, ["why"]);
        expect![[r#"
            bot              PnL
            a-bot-with-…  +12.50
            b                 -1
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn colours_take_no_room() {
        let text = fleet().render(true);
        assert!(
            text.contains("b                           \x1b[31m-1\x1b[0m  no heartbeat\n"),
            "{text:?}"
        );
    }
}
