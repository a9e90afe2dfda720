//! A plain table for people: aligned columns, no rules, the header in bold on a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a table may be made narrower, the least loss first.
#[derive(Clone, Copy, Debug)]
struct Look {
    /// Which form of a column that has several.
    form: usize,
    /// Between two columns.
    gap: usize,
    /// Words are not cut shorter than this.
    words_min: usize,
}

const LOOKS: [Look; 6] = [
    Look { form: 0, gap: 2, words_min: usize::MAX },
    Look { form: 1, gap: 2, words_min: usize::MAX },
    Look { form: 1, gap: 2, words_min: 12 },
    // Only where a column would have to go that nobody wants to miss.
    Look { form: 2, gap: 2, words_min: 12 },
    Look { form: 2, gap: 1, words_min: 12 },
    Look { form: 2, gap: 1, words_min: 6 },
];

/// So many of them may be taken to keep a column that can be missed.
const MILD: usize = 3;

/// Rows of text under a header.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    right: bool,
    /// Its cells are cut where words are: a figure or a time is not what it was when it is cut.
    is_cut: bool,
    /// The same, ever shorter.
    forms: Vec<Form>,
    need: Need,
}

#[derive(Debug)]
struct Form {
    name: Cow<'static, str>,
    cells: Vec<Cell>,
}

/// How much a column would be missed; the least goes first, and of equals the rightmost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    #[default]
    None,
    /// The higher, the longer it stays.
    Some(usize),
    /// Stays while any other can go; the higher, the longer.
    All(usize),
}

/// A table as wide as a screen.
#[derive(Debug)]
pub(crate) struct Fitted<'t> {
    pub(crate) text: String,
    /// The columns for which there was no room.
    pub(crate) left_out: Vec<&'t str>,
    /// Whether columns are shown in another form than their first.
    pub(crate) is_short: bool,
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

impl Tint {
    /// `text` in its colour.
    pub(crate) fn paint(self, text: &str) -> String {
        self.code().map_or_else(|| text.to_owned(), |code| format!("\x1b[{code}m{text}\x1b[0m"))
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

impl Column {
    fn new(name: impl Into<Cow<'static, str>>, right: bool, cells: Vec<Cell>) -> Column {
        let forms = vec![Form { name: name.into(), cells }];
        Column { right, is_cut: !right, forms, need: Need::None }
    }

    fn name(&self) -> &str {
        self.forms.first().map_or("", |form| &form.name)
    }

    /// The form of that number, or the shortest that there is.
    fn form(&self, at: usize) -> &Form {
        &self.forms[at.min(self.forms.len() - 1)]
    }

    /// The width that cuts nothing.
    fn natural(&self, form: usize) -> usize {
        let form = self.form(form);
        let cells = form.cells.iter().map(|cell| cell.text.width());
        cells.chain([form.name.width()]).max().unwrap_or(0)
    }

    /// The least width it may be shown in.
    fn least(&self, look: Look) -> usize {
        let natural = self.natural(look.form);
        if self.is_cut { natural.min(look.words_min) } else { natural }
    }
}

impl Table {
    /// Columns of words, left-aligned.
    pub(crate) fn left(mut self, names: &[&'static str]) -> Table {
        self.columns.extend(names.iter().map(|name| Column::new(*name, false, Vec::new())));
        self
    }

    /// Columns of figures, right-aligned.
    pub(crate) fn right(mut self, names: &[&'static str]) -> Table {
        self.columns.extend(names.iter().map(|name| Column::new(*name, true, Vec::new())));
        self
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.columns.len());
        for (column, text) in self.columns.iter_mut().zip(cells) {
            column.forms[0].cells.push(Cell::from(text));
        }
    }

    /// A column with its cells, one a row.
    pub(crate) fn column(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        right: bool,
        cells: Vec<Cell>,
    ) {
        self.columns.push(Column::new(name, right, cells));
    }

    /// The last column's name and cells once more, shorter; it is shown whole in one of its forms.
    pub(crate) fn shorter(&mut self, name: &'static str, cells: Vec<Cell>) {
        if let Some(column) = self.columns.last_mut() {
            column.is_cut = false;
            column.forms.push(Form { name: name.into(), cells });
        }
    }

    /// The last column once more, under a shorter name.
    pub(crate) fn renamed(&mut self, name: &'static str) {
        if let Some(form) = self.columns.last().and_then(|column| column.forms.last()) {
            let cells = form.cells.clone();
            self.shorter(name, cells);
        }
    }

    /// The columns that stay while any other can go, and those that go after all others that are
    /// not named; in both the first stay longest.
    pub(crate) fn keep(&mut self, all: &[&str], some: &[&str]) {
        let place =
            |names: &[&str], name: &str| names.iter().rev().position(|known| *known == name);
        for column in &mut self.columns {
            let need = place(all, column.name()).map(Need::All);
            column.need =
                need.or_else(|| place(some, column.name()).map(Need::Some)).unwrap_or_default();
        }
    }

    /// The lines, each with its newline and without trailing blanks.
    pub(crate) fn render(&self, color: bool) -> String {
        let shown: Vec<usize> = (0..self.columns.len()).collect();
        let widths: Vec<usize> = self.columns.iter().map(|column| column.natural(0)).collect();
        self.lines(&shown, &widths, LOOKS[0], color)
    }

    /// The same in lines of `width`: shorter forms first, then words give way, then columns go.
    pub(crate) fn fitted(&self, width: usize, color: bool) -> Fitted<'_> {
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let look = loop {
            let is_needed = |at: &usize| matches!(self.columns[*at].need, Need::All(_));
            let looks = if shown.iter().all(is_needed) { &LOOKS[..] } else { &LOOKS[..MILD] };
            let fits = |look: &&Look| {
                let least = shown.iter().map(|at| self.columns[*at].least(**look));
                total(&least.collect::<Vec<_>>(), look.gap) <= width
            };
            let last = looks[looks.len() - 1];
            let goes = (0..shown.len()).rev().min_by_key(|at| self.columns[shown[*at]].need);
            match (looks.iter().find(fits), goes) {
                (Some(look), _) => break *look,
                (None, Some(goes)) if shown.len() > 1 => drop(shown.remove(goes)),
                (None, _) => break last,
            }
        };
        let least: Vec<usize> = shown.iter().map(|at| self.columns[*at].least(look)).collect();
        let natural = |at: &usize| self.columns[*at].natural(look.form);
        let mut widths: Vec<usize> = shown.iter().map(natural).collect();
        while total(&widths, look.gap) > width {
            let longest = (0..shown.len()).filter(|at| widths[*at] > least[*at]);
            let Some(longest) = longest.max_by_key(|at| widths[*at]) else { break };
            widths[longest] -= 1;
        }
        let left_out = self.columns.iter().enumerate().filter(|(at, _)| !shown.contains(at));
        Fitted {
            text: self.lines(&shown, &widths, look, color),
            left_out: left_out.map(|(_, column)| column.name()).collect(),
            is_short: look.form > 0,
        }
    }

    /// The lines of some columns, each in its width.
    fn lines(&self, shown: &[usize], widths: &[usize], look: Look, color: bool) -> String {
        let columns: Vec<(&Column, usize)> =
            shown.iter().map(|at| &self.columns[*at]).zip(widths.iter().copied()).collect();
        let names = columns.iter().map(|(column, _)| (&*column.form(look.form).name, None));
        let header = line(names, &columns, look.gap);
        let mut text = if color { format!("\x1b[1m{header}\x1b[0m\n") } else { header + "\n" };
        let rows = self.columns.first().map_or(0, |column| column.form(0).cells.len());
        for row in 0..rows {
            let cells = columns.iter().map(|(column, _)| {
                let cell = &column.form(look.form).cells[row];
                (cell.text.as_str(), cell.tint.code().filter(|_| color && !cell.text.is_empty()))
            });
            text += &line(cells, &columns, look.gap);
            text.push('\n');
        }
        text
    }
}

fn line<'t>(
    cells: impl Iterator<Item = (&'t str, Option<&'static str>)>,
    columns: &[(&Column, usize)],
    gap: usize,
) -> String {
    let mut line = String::new();
    // Blanks are written when something follows them.
    let mut blanks = 0;
    for ((text, code), (column, width)) in cells.zip(columns) {
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
        blanks += after + gap;
    }
    line.truncate(line.trim_end().len());
    line
}

fn total(widths: &[usize], gap: usize) -> usize {
    widths.iter().sum::<usize>() + gap * widths.len().saturating_sub(1)
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
        let Fitted { text, left_out, .. } = fleet.fitted(36, false);
        assert_eq!(left_out, Vec::<&str>::new());
        expect![[r#"
            bot                PnL  why
            a-bot-with-a-…  +12.50
            b                   -1  no heartbeat
        "#]]
        .assert_eq(&text);
        let Fitted { text, left_out, .. } = fleet.fitted(20, false);
        assert_eq!(left_out, ["why"]);
        expect![[r#"
            bot              PnL
            a-bot-with-…  +12.50
            b                 -1
        "#]]
        .assert_eq(&text);
    }

    /// A time is never cut, and what nobody wants to miss is the last to go.
    #[test]
    fn forms_give_way_before_columns_and_columns_before_what_is_needed() {
        let mut table = Table::default();
        let cells = |text: &str| vec![Cell::from(text.to_owned())];
        table.column("time", false, cells("2026-01-05 09:00:00.200"));
        table.shorter("time", cells("09:00:00.200"));
        table.shorter("time", cells("09:00:00"));
        table.column("market", false, cells("KXBTC-26JAN05"));
        table.column("fair", true, cells("0.45"));
        table.column("price", true, cells("0.43"));
        table.column("fee", true, cells("0.01"));
        table.keep(&["time", "market", "price"], &["fee"]);
        let shown = |width| {
            let Fitted { text, left_out, .. } = table.fitted(width, false);
            assert!(text.lines().all(|line| line.width() <= width), "{text}");
            format!("{}; no {}", text.lines().last().unwrap(), left_out.join(", "))
        };
        assert_eq!(shown(60), "2026-01-05 09:00:00.200  KXBTC-26JAN05  0.45   0.43  0.01; no ");
        assert_eq!(shown(46), "09:00:00.200  KXBTC-26JAN05  0.45   0.43  0.01; no ");
        assert_eq!(shown(45), "09:00:00.200  KXBTC-26JAN…  0.45   0.43  0.01; no ");
        assert_eq!(shown(40), "09:00:00.200  KXBTC-26JAN05   0.43  0.01; no fair");
        assert_eq!(shown(34), "09:00:00.200  KXBTC-26JAN05   0.43; no fair, fee");
        assert_eq!(shown(29), "09:00:00  KXBTC-26JAN…   0.43; no fair, fee");
        assert_eq!(shown(21), "09:00:00 KXBTC…  0.43; no fair, fee");
        assert_eq!(shown(20), "09:00:00 KXBTC-26JA…; no fair, price, fee");
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
