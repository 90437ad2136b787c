//! The attempts of a run: those in flight, and those that have ended and are not recorded yet.

use std::collections::VecDeque;

use super::ended::Ended;
use super::in_flight::InFlight;
use crate::store::keys::Lane;

/// The attempts of a run.
pub(crate) struct Attempts {
    pub in_flight: InFlight,
    pub completed: Completed,
}

/// The attempts that have ended and are not recorded, in the order in which they are recorded.
#[derive(Default)]
pub(crate) struct Completed(VecDeque<Ended>);

impl Completed {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn push(&mut self, ended: Ended) {
        self.0.push_back(ended);
    }

    pub(crate) fn pop(&mut self) -> Option<Ended> {
        self.0.pop_front()
    }

    pub(crate) fn push_front(&mut self, ended: Ended) {
        self.0.push_front(ended);
    }

    /// Returns true if an attempt of the lane is not recorded yet.
    pub(crate) fn has(&self, lane: &Lane) -> bool {
        self.0.iter().any(|ended| ended.lane == *lane)
    }

    /// Iterates over the lanes of the attempts.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = &Lane> {
        self.0.iter().map(|ended| &ended.lane)
    }

    /// Puts attempts back before those of the same lane that ended later.
    pub(crate) fn put_back(&mut self, ended: impl DoubleEndedIterator<Item = Ended>) {
        for one in ended.rev() {
            let place = self.0.iter().position(|other| other.lane == one.lane).unwrap_or(self.0.len());
            self.0.insert(place, one);
        }
    }
}
