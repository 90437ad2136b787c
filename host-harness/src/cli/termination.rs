//! The signals that ask a process to end: SIGTERM and SIGINT.

use anyhow::{Context, Result};

/// Listens for the signals that ask for the end.
#[derive(Debug)]
pub struct Termination {
    runtime: tokio::runtime::Runtime,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Termination {
    /// Begins to listen. No later signal is missed.
    pub fn listen() -> Result<Termination> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("listening for signals")?;
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let _inside = runtime.enter();
            let terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
            let interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
            drop(_inside);
            Ok(Termination { runtime, terminate, interrupt })
        }
        #[cfg(not(unix))]
        Ok(Termination { runtime })
    }

    /// Waits for a signal.
    pub fn wait(self) {
        self.wait_or(std::future::pending());
    }

    /// Waits for a signal or for `other`.
    #[cfg(unix)]
    pub fn wait_or(mut self, other: impl Future<Output = ()>) {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
                () = other => {}
            }
        });
    }

    /// Waits for a signal or for `other`.
    #[cfg(not(unix))]
    pub fn wait_or(self, other: impl Future<Output = ()>) {
        self.runtime.block_on(async {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                () = other => {}
            }
        });
    }
}
