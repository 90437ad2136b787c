//! A delivery that was chosen, and holds a slot of its lane if its webhook is active.

use crate::store::keys::Lane;
use crate::store::rows::Attempt;
use crate::worker::state::{Agenda, Completed, Delivery, Ended, Leases, Wish};

/// A chosen delivery.
pub(super) struct Chosen {
    pub lane: Lane,
    pub delivery: Delivery,
}

/// Puts deliveries back that are not sent now, and frees their slots.
pub(super) fn put_back(leases: &mut Leases, agenda: &mut Agenda, chosen: Vec<Chosen>) {
    for Chosen { lane, delivery } in chosen.into_iter().rev() {
        let Some(leased) = leases.lanes.get_mut(&lane) else { continue };
        if leased.is_active() {
            leased.in_flight -= 1;
            agenda.attempts_left += 1;
        }
        leased.queue.ready.push_front(delivery);
    }
}

/// How a delivery ends without a request.
pub(super) struct Unsent {
    pub attempt: Attempt,
    /// The message is gone or being removed.
    pub gone: bool,
}

/// Ends a delivery without a request.
pub(super) fn end(leases: &mut Leases, completed: &mut Completed, chosen: Chosen, unsent: Unsent) {
    let Chosen { lane, delivery } = chosen;
    let Some(leased) = leases.lanes.get_mut(&lane) else { return };
    if leased.is_active() {
        leased.in_flight -= 1;
    }
    let token = leased.lease.token.clone();
    let Unsent { attempt, gone } = unsent;
    completed.push(Ended { lane, token, delivery, attempt, wish: Wish::default(), target: None, gone });
}
