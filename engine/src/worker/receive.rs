//! Receiving: waits for the host, takes the completions, and judges each by the profile of its webhook.
//!
//! A host ends each request by its timeout. A request that it does not end counts as failed a little later, so that a lost
//! completion keeps neither the run nor the lane waiting. If the completion comes after all, it is ignored.

use super::state::{Agenda, Attempts, Ctx, Ended, Leases, Overdue, Sent, Wish};
use crate::delivery::verdict;
use crate::ports::{Completion, HttpError, HttpErrorKind, Signal};
use crate::store::rows::AttemptState;

/// Waits for at most `timeout_ms` and takes what has completed.
pub(super) fn receive(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    attempts: &mut Attempts,
    agenda: &mut Agenda,
    timeout_ms: u32,
) {
    let began_ms = ctx.now_ms();
    let result = ctx.host.wait(timeout_ms);
    if result.completions.is_empty() && result.signal == Signal::None {
        // The clock bounds a wait that the host ended early, and `timeout_ms` bounds a clock that jumps.
        attempts.in_flight.pass(ctx.now_ms().saturating_sub(began_ms).min(u64::from(timeout_ms)));
    }
    agenda.note(result.signal);
    for completion in result.completions {
        complete(ctx, leases, attempts, completion);
    }
    for overdue in attempts.in_flight.overdue() {
        complete(ctx, leases, attempts, lost(&overdue));
    }
}

/// Returns the completion that stands for one which never came.
fn lost(overdue: &Overdue) -> Completion {
    let detail = "the host did not end the request at its timeout".to_owned();
    Completion {
        id: overdue.id,
        duration_ms: overdue.timeout_ms,
        result: Err(HttpError { kind: HttpErrorKind::Internal, detail }),
    }
}

/// Ends the attempt of a completion. Nothing is recorded under a lease that this worker no longer has.
fn complete(ctx: &Ctx<'_>, leases: &mut Leases, attempts: &mut Attempts, completion: Completion) {
    let Some(sent) = attempts.in_flight.take(completion.id) else { return };
    let Some(leased) = leases.under(&sent.lane, &sent.token) else { return };
    leased.in_flight -= 1;
    let ended = judge(sent, completion, ctx.now_ms());
    leased.standing.healthy = ended.attempt.state == AttemptState::Delivered;
    attempts.completed.push(ended);
}

/// Returns the attempt that a completion means for its delivery.
fn judge(sent: Sent, completion: Completion, now_ms: u64) -> Ended {
    let Sent { lane, token, delivery, target, event_type, sent_ms, .. } = sent;
    let salt = format!("{}/{}/{}", lane.webhook(), delivery.message, delivery.number);
    // A redelivery begins the schedule anew.
    let number = delivery.attempts().max(1);
    let judged = verdict::judge(target.rules(), target.schedule_s(), number, &salt, completion, now_ms);
    let wish = Wish { disable: judged.disable.clone(), otherwise_at_ms: judged.otherwise_at_ms, end: judged.end };
    let attempt = judged.recorded(sent_ms, &event_type, target.keep_bodies());
    Ended { lane, token, delivery, attempt, wish, target: Some(target), gone: false }
}
