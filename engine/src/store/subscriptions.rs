//! The subscriptions of a tenant: one row for each pattern of a webhook, found by the pattern, and one row for the tenant that
//! counts its webhooks and changes with every change of a subscription.

use std::collections::BTreeSet;

use crate::event;
use crate::ports::{Direction, Host, Storage};
use crate::store::commit::Commit;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Empty, Subscriptions};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::ROUTE_DELIVERIES_MAX;

/// Returns the webhooks that have a pattern for an event type, in the order of their ids, after the webhook `after`: at most one
/// more than a routing commit takes. The patterns are read one after the other. A caller that needs one snapshot compares
/// [`versions`] before and after.
pub fn of<S: Storage + ?Sized>(
    storage: &S,
    tenant_part: &str,
    event_type: &str,
    after: Option<&str>,
) -> Result<Vec<String>, Error> {
    let limit = u32::try_from(ROUTE_DELIVERIES_MAX + 1).unwrap_or(u32::MAX);
    let mut webhooks: BTreeSet<String> = BTreeSet::new();
    for candidate in event::matching_patterns(event_type) {
        let range = keys::subscriptions_after(tenant_part, &candidate, after);
        for entry in storage.scan(&range, limit, Direction::Forward)? {
            webhooks.insert(keys::last_part(&entry.key).to_owned());
        }
    }
    Ok(webhooks.into_iter().take(ROUTE_DELIVERIES_MAX + 1).collect())
}

/// Returns the versions of tenants' rows, which change with every change of their subscriptions.
pub fn versions<S: Storage + ?Sized>(
    storage: &S,
    tenant_parts: &mut dyn Iterator<Item = &String>,
) -> Result<Vec<Option<u64>>, Error> {
    let keys: Vec<String> = tenant_parts.map(|tenant_part| keys::subscriptions(tenant_part)).collect();
    Ok(storage.get(&keys)?.into_iter().map(|entry| entry.map(|entry| entry.version)).collect())
}

/// A change of one webhook's patterns.
pub struct Change<'a> {
    /// The token of the commit.
    pub token: &'a str,
    /// Number of the tenant's webhooks after the change.
    pub webhooks: u32,
    /// The webhook's patterns before the change.
    pub before: &'a [String],
    /// The webhook's patterns after the change.
    pub now: &'a [String],
}

/// A tenant's row, as it was read.
pub struct Known {
    /// Number of the tenant's webhooks.
    pub webhooks: u32,
    version: Option<u64>,
}

impl Known {
    /// Reads a tenant's row.
    pub fn read(host: &dyn Host, tenant_part: &str) -> Result<Known, Error> {
        match host.get_one(&keys::subscriptions(tenant_part))? {
            None => Ok(Known { webhooks: 0, version: None }),
            Some(entry) => {
                let row: Subscriptions = rows::decode(&entry.key, &entry.value)?;
                Ok(Known { webhooks: row.webhooks, version: Some(entry.version) })
            }
        }
    }

    /// Returns an error if the tenant has as many webhooks as it may have.
    pub fn check_room(&self, webhooks_max: u32) -> Result<(), Error> {
        if self.webhooks < webhooks_max {
            return Ok(());
        }
        let message = format!("the tenant has {} webhooks; {webhooks_max} are allowed", self.webhooks);
        Err(Error::of(ErrorKind::Conflict, message).hint("remove one that is not needed"))
    }

    /// Adds the change of one webhook's patterns, and of the count, to a commit.
    pub fn change(&self, commit: &mut Commit, lane: &Lane, change: &Change<'_>) {
        let Change { token, webhooks, before, now } = *change;
        let key = keys::subscriptions(lane.tenant_part());
        commit.check(&key, self.version);
        commit.put(key, rows::encode(&Subscriptions { token: token.to_owned(), webhooks }));
        for pattern in before.iter().filter(|pattern| !now.contains(pattern)) {
            commit.delete(keys::subscription(lane.tenant_part(), pattern, lane.webhook()));
        }
        for pattern in now.iter().filter(|pattern| !before.contains(pattern)) {
            commit.put(keys::subscription(lane.tenant_part(), pattern, lane.webhook()), rows::encode(&Empty {}));
        }
    }
}
