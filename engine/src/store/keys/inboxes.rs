//! The inbox: messages that are not routed yet, in shards, and the leases of the shards.

use crate::ports::KeyRange;
use crate::store::id;
use crate::store::keys::families::KeyFamily::{Inbox, Shard};
use crate::support::limits::INBOX_SHARDS;

/// The shard that a tenant's inbox belongs to.
pub fn shard_of(tenant_part: &str) -> u32 {
    let shard = id::derived_number("shard", &[tenant_part]) % u64::from(INBOX_SHARDS);
    u32::try_from(shard).unwrap_or(0)
}

/// The lease of a shard.
pub fn shard(shard: u32) -> String {
    format!("{Shard}/{shard:02}")
}

/// The row of a message that is not routed yet. An inbox is in the order of acceptance.
pub fn inbox(shard: u32, accepted_us: u64, message: &str) -> String {
    format!("{Inbox}/{shard:02}/{accepted_us:016}/{message}")
}

/// The shard and the message of an inbox row.
pub fn parse_inbox(key: &str) -> Option<(u32, &str)> {
    let mut parts = Inbox.rest(key)?.split('/');
    let shard = parts.next()?.parse().ok()?;
    parts.next()?;
    Some((shard, parts.next()?))
}

/// When the message of an inbox row was accepted, in milliseconds.
pub fn inbox_accepted_ms(key: &str) -> u64 {
    key.split('/').nth(2).and_then(|at| at.parse().ok()).map_or(0, |at_us: u64| at_us / 1_000)
}

/// The inbox rows of the shards `from` to `to`, without the latter.
pub fn inbox_shards(from: u32, to: u32) -> KeyRange {
    KeyRange { start: format!("{Inbox}/{from:02}/"), end: format!("{Inbox}/{to:02}/") }
}

const _: () = assert!(INBOX_SHARDS <= 100, "a shard is two digits");
