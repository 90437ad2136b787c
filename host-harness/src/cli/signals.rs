//! The signals with which a process is asked to end: SIGTERM and SIGINT. What it then does is its command's business.

use anyhow::{Context, Result};

/// The signals that ask for the end.
#[derive(Debug)]
pub struct Signals {
    runtime: tokio::runtime::Runtime,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// From now on none is missed.
    pub fn listen() -> Result<Signals> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("listening for signals")?;
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let _inside = runtime.enter();
            let terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
            let interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
            drop(_inside);
            Ok(Signals { runtime, terminate, interrupt })
        }
        #[cfg(not(unix))]
        Ok(Signals { runtime })
    }

    /// Waits for one.
    pub fn wait(self) {
        self.wait_or(std::future::pending());
    }

    /// Waits for one, or for something else.
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

    /// Waits for one, or for something else.
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
