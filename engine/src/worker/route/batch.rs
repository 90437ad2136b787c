//! A batch of messages of one shard, with their webhooks.

use std::collections::BTreeMap;

use crate::ports::Entry;
use crate::store::keys::Lane;
use crate::store::rows::Inbox;
use crate::support::limits::{CLOCK_SKEW_MS_MAX, INBOX_SHARDS};

/// A shard as it was read.
#[derive(Clone)]
pub(super) struct ShardRead {
    pub number: u32,
    pub version: Option<u64>,
    /// The time in the key of the last `routed` rows.
    pub routed_ms: u64,
}

impl ShardRead {
    /// Returns the number of the next shard in rotation.
    pub(super) fn following(&self) -> u32 {
        (self.number + 1) % INBOX_SHARDS
    }
}

/// A part of one shard's inbox, with the webhooks of its messages.
pub(super) struct Batch {
    pub shard: ShardRead,
    pub messages: Vec<RoutedMessage>,
    /// The messages of each lane.
    pub deliveries: BTreeMap<Lane, Vec<String>>,
    /// The inbox has more.
    pub more: bool,
}

/// A message of a batch.
pub(super) struct RoutedMessage {
    /// Its inbox row as it was read.
    pub entry: Entry,
    /// The row with the number of webhooks that the message is routed to by now.
    pub row: Inbox,
    /// The webhook after which routing continues. `None`: the message is finished.
    pub cursor: Option<String>,
}

impl Batch {
    /// Returns the time under which the batch is recorded: now, but after the batch before it, so that a tenant's messages stay in
    /// the order of their routing. A time that is further ahead than clocks may differ is not followed.
    pub(super) fn routed_at_ms(&self, now_ms: u64) -> u64 {
        let after_ms = self.shard.routed_ms.saturating_add(1);
        if after_ms <= now_ms + CLOCK_SKEW_MS_MAX { after_ms.max(now_ms) } else { now_ms }
    }
}
