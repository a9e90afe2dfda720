//! What the comment at the top of a view says, in parts.
//!
//! ```text
//! -- One sentence: what the relation tells.
//! --
//! -- Grain:   one row per fill.
//! -- Columns: ts, bot    when it was, and whose
//! --          slippage   what was paid over fair, in the account's currency; null where no
//! --                     fair value is known
//! -- Fields:  liquidity text, maker bool
//! -- Needs:   fill; for slippage: fill.fair or order_placed.fair; any.equity from 20 returns
//! -- Reads:   windowed: the fills of the window.
//! -- Source:  the kalshi monitor.
//! -- Omits:   fills without a price.
//! ```
//!
//! Every part may be left out (of a view of the user's; a test wants them of ours), but one that is
//! there is read strictly: two of them decide how the view is planned, one what `fillwatch inspect`
//! says of a log, and all of them are printed.

use fillwatch_model::{CANONICAL, ColumnType, Kind};

/// A view's header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// What the relation tells.
    pub about: String,
    /// What a row is.
    pub grain: Option<String>,
    /// Columns and what they mean, in order; those that share a meaning are together.
    pub columns: Vec<(Vec<String>, String)>,
    /// Fields of the log that the view reads, whether or not a log has had them.
    pub fields: Vec<(String, ColumnType)>,
    /// What a log must have for the view to say anything: all of these.
    pub needs: Vec<Need>,
    /// What time it is about.
    pub reads: Option<Reads>,
    /// Which time that is and why, in words.
    pub reads_why: String,
    /// Who defined it.
    pub source: Option<String>,
    /// What it leaves out.
    pub omits: Option<String>,
}

/// What time a view is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The window.
    Windowed,
    /// Everything up to the window's end, from the last close on.
    Carried,
}

/// One thing that a view needs, in any of these forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The columns that are null throughout without it; none if there are no rows without it.
    pub columns: Vec<String>,
    /// Any one of them does.
    pub any_of: Vec<Datum>,
}

/// What a log may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datum {
    /// Events of this kind; `None` for those of any.
    pub kind: Option<Kind>,
    /// A value in this column of theirs; `None` if that they are there is enough.
    pub column: Option<String>,
    /// How much of it there must be, in words, where one is not enough.
    pub from: Option<String>,
}

/// What is wrong with a header.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{part}:` in its header: {cause}")]
pub struct HeaderError {
    /// The part.
    pub part: &'static str,
    /// What is wrong with it.
    pub cause: String,
}

/// The parts, in the order they are written in.
pub const PARTS: &[&str] = &["Grain", "Columns", "Fields", "Needs", "Reads", "Source", "Omits"];

/// A line of a part: how far it is indented, and its text.
type Line<'a> = (usize, &'a str);

impl Header {
    /// Reads a comment, its dashes already taken away.
    pub fn parse(comment: &str) -> Result<Header, HeaderError> {
        let (about, parts) = cut(comment)?;
        let mut header = Header { about, ..Header::default() };
        for (part, lines) in parts {
            let text = joined(&lines);
            let fault = |cause: String| HeaderError { part, cause };
            if text.is_empty() {
                return Err(fault("it says nothing".to_owned()));
            }
            match part {
                "Grain" => header.grain = Some(text),
                "Columns" => header.columns = columns(&lines).map_err(fault)?,
                "Fields" => header.fields = fields(&text).map_err(fault)?,
                "Needs" => header.needs = needs(&text).map_err(fault)?,
                "Reads" => {
                    header.reads = Some(reads(&text).map_err(fault)?);
                    header.reads_why = text;
                }
                "Source" => header.source = Some(text),
                _ => header.omits = Some(text),
            }
        }
        Ok(header)
    }

    /// The parts that every view of ours has and this one has not.
    pub fn missing(&self) -> Vec<&'static str> {
        let there = [
            ("Grain", self.grain.is_some()),
            ("Columns", !self.columns.is_empty()),
            ("Reads", self.reads.is_some()),
            ("Source", self.source.is_some()),
            ("Omits", self.omits.is_some()),
        ];
        there.into_iter().filter(|(_, there)| !there).map(|(part, _)| part).collect()
    }

    /// The names of the columns, in order.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flat_map(|(names, _)| names).map(String::as_str)
    }
}

/// What comes before the parts, and the lines of each.
#[expect(clippy::type_complexity, reason = "it is taken apart where it is called")]
fn cut(comment: &str) -> Result<(String, Vec<(&'static str, Vec<Line<'_>>)>), HeaderError> {
    let mut about: Vec<String> = vec![String::new()];
    let mut parts: Vec<(&'static str, Vec<Line<'_>>)> = Vec::new();
    for line in comment.lines() {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim();
        if let Some((part, rest)) = opens(line)? {
            if let Some(last) = parts.last()
                && place(last.0) >= place(part)
            {
                let cause = format!("it comes after `{}:`; the order is {}", last.0, in_order());
                return Err(HeaderError { part, cause });
            }
            parts.push((part, vec![(line.len() - rest.len(), rest)]));
        } else if let Some((part, lines)) = parts.last_mut() {
            if !text.is_empty() && indent == 0 {
                let cause = format!(
                    "`{text}` is not indented, and opens no part; there are {}",
                    in_order()
                );
                return Err(HeaderError { part, cause });
            }
            lines.push((indent, text));
        } else if text.is_empty() {
            about.push(String::new());
        } else if let Some(paragraph) = about.last_mut() {
            push_words(paragraph, text);
        }
    }
    about.retain(|paragraph| !paragraph.is_empty());
    Ok((about.join("\n\n"), parts))
}

/// The part that a line opens, and what follows its name.
fn opens(line: &str) -> Result<Option<(&'static str, &str)>, HeaderError> {
    let Some((word, rest)) = line.split_once(':') else { return Ok(None) };
    if let Some(part) = PARTS.iter().find(|part| **part == word) {
        return Ok(Some((part, rest.trim_start())));
    }
    // `reads:` or `Field:` would otherwise be prose, and the view planned as if it were not there.
    let bare = |word: &str| word.to_ascii_lowercase().trim_end_matches('s').to_owned();
    match PARTS.iter().find(|part| bare(part) == bare(word)) {
        Some(part) => Err(HeaderError { part, cause: format!("it is written `{word}:`") }),
        None => Ok(None),
    }
}

fn place(part: &str) -> Option<usize> {
    PARTS.iter().position(|known| *known == part)
}

fn in_order() -> String {
    PARTS.iter().map(|part| format!("`{part}:`")).collect::<Vec<_>>().join(", ")
}

fn joined(lines: &[Line<'_>]) -> String {
    let mut text = String::new();
    for (_, line) in lines {
        push_words(&mut text, line);
    }
    text
}

fn push_words(text: &mut String, words: &str) {
    if !text.is_empty() && !words.is_empty() {
        text.push(' ');
    }
    text.push_str(words);
}

/// A line that is indented as the first opens an entry, names and two spaces and their meaning; one
/// that is indented further goes on with it. Names may go on too, after a comma.
fn columns(lines: &[Line<'_>]) -> Result<Vec<(Vec<String>, String)>, String> {
    let mut entries: Vec<(Vec<String>, String)> = Vec::new();
    let mut lines = lines.iter().filter(|(_, text)| !text.is_empty()).peekable();
    let edge = lines.peek().map_or(0, |(indent, _)| *indent);
    let mut more_names = false;
    for (indent, text) in lines {
        if *indent > edge {
            match entries.last_mut() {
                Some((_, meaning)) => push_words(meaning, text),
                None => return Err(format!("`{text}` belongs to no column")),
            }
            continue;
        }
        if *indent < edge {
            return Err(format!("`{text}` is indented less than the columns before it"));
        }
        let (names, meaning) = text.split_once("  ").unwrap_or((text, ""));
        let entry = match entries.last_mut() {
            Some(entry) if more_names => entry,
            _ => {
                entries.push((Vec::new(), String::new()));
                let Some(entry) = entries.last_mut() else { continue };
                entry
            }
        };
        more_names = meaning.is_empty() && names.ends_with(',');
        for name in names.trim_end_matches(',').split(',').map(str::trim) {
            let name = name.trim_matches('"');
            if !is_name(name) {
                return Err(format!(
                    "`{name}` is not the name of a column; two spaces part names from their meaning"
                ));
            }
            entry.0.push(name.to_owned());
        }
        meaning.trim().clone_into(&mut entry.1);
    }
    let mut seen: Vec<&str> = Vec::new();
    for (names, meaning) in &entries {
        if meaning.is_empty() {
            return Err(format!("nothing is said of `{}`", names.join("`, `")));
        }
        for name in names {
            if seen.contains(&name.as_str()) {
                return Err(format!("`{name}` is there twice"));
            }
            seen.push(name);
        }
    }
    Ok(entries)
}

fn fields(text: &str) -> Result<Vec<(String, ColumnType)>, String> {
    const TYPES: &[ColumnType] =
        &[ColumnType::Float, ColumnType::Text, ColumnType::Int, ColumnType::Bool];
    let mut fields: Vec<(String, ColumnType)> = Vec::new();
    for field in text.trim_end_matches('.').split(',').map(str::trim) {
        let Some((name, word)) = field.split_once(char::is_whitespace) else {
            return Err(format!("`{field}` is not a name and a type, as in `cpu_percent float`"));
        };
        let Some(column_type) = TYPES.iter().find(|known| known.name() == word.trim()) else {
            let word = word.trim();
            return Err(format!("no type `{word}`; there are float, text, int and bool"));
        };
        if !is_name(name) {
            return Err(format!("`{name}` is not the name of a column"));
        }
        if CANONICAL.iter().any(|(canonical, _)| *canonical == name) {
            return Err(format!("`{name}` is a column that every table has"));
        }
        if fields.iter().any(|(known, _)| known == name) {
            return Err(format!("`{name}` is there twice"));
        }
        fields.push((name.to_owned(), *column_type));
    }
    Ok(fields)
}

fn needs(text: &str) -> Result<Vec<Need>, String> {
    text.trim_end_matches(['.', ';']).split(';').map(|text| need(text.trim())).collect()
}

/// `fill`, `fill.fair or order_placed.fair`, or `for edge, slippage: fill.fair`.
fn need(text: &str) -> Result<Need, String> {
    let (columns, ways) = match text.strip_prefix("for ").map(|text| text.split_once(':')) {
        Some(Some((columns, ways))) => (columns.split(',').map(str::trim).collect(), ways),
        Some(None) => return Err(format!("`{text}` is not `for column, column: kind.column`")),
        None => (Vec::new(), text),
    };
    if let Some(column) = columns.iter().find(|column| !is_name(column)) {
        return Err(format!("`{column}` is not the name of a column"));
    }
    let any_of: Result<Vec<Datum>, String> =
        ways.split(" or ").map(|datum| self::datum(datum.trim())).collect();
    Ok(Need { columns: columns.into_iter().map(str::to_owned).collect(), any_of: any_of? })
}

/// `fill`, `fill.fair`, `any.equity`, or `any.equity from 20 returns`.
fn datum(text: &str) -> Result<Datum, String> {
    let (text, from) = match text.split_once(" from ") {
        Some((text, from)) => (text.trim(), Some(from.trim().to_owned())),
        None => (text, None),
    };
    let (kind, column) = match text.split_once('.') {
        Some((kind, column)) => (kind, Some(column)),
        None => (text, None),
    };
    let known = match kind {
        "any" if column.is_some() => None,
        _ => match Kind::parse(kind) {
            Some(known) => Some(known),
            None => {
                return Err(format!(
                    "no kind of event `{kind}`; it takes `kind` or `kind.column`, parted by ` or ` and `;`"
                ));
            }
        },
    };
    match column.filter(|column| !is_name(column)) {
        Some(column) => Err(format!("`{column}` is not the name of a column")),
        None => Ok(Datum { kind: known, column: column.map(str::to_owned), from }),
    }
}

fn reads(text: &str) -> Result<Reads, String> {
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    match word.as_str() {
        "windowed" => Ok(Reads::Windowed),
        "carried" => Ok(Reads::Carried),
        _ => Err(format!("it begins with `windowed` or `carried`, not with `{word}`")),
    }
}

/// Whether it names a column, a table or a view without quotes.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const FILLS: &str = r#"What was filled,
and at what price.

Each fill is told once.

Grain:   one row per
         fill.
Columns: ts, bot, run_id,
         strategy         when it was, and whose
         slippage         what was paid over fair; null where
                          it is unknown

                          or there is no price.
         file, "offset"   the line.
Fields:  liquidity text, maker bool,
         queue float
Needs:   fill.fill_price; fill.fill_size or order_placed.size; heartbeat;
         for edge, slippage: any.equity from 20 returns
Reads:   carried: it must not vanish.
Source:  the kalshi monitor.
Omits:   nothing."#;

    #[test]
    fn every_part_is_read() {
        let header = Header::parse(FILLS).unwrap();
        assert_eq!(header.about, "What was filled, and at what price.\n\nEach fill is told once.");
        assert_eq!(header.grain.as_deref(), Some("one row per fill."));
        assert_eq!(
            header.column_names().collect::<Vec<_>>(),
            ["ts", "bot", "run_id", "strategy", "slippage", "file", "offset"],
        );
        let meanings: Vec<&str> = header.columns.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            meanings,
            [
                "when it was, and whose",
                "what was paid over fair; null where it is unknown or there is no price.",
                "the line.",
            ]
        );
        assert_eq!(
            header.fields,
            [
                ("liquidity".to_owned(), ColumnType::Text),
                ("maker".to_owned(), ColumnType::Bool),
                ("queue".to_owned(), ColumnType::Float),
            ]
        );
        let datum = |kind, column: Option<&str>| Datum {
            kind,
            column: column.map(str::to_owned),
            from: None,
        };
        let wanted = [
            vec![datum(Some(Kind::Fill), Some("fill_price"))],
            vec![
                datum(Some(Kind::Fill), Some("fill_size")),
                datum(Some(Kind::OrderPlaced), Some("size")),
            ],
            vec![datum(Some(Kind::Heartbeat), None)],
        ];
        let mut wanted = wanted.map(|any_of| Need { columns: Vec::new(), any_of }).to_vec();
        wanted.push(Need {
            columns: vec!["edge".to_owned(), "slippage".to_owned()],
            any_of: vec![Datum {
                from: Some("20 returns".to_owned()),
                ..datum(None, Some("equity"))
            }],
        });
        assert_eq!(header.needs, wanted);
        assert_eq!(header.reads, Some(Reads::Carried));
        assert_eq!(header.reads_why, "carried: it must not vanish.");
        assert_eq!(header.source.as_deref(), Some("the kalshi monitor."));
        assert_eq!(header.omits.as_deref(), Some("nothing."));
        assert!(header.missing().is_empty());
    }

    #[test]
    fn a_comment_without_parts_is_a_header() {
        let header = Header::parse("Mine: all mine.\nNote: later.").unwrap();
        assert_eq!(header.about, "Mine: all mine. Note: later.");
        assert_eq!(header.missing(), ["Grain", "Columns", "Reads", "Source", "Omits"]);
        assert_eq!(Header::parse("").unwrap(), Header::default());
    }

    #[expect(clippy::needless_pass_by_value, reason = "so that calls read check(…, expect![…])")]
    fn check(comment: &str, complaint: Expect) {
        complaint.assert_eq(&Header::parse(comment).unwrap_err().to_string());
    }

    #[test]
    fn a_part_that_cannot_be_read_is_named() {
        check(
            "Reads:   events, windowed.",
            expect![
                "`Reads:` in its header: it begins with `windowed` or `carried`, not with `events`"
            ],
        );
        check("reads:   windowed", expect!["`Reads:` in its header: it is written `reads:`"]);
        check("Field: cpu float", expect!["`Fields:` in its header: it is written `Field:`"]);
        check("Grain:", expect!["`Grain:` in its header: it says nothing"]);
        check(
            "Reads:   windowed.\nGrain:   one row.",
            expect![
                "`Grain:` in its header: it comes after `Reads:`; the order is `Grain:`, `Columns:`, `Fields:`, `Needs:`, `Reads:`, `Source:`, `Omits:`"
            ],
        );
        check(
            "Grain:   one row.\nAnd another.",
            expect![
                "`Grain:` in its header: `And another.` is not indented, and opens no part; there are `Grain:`, `Columns:`, `Fields:`, `Needs:`, `Reads:`, `Source:`, `Omits:`"
            ],
        );
    }

    #[test]
    fn a_column_that_cannot_be_read_is_named() {
        check(
            "Columns: ts when it was",
            expect![
                "`Columns:` in its header: `ts when it was` is not the name of a column; two spaces part names from their meaning"
            ],
        );
        check("Columns: ts", expect!["`Columns:` in its header: nothing is said of `ts`"]);
        check(
            "Columns: ts  when\n         ts  again",
            expect!["`Columns:` in its header: `ts` is there twice"],
        );
        check(
            "Columns: ts  when\n     bot  whose",
            expect![
                "`Columns:` in its header: `bot  whose` is indented less than the columns before it"
            ],
        );
    }

    #[test]
    fn a_field_or_a_need_that_cannot_be_read_is_named() {
        check(
            "Fields:  cpu double",
            expect![
                "`Fields:` in its header: no type `double`; there are float, text, int and bool"
            ],
        );
        check(
            "Fields:  cpu",
            expect![
                "`Fields:` in its header: `cpu` is not a name and a type, as in `cpu_percent float`"
            ],
        );
        check(
            "Fields:  price float",
            expect!["`Fields:` in its header: `price` is a column that every table has"],
        );
        check(
            "Needs:   fills.price",
            expect![
                "`Needs:` in its header: no kind of event `fills`; it takes `kind` or `kind.column`, parted by ` or ` and `;`"
            ],
        );
        check(
            "Needs:   fill.fill price",
            expect!["`Needs:` in its header: `fill price` is not the name of a column"],
        );
    }
}
