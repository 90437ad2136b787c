//! The families of rows: the first part of every key.

use std::fmt;

/// A family of rows. All keys of a family begin with its name and `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFamily {
    /// Accepted events.
    Message,
    /// Messages that are to be routed.
    Inbox,
    /// The leases of inbox shards.
    Shard,
    /// The lists of routed messages.
    Routed,
    /// The lists of messages without content.
    Redacted,
    /// Rows that make webhooks findable by their patterns.
    Subscription,
    /// The count of each tenant's webhooks.
    Subscriptions,
    /// Registrations.
    Webhook,
    /// The settings of tenants.
    Tenant,
    /// Groups of deliveries.
    Queue,
    /// Rows that say when to look at a lane or a job.
    Timer,
    /// The leases of lanes.
    Lane,
    /// The successes and failures of webhooks.
    Health,
    /// Attempts.
    Attempt,
    /// The indexes of attempts by webhook.
    Recent,
    /// Jobs.
    Job,
    /// The messages that erasures have marked.
    Erasure,
}

impl KeyFamily {
    /// All families, in the order of `docs/storage-layout.md`.
    pub const ALL: [KeyFamily; 17] = {
        use KeyFamily::*;
        [
            Message,
            Inbox,
            Shard,
            Routed,
            Redacted,
            Subscription,
            Subscriptions,
            Webhook,
            Tenant,
            Queue,
            Timer,
            Lane,
            Health,
            Attempt,
            Recent,
            Job,
            Erasure,
        ]
    };

    /// Returns the first part of the family's keys.
    pub const fn name(self) -> &'static str {
        match self {
            KeyFamily::Message => "message",
            KeyFamily::Inbox => "inbox",
            KeyFamily::Shard => "shard",
            KeyFamily::Routed => "routed",
            KeyFamily::Redacted => "redacted",
            KeyFamily::Subscription => "subscription",
            KeyFamily::Subscriptions => "subscriptions",
            KeyFamily::Webhook => "webhook",
            KeyFamily::Tenant => "tenant",
            KeyFamily::Queue => "queue",
            KeyFamily::Timer => "timer",
            KeyFamily::Lane => "lane",
            KeyFamily::Health => "health",
            KeyFamily::Attempt => "attempt",
            KeyFamily::Recent => "recent",
            KeyFamily::Job => "job",
            KeyFamily::Erasure => "erasure",
        }
    }

    /// Returns the family of a key or a place.
    pub fn of(place: &str) -> Option<KeyFamily> {
        let name = place.split_once('/').map_or(place, |(name, _)| name);
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// Returns the place before the family's first row.
    pub fn first(self) -> String {
        self.name().to_owned()
    }

    /// Returns the place before a tenant's first row. Only for families whose second part is the tenant.
    pub fn of_tenant(self, tenant_part: &str) -> String {
        format!("{self}/{tenant_part}")
    }

    /// Returns what follows the family's name in a key, if the key is of this family.
    pub(super) fn rest(self, key: &str) -> Option<&str> {
        key.strip_prefix(self.name())?.strip_prefix('/')
    }
}

impl fmt::Display for KeyFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const _: () = {
    let mut index = 0;
    while index < KeyFamily::ALL.len() {
        assert!(KeyFamily::ALL[index] as usize == index, "the list has every family once, in the order of the enum");
        index += 1;
    }
    assert!(KeyFamily::Erasure as usize + 1 == KeyFamily::ALL.len(), "the list has the last family");
};
