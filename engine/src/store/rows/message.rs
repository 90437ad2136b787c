//! `message/`: an accepted event, as it is kept.

use serde::{Deserialize, Serialize};

use super::{Row, event};
use crate::support::json::Json;

/// `message/`: an accepted event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The tenant's name.
    pub tenant: String,
    /// The canonical event type.
    pub event_type: String,
    /// When the event happened, in microseconds.
    pub occurred_at_us: u64,
    /// When it was accepted, in microseconds. Events of one instance have different times, in the order of acceptance.
    pub accepted_at_us: u64,
    /// The hash of the event's content, which tells a repetition from another event. None for a test send and for a tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    /// Why the message is being removed; none: it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tombstone: Option<Tombstone>,
    /// True if it is a test send, which no event was accepted for.
    #[serde(default)]
    pub test: bool,
    /// The event as the host handed it over; none: it is no longer kept.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "event")]
    pub event: Option<Json>,
    /// The hash of the subject of an event that is no longer kept, by which the message can still be erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_hash: Option<String>,
}

/// Why a message is being removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tombstone {
    /// It is older than messages are kept.
    Retention,
    /// Its subject is being erased.
    Erasure,
}

impl Row for Message {}

impl Message {
    /// Returns when it was accepted, in milliseconds.
    pub fn accepted_at_ms(&self) -> u64 {
        self.accepted_at_us / 1_000
    }

    /// Returns true if it is being removed: it is neither sent nor shown any more.
    pub fn is_gone(&self) -> bool {
        self.tombstone.is_some()
    }

    /// Returns true if it is being removed because its subject is erased.
    pub fn is_erased(&self) -> bool {
        self.tombstone == Some(Tombstone::Erasure)
    }
}
