//! Messages, and the rows that list them once they are routed.

use crate::ports::KeyRange;
use crate::store::keys::families::KeyFamily::{Message, Redacted, Routed};
use crate::store::keys::ranges::below;

/// The row of a message.
pub fn message(tenant_part: &str, message: &str) -> String {
    format!("{Message}/{tenant_part}/{message}")
}

/// The messages of a tenant whose routing one commit finished.
pub fn routed(tenant_part: &str, at_ms: u64, token: &str) -> String {
    format!("{Routed}/{tenant_part}/{at_ms:013}/{token}")
}

/// The messages that routing finished for a tenant, from a key on.
pub fn routed_from(tenant_part: &str, key: &str) -> KeyRange {
    below(&Routed.of_tenant(tenant_part), key)
}

/// The same, of messages whose contents have been dropped.
pub fn redacted(tenant_part: &str, at_ms: u64, token: &str) -> String {
    format!("{Redacted}/{tenant_part}/{at_ms:013}/{token}")
}
