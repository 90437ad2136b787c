//! The queues of lanes: groups of deliveries in the order of their times.

use crate::ports::KeyRange;
use crate::store::keys::families::KeyFamily::Queue;
use crate::store::keys::lanes::Lane;
use crate::store::keys::ranges::prefix;

/// A group of deliveries.
pub fn queue(lane: &Lane, due_ms: u64, group: &str) -> String {
    format!("{Queue}/{}/{due_ms:013}/{group}", lane.as_str())
}

/// The row of a delivery that waits alone, for an attempt after its first.
pub fn retry(lane: &Lane, due_ms: u64, message: &str, number: u32) -> String {
    queue(lane, due_ms, &format!("{message}.{number:04}"))
}

/// The time of a queue row.
pub fn queue_due_ms(key: &str) -> Option<u64> {
    key.split('/').nth(3)?.parse().ok()
}

/// The lane of a queue's row.
pub fn lane_of_queue(key: &str) -> Option<Lane> {
    Lane::of_parts(Queue.rest(key)?)
}

/// All of a lane's queue.
pub fn queue_all(lane: &Lane) -> KeyRange {
    prefix(format!("{Queue}/{}/", lane.as_str()))
}

/// A lane's queue from a time on.
pub fn queue_from(lane: &Lane, from_ms: u64) -> KeyRange {
    KeyRange { start: queue(lane, from_ms, "-"), ..queue_all(lane) }
}

/// The rows that one routing commit put into a lane's queue at this time.
pub fn queue_of_commit(lane: &Lane, queued_ms: u64, token: &str) -> KeyRange {
    // Two digits follow the dot in a key, and `/` is the character after the dot.
    let at = |next: &str| queue(lane, queued_ms, &format!("{token}{next}"));
    KeyRange { start: at("."), end: at("/") }
}
