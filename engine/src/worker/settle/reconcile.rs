//! After a conflict: which lanes this worker still has, and which attempts an earlier submission of the commit has recorded.

use std::collections::BTreeMap;

use super::plan::Plan;
use super::plan_lane::LanePlan;
use crate::ports::Entry;
use crate::store::keys;
use crate::store::rows::{self, Queue};
use crate::support::error::Error;
use crate::worker::state::{Completed, Ctx, Ended, LeasedLane, Leases, QueuedRow, Registration, Report};

/// The rows of a plan as they are in the store now, by key.
pub(super) type Entries = BTreeMap<String, Entry>;

/// Reads all rows of a plan.
pub(super) fn read(ctx: &Ctx<'_>, plan: &Plan) -> Result<Entries, Error> {
    let mut wanted: Vec<String> = Vec::new();
    for (lane, planned) in &plan.lanes {
        wanted.extend([keys::lane(lane), keys::health(lane)]);
        wanted.extend(planned.rows.keys().cloned());
    }
    let entries = ctx.host.get(&wanted)?;
    Ok(entries.into_iter().flatten().map(|entry| (entry.key.clone(), entry)).collect())
}

/// Drops the lanes that another worker has, and puts the attempts of the others back that are not recorded.
pub(super) fn reconcile(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    completed: &mut Completed,
    report: &mut Report,
    plan: Plan,
    mut entries: Entries,
) {
    let now_ms = ctx.now_ms();
    for (lane, planned) in plan.lanes {
        let lease = entries.remove(&keys::lane(&lane));
        // A lane whose row cannot be decoded is not this worker's.
        let row = match &lease {
            Some(entry) => rows::decode::<rows::Lane>(&entry.key, &entry.value).unwrap_or_else(|error| {
                report.tell(&error);
                rows::Lane::default()
            }),
            None => rows::Lane::default(),
        };
        let Some(leased) = leases.lanes.get_mut(&lane) else { continue };
        let Some(lease) = lease.filter(|_| row.token == leased.lease.token) else {
            leases.lanes.remove(&lane);
            continue;
        };
        leased.refresh(lease.version, row);
        // An earlier submission has counted the attempts that it recorded.
        leased.standing.update(entries.remove(&keys::health(&lane)), now_ms);
        refresh_rows(leased, &planned, &mut entries, report);
        // An earlier submission may have disabled the webhook, and another row may be the first one now.
        leased.registration = Registration::Unread;
        leased.queue.scan |= leased.queue.partial;
        let all = planned.ended.len();
        let unsettled: Vec<Ended> = planned.ended.into_iter().filter(|ended| is_unsettled(leased, ended)).collect();
        leased.recorded += all - unsettled.len();
        completed.put_back(unsettled.into_iter());
    }
}

/// Takes over the rows of a lane as they are now.
fn refresh_rows(leased: &mut LeasedLane, planned: &LanePlan, entries: &mut Entries, report: &mut Report) {
    for key in planned.rows.keys() {
        let entry = entries.remove(key);
        let row =
            entry.map(|entry| rows::decode::<Queue>(key, &entry.value).map(|row| QueuedRow::of(entry.version, row)));
        match row {
            Some(Ok(row)) => drop(leased.queue.rows.insert(key.clone(), row)),
            None => drop(leased.queue.rows.remove(key)),
            Some(Err(error)) => {
                leased.queue.unreadable = true;
                leased.queue.rows.remove(key);
                report.tell(&error);
            }
        }
    }
}

/// Returns true if the attempt is not recorded: its row still names the delivery. A redelivery that left the delivery in its place
/// has begun its schedule anew, so the attempt is made again.
fn is_unsettled(leased: &LeasedLane, ended: &Ended) -> bool {
    let row = leased.queue.rows.get(&ended.delivery.row);
    row.is_some_and(|row| row.first.unwrap_or(1) == ended.delivery.first && row.holds(&ended.delivery))
}
