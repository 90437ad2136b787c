//! `routed/` and `redacted/`: the messages of a tenant whose routing one commit finished.

use serde::{Deserialize, Serialize};

use super::Row;
use crate::store::id;

/// `routed/`: the messages of a tenant whose routing one commit finished.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Routed {
    /// The time in the keys of the `queue/` rows of that commit, in milliseconds. The rows of lanes in strict order may have a
    /// later time, and move.
    pub queued_ms: u64,
    /// True if some of the deliveries may be in other rows: routed by an earlier commit, or put behind others in strict order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<bool>,
    /// The messages, in the order of their inbox.
    pub messages: Vec<RoutedMessage>,
}

/// A message whose routing is finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoutedMessage {
    /// The message's id.
    pub message: String,
    /// When it was accepted, in milliseconds.
    pub accepted_ms: u64,
    /// The number of webhooks that it was routed to.
    pub webhooks: u32,
}

impl Row for Routed {
    fn invalid_field(&self) -> Option<&'static str> {
        let is_valid = |routed: &RoutedMessage| id::is_id("msg_", &routed.message);
        (!self.messages.iter().all(is_valid)).then_some("messages")
    }
}
