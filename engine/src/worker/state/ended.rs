//! A delivery whose attempt has ended and is not recorded yet.

use std::rc::Rc;

use super::delivery::Delivery;
use crate::delivery::target::Target;
use crate::delivery::verdict::End;
use crate::store::keys::Lane;
use crate::store::rows::{Attempt, AttemptState};

/// A delivery whose attempt has ended, or that needs no attempt.
pub(crate) struct Ended {
    pub lane: Lane,
    /// The token of the lease under which it was sent: another lease of the same lane does not record it.
    pub token: String,
    pub delivery: Delivery,
    pub attempt: Attempt,
    pub wish: Wish,
    /// The webhook as it was when the request was sent. `None`: there was no request.
    pub target: Option<Rc<Target>>,
    /// The message is gone or being removed, so nothing is recorded.
    pub gone: bool,
}

/// The wish that a receiver expressed beside the outcome.
#[derive(Default)]
pub(crate) struct Wish {
    /// The reason for which the webhook is to be disabled.
    pub disable: Option<String>,
    /// When the next attempt is due if the webhook has been changed meanwhile and is not disabled.
    pub otherwise_at_ms: Option<u64>,
    /// Why no further attempt of this message is made, if the schedule is not the reason.
    pub end: Option<End>,
}

impl Ended {
    /// Returns the time until which the delivery keeps its place in the queue: it is the first in strict order, and is retried.
    pub(crate) fn stays_until_ms(&self) -> Option<u64> {
        self.attempt.next_at_ms.filter(|_| self.target.as_ref().is_some_and(|target| target.is_strict()))
    }

    /// Returns true if the delivery has used up its attempts, was ended by a final status, or could not be made into a request. A
    /// message that its receiver has refused does not count.
    pub(crate) fn is_given_up(&self) -> bool {
        let attempts = self.delivery.attempts() as usize;
        let used_up = self.target.as_ref().is_some_and(|target| target.schedule_s().len() < attempts);
        match self.attempt.state {
            AttemptState::Failed => true,
            AttemptState::Exhausted => match self.wish.end {
                Some(End::Aborted) => false,
                Some(End::FinalStatus(_)) => true,
                None => used_up,
            },
            _ => false,
        }
    }
}
