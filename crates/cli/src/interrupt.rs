//! Ctrl-C and SIGTERM: the first asks, the second insists.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Whether the user wants an end of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
    notify: Arc<Notify>,
}

impl Interrupt {
    /// Listens from now on. Must be called inside the runtime.
    pub(crate) fn listen() -> Result<Interrupt, Failure> {
        let cannot = |error| Failure::failed(format!("cannot listen for signals: {error}"));
        let mut int = signal(SignalKind::interrupt()).map_err(cannot)?;
        let mut term = signal(SignalKind::terminate()).map_err(cannot)?;
        let interrupt = Interrupt::default();
        let heard = interrupt.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! { _ = int.recv() => {}, _ = term.recv() => {} }
                heard.ask();
            }
        });
        Ok(interrupt)
    }

    /// As if the user had asked.
    pub(crate) fn ask(&self) {
        if self.asked.swap(true, Ordering::SeqCst) {
            abort();
        }
        self.notify.notify_waiters();
    }

    /// Whether somebody asked.
    pub(crate) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until somebody asks.
    pub(crate) async fn asked(self) {
        let notified = self.notify.notified();
        tokio::pin!(notified);
        // Registered before the look, so that asking in between is heard.
        notified.as_mut().enable();
        if !self.was_asked() {
            notified.await;
        }
    }
}

/// The second time: what is not committed is read again from the log at the next start.
#[expect(clippy::exit, reason = "the user asked twice")]
fn abort() {
    Failure::Interrupted.report();
    std::process::exit(ExitCode::Interrupted as i32)
}
