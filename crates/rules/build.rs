//! Lists the rules that ship, and their timelines, so that a new file under `sql/rules` is part of
//! the binary by being there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let rules = here.join("../../sql/rules");
    println!("cargo::rerun-if-changed={}", rules.display());
    fs::write(out.join("rules.rs"), list(&rules, "sql")?)?;
    fs::write(out.join("tests.rs"), list(&rules, "test")?)
}

/// The files of a folder with this extension as `&[(name, text)]`, by name.
fn list(folder: &Path, extension: &str) -> io::Result<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path().canonicalize()?;
        if file.extension().is_some_and(|of| of == extension) {
            files.push(file);
        }
    }
    files.sort();
    let mut code = String::from("&[");
    for file in &files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let _ = writeln!(code, "    ({name:?}, include_str!({:?})),", file.display().to_string());
    }
    code.push(']');
    Ok(code)
}
