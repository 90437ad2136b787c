//! Judges the rows that one commit touched, right after it was applied: what no crash may break must hold between any two
//! commits, so a rule that is broken is seen at the commit that breaks it and not when its victim is missed.

use hookwright_engine::limits::{CLOCK_SKEW_MS_MAX, LEASE_MS_MAX};

use super::{Failure, during, ensure, jobs, order, quarantine};
use crate::sim::ids::CallId;
use crate::sim::model::{Lane, Model};
use crate::sim::net::Sent;
use crate::sim::patterns;
use crate::sim::rows::{self, Row};
use crate::sim::touched::Touched;

/// When a commit was applied, and whose it was.
#[derive(Clone, Copy, Debug)]
pub struct Applied {
    /// The call that submitted it.
    pub call: CallId,
    /// True time.
    pub now_us: u64,
    /// The clock of the instance that submitted it.
    pub clock_ms: u64,
    /// How far one clock can move against itself.
    pub clock_slack_ms: u64,
    /// How long ago the call may have looked at a lease that is too far ahead to be believed: where clocks are wild, such
    /// a lease can have come within bounds by the time of the commit.
    pub lease_read_ms_max: u64,
    /// Whether the call is a redelivery.
    pub redelivers: bool,
    /// When the call began, in true microseconds.
    pub began_us: u64,
    /// How long before a request its worker may have read the queue, in microseconds.
    pub read_us: u64,
}

/// Judges a commit.
pub fn after(model: &Model, touched: &Touched, applied: Applied, sent: &mut [Sent]) -> Result<(), Failure> {
    let Applied { call, now_us, clock_ms, clock_slack_ms, lease_read_ms_max, .. } = applied;
    ensure(touched.broken.is_none(), "rows", || touched.broken.clone().unwrap_or_default())?;
    for lane in touched.lanes.iter().chain(&touched.webhooks) {
        covered(lane, &model.lanes[lane])?;
    }
    for lane in &touched.webhooks {
        findable(lane, &model.lanes[lane])?;
    }
    counted(model, touched)?;
    for (job, before) in &touched.jobs {
        jobs::changed(model, now_us, job, before.as_ref())?;
    }
    for message in &touched.messages {
        routed(model, message, now_us)?;
    }
    queued_once(model, touched)?;
    for (lane, before) in &touched.leased {
        let over = before.until_ms <= clock_ms + clock_slack_ms;
        let ahead_ms = (before.until_ms + clock_slack_ms + lease_read_ms_max).saturating_sub(clock_ms);
        let absurd = ahead_ms > LEASE_MS_MAX + CLOCK_SKEW_MS_MAX;
        ensure(over || absurd, "lease-respected", || {
            format!("call {call} leased {lane} at {clock_ms} ms by its clock, over the lease {before:?}")
        })?;
    }
    for (lane, before) in &touched.lane_rows {
        quarantine::kept(lane, &model.lanes[lane], before, now_us, (clock_ms, clock_slack_ms))?;
    }
    let stays =
        |(_, message): &&(String, String)| model.messages.get(message).is_none_or(|known| known.tombstone.is_none());
    for (lane, message) in touched.deliveries.iter().filter(stays) {
        one_place(lane, message, &model.lanes[lane])?;
    }
    for (about, job) in &touched.asked_for {
        let before = touched.jobs.iter().find(|(id, _)| id == job).and_then(|(_, before)| before.as_ref());
        jobs::asked(model, about, job, before)?;
        order::placed(model, touched, (&about.0, &about.1), applied.began_us)?;
    }
    for (lane, message, number) in &touched.asked {
        asked(model, touched, applied, (lane, message, *number))?;
    }
    let leased_by_before = |lane: &String| touched.leased_by_before.get(lane).copied().flatten();
    for lane in &touched.freed {
        let leased_by = leased_by_before(lane);
        ensure(leased_by == Some(call), "fenced", || {
            format!("call {call} freed {lane}, which call {leased_by:?} has leased")
        })?;
    }
    for (lane, message, number) in &touched.logged {
        let leased_by = leased_by_before(lane);
        ensure(leased_by == Some(call), "fenced", || {
            format!(
                "call {call} recorded attempt {number} of {message} for {lane}, which call {leased_by:?} has leased"
            )
        })?;
        truthful(model, lane, message, *number, applied, sent)?;
        order::recorded(model, touched, (lane, message, *number), (now_us, applied.read_us), sent)?;
    }
    for (lane, message, _) in &touched.asked {
        order::placed(model, touched, (lane, message), applied.began_us)?;
    }
    for lane in touched.lanes.iter().chain(&touched.webhooks) {
        bounded(lane, &model.lanes[lane])?;
    }
    Ok(())
}

/// A new delivery comes from the inbox or from somebody who asks for it, and not from both.
fn queued_once(model: &Model, touched: &Touched) -> Result<(), Failure> {
    for (lane, message) in &touched.new {
        let accepted = model.messages.get(message);
        let own = accepted.is_none_or(|accepted| lane.split('/').next() == Some(accepted.tenant_part.as_str()));
        ensure(own, "tenants", || format!("{message} of '{:?}' is queued for {lane}", accepted))?;
        let routing = touched.in_inbox.contains(message) || accepted.is_some_and(|accepted| accepted.inbox.is_some());
        let by_jobs = touched.asked_for.iter().map(|(about, _)| about);
        let asked =
            touched.asked.iter().chain(by_jobs).any(|(of, what, number)| (of, what, *number) == (lane, message, 0));
        ensure(routing || asked, "routed-once", || format!("{message} is queued for {lane} and is in no inbox"))?;
        ensure(!(routing && asked), "routed-once", || format!("{message} is asked for by {lane} and is in an inbox"))?;
    }
    Ok(())
}

/// Claims and releases delete the timers that they write. A lane that changes hands many times has one timer of its
/// own.
fn bounded(id: &str, lane: &Lane) -> Result<(), Failure> {
    let mut left =
        lane.own_timers.iter().filter(|timer| lane.timers.contains(*timer) && lane.lease.timer.as_ref() != Some(timer));
    let left = left.next();
    ensure(left.is_none(), "grows", || format!("'{left:?}' of {id} is left, its lane's is {:?}", lane.lease.timer))
}

/// Every queue row is announced by a timer no later than itself, or its lane is leased; a leased lane's timer exists.
fn covered(id: &str, lane: &Lane) -> Result<(), Failure> {
    let leased = lane.lease.until_ms != 0;
    let armed = lane.lease.timer.as_ref().is_some_and(|timer| lane.timers.contains(timer));
    ensure(!leased || armed, "armed", || format!("{id} is leased and its timer {:?} is not there", lane.lease.timer))?;
    // Of a webhook that is gone, what waits is announced as it was.
    let last = lane.registrations.iter().rev().find_map(|(_, webhook)| webhook.as_ref());
    let strict = last.is_some_and(|webhook| webhook.strict_order);
    let next = lane.queue.iter().map(|(key, group)| (group.due_ms(key, strict), key));
    // In strict order the first row is the next one. Due rows behind it have to wait.
    let Some((due_ms, first)) = (if strict { next.take(1).next() } else { next.min() }) else { return Ok(()) };
    let announced = lane.timers.first().and_then(|timer| match rows::parse(timer) {
        Some(Row::Timer { due_ms, .. }) => Some(due_ms),
        _ => None,
    });
    // A switch of strict order announces the deliveries that it makes due.
    let paused_until_ms = lane.registration().map_or(0, |webhook| webhook.paused_until_ms);
    let due_ms = due_ms.max(lane.switched_ms).max(lane.free_at_ms).max(paused_until_ms);
    ensure(leased || announced.is_some_and(|at_ms| at_ms <= due_ms), "announced", || {
        format!("'{first}' waits in the free lane {id}, whose timers are {:?}", lane.timers)
    })
}

/// A webhook is found by exactly its patterns.
fn findable(id: &str, lane: &Lane) -> Result<(), Failure> {
    let expected = lane.registration().map(patterns::expected).unwrap_or_default();
    ensure(lane.subscriptions == expected, "findable", || {
        format!("{id} is found by {:?}, not by {expected:?}", lane.subscriptions)
    })
}

/// A message is in its inbox until it is in the queue of every webhook that wanted it from accept to routing.
fn routed(model: &Model, id: &str, now_us: u64) -> Result<(), Failure> {
    let message = &model.messages[id];
    if message.tombstone.is_some() {
        return Ok(());
    }
    ensure(message.inbox.is_some() || message.routed_us.is_some(), "accepted", || format!("{id} is in no inbox"))?;
    if message.routed_us != Some(now_us) {
        let early = message.routed_us.is_none() && message.listed.is_some();
        return ensure(!early, "listed", || format!("{id} is listed as routed, and was not"));
    }
    jobs::routed(model, now_us, id)?;
    let webhooks = model.lanes.values().filter(|lane| lane.deliveries.contains_key(id)).count();
    ensure(message.listed == Some(webhooks), "listed", || {
        format!("{id} was routed to {webhooks} webhooks and is listed with {:?}", message.listed)
    })?;
    for (lane_id, lane) in model.lanes.range(format!("{}/", message.tenant_part)..) {
        if !lane_id.starts_with(&format!("{}/", message.tenant_part)) {
            break;
        }
        let states = during(lane, message.accepted_us, now_us);
        let wants = |webhook: &rows::Webhook| patterns::wants(webhook, &message.event_type);
        let must = states.iter().all(|state| state.is_some_and(wants));
        let may = states.iter().flatten().any(|webhook| wants(webhook));
        let queued = lane.deliveries.contains_key(id);
        ensure(queued || !must, "routed", || format!("{id} was routed past {lane_id}, which wanted it all the time"))?;
        ensure(!queued || may, "matched", || format!("{id} was routed to {lane_id}, which never wanted it"))?;
    }
    Ok(())
}

/// A call that changes a webhook's patterns writes the tenant's row, which counts its webhooks.
fn counted(model: &Model, touched: &Touched) -> Result<(), Failure> {
    for tenant in &touched.subscribed {
        ensure(touched.counted.contains(tenant), "counted", || format!("the row of '{tenant}' was not written"))?;
    }
    for tenant in &touched.counted {
        let prefix = format!("{tenant}/");
        let lanes = model.lanes.range(prefix.clone()..).take_while(|(id, _)| id.starts_with(&prefix));
        let webhooks: Vec<_> = lanes.filter_map(|(_, lane)| lane.registration()).collect();
        let rows = webhooks.iter().flat_map(|webhook| patterns::expected(webhook).into_values());
        let counts = (webhooks.len(), rows.map(|row| row.patterns.len()).sum());
        let said = model.counts.get(tenant).copied().unwrap_or_default();
        ensure(said == counts, "counted", || format!("'{tenant}' has {counts:?}, its row says {said:?}"))?;
    }
    Ok(())
}

/// A delivery is queued once, or has ended; its attempts are dense from 1, and none follows a final one but by a redelivery,
/// with which a round of its own begins.
fn one_place(id: &str, message: &str, lane: &Lane) -> Result<(), Failure> {
    let delivery = &lane.deliveries[message];
    let about = || format!("{message} for {id}: queued {:?}, recorded {:?}", delivery.entries, delivery.log);
    let attempts = delivery.log.range(1..).count();
    let dense = delivery.log.range(1..).map(|(number, _)| *number).eq(1..=u32::try_from(attempts).unwrap_or(u32::MAX));
    ensure(dense, "dense", about)?;
    let last = delivery.log.values().next_back();
    let ends = delivery.log.values().filter(|log| log.is_last()).count();
    let ended = last.is_some_and(rows::Attempt::is_last);
    ensure(ends <= 1 && (ends == 0 || ended), "one-end", about)?;
    if ended {
        return ensure(delivery.entries.is_empty(), "ended", about);
    }
    ensure(delivery.entries.len() == 1, "queued-once", about)?;
    let (key, number) = &delivery.entries[0];
    ensure(*number as usize == attempts + 1, "numbered", about)?;
    let first = lane.queue.get(key).map(|group| group.first);
    ensure(first == Some(delivery.first_of(*number)), "round", || {
        format!("'{key}' says that its schedule began with attempt {first:?}: {}", about())
    })?;
    let Some(last) = last else { return Ok(()) };
    let due = lane.queue.get(key).map(|group| group.due_ms(key, true));
    ensure(last.next_at_ms == due, "attempt-and-queue-agree", about)
}

/// A redelivery asks for a delivery once, after its last attempt, or before the first of a message that was routed past it.
fn asked(
    model: &Model,
    touched: &Touched,
    applied: Applied,
    (lane, message, number): (&String, &String, u32),
) -> Result<(), Failure> {
    let delivery = &model.lanes[lane].deliveries[message];
    let about = || format!("call {} asked for {message} for {lane} after attempt {number}", applied.call);
    let last = delivery.log.keys().next_back() == Some(&number);
    ensure(applied.redelivers && last, "asked", || format!("{}: {:?}", about(), delivery.log))?;
    let times = delivery.asked_by.iter().filter(|&&call| call == applied.call).count();
    ensure(times == 1, "asked-once", || format!("{}, the {times}. time", about()))?;
    let new = touched.new.iter().any(|(of, what)| (of, what) == (lane, message));
    ensure(new || number > 0 || delivery.moved.contains_key(&1), "asked", || format!("{}: it was there", about()))
}

/// Judges a recorded attempt: a request of the same call ended so, and the next attempt follows the schedule.
fn truthful(
    model: &Model,
    lane_id: &str,
    message: &str,
    number: u32,
    applied: Applied,
    sent: &mut [Sent],
) -> Result<(), Failure> {
    let call = applied.call;
    let lane = &model.lanes[lane_id];
    let delivery = &lane.deliveries[message];
    let log = &delivery.log[&number];
    let about = || format!("attempt {number} of {message} for {lane_id}: {log:?}");
    // The worker with the lane's lease has read the webhook in the same call.
    let states = during(lane, applied.began_us, applied.now_us);
    if log.state == "failed" {
        return quarantine::failed(lane, message, number, log, about);
    }
    if !log.attempted() {
        let inactive = || states.iter().flatten().any(|webhook| !webhook.active);
        return match log.state.as_str() {
            "skipped" => ensure(inactive(), "state", || format!("{}: it was active all the time", about())),
            "cancelled" => ensure(lane.registration().is_none(), "state", || format!("{}: it is there", about())),
            _ => Err(Failure { checker: "state", detail: format!("{} without a request", about()) }),
        };
    }
    let same = |request: &Sent| match request.outcome {
        Ok(status) => log.status == Some(status),
        Err(kind) => log.error.is_some() && log.error.as_deref() == Some(kind.as_str()),
    };
    let found = delivery.requests.iter().copied().find(|&id| {
        let request = &sent[id];
        let this = request.call == call && request.number == number && request.clock_us / 1_000 == log.at_ms;
        this && request.completed && !request.recorded && same(request)
    });
    let Some(found) = found else {
        return Err(Failure { checker: "recorded-what-happened", detail: about() });
    };
    sent[found].recorded = true;
    let request = &sent[found];
    let attempts = number + 1 - delivery.first_of(number);
    follows(log, attempts, &states, request, about)
}

/// Success ends a delivery. After a failure the next attempt follows a schedule that the webhook had.
fn follows(
    log: &rows::Attempt,
    attempts: u32,
    states: &[Option<&rows::Webhook>],
    request: &Sent,
    about: impl Fn() -> String,
) -> Result<(), Failure> {
    // By the registration as it was when the worker read it.
    let any = |holds: fn(&rows::Webhook, u16) -> bool| {
        log.status.is_some_and(|status| states.iter().flatten().any(|webhook| holds(webhook, status)))
    };
    if log.state == "delivered" {
        return ensure(any(rows::Webhook::succeeds), "state", &about);
    }
    let fails = log.status.is_none() || any(|webhook, status| !webhook.succeeds(status));
    ensure(fails, "state", || format!("{}: it was a success all the time", about()))?;
    let waits =
        |index: u32| states.iter().flatten().filter_map(move |webhook| webhook.schedule_s.get(index as usize - 1));
    match log.state.as_str() {
        "retrying" => {
            // A request to end a webhook that has been made active again meanwhile has no effect.
            let activated = || states.iter().flatten().map(|webhook| webhook.activated_at_ms);
            let changed = activated().min() != activated().max();
            let ends = request.aborts || (request.wish && !changed);
            ensure(!ends, "state", || format!("{}: the receiver asked for an end", about()))?;
            let goes_on = |webhook: &rows::Webhook, status| !webhook.succeeds(status) && !webhook.ends(status);
            ensure(log.status.is_none() || any(goes_on), "state", || format!("{}: the status is final", about()))?;
            let least_s = waits(attempts).copied().min().map(u64::from);
            let least_s = least_s.map(|wait_s| request.wait_s(wait_s));
            // The wait begins when the answer is known.
            let answered_ms = request.answered.map(|(_, clock_us)| clock_us / 1_000);
            let in_time = least_s
                .zip(log.next_at_ms)
                .zip(answered_ms)
                .is_some_and(|((wait_s, next_ms), answered_ms)| next_ms >= answered_ms + wait_s * 1_000);
            ensure(in_time, "schedule", || {
                format!("{}: the wait is at least {least_s:?} s from {answered_ms:?} ms", about())
            })
        }
        "exhausted" => {
            let last = states.iter().flatten().any(|webhook| webhook.schedule_s.len() < attempts as usize);
            let ends = request.wish || log.status == Some(410) || any(rows::Webhook::ends);
            ensure(last || ends, "schedule", || format!("{}: the schedule goes on", about()))
        }
        "skipped" => ensure(request.wish || log.status == Some(410), "state", &about),
        "cancelled" => ensure(states.iter().any(Option::is_none), "state", &about),
        _ => Err(Failure { checker: "state", detail: about() }),
    }
}
