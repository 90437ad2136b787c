//! Judges strict order: what is sent and recorded for a webhook that wants it is in the order of acceptance, and only first.

use super::{Failure, during, ensure};
use crate::sim::model::{Delivery, Lane, Message, Model};
use crate::sim::net::Sent;
use crate::sim::patterns;
use crate::sim::rows::Attempt;
use crate::sim::touched::Touched;

/// Time for which a worker may act on a registration that it has read: a lease, and stalls within it. Events that soon
/// after a switch to strict order are not judged.
const READ_US_MAX: u64 = 400_000_000;

/// Returns true if strict order holds for deliveries since then.
pub fn binds(lane: &Lane, since_us: u64) -> bool {
    lane.strict_since(since_us.min(lane.leased_us).saturating_sub(READ_US_MAX))
}

/// Returns true if one message was accepted before the report of the other began, or before it in one call, and the
/// engine's own times agree. Where they do not, clocks differed.
fn precedes(before: &Message, after: &Message) -> bool {
    let one_call = before.accepted_us == after.accepted_us && before.reported_us == after.reported_us;
    before.order_us < after.order_us && (one_call || before.accepted_us <= after.reported_us)
}

fn has_ended(delivery: &Delivery) -> bool {
    delivery.log.values().any(Attempt::is_final)
}

/// Judges a request of a worker that has the lane: all that precedes its message has ended, and nothing is paused.
pub fn sent(model: &Model, lane_id: &str, lane: &Lane, message: &str, now_us: u64) -> Result<(), Failure> {
    let (Some(this), delivery) = (model.messages.get(message), &lane.deliveries[message]) else { return Ok(()) };
    if !binds(lane, this.accepted_us) {
        return Ok(());
    }
    let paused = lane.registration().is_some_and(|webhook| webhook.is_paused());
    ensure(!paused, "paused", || format!("{message} is sent to {lane_id}, which is paused"))?;
    if has_ended(delivery) || delivery.was_asked() {
        return Ok(());
    }
    for (id, before) in model.messages.iter().filter(|(_, before)| before.tenant_part == this.tenant_part) {
        if before.tombstone.is_some() || !precedes(before, this) || !binds(lane, before.accepted_us) {
            continue;
        }
        let due = match lane.deliveries.get(id) {
            // One that the webhook had missed and asked for is at the tail.
            Some(delivery) => !has_ended(delivery) && !delivery.log.contains_key(&0),
            None => before.inbox.is_some() && wanted(lane, before, now_us),
        };
        ensure(!due, "in-order", || format!("{message} is sent to {lane_id} before {id}"))?;
    }
    Ok(())
}

fn wanted(lane: &Lane, message: &Message, now_us: u64) -> bool {
    let states = during(lane, message.accepted_us, now_us);
    states.iter().all(|state| state.is_some_and(|webhook| patterns::wants(webhook, &message.event_type)))
}

/// Judges an attempt that was recorded, or what was decided without one: nothing before it in the queue goes on waiting, but
/// redeliveries that came in between; and what has used up its attempts pauses the webhook where that is wanted.
pub fn recorded(
    model: &Model,
    touched: &Touched,
    (lane_id, message, number): (&String, &String, u32),
    (now_us, read_us): (u64, u64),
    sent: &[Sent],
) -> Result<(), Failure> {
    let lane = &model.lanes[lane_id];
    let (delivery, log) = (&lane.deliveries[message], &lane.deliveries[message].log[&number]);
    let request = delivery.requests.iter().map(|&id| &sent[id]).rfind(|request| request.recorded);
    let sent_us = request.filter(|_| log.attempted()).map_or(lane.leased_us, |request| request.sent_us);
    // The commit that records it may be the one that pauses the webhook.
    if !binds(lane, sent_us) {
        return Ok(());
    }
    for before in touched.queued_before.get(lane_id).into_iter().flatten().take_while(|before| *before != message) {
        let other = &lane.deliveries[before];
        let came_between = other.was_asked() && other.placed_us + read_us >= sent_us;
        ensure(other.entries.is_empty() || came_between, "in-order", || {
            format!("attempt {number} of {message} is recorded for {lane_id} while {before} waits before it")
        })?;
    }
    let used_up = log.state == "exhausted" && log.status != Some(410) && request.is_none_or(|request| !request.wish);
    let before = lane.registrations.iter().rev().find(|(at_us, _)| *at_us < now_us);
    let pauses = before.is_some_and(|(at_us, webhook)| {
        *at_us < sent_us && webhook.as_ref().is_some_and(|webhook| webhook.active && webhook.pauses())
    });
    let paused = || lane.registration().is_some_and(|webhook| webhook.is_paused());
    ensure(!used_up || !pauses || paused(), "pause", || {
        format!("{message} is exhausted, and {lane_id} goes on: {log:?}")
    })
}

/// Judges a redelivery: it is behind all that waited when it was asked for, unless it waited itself.
pub fn placed(
    model: &Model,
    touched: &Touched,
    (lane_id, message): (&String, &String),
    began_us: u64,
) -> Result<(), Failure> {
    let lane = &model.lanes[lane_id];
    let queued = touched.queued_before.get(lane_id);
    let (Some(queued), true) = (queued, binds(lane, began_us)) else { return Ok(()) };
    if queued.contains(message) {
        return Ok(());
    }
    let behind = lane.queue.values().flat_map(|group| &group.deliveries).map(|other| &other.message);
    for other in behind.skip_while(|other| *other != message).filter(|other| *other != message) {
        ensure(lane.deliveries[other].placed_us >= began_us, "tail", || {
            format!("{message} was asked for, and is before {other} in {lane_id}")
        })?;
    }
    Ok(())
}

/// The requests that came to a receiver after one for a later message had been sent, although their own had not been asked for
/// again. Each belongs to a call that crashed, failed or lost the lease, as every request that nothing records; here each
/// lease explains one.
pub fn late(model: &Model, sent: &[Sent]) -> Result<usize, Failure> {
    let mut late = 0;
    for (lane_id, lane) in model.lanes.iter().filter(|(_, lane)| lane.strict_since(0)) {
        let mut explained: Vec<(usize, &str)> = Vec::new();
        for (id, delivery) in lane.deliveries.iter().filter(|(_, delivery)| !delivery.was_asked()) {
            let Some(this) = model.messages.get(id) else { continue };
            let later = lane.deliveries.iter().filter(|(other, delivery)| {
                !delivery.was_asked() && model.messages.get(*other).is_some_and(|other| precedes(this, other))
            });
            let first = later.flat_map(|(_, delivery)| delivery.requests.first()).map(|&id| sent[id].sent_us).min();
            for request in delivery.requests.iter().map(|&id| &sent[id]) {
                if request.arrives_us.zip(first).is_none_or(|(arrives_us, first_us)| arrives_us < first_us) {
                    continue;
                }
                let fault = (request.call, request.lease.as_str());
                ensure(!request.recorded && (fault.1.is_empty() || !explained.contains(&fault)), "in-order", || {
                    format!("{id} came to {lane_id} after a later message: {request:?}")
                })?;
                explained.push(fault);
                late += 1;
            }
        }
    }
    Ok(late)
}
