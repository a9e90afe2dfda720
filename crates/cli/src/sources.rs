//! Which logs a command reads, and by which rules: those named on the command line, else those of
//! the configuration.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fillwatch_decode::Mapping;
use fillwatch_model::SourceId;
use fillwatch_tail::Source;

use crate::config::{Config, SourceConfig};
use crate::failure::Failure;
use crate::inspect::draft::{Drafted, path_in};

/// The sources, and the mapping of each by its number.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) sources: Vec<Source>,
    pub(crate) mappings: Arc<[Mapping]>,
    /// Each as it was written, with what it leaves out.
    written: Vec<(String, Vec<String>)>,
}

impl Sources {
    /// What a configuration at `file` would say of them.
    pub(crate) fn drafts(&self, file: Option<&Path>) -> Vec<Drafted<'_>> {
        let file = file.unwrap_or(Path::new(""));
        let drafts = self.written.iter().zip(self.mappings.iter());
        let draft = drafts.map(|((pattern, exclude), mapping)| Drafted {
            path: path_in(file, pattern),
            exclude,
            mapping,
        });
        draft.collect()
    }
}

/// What to do where sources are there and hold no log.
pub(crate) const NO_FILES_HINT: &str = "in a directory, files are taken that are named *.jsonl, *.json, *.ndjson, *.log or *.txt; a glob or a file names any";

/// Finds the sources.
pub(crate) fn choose(named: &[PathBuf], config: &Config) -> Result<Sources, Failure> {
    let mut chosen = Chosen::default();
    if named.is_empty() {
        config.check_sources()?;
        for source in &config.sources {
            for path in &source.paths {
                chosen.add(&path.pattern, &source.exclude, source.mapping.clone())?;
            }
        }
    }
    for path in named {
        match rules_for(path, config)? {
            Some(source) => chosen.add(&text(path), &source.exclude, source.mapping.clone())?,
            None => chosen.add(&text(path), &[], Mapping::default())?,
        }
    }
    if chosen.sources.is_empty() {
        return Err(Failure::usage("no logs were named").hint(
            "name a directory, a glob or a file, or list them as [[source]] in fillwatch.toml",
        ));
    }
    let Chosen { sources, mappings, written } = chosen;
    Ok(Sources { sources, mappings: mappings.into(), written })
}

/// What in the configuration is allowed and most likely meant otherwise. It is told by commands that
/// read logs by it.
pub(crate) fn warnings(named: &[PathBuf], config: &Config) -> Vec<String> {
    let used = |source: &&SourceConfig| {
        named.is_empty()
            || named.iter().any(|path| {
                rules_for(path, config)
                    .is_ok_and(|rules| rules.is_some_and(|rules| std::ptr::eq(rules, *source)))
            })
    };
    config.sources.iter().filter(used).flat_map(|source| source.warnings.clone()).collect()
}

#[derive(Default)]
struct Chosen {
    sources: Vec<Source>,
    mappings: Vec<Mapping>,
    written: Vec<(String, Vec<String>)>,
}

impl Chosen {
    fn add(&mut self, pattern: &str, exclude: &[String], mapping: Mapping) -> Result<(), Failure> {
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        let source = Source::new(id, pattern, exclude).map_err(Failure::usage)?;
        if !source.root().exists() {
            return Err(Failure::usage(format!("no such file or directory: {pattern}")));
        }
        self.sources.push(source);
        self.mappings.push(mapping);
        self.written.push((pattern.to_owned(), exclude.to_vec()));
        Ok(())
    }
}

/// The `[[source]]` that has the rules for a path named on the command line: the one it lies in.
///
/// A path that holds sources is refused. Read without their rules it would give other numbers than
/// the same files give through the configuration, and nobody would know.
fn rules_for<'a>(path: &Path, config: &'a Config) -> Result<Option<&'a SourceConfig>, Failure> {
    let real = real(path);
    let mut holding = None;
    for source in &config.sources {
        for root in source.paths.iter().map(|path| self::real(&path.root)) {
            if real.starts_with(&root) {
                return Ok(Some(source));
            }
            if root.starts_with(&real) {
                holding = Some(root);
            }
        }
    }
    match holding {
        None => Ok(None),
        Some(root) => {
            let held = root.display();
            Err(Failure::usage(format!(
                "`{}` holds `{held}`, which has rules of its own in the configuration",
                path.display()
            ))
            .hint("name no directory to read all of its sources, or `--config /dev/null` to read without rules"))
        }
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn check(named: &[&str], want: Result<&[Option<&str>], &str>) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("logs/kalshi/old")).unwrap();
        fs::create_dir_all(dir.path().join("other")).unwrap();
        let text = "[[source]]\npath = \"logs/kalshi\"\nbot = \"kalshi\"\n";
        let config = Config::parse(&dir.path().join("fillwatch.toml"), text).unwrap();
        let named: Vec<PathBuf> = named.iter().map(|name| dir.path().join(name)).collect();
        let got = choose(&named, &config).map_err(|failure| failure.to_string());
        match (got, want) {
            (Ok(got), Ok(want)) => {
                let bots: Vec<_> = got.mappings.iter().map(|rules| rules.bot.as_deref()).collect();
                assert_eq!(bots, want);
            }
            (Err(got), Err(want)) => assert!(got.contains(want), "{got}"),
            (got, want) => panic!("{got:?}, not {want:?}"),
        }
    }

    #[test]
    fn without_names_the_configuration_says() {
        check(&[], Ok(&[Some("kalshi")]));
    }

    #[test]
    fn a_named_directory_is_read_by_the_rules_of_the_source_it_lies_in() {
        check(&["logs/kalshi"], Ok(&[Some("kalshi")]));
        check(&["logs/kalshi/old", "other"], Ok(&[Some("kalshi"), None]));
    }

    #[test]
    fn a_named_directory_that_holds_sources_is_refused() {
        check(&["logs"], Err("which has rules of its own"));
    }

    #[test]
    fn what_is_not_there_is_said() {
        check(&["nowhere"], Err("no such file or directory: "));
    }
}
