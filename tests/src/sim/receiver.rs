//! The behaviours of receivers.

/// How a receiver behaves.
#[derive(Clone, Copy, Debug)]
pub enum Health {
    /// Always 200.
    Well,
    /// Now this, now that.
    Flaky,
    /// No connection until this moment, then well.
    Down {
        /// In true microseconds.
        until_us: u64,
    },
    /// Takes every request and answers none.
    Hangs,
    /// 500, always.
    Broken,
    /// It lies, redirects and answers garbage.
    Odd,
    /// One after the other; the last stays.
    Says {
        /// Statuses.
        answers: &'static [u16],
        /// How many requests there have been.
        asked: usize,
    },
}
