//! A batch of messages of one shard, with their webhooks.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::Entry;
use crate::store::keys::{self, Lane};
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

impl RoutedMessage {
    /// Returns the message's id.
    fn id(&self) -> &str {
        keys::last_part(&self.entry.key)
    }
}

impl Batch {
    /// Returns the lanes of the batch in the order in which its deliveries are routed: by message, and by webhook within one.
    pub(super) fn lanes_in_order(&self) -> Vec<&Lane> {
        let place = |message: &String| self.messages.iter().position(|routed| routed.id() == message);
        // A lane's messages are in the batch's order, so its first one decides.
        let mut lanes: Vec<(Option<usize>, &Lane)> =
            self.deliveries.iter().map(|(lane, messages)| (messages.first().and_then(place), lane)).collect();
        lanes.sort();
        lanes.into_iter().map(|(_, lane)| lane).collect()
    }

    /// Leaves the first delivery of this lane, and all that are routed after it, to another batch.
    pub(super) fn cut_before(&mut self, lane: &Lane) {
        let Some(first) = self.deliveries.get(lane).and_then(|messages| messages.first()) else { return };
        let Some(at) = self.messages.iter().position(|routed| routed.id() == first) else { return };
        let cut = self.messages[at].id().to_owned();
        let kept: BTreeSet<String> = self.messages[..at].iter().map(|routed| routed.id().to_owned()).collect();
        let mut cursor = None;
        let mut dropped = 0;
        for (of, messages) in &mut self.deliveries {
            let before = of < lane;
            let has_cut = messages.contains(&cut);
            messages.retain(|message| kept.contains(message) || (before && *message == cut));
            if has_cut && before {
                cursor = Some(of.webhook().to_owned());
            }
            dropped += u32::from(has_cut && !before);
        }
        self.deliveries.retain(|_, messages| !messages.is_empty());
        self.messages.truncate(at + 1);
        match (cursor, self.messages.last_mut()) {
            (Some(cursor), Some(last)) => {
                last.row.routed = last.row.routed.map(|routed| routed.saturating_sub(dropped));
                last.cursor = Some(cursor);
            }
            _ => self.messages.truncate(at),
        }
        self.more = true;
    }

    /// Returns the time under which the batch is recorded: now, but after the batch before it, so that a tenant's messages stay in
    /// the order of their routing. A time that is further ahead than clocks may differ is not followed.
    pub(super) fn routed_at_ms(&self, now_ms: u64) -> u64 {
        let after_ms = self.shard.routed_ms.saturating_add(1);
        if after_ms <= now_ms + CLOCK_SKEW_MS_MAX { after_ms.max(now_ms) } else { now_ms }
    }
}
