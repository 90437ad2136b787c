//! The deliveries of a lane in quarantine: each is named in the lane's row before it is read, so that the next worker knows
//! which one crashed this one.

use super::chosen::{Chosen, Unsent, end, put_back};
use crate::store::commit::{Commit, Outcome};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Quarantine};
use crate::support::error::Error;
use crate::worker::quarantine;
use crate::worker::state::{Agenda, Attempts, Ctx, Delivery, Leases};

/// Returns the chosen deliveries if they may be read and sent. `None`: their lane is in quarantine, and the delivery is not sent
/// now, or has ended as failed.
pub(super) fn admit(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    attempts: &mut Attempts,
    agenda: &mut Agenda,
    chosen: Vec<Chosen>,
) -> Result<Option<Vec<Chosen>>, Error> {
    let Some(first) = chosen.first() else { return Ok(Some(chosen)) };
    let Some(leased) = leases.lanes.get(&first.lane).filter(|leased| leased.is_alone()) else {
        return Ok(Some(chosen));
    };
    let named = &leased.quarantine;
    if named.delivery.as_ref().is_some_and(|named| first.delivery.is_named_by(named)) {
        if !named.fails_delivery() {
            return Ok(Some(chosen));
        }
        let attempt = quarantine::failed(named, ctx.now_ms());
        for chosen in chosen {
            let unsent = Unsent { attempt: attempt.clone(), gone: false };
            end(leases, &mut attempts.completed, chosen, unsent);
        }
        return Ok(None);
    }
    let named = name(ctx, leases, &first.lane, &first.delivery);
    if let Ok(true) = named {
        return Ok(Some(chosen));
    }
    put_back(leases, agenda, chosen);
    named.map(|_| None)
}

/// Commits the lane's row with the delivery that is sent next. Returns false if the lane is not as it was known.
fn name(ctx: &Ctx<'_>, leases: &mut Leases, lane: &Lane, delivery: &Delivery) -> Result<bool, Error> {
    let now_ms = ctx.now_ms();
    let Some(leased) = leases.lanes.get_mut(lane) else { return Ok(false) };
    let quarantine = quarantine::naming(delivery.queued(delivery.number), now_ms);
    let key = keys::lane(lane);
    let row = rows::Lane {
        token: leased.lease.token.clone(),
        until_ms: leased.lease.until_ms,
        timer: Some(leased.lease.timer.clone()),
        quarantine: Some(quarantine.clone()),
    };
    let mut commit = Commit::default();
    commit.check(&key, Some(leased.lease.version));
    commit.put(key.clone(), rows::encode(&row));
    if let Outcome::Applied(versions) = commit.submit(ctx.host)? {
        leased.lease.version = versions.of(&key)?;
        leased.quarantine = Quarantine { recorded: leased.quarantine.recorded, ..quarantine };
        return Ok(true);
    }
    // An earlier submission was applied, or another worker has the lane.
    if let Some(entry) = ctx.host.get_one(&key)? {
        let row = rows::decode::<rows::Lane>(&key, &entry.value);
        if let Some(row) = row.ok().filter(|row| row.token == leased.lease.token) {
            leased.refresh(entry.version, row);
            return Ok(false);
        }
    }
    leases.lanes.remove(lane);
    Ok(false)
}
