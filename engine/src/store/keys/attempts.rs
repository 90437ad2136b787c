//! Attempts, and the rows that index them by webhook.

use crate::ports::KeyRange;
use crate::store::id;
use crate::store::keys::families::KeyFamily::{Attempt, Recent};
use crate::store::keys::lanes::Lane;
use crate::store::keys::ranges::{next, prefix};

/// An attempt.
pub fn attempt(lane: &Lane, message: &str, number: u32) -> String {
    format!("{Attempt}/{}/{message}/{}/{number:04}", lane.tenant_part(), lane.webhook())
}

/// All attempts of a delivery.
pub fn attempts_of_delivery(lane: &Lane, message: &str) -> KeyRange {
    prefix(format!("{Attempt}/{}/{message}/{}/", lane.tenant_part(), lane.webhook()))
}

/// The webhook and the number of an attempt.
pub fn parse_attempt(key: &str) -> Option<(&str, u32)> {
    let mut parts = Attempt.rest(key)?.split('/').skip(2);
    Some((parts.next()?, parts.next()?.parse().ok()?))
}

/// All attempts of a message.
pub fn attempts_of_message(tenant_part: &str, message: &str) -> KeyRange {
    prefix(format!("{Attempt}/{tenant_part}/{message}/"))
}

/// The row that indexes the attempts which one commit recorded.
pub fn recent(lane: &Lane, at_ms: u64, token: &str) -> String {
    format!("{Recent}/{}/{at_ms:013}/{token}", lane.as_str())
}

/// The lane of a record of attempts.
pub fn lane_of_recent(key: &str) -> Option<Lane> {
    Lane::of_parts(Recent.rest(key)?)
}

/// A lane's records before this place, a part of a key as [`recent_place`] gives it.
pub fn recent_before(lane: &Lane, place: Option<&str>) -> KeyRange {
    let whole = prefix(format!("{Recent}/{}/", lane.as_str()));
    match place {
        Some(place) => KeyRange { end: next(&format!("{}{place}", whole.start)), start: whole.start },
        None => whole,
    }
}

/// A lane's records from one time to another, the latter included.
pub fn recent_between(lane: &Lane, (from_ms, to_ms): (u64, u64)) -> KeyRange {
    let at = |ms: u64| format!("{Recent}/{}/{ms:013}/", lane.as_str());
    KeyRange { start: at(from_ms), end: at(to_ms.saturating_add(1)) }
}

/// The part of an index row's key after the lane.
pub fn recent_place<'a>(lane: &Lane, key: &'a str) -> Option<&'a str> {
    Recent.rest(key)?.strip_prefix(lane.as_str())?.strip_prefix('/')
}

/// Returns true if a text has the form of what [`recent_place`] gives: a time and a token.
pub fn is_recent_place(text: &str) -> bool {
    text.split_once('/').is_some_and(|(ms, token)| {
        ms.len() == 13
            && ms.bytes().all(|byte| byte.is_ascii_digit())
            && token.len() == id::ID_CHARS
            && token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}
