//! The choice among the lanes that are due.

use std::collections::VecDeque;

use super::due::DueLanes;
use super::free::FreeLane;
use super::room::Room;
use crate::store::id;
use crate::store::rows::Isolation;
use crate::support::limits::{CLAIM_LANES_MAX, QUARANTINE_WAIT_MS};
use crate::worker::quarantine;
use crate::worker::state::{Agenda, Ctx, Leases};

/// Picks as many lanes as there is room for: tenants in turn, and the lanes of a tenant in an order of this worker's own, so
/// that two workers rarely want the same lane. Isolated lanes come last.
pub(super) fn choose(ctx: &Ctx<'_>, leases: &Leases, agenda: &mut Agenda, due: DueLanes) -> Vec<FreeLane> {
    let DueLanes { found, saw_all } = due;
    let salt = if found.is_empty() { String::new() } else { ctx.token() };
    let (isolated, others): (Vec<FreeLane>, Vec<FreeLane>) =
        found.into_values().partition(|free| free.isolation() != Isolation::None);
    let mut chosen = Vec::new();
    let mut room = Room::of(leases, agenda.only_isolated(ctx.now_ms()));
    let mut turns = by_tenant(in_own_order(others, &salt));
    while let Some(mut lanes) = turns.pop_front() {
        let Some(free) = lanes.pop_front() else { continue };
        turns.push_back(lanes);
        if chosen.len() == CLAIM_LANES_MAX {
            agenda.look = true;
            break;
        }
        if room.takes(&free) {
            chosen.push(free);
        } else {
            agenda.crowded = true;
        }
    }
    let isolated = choose_isolated(&mut room, agenda, in_own_order(isolated, &salt), &mut chosen);
    let saw_all = agenda.timers_after.is_none() && (saw_all || leases.lanes.is_empty());
    if isolated.taken || (!isolated.waits && saw_all) {
        agenda.isolated_from_ms = u64::MAX;
    }
    if isolated.waits {
        // The drawn shard keeps workers from isolating at the same time.
        let wait_ms = QUARANTINE_WAIT_MS + u64::from(agenda.next_shard) * 500;
        agenda.isolated_from_ms = agenda.isolated_from_ms.min(ctx.now_ms() + wait_ms);
    }
    chosen
}

/// Sorts lanes by tenant, and those of a tenant by a hash that the salt changes.
fn in_own_order(mut lanes: Vec<FreeLane>, salt: &str) -> Vec<FreeLane> {
    lanes.sort_by_cached_key(|free| {
        let order = id::derived_number("choose", &[salt, free.lane.as_str()]);
        (free.lane.tenant_part().to_owned(), order, free.lane.clone())
    });
    lanes
}

/// Splits sorted lanes into one queue for each tenant.
fn by_tenant(lanes: Vec<FreeLane>) -> VecDeque<VecDeque<FreeLane>> {
    let mut turns: VecDeque<VecDeque<FreeLane>> = VecDeque::new();
    for free in lanes {
        let same = |lanes: &&mut VecDeque<FreeLane>| {
            lanes.back().is_some_and(|last| last.lane.tenant_part() == free.lane.tenant_part())
        };
        match turns.back_mut().filter(same) {
            Some(lanes) => lanes.push_back(free),
            None => turns.push_back(VecDeque::from([free])),
        }
    }
    turns
}

/// The choice among isolated lanes.
struct IsolatedChoice {
    /// A lane was taken.
    taken: bool,
    /// A lane waits because the worker has too many others.
    waits: bool,
}

/// Takes isolated lanes as far as the number of lanes allows that they share a worker with.
fn choose_isolated(
    room: &mut Room,
    agenda: &mut Agenda,
    lanes: Vec<FreeLane>,
    chosen: &mut Vec<FreeLane>,
) -> IsolatedChoice {
    let mut choice = IsolatedChoice { taken: false, waits: false };
    for free in lanes {
        let too_many = room.lanes >= quarantine::together(free.isolation()).min(room.together);
        if chosen.len() < CLAIM_LANES_MAX && room.takes(&free) {
            chosen.push(free);
            choice.taken = true;
        } else {
            choice.waits |= too_many;
            agenda.crowded = true;
        }
    }
    choice
}
