//! The commands of the REPL that are not SQL.

use std::path::PathBuf;
use std::time::Duration;

use fillwatch_query::Format;

use crate::quantity;
use crate::suggest;

/// A line that begins with `\`.
#[derive(Debug, PartialEq)]
pub(super) enum Backslash {
    /// `\d`: the relations, or the columns of one.
    Describe(Option<String>),
    /// `\timing`: whether each answer says how long it took.
    Timing,
    /// `\x`: one column a line.
    Expanded,
    /// `\format F`
    Format(Format),
    /// `\since 7d`; without a time, all of it.
    Since(Option<Duration>),
    /// `\o FILE`: answers go there; without a file, to the screen again.
    Output(Option<PathBuf>),
    Help,
    Quit,
}

/// Each command with what it takes and what it does: for `\?` and for completion.
pub(super) const ALL: &[(&str, &str, &str)] = &[
    ("\\d", "[NAME]", "the relations, or the columns of one"),
    ("\\since", "[TIME]", "look back so far and no further (7d, 36h); alone: everything"),
    ("\\x", "", "expanded: one column a line, on or off"),
    ("\\format", "FORMAT", "table, csv, json, ndjson or markdown"),
    ("\\o", "[FILE]", "write answers to a file; alone: to the screen again"),
    ("\\timing", "", "how long each answer took, on or off"),
    ("\\?", "", "this"),
    ("\\q", "", "leave (Ctrl-D does too)"),
];

/// Reads a line that begins with `\`.
pub(super) fn parse(line: &str) -> Result<Backslash, String> {
    let line = line.trim().trim_end_matches(';').trim_end();
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = Some(rest.trim()).filter(|rest| !rest.is_empty());
    Ok(match name {
        "\\d" => Backslash::Describe(rest.map(str::to_owned)),
        "\\timing" => Backslash::Timing,
        "\\x" => Backslash::Expanded,
        "\\format" => {
            Backslash::Format(rest.unwrap_or_default().parse().map_err(|error| format!("{error}"))?)
        }
        "\\since" => Backslash::Since(
            rest.filter(|rest| *rest != "all").map(quantity::parse_duration).transpose()?,
        ),
        "\\o" => Backslash::Output(rest.map(PathBuf::from)),
        "\\?" | "\\h" | "\\help" => Backslash::Help,
        "\\q" | "\\quit" => Backslash::Quit,
        other => {
            let near = suggest::nearest(other, ALL.iter().map(|(name, ..)| *name));
            let near = near.filter(|near| near.len() > 2);
            return Err(match near {
                Some(near) => format!("no command `{other}`; did you mean `{near}`?"),
                None => format!("no command `{other}`; `\\?` lists them"),
            });
        }
    })
}

/// The text of `\?`.
pub(super) fn help() -> String {
    let mut text = String::new();
    for (name, takes, does) in ALL {
        let usage = format!("{name} {takes}");
        text += &format!("  {usage:<16} {does}\n");
    }
    text + "  A statement ends with `;` and may span lines. Ctrl-C stops a query or clears the line; Tab completes.\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_what_they_take() {
        assert_eq!(parse("\\d"), Ok(Backslash::Describe(None)));
        assert_eq!(parse("\\d events;"), Ok(Backslash::Describe(Some("events".into()))));
        assert_eq!(parse("\\since 7d"), Ok(Backslash::Since(Some(Duration::from_secs(604_800)))));
        assert_eq!(parse("\\since"), Ok(Backslash::Since(None)));
        assert_eq!(parse("\\o /tmp/a b.csv"), Ok(Backslash::Output(Some("/tmp/a b.csv".into()))));
        assert_eq!(parse("\\q"), Ok(Backslash::Quit));
    }

    #[test]
    fn what_is_none_is_said() {
        assert_eq!(parse("\\timng"), Err("no command `\\timng`; did you mean `\\timing`?".into()));
        assert_eq!(parse("\\z"), Err("no command `\\z`; `\\?` lists them".into()));
        assert!(parse("\\since yesterday").is_err());
    }
}
