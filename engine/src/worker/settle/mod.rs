//! Settling: records the attempts that have ended together with their consequences, and releases lanes with nothing left to do,
//! in one commit that only the lane's lease makes possible.

mod apply;
mod commit;
mod disable;
mod first_due;
mod plan;
mod plan_lane;
mod reconcile;
mod take;
mod tell;
mod write;

use super::state::{Agenda, Completed, Ctx, Leases, Report};
use crate::support::error::Error;

/// Largest number of rounds in which the rest is settled again.
const ROUNDS_MAX: u32 = 50;

/// Records all attempts that have ended and releases every idle lane. Returns true if there was any of either.
pub(super) fn settle(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    completed: &mut Completed,
    agenda: &mut Agenda,
    report: &mut Report,
) -> Result<bool, Error> {
    let mut progress = false;
    for _ in 0..ROUNDS_MAX {
        let batch = take::take_batch(leases, completed);
        // An attempt of a lost lease is not recorded, but the deliveries that waited for it go on.
        progress |= !batch.is_empty();
        let plan = plan::plan(ctx, leases, completed, agenda, report, batch)?;
        progress |= plan.more;
        if plan.lanes.is_empty() {
            return Ok(progress);
        }
        commit::carry_out(ctx, leases, completed, agenda, report, plan)?;
        progress = true;
    }
    Ok(progress)
}
