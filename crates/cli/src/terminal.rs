//! What the three standard streams are.

use std::io::{self, IsTerminal};

use fillwatch_query::output::Layout;

use crate::args::Color;

/// Whether people or programs are at the other ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Standard input is a keyboard.
    pub(crate) input: bool,
    /// Standard output is a screen.
    pub(crate) output: bool,
    /// Standard error is a screen.
    pub(crate) error: bool,
    /// What goes to standard output may be coloured.
    pub(crate) color: bool,
}

impl Terminal {
    pub(crate) fn detect(color: Color) -> Terminal {
        let output = io::stdout().is_terminal();
        Terminal {
            input: io::stdin().is_terminal(),
            output,
            error: io::stderr().is_terminal(),
            color: match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => {
                    output && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
                }
            },
        }
    }

    /// How a table fits the screen; elsewhere it is as wide as it is.
    pub(crate) fn layout(self) -> Layout {
        Layout { width: self.size().map(|(columns, _)| columns.into()), ..Layout::default() }
    }

    /// Columns and rows of the screen, if there is one.
    pub(crate) fn size(self) -> Option<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        (self.output && size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
    }
}
