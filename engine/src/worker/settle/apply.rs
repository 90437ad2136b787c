//! Brings the state of the run in line with a commit that was applied.

use super::plan::Plan;
use super::plan_lane::{Fate, LanePlan};
use crate::store::commit::Versions;
use crate::store::rows::AttemptState;
use crate::support::error::Error;
use crate::worker::state::{Agenda, Ended, LeasedLane, Leases, QueuedRow, Registration, Report};

/// Takes note of everything that the commit of a plan has changed.
pub(super) fn apply(
    leases: &mut Leases,
    agenda: &mut Agenda,
    report: &mut Report,
    plan: Plan,
    versions: &Versions,
) -> Result<(), Error> {
    for (lane, planned) in plan.lanes {
        count(report, &planned.ended);
        if let Fate::Released(release) = &planned.fate {
            if let Some(timer_ms) = release.timer_ms {
                agenda.look_by(timer_ms);
            }
            // While a lane is in quarantine, the run looks at nothing else.
            agenda.look |= leases.lanes.remove(&lane).is_some_and(|leased| leased.is_alone());
            agenda.look |= std::mem::take(&mut agenda.crowded);
        } else if let Some(leased) = leases.lanes.get_mut(&lane) {
            keep(leased, planned, versions)?;
        }
    }
    Ok(())
}

/// Counts recorded attempts. A delivery that ended without a request is none.
fn count(report: &mut Report, ended: &[Ended]) {
    for one in ended {
        match one.attempt.state {
            AttemptState::Skipped | AttemptState::Cancelled | AttemptState::Failed => {}
            AttemptState::Delivered => {
                report.attempts += 1;
                report.delivered += 1;
            }
            AttemptState::Retrying | AttemptState::Exhausted => report.attempts += 1,
        }
    }
}

/// Updates a lane whose lease is kept.
fn keep(leased: &mut LeasedLane, planned: LanePlan, versions: &Versions) -> Result<(), Error> {
    leased.recorded += planned.ended.len();
    if matches!(planned.fate, Fate::Tidied) {
        leased.lease.seen.clear();
    }
    let asked = planned.stale || planned.ended.iter().any(|ended| ended.wish.disable.is_some());
    match planned.disable {
        Some(disable) => {
            leased.registration = Registration::Inactive(disable.webhook.inactive_reason.unwrap_or_default());
        }
        // The webhook has been changed or removed since the request was sent.
        None if asked => leased.registration = Registration::Unread,
        None => {}
    }
    if let Some(health) = planned.health {
        leased.standing.health = health;
    }
    let queue = &mut leased.queue;
    // Of a lane in strict order only the first delivery was known.
    queue.scan |= queue.partial && !planned.ended.is_empty();
    let retries_ms = planned.ended.iter().filter_map(|ended| ended.attempt.next_at_ms);
    queue.next_due_ms = retries_ms.fold(queue.next_due_ms, u64::min);
    for (key, left) in planned.rows {
        if left.is_empty() {
            queue.rows.remove(&key);
        } else if let Some(row) = queue.rows.get_mut(&key) {
            *row = QueuedRow { version: versions.of(&key)?, left, first: row.first, due_ms: row.due_ms };
        }
    }
    Ok(())
}
