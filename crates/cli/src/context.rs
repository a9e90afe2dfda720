//! What every command runs in.

use std::path::PathBuf;
use std::sync::Arc;

use fillwatch_model::Clock;
use tokio::runtime::Runtime;

use crate::args::Global;
use crate::config::Config;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// The configuration, the streams, the clock and the runtime.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) store: PathBuf,
    pub(crate) terminal: Terminal,
    pub(crate) verbosity: Verbosity,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) runtime: Runtime,
}

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
    Debug,
}

impl Context {
    pub(crate) fn new(
        global: &Global,
        clock: Arc<dyn Clock>,
        runtime: Runtime,
    ) -> Result<Context, Failure> {
        let config = Config::load(global.config.as_deref())?;
        let store = global.store.clone().or_else(|| config.store.clone());
        Ok(Context {
            store: store.unwrap_or_else(|| PathBuf::from("store")),
            config,
            terminal: Terminal::detect(global.color),
            verbosity: match (global.quiet, global.verbose) {
                (true, _) => Verbosity::Quiet,
                (false, 0) => Verbosity::Normal,
                (false, 1) => Verbosity::Verbose,
                (false, _) => Verbosity::Debug,
            },
            clock,
            runtime,
        })
    }
}
