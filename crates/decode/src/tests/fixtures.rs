//! The fixtures that others can use too, `fixtures/logs`, and what becomes of them: one snapshot of
//! rows beside each test.

use std::path::{Path, PathBuf};

use expect_test::expect_file;

use super::{chunk, decoder, shown_with};
use crate::Mapping;

/// Decodes the files of one folder of `fixtures/logs`, each by itself, and compares their rows with
/// `rows/<folder>.txt`.
fn check(folder: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/logs");
    let mut files = Vec::new();
    collect(&root.join(folder), &mut files);
    files.sort();
    assert!(!files.is_empty(), "no fixtures in {folder}");
    let mut text = String::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let decoded = decoder(Mapping::default()).decode(&[chunk(path, 0, &bytes)]);
        text.push_str(&format!("── {path}\n{}", shown_with(&decoded, &[])));
    }
    let rows = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/tests/rows/{folder}.txt"));
    expect_file![rows].assert_eq(&text);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[test]
fn kalshi() {
    check("kalshi");
}

#[test]
fn qkt() {
    check("qkt");
}

#[test]
fn polybot() {
    check("polybot");
}

#[test]
fn catalyst() {
    check("catalyst");
}

#[test]
fn purpleflea() {
    check("purpleflea");
}

#[test]
fn loggers() {
    check("loggers");
}
