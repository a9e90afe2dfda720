//! The text of each complaint, since it is what the user has to go by.

use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};
use fillwatch_rules::RuleBook;

use super::Config;
use crate::failure::Failure;

#[expect(clippy::needless_pass_by_value, reason = "so that calls read check(text, expect![…])")]
fn check(text: &str, complaint: Expect) {
    let said = match Config::parse(Path::new("fillwatch.toml"), text) {
        Ok(_) => "no complaint\n".to_owned(),
        Err(error) => Failure::from(error).to_string(),
    };
    complaint.assert_eq(&said);
}

#[test]
fn everything_at_once() {
    let config = Config::parse(
        Path::new("/etc/fillwatch/fillwatch.toml"),
        r#"
store = "data"

[[source]]
path = ["/var/log/bots", "more/*.jsonl"]
exclude = "*.tmp"
bot = "mm1"
timezone = "America/New_York"
kind = "fill"
fields = { price = { path = "order.px", unit = "cents" }, fair = "data.fair" }

[ingest]
commit_interval = "5s"
commit_size = "64MiB"
sweep_interval = "250ms"
line_size = "1MiB"
notify = false
open_files = 512
columns = 512
memory = "256MiB"

[retention]
age = "90d"
size = "50GB"

[sql]
timeout = "30s"
memory = "2GiB"

[tables]
limits = "limits.csv"

[rules]
enabled = true
catch_up = "6h"

[rules.heartbeat_lost]
max_silence_s = 30

[bots.mm1]
[bots.mm2]
"#,
    )
    .unwrap();
    assert_eq!(config.store.as_deref(), Some(Path::new("/etc/fillwatch/data")));
    let [source] = &config.sources[..] else { panic!("one source") };
    assert_eq!(source.paths[0].pattern, "/var/log/bots");
    assert_eq!(source.paths[1].pattern, "/etc/fillwatch/more/*.jsonl");
    assert_eq!(source.paths[1].root, Path::new("/etc/fillwatch/more"));
    assert_eq!(source.mapping.bot.as_deref(), Some("mm1"));
    assert_eq!(source.mapping.timezone, chrono_tz::America::New_York);
    assert_eq!(source.mapping.fields.len(), 2);
    assert_eq!(config.ingest.commit_bytes, Some(64 << 20));
    assert_eq!(config.ingest.notify, Some(false));
    assert_eq!(config.retention.age, Some(Duration::from_secs(90 * 86_400)));
    assert_eq!(config.sql.timeout, Some(Duration::from_secs(30)));
    assert_eq!(config.tables[0].name, "limits");
    assert_eq!(config.tables[0].file, Path::new("/etc/fillwatch/limits.csv"));
    assert_eq!(config.rules.catch_up, Some(Duration::from_secs(6 * 3_600)));
    assert!(config.rules.source(false).overrides.contains_key("heartbeat_lost"));
    assert_eq!(config.bots, ["mm1", "mm2"]);
}

#[test]
fn an_empty_file_is_a_config() {
    check("", expect!["no complaint\n"]);
    check("# nothing\n[ingest]\n", expect!["no complaint\n"]);
}

#[test]
fn unknown_keys() {
    check(
        "store = \"s\"\n\n[ingest]\ncomit_interval = \"5s\"\n",
        expect![[r#"
            fillwatch: fillwatch.toml:4: unknown key `comit_interval` in [ingest]
            hint: did you mean `commit_interval`?
        "#]],
    );
    check(
        "\ncolour = true\n",
        expect![[r#"
            fillwatch: fillwatch.toml:2: unknown key `colour`
            hint: the keys here are store, source, ingest, retention, sql, tables, rules, bots
        "#]],
    );
    check(
        "[[source]]\npath = \"a\"\n[[source]]\npath = \"b\"\nzone = \"UTC\"\n",
        expect![[r#"
            fillwatch: fillwatch.toml:5: unknown key `zone` in [[source]]
            hint: the keys here are exclude, path, bot, timezone, kind, fields
        "#]],
    );
}

#[test]
fn values_of_another_type() {
    check(
        "store = 3\n",
        expect![[r#"
        fillwatch: fillwatch.toml:1: `store` must be a text, not a whole number
    "#]],
    );
    check(
        "[ingest]\nnotify = \"yes\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `notify` in [ingest] must be true or false, not a text
    "#]],
    );
    check(
        "[ingest]\ncommit_interval = 5\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `commit_interval` in [ingest] must be a duration in quotes, as in "5s", not a whole number
    "#]],
    );
    check(
        "[ingest]\ncommit_size = 64\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `commit_size` in [ingest] must be a size in quotes, as in "64MiB", not a whole number
    "#]],
    );
    check(
        "[ingest]\ncolumns = \"many\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `columns` in [ingest] must be a whole number, not a text
    "#]],
    );
    check(
        "ingest = 5\n",
        expect![[r#"
        fillwatch: fillwatch.toml:1: `ingest` must be a table, not a whole number
    "#]],
    );
    check(
        "[source]\npath = \"logs\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:1: `source` must be written as [[source]], not a table
    "#]],
    );
}

#[test]
fn values_that_say_nothing() {
    check(
        "[ingest]\ncommit_interval = \"5 parsecs\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `commit_interval` in [ingest]: `5 parsecs` is not a duration: write a number and one of ms, s, m, h, d, w, as in `5s`
    "#]],
    );
    check(
        "[ingest]\ncommit_interval = \"0s\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `commit_interval` in [ingest] must be at least 1 ms
    "#]],
    );
    check(
        "[ingest]\nline_size = \"64 megs\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `line_size` in [ingest]: `64 megs` is not a size: write a number and one of B, kB, MB, GB, TB, KiB, MiB, GiB, TiB, as in `64MiB`
    "#]],
    );
    check(
        "[ingest]\nline_size = \"16B\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `line_size` in [ingest] must be at least 4.10 kB
    "#]],
    );
    check(
        "[ingest]\ncolumns = 3\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `columns` in [ingest] must be at least 31
    "#]],
    );
    check(
        "[ingest]\nopen_files = -1\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `open_files` in [ingest] must be at least 1
    "#]],
    );
    check(
        "[retention]\nage = \"1h\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `age` in [retention] must be at least 1 d
    "#]],
    );
    check(
        "[sql]\nviews = \"no/such/directory\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `views` in [sql]: no such directory: no/such/directory
    "#]],
    );
}

#[test]
fn sources() {
    check(
        "[[source]]\nbot = \"mm1\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:1: [[source]] needs a `path`
    "#]],
    );
    check(
        "[[source]]\npath = \"\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `path` in [[source]]: it is empty
    "#]],
    );
    check(
        "[[source]]\npath = \"logs/[a\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `path` in [[source]]: pattern `logs/[a` is not a glob: unclosed character class; missing ']'
    "#]],
    );
    check(
        "[[source]]\npath = \"a\"\nexclude = [\"*.tmp\", \"{a\"]\n",
        expect![[r#"
        fillwatch: fillwatch.toml:3: `exclude` in [[source]]: pattern `{a` is not a glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
    "#]],
    );
    check(
        "[[source]]\npath = \"a\"\ntimezone = \"Europe/Berlim\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:3: `timezone` in [[source]]: `Europe/Berlim` is not a time zone of the IANA database, as in "Europe/Berlin"
        hint: did you mean `Europe/Berlin`?
    "#]],
    );
    check(
        "[[source]]\npath = \"a\"\ntimezone = \"here\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:3: `timezone` in [[source]]: `here` is not a time zone of the IANA database, as in "Europe/Berlin"
    "#]],
    );
    check(
        "[[source]]\npath = \"a\"\nkind = \"fills\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:3: `kind` in [[source]]: `fills` is not a kind of event
        hint: did you mean `fill`?
    "#]],
    );
    check(
        "[[source]]\npath = \"a\"\nkind = \"whatever\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:3: `kind` in [[source]]: `whatever` is not a kind of event
        hint: use one of order_placed, order_acked, order_rejected, order_cancelled, order_expired, fill, trade_closed, position, equity, pnl, heartbeat, ws, api_call, signal, scan, model, error, halt, limit_breach, system, quote, log
    "#]],
    );
    check(
        "[[source]]\npath = \"a\"\nfields = { Price = \"px\" }\n",
        expect![[r#"
        fillwatch: fillwatch.toml:3: `Price` in [[source]] fields: columns are in lower case
    "#]],
    );
    check(
        "[[source]]\npath = \"a\"\nfields = { price = { unit = \"cents\" } }\n",
        expect![[r#"
        fillwatch: fillwatch.toml:3: `price` in [[source]] fields: a field needs a `path` in the JSON
    "#]],
    );
    check(
        "[[source]]\npath = \"a\"\nfields = { price = { path = \"px\", unit = \"cent\" } }\n",
        expect![[r#"
        fillwatch: fillwatch.toml:3: `unit` in [[source]] fields: `cent` is not a unit
        hint: did you mean `cents`?
    "#]],
    );
    check(
        "[[source]]\npath = \"a\"\n[source.fields]\nprice = { path = \"px\", units = \"cents\" }\n",
        expect![[r#"
        fillwatch: fillwatch.toml:4: unknown key `units` in [[source]] fields
        hint: did you mean `unit`?
    "#]],
    );
}

#[test]
fn tables() {
    check("[tables]\nlimits = \"no/such/limits.csv\"\n", expect!["no complaint\n"]);
    check(
        "[tables]\nLimits = \"limits.csv\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `Limits` in [tables]: a table has a name of lower-case letters, digits and `_`
    "#]],
    );
    check(
        "[tables]\nlimits = \"limits.xlsx\"\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `limits` in [tables]: a table is a file named *.csv, *.toml or *.parquet
    "#]],
    );
    check(
        "[tables]\nlimits = 5\n",
        expect![[r#"
        fillwatch: fillwatch.toml:2: `limits` in [tables] must be a text, not a whole number
    "#]],
    );
}

#[test]
fn files_that_are_not_toml() {
    check(
        "store = \n",
        expect![[r#"
        fillwatch: fillwatch.toml:1: string values must be quoted, expected literal string
    "#]],
    );
    check(
        "[ingest]\nnotify = true\nnotify = false\n",
        expect![[r#"
        fillwatch: fillwatch.toml:3: duplicate key
    "#]],
    );
}

#[test]
fn a_source_that_is_not_there() {
    let text = "store = \"s\"\n[[source]]\npath = [\"/\", \"/no/such/logs/*.jsonl\"]\n";
    let config = Config::parse(Path::new("fillwatch.toml"), text).unwrap();
    expect![[r#"
        fillwatch: fillwatch.toml:3: `path` in [[source]]: no such file or directory: /no/such/logs
        hint: paths are relative to the directory of the config file
    "#]]
    .assert_eq(&Failure::from(config.check_sources().unwrap_err()).to_string());
}

#[test]
fn a_column_that_is_nearly_canonical_is_a_warning() {
    let text = "[[source]]\npath = \"/logs\"\n[source.fields]\nfaire = \"f\"\nfair = \"g\"\nmood = \"m\"\n";
    let config = Config::parse(Path::new("fillwatch.toml"), text).unwrap();
    assert_eq!(
        config.sources[0].warnings,
        [
            "fillwatch.toml:4: `faire` in [[source]] fields: a column of your own; did you mean `fair`?"
        ]
    );
}

#[test]
fn what_is_said_of_rules() {
    check(
        "[rules]\ndirectry = \"rules\"\n",
        expect![[r#"
            fillwatch: fillwatch.toml:2: unknown key `directry` in [rules]
            hint: did you mean `directory`?
        "#]],
    );
    check(
        "[rules]\ndirectory = \"no/such/directory\"\n",
        expect![[r#"
            fillwatch: fillwatch.toml:2: `directory` in [rules]: no such directory: no/such/directory
        "#]],
    );
    check(
        "[rules.heartbeat_lost]\nenabled = 1\n",
        expect![[r#"
            fillwatch: fillwatch.toml:2: `heartbeat_lost` in [rules]: `enabled` is true or false
        "#]],
    );
    check(
        "[bots.mm1]\n[bots.mm2]\nowner = \"me\"\n",
        expect![[r#"
            fillwatch: fillwatch.toml:3: unknown key `owner` in [bots.mm2]
            hint: there are no keys here
        "#]],
    );
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "so that calls read check_rules(text, expect![…])"
)]
fn check_rules(text: &str, complaint: Expect) {
    let config = Config::parse(Path::new("fillwatch.toml"), text).unwrap();
    let book = RuleBook::read(&config.rules.source(true));
    let said = match config.rules.check(&book) {
        Ok(()) => "no complaint\n".to_owned(),
        Err(error) => Failure::from(error).to_string(),
    };
    complaint.assert_eq(&said);
}

#[test]
fn rules_take_what_they_know() {
    check_rules(
        "[rules.heartbeat_lost]\nmax_silence_s = \"5m\"\nfor = \"1m\"\n[rules.heartbeat_lost.bots.mm1]\nmax_silence_s = 300\n",
        expect!["no complaint\n"],
    );
    check_rules("[rules.edge_drift.critical]\nsigma = 4.0\n", expect!["no complaint\n"]);
    check_rules(
        "[rules.hartbeat_lost]\n",
        expect![[r#"
            fillwatch: fillwatch.toml:1: [rules.hartbeat_lost]: there is no rule `hartbeat_lost`
            hint: did you mean `heartbeat_lost`?
        "#]],
    );
    check_rules(
        "[rules.heartbeat_lost]\nfor = \"1m\"\nmax_silense_s = 30\n",
        expect![[r#"
            fillwatch: fillwatch.toml:3: unknown key `max_silense_s` in [rules.heartbeat_lost]
            hint: did you mean `max_silence_s`?
        "#]],
    );
    check_rules(
        "[rules.heartbeat_lost]\nmax_silence_s = 30\n\n[rules.heartbeat_lost.bots.mm1]\nmax_silence_s = 0\n",
        expect![[r#"
            fillwatch: fillwatch.toml:5: [rules.heartbeat_lost]: bots.mm1: `max_silence_s` is 0, and must be at least 1
        "#]],
    );
    check_rules(
        "[rules.heartbeat_lost]\n\nevery = \"7s\"\n",
        expect![[r#"
            fillwatch: fillwatch.toml:3: [rules.heartbeat_lost]: `every`: a day is no multiple of 7s; take 10s, 15s, 30s, 1m, 5m, 15m, 1h …
        "#]],
    );
}
