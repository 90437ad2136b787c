//! Sending: which deliveries of the leased lanes go out now. The bytes are left to [`crate::profile::request`].

mod admit;
mod choose;
mod chosen;
mod dispatch;
mod pick;
mod prepare;
mod queues;
mod webhooks;

use super::state::{Agenda, Attempts, Ctx, Leases, Report};
use crate::support::error::Error;
use crate::support::limits::SEND_BATCH_MAX;

/// Reads the due deliveries of the leased lanes and sends them, as far as slots, leases and the budget allow.
pub(super) fn send(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    attempts: &mut Attempts,
    agenda: &mut Agenda,
    report: &mut Report,
) -> Result<(), Error> {
    let mut unsent = 0;
    loop {
        webhooks::read_webhooks(ctx, leases, report)?;
        let may_start = agenda.may_start(ctx.now_ms());
        queues::read_queues(ctx, leases, &attempts.completed, may_start, report)?;
        let chosen = choose::choose(ctx, leases, attempts, agenda, &mut unsent);
        if chosen.is_empty() {
            return Ok(());
        }
        dispatch::dispatch(ctx, leases, attempts, agenda, report, chosen)?;
        if attempts.completed.len() >= SEND_BATCH_MAX {
            return Ok(());
        }
    }
}
