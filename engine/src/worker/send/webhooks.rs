//! Reading the webhooks of leased lanes: after the claim, so that changes made before it are seen.

use std::rc::Rc;

use crate::delivery::target::Target;
use crate::ports::Entry;
use crate::store::keys::{self, Lane};
use crate::store::tenant::keeps_bodies;
use crate::support::error::Error;
use crate::support::limits::GET_KEYS_MAX;
use crate::worker::state::{Ctx, LeasedLane, Leases, Registration, Report};

/// Reads the webhook and the health of each lane whose registration is unread.
pub(super) fn read_webhooks(ctx: &Ctx<'_>, leases: &mut Leases, report: &mut Report) -> Result<(), Error> {
    let unread: Vec<Lane> =
        leases.lanes.iter().filter(|(_, leased)| leased.is_unread()).map(|(lane, _)| lane.clone()).collect();
    for chunk in unread.chunks(GET_KEYS_MAX / 3) {
        let keys = |lane: &Lane| [keys::webhook(lane), keys::tenant(lane.tenant_part()), keys::health(lane)];
        let wanted: Vec<String> = chunk.iter().flat_map(keys).collect();
        let mut entries = ctx.host.get(&wanted)?.into_iter();
        let now_ms = ctx.now_ms();
        for lane in chunk {
            let mut next = || entries.next().flatten();
            let (webhook, tenant, health) = (next(), next(), next());
            let opened = open(ctx, webhook, tenant, now_ms).unwrap_or_else(|error| {
                let told = format!("deliveries for the webhook {} wait: {error}", lane.webhook());
                report.tell(&Error::of(error.kind, told));
                Opened { registration: Registration::Unusable, strict: false }
            });
            if let Some(leased) = leases.lanes.get_mut(lane) {
                // The worker that had the lane before may have recorded attempts until it was claimed.
                leased.standing.update(health, now_ms);
                set_registration(leased, opened);
            }
        }
    }
    Ok(())
}

/// A registration that has been read.
struct Opened {
    registration: Registration,
    strict: bool,
}

/// Opens a webhook's row. Errors: its sealing key is not configured, or a newer version has written it. Then its deliveries wait.
fn open(ctx: &Ctx<'_>, webhook: Option<Entry>, tenant: Option<Entry>, now_ms: u64) -> Result<Opened, Error> {
    let Some(entry) = webhook else { return Ok(Opened { registration: Registration::Gone, strict: false }) };
    let target = Target::read(ctx.config, &entry, now_ms)?;
    let strict = target.is_strict();
    let registration = match target.inactive_reason() {
        Some(reason) => Registration::Inactive(reason.to_owned()),
        // If the tenant's row cannot be decoded, bodies are not kept.
        None if keeps_bodies(tenant.as_ref()).unwrap_or(false) => Registration::Active(Rc::new(target)),
        None => Registration::Active(Rc::new(target.without_bodies())),
    };
    Ok(Opened { registration, strict })
}

/// Sets the registration that was read. In strict order another row may be the first one now, so all rows are read again.
fn set_registration(leased: &mut LeasedLane, opened: Opened) {
    leased.registration = opened.registration;
    leased.strict = opened.strict;
    let queue = &mut leased.queue;
    if opened.strict || queue.partial {
        queue.ready.clear();
        queue.scan = true;
        queue.partial = true;
    }
}
