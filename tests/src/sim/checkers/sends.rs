//! Judges each request when it is submitted: that it may be sent, now, by this call, and that it is what it should be.

use std::collections::BTreeMap;

use hookwright_engine::limits::{IN_FLIGHT_MAX, LANE_IN_FLIGHT_MAX, LEASE_MARGIN_MS, LEASE_SENDING_MS};
use hookwright_engine::ports::Request;

use super::{Failure, during, ensure, order, quarantine};
use crate::sim::ids::{CallId, RequestId};
use crate::sim::kept::Tombstone;
use crate::sim::model::{self, Lane, Model};
use crate::sim::net::Sent;
use crate::sim::rows;
use crate::sim::signature;

/// The sender of a request, and the time.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The call.
    pub call: CallId,
    /// When it began, in true microseconds.
    pub began_us: u64,
    /// Whether it delivers, rather than sends a test.
    pub delivers: bool,
    /// True time.
    pub now_us: u64,
    /// The sender's clock.
    pub clock_us: u64,
    /// Its requests in flight.
    pub in_flight: &'a [RequestId],
    /// How far its clock can move against itself.
    pub clock_slack_ms: u64,
    /// How far two clocks are apart, at most, however they jump.
    pub skew_ms: u64,
    /// Whether clocks may be further apart than promised.
    pub wild_clocks: bool,
    /// The profile.
    pub profile: &'static str,
    /// When the call last read each message, in true microseconds.
    pub read: &'a BTreeMap<String, u64>,
}

/// Fields that all attempts of one message for one webhook share.
#[derive(Clone, Debug, Default)]
pub struct Bodies(BTreeMap<(String, String), (String, String)>);

impl Bodies {
    /// The message is gone: its id may stand for another content.
    pub fn forget(&mut self, message: &str) {
        self.0.retain(|(_, of), _| of != message);
    }
}

/// The kind of a request.
#[derive(Debug)]
pub struct Told {
    /// The lane.
    pub lane: String,
    /// The message, unless it is a test send.
    pub message: Option<String>,
    /// The attempt; 0: one that nothing will record.
    pub number: u32,
    /// It is of a quarantined delivery: nothing else may be in flight with its worker.
    pub quarantined: bool,
    /// With what is in flight under leases that were lost, it is more than the webhook's slots.
    pub crowded: bool,
    /// The token of the lease that it was sent under.
    pub lease: String,
}

impl Told {
    /// A request that nothing will record.
    fn unrecorded(lane: &str, message: Option<String>) -> Told {
        Told { lane: lane.to_owned(), message, number: 0, quarantined: false, crowded: false, lease: String::new() }
    }
}

/// The receiver that a URL of the workload belongs to.
pub fn receiver_of(url: &str) -> Option<usize> {
    let host = url.strip_prefix("https://h")?;
    host.split('.').next()?.parse().ok()
}

/// Judges a request.
pub fn judge(
    model: &Model,
    bodies: &mut Bodies,
    sent: &[Sent],
    sender: Sender<'_>,
    request: &Request,
) -> Result<Told, Failure> {
    let about = || format!("{} {} {:?}", request.method, request.url, request.body);
    let found = model.by_url.get(&request.url).and_then(|lane| model.lanes.get_key_value(lane));
    let Some((lane_id, lane)) = found else {
        return Err(Failure { checker: "destination", detail: format!("no webhook has this URL: {}", about()) });
    };
    signature::verify(sender.profile, request, &live_secrets(model, lane, sender), sender.clock_us)
        .map_err(|problem| Failure { checker: "signature", detail: format!("{problem}: {}", about()) })?;
    let body = request.body.clone().unwrap_or_default();
    let Some(marker) = model::marker(&body) else {
        ensure(!sender.delivers, "body", || format!("no event of the workload: {}", about()))?;
        return Ok(Told::unrecorded(lane_id, None));
    };
    let found = message_of(model, (lane_id, lane), marker, request, sent, sender.call);
    if found.is_none() && was_read(model, lane, marker, sender) {
        // It has gone since this sender has read it.
        return Ok(Told::unrecorded(lane_id, None));
    }
    let message = found
        .ok_or_else(|| Failure { checker: "matched", detail: format!("never routed to {lane_id}: {}", about()) })?;
    let accepted = model.messages.get(&message);
    let own = accepted.is_some_and(|accepted| lane_id.split('/').next() == Some(accepted.tenant_part.as_str()));
    ensure(own, "tenants", || format!("{message} for {lane_id}: {}", about()))?;
    ensure(accepted.is_some_and(|accepted| accepted.marker == marker), "body", || {
        format!("{accepted:?}: {}", about())
    })?;
    let id = signature::header(request, "webhook-id").unwrap_or_default().to_owned();
    ensure(sender.profile != "standard" || id == message, "message-id", || format!("{id} is {message}: {}", about()))?;
    let first = bodies.0.entry((lane_id.clone(), message.clone())).or_insert_with(|| (id.clone(), body.clone()));
    ensure(*first == (id, body), "same-bytes", || format!("{first:?} was sent before: {}", about()))?;
    let erased = model.messages.get(&message).filter(|known| known.tombstone == Some(Tombstone::Erased));
    let late =
        erased.is_some_and(|known| sender.read.get(&message).is_none_or(|read_us| *read_us > known.tombstone_us));
    ensure(!late, "erased", || format!("{message} is sent although its subject is erased: {}", about()))?;
    if erased.is_some() && lane.deliveries[&message].entries.is_empty() {
        return Ok(Told::unrecorded(lane_id, Some(message)));
    }
    let number = may_send(lane_id, lane, &message, sent, sender, request)?;
    if number > 0 {
        in_service(lane_id, lane, &message, sender)?;
        not_paused(lane_id, lane, &message, sender)?;
        order::sent(model, lane_id, lane, &message, sender.now_us)?;
    }
    let lost = || lane.last.get(&sender.call).cloned().unwrap_or_default();
    let lease = if number == 0 { lost() } else { lane.lease.token.clone() };
    let crowded = number > 0 && exceeds_its_slots(lane_id, lane, sent, sender)?;
    let about = || format!("attempt {number} of {message} for {lane_id}");
    let quarantined = number > 0 && quarantine::sent(lane, (&message, number), sender.in_flight, sent, about)?;
    Ok(Told { lane: lane_id.clone(), message: Some(message), number, quarantined, crowded, lease })
}

/// The secrets that may sign now, newest first: those of the webhook as it was at some time since the sender has had its lane, or
/// since its call began, as far as they are live by the sender's clock.
fn live_secrets<'m>(model: &'m Model, lane: &'m Lane, sender: Sender<'_>) -> Vec<Vec<&'m str>> {
    let has_lease = lane.leased_by == Some(sender.call);
    let since_us = if has_lease && sender.delivers { lane.leased_us } else { sender.began_us };
    let clock_ms = sender.clock_us / 1_000;
    // A secret that had ended when the webhook was opened does not come back when the clock goes back.
    let opened_ms = clock_ms + sender.clock_slack_ms;
    let live = |webhook: &'m rows::Webhook, at_ms: u64| -> Vec<&'m str> {
        let live = webhook.secrets.iter().filter(|secret| secret.until_ms.is_none_or(|until_ms| until_ms > at_ms));
        live.filter_map(|secret| model.secrets.get(&secret.sealed)).map(String::as_str).collect()
    };
    let views = |webhook: &'m rows::Webhook| {
        let least = live(webhook, opened_ms).len();
        let all = live(webhook, clock_ms);
        (least..=all.len()).map(move |many| all[..many].to_vec())
    };
    during(lane, since_us, sender.now_us).into_iter().flatten().flat_map(views).collect()
}

/// Returns true if a message with this content has been removed, and the sender has read it before, or has lost the
/// lane, so that other workers have delivered it and had it removed.
fn was_read(model: &Model, lane: &Lane, marker: u64, sender: Sender<'_>) -> bool {
    let mut gone = model.kept.gone.iter().filter(|(_, gone)| gone.marker == marker);
    gone.any(|(message, gone)| match gone.erased_us {
        Some(erased_us) => sender.read.get(message).is_some_and(|read_us| *read_us <= erased_us),
        None => lane.lost_by.contains(&sender.call),
    })
}

/// The message that is meant: where its id does not travel, several may have the same content, and any that waits will do.
fn message_of(
    model: &Model,
    (lane_id, lane): (&str, &Lane),
    marker: u64,
    request: &Request,
    sent: &[Sent],
    call: CallId,
) -> Option<String> {
    if let Ok(id) = signature::header(request, "webhook-id") {
        return lane.deliveries.contains_key(id).then(|| id.to_owned());
    }
    let tenant = lane_id.split('/').next()?;
    let same = |id: &&String| model.messages.get(*id).is_some_and(|m| m.marker == marker && m.tenant_part == tenant);
    let mut candidates = lane.deliveries.keys().filter(same);
    let waits = |id: &&String| {
        let delivery = &lane.deliveries[*id];
        let asked = delivery.requests.iter().any(|&r| sent[r].call == call && !sent[r].recorded);
        delivery.entries.len() == 1 && !asked
    };
    candidates.clone().find(waits).or_else(|| candidates.next()).cloned()
}

/// The number of the attempt; 0 if the lease that the call had has been lost, so that nothing will record it.
fn may_send(
    lane_id: &str,
    lane: &Lane,
    message: &str,
    sent: &[Sent],
    sender: Sender<'_>,
    request: &Request,
) -> Result<u32, Failure> {
    let delivery = &lane.deliveries[message];
    let about = || format!("{message} for {lane_id}: queued {:?}, recorded {:?}", delivery.entries, delivery.log);
    if lane.leased_by != Some(sender.call) {
        ensure(lane.lost_by.contains(&sender.call), "leased", || format!("sent without a lease: {}", about()))?;
        let again = |id: &RequestId| Some(&sent[*id].lease) == lane.last.get(&sender.call) && !sent[*id].recorded;
        let again = delivery.requests.iter().filter(|id| again(id)).count();
        // A worker that does not know that it has lost the lane goes on reading the queue, so it may make each attempt
        // once.
        let attempts = delivery.log.len() + delivery.moved.values().sum::<usize>();
        ensure(again <= attempts, "sent-twice-under-one-lease", about)?;
        let lease = lane.last.get(&sender.call);
        let of_lane = sender.in_flight.iter().filter(|&&id| sent[id].lane == lane_id && Some(&sent[id].lease) == lease);
        ensure(of_lane.count() < slots_since(lane, sender.began_us, sender.now_us), "in-flight-of-a-lane", about)?;
        return Ok(0);
    }
    let Some((key, number)) = delivery.entries.first() else {
        return Err(Failure { checker: "sent-after-the-end", detail: about() });
    };
    let clock_ms = sender.clock_us / 1_000;
    if let Some(due_ms) = lane.queue.get(key).map(|group| group.due_ms(key, true)) {
        ensure(due_ms <= clock_ms + sender.clock_slack_ms, "early", || format!("it is {clock_ms} ms: {}", about()))?;
    }
    let until = lane.lease.until_ms;
    ensure(clock_ms + u64::from(request.timeout_ms) < until + sender.clock_slack_ms, "outlives-its-lease", || {
        format!("{clock_ms} ms and a timeout of {} ms do not end before {until}: {}", request.timeout_ms, about())
    })?;
    let before =
        delivery.requests.iter().filter(|&&id| sent[id].lease == lane.lease.token && sent[id].number == *number);
    let moved = delivery.moved.get(number).copied().unwrap_or_default();
    ensure(before.count() <= moved, "sent-twice-under-one-lease", about)?;
    let of_lane =
        sender.in_flight.iter().filter(|&&id| sent[id].lane == lane_id && sent[id].lease == lane.lease.token).count();
    ensure(of_lane < slots(lane, sender), "in-flight-of-a-lane", about)?;
    within_its_rate(lane, sent, sender, request, about)?;
    ensure(sender.in_flight.len() < IN_FLIGHT_MAX, "in-flight", about)?;
    not_before_its_time(lane, delivery, sent, sender, *number, about)?;
    Ok(*number)
}

/// Judges that the worker with a lane's lease has read its webhook in the same call, and has found it active.
fn in_service(lane_id: &str, lane: &Lane, message: &str, sender: Sender<'_>) -> Result<(), Failure> {
    let states = during(lane, sender.began_us, sender.now_us);
    let active = states.iter().flatten().any(|webhook| webhook.active);
    ensure(active, "in-service", || format!("{message} is sent to {lane_id}, which was switched off all the time"))
}

/// Judges that the webhook was not paused all the time since its lane was leased: it is read after that.
fn not_paused(lane_id: &str, lane: &Lane, message: &str, sender: Sender<'_>) -> Result<(), Failure> {
    let states = during(lane, lane.leased_us, sender.now_us);
    let clock_ms = sender.clock_us / 1_000 + sender.clock_slack_ms;
    let open = states.iter().flatten().any(|webhook| webhook.active && webhook.paused_until_ms <= clock_ms);
    ensure(open, "paused", || format!("{message} is sent to {lane_id}, which was paused all the time: {states:?}"))
}

/// The slots that a webhook has had at some time since its lane was leased.
fn slots(lane: &Lane, sender: Sender<'_>) -> usize {
    if order::binds(lane, lane.leased_us) { 1 } else { slots_since(lane, lane.leased_us, sender.now_us) }
}

/// The most slots that a webhook has had at some time since then.
fn slots_since(lane: &Lane, from_us: u64, now_us: u64) -> usize {
    let webhooks = during(lane, from_us, now_us).into_iter().flatten();
    webhooks.map(|webhook| webhook.concurrency.unwrap_or(LANE_IN_FLIGHT_MAX)).max().unwrap_or(0)
}

/// Judges requests in flight over all workers. Those beside a lane's lease belong to lost leases, and each lost lease
/// explains no more than its slots. Returns true if they are too many together.
fn exceeds_its_slots(id: &str, lane: &Lane, sent: &[Sent], sender: Sender<'_>) -> Result<bool, Failure> {
    let all = lane.deliveries.values().flat_map(|delivery| &delivery.requests).map(|&id| &sent[id]);
    let (mut beside, mut own) = (0, 1);
    for request in all.filter(|request| !request.over) {
        if request.lease == lane.lease.token {
            own += 1;
            continue;
        }
        beside += 1;
        ensure(lane.lost.contains_key(&request.lease), "in-flight-of-a-lane", || {
            format!("{id}: {request:?} is in flight under a lease that was given back")
        })?;
    }
    Ok(beside > 0 && beside + own > slots(lane, sender))
}

/// Judges that the attempts under one lease never exceed the webhook's rate since the lease began. Attempts that a
/// worker forgets by a crash or a lost lease are not counted.
fn within_its_rate(
    lane: &Lane,
    sent: &[Sent],
    sender: Sender<'_>,
    request: &Request,
    about: impl Fn() -> String,
) -> Result<(), Failure> {
    let webhooks = lane.registrations.iter().filter_map(|(_, webhook)| webhook.as_ref());
    let spacing_ms = webhooks.map(|webhook| webhook.rate_per_minute.map_or(0, |rate| 60_000 / rate)).min().unwrap_or(0);
    let begun_ms =
        lane.lease.until_ms.saturating_sub(u64::from(request.timeout_ms) + LEASE_MARGIN_MS + LEASE_SENDING_MS);
    let lasted_ms = (sender.clock_us / 1_000 + sender.clock_slack_ms).saturating_sub(begun_ms);
    let before = lane.deliveries.values().flat_map(|delivery| &delivery.requests);
    let before = before.filter(|&&id| sent[id].lease == lane.lease.token).count() as u64;
    ensure(before * spacing_ms <= lasted_ms, "rate", || {
        format!("{before} attempts within {lasted_ms} ms, the space is {spacing_ms} ms: {}", about())
    })
}

/// Judges by the true clock that an attempt comes no sooner after the one before than the schedule and the receiver
/// say, minus the skew of two clocks.
fn not_before_its_time(
    lane: &Lane,
    delivery: &model::Delivery,
    sent: &[Sent],
    sender: Sender<'_>,
    number: u32,
    about: impl Fn() -> String,
) -> Result<(), Failure> {
    let attempts = number + 1 - delivery.first_of(number);
    if attempts < 2 || sender.wild_clocks {
        return Ok(());
    }
    let before = delivery.requests.iter().rev().map(|&id| &sent[id]).find(|request| request.recorded);
    let webhooks = lane.registrations.iter().filter_map(|(_, webhook)| webhook.as_ref());
    let wait_s = webhooks.filter_map(|webhook| webhook.schedule_s.get(attempts as usize - 2)).min();
    let (Some(before), Some(&wait_s)) = (before, wait_s) else { return Ok(()) };
    let Some((answered_us, _)) = before.answered else { return Ok(()) };
    let wait_s = before.wait_s(u64::from(wait_s));
    // Of a time, less than a millisecond is lost.
    let waited_ms = (sender.now_us - answered_us) / 1_000 + 2;
    ensure(waited_ms + sender.skew_ms >= wait_s * 1_000, "schedule", || {
        format!("attempt {number} came {waited_ms} ms after the one before, the wait is {wait_s} s: {}", about())
    })
}
