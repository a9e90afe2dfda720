//! A plain table for people: aligned columns, no rules, the header in bold on a terminal.

use std::fmt::Write as _;

/// Rows of text under a header.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Column {
    name: &'static str,
    right: bool,
}

impl Table {
    /// Columns of words, left-aligned.
    pub(crate) fn left(mut self, names: &[&'static str]) -> Table {
        self.columns.extend(names.iter().map(|name| Column { name, right: false }));
        self
    }

    /// Columns of figures, right-aligned.
    pub(crate) fn right(mut self, names: &[&'static str]) -> Table {
        self.columns.extend(names.iter().map(|name| Column { name, right: true }));
        self
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.rows.push(cells.into());
    }

    /// The lines, each with its newline and without trailing blanks.
    pub(crate) fn render(&self, bold: bool) -> String {
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width(at)).collect();
        let header: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        let mut text = String::new();
        let header = self.line(&header, &widths);
        let _ = if bold {
            writeln!(text, "\x1b[1m{header}\x1b[0m")
        } else {
            writeln!(text, "{header}")
        };
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            let _ = writeln!(text, "{}", self.line(&cells, &widths));
        }
        text
    }

    fn width(&self, at: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[at].as_str());
        cells.chain([self.columns[at].name]).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    fn line(&self, cells: &[&str], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), column) in cells.iter().zip(widths).zip(&self.columns) {
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, after) = if column.right { (&*padding, "") } else { ("", &*padding) };
            let _ = write!(line, "{before}{cell}{after}  ");
        }
        line.truncate(line.trim_end().len());
        line
    }
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
}
