//! Reading a batch: the inbox first and the subscriptions afterwards, so that a webhook which subscribed before an event was
//! accepted is always found.

use std::collections::BTreeMap;

use super::batch::{Batch, RoutedMessage, ShardRead};
use crate::ports::{Direction, Entry};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Inbox};
use crate::store::subscriptions::{self, Found, Known};
use crate::support::error::Error;
use crate::support::limits::{ROUTE_DELIVERIES_MAX, ROUTE_MESSAGES_MAX, ROUTE_READ_MS_MAX, ROUTE_READS_MAX};
use crate::worker::state::{Ctx, Report};

/// Reads a batch. `None`: no row can be decoded, or the subscriptions keep changing. While they change they are read again, so
/// that a webhook which exchanges one matching pattern for another is found as well.
///
/// Once [`ROUTE_READ_MS_MAX`] has passed, the batch takes no further message, so that a slow store does not outlive the leases.
pub(super) fn read_batch(ctx: &Ctx<'_>, shard: &ShardRead, report: &mut Report) -> Result<Option<Batch>, Error> {
    let until_ms = ctx.now_ms() + ROUTE_READ_MS_MAX;
    for _ in 0..ROUTE_READS_MAX {
        let mut reading = Reading { until_ms, ..Reading::default() };
        let batch = read_once(ctx, shard, &mut reading, report)?;
        if reading.tenants.is_empty() {
            return Ok(batch);
        }
        let now = subscriptions::known_of(ctx.host, &mut reading.tenants.keys())?;
        if reading.tenants.values().eq(&now) {
            return Ok(batch);
        }
    }
    Ok(None)
}

/// The state of one reading.
struct Reading {
    /// Each tenant's row before its subscriptions were read.
    tenants: BTreeMap<String, Known>,
    /// The webhooks that were found for each query.
    found: BTreeMap<Query, Found>,
    /// Rows that the routing commit can still hold.
    room: usize,
    /// The time from which on no further message is taken, in milliseconds.
    until_ms: u64,
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
        Reading { tenants: BTreeMap::new(), found: BTreeMap::new(), room: ROUTE_DELIVERIES_MAX, until_ms: 0 }
    }
}

impl Reading {
    /// Returns the webhooks of a query. Each is read once.
    fn webhooks(&mut self, ctx: &Ctx<'_>, query: Query) -> Result<Found, Error> {
        if let Some(found) = self.found.get(&query) {
            return Ok(found.clone());
        }
        let tenant_part = &query.tenant_part;
        let known = match self.tenants.get(tenant_part) {
            Some(known) => *known,
            None => {
                let known = subscriptions::known_of(ctx.host, &mut std::iter::once(tenant_part))?;
                let known = known.into_iter().next().unwrap_or_default();
                self.tenants.insert(tenant_part.clone(), known);
                // The tenant's `routed` row.
                self.room = self.room.saturating_sub(1);
                known
            }
        };
        let found = subscriptions::of(ctx.host, tenant_part, &known, &query.event_type, query.after.as_deref())?;
        self.found.insert(query, found.clone());
        Ok(found)
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
        let is_late = !batch.messages.is_empty() && ctx.now_ms() >= reading.until_ms;
        if is_late || !add_message(ctx, reading, &mut batch, entry, row)? {
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
    let Found { webhooks, through } = reading.webhooks(ctx, query)?;
    if reading.room == 0 {
        return Ok(false);
    }
    let now = &webhooks[..webhooks.len().min(reading.room)];
    reading.room -= now.len();
    let message = keys::last_part(&entry.key);
    for webhook in now {
        batch.deliveries.entry(Lane::of(&row.tenant_part, webhook)).or_default().push(message.to_owned());
    }
    let routed = u32::try_from(now.len()).unwrap_or(u32::MAX);
    row.routed = Some(row.routed.unwrap_or(0).saturating_add(routed));
    let cursor = if now.len() < webhooks.len() { now.last().cloned() } else { through };
    let finished = cursor.is_none();
    batch.messages.push(RoutedMessage { entry, row, cursor });
    Ok(finished)
}
