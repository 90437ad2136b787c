//! How far it is: one line that changes on a terminal, a line now and then in a log.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::cli::limits::{PROGRESS_LOG_MS, PROGRESS_TERMINAL_MS};

/// What has been accepted so far, shown on stderr.
#[derive(Debug)]
pub struct Progress {
    accepted: u64,
    begun: Instant,
    shown: Instant,
    terminal: bool,
    /// A line on the terminal is waiting for its end.
    open: bool,
}

impl Progress {
    pub fn new() -> Progress {
        let now = Instant::now();
        Progress { accepted: 0, begun: now, shown: now, terminal: std::io::stderr().is_terminal(), open: false }
    }

    /// So many more were accepted.
    pub fn add(&mut self, count: usize) {
        self.accepted += count as u64;
        let every_ms = if self.terminal { PROGRESS_TERMINAL_MS } else { PROGRESS_LOG_MS };
        if self.shown.elapsed() < Duration::from_millis(every_ms) {
            return;
        }
        self.shown = Instant::now();
        self.open = self.terminal;
        let line = self.line();
        // Nothing is lost with a progress that cannot be shown.
        let _ = match self.terminal {
            true => write!(std::io::stderr(), "\r{line}\x1b[K"),
            false => writeln!(std::io::stderr(), "hookwright: {line}"),
        };
    }

    /// Ends the line and says how many were accepted.
    pub fn finish(&mut self) -> u64 {
        if std::mem::take(&mut self.open) {
            let _ = writeln!(std::io::stderr(), "\r{}\x1b[K", self.line());
        }
        self.accepted
    }

    fn line(&self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        #[allow(clippy::cast_precision_loss, reason = "for people")]
        let rate = self.accepted as f64 / seconds;
        format!("{} events accepted, {rate:.0} a second", self.accepted)
    }
}
