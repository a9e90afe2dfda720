//! The log of fillwatch itself, on standard error.

use tracing_subscriber::EnvFilter;

use crate::context::{Context, Verbosity};
use crate::screen::Screen;

/// A filter in the syntax of `tracing`, over what `-v` and `-q` say.
const VARIABLE: &str = "FILLWATCH_LOG";

/// Starts the log above the changing line of `screen`. The log of a quiet hour is quiet, and what
/// other crates log of an error they also return is theirs to keep, unless we are to say more.
pub(crate) fn start(context: &Context, screen: &Screen) {
    let default = match context.verbosity {
        Verbosity::Quiet => "off,fillwatch=error,fillwatch_serve=error,fillwatch_store=error",
        Verbosity::Normal => "off,fillwatch=warn,fillwatch_serve=warn,fillwatch_store=warn",
        Verbosity::Verbose => "error,fillwatch=info,fillwatch_serve=info,fillwatch_store=info",
        Verbosity::Debug => "warn,fillwatch=debug,fillwatch_serve=debug,fillwatch_store=debug",
    };
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(default));
    // It fails only if a log was started before; then that one will do.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(screen.clone())
        .with_ansi(context.terminal.error && context.terminal.color)
        .with_target(false)
        .try_init();
}
