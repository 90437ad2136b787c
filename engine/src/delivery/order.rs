//! Strict order: where a delivery stands in its lane's queue, and when it is due there. One at a time, and only the first of a
//! queue, is the worker's business.

use crate::ports::{Direction, Entry, Host};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Queue, Webhook};
use crate::support::error::Error;

/// Where a row goes in a queue.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The time in its key.
    pub at_ms: u64,
    /// When it is due, if not then.
    pub due_ms: Option<u64>,
}

impl Place {
    /// Returns the place of a row in a lane without strict order: by its time.
    pub fn now(now_ms: u64) -> Place {
        Place { at_ms: now_ms, due_ms: None }
    }

    /// Returns the place behind every row of the queue, due now. Another commit in between may use the same place.
    pub fn last(host: &dyn Host, lane: &Lane, now_ms: u64) -> Result<Place, Error> {
        let last = host.scan(&keys::queue_all(lane), 1, Direction::Reverse)?;
        let after = last.first().and_then(|entry| keys::queue_due_ms(&entry.key));
        let after_ms = after.map_or(0, |last_ms| last_ms.saturating_add(1));
        Ok(Place { at_ms: after_ms.max(now_ms), due_ms: (after_ms > now_ms).then_some(now_ms) })
    }
}

/// Returns true if a webhook wants strict order. A row that cannot be decoded does not.
pub fn is_wanted(webhook: &Entry) -> bool {
    rows::decode::<Webhook>(&webhook.key, &webhook.value).is_ok_and(|webhook| webhook.strict_order)
}

/// Returns the message of a queue's first delivery, if there is one and its row can be decoded.
pub fn first(host: &dyn Host, lane: &Lane) -> Result<Option<String>, Error> {
    let first = host.scan(&keys::queue_all(lane), 1, Direction::Forward)?.into_iter().next();
    let row = first.and_then(|entry| rows::decode::<Queue>(&entry.key, &entry.value).ok());
    Ok(row.and_then(|row| row.deliveries.into_iter().next()).map(|delivery| delivery.message))
}

impl Queue {
    /// Returns the time at which the row with this key is due, in milliseconds. Without strict order, a reader stops at the first
    /// row whose key is in the future, so a row is never due before the time in its key.
    pub fn due_ms(&self, key: &str, strict: bool) -> u64 {
        let at_ms = keys::queue_due_ms(key).unwrap_or(0);
        let due_ms = self.due_ms.unwrap_or(at_ms);
        if strict { due_ms } else { due_ms.max(at_ms) }
    }
}
