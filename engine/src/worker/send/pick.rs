//! Picking the next delivery of a lane, if a slot is free for it.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::store::keys::{self, Lane};
use crate::support::limits::{
    HOST_IN_FLIGHT_MAX, IN_FLIGHT_MAX, IN_FLIGHT_UNHEALTHY_MAX, TENANT_IN_FLIGHT_MAX, TENANT_UNHEALTHY_MAX,
};
use crate::worker::state::{Agenda, Attempts, Ctx, Delivery, LeasedLane, Leases, Registration};

/// The slots that are free in one choice.
pub(super) struct Slots {
    now_us: u64,
    free: usize,
    free_unhealthy: usize,
    /// Requests of lanes without a recent success, by tenant: in flight or picked.
    unhealthy_of: BTreeMap<String, usize>,
    /// Picked deliveries, by host and port.
    picked_of: BTreeMap<String, usize>,
    /// The delivery of a lane in quarantine has been picked.
    alone: bool,
}

impl Slots {
    /// Returns the slots beside the requests in flight.
    pub(super) fn of(ctx: &Ctx<'_>, attempts: &Attempts) -> Slots {
        let mut unhealthy_of: BTreeMap<String, usize> = BTreeMap::new();
        for sent in attempts.in_flight.iter().filter(|sent| !sent.healthy) {
            *unhealthy_of.entry(sent.lane.tenant_part().to_owned()).or_default() += 1;
        }
        let unhealthy: usize = unhealthy_of.values().sum();
        Slots {
            now_us: ctx.host.now_us(),
            free: IN_FLIGHT_MAX.saturating_sub(attempts.in_flight.len()),
            free_unhealthy: IN_FLIGHT_UNHEALTHY_MAX.saturating_sub(unhealthy),
            unhealthy_of,
            picked_of: BTreeMap::new(),
            alone: false,
        }
    }

    fn now_ms(&self) -> u64 {
        self.now_us / 1_000
    }

    /// Returns true if the worker, or the tenant with this number of requests, has no slot left for the lane.
    fn are_used(&self, lane: &Lane, leased: &LeasedLane, tenant_in_flight: usize) -> bool {
        let unhealthy_of = || self.unhealthy_of.get(lane.tenant_part()).copied().unwrap_or(0);
        let unhealthy = !leased.standing.healthy;
        // The further slots of a lane come from the first half, so that receivers which begin to hang leave the others room.
        let greedy = leased.in_flight > 0 && self.free <= IN_FLIGHT_MAX / 2;
        self.free == 0
            || (unhealthy && (self.free_unhealthy == 0 || unhealthy_of() >= TENANT_UNHEALTHY_MAX))
            || tenant_in_flight >= TENANT_IN_FLIGHT_MAX
            || greedy
    }

    fn take(&mut self, lane: &Lane, leased: &LeasedLane) {
        self.free -= 1;
        if !leased.standing.healthy {
            self.free_unhealthy -= 1;
            *self.unhealthy_of.entry(lane.tenant_part().to_owned()).or_default() += 1;
        }
    }
}

/// Returns the lane if its next delivery may be taken now.
fn may_pick<'l>(leases: &'l mut Leases, attempts: &Attempts, slots: &Slots, lane: &Lane) -> Option<&'l mut LeasedLane> {
    let leased = leases.lanes.get_mut(lane)?;
    if leased.queue.ready.is_empty() || !leased.may_send(slots.now_ms()) {
        return None;
    }
    if leased.is_alone() {
        // Requests may still be in flight of a lane that this worker had before.
        if slots.alone || !attempts.in_flight.is_empty() || attempts.completed.has(lane) {
            return None;
        }
        leased.bring_quarantined_forward();
    }
    Some(leased)
}

/// Picks the lane's next delivery, which needs no attempt.
pub(super) fn pick_unsent(
    leases: &mut Leases,
    attempts: &Attempts,
    slots: &mut Slots,
    lane: &Lane,
) -> Option<Delivery> {
    let leased = may_pick(leases, attempts, slots, lane)?;
    slots.alone |= leased.is_alone();
    leased.queue.ready.pop_front()
}

/// Picks the lane's next delivery, if it may be sent now, and counts it among the requests of its tenant.
pub(super) fn pick(
    leases: &mut Leases,
    attempts: &Attempts,
    agenda: &mut Agenda,
    slots: &mut Slots,
    lane: &Lane,
    tenant_in_flight: &mut usize,
) -> Option<Delivery> {
    let leased = may_pick(leases, attempts, slots, lane)?;
    let target = match &leased.registration {
        Registration::Active(target) => Rc::clone(target),
        _ => return None,
    };
    if leased.is_full() || slots.are_used(lane, leased, *tenant_in_flight) || agenda.attempts_left == 0 {
        return None;
    }
    // The consequence of a failure for the next attempt is known when it is recorded.
    if !leased.standing.healthy && attempts.completed.has(lane) {
        return None;
    }
    let paused_until_ms = leased.paused_until_ms();
    if paused_until_ms > slots.now_ms() {
        agenda.next_send_ms = agenda.next_send_ms.min(paused_until_ms);
        return None;
    }
    let authority = target.authority();
    let picked = slots.picked_of.entry(authority.to_owned()).or_default();
    if attempts.in_flight.to(authority) + *picked >= HOST_IN_FLIGHT_MAX {
        return None;
    }
    *picked += 1;
    let due_ms = leased.queue.ready.front().and_then(|delivery| keys::queue_due_ms(&delivery.row)).unwrap_or(0);
    leased.standing.space(slots.now_us, target.spacing_us(due_ms));
    slots.take(lane, leased);
    agenda.attempts_left -= 1;
    leased.in_flight += 1;
    *tenant_in_flight += 1;
    leased.queue.ready.pop_front()
}
