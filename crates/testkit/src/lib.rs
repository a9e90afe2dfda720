//! For tests only: a folder in which everything happens to log files that happens to log files,
//! and an account of what must come out of a reader of them.
//!
//! ```no_run
//! use fillwatch_testkit::{Account, Folder};
//!
//! let folder = Folder::new()?;
//! let mut account = Account::default();
//! let line = account.next_line();
//! folder.append("bot.log", &line)?;
//! folder.rename("bot.log", "bot.log.1")?;
//! account.read(&line);
//! assert_eq!(account.verdict().to_string(), "1 line, each once");
//! # Ok::<(), std::io::Error>(())
//! ```

mod account;
mod folder;

pub use account::{Account, Verdict};
pub use folder::Folder;
