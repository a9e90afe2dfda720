//! Where logs are: a directory, a glob or a file, without what is excluded.

use std::path::{Component, Path, PathBuf};

use fillwatch_model::SourceId;
use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use crate::name::{LogName, is_hidden};

/// Logs to tail: a directory (with all below it), a glob, or one file.
///
/// From a directory only files named like logs are taken: `*.jsonl *.json *.ndjson *.log *.txt`,
/// their rotated generations (`bot.log.1`, `bot.log-20260101`), and `.gz` and `.zst` of all these.
/// A glob or a file stands for its rotated generations too: `logs/bot.jsonl` also means
/// `logs/bot.jsonl.2.gz`, which holds lines that were written to it.
#[derive(Clone, Debug)]
pub struct Source {
    id: SourceId,
    root: PathBuf,
    pattern: Pattern,
    exclude: GlobSet,
    hidden: bool,
}

#[derive(Clone, Debug)]
enum Pattern {
    /// The root itself: a file, or everything below it.
    Path,
    /// Paths below the root.
    Glob(GlobMatcher),
}

/// A pattern that is none.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The grammar of globs is broken.
    #[error("pattern `{pattern}` is not a glob: {why}")]
    Glob {
        /// As it was given.
        pattern: String,
        /// What is wrong.
        why: String,
    },
    /// The working directory, which a relative path needs, cannot be found.
    #[error("cannot make `{pattern}` an absolute path")]
    Path {
        /// As it was given.
        pattern: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Source {
    /// The logs that `pattern` means. It need not exist yet. An `exclude` without a slash is the
    /// name of a file or directory anywhere below, one with a slash is a path, relative to the
    /// source's root or absolute; all may have wildcards.
    ///
    /// # Errors
    /// If `pattern` or one of `exclude` is not a glob.
    pub fn new(id: SourceId, pattern: &str, exclude: &[String]) -> Result<Source, SourceError> {
        let path_error = |source| SourceError::Path { pattern: pattern.to_owned(), source };
        let path = std::path::absolute(pattern).map_err(path_error)?;
        let is_glob = pattern.contains(['*', '?', '[', '{']) && !path.exists();
        let root = if is_glob { literal_beginning(&path) } else { path.clone() };
        let pattern = if is_glob {
            Pattern::Glob(glob(&path.to_string_lossy(), pattern)?.compile_matcher())
        } else {
            Pattern::Path
        };
        let hidden = path.components().any(|part| {
            matches!(part, Component::Normal(name)
            if is_hidden(&name.to_string_lossy()) && !root.components().any(|c| c == part))
        });
        Ok(Source { id, exclude: excluded(&root, exclude)?, root, pattern, hidden })
    }

    /// Its number.
    pub fn id(&self) -> SourceId {
        self.id
    }

    /// The file or directory that everything it means lies under; for a caller who wants to say
    /// that it does not exist.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it means the file at `path`, a path below its root.
    pub(crate) fn takes(&self, path: &Path) -> bool {
        if self.excludes(path) {
            return false;
        }
        match &self.pattern {
            Pattern::Path if path == self.root => true,
            Pattern::Path => {
                let name = LogName::of(path);
                let below = path.starts_with(&self.root);
                if below { name.is_log() } else { is_rotation_of(path, &name, &self.root) }
            }
            Pattern::Glob(matcher) => {
                let name = LogName::of(path);
                matcher.is_match(path)
                    || [&name.log, &name.family]
                        .iter()
                        .any(|log| matcher.is_match(path.with_file_name(log)))
            }
        }
    }

    /// Whether a walk should go into the directory at `path`, one below its root.
    pub(crate) fn enters(&self, path: &Path) -> bool {
        !self.excludes(path)
    }

    /// The directories a walk starts from, and whether it goes into those below them.
    pub(crate) fn walk(&self) -> Option<(&Path, bool)> {
        match &self.pattern {
            Pattern::Path if self.root.is_dir() => Some((&self.root, true)),
            Pattern::Path => self.root.parent().map(|parent| (parent, false)),
            Pattern::Glob(_) => Some((&self.root, true)),
        }
    }

    fn excludes(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        (!self.hidden && path != self.root && is_hidden(&name.to_string_lossy()))
            || self.exclude.is_match(path)
    }
}

fn is_rotation_of(path: &Path, name: &LogName, current: &Path) -> bool {
    path.parent() == current.parent() && name.is_rotation_of(&LogName::of(current))
}

/// A glob whose `*` stays within a directory.
fn glob(text: &str, given: &str) -> Result<Glob, SourceError> {
    GlobBuilder::new(text).literal_separator(true).build().map_err(|error| SourceError::Glob {
        pattern: given.to_owned(),
        why: error.kind().to_string(),
    })
}

fn excluded(root: &Path, patterns: &[String]) -> Result<GlobSet, SourceError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let text = if pattern.starts_with('/') {
            pattern.clone()
        } else if pattern.trim_end_matches('/').contains('/') {
            format!("{}/{pattern}", globset::escape(&root.to_string_lossy()))
        } else {
            format!("**/{}", pattern.trim_end_matches('/'))
        };
        set.add(glob(text.trim_end_matches('/'), pattern)?);
    }
    let whole = patterns.join(" ");
    set.build().map_err(|error| SourceError::Glob { pattern: whole, why: error.kind().to_string() })
}

/// The directories before the first wildcard.
fn literal_beginning(pattern: &Path) -> PathBuf {
    let literal =
        |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
    pattern.components().take_while(literal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, exclude: &[&str], path: &str, expect: bool) {
        let exclude: Vec<String> = exclude.iter().map(|text| (*text).to_owned()).collect();
        let source = Source::new(SourceId(0), pattern, &exclude).unwrap();
        assert_eq!(source.takes(Path::new(path)), expect, "{pattern} without {exclude:?}: {path}");
    }

    #[test]
    fn a_directory_means_the_logs_below_it() {
        check("/logs", &[], "/logs/bot.jsonl", true);
        check("/logs", &[], "/logs/deep/er/bot.log.1.gz", true);
        check("/logs", &[], "/logs/core.dump", false);
        check("/logs", &[], "/logs/.bot.jsonl.swp", false);
        check("/logs", &["debug*"], "/logs/debug.log", false);
        check("/logs", &["old/*.log"], "/logs/old/bot.log", false);
        check("/logs", &["old/*.log"], "/logs/other/bot.log", true);
    }

    #[test]
    fn a_glob_means_what_matches_and_its_rotated_generations() {
        check("/logs/*.jsonl", &[], "/logs/bot.jsonl", true);
        check("/logs/*.jsonl", &[], "/logs/bot.log", false);
        check("/logs/*.jsonl", &[], "/logs/deep/bot.jsonl", false);
        check("/logs/**/*.jsonl", &[], "/logs/deep/bot.jsonl", true);
        check("/logs/*.jsonl", &[], "/logs/bot.jsonl.2026-01-01", true);
        check("/logs/bot?/trades", &[], "/logs/bot1/trades.1.gz", true);
        check("/logs/{a,b}.log", &[], "/logs/b.log", true);
    }

    #[test]
    fn a_file_means_itself_and_its_rotated_generations() {
        check("/logs/trades", &[], "/logs/trades", true);
        check("/logs/bot.log", &[], "/logs/bot.log.1", true);
        check("/logs/bot.log", &[], "/logs/eth.log", false);
    }

    #[test]
    fn a_pattern_that_is_no_glob_says_so() {
        let error = Source::new(SourceId(0), "/logs/[a.log", &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "pattern `/logs/[a.log` is not a glob: unclosed character class; missing ']'"
        );
    }
}
