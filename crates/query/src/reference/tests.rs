//! What becomes of a file, as a table or as a complaint.

use std::fs::{self, File};

use ::parquet::arrow::ArrowWriter;
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use expect_test::{Expect, expect};

use super::*;

/// Reads `text` as the table `limits` in the file `name`, and gives types and rows.
async fn shown(name: &str, text: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    match Reference::read("limits", &file).table {
        Ok(table) => {
            let types = crate::relation::columns(&table.schema());
            let types: Vec<String> =
                types.into_iter().map(|(name, of)| format!("{name} {of}")).collect();
            let context = SessionContext::new();
            let rows = context.read_table(table).unwrap().collect().await.unwrap();
            format!("{}\n{}\n", types.join(", "), pretty_format_batches(&rows).unwrap())
        }
        Err(error) => error.to_string().replace(&format!("{}/", folder.path().display()), ""),
    }
}

async fn check(name: &str, text: &str, becomes: Expect) {
    becomes.assert_eq(&shown(name, text.as_bytes()).await);
}

#[tokio::test]
async fn a_csv_file_is_a_table() {
    check(
        "limits.csv",
        "\u{feff}Market, max_size ,hard,since,account_id,note\r\n\
         BTC-100K, 100,true,2026-01-05T09:00:00+01:00,007,\"a \"\"big\"\" one,\n really\"\r\n\
         \r\n\
         ETH,2.5 ,FALSE,2026-01-05T09:00:00Z,8,\"\"\r\n\
         SOL,,,,,none",
        expect![[r#"
            market text, max_size float, hard bool, since timestamp, account_id text, note text
            +----------+----------+-------+----------------------+------------+--------------+
            | market   | max_size | hard  | since                | account_id | note         |
            +----------+----------+-------+----------------------+------------+--------------+
            | BTC-100K | 100.0    | true  | 2026-01-05T08:00:00Z | 007        | a "big" one, |
            |          |          |       |                      |            |  really      |
            | ETH      | 2.5      | false | 2026-01-05T09:00:00Z | 8          |              |
            | SOL      |          |       |                      |            | none         |
            +----------+----------+-------+----------------------+------------+--------------+
        "#]],
    )
    .await;
}

#[tokio::test]
async fn texts_may_look_like_numbers_where_most_do_not() {
    check(
        "limits.csv",
        "market,code\nBTC,007\n2026,008\nETH,nan\n",
        expect![[r#"
        market text, code text
        +--------+------+
        | market | code |
        +--------+------+
        | BTC    | 007  |
        | 2026   | 008  |
        | ETH    | nan  |
        +--------+------+
    "#]],
    )
    .await;
    check(
        "limits.csv",
        "market,max\n",
        expect![[r#"
        market text, max text
        +--------+-----+
        | market | max |
        +--------+-----+
        +--------+-----+
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_slip_in_a_csv_file_is_named_by_its_place() {
    check(
        "limits.csv",
        "market,max\nBTC,100\nETH,25o\n",
        expect!["limits.csv:3: column `max`: `25o` is not a number, as most of its values are"],
    )
    .await;
    check(
        "limits.csv",
        "market,since\nBTC,2026-01-05T09:00:00Z\nETH,yesterday\n",
        expect![
            "limits.csv:3: column `since`: `yesterday` is not a time, as most of its values are"
        ],
    )
    .await;
    check(
        "limits.csv",
        "market,max\nBTC,100\nETH,25,7\n",
        expect!["limits.csv:3: it has 3 values for 2 columns"],
    )
    .await;
    check(
        "limits.csv",
        "market;max\nBTC;100\n",
        expect!["limits.csv:1: columns are parted by commas"],
    )
    .await;
    check(
        "limits.csv",
        "market,max,Max\nBTC,100,1\n",
        expect!["limits.csv:1: two columns are called `max`"],
    )
    .await;
    check("limits.csv", "market,,max\nBTC,100,1\n", expect!["limits.csv:1: column 2 has no name"])
        .await;
    check(
        "limits.csv",
        "market,max\n\"BTC,100\n",
        expect!["limits.csv:2: a quote is opened here and never closed"],
    )
    .await;
    check(
        "limits.csv",
        "market,max\n\"BTC\"x,100\n",
        expect![
            "limits.csv:2: a value goes on after its closing quote; a quote inside one is doubled"
        ],
    )
    .await;
    check("limits.csv", "\n", expect!["limits.csv: it is empty"]).await;
    let not_text = shown("limits.csv", b"market,max\nBTC,100\n\xff,1\n").await;
    expect!["limits.csv:3: it is not UTF-8"].assert_eq(&not_text);
}

#[tokio::test]
async fn a_toml_file_is_a_table() {
    check(
        "limits.toml",
        "[[limits]]\nmarket = \"BTC\"\nmax_size = 100\nsince = 2026-01-05T09:00:00+01:00\n\n\
         [[limits]]\nmarket = \"ETH\"\nmax_size = 2.5\nhard = true\nsince = 2026-01-05\n",
        expect![[r#"
            market text, max_size float, since timestamp, hard bool
            +--------+----------+----------------------+------+
            | market | max_size | since                | hard |
            +--------+----------+----------------------+------+
            | BTC    | 100.0    | 2026-01-05T08:00:00Z |      |
            | ETH    | 2.5      | 2026-01-05T00:00:00Z | true |
            +--------+----------+----------------------+------+
        "#]],
    )
    .await;
    let keyed = "[BTC-100K]\nmax_size = 100\n[ETH]\nmax_size = 50\nnote = \"small\"\n";
    check(
        "limits.toml",
        keyed,
        expect![[r#"
        name text, max_size int, note text
        +----------+----------+-------+
        | name     | max_size | note  |
        +----------+----------+-------+
        | BTC-100K | 100      |       |
        | ETH      | 50       | small |
        +----------+----------+-------+
    "#]],
    )
    .await;
    check(
        "limits.toml",
        "[limits.BTC]\nmax_size = 1\n[limits.ETH]\nmax_size = 2\n",
        expect![[r#"
        name text, max_size int
        +------+----------+
        | name | max_size |
        +------+----------+
        | BTC  | 1        |
        | ETH  | 2        |
        +------+----------+
    "#]],
    )
    .await;
    check(
        "limits.toml",
        "[[rows]]\nmax_size = 0x10\n",
        expect![[r#"
        max_size int
        +----------+
        | max_size |
        +----------+
        | 16       |
        +----------+
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_slip_in_a_toml_file_is_named_by_its_place() {
    check(
        "limits.toml",
        "[[limits]]\nmax = 1\n\n[[limits]]\nmax = \"2\"\n\n[[limits]]\nmax = 3\n",
        expect!["limits.toml:5: column `max`: a text stands where others have a number"],
    )
    .await;
    check(
        "limits.toml",
        "[[limits]]\nmax = [1]\n",
        expect!["limits.toml:2: `max`: a value is one text, number, truth or time, not a list"],
    )
    .await;
    check(
        "limits.toml",
        "[[limits]]\nmax = inf\n",
        expect!["limits.toml:2: `max`: nothing compares with it"],
    )
    .await;
    check(
        "limits.toml",
        "max = 1\n",
        expect![
            "limits.toml:1: `max` is not a table: a row is a [[table]] of a list, or a [table]"
        ],
    )
    .await;
    check(
        "limits.toml",
        "[[limits]]\nmax = 1\n[[others]]\nmax = 1\n",
        expect!["limits.toml:3: `others` stands beside the rows of `limits`"],
    )
    .await;
    check(
        "limits.toml",
        "[BTC]\nname = \"Bitcoin\"\n",
        expect!["limits.toml:2: `name` is there twice in this row"],
    )
    .await;
    check(
        "limits.toml",
        "max = \n",
        expect!["limits.toml:1: string values must be quoted, expected literal string"],
    )
    .await;
    check("limits.toml", "", expect!["limits.toml: it is empty"]).await;
}

#[tokio::test]
async fn a_parquet_file_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("limits.parquet");
    let rows = vec![Some((1, Value::Int(7))), None];
    let rows = batch(vec![Column { name: "Max".to_owned(), values: rows }]).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(&file).unwrap(), rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let bytes = fs::read(&file).unwrap();
    expect![[r#"
        max int
        +-----+
        | max |
        +-----+
        | 7   |
        |     |
        +-----+
    "#]]
    .assert_eq(&shown("limits.parquet", &bytes).await);
    let torn = shown("limits.parquet", &bytes[..bytes.len() - 9]).await;
    assert!(torn.starts_with("limits.parquet: it is not a whole Parquet file: "), "{torn}");
}

#[test]
fn other_files_are_no_tables() {
    let complaint =
        |file: &str| Reference::read("limits", Path::new(file)).table.unwrap_err().to_string();
    expect!["limits.xlsx: a table is a file named *.csv, *.toml or *.parquet"]
        .assert_eq(&complaint("limits.xlsx"));
    expect!["no/such/limits.csv: there is no such file"]
        .assert_eq(&complaint("no/such/limits.csv"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("limits.csv");
    File::create(&file).unwrap().set_len(REFERENCE_BYTES_MAX + (1 << 20)).unwrap();
    let large = complaint(&file.display().to_string());
    assert!(large.ends_with("limits.csv: it has 17 MiB, and a table at most 16"), "{large}");
    let header = (0..=REFERENCE_COLUMNS_MAX).map(|n| format!("c{n}")).collect::<Vec<_>>();
    fs::write(&file, header.join(",")).unwrap();
    let wide = complaint(&file.display().to_string());
    assert!(wide.ends_with("limits.csv:1: it has 201 columns, and a table at most 200"), "{wide}");
}
