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

/// How often an event has killed a worker that held one lane, or that came upon it otherwise.
#[derive(Debug, Default)]
pub struct Kills {
    /// How many of them are held against the lane.
    held: usize,
    /// The largest number that was held against it.
    pub held_max: usize,
    /// Number of kills that the lane had been forgiven at the last one.
    forgiven: usize,
}

impl Kills {
    /// One more worker dies, when the lane has been forgiven so much.
    pub fn one_more(&mut self, forgiven: usize) {
        let since = if self.held > 0 { forgiven.saturating_sub(self.forgiven) } else { 0 };
        self.held = self.held.saturating_sub(since) + 1;
        self.held_max = self.held_max.max(self.held);
        self.forgiven = forgiven;
    }
}

/// The store's error in that case.
pub const REFUSED: &str = "simulated: it cannot be recorded";
