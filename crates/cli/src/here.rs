//! Paths as they are seen from where fillwatch was started.

use std::path::Path;

/// `path` without the working directory it lies in: what the user would have typed.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    below.filter(|below| !below.as_os_str().is_empty()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_here_is_named_from_here() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(shown(&here.join("logs/a.jsonl")), "logs/a.jsonl");
        assert_eq!(shown(Path::new("/elsewhere/a.jsonl")), "/elsewhere/a.jsonl");
        assert_eq!(shown(&here), here.display().to_string());
    }
}
