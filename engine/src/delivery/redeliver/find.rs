//! Where a delivery is: in the webhook's queue, or in its attempts.

use crate::ports::{Direction, Entry, Host, KeyRange};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, Queue};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::{QUEUE_PAGES_SEARCHED_MAX, SCAN_ENTRIES_MAX};

/// Returns true if the message is in the webhook's queue.
pub(crate) fn is_queued(host: &dyn Host, lane: &Lane, message: &str) -> Result<bool, Error> {
    Ok(find_queued(host, lane, message)?.is_some())
}

/// Returns the queue row that names the message. Several pages are not one snapshot, but a delivery without an attempt keeps its
/// row until it has one, and so does the first delivery in strict order.
pub(super) fn find_queued(host: &dyn Host, lane: &Lane, message: &str) -> Result<Option<Entry>, Error> {
    match search(host, keys::queue_all(lane), message, QUEUE_PAGES_SEARCHED_MAX)? {
        Search::Found(entry) => Ok(Some(entry)),
        Search::Absent => Ok(None),
        Search::Unfinished => {
            let error = Error::of(ErrorKind::Blocked, "the webhook's queue is too long to look through it");
            Err(error.hint("repeat the call when it is shorter"))
        }
    }
}

/// The result of a search for a message in a queue.
pub(crate) enum Search {
    /// The row that names it.
    Found(Entry),
    /// No row names it.
    Absent,
    /// The rows that were looked at do not name it, and there are more.
    Unfinished,
}

/// Searches a message among the rows of a queue in `range`, in at most `pages_max` pages.
pub(crate) fn search(host: &dyn Host, mut range: KeyRange, message: &str, pages_max: u32) -> Result<Search, Error> {
    for _ in 0..pages_max {
        let page = host.scan(&range, SCAN_ENTRIES_MAX, Direction::Forward)?;
        let last = page.last().filter(|_| page.len() == SCAN_ENTRIES_MAX as usize).map(|last| keys::next(&last.key));
        for entry in page {
            let group: Queue = rows::decode(&entry.key, &entry.value)?;
            if group.deliveries.iter().any(|queued| queued.message == message) {
                return Ok(Search::Found(entry));
            }
        }
        match last {
            Some(next) => range.start = next,
            None => return Ok(Search::Absent),
        }
    }
    Ok(Search::Unfinished)
}

/// The last attempt of a delivery, with its row.
pub(crate) struct Last {
    pub key: String,
    pub version: u64,
    pub number: u32,
    pub attempt: Attempt,
}

/// Returns the last attempt of a delivery.
pub(super) fn last_attempt(host: &dyn Host, lane: &Lane, message: &str) -> Result<Option<Last>, Error> {
    let found = host.scan(&keys::attempts_of_delivery(lane, message), 1, Direction::Reverse)?;
    let Some(entry) = found.into_iter().next() else { return Ok(None) };
    let attempt = rows::decode(&entry.key, &entry.value)?;
    let number = keys::parse_attempt(&entry.key).map_or(0, |(_, number)| number);
    Ok(Some(Last { key: entry.key, version: entry.version, number, attempt }))
}
