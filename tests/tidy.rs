//! House rules that a reviewer should not have to watch for.

use std::fs;
use std::path::{Path, PathBuf};

/// A file past this has more than one idea in it.
const LINES_MAX: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rust_files() -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for dir in ["crates", "tests"] {
        walk(&root().join(dir), &mut found);
    }
    assert!(found.len() > 50, "the house is not where this test thinks");
    found
}

fn check(offends: impl Fn(&str) -> bool, rule: &str) {
    let offends = |path: &PathBuf| offends(&fs::read_to_string(path).unwrap());
    let offenders: Vec<PathBuf> = rust_files().into_iter().filter(offends).collect();
    assert!(offenders.is_empty(), "{rule}: {offenders:#?}");
}

#[test]
fn a_file_has_one_idea_and_says_which() {
    check(|text| !text.starts_with("//!"), "a file opens by saying what it holds");
    check(|text| text.lines().count() > LINES_MAX, "a file has at most 600 lines");
}

#[test]
fn time_is_an_argument() {
    let reads_the_clock = concat!("SystemTime::", "now(");
    let readers = rust_files().into_iter().filter(|path| {
        !path.ends_with("serve/src/clock.rs")
            && path.components().any(|part| part.as_os_str() == "src")
            && fs::read_to_string(path).unwrap().contains(reads_the_clock)
    });
    assert_eq!(
        readers.collect::<Vec<_>>(),
        Vec::<PathBuf>::new(),
        "only serve/clock.rs reads the wall clock"
    );
}

#[test]
fn heavy_crates_are_named_where_they_may_be() {
    let users = |of: &str| -> Vec<String> {
        let mut users = Vec::new();
        for entry in fs::read_dir(root().join("crates")).unwrap() {
            let dir = entry.unwrap().path();
            let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
            let (dependencies, _) =
                manifest.split_once("[dev-dependencies]").unwrap_or((&manifest, ""));
            if dependencies.lines().any(|line| line.starts_with(&format!("{of}."))) {
                users.push(dir.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
        users.sort();
        users
    };
    assert_eq!(users("deltalake"), ["store"]);
    assert_eq!(users("datafusion"), ["query", "store"]);
    assert_eq!(users("notify"), ["tail"]);
}
