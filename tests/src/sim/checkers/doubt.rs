//! Judges isolation: what is held against a lane is neither lost nor invented, who is alone is alone, and what ends as failed was
//! under way each time that its lane was not given back.

use hookwright_engine::limits::{CONDEMNED_CLAIMS, ISOLATED_CLAIMS, LANE_IN_FLIGHT_MAX, SUSPECTED_CLAIMS};

use super::{Failure, during, ensure};
use crate::sim::model::{Lane, RequestId};
use crate::sim::net::Sent;
use crate::sim::rows::{Doubt, Hook, Lease, Log};

/// Judges a lane's row when it is written.
pub fn kept(id: &str, lane: &Lane, before: &Lease, now_us: u64) -> Result<(), Failure> {
    let (was, is) = (&before.doubt, &lane.lease.doubt);
    let about = || format!("{id}: {was:?} became {is:?}, recorded {}", lane.recorded);
    if lane.lease.until != 0 && lane.lease.token == before.token {
        // It says which delivery is to be made alone.
        let named = is.claims == ISOLATED_CLAIMS + 1 && is.suspect.is_some() && was.claims > ISOLATED_CLAIMS;
        return ensure(named && is.recorded == was.recorded, "held-against", about);
    }
    if lane.lease.until != 0 {
        // Whatever was recorded before a lease that was not given back, its worker is gone.
        let recorded = if before.until == 0 { was.recorded } else { 0 };
        return ensure(*is == Doubt { recorded, ..claims(was, was.claims + 1) }, "held-against", about);
    }
    let as_before = *is == claims(was, was.claims.saturating_sub(1));
    let nothing = *is == Doubt::default();
    let since = was.recorded + lane.recorded;
    let counted = is.suspect.is_none()
        && is.claims == was.claims.saturating_sub(1).min(ISOLATED_CLAIMS)
        && (was.recorded..=since).contains(&is.recorded);
    let on_probation = was.claims > ISOLATED_CLAIMS && *is == Doubt { claims: SUSPECTED_CLAIMS, ..Doubt::default() };
    let forgiven = on_probation || (nothing && was.claims <= ISOLATED_CLAIMS);
    // Without a wake: nothing waits, so nothing is left that could be to blame.
    let fair = if lane.lease.wake.is_none() {
        nothing
    } else if lane.recorded > 0 {
        as_before || counted || (forgiven && since as usize >= slots_min(lane, now_us))
    } else {
        as_before
    };
    ensure(fair, "held-against", about)
}

/// How many deliveries at least the lane could have in flight at once before it was alone, at some time of its lease.
fn slots_min(lane: &Lane, now_us: u64) -> usize {
    let wide = |hook: Option<&Hook>| match hook {
        Some(hook) if hook.active && !hook.strict_order && lane.proven => {
            hook.concurrency.unwrap_or(LANE_IN_FLIGHT_MAX)
        }
        _ => 1,
    };
    during(lane, lane.leased_us, now_us).into_iter().map(wide).min().unwrap_or(1)
}

fn claims(doubt: &Doubt, claims: u32) -> Doubt {
    Doubt { claims, ..doubt.clone() }
}

/// Judges a request: of a lane that is alone, the delivery that is written down, and nothing beside it. Answers whether it is
/// alone.
pub fn alone(
    lane: &Lane,
    (message, number): (&str, u32),
    in_flight: &[RequestId],
    sent: &[Sent],
    about: impl Fn() -> String,
) -> Result<bool, Failure> {
    let doubt = &lane.lease.doubt;
    let beside = in_flight.iter().any(|&id| sent[id].alone && !sent[id].lease.is_empty());
    ensure(!beside, "alone", || format!("beside a delivery that is made alone: {}", about()))?;
    if doubt.claims <= ISOLATED_CLAIMS {
        return Ok(false);
    }
    let named = doubt.suspect.as_ref().is_some_and(|(of, what)| of == message && *what == number);
    ensure(named && in_flight.is_empty(), "alone", || {
        format!("{doubt:?}, {} in flight: {}", in_flight.len(), about())
    })?;
    Ok(true)
}

/// Judges what ends as failed: the last leases that were not given back named it.
pub fn condemned(
    lane: &Lane,
    message: &str,
    number: u32,
    log: &Log,
    about: impl Fn() -> String,
) -> Result<(), Failure> {
    let named = |vain: &Option<(String, u32)>| vain.as_ref().is_some_and(|(of, what)| of == message && *what == number);
    let times = lane.vain.iter().rev().take_while(|vain| named(vain)).count();
    let least = (CONDEMNED_CLAIMS - ISOLATED_CLAIMS) as usize;
    ensure(times >= least && log.error.as_deref() == Some("internal"), "condemned", || {
        format!("{times} leases in a row that named it were not given back: {}: {:?}", about(), lane.vain)
    })
}
