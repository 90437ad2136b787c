//! Ranges of keys, and the places at which a scan goes on.

use crate::ports::KeyRange;
use crate::store::keys::families::KeyFamily;
use crate::store::keys::parts::tenant_of;

/// The last time that keys can order, in milliseconds: in the year 2286.
pub const TIME_MS_MAX: u64 = 9_999_999_999_999;

/// Returns all keys that begin with a text that ends in `/`.
pub(super) fn prefix(start: String) -> KeyRange {
    KeyRange { end: after(&start), start }
}

/// Returns the keys that begin with a text that ends in `/`, after the one that has this part behind it.
pub(super) fn prefix_after(start: String, part: Option<&str>) -> KeyRange {
    let whole = prefix(start);
    match part {
        Some(part) => KeyRange { start: next(&format!("{}{part}", whole.start)), end: whole.end },
        None => whole,
    }
}

/// Returns all keys of a family after this one.
pub(super) fn all_after(family: KeyFamily, key: Option<&str>) -> KeyRange {
    let whole = prefix(format!("{family}/"));
    KeyRange { start: key.map_or(whole.start, next), end: whole.end }
}

/// Returns the first key after all that begin with this prefix, which ends in `/`: `0` follows `/`.
fn after(prefix: &str) -> String {
    format!("{}0", prefix.trim_end_matches('/'))
}

/// Returns the smallest key greater than this one: `-` is the first character that a key may have.
pub fn next(key: &str) -> String {
    format!("{key}-")
}

/// Returns all rows below a place, from another place on.
pub fn below(of: &str, place: &str) -> KeyRange {
    let whole = prefix(format!("{of}/"));
    KeyRange { start: whole.start.max(place.to_owned()), end: whole.end }
}

/// Returns all rows of a place's family, from the place on.
pub fn family_from(place: &str) -> KeyRange {
    KeyRange { start: place.to_owned(), end: after(name_of(place)) }
}

/// Returns all rows of a place's family and tenant, from the place on.
pub fn tenant_from(place: &str) -> KeyRange {
    below(&format!("{}/{}", name_of(place), tenant_of(place)), place)
}

/// Returns the first part of a place. A job's row may have a place of no family, whose scan finds nothing.
fn name_of(place: &str) -> &str {
    place.split('/').next().unwrap_or_default()
}

/// Of a key that ends in a time and a token, returns what is before them, and the time.
pub fn kept_at(key: &str) -> Option<(&str, u64)> {
    let (place, _) = key.rsplit_once('/')?;
    let group = place.rfind('/')? + 1;
    Some((&key[..group], place[group..].parse().ok()?))
}

/// Returns a place behind all times of such a group.
pub fn after_group(group: &str) -> String {
    format!("{group}z")
}
