//! Where what was typed is kept.

use std::fs::{self, DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The history file, made if it is not there: `$XDG_STATE_HOME/fillwatch/history`, for the user's
/// eyes only, since queries name accounts and markets. `None` if there is no place for it; the
/// REPL then remembers until it ends.
pub(super) fn file() -> Option<PathBuf> {
    let path = directory(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))?;
    make(&path.join("history"))
}

fn directory(
    state: Option<std::ffi::OsString>,
    home: Option<std::ffi::OsString>,
) -> Option<PathBuf> {
    let state = state.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || home.map(PathBuf::from).filter(|path| path.is_absolute());
    Some(state.or_else(|| Some(home()?.join(".local/state")))?.join("fillwatch"))
}

fn make(file: &Path) -> Option<PathBuf> {
    let directory = file.parent()?;
    if !directory.is_dir() {
        fs::create_dir_all(directory.parent()?).ok()?;
        DirBuilder::new().mode(0o700).create(directory).ok()?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(file).ok()?;
    Some(file.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_history_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let file = make(&dir.path().join("state/fillwatch/history")).unwrap();
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn it_lies_where_the_desktop_says() {
        let at = |state: Option<&str>, home: Option<&str>| {
            directory(state.map(Into::into), home.map(Into::into))
        };
        assert_eq!(at(Some("/s"), Some("/h")), Some("/s/fillwatch".into()));
        assert_eq!(at(None, Some("/h")), Some("/h/.local/state/fillwatch".into()));
        assert_eq!(at(Some("relative"), None), None);
    }
}
