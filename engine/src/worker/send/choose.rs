//! The choice of the deliveries that go out next: of the tenant that has the fewest requests in flight, and of its lanes in turn.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::chosen::Chosen;
use super::pick::{Slots, pick, pick_unsent};
use crate::store::keys::Lane;
use crate::support::limits::{IN_FLIGHT_MAX, SEND_BATCH_MAX, UNSENT_BATCH_MAX};
use crate::worker::state::{Agenda, Attempts, Ctx, LeasedLane, Leases};

/// Picks deliveries as long as there are slots. Deliveries that need no request come after the others; `unsent` counts them.
pub(super) fn choose(
    ctx: &Ctx<'_>,
    leases: &mut Leases,
    attempts: &Attempts,
    agenda: &mut Agenda,
    unsent: &mut usize,
) -> Vec<Chosen> {
    let mut chosen = Vec::new();
    agenda.next_send_ms = u64::MAX;
    if !agenda.may_start(ctx.now_ms()) {
        return chosen;
    }
    let mut slots = Slots::of(ctx, attempts);
    let mut turns = TenantTurns::of(leases, agenda);
    // Room is kept for deliveries that need no request.
    let unsent_ready: usize =
        leases.lanes.values().filter(|leased| leased.is_unsent()).map(|leased| leased.queue.ready.len()).sum();
    let kept = UNSENT_BATCH_MAX.saturating_sub(*unsent).min(unsent_ready);
    while chosen.len() + kept < SEND_BATCH_MAX {
        let Some(mut turn) = turns.next() else { break };
        let Some(lane) = turn.lanes.pop_front() else { continue };
        if let Some(delivery) = pick(leases, attempts, agenda, &mut slots, &lane, &mut turn.in_flight) {
            agenda.turns.of_tenant.insert(lane.tenant_part().to_owned(), lane.clone());
            chosen.push(Chosen { lane: lane.clone(), delivery });
            turn.lanes.push_back(lane);
        }
        turns.add(turn);
    }
    choose_unsent(leases, attempts, agenda, &mut slots, unsent, &mut chosen);
    chosen
}

/// Adds deliveries that need no attempt, of their lanes in turn. While anything is sent they are few at a time, so that the backlog
/// of a webhook that is inactive or gone does not delay the recording of attempts.
fn choose_unsent(
    leases: &mut Leases,
    attempts: &Attempts,
    agenda: &mut Agenda,
    slots: &mut Slots,
    unsent: &mut usize,
    chosen: &mut Vec<Chosen>,
) {
    let busy = !chosen.is_empty() || !attempts.in_flight.is_empty();
    let most = if busy { UNSENT_BATCH_MAX } else { SEND_BATCH_MAX };
    let lanes: Vec<Lane> =
        leases.lanes.iter().filter(|(_, leased)| leased.is_unsent()).map(|(lane, _)| lane.clone()).collect();
    let mut at = start_after(lanes.iter(), agenda.turns.unsent.as_ref());
    let mut idle = 0;
    while *unsent < most && chosen.len() < SEND_BATCH_MAX && idle < lanes.len() {
        let lane = &lanes[at % lanes.len()];
        at += 1;
        idle += 1;
        if let Some(delivery) = pick_unsent(leases, attempts, slots, lane) {
            idle = 0;
            *unsent += 1;
            agenda.turns.unsent = Some(lane.clone());
            chosen.push(Chosen { lane: lane.clone(), delivery });
        }
    }
}

/// Returns the index of the first lane after the one whose turn was last.
fn start_after<'l>(mut lanes: impl Iterator<Item = &'l Lane>, last: Option<&Lane>) -> usize {
    lanes.position(|lane| Some(lane) > last).unwrap_or(0)
}

/// The turn of a tenant.
struct TenantTurn {
    /// Its requests in flight, with those that have been picked.
    in_flight: usize,
    /// Its place among the tenants.
    place: usize,
    lanes: VecDeque<Lane>,
}

/// The turns of all tenants, those with the fewest requests in flight first.
struct TenantTurns(BinaryHeap<Reverse<TenantTurn>>);

impl TenantTurns {
    /// Returns the lanes of each tenant, beginning after the one that was picked last.
    fn of(leases: &Leases, agenda: &mut Agenda) -> TenantTurns {
        let last_picked = &mut agenda.turns.of_tenant;
        if last_picked.len() > 2 * IN_FLIGHT_MAX {
            // Tenants whose lanes are not leased begin anew.
            last_picked.retain(|_, last| leases.lanes.contains_key(last));
        }
        let lanes: Vec<(&Lane, &LeasedLane)> = leases.lanes.iter().collect();
        let tenants = lanes.chunk_by(|(one, _), (other, _)| one.tenant_part() == other.tenant_part());
        let turns = tenants.enumerate().map(|(place, lanes)| {
            let last = lanes.first().and_then(|(lane, _)| last_picked.get(lane.tenant_part()));
            let start = start_after(lanes.iter().map(|(lane, _)| *lane), last);
            let in_flight = lanes.iter().map(|(_, leased)| leased.in_flight).sum();
            let mut lanes: VecDeque<Lane> = lanes.iter().map(|(lane, _)| (*lane).clone()).collect();
            lanes.rotate_left(start);
            Reverse(TenantTurn { in_flight, place, lanes })
        });
        TenantTurns(turns.collect())
    }

    fn next(&mut self) -> Option<TenantTurn> {
        self.0.pop().map(|Reverse(turn)| turn)
    }

    fn add(&mut self, turn: TenantTurn) {
        self.0.push(Reverse(turn));
    }
}

impl TenantTurn {
    fn rank(&self) -> (usize, usize) {
        (self.in_flight, self.place)
    }
}

impl PartialEq for TenantTurn {
    fn eq(&self, other: &TenantTurn) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for TenantTurn {}

impl PartialOrd for TenantTurn {
    fn partial_cmp(&self, other: &TenantTurn) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TenantTurn {
    fn cmp(&self, other: &TenantTurn) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}
