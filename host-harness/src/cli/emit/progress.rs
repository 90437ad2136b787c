//! The progress of a run on stderr: one line that changes on a terminal, a line every 10 s in a log.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::cli::limits::{PROGRESS_LOG_MS, PROGRESS_TERMINAL_MS};

/// The number of accepted events.
#[derive(Debug)]
pub struct Progress {
    accepted: u64,
    begun: Instant,
    shown: Instant,
    is_terminal: bool,
    /// True if a line on the terminal is not ended yet.
    is_open: bool,
}

impl Progress {
    pub fn new() -> Progress {
        let now = Instant::now();
        Progress { accepted: 0, begun: now, shown: now, is_terminal: std::io::stderr().is_terminal(), is_open: false }
    }

    /// Counts accepted events.
    pub fn add(&mut self, count: usize) {
        self.accepted += count as u64;
        let every_ms = if self.is_terminal { PROGRESS_TERMINAL_MS } else { PROGRESS_LOG_MS };
        if self.shown.elapsed() < Duration::from_millis(every_ms) {
            return;
        }
        self.shown = Instant::now();
        self.is_open = self.is_terminal;
        let line = self.line();
        // A progress that cannot be shown is no reason to stop.
        let _ = match self.is_terminal {
            true => write!(std::io::stderr(), "\r{line}\x1b[K"),
            false => writeln!(std::io::stderr(), "hookwright: {line}"),
        };
    }

    /// Ends the line and returns the number of accepted events.
    pub fn finish(&mut self) -> u64 {
        if std::mem::take(&mut self.is_open) {
            let _ = writeln!(std::io::stderr(), "\r{}\x1b[K", self.line());
        }
        self.accepted
    }

    fn line(&self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        let rate = self.accepted as f64 / seconds;
        format!("{} events accepted, {rate:.0} a second", self.accepted)
    }
}
