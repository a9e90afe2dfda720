//! `fillwatch status`: how far it has come.

use std::io::{self, Write};

use fillwatch_serve::Status;
use fillwatch_store::{SourceState, TableSize};
use serde_json::json;

use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::here::shown;
use crate::quantity;
use crate::table::Table;

const EXAMPLES: &str = "\
Examples:
  fillwatch status
  fillwatch status --json | jq '.files[] | select(.lag_bytes > 0)'";

/// Show how far each log file has been read, and what the store holds
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// As JSON; sizes in bytes, times in RFC 3339
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let status = context.runtime.block_on(fillwatch_serve::status(&context.store))?;
    let text = if args.json { json(&status) } else { text(&status, context) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::Ok)
}

/// Bytes of a file that are not visible to SQL yet; `None` where its size is not known.
fn lag(source: &SourceState) -> Option<u64> {
    Some(source.size_bytes?.saturating_sub(source.read_bytes))
}

fn text(status: &Status, context: &Context) -> String {
    let running = if status.live { "a watch runs on it" } else { "no watch runs on it" };
    let mut text = format!("store {}: {running}\n", context.store.display());
    for (name, size) in [("events", &status.events), ("quarantine", &status.quarantine)] {
        text += &format!(
            "  {name:<10}  {}, {} in memory, {} ({}), version {}\n",
            quantity::of(size.rows, "row", "rows"),
            quantity::count(size.hot_rows),
            quantity::of(size.files, "file", "files"),
            quantity::bytes(size.bytes),
            size.version,
        );
    }
    text += &format!("  columns     {}\n\n", status.columns);
    text += &sources(&status.sources, context);
    if !status.conflicts.is_empty() {
        text += "\nvalues that did not fit their column, kept in attrs:\n";
    }
    for (column, count) in &status.conflicts {
        text += &format!(
            "  {} ({}): {}\n",
            column.name,
            column.column_type.name(),
            quantity::count(*count)
        );
    }
    text
}

fn sources(sources: &[SourceState], context: &Context) -> String {
    let mut table = Table::default()
        .left(&["file"])
        .right(&["read", "committed", "behind", "rows", "rejects", "conflicts"])
        .left(&["last read"]);
    for source in sources {
        table.row([
            shown(&source.path),
            quantity::bytes(source.read_bytes),
            quantity::bytes(source.committed_bytes),
            lag(source).map_or("-".to_owned(), quantity::bytes),
            quantity::count(source.rows),
            quantity::count(source.rejects),
            quantity::count(source.conflicts),
            quantity::moment(source.last_read),
        ]);
    }
    table.render(context.terminal.color)
}

fn json(status: &Status) -> String {
    let source = |source: &SourceState| {
        json!({
            "file_id": source.id.to_string(),
            "path": source.path.to_string_lossy(),
            "size_bytes": source.size_bytes,
            "read_bytes": source.read_bytes,
            "committed_bytes": source.committed_bytes,
            "lag_bytes": lag(source),
            "rows": source.rows,
            "rejects": source.rejects,
            "conflicts": source.conflicts,
            "first_seen": quantity::moment(source.first_seen),
            "last_read": quantity::moment(source.last_read),
        })
    };
    let table = |size: &TableSize| {
        json!({
            "version": size.version,
            "files": size.files,
            "rows": size.rows,
            "bytes": size.bytes,
            "hot_rows": size.hot_rows,
        })
    };
    let conflicts: serde_json::Map<String, serde_json::Value> = status
        .conflicts
        .iter()
        .map(|(column, count)| (column.name.to_string(), (*count).into()))
        .collect();
    let status = json!({
        "live": status.live,
        "files": status.sources.iter().map(source).collect::<Vec<_>>(),
        "events": table(&status.events),
        "quarantine": table(&status.quarantine),
        "columns": status.columns,
        "conflicts": conflicts,
    });
    format!("{status:#}\n")
}
