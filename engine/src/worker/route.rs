//! Routing: which webhooks an accepted message concerns, decided once per message, with the lanes' queues filled and
//! announced in the same commit. Matching is [`crate::profile::pattern`]'s business.

use litemap::Entry::{Occupied, Vacant};
use litemap::LiteMap;

use super::{Pump, claim, is_believed};
use crate::delivery::order::{self, Place};
use crate::ports::{Direction, Entry};
use crate::store::commit::{Commit, Outcome};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Inbox, Queue, QueuedDelivery, Routed, RoutedMessage, Shard};
use crate::store::subscriptions;
use crate::support::error::Error;
use crate::support::limits::{
    CLAIM_LANES_MAX, CLOCK_SKEW_MS_MAX, GROUP_DELIVERIES_MAX, INBOX_SHARDS, ROUTE_BATCHES_MAX, ROUTE_DELIVERIES_MAX,
    ROUTE_MESSAGES_MAX, ROUTE_READS_MAX, SHARD_LEASE_MS,
};

/// Routes batches until the inboxes are empty, others are at it, or a lease is about to end. Answers whether anything was routed.
pub(super) fn route(pump: &mut Pump<'_>) -> Result<bool, Error> {
    let mut progress = false;
    for _ in 0..ROUTE_BATCHES_MAX {
        if pump.has_to_settle() {
            break;
        }
        let Some(shard) = next_shard(pump)? else { return Ok(progress) };
        let Some(batch) = read_batch(pump, &shard)? else {
            // Nothing that can be read, or subscriptions that change all the time: the other shards first.
            pump.first_shard = (shard.number + 1) % INBOX_SHARDS;
            continue;
        };
        if !commit_batch(pump, batch)? {
            return Ok(progress);
        }
        progress = true;
    }
    pump.look = true;
    Ok(progress)
}

/// A shard as it was read.
#[derive(Clone)]
struct ShardRead {
    number: u32,
    version: Option<u64>,
    /// The time in the key of the last `routed` rows.
    routed_ms: u64,
}

/// A part of one shard's inbox, with the webhooks of its messages.
struct Batch {
    shard: ShardRead,
    /// The rows, counted on to how many webhooks they are routed by now, with the webhook to go on after where a row is not finished.
    rows: Vec<(Entry, Inbox, Option<String>)>,
    deliveries: LiteMap<Lane, Vec<String>>,
    more: bool,
}

/// The next shard, in rotation, that has something and is not kept by another pump.
fn next_shard(pump: &mut Pump<'_>) -> Result<Option<ShardRead>, Error> {
    for (mut from, to) in [(pump.first_shard, INBOX_SHARDS), (0, pump.first_shard)] {
        while from < to {
            let first = pump.host.scan(&keys::inbox_shards(from, to), 1, Direction::Forward)?;
            let Some((shard, _)) = first.first().and_then(|entry| keys::parse_inbox(&entry.key)) else { break };
            let (row, version) = match read_shard(pump, shard)? {
                Ok(read) => read,
                Err(error) => {
                    pump.tell(&error);
                    from = shard + 1;
                    continue;
                }
            };
            let own = pump.shards.get(&shard) == Some(&row.token);
            if own || !is_believed(row.until_ms, pump.now_ms()) {
                return Ok(Some(ShardRead { number: shard, version, routed_ms: row.routed_ms.unwrap_or(0) }));
            }
            from = shard + 1;
        }
    }
    Ok(None)
}

/// The row of a shard, and its version; the inner error is about the row.
type ShardRow = Result<(Shard, Option<u64>), Error>;

fn read_shard(pump: &Pump<'_>, shard: u32) -> Result<ShardRow, Error> {
    let key = keys::shard(shard);
    Ok(match pump.host.get_one(&key)? {
        Some(entry) => rows::decode(&key, &entry.value).map(|row| (row, Some(entry.version))),
        None => Ok((Shard::default(), None)),
    })
}

/// Gives back the shards that this pump keeps, so that others need not wait for the leases' end.
pub(super) fn release_shards(pump: &mut Pump<'_>) -> Result<(), Error> {
    for (shard, token) in std::mem::take(&mut pump.shards) {
        let Ok((row, version)) = read_shard(pump, shard)? else { continue };
        if row.token != token || row.until_ms == 0 {
            continue;
        }
        let mut commit = Commit::default();
        commit.check(&keys::shard(shard), version);
        commit.put(keys::shard(shard), rows::encode(&Shard { token: pump.token(), until_ms: 0, ..row }));
        commit.submit(pump.host)?;
    }
    Ok(())
}

/// Reads the inbox first and the subscriptions afterwards: who subscribed before an event was accepted is always found. A
/// webhook that exchanges one matching pattern for another is found as well: while subscriptions change, they are read again.
fn read_batch(pump: &mut Pump<'_>, shard: &ShardRead) -> Result<Option<Batch>, Error> {
    for _ in 0..ROUTE_READS_MAX {
        let mut tenants: LiteMap<String, Option<u64>> = LiteMap::new();
        let batch = read_batch_once(pump, shard, &mut tenants)?;
        if tenants.is_empty() {
            return Ok(batch);
        }
        let now = subscriptions::versions(pump.host, &mut tenants.keys())?;
        if tenants.values().eq(&now) {
            return Ok(batch);
        }
    }
    Ok(None)
}

/// Notes of each tenant the version of its subscriptions before they are read.
fn read_batch_once(
    pump: &mut Pump<'_>,
    shard: &ShardRead,
    tenants: &mut LiteMap<String, Option<u64>>,
) -> Result<Option<Batch>, Error> {
    let range = keys::inbox_shards(shard.number, shard.number + 1);
    let mut entries = pump.host.scan(&range, ROUTE_MESSAGES_MAX + 1, Direction::Forward)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let mut more = entries.len() > ROUTE_MESSAGES_MAX as usize;
    entries.truncate(ROUTE_MESSAGES_MAX as usize);
    let mut known: LiteMap<(String, String, Option<String>), Vec<String>> = LiteMap::new();
    let mut deliveries: LiteMap<Lane, Vec<String>> = LiteMap::new();
    let mut room = ROUTE_DELIVERIES_MAX;
    let mut rows = Vec::new();
    for entry in entries {
        let mut row: Inbox = match rows::decode(&entry.key, &entry.value) {
            Ok(row) => row,
            Err(error) => {
                // It stays where it is; the others are routed.
                pump.tell(&error);
                continue;
            }
        };
        let wanted = (row.tenant_part.clone(), row.event_type.clone(), row.routed_to.clone());
        let webhooks = match known.entry(wanted) {
            Occupied(found) => found.into_mut(),
            Vacant(place) => {
                if !tenants.contains_key(&row.tenant_part) {
                    let version = subscriptions::versions(pump.host, &mut std::iter::once(&row.tenant_part))?;
                    tenants.insert(row.tenant_part.clone(), version.into_iter().next().flatten());
                    // Its `routed` row.
                    room = room.saturating_sub(1);
                }
                let after = row.routed_to.as_deref();
                place.insert(subscriptions::of(pump.host, &row.tenant_part, &row.event_type, after)?)
            }
        };
        if room == 0 {
            more = true;
            break;
        }
        let now = &webhooks[..webhooks.len().min(room)];
        room -= now.len();
        let cursor = if now.len() < webhooks.len() { now.last().cloned() } else { None };
        for webhook in now {
            let message = keys::last_part(&entry.key).to_owned();
            deliveries.entry(Lane::of(&row.tenant_part, webhook)).or_default().push(message);
        }
        let routed = u32::try_from(now.len()).unwrap_or(u32::MAX);
        row.routed = Some(row.routed.unwrap_or(0).saturating_add(routed));
        let unfinished = cursor.is_some();
        rows.push((entry, row, cursor));
        if unfinished {
            more = true;
            break;
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(Batch { shard: shard.clone(), rows, deliveries, more }))
}

/// Commits the batch. Answers false if another pump was faster.
fn commit_batch(pump: &mut Pump<'_>, batch: Batch) -> Result<bool, Error> {
    let mut announced: LiteMap<Lane, ()> = LiteMap::new();
    loop {
        let now_ms = pump.now_ms();
        let token = pump.token();
        let mut commit = Commit::default();
        let at_ms = routed_at_ms(&batch, now_ms);
        put_shard(pump, &batch, &token, (now_ms, at_ms), &mut commit);
        let mut leases = Vec::new();
        let free = claim::free_lanes(
            pump,
            &mut batch.deliveries.keys().filter(|lane| !announced.contains_key(lane)),
            CLAIM_LANES_MAX,
        )?;
        let places = strict_places(pump, &batch, &free, now_ms)?;
        put_queue(&batch, &places, &token, now_ms, &mut commit);
        put_routed(&batch, &places, &token, (now_ms, at_ms), &mut commit);
        let mut room = claim::Room::of(pump);
        let taken = free.into_iter().filter(|free| room.takes(free));
        // Put in one by one: collecting would bring a sort of its own.
        let mut free: LiteMap<Lane, claim::Free> = LiteMap::new();
        for taken in taken {
            free.insert(taken.lane.clone(), taken);
        }
        for lane in batch.deliveries.keys() {
            if announced.contains_key(lane) {
                commit.put(keys::timer(now_ms, lane, &token), rows::encode(&rows::Empty {}));
            } else if let Some(held) = pump.lanes.get(lane) {
                // The release of this lease reads the queue after this commit, so the rows need no timer. Without
                // the lease they would be forgotten, hence the check.
                commit.check(&keys::lane(lane), Some(held.version));
            } else if let Some(free) = free.remove(lane) {
                leases.push(claim::lease(free, &token, now_ms, &mut commit));
            } else {
                commit.put(keys::timer(now_ms, lane, &token), rows::encode(&rows::Empty {}));
            }
        }
        match commit.submit(pump.host)? {
            Outcome::Applied(versions) => {
                for lease in leases {
                    let version = versions.of(&keys::lane(&lease.lane))?;
                    claim::hold(pump, lease, version);
                }
                for lane in batch.deliveries.keys() {
                    if let Some(held) = pump.lanes.get_mut(lane) {
                        held.scan = true;
                    }
                }
                pump.shards.insert(batch.shard.number, token);
                pump.first_shard = (batch.shard.number + 1) % INBOX_SHARDS;
                pump.report.routed += u32::try_from(batch.rows.len()).unwrap_or(u32::MAX);
                return Ok(true);
            }
            Outcome::Conflict { doubtful: true, .. } => {
                // If it landed, the lanes say so; if it did not, whoever was faster has routed the messages.
                let lanes: Vec<Lane> = leases.iter().map(|lease| lease.lane.clone()).collect();
                claim::adopt(pump, leases)?;
                for lane in lanes.iter().chain(batch.deliveries.keys()) {
                    if let Some(held) = pump.lanes.get_mut(lane) {
                        held.scan = true;
                    }
                }
                return Ok(false);
            }
            Outcome::Conflict { keys: failed, doubtful: false } => {
                let lanes: Vec<&Lane> =
                    batch.deliveries.keys().filter(|lane| failed.contains(&keys::lane(lane))).collect();
                if lanes.len() < failed.len() || lanes.is_empty() {
                    return Ok(false);
                }
                // Only lanes have changed hands: announce these like any other.
                for lane in lanes {
                    announced.insert(lane.clone(), ());
                }
            }
        }
    }
}

/// The time under which the batch is remembered: now, but after what was routed before it, so that a tenant's messages stay
/// in the order of their routing. A clock that was ahead by more than is allowed is not followed.
fn routed_at_ms(batch: &Batch, now_ms: u64) -> u64 {
    let after_ms = batch.shard.routed_ms.saturating_add(1);
    if after_ms <= now_ms + CLOCK_SKEW_MS_MAX { after_ms.max(now_ms) } else { now_ms }
}

fn put_shard(pump: &Pump<'_>, batch: &Batch, token: &str, (now_ms, at_ms): (u64, u64), commit: &mut Commit) {
    let key = keys::shard(batch.shard.number);
    commit.check(&key, batch.shard.version);
    let until_ms = if batch.more && pump.may_start() { now_ms + SHARD_LEASE_MS } else { 0 };
    commit.put(key, rows::encode(&Shard { token: token.to_owned(), until_ms, routed_ms: Some(at_ms) }));
    for (entry, row, cursor) in &batch.rows {
        commit.check(&entry.key, Some(entry.version));
        match cursor {
            Some(cursor) => {
                let rest = Inbox {
                    tenant_part: row.tenant_part.clone(),
                    event_type: row.event_type.clone(),
                    routed_to: Some(cursor.clone()),
                    routed: row.routed,
                };
                commit.put(entry.key.clone(), rows::encode(&rest));
            }
            None => commit.delete(entry.key.clone()),
        }
    }
}

/// What this batch finishes, tenant by tenant: from here on the message's row is all that says that it was accepted.
fn put_routed(
    batch: &Batch,
    places: &LiteMap<Lane, Place>,
    token: &str,
    (now_ms, at_ms): (u64, u64),
    commit: &mut Commit,
) {
    let mut tenants: LiteMap<&str, Routed> = LiteMap::new();
    for (entry, row, _) in batch.rows.iter().filter(|(_, _, cursor)| cursor.is_none()) {
        let routed = tenants.entry(&row.tenant_part).or_insert_with(|| Routed {
            queued_ms: now_ms,
            elsewhere: None,
            messages: Vec::new(),
        });
        let behind = |(lane, place): (&Lane, &Place)| lane.tenant_part() == row.tenant_part && place.at_ms != now_ms;
        if row.routed_to.is_some() || places.iter().any(behind) {
            routed.elsewhere = Some(true);
        }
        let accepted_ms = keys::inbox_accepted_ms(&entry.key);
        let message = keys::last_part(&entry.key).to_owned();
        routed.messages.push(RoutedMessage { message, accepted_ms, webhooks: row.routed.unwrap_or(0) });
    }
    for (tenant_part, routed) in tenants.iter() {
        commit.put(keys::routed(tenant_part, at_ms, token), rows::encode(routed));
    }
}

/// The places of what goes to lanes in strict order. Nobody else routes this shard meanwhile, or the commit conflicts: so each
/// batch stands behind the one before.
fn strict_places(
    pump: &Pump<'_>,
    batch: &Batch,
    free: &[claim::Free],
    now_ms: u64,
) -> Result<LiteMap<Lane, Place>, Error> {
    let (mut strict, mut unknown): (Vec<&Lane>, Vec<&Lane>) = (Vec::new(), Vec::new());
    for lane in batch.deliveries.keys() {
        let known = match pump.lanes.get(lane) {
            Some(held) => held.order(),
            None => free.iter().find(|free| free.lane == *lane).map(|free| free.strict),
        };
        match known {
            Some(true) => strict.push(lane),
            Some(false) => {}
            None => unknown.push(lane),
        }
    }
    if !unknown.is_empty() {
        let hooks = pump.host.get(&unknown.iter().map(|lane| keys::webhook(lane)).collect::<Vec<_>>())?;
        let wanted = unknown.into_iter().zip(&hooks).filter(|(_, hook)| hook.as_ref().is_some_and(order::is_wanted));
        strict.extend(wanted.map(|(lane, _)| lane));
    }
    let mut places = LiteMap::new();
    for lane in strict {
        places.insert(lane.clone(), Place::last(pump.host, lane, now_ms)?);
    }
    Ok(places)
}

fn put_queue(batch: &Batch, places: &LiteMap<Lane, Place>, token: &str, now_ms: u64, commit: &mut Commit) {
    for (lane, messages) in &batch.deliveries {
        let Place { at_ms, due_ms } = places.get(lane).copied().unwrap_or_else(|| Place::now(now_ms));
        for (index, group) in messages.chunks(GROUP_DELIVERIES_MAX).enumerate() {
            let deliveries =
                group.iter().map(|message| QueuedDelivery { message: message.clone(), number: 1 }).collect();
            let key = keys::queue(lane, at_ms, &format!("{token}.{index:02}"));
            commit.put(key, rows::encode(&Queue { deliveries, first: None, due_ms }));
        }
    }
}
