//! `fillwatch verify`: the audit.

use std::io::{self, Write};
use std::sync::Arc;

use fillwatch_serve::{Audit, AuditedFile};
use serde_json::json;

use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::here::shown;
use crate::screen::Screen;
use crate::table::Table;
use crate::{logging, quantity, sources};

const EXAMPLES: &str = "\
Examples:
  fillwatch verify
  fillwatch verify --json || echo 'the store and the logs differ'

It reads every source file that is still on disk again, up to the offset the store has reached, and
looks for each line in `events` and in `quarantine`. Exit code 1 says that one is missing or there
twice.";

/// Check that every line of every log file is in the store, once
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let sources = if context.config.sources.is_empty() {
        Vec::new()
    } else {
        sources::choose(&[], &context.config)?.sources
    };
    let screen = Screen::new(context);
    logging::start(context, &screen);
    let audit = context.runtime.block_on(async {
        let clock = Arc::clone(&context.clock);
        let mut audited =
            |file: &AuditedFile| screen.status(format!("audited {}", shown(&file.path)));
        tokio::select! {
            audit = fillwatch_serve::verify(&context.store, sources, clock, &mut audited) => {
                audit.map_err(Failure::from)
            }
            _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
        }
    });
    screen.clear();
    let audit = audit?;
    let text = if args.json { json(&audit) } else { table(&audit, context.terminal.color) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(if audit.is_whole() { ExitCode::Ok } else { ExitCode::Found })
}

fn table(audit: &Audit, bold: bool) -> String {
    let mut table = Table::default()
        .left(&["file"])
        .right(&["bytes", "lines", "rows", "rejects", "expired"])
        .left(&["verdict"]);
    for file in &audit.files {
        table.row([
            shown(&file.path),
            quantity::count(file.bytes),
            quantity::count(file.lines),
            quantity::count(file.rows),
            quantity::count(file.rejects),
            quantity::count(file.expired),
            verdict(file),
        ]);
    }
    let mut text = if audit.files.is_empty() { String::new() } else { table.render(bold) };
    for path in &audit.gone {
        text += &format!("{} is no longer on disk: nothing to compare with\n", shown(path));
    }
    for (path, bytes) in &audit.unread {
        let bytes = quantity::bytes(*bytes);
        text += &format!(
            "{} has {bytes} that are not read yet; `fillwatch ingest` reads them\n",
            shown(path)
        );
    }
    if audit.unknown_rows > 0 {
        let rows = quantity::of(audit.unknown_rows, "row", "rows");
        text += &format!(
            "{rows} are of files that state.db no longer knows: nothing to compare with\n"
        );
    }
    let lines = audit.files.iter().map(|file| file.lines).sum();
    let lines = quantity::of(lines, "line", "lines");
    let files = quantity::of(audit.files.len() as u64, "file", "files");
    let wrong = audit.files.iter().filter(|file| !file.is_whole()).count();
    text + &match wrong {
        0 => format!("{lines} in {files}: every line is there, once\n"),
        _ => format!("{wrong} of {files} differ from the store\n"),
    }
}

/// OK, or what is wrong and where it begins.
fn verdict(file: &AuditedFile) -> String {
    let found = |offsets: &[u64], what: &str| {
        let first = offsets.first()?;
        Some(format!("{} {what} (first at byte {first})", quantity::count(offsets.len() as u64)))
    };
    let wrong: Vec<String> = [
        found(&file.missing, "missing"),
        found(&file.twice, "twice"),
        found(&file.stray, "of no line"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if wrong.is_empty() { "OK".to_owned() } else { wrong.join(", ") }
}

fn json(audit: &Audit) -> String {
    let file = |file: &AuditedFile| {
        json!({
            "file_id": file.id,
            "path": file.path.to_string_lossy(),
            "bytes": file.bytes,
            "lines": file.lines,
            "rows": file.rows,
            "rejects": file.rejects,
            "expired": file.expired,
            "missing": file.missing,
            "twice": file.twice,
            "stray": file.stray,
            "whole": file.is_whole(),
        })
    };
    let gone: Vec<_> = audit.gone.iter().map(|path| path.to_string_lossy()).collect();
    let audit = json!({
        "whole": audit.is_whole(),
        "files": audit.files.iter().map(file).collect::<Vec<_>>(),
        "gone": gone,
        "unread": audit.unread.iter().map(|(path, bytes)| json!({
            "path": path.to_string_lossy(),
            "bytes": bytes,
        })).collect::<Vec<_>>(),
        "unknown_rows": audit.unknown_rows,
    });
    format!("{audit:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_difference_is_told_with_its_place() {
        let whole = AuditedFile {
            path: "logs/a.jsonl".into(),
            bytes: 1_000,
            lines: 10,
            rows: 9,
            rejects: 1,
            ..AuditedFile::default()
        };
        let mut torn = AuditedFile { path: "logs/b.jsonl".into(), ..whole.clone() };
        torn.missing = vec![120, 240];
        torn.twice = vec![360];
        let audit = Audit {
            files: vec![whole, torn],
            gone: vec!["logs/c.jsonl".into()],
            unread: vec![("logs/d.jsonl".into(), 2_000)],
            unknown_rows: 0,
        };
        expect![[r#"
            file          bytes  lines  rows  rejects  expired  verdict
            logs/a.jsonl  1,000     10     9        1        0  OK
            logs/b.jsonl  1,000     10     9        1        0  2 missing (first at byte 120), 1 twice (first at byte 360)
            logs/c.jsonl is no longer on disk: nothing to compare with
            logs/d.jsonl has 2.00 kB that are not read yet; `fillwatch ingest` reads them
            1 of 2 files differ from the store
        "#]].assert_eq(&table(&audit, false));
    }
}
