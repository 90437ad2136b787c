//! The rows of a redelivery's commit.

use super::find::Last;
use crate::delivery::order::Place;
use crate::ports::Entry;
use crate::store::commit::Commit;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, AttemptState, Queue, QueuedDelivery};

/// Adds to a commit that a row is put again unchanged. A commit that removes the row because nothing waits for it then
/// conflicts.
pub(crate) fn put_same(commit: &mut Commit, row: Entry) {
    commit.check(&row.key, Some(row.version));
    commit.put(row.key, row.value);
}

/// The place of a redelivery in the queue.
pub(crate) struct QueuePlace {
    /// The time at which it is due, in milliseconds.
    pub next_ms: u64,
    pub place: Place,
    /// The row that it keeps, if it waits for another attempt in strict order.
    pub stays: Option<String>,
}

/// Adds to a commit that the delivery goes on after this attempt, with its schedule from the start.
pub(crate) fn put_again(
    commit: &mut Commit,
    lane: &Lane,
    message: &str,
    last: Last,
    queue_place: QueuePlace,
    token: &str,
) {
    commit.check(&last.key, Some(last.version));
    let attempt = Attempt { next_at_ms: Some(queue_place.next_ms), again: Some(token.to_owned()), ..last.attempt };
    commit.put(last.key, rows::encode(&attempt));
    put_due(commit, lane, queue_place, message, last.number + 1);
}

/// Adds to a commit that the webhook is sent a message that it was not routed to. A row with the number 0 stands before the
/// first attempt.
pub(crate) fn put_first(commit: &mut Commit, lane: &Lane, message: &str, queue_place: QueuePlace, asked: Attempt) {
    let key = keys::attempt(lane, message, 0);
    put_due(commit, lane, queue_place, message, 1);
    commit.check(&key, None);
    commit.put(key, rows::encode(&asked));
}

/// Returns the row that stands before the first attempt, for a message that the webhook was not routed.
pub(crate) fn asked_attempt(event_type: &str, due_ms: u64, token: &str) -> Attempt {
    Attempt {
        next_at_ms: Some(due_ms),
        again: Some(token.to_owned()),
        ..Attempt::new(due_ms, event_type, AttemptState::Retrying)
    }
}

/// Adds the queue row of a delivery, with its schedule from the start.
fn put_due(commit: &mut Commit, lane: &Lane, queue_place: QueuePlace, message: &str, number: u32) {
    let QueuePlace { next_ms, place, stays } = queue_place;
    let (key, due_ms) = match stays {
        Some(key) => (key, Some(next_ms)),
        None => (keys::retry(lane, place.at_ms, message, number), place.due_ms),
    };
    let deliveries = vec![QueuedDelivery { message: message.to_owned(), number }];
    let queue = Queue { deliveries, first: (number > 1).then_some(number), due_ms };
    commit.put(key, rows::encode(&queue));
}
