//! From a chosen delivery to its request, or to the reason why there is none.

use std::rc::Rc;

use super::chosen::{Chosen, Unsent, end};
use crate::delivery::outgoing;
use crate::delivery::target::Target;
use crate::ports::{HttpErrorKind, Request};
use crate::store::rows::{Attempt, AttemptState, Message};
use crate::support::error::{Error, ErrorKind};
use crate::worker::state::{Attempts, Ctx, LeasedLane, Leases, Registration, Sent};

/// The request of a chosen delivery, or the reason why there is none.
enum Prepared {
    Request(Box<Request>, Rc<Target>),
    Unsent(Unsent),
    /// The message's row has a newer format: another version of the engine will send it.
    WaitsForVersion,
    /// The webhook has to be read first.
    Waits,
}

/// Returns the request of a delivery and notes it as in flight. A delivery without a request ends.
pub(super) fn prepare(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    attempts: &mut Attempts,
    chosen: Chosen,
    message: Option<&Result<Message, Error>>,
) -> Option<Request> {
    let now_us = ctx.host.now_us();
    let leased = leases.lanes.get_mut(&chosen.lane)?;
    let event_type = match message {
        Some(Ok(message)) => message.event_type.clone(),
        Some(Err(_)) | None => "unknown".to_owned(),
    };
    match outcome(ctx, leased, &chosen, message, &event_type, now_us) {
        Prepared::Request(mut request, target) => {
            request.id = attempts.in_flight.add(Sent {
                lane: chosen.lane,
                token: leased.lease.token.clone(),
                delivery: chosen.delivery,
                target,
                event_type,
                sent_ms: now_us / 1_000,
                healthy: leased.standing.healthy,
            });
            Some(*request)
        }
        Prepared::Unsent(unsent) => {
            end(leases, &mut attempts.completed, chosen, unsent);
            None
        }
        Prepared::WaitsForVersion => {
            leased.in_flight -= 1;
            leased.queue.unreadable = true;
            None
        }
        Prepared::Waits => None,
    }
}

fn outcome(
    ctx: &Ctx<'_>,
    leased: &LeasedLane,
    chosen: &Chosen,
    message: Option<&Result<Message, Error>>,
    event_type: &str,
    now_us: u64,
) -> Prepared {
    let unsent = |state, error, detail: String| {
        let attempt = Attempt { error, detail: Some(detail), ..Attempt::new(now_us / 1_000, event_type, state) };
        Prepared::Unsent(Unsent { attempt, gone: false })
    };
    let message = match message {
        Some(Ok(message)) if !message.is_gone() => Ok(message),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) | None => {
            let detail = Some("the message is gone".to_owned());
            let attempt = Attempt { detail, ..Attempt::new(now_us / 1_000, event_type, AttemptState::Cancelled) };
            return Prepared::Unsent(Unsent { attempt, gone: true });
        }
    };
    match (&leased.registration, message) {
        (Registration::Gone, _) => unsent(AttemptState::Cancelled, None, "the webhook was deleted".to_owned()),
        (Registration::Inactive(reason), _) => unsent(AttemptState::Skipped, None, reason.clone()),
        (Registration::Unread | Registration::Unusable, _) => Prepared::Waits,
        (Registration::Active(_), Err(error)) if error.kind == ErrorKind::Blocked => Prepared::WaitsForVersion,
        (Registration::Active(_), Err(error)) => {
            unsent(AttemptState::Failed, Some(HttpErrorKind::Internal), error.to_string())
        }
        (Registration::Active(target), Ok(message)) => {
            match outgoing::format(target, &chosen.delivery.message, message, now_us) {
                Ok(ready) => {
                    // The id is given when the request is noted as in flight.
                    let request = outgoing::request(ready, 0, target.timeout_ms(), &ctx.egress);
                    Prepared::Request(Box::new(request), Rc::clone(target))
                }
                Err(error) => unsent(AttemptState::Failed, Some(HttpErrorKind::InvalidRequest), error.to_string()),
            }
        }
    }
}
