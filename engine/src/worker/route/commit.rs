//! The commit of a batch: it fills the queues, and leases or announces the lanes.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::Batch;
use super::write::{self, Places, Stamp};
use crate::delivery::order::{self, Place};
use crate::store::commit::{Commit, Outcome};
use crate::store::keys::{self, Lane};
use crate::store::rows;
use crate::support::error::Error;
use crate::support::limits::{CLAIM_LANES_MAX, ROUTE_PLACES_MS_MAX};
use crate::worker::claim::{self, FreeLane, PendingLease, Room};
use crate::worker::state::{Agenda, Ctx, LaneOrder, Leases, Report};

/// Commits the batch. Returns false if another worker was faster.
pub(super) fn commit_batch(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    agenda: &mut Agenda,
    report: &mut Report,
    mut batch: Batch,
) -> Result<bool, Error> {
    let mut announced: BTreeSet<Lane> = BTreeSet::new();
    loop {
        let now_ms = ctx.now_ms();
        let stamp = Stamp { now_ms, routed_at_ms: batch.routed_at_ms(now_ms), token: ctx.token() };
        let mut commit = Commit::default();
        let others = batch.deliveries.keys().filter(|lane| !announced.contains(lane));
        let free = claim::read_free(ctx, leases, others, CLAIM_LANES_MAX, report)?;
        let places = strict_places(ctx, leases, &mut batch, &free, now_ms)?;
        write::put_shard(&mut commit, &batch, &stamp, agenda.may_start(ctx.now_ms()));
        write::put_inbox(&mut commit, &batch);
        write::put_queue(&mut commit, &batch, &places, &stamp);
        write::put_routed(&mut commit, &batch, &places, &stamp);
        let mut room = Room::of(leases, agenda.only_isolated(ctx.now_ms()));
        let taken = free
            .into_iter()
            .filter(|free| batch.deliveries.contains_key(&free.lane) && room.takes(free))
            .map(|free| (free.lane.clone(), free))
            .collect();
        let pending = put_lanes(&mut commit, leases, &batch, taken, (&announced, &stamp));
        match commit.submit(ctx.host)? {
            Outcome::Applied(versions) => {
                for pending in pending {
                    let version = versions.of(&keys::lane(&pending.lane))?;
                    claim::take(leases, pending, version);
                }
                scan_again(leases, batch.deliveries.keys());
                leases.shards.insert(batch.shard.number, stamp.token);
                agenda.next_shard = batch.shard.following();
                report.routed += u32::try_from(batch.messages.len()).unwrap_or(u32::MAX);
                return Ok(true);
            }
            Outcome::Conflict { maybe_applied: true, .. } => {
                // If the commit was applied, the lanes' rows show it. If it was not, another worker has routed the messages.
                claim::adopt(ctx, leases, pending)?;
                scan_again(leases, batch.deliveries.keys());
                return Ok(false);
            }
            Outcome::Conflict { keys: failed, maybe_applied: false } => {
                let changed: Vec<&Lane> =
                    batch.deliveries.keys().filter(|lane| failed.contains(&keys::lane(lane))).collect();
                if changed.len() < failed.len() || changed.is_empty() {
                    return Ok(false);
                }
                // Only leases of lanes have changed: these lanes are announced to their workers.
                announced.extend(changed.into_iter().cloned());
            }
        }
    }
}

/// The queues of these lanes have new rows.
fn scan_again<'l>(leases: &mut Leases, lanes: impl Iterator<Item = &'l Lane>) {
    for lane in lanes {
        if let Some(leased) = leases.lanes.get_mut(lane) {
            leased.queue.scan = true;
        }
    }
}

/// Adds the leases of the lanes in `taken` and the timers of the others. A lane that this worker has leased needs no timer,
/// because its release reads the queue after this commit. The check makes sure that the lease still stands.
fn put_lanes(
    commit: &mut Commit,
    leases: &Leases,
    batch: &Batch,
    mut taken: BTreeMap<Lane, FreeLane>,
    (announced, stamp): (&BTreeSet<Lane>, &Stamp),
) -> Vec<PendingLease> {
    let mut pending = Vec::new();
    for lane in batch.deliveries.keys() {
        let leased = leases.lanes.get(lane).filter(|_| !announced.contains(lane));
        if let Some(leased) = leased {
            commit.check(&keys::lane(lane), Some(leased.lease.version));
        } else if let Some(free) = taken.remove(lane) {
            pending.push(claim::add_lease(commit, free, &stamp.token, stamp.now_ms));
        } else {
            commit.put(keys::timer(stamp.now_ms, lane, &stamp.token), rows::encode(&rows::Empty {}));
        }
    }
    pending
}

/// Returns the places of the deliveries in lanes with strict order. No other worker routes this shard meanwhile, or the commit
/// conflicts, so each batch stands behind the one before.
///
/// Each place is a read of its own. Once [`ROUTE_PLACES_MS_MAX`] has passed, the batch ends before the next such delivery.
fn strict_places(
    ctx: &Ctx<'_>,
    leases: &Leases,
    batch: &mut Batch,
    free: &[FreeLane],
    now_ms: u64,
) -> Result<Places, Error> {
    let (mut strict, mut unknown): (BTreeSet<&Lane>, Vec<&Lane>) = (BTreeSet::new(), Vec::new());
    for lane in batch.deliveries.keys() {
        let order = match leases.lanes.get(lane) {
            Some(leased) => leased.order(),
            None => free.iter().find(|free| free.lane == *lane).map_or(LaneOrder::Unknown, |free| free.order),
        };
        match order {
            LaneOrder::Strict => {
                strict.insert(lane);
            }
            LaneOrder::ByTime => {}
            LaneOrder::Unknown => unknown.push(lane),
        }
    }
    if !unknown.is_empty() {
        let wanted: Vec<String> = unknown.iter().map(|lane| keys::webhook(lane)).collect();
        let webhooks = ctx.host.get(&wanted)?;
        let found = unknown.into_iter().zip(&webhooks);
        strict
            .extend(found.filter(|(_, webhook)| webhook.as_ref().is_some_and(order::is_wanted)).map(|(lane, _)| lane));
    }
    let strict: Vec<Lane> = batch.lanes_in_order().into_iter().filter(|lane| strict.contains(lane)).cloned().collect();
    let until_ms = ctx.now_ms() + ROUTE_PLACES_MS_MAX;
    let mut places = Places::new();
    for lane in strict {
        if !places.is_empty() && ctx.now_ms() >= until_ms {
            batch.cut_before(&lane);
            break;
        }
        let place = Place::last(ctx.host, &lane, now_ms)?;
        places.insert(lane, place);
    }
    Ok(places)
}
