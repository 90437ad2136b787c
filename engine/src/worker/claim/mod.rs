//! Claiming: which lanes this worker leases, and until when. A lane is leased, and its timer moved to the end of the lease, before
//! anything of it is read.

mod choose;
mod due;
mod free;
mod lease;
mod next_due;
mod room;

pub(super) use free::{FreeLane, read_free};
pub(super) use lease::{PendingLease, add_lease, adopt, take};
pub(super) use next_due::next_due_ms;
pub(super) use room::Room;

use super::state::{Agenda, Ctx, Leases, Report};
use crate::jobs;
use crate::store::commit::{Commit, Outcome};
use crate::store::keys::{self, Lane};
use crate::support::error::Error;
use crate::support::limits::CLAIM_LANES_MAX;

/// Looks through the due timers and leases lanes as far as there is room. Returns true if a lane was leased.
pub(super) fn claim(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    agenda: &mut Agenda,
    jobs: &mut jobs::Agenda,
    report: &mut Report,
) -> Result<bool, Error> {
    let due = due::due_lanes(ctx, leases, agenda, jobs, report)?;
    let mut candidates = choose::choose(ctx, leases, agenda, due);
    while !candidates.is_empty() {
        let (now_ms, token) = (ctx.now_ms(), ctx.token());
        let mut commit = Commit::default();
        let pending: Vec<PendingLease> =
            candidates.into_iter().map(|free| add_lease(&mut commit, free, &token, now_ms)).collect();
        match commit.submit(ctx.host)? {
            Outcome::Applied(versions) => {
                for pending in pending {
                    let version = versions.of(&keys::lane(&pending.lane))?;
                    take(leases, pending, version);
                }
                return Ok(true);
            }
            Outcome::Conflict { keys: failed, .. } if failed.is_empty() => break,
            Outcome::Conflict { keys: failed, maybe_applied } => {
                let rest: Vec<Lane> = pending
                    .iter()
                    .map(|pending| pending.lane.clone())
                    .filter(|lane| !failed.contains(&keys::lane(lane)))
                    .collect();
                if maybe_applied && adopt(ctx, leases, pending)? {
                    return Ok(true);
                }
                // Another worker has leased the lanes that changed. The others are tried again.
                candidates = read_free(ctx, leases, rest.iter(), CLAIM_LANES_MAX, report)?;
                let mut room = Room::of(leases, agenda.only_isolated(ctx.now_ms()));
                candidates.retain(|free| room.takes(free));
            }
        }
    }
    Ok(false)
}
