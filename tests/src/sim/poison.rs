//! The ways in which a message is deadly, and the count of the workers that it has killed. `kills` decides who dies.

/// When a message is deadly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poison {
    /// When it is read.
    Read,
    /// When its request has been made.
    Submit,
    /// When the answer comes.
    Answer,
    /// It is not deadly, but the store refuses every record of it, except that it failed.
    Record,
}

/// How often an event has killed a worker with the lease of one lane, or outside its lanes.
#[derive(Debug, Default)]
pub struct Kills {
    /// Number of these that still count for the lane.
    counted: usize,
    /// The largest number that ever counted for it.
    pub counted_max: usize,
    /// Number of kills that the lane had been forgiven at the last one.
    forgiven: usize,
}

impl Kills {
    /// One more worker dies, when the lane has been forgiven so much.
    pub fn one_more(&mut self, forgiven: usize) {
        let since = if self.counted > 0 { forgiven.saturating_sub(self.forgiven) } else { 0 };
        self.counted = self.counted.saturating_sub(since) + 1;
        self.counted_max = self.counted_max.max(self.counted);
        self.forgiven = forgiven;
    }
}

/// The store's error in that case.
pub const REFUSED: &str = "simulated: it cannot be recorded";
