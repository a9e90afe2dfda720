//! All rules: those that ship, and the user's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Overrides, Rule, RuleError};

/// Every rule under `sql/rules`, by name.
pub const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// The timeline of each, by name.
pub const SHIPPED_TESTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/tests.rs"));

/// Where rules come from.
#[derive(Clone, Debug, Default)]
pub struct RuleSource {
    /// Without those that ship.
    pub only_own: bool,
    /// The user's directory: its files add to ours, and shadow those of the same name.
    pub directory: Option<PathBuf>,
    /// What the configuration says of single rules.
    pub overrides: BTreeMap<String, Overrides>,
}

/// A rule that cannot be used.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Its name, by its file.
    pub name: String,
    /// What is wrong.
    pub error: RuleError,
    /// An earlier version of it is used meanwhile.
    pub kept: bool,
}

/// All rules, by name.
#[derive(Clone, Debug, Default)]
pub struct RuleBook {
    rules: BTreeMap<String, Rule>,
    broken: Vec<Broken>,
}

impl RuleBook {
    /// Reads the rules. One that is broken is in [`broken`](RuleBook::broken), and no other is the
    /// worse for it.
    pub fn read(source: &RuleSource) -> RuleBook {
        RuleBook::default().again(source)
    }

    /// Reads them again. Of a file that is broken now, the version that this book has is kept.
    #[must_use]
    pub fn again(&self, source: &RuleSource) -> RuleBook {
        let mut book = RuleBook::default();
        let mut files: BTreeMap<String, (PathBuf, Result<String, String>, bool)> = BTreeMap::new();
        for (name, text) in SHIPPED.iter().filter(|_| !source.only_own) {
            let file = Path::new("sql/rules").join(format!("{name}.sql"));
            files.insert((*name).to_owned(), (file, Ok((*text).to_owned()), true));
        }
        if let Some(directory) = &source.directory {
            match sql_files(directory) {
                Ok(found) => {
                    for file in found {
                        let name =
                            file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                        let text = fs::read_to_string(&file).map_err(|error| error.to_string());
                        files.insert(name, (file, text, false));
                    }
                }
                Err(error) => {
                    let cause = format!("the directory of rules cannot be read: {error}");
                    let error = RuleError { file: directory.clone(), line: None, cause };
                    // What it had is kept: a directory that is being moved must not end a watch.
                    for (name, rule) in self.rules.iter().filter(|(_, rule)| !rule.is_shipped) {
                        files.remove(name);
                        book.rules.insert(name.clone(), rule.clone());
                    }
                    book.broken.push(Broken {
                        name: directory.display().to_string(),
                        error,
                        kept: true,
                    });
                }
            }
        }
        for name in source
            .overrides
            .keys()
            .filter(|name| !files.contains_key(*name) && !book.rules.contains_key(*name))
        {
            let cause = format!(
                "[rules.{name}] of the configuration: there is no rule `{name}`; `fillwatch rules list` shows those there are"
            );
            book.broken.push(Broken {
                name: name.clone(),
                error: RuleError { file: PathBuf::from(format!("{name}.sql")), line: None, cause },
                kept: false,
            });
        }
        let none = Overrides::default();
        for (name, (file, text, is_shipped)) in files {
            let overrides = source.overrides.get(&name).unwrap_or(&none);
            let read = text
                .map_err(|cause| RuleError { file: file.clone(), line: None, cause })
                .and_then(|text| Rule::read(&file, &text, is_shipped, overrides));
            match read {
                Ok(rule) => {
                    book.rules.insert(name, rule);
                }
                Err(error) => {
                    let last_good = self.rules.get(&name);
                    book.broken.push(Broken {
                        name: name.clone(),
                        error,
                        kept: last_good.is_some(),
                    });
                    if let Some(rule) = last_good {
                        book.rules.insert(name, rule.clone());
                    }
                }
            }
        }
        book
    }

    /// The same book with `rule` in the place of the one of its name.
    #[must_use]
    pub fn with(mut self, rule: Rule) -> RuleBook {
        self.rules.insert(rule.name.clone(), rule);
        self
    }

    /// Keeps the last version of a rule that this book had before, since the new one is broken in a
    /// way that only its planning showed.
    pub fn set_aside(&mut self, before: &RuleBook, name: &str, cause: String) {
        let Some(new) = self.rules.remove(name) else { return };
        let last_good = before.rules.get(name);
        let error = RuleError { file: new.file, line: None, cause };
        self.broken.push(Broken { name: name.to_owned(), error, kept: last_good.is_some() });
        if let Some(rule) = last_good {
            self.rules.insert(name.to_owned(), rule.clone());
        }
    }

    /// The rules, by name.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// Those that are evaluated.
    pub fn enabled(&self) -> impl Iterator<Item = &Rule> {
        self.rules().filter(|rule| rule.is_enabled)
    }

    /// The rule of this name.
    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.rules.get(name)
    }

    /// The files that are no rules, and why.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }
}

fn sql_files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        // Editors write beside what they save: `.#rule.sql`.
        if name.ends_with(".sql") && !name.starts_with('.') {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
