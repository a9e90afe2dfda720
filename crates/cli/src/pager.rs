//! Answers taller than the screen go through `$PAGER`.

use std::io::{self, Write};
use std::process::{Command, Stdio};

/// `-F` leaves at once if it fits, `-R` keeps colours, `-S` cuts wide lines, `-X` leaves the
/// answer on the screen.
const DEFAULT: &str = "less -SFRX";

/// Shows `text`: paged if it has more than `rows` lines and there is a pager, else as it is.
pub(crate) fn show(text: &[u8], rows: Option<u16>, out: &mut impl Write) -> io::Result<()> {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    match rows {
        Some(rows) if lines >= rows as usize => {
            let pager = std::env::var("PAGER").unwrap_or_else(|_| DEFAULT.to_owned());
            page(&pager, text).or_else(|_| out.write_all(text))
        }
        _ => out.write_all(text),
    }
}

/// An error means that nothing was shown.
fn page(pager: &str, text: &[u8]) -> io::Result<()> {
    let mut words = pager.split_whitespace();
    let program = words.next().ok_or(io::ErrorKind::NotFound)?;
    let mut child = Command::new(program).args(words).stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // The pager was left before the end: that is what it is for.
        let _ = stdin.write_all(text);
    }
    child.wait().map(drop)
}
