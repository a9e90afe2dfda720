//! Lists the SQL that ships, so that a new file under `sql/` is part of the binary by being there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for folder in ["views", "closes"] {
        let sql = here.join("../../sql").join(folder);
        println!("cargo::rerun-if-changed={}", sql.display());
        fs::write(out.join(format!("{folder}.rs")), list(&sql)?)?;
    }
    Ok(())
}

/// The files of a folder as `&[(name, text)]`, by name.
fn list(folder: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.path().canonicalize()?;
        if file.extension().is_some_and(|extension| extension == "sql") {
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
