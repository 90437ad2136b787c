//! `inbox/`: a message that is not routed yet.

use serde::{Deserialize, Serialize};

use super::Row;
use crate::store::{id, keys};

/// `inbox/`: a message that is not routed yet.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// The tenant, as part of a key.
    pub tenant_part: String,
    /// The canonical event type.
    pub event_type: String,
    /// The last webhook that the message has been routed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed_to: Option<String>,
    /// The number of webhooks that it has been routed to; none: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed: Option<u32>,
}

impl Row for Inbox {
    fn invalid_field(&self) -> Option<&'static str> {
        if !keys::is_part(&self.tenant_part) {
            return Some("tenantPart");
        }
        self.routed_to.as_ref().is_some_and(|webhook| !id::is_id("wh_", webhook)).then_some("routedTo")
    }
}
