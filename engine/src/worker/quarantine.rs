//! Quarantine: a lane whose workers keep dying is worked on alone, one delivery at a time, each named in the lane's row before it is
//! read. So the next worker knows which delivery crashed the last one, and in the end that delivery is not sent again.
//!
//! A claim counts against its lane if the lease is not given back in order. It stops counting when as many attempts have been
//! recorded since, under leases that were given back, as may have been in flight, or when nothing is left that was due. An attempt
//! that is recorded in the middle of a lease proves nothing about those still in flight.

use crate::ports::HttpErrorKind;
use crate::store::rows::{Attempt, AttemptState, Isolation, Quarantine, QueuedDelivery};
use crate::support::limits::{IN_FLIGHT_MAX, QUARANTINE_ALONE_CLAIMS, QUARANTINE_FEW_CLAIMS, QUARANTINE_LANES_MAX};
use crate::support::time;

/// Returns how many lanes a worker leases at once if one of them is isolated like this: fewer and fewer, so that fewer and fewer
/// lanes can be the one that crashes it.
pub(super) fn together(isolation: Isolation) -> usize {
    match isolation {
        Isolation::None => IN_FLIGHT_MAX,
        Isolation::Few => QUARANTINE_LANES_MAX,
        Isolation::Quarantine => 1,
    }
}

/// Returns the quarantine of a lane that is claimed once more, as its row has it. The number of attempts recorded before is known
/// to the worker alone: if the worker dies, they no longer count.
pub(super) fn claimed(quarantine: &Quarantine) -> Quarantine {
    Quarantine { claims: quarantine.claims.saturating_add(1), recorded: None, ..quarantine.clone() }
}

/// Returns the quarantine of a leased lane whose row names the delivery that is sent next.
pub(super) fn naming(delivery: QueuedDelivery, now_ms: u64) -> Quarantine {
    Quarantine { claims: QUARANTINE_ALONE_CLAIMS + 1, delivery: Some(delivery), since_ms: Some(now_ms), recorded: None }
}

/// Returns the quarantine of a lane that is released after this number of recorded attempts. `None`: nothing counts against it.
///
/// With no attempt recorded, it is as if the lease had not been. With `enough` attempts since the last lease that ran out, nothing
/// counts any more; but where they were made alone, the next worker leases few lanes beside this one. With fewer attempts, their
/// number is remembered, and a lane that was alone is alone again. If nothing is left that was due, no delivery is left that could
/// crash a worker.
pub(super) fn released(
    quarantine: &Quarantine,
    recorded: usize,
    enough: usize,
    is_through: bool,
) -> Option<Quarantine> {
    let mut claims = quarantine.claims.saturating_sub(1);
    let mut in_all = quarantine.recorded.unwrap_or(0) as usize + recorded;
    if recorded > 0 {
        claims = claims.min(QUARANTINE_ALONE_CLAIMS);
        if in_all >= enough {
            let was_alone = quarantine.isolation_if_leased() == Isolation::Quarantine;
            claims = if was_alone { QUARANTINE_FEW_CLAIMS } else { 0 };
            in_all = 0;
        }
    }
    if is_through || claims == 0 {
        return None;
    }
    let mut kept = Quarantine {
        claims,
        recorded: u32::try_from(in_all).ok().filter(|in_all| *in_all > 0),
        ..Quarantine::default()
    };
    if recorded == 0 {
        kept.delivery = quarantine.delivery.clone();
        kept.since_ms = quarantine.since_ms;
    }
    Some(kept)
}

/// Returns the attempt that ends a delivery which has crashed too many workers.
pub(super) fn failed(quarantine: &Quarantine, now_ms: u64) -> Attempt {
    let times = quarantine.claims.saturating_sub(QUARANTINE_ALONE_CLAIMS + 1);
    let since = time::rfc3339_millis(quarantine.since_ms.unwrap_or(now_ms) * 1_000);
    let detail = format!(
        "its worker was gone: {QUARANTINE_ALONE_CLAIMS} times with others, then {times} times with this delivery alone, since {since}"
    );
    Attempt {
        error: Some(HttpErrorKind::Internal),
        detail: Some(detail),
        ..Attempt::new(now_ms, "unknown", AttemptState::Failed)
    }
}
