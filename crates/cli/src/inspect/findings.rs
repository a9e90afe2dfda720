//! What was found, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fillwatch_decode::survey::{Coverage, FileSurvey};
use fillwatch_decode::{FieldRule, Mapping};
use fillwatch_model::SourceId;

use crate::here::shown;
use crate::quantity;
use crate::table::Table;

/// More files of one kind than this are counted, not named.
const FILES_NAMED: usize = 30;
/// More words of one log than this are counted.
const TERMS_SHOWN: usize = 40;
/// More columns that are no canonical ones than this are counted.
const OTHERS_SHOWN: usize = 24;
/// How much of a line is shown.
const SAMPLE_CHARS: usize = 240;

/// All of it: a line a file, then a description of each kind of file.
pub(crate) fn text(files: &[FileSurvey], bold: bool) -> String {
    let mut text = overview(files, bold);
    for alike in group(files) {
        text += "\n";
        text += &describe(&alike, bold);
    }
    text
}

/// The fields of the configuration that no line has: their paths are most likely wrong.
pub(crate) fn nowhere(mappings: &[Mapping], files: &[FileSurvey]) -> String {
    let mut text = String::new();
    for (mapping, id) in mappings.iter().zip(0..) {
        let of_source = || files.iter().filter(|file| file.file.source == SourceId(id));
        if of_source().all(|file| file.rows == 0) {
            continue;
        }
        for rule in &mapping.fields {
            let found = of_source().any(|file| is_filled(file, rule));
            if !found {
                let (column, path) = (&rule.column, &rule.path);
                let _ = writeln!(
                    text,
                    "\nno line has a `{path}`, which the configuration has for `{column}`"
                );
            }
        }
    }
    text
}

fn is_filled(file: &FileSurvey, rule: &FieldRule) -> bool {
    let of_rule = |column: &&Coverage| *column.column == *rule.column;
    let canonical = file.canonical.iter().find(of_rule);
    canonical.is_some_and(|column| column.paths.iter().any(|(path, _)| *path == rule.path))
        || file.others.iter().any(|column| of_rule(&column))
}

fn overview(files: &[FileSurvey], bold: bool) -> String {
    let mut table = Table::default()
        .left(&["file"])
        .right(&["bytes", "lines", "rows", "rejects"])
        .left(&["bot"]);
    let mut sorted: Vec<&FileSurvey> = files.iter().collect();
    sorted.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    for file in sorted.iter().take(FILES_NAMED) {
        table.row([
            shown(&file.file.path),
            quantity::bytes(file.bytes),
            quantity::count(file.lines),
            quantity::count(file.rows),
            quantity::count(file.rejects),
            bots(file),
        ]);
    }
    let mut text = table.render(bold);
    let sum = |of: fn(&FileSurvey) -> u64| files.iter().map(of).sum::<u64>();
    let _ = writeln!(
        text,
        "{}: {} of {}, {}, {}",
        quantity::of(files.len() as u64, "file", "files"),
        quantity::of(sum(|file| file.lines), "line", "lines"),
        quantity::bytes(sum(|file| file.bytes)),
        quantity::of(sum(|file| file.rows), "row", "rows"),
        quantity::of(sum(|file| file.rejects), "reject", "rejects"),
    );
    text
}

fn bots(file: &FileSurvey) -> String {
    match &file.bots[..] {
        [] => "-".to_owned(),
        [(bot, _)] => bot.clone(),
        [(bot, _), rest @ ..] => format!("{bot} and {} more", rest.len()),
    }
}

/// Files that say the same things in the same form are described once.
fn group(files: &[FileSurvey]) -> Vec<Vec<&FileSurvey>> {
    let mut groups: BTreeMap<Vec<String>, Vec<&FileSurvey>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.lines > 0) {
        let mut likeness: Vec<String> = file
            .canonical
            .iter()
            .map(|column| {
                let paths: Vec<&str> = column.paths.iter().map(|(path, _)| path.as_str()).collect();
                format!("{} {}", column.column, paths.join(" "))
            })
            .collect();
        likeness.extend(file.times.iter().map(|(form, _)| form.describe().to_owned()));
        groups.entry(likeness).or_default().push(file);
    }
    let mut groups: Vec<Vec<&FileSurvey>> = groups.into_values().collect();
    groups.sort_by_key(|alike| alike.iter().map(|file| &file.file.path).min());
    groups
}

/// One kind of file.
fn describe(alike: &[&FileSurvey], bold: bool) -> String {
    let file = alike.iter().max_by_key(|file| file.rows).unwrap_or(&alike[0]);
    let name = shown(&file.file.path);
    let name = if bold { format!("\x1b[1m{name}\x1b[0m") } else { name };
    let mut text = match alike.len() - 1 {
        0 => format!("{name}\n"),
        more => format!("{name}, and {} like it\n", quantity::of(more as u64, "file", "files")),
    };
    text += &times(file);
    text += &vocabulary(file);
    text += &columns(file);
    if let Some(reject) = &file.reject {
        let line = shorten(String::from_utf8_lossy(&reject.raw).trim());
        let _ = writeln!(text, "  reject    at byte {}: {}: {line}", reject.offset, reject.reason);
    }
    if let Some(sample) = &file.sample {
        let _ = writeln!(text, "  sample    {}", shorten(sample));
    }
    text
}

fn times(file: &FileSurvey) -> String {
    let forms: Vec<String> = file
        .times
        .iter()
        .map(|(form, rows)| format!("{} ({})", form.describe(), share(*rows, file.rows)))
        .collect();
    let mut text = format!(
        "  time      {}\n",
        if forms.is_empty() { "none".into() } else { forms.join(", ") }
    );
    if file.times_inferred > 0 {
        let rows = quantity::of(file.times_inferred, "row has", "rows have");
        let _ = writeln!(text, "            {rows} no time and get the time of reading");
    }
    text
}

fn vocabulary(file: &FileSurvey) -> String {
    let mut text = String::new();
    for (at, term) in file.vocabulary.iter().take(TERMS_SHOWN).enumerate() {
        let event = term.event.as_deref().unwrap_or("(no word)");
        let lead = if at == 0 { "events" } else { "" };
        let kind = term.kind.as_str();
        let _ = writeln!(
            text,
            "  {lead:<8}  {:<28} {kind:<16} {:>9}",
            shorten_to(event, 28),
            quantity::count(term.rows)
        );
    }
    if let Some(more) = file.vocabulary.len().checked_sub(TERMS_SHOWN + 1) {
        let _ = writeln!(text, "            and {} more", more + 1);
    }
    text
}

/// Where each canonical column comes from, and the fields with columns of their own.
fn columns(file: &FileSurvey) -> String {
    // These are there whatever the line says.
    const OURS: &[&str] =
        &["date", "ts_inferred", "attrs", "file", "file_id", "offset", "ingested_at"];
    let told = file.canonical.iter().filter(|column| !OURS.contains(&&*column.column));
    let mut text = String::new();
    for (at, column) in told.enumerate() {
        let lead = if at == 0 { "columns" } else { "" };
        let _ = writeln!(
            text,
            "  {lead:<8}  {:<12} {:>6}  {}{}",
            column.column,
            share(column.rows, file.rows),
            origin(column),
            conflicts(column)
        );
    }
    let others: Vec<String> = file
        .others
        .iter()
        .take(OTHERS_SHOWN)
        .map(|column| {
            format!("{} ({}){}", column.column, column.column_type.name(), conflicts(column))
        })
        .collect();
    let more = file.others.len().saturating_sub(OTHERS_SHOWN);
    match (others.is_empty(), more) {
        (true, _) => {}
        (false, 0) => drop(writeln!(text, "  others    {}", others.join(", "))),
        (false, more) => drop(writeln!(text, "  others    {}, and {more} more", others.join(", "))),
    }
    text
}

fn origin(column: &Coverage) -> String {
    let paths: Vec<&str> = column.paths.iter().map(|(path, _)| path.as_str()).collect();
    match (&*column.column, paths.is_empty()) {
        ("bot", true) => "the path".to_owned(),
        ("kind" | "event", true) => "the words above".to_owned(),
        (_, true) => "-".to_owned(),
        (_, false) => paths.join(", "),
    }
}

fn conflicts(column: &Coverage) -> String {
    match column.conflicts {
        0 => String::new(),
        n => format!(
            " [{} kept in attrs]",
            quantity::of(n, "value does not fit, it is", "values do not fit, they are")
        ),
    }
}

fn share(part: u64, whole: u64) -> String {
    match part {
        _ if part >= whole => "100 %".to_owned(),
        // Neither all nor nothing when it is not.
        _ => format!("{} %", (part * 100 / whole).clamp(u64::from(part > 0), 99)),
    }
}

fn shorten(text: &str) -> String {
    shorten_to(text, SAMPLE_CHARS)
}

fn shorten_to(text: &str, chars: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match text.char_indices().nth(chars) {
        Some((cut, _)) => format!("{}…", text[..cut].trim_end_matches(|c: char| c.is_whitespace())),
        None => text,
    }
}
