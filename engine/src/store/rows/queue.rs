//! `queue/`: deliveries that are due at one time.

use serde::{Deserialize, Serialize};

use super::{Row, is_attempt, is_number};
use crate::store::keys;

/// `queue/`: deliveries that are due at one time.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// The deliveries, in the order in which they are sent.
    pub deliveries: Vec<QueuedDelivery>,
    /// The number of the attempt with which their schedule began; none: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u32>,
    /// When they are due, in milliseconds, if that is not the time in the key: in strict order the key is a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<u64>,
}

/// A delivery that waits for its next attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueuedDelivery {
    /// The message's id.
    pub message: String,
    /// The number of the next attempt.
    pub number: u32,
}

impl Row for Queue {
    /// A row without a delivery would never be settled, and a time becomes part of a timer's key.
    fn invalid_field(&self) -> Option<&'static str> {
        let is_valid = |delivery: &QueuedDelivery| is_attempt(&delivery.message, delivery.number);
        if self.deliveries.is_empty() || !self.deliveries.iter().all(is_valid) {
            return Some("deliveries");
        }
        if self.first.is_some_and(|first| !is_number(first)) {
            return Some("first");
        }
        self.due_ms.is_some_and(|due_ms| due_ms > keys::TIME_MS_MAX).then_some("dueMs")
    }
}
