//! Lanes: their leases and their health.

use crate::ports::KeyRange;
use crate::store::keys::families::KeyFamily;
use crate::store::keys::ranges::all_after;

/// A lane: the queue of one webhook, as `<tenant part>/<webhook id>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane(String);

impl Lane {
    /// The lane of a webhook.
    pub fn of(tenant_part: &str, webhook: &str) -> Lane {
        Lane(format!("{tenant_part}/{webhook}"))
    }

    /// The tenant's part.
    pub fn tenant_part(&self) -> &str {
        self.0.split_once('/').map_or("", |(tenant, _)| tenant)
    }

    /// The webhook's id.
    pub fn webhook(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, webhook)| webhook)
    }

    /// Returns true if it names a job.
    pub fn is_job(&self) -> bool {
        self.webhook().starts_with("job_")
    }

    /// The lane as it stands in keys.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The lane that the first two of these parts name.
    pub(super) fn of_parts(rest: &str) -> Option<Lane> {
        let mut parts = rest.split('/');
        Some(Lane::of(parts.next()?, parts.next()?))
    }
}

/// A lane's lease.
pub fn lane(lane: &Lane) -> String {
    format!("{}/{}", KeyFamily::Lane, lane.as_str())
}

/// All leases of lanes after this key.
pub fn lanes_after(key: Option<&str>) -> KeyRange {
    all_after(KeyFamily::Lane, key)
}

/// The lane of a lease.
pub fn parse_lane(key: &str) -> Option<Lane> {
    let (tenant_part, webhook) = KeyFamily::Lane.rest(key)?.split_once('/')?;
    Some(Lane::of(tenant_part, webhook))
}

/// A lane's health.
pub fn health(lane: &Lane) -> String {
    format!("{}/{}", KeyFamily::Health, lane.as_str())
}
