//! Judges that a webhook is taken out of service when its receiver, or what it has failed, says so: by the commit that records
//! it, with the reason, and for no other.

use super::{Failure, ensure};
use crate::sim::model::{Lane, Model};
use crate::sim::net::Sent;
use crate::sim::params::Params;
use crate::sim::touched::Touched;

/// Time for which a worker may act on a registration that it has read: a lease, and stalls within it.
const READ_US_MAX: u64 = 400_000_000;

/// Judges the webhooks of which a commit has recorded attempts.
pub fn after(model: &Model, params: &Params, touched: &Touched, now_us: u64, sent: &[Sent]) -> Result<(), Failure> {
    let mut last = None;
    for (lane_id, ..) in &touched.logged {
        if last == Some(lane_id) {
            continue;
        }
        last = Some(lane_id);
        let lane = &model.lanes[lane_id];
        let recorded = || touched.logged.iter().filter(|(of, ..)| of == lane_id);
        let gone = recorded().any(|(_, message, number)| lane.deliveries[message].log[number].status == Some(410));
        let wish = recorded().any(|(_, message, number)| {
            let requests = lane.deliveries[message].requests.iter().map(|&id| &sent[id]);
            requests.filter(|request| request.number == *number && request.recorded).any(|request| request.wish)
        });
        let given_up = recorded().any(|(_, message, number)| {
            matches!(lane.deliveries[message].log[number].state.as_str(), "exhausted" | "failed")
        });
        ends(params, lane_id, lane, now_us, gone)?;
        justified(params, lane_id, lane, now_us, Reasons { gone, wish, given_up })?;
    }
    Ok(())
}

/// A record that may end a webhook's service.
#[derive(Clone, Copy, Debug)]
struct Reasons {
    /// A 410.
    gone: bool,
    /// The receiver asked for it.
    wish: bool,
    /// A delivery has used up its attempts, or could not be sent.
    given_up: bool,
}

/// Judges that the webhook's service ended where it must.
fn ends(params: &Params, lane_id: &str, lane: &Lane, now_us: u64, gone: bool) -> Result<(), Failure> {
    // A call that has changed the webhook meanwhile decides.
    let first = lane.registrations.iter().rposition(|(at_us, _)| *at_us + READ_US_MAX <= lane.leased_us).unwrap_or(0);
    let mut states =
        lane.registrations[first..].iter().filter(|(at_us, _)| *at_us < now_us).map(|(_, webhook)| webhook.as_ref());
    let activated = |webhook: Option<&crate::sim::rows::Webhook>| webhook.map(|webhook| webhook.activated_at_ms);
    let before = states.next().and_then(activated);
    let stable = before.is_some() && states.all(|state| activated(state) == before);
    if !stable || lane.registration().is_none_or(|webhook| !webhook.active) {
        return Ok(());
    }
    let stated = lane.registrations[first..].iter().filter_map(|(_, webhook)| webhook.as_ref());
    let disables = params.profile == "standard" && stated.clone().all(|webhook| !webhook.succeeds(410));
    ensure(!gone || !disables, "disabled", || format!("{lane_id} goes on after a 410"))?;
    let after = params.disable_after_deliveries;
    ensure(after == 0 || lane.health.least.exhausted < after, "disabled", || {
        format!("{lane_id} goes on after {:?}", lane.health)
    })?;
    let after_ms = u64::from(params.disable_after_s) * 1_000;
    ensure(after_ms == 0 || lane.health.least.failing_ms() < after_ms, "disabled", || {
        format!("{lane_id} goes on after {:?}", lane.health)
    })
}

/// A webhook that has been taken out of service by what was recorded had a reason, which it says.
fn justified(
    params: &Params,
    lane_id: &str,
    lane: &Lane,
    now_us: u64,
    Reasons { gone, wish, given_up }: Reasons,
) -> Result<(), Failure> {
    let before =
        lane.registrations.iter().rev().find(|(at_us, _)| *at_us < now_us).and_then(|(_, webhook)| webhook.as_ref());
    let by_this = lane.registrations.last().is_some_and(|(at_us, _)| *at_us == now_us);
    let (Some(before), Some(webhook)) = (before, lane.registration()) else { return Ok(()) };
    if !by_this || !before.active || webhook.active {
        return Ok(());
    }
    let reason = webhook.inactive_reason.as_deref().unwrap_or_default();
    let most = &lane.health.most;
    let holds = match reason {
        _ if reason.starts_with("paused: ") => given_up && before.pauses(),
        "the receiver answered 410" => gone,
        _ if reason.starts_with("the receiver asked ") => wish,
        _ if reason.ends_with(" deliveries in a row failed") => {
            params.disable_after_deliveries > 0 && most.exhausted >= params.disable_after_deliveries
        }
        _ if reason.starts_with("no success for ") => {
            params.disable_after_s > 0 && most.failing_ms() >= u64::from(params.disable_after_s) * 1_000
        }
        _ => false,
    };
    ensure(holds, "disabled", || format!("{lane_id} is out of service: '{reason}', after {:?}", lane.health))
}
