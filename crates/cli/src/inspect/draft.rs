//! What was found, as a configuration to edit: it reads the logs as they were read here, and says
//! in comments what there is to change.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use fillwatch_decode::survey::FileSurvey;
use fillwatch_decode::{FieldRule, Form, Mapping, Unit};
use fillwatch_model::SourceId;

use crate::quantity;

/// A source that was read.
pub(crate) struct Drafted<'a> {
    /// As it is written in the file.
    pub(crate) path: String,
    pub(crate) exclude: &'a [String],
    pub(crate) mapping: &'a Mapping,
}

/// The text of the file.
pub(crate) fn text(sources: &[Drafted<'_>], files: &[FileSurvey]) -> String {
    let mut text = HEAD.to_owned();
    for (source, id) in sources.iter().zip(0..) {
        let found: Vec<&FileSurvey> =
            files.iter().filter(|file| file.file.source == SourceId(id)).collect();
        text += &one(source, &found);
    }
    text + TAIL
}

const HEAD: &str = "\
# Written by `fillwatch inspect`. Everything here may be changed or left out; what stands in a
# comment is what holds without it. Paths are relative to this file.

# store = \"store\"
";

const TAIL: &str = "
# [ingest]
# commit_interval = \"5s\"       # a commit is made this long after the first row that waits…
# commit_size = \"64MiB\"        # …or when the rows that wait came from this much log
# sweep_interval = \"250ms\"     # how long a change may go unseen if notification fails
# line_size = \"1MiB\"           # a longer line goes to quarantine by its head
# notify = true
# open_files = 512
# columns = 512
# memory = \"128MiB\"            # rows in memory; ingest waits rather than pass it

# [retention]
# age = \"90d\"                  # without these, everything is kept
# size = \"50GB\"

# [sql]
# timeout = \"60s\"
# memory = \"2GiB\"
# views = \"views\"              # a directory with one view a file, added to ours

# [tables]
# limits = \"limits.csv\"        # a table to ask beside ours; CSV, TOML or Parquet, read again when it changes

# [rules]
# enabled = true
# directory = \"rules\"          # a directory with one rule a file, added to ours; see sql/rules/README.md
# catch_up = \"24h\"             # how far back is looked for alerts while fillwatch was not running

# [rules.heartbeat_lost]       # one rule: its params, and every, for, severity, enabled …
# max_silence_s = 30
# [rules.heartbeat_lost.bots.mm1]
# max_silence_s = 300

# [bots.mm1]                   # a bot that there should be: it is missed though it never came
";

fn one(source: &Drafted<'_>, found: &[&FileSurvey]) -> String {
    let mapping = source.mapping;
    let sum = |of: fn(&FileSurvey) -> u64| found.iter().map(|file| of(file)).sum::<u64>();
    let mut text = format!(
        "\n# {} with {} and {}\n[[source]]\npath = {}\n",
        quantity::of(found.len() as u64, "file", "files"),
        quantity::of(sum(|file| file.rows), "row", "rows"),
        quantity::of(sum(|file| file.rejects), "reject", "rejects"),
        quoted(&source.path),
    );
    match source.exclude {
        [] => text += "# exclude = [\"*.tmp\"]\n",
        globs => {
            let globs: Vec<String> = globs.iter().map(|glob| quoted(glob)).collect();
            let _ = writeln!(text, "exclude = [{}]", globs.join(", "));
        }
    }
    match &mapping.bot {
        Some(bot) => drop(writeln!(text, "bot = {}", quoted(bot))),
        None => drop(writeln!(text, "# bot = \"…\"  # found: {}", bots(found))),
    }
    text += &zone(mapping, found);
    match mapping.kind {
        Some(kind) => drop(writeln!(text, "kind = {}", quoted(kind.as_str()))),
        None => text += "# kind = \"…\"  # of all lines, where the log does not tell them apart\n",
    }
    text + &fields(mapping, found)
}

fn bots(found: &[&FileSurvey]) -> String {
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    for (bot, n) in found.iter().flat_map(|file| &file.bots) {
        *rows.entry(bot).or_default() += n;
    }
    let shown: Vec<&str> = rows.keys().take(12).copied().collect();
    let more = rows.len() - shown.len();
    if more > 0 { format!("{}, and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// The zone is written out where it matters: somebody has to say whether it is right.
fn zone(mapping: &Mapping, found: &[&FileSurvey]) -> String {
    let naive = |form: &Form| matches!(form, Form::Naive | Form::Date);
    let rows: u64 = found
        .iter()
        .flat_map(|file| &file.times)
        .filter(|(form, _)| naive(form))
        .map(|(_, rows)| rows)
        .sum();
    let zone = quoted(mapping.timezone.name());
    match rows {
        0 if mapping.timezone == Mapping::default().timezone => {
            format!("# timezone = {zone}  # of times that name none; there are none\n")
        }
        _ => format!(
            "# {} that names no zone: this is the zone it is read in\ntimezone = {zone}\n",
            quantity::of(rows, "row has a time", "rows have a time"),
        ),
    }
}

/// The rules there are, and in comments what is read without any.
fn fields(mapping: &Mapping, found: &[&FileSurvey]) -> String {
    let mut text = String::new();
    let lead = if mapping.fields.is_empty() { "# " } else { "" };
    let _ = writeln!(
        text,
        "\n# Which field goes to which column; units are {}.\n{lead}[source.fields]",
        Unit::NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    );
    for FieldRule { column, path, unit } in &mapping.fields {
        let unit =
            Unit::NAMES.iter().find(|(_, other)| other == unit).map_or("as_is", |(name, _)| name);
        let _ = writeln!(
            text,
            "{} = {{ path = {}, unit = {} }}",
            key(column),
            quoted(path),
            quoted(unit)
        );
    }
    for (column, paths) in read_without_rules(mapping, found) {
        let _ = writeln!(text, "# {} = {}", key(column), paths);
    }
    text
}

/// Each canonical column with the fields it is read from.
fn read_without_rules<'a>(
    mapping: &Mapping,
    found: &[&'a FileSurvey],
) -> BTreeMap<&'a str, String> {
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for column in found.iter().flat_map(|file| &file.canonical) {
        let ruled = mapping.fields.iter().any(|rule| *rule.column == *column.column);
        for (path, _) in column.paths.iter().filter(|_| !ruled) {
            let paths = columns.entry(&column.column).or_default();
            if !paths.contains(&path.as_str()) {
                paths.push(path);
            }
        }
    }
    let line = |paths: Vec<&str>| match &paths[..] {
        [first, rest @ ..] if !rest.is_empty() => {
            format!("{}  # also {}", quoted(first), rest.join(", "))
        }
        paths => quoted(paths.first().unwrap_or(&"")),
    };
    columns.into_iter().map(|(column, paths)| (column, line(paths))).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A key, quoted where TOML wants it.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}

/// `path` as it is written in a file at `file`: as it is if both are seen from one directory.
pub(crate) fn path_in(file: &Path, path: &str) -> String {
    match file.parent() {
        None => path.to_owned(),
        Some(parent) if parent.as_os_str().is_empty() => path.to_owned(),
        Some(_) => std::path::absolute(path)
            .map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use fillwatch_model::Kind;

    #[expect(clippy::needless_pass_by_value, reason = "so that calls read check(Mapping { … })")]
    fn check(mapping: Mapping) {
        let exclude = ["*.tmp".to_owned()];
        let path = "logs/with \"quotes\" and \\".to_owned();
        let drafted = Drafted { path, exclude: &exclude, mapping: &mapping };
        let text = text(&[drafted], &[]);
        let config = Config::parse(Path::new("fillwatch.toml"), &text)
            .unwrap_or_else(|error| panic!("{error}\n{text}"));
        let [source] = &config.sources[..] else { panic!("{text}") };
        assert_eq!(source.mapping, mapping, "{text}");
        assert_eq!(source.exclude, exclude);
        assert_eq!(source.paths[0].pattern, "logs/with \"quotes\" and \\");
    }

    #[test]
    fn the_draft_reads_as_what_it_was_drafted_from() {
        check(Mapping::default());
        let rule = |column: &str, unit| FieldRule {
            column: column.to_owned(),
            path: "data.p x".to_owned(),
            unit,
        };
        check(Mapping {
            bot: Some("mm \"1\"".to_owned()),
            timezone: chrono_tz::America::New_York,
            kind: Some(Kind::Fill),
            fields: vec![rule("fair", Unit::AsIs), rule("price", Unit::Cents)],
        });
    }

    #[test]
    fn the_commented_settings_are_settings() {
        let text: String = TAIL
            .lines()
            .filter(|line| !line.contains("views") && !line.contains("directory ="))
            .map(|line| line.trim_start_matches("# ").to_owned() + "\n")
            .collect();
        Config::parse(Path::new("fillwatch.toml"), &text).unwrap();
    }
}
