//! Registrations, the patterns that they are found by, and the settings of tenants.

use crate::ports::KeyRange;
use crate::store::keys::families::KeyFamily::{Subscription, Subscriptions, Tenant, Webhook};
use crate::store::keys::lanes::Lane;
use crate::store::keys::parts::part;
use crate::store::keys::ranges::prefix_after;

/// A registration.
pub fn webhook(lane: &Lane) -> String {
    format!("{Webhook}/{}", lane.as_str())
}

/// A tenant's registrations, after this one.
pub fn webhooks_after(tenant_part: &str, webhook: Option<&str>) -> KeyRange {
    prefix_after(format!("{Webhook}/{tenant_part}/"), webhook)
}

/// The row that makes a webhook findable by one of its patterns.
pub fn subscription(tenant_part: &str, pattern: &str, webhook: &str) -> String {
    format!("{Subscription}/{tenant_part}/{}/{webhook}", part(pattern))
}

/// The webhooks of a pattern, after this one.
pub fn subscriptions_after(tenant_part: &str, pattern: &str, webhook: Option<&str>) -> KeyRange {
    prefix_after(format!("{Subscription}/{tenant_part}/{}/", part(pattern)), webhook)
}

/// The row that counts a tenant's webhooks and changes with their patterns.
pub fn subscriptions(tenant_part: &str) -> String {
    format!("{Subscriptions}/{tenant_part}")
}

/// The row of a tenant's settings.
pub fn tenant(tenant_part: &str) -> String {
    format!("{Tenant}/{tenant_part}")
}
