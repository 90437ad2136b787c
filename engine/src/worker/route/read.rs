//! Reading a batch: the inbox first and the subscriptions afterwards, so that a webhook which subscribed before an event was
//! accepted is always found.

use std::collections::BTreeMap;

use super::batch::{Batch, RoutedMessage, ShardRead};
use crate::ports::{Direction, Entry};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Inbox};
use crate::store::subscriptions;
use crate::support::error::Error;
use crate::support::limits::{ROUTE_DELIVERIES_MAX, ROUTE_MESSAGES_MAX, ROUTE_READS_MAX};
use crate::worker::state::{Ctx, Report};

/// Reads a batch. `None`: no row can be decoded, or the subscriptions keep changing. While they change they are read again, so
/// that a webhook which exchanges one matching pattern for another is found as well.
pub(super) fn read_batch(ctx: &Ctx<'_>, shard: &ShardRead, report: &mut Report) -> Result<Option<Batch>, Error> {
    for _ in 0..ROUTE_READS_MAX {
        let mut reading = Reading::default();
        let batch = read_once(ctx, shard, &mut reading, report)?;
        if reading.versions.is_empty() {
            return Ok(batch);
        }
        let now = subscriptions::versions(ctx.host, &mut reading.versions.keys())?;
        if reading.versions.values().eq(&now) {
            return Ok(batch);
        }
    }
    Ok(None)
}

/// The state of one reading.
struct Reading {
    /// The version of each tenant's subscriptions before they were read.
    versions: BTreeMap<String, Option<u64>>,
    /// The webhooks that were found for each query.
    webhooks: BTreeMap<Query, Vec<String>>,
    /// Rows that the routing commit can still hold.
    room: usize,
}

/// A query for webhooks: a tenant, an event type, and the webhook after which the search begins.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Query {
    tenant_part: String,
    event_type: String,
    after: Option<String>,
}

impl Default for Reading {
    fn default() -> Reading {
        Reading { versions: BTreeMap::new(), webhooks: BTreeMap::new(), room: ROUTE_DELIVERIES_MAX }
    }
}

impl Reading {
    /// Returns the webhooks of a query. Each is read once.
    fn webhooks(&mut self, ctx: &Ctx<'_>, query: Query) -> Result<&[String], Error> {
        if !self.webhooks.contains_key(&query) {
            let tenant_part = &query.tenant_part;
            if !self.versions.contains_key(tenant_part) {
                let version = subscriptions::versions(ctx.host, &mut std::iter::once(tenant_part))?;
                self.versions.insert(tenant_part.clone(), version.into_iter().next().flatten());
                // The tenant's `routed` row.
                self.room = self.room.saturating_sub(1);
            }
            let found = subscriptions::of(ctx.host, tenant_part, &query.event_type, query.after.as_deref())?;
            self.webhooks.insert(query.clone(), found);
        }
        Ok(self.webhooks.get(&query).map_or(&[], Vec::as_slice))
    }
}

fn read_once(
    ctx: &Ctx<'_>,
    shard: &ShardRead,
    reading: &mut Reading,
    report: &mut Report,
) -> Result<Option<Batch>, Error> {
    let range = keys::inbox_shards(shard.number, shard.number + 1);
    let mut entries = ctx.host.scan(&range, ROUTE_MESSAGES_MAX + 1, Direction::Forward)?;
    let more = entries.len() > ROUTE_MESSAGES_MAX as usize;
    entries.truncate(ROUTE_MESSAGES_MAX as usize);
    let mut batch = Batch { shard: shard.clone(), messages: Vec::new(), deliveries: BTreeMap::new(), more };
    for entry in entries {
        let row: Inbox = match rows::decode(&entry.key, &entry.value) {
            Ok(row) => row,
            Err(error) => {
                // It stays where it is. The others are routed.
                report.tell(&error);
                continue;
            }
        };
        if !add_message(ctx, reading, &mut batch, entry, row)? {
            batch.more = true;
            break;
        }
    }
    Ok((!batch.messages.is_empty()).then_some(batch))
}

/// Adds a message with as many of its webhooks as there is room for. Returns true if there is room for the next message.
fn add_message(
    ctx: &Ctx<'_>,
    reading: &mut Reading,
    batch: &mut Batch,
    entry: Entry,
    mut row: Inbox,
) -> Result<bool, Error> {
    let query = Query {
        tenant_part: row.tenant_part.clone(),
        event_type: row.event_type.clone(),
        after: row.routed_to.clone(),
    };
    let found = reading.webhooks(ctx, query)?.to_vec();
    if reading.room == 0 {
        return Ok(false);
    }
    let now = &found[..found.len().min(reading.room)];
    reading.room -= now.len();
    let message = keys::last_part(&entry.key);
    for webhook in now {
        batch.deliveries.entry(Lane::of(&row.tenant_part, webhook)).or_default().push(message.to_owned());
    }
    let routed = u32::try_from(now.len()).unwrap_or(u32::MAX);
    row.routed = Some(row.routed.unwrap_or(0).saturating_add(routed));
    let cursor = if now.len() < found.len() { now.last().cloned() } else { None };
    let finished = cursor.is_none();
    batch.messages.push(RoutedMessage { entry, row, cursor });
    Ok(finished)
}
