//! Which values of the right type nobody has written: what becomes part of a key, or is counted on from. A row that was
//! damaged, or repaired by hand, is refused where it is read, by its name, rather than by the storage later on.

use super::{Inbox, Job, Lane, Queue, QueuedDelivery, Recent, RecordedAttempt, Routed};
use crate::store::id;
use crate::store::keys;
use crate::support::limits::{ATTEMPT_NUMBER_MAX, KEY_BYTES_MAX};

pub fn inbox(row: &Inbox) -> Option<&'static str> {
    if !keys::is_part(&row.tenant_part) {
        return Some("tenantPart");
    }
    row.routed_to.as_ref().is_some_and(|webhook| !id::is_id("wh_", webhook)).then_some("routedTo")
}

pub fn lane(row: &Lane) -> Option<&'static str> {
    row.timer.as_ref().is_some_and(|key| !is_timer(key)).then_some("timer")
}

/// A place is the beginning of a scan, or says nothing but that there is one.
pub fn job(row: &Job) -> Option<&'static str> {
    let is_place = |place: &String| place.len() < KEY_BYTES_MAX && place.split('/').all(keys::is_part);
    if row.timer.as_ref().is_some_and(|key| !is_timer(key)) {
        return Some("timer");
    }
    if row.place.as_ref().is_some_and(|place| !is_place(place)) {
        return Some("place");
    }
    row.webhook.as_ref().is_some_and(|webhook| !id::is_id("wh_", webhook)).then_some("webhook")
}

fn is_timer(key: &str) -> bool {
    key.len() < KEY_BYTES_MAX && keys::parse_timer(key).is_some() && key.split('/').all(keys::is_part)
}

/// A row without a delivery would never be settled.
pub fn queue(row: &Queue) -> Option<&'static str> {
    let is_sound = |delivery: &QueuedDelivery| is_attempt(&delivery.message, delivery.number);
    if row.deliveries.is_empty() || !row.deliveries.iter().all(is_sound) {
        return Some("deliveries");
    }
    if row.first.is_some_and(|first| !is_number(first)) {
        return Some("first");
    }
    // It becomes the time of a timer, which has so many digits.
    row.due_ms.is_some_and(|due_ms| due_ms > 9_999_999_999_999).then_some("dueMs")
}

pub fn routed(row: &Routed) -> Option<&'static str> {
    (!row.messages.iter().all(|routed| id::is_id("msg_", &routed.message))).then_some("messages")
}

pub fn recent(row: &Recent) -> Option<&'static str> {
    let is_sound = |attempt: &RecordedAttempt| is_attempt(&attempt.message, attempt.number);
    (!row.attempts.iter().all(is_sound)).then_some("attempts")
}

fn is_attempt(message: &str, number: u32) -> bool {
    id::is_id("msg_", message) && is_number(number)
}

/// The last redelivery has a schedule of its own.
fn is_number(number: u32) -> bool {
    number <= ATTEMPT_NUMBER_MAX + 99
}
