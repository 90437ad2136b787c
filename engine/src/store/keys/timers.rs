//! Timers: rows that say when to look at a lane or a job.

use crate::ports::KeyRange;
use crate::store::keys::families::KeyFamily::Timer;
use crate::store::keys::lanes::Lane;
use crate::store::keys::parts::is_key;
use crate::store::keys::ranges::all_after;

/// A timer.
pub fn timer(due_ms: u64, lane: &Lane, token: &str) -> String {
    format!("{Timer}/{due_ms:013}/{}/{token}", lane.as_str())
}

/// The time and the lane of a timer.
pub fn parse_timer(key: &str) -> Option<(u64, Lane)> {
    let (due_ms, rest) = Timer.rest(key)?.split_once('/')?;
    Some((due_ms.parse().ok()?, Lane::of_parts(rest)?))
}

/// All timers after this key.
pub fn timers_after(key: Option<&str>) -> KeyRange {
    all_after(Timer, key)
}

/// Returns true if a text is the key of a timer that the storage takes.
pub fn is_timer(key: &str) -> bool {
    is_key(key) && parse_timer(key).is_some()
}
