//! Judges quarantine: a lane's claims are counted as they happened, a quarantined delivery is sent alone, and a delivery
//! that ends as failed was named by its lane in the last leases that were not released.

use hookwright_engine::limits::{
    LANE_IN_FLIGHT_MAX, QUARANTINE_ALONE_CLAIMS, QUARANTINE_FAILED_CLAIMS, QUARANTINE_FEW_CLAIMS,
};

use super::{Failure, during, ensure};
use crate::sim::ids::RequestId;
use crate::sim::model::Lane;
use crate::sim::net::Sent;
use crate::sim::rows::{Attempt, Lease, Numbered, Quarantine, Webhook};

/// Judges a lane's row when it is written, at this time, by a clock that says so and moves so far against itself.
pub fn kept(id: &str, lane: &Lane, before: &Lease, now_us: u64, clock_ms: (u64, u64)) -> Result<(), Failure> {
    let (was, is) = (&before.quarantine, &lane.lease.quarantine);
    let about = || format!("{id}: {was:?} became {is:?}, recorded {} and spared {}", lane.made, lane.spared);
    if lane.lease.until_ms != 0 && lane.lease.token == before.token {
        // The row names another delivery when the one that it named is not due any more.
        let named =
            is.claims == QUARANTINE_ALONE_CLAIMS + 1 && is.delivery.is_some() && was.claims > QUARANTINE_ALONE_CLAIMS;
        let free = was.delivery.as_ref().is_none_or(|delivery| !is_due(lane, delivery, now_us, clock_ms));
        return ensure(named && free && is.recorded == 0, "quarantine-counted", about);
    }
    if lane.lease.until_ms != 0 {
        // Earlier records do not count any more if this lease runs out.
        return ensure(*is == Quarantine { recorded: 0, ..claims(was, was.claims + 1) }, "quarantine-counted", about);
    }
    let nothing = *is == Quarantine::default();
    if nothing && is_through(lane, now_us, clock_ms) {
        return Ok(());
    }
    let as_before = *is == Quarantine { recorded: lane.recorded, ..claims(was, was.claims.saturating_sub(1)) };
    let (least, most) = (lane.recorded + lane.made, lane.recorded + lane.made + lane.spared);
    let counted = is.delivery.is_none()
        && is.claims == was.claims.saturating_sub(1).min(QUARANTINE_ALONE_CLAIMS)
        && (least..=most).contains(&is.recorded)
        && least < LANE_IN_FLIGHT_MAX;
    let on_probation = was.claims > QUARANTINE_ALONE_CLAIMS
        && *is == Quarantine { claims: QUARANTINE_FEW_CLAIMS, ..Quarantine::default() };
    let forgiven = on_probation || (nothing && was.claims <= QUARANTINE_ALONE_CLAIMS);
    let enough = lane.made + lane.spared > 0 && most >= evidence_min(lane, now_us);
    // The lane has no timer, so nothing waits, and no delivery is left that could have crashed the workers.
    let waits = lane.lease.timer.is_some();
    let fair = (lane.made == 0 && as_before) || (lane.made + lane.spared > 0 && counted) || (enough && forgiven);
    ensure(waits && fair, "quarantine-counted", about)
}

/// Returns true if a delivery was due when the lane was leased, and has not been asked for again since.
fn is_due(lane: &Lane, Numbered { message, number }: &Numbered, now_us: u64, clock_ms: (u64, u64)) -> bool {
    let moved = lane.deliveries.get(message).is_some_and(|delivery| delivery.moved.contains_key(number));
    !moved && lane.is_due(message, *number, leased_ms(lane, now_us, clock_ms))
}

/// The earliest time at which the lane was leased, by the clock of the instance that writes the row now.
fn leased_ms(lane: &Lane, now_us: u64, (clock_ms, slack_ms): (u64, u64)) -> u64 {
    clock_ms.saturating_sub((now_us - lane.leased_us) / 1_000 + slack_ms)
}

/// How many records the engine may take at least for as many as may have been in flight, by what the webhook was at some time of
/// the lease.
fn evidence_min(lane: &Lane, now_us: u64) -> usize {
    let evidence = |webhook: Option<&Webhook>| match webhook {
        Some(webhook) if webhook.active && (webhook.strict_order || !lane.last_succeeded) => 1,
        Some(webhook) if webhook.active => webhook.concurrency.unwrap_or(LANE_IN_FLIGHT_MAX).min(LANE_IN_FLIGHT_MAX),
        _ => LANE_IN_FLIGHT_MAX,
    };
    during(lane, lane.leased_us, now_us).into_iter().map(evidence).min().unwrap_or(1)
}

/// Returns true if nothing is left of the deliveries that were due when the lane was leased. In strict order the
/// deliveries behind the first are not due.
fn is_through(lane: &Lane, now_us: u64, clock_ms: (u64, u64)) -> bool {
    let strict = during(lane, lane.leased_us, now_us).into_iter().flatten().any(|webhook| webhook.strict_order);
    let leased_ms = leased_ms(lane, now_us, clock_ms);
    let left =
        |(message, number, due_ms): &(String, u32, u64)| *due_ms <= leased_ms && lane.still_waits(message, *number);
    strict || !lane.waited.iter().any(left)
}

fn claims(quarantine: &Quarantine, claims: u32) -> Quarantine {
    Quarantine { claims, ..quarantine.clone() }
}

/// Judges a request: in a quarantined lane it is the named delivery, and the only one. Returns true if it is.
pub fn sent(
    lane: &Lane,
    (message, number): (&str, u32),
    in_flight: &[RequestId],
    requests: &[Sent],
    about: impl Fn() -> String,
) -> Result<bool, Failure> {
    let quarantine = &lane.lease.quarantine;
    let beside = in_flight.iter().any(|&id| requests[id].quarantined && !requests[id].lease.is_empty());
    ensure(!beside, "quarantine-sent", || format!("beside a quarantined delivery: {}", about()))?;
    if quarantine.claims <= QUARANTINE_ALONE_CLAIMS {
        return Ok(false);
    }
    let named = quarantine.delivery.as_ref().is_some_and(|named| named.message == message && named.number == number);
    ensure(named && in_flight.is_empty(), "quarantine-sent", || {
        format!("{quarantine:?}, {} in flight: {}", in_flight.len(), about())
    })?;
    Ok(true)
}

/// Judges a delivery that ends as failed: the last leases that were not released named it.
pub fn failed(
    lane: &Lane,
    message: &str,
    number: u32,
    log: &Attempt,
    about: impl Fn() -> String,
) -> Result<(), Failure> {
    let named =
        |vain: &Option<Numbered>| vain.as_ref().is_some_and(|named| named.message == message && named.number == number);
    let times = lane.vain.iter().rev().take_while(|vain| named(vain)).count();
    let least = (QUARANTINE_FAILED_CLAIMS - QUARANTINE_ALONE_CLAIMS) as usize;
    ensure(times >= least && log.error.as_deref() == Some("internal"), "quarantine-failed", || {
        format!("{times} leases in a row that named it were not given back: {}: {:?}", about(), lane.vain)
    })
}
