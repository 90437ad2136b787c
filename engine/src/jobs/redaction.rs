//! Removes the contents of a tenant's messages, once their deliveries have ended, for as long as the tenant keeps no bodies.
//! Messages without content are listed in `redacted` rows, so that the job does not look at them again.

use crate::jobs::remove::{self, Part};
use crate::jobs::step::{JobContext, Step};
use crate::ports::Direction;
use crate::store::keys::{self, KeyFamily};
use crate::store::rows::JobState;
use crate::store::tenant::read_keeps_bodies;
use crate::support::error::Error;
use crate::support::limits::{REDACTION_PAUSE_MS_MAX, RETENTION_PAUSE_MS_MAX, RETENTION_PAUSE_MS_MIN};

pub(super) fn step(ctx: &mut JobContext<'_>, step: &mut Step) -> Result<(), Error> {
    // The place always names the tenant.
    let place = step.job.place.clone().unwrap_or_default();
    let tenant_part = keys::tenant_of(&place).to_owned();
    if read_keeps_bodies(ctx.host, &tenant_part)? {
        step.job.state = JobState::Done;
        return Ok(());
    }
    let start = KeyFamily::Routed.of_tenant(&tenant_part);
    if place == start {
        step.job.since_ms = Some(ctx.now_ms());
    }
    let page = ctx.host.scan(&keys::tenant_from(&place), 1, Direction::Forward)?;
    if let Some(entry) = page.first() {
        let token = ctx.token();
        return remove::messages(ctx, step, entry, Part::Content(&token));
    }
    // The job looks less often where many deliveries wait, or where no message has come for long.
    let now_ms = ctx.now_ms();
    let took_ms = now_ms.saturating_sub(step.job.since_ms.unwrap_or(0));
    let last_ms = step.job.asked_ms.unwrap_or(step.job.created_at_ms);
    let youngest_ms = keys::kept_at(&place).map_or(last_ms, |(_, at_ms)| at_ms);
    let quiet_ms = (now_ms.saturating_sub(youngest_ms) / 10).min(REDACTION_PAUSE_MS_MAX);
    step.pause_ms =
        Some(took_ms.saturating_mul(10).max(quiet_ms).clamp(RETENTION_PAUSE_MS_MIN, RETENTION_PAUSE_MS_MAX));
    step.job.asked_ms = Some(youngest_ms);
    step.job.place = Some(start);
    step.job.after = None;
    Ok(())
}
