//! Commits a plan, and goes on by its outcome.

use std::collections::VecDeque;

use super::apply::apply;
use super::plan::Plan;
use super::plan_lane::Fate;
use super::reconcile;
use super::tell::tell;
use super::write::{Stamp, put_lane};
use crate::store::commit::{Commit, Outcome};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::SETTLE_MARGIN_MS;
use crate::worker::state::{Agenda, Completed, Ctx, Leases, Report};

/// Commits a plan. An error means that the outcome of a commit is unknown: its attempts are kept to be settled again.
pub(super) fn carry_out(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    completed: &mut Completed,
    agenda: &mut Agenda,
    report: &mut Report,
    plan: Plan,
) -> Result<(), Error> {
    let mut outcome = Ok(());
    let mut plans = VecDeque::from([plan]);
    while let Some(plan) = plans.pop_front() {
        let submitted = match submit(ctx, leases, &plan) {
            Ok(Outcome::Applied(versions)) => {
                tell(ctx.host, &plan);
                apply(leases, agenda, report, plan, &versions)
            }
            Ok(Outcome::Conflict { .. }) => match reconcile::read(ctx, &plan) {
                Ok(entries) => {
                    reconcile::reconcile(ctx, leases, completed, report, plan, entries);
                    Ok(())
                }
                Err(error) => keep(leases, completed, plan, error),
            },
            // The store refuses the commit, and always will, because of one of the lanes: they are settled one by one.
            Err(error) if error.kind == ErrorKind::Internal && plan.lanes.len() > 1 => {
                plans.extend(plan.split());
                Ok(())
            }
            // The lease of the refused lane runs out, which counts against it.
            Err(error) if error.kind == ErrorKind::Internal => {
                report.tell(&error);
                leases.lanes.retain(|lane, _| !plan.lanes.contains_key(lane));
                Ok(())
            }
            Err(error) => keep(leases, completed, plan, error),
        };
        outcome = outcome.and(submitted);
    }
    outcome
}

/// Submits a plan until shortly before the first of its leases ends: a later submission would only conflict.
fn submit(ctx: &Ctx<'_>, leases: &Leases, plan: &Plan) -> Result<Outcome, Error> {
    let stamp = Stamp { token: ctx.token(), now_ms: ctx.now_ms() };
    let mut commit = Commit::default();
    let mut until_ms = u64::MAX;
    for (lane, planned) in &plan.lanes {
        if let Some(leased) = leases.lanes.get(lane) {
            put_lane(&mut commit, lane, leased, planned, &stamp);
            until_ms = until_ms.min(leased.lease.until_ms);
        }
    }
    commit.submit_until(ctx.host, until_ms.saturating_sub(SETTLE_MARGIN_MS))
}

/// Keeps the attempts of a commit with an unknown outcome, and returns the error. A lane that may have been released sends nothing
/// more.
fn keep(leases: &mut Leases, completed: &mut Completed, plan: Plan, error: Error) -> Result<(), Error> {
    for (lane, planned) in plan.lanes {
        if matches!(planned.fate, Fate::Released(_))
            && let Some(leased) = leases.lanes.get_mut(&lane)
        {
            leased.lease.until_ms = 0;
        }
        completed.put_back(planned.ended.into_iter());
    }
    Err(error)
}
