//! Leasing a lane: what the commit writes, and the lane once the commit is applied.

use super::free::FreeLane;
use crate::store::commit::Commit;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Health, Quarantine};
use crate::support::error::Error;
use crate::support::limits::{LEASE_MARGIN_MS, LEASE_SENDING_MS};
use crate::worker::quarantine;
use crate::worker::state::{Ctx, Lease, LeasedLane, Leases, Standing};

/// A lease as a commit is about to take it.
pub(crate) struct PendingLease {
    pub lane: Lane,
    token: String,
    until_ms: u64,
    timer: String,
    health: Health,
    quarantine: Quarantine,
}

/// Adds the lease of a lane to a commit.
pub(crate) fn add_lease(commit: &mut Commit, free: FreeLane, token: &str, now_ms: u64) -> PendingLease {
    let until_ms = now_ms + u64::from(free.timeout_ms) + LEASE_MARGIN_MS + LEASE_SENDING_MS;
    let timer = keys::timer(until_ms, &free.lane, token);
    let claimed = quarantine::claimed(&free.quarantine);
    let row =
        rows::Lane { token: token.to_owned(), until_ms, timer: Some(timer.clone()), quarantine: Some(claimed.clone()) };
    commit.check(&keys::lane(&free.lane), free.version);
    commit.put(keys::lane(&free.lane), rows::encode(&row));
    commit.put(timer.clone(), rows::encode(&rows::Empty {}));
    let owned = free.owned_timer.filter(|owned| !free.seen.contains(owned));
    for timer in free.seen.into_iter().chain(owned) {
        commit.delete(timer);
    }
    let quarantine = Quarantine { recorded: free.quarantine.recorded, ..claimed };
    PendingLease { lane: free.lane, token: token.to_owned(), until_ms, timer, health: free.health, quarantine }
}

/// Takes a lane whose lease has been committed with this version.
pub(crate) fn take(leases: &mut Leases, pending: PendingLease, version: u64) {
    let PendingLease { lane, token, until_ms, timer, health, quarantine } = pending;
    let lease = Lease { version, token, until_ms, timer, seen: Vec::new() };
    leases.lanes.insert(lane, LeasedLane::new(lease, quarantine, Standing::of(health)));
}

/// Takes the lanes that a commit with an unknown outcome turns out to have leased. Returns true if there is one.
pub(crate) fn adopt(ctx: &Ctx<'_>, leases: &mut Leases, pending: Vec<PendingLease>) -> Result<bool, Error> {
    if pending.is_empty() {
        return Ok(false);
    }
    let wanted: Vec<String> = pending.iter().map(|pending| keys::lane(&pending.lane)).collect();
    let entries = ctx.host.get(&wanted)?;
    let mut any = false;
    for (pending, entry) in pending.into_iter().zip(entries) {
        let Some(entry) = entry else { continue };
        // A row that cannot be decoded is not this worker's.
        let row = rows::decode::<rows::Lane>(&entry.key, &entry.value);
        if row.is_ok_and(|row| row.token == pending.token) {
            take(leases, pending, entry.version);
            any = true;
        }
    }
    Ok(any)
}
