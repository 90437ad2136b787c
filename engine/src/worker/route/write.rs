//! The rows that the commit of a batch writes beside the lanes: the shard, the inbox, the queues, and the record of what was routed.

use std::collections::BTreeMap;

use super::batch::Batch;
use crate::delivery::order::Place;
use crate::store::commit::Commit;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Inbox, Queue, QueuedDelivery, Routed, RoutedMessage, Shard};
use crate::support::limits::{GROUP_DELIVERIES_MAX, SHARD_LEASE_MS};

/// The places of the deliveries in lanes with strict order.
pub(super) type Places = BTreeMap<Lane, Place>;

/// The times and the token of a routing commit.
pub(super) struct Stamp {
    pub now_ms: u64,
    /// The time under which the batch is recorded.
    pub routed_at_ms: u64,
    pub token: String,
}

/// Adds the shard's row, and the lease of it if this worker goes on there.
pub(super) fn put_shard(commit: &mut Commit, batch: &Batch, stamp: &Stamp, may_start: bool) {
    let key = keys::shard(batch.shard.number);
    commit.check(&key, batch.shard.version);
    let until_ms = if batch.more && may_start { stamp.now_ms + SHARD_LEASE_MS } else { 0 };
    let row = Shard { token: stamp.token.clone(), until_ms, routed_ms: Some(stamp.routed_at_ms) };
    commit.put(key, rows::encode(&row));
}

/// Removes the inbox rows of finished messages, and moves on those of the others.
pub(super) fn put_inbox(commit: &mut Commit, batch: &Batch) {
    for message in &batch.messages {
        commit.check(&message.entry.key, Some(message.entry.version));
        let key = message.entry.key.clone();
        let Some(cursor) = &message.cursor else {
            commit.delete(key);
            continue;
        };
        let rest = Inbox {
            tenant_part: message.row.tenant_part.clone(),
            event_type: message.row.event_type.clone(),
            routed_to: Some(cursor.clone()),
            routed: message.row.routed,
        };
        commit.put(key, rows::encode(&rest));
    }
}

/// Adds the deliveries to the queues of their lanes.
pub(super) fn put_queue(commit: &mut Commit, batch: &Batch, places: &Places, stamp: &Stamp) {
    for (lane, messages) in &batch.deliveries {
        let Place { at_ms, due_ms } = places.get(lane).copied().unwrap_or_else(|| Place::now(stamp.now_ms));
        for (index, group) in messages.chunks(GROUP_DELIVERIES_MAX).enumerate() {
            let deliveries =
                group.iter().map(|message| QueuedDelivery { message: message.clone(), number: 1 }).collect();
            let key = keys::queue(lane, at_ms, &format!("{}.{index:02}", stamp.token));
            commit.put(key, rows::encode(&Queue { deliveries, first: None, due_ms }));
        }
    }
}

/// Records the messages that the batch finishes, one row for each tenant. From here on the message's own row is the only other
/// one which says that it was accepted.
pub(super) fn put_routed(commit: &mut Commit, batch: &Batch, places: &Places, stamp: &Stamp) {
    let mut tenants: BTreeMap<&str, Routed> = BTreeMap::new();
    for message in batch.messages.iter().filter(|message| message.cursor.is_none()) {
        let row = &message.row;
        let routed = tenants.entry(&row.tenant_part).or_insert_with(|| Routed {
            queued_ms: stamp.now_ms,
            elsewhere: None,
            messages: Vec::new(),
        });
        let is_behind =
            |(lane, place): (&Lane, &Place)| lane.tenant_part() == row.tenant_part && place.at_ms != stamp.now_ms;
        if row.routed_to.is_some() || places.iter().any(is_behind) {
            routed.elsewhere = Some(true);
        }
        let key = &message.entry.key;
        routed.messages.push(RoutedMessage {
            message: keys::last_part(key).to_owned(),
            accepted_ms: keys::inbox_accepted_ms(key),
            webhooks: row.routed.unwrap_or(0),
        });
    }
    for (tenant_part, routed) in &tenants {
        commit.put(keys::routed(tenant_part, stamp.routed_at_ms, &stamp.token), rows::encode(routed));
    }
}
