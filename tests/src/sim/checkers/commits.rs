//! Judges the rows that one commit touched, right after it was applied: what no crash may break must hold between any two
//! commits, so a rule that is broken is seen at the commit that breaks it and not when its victim is missed.

use std::collections::BTreeSet;

use hookwright_engine::limits::{CLOCK_SKEW_MS_MAX, LEASE_MS_MAX};

use super::{Failure, during, ensure, matches};
use crate::sim::model::{CallId, Delivery, Lane, Model, Touched};
use crate::sim::net::Sent;
use crate::sim::rows::{self, Row};

/// When a commit was applied, and whose it was.
#[derive(Clone, Copy, Debug)]
pub struct Applied {
    /// The call that submitted it.
    pub call: CallId,
    /// True time.
    pub now_us: u64,
    /// The clock of whoever submitted it.
    pub clock_ms: u64,
    /// How far one clock can move against itself.
    pub clock_slack_ms: u64,
}

/// Judges a commit.
pub fn after(model: &Model, touched: &Touched, applied: Applied, sent: &mut [Sent]) -> Result<(), Failure> {
    let Applied { call, now_us, clock_ms, clock_slack_ms } = applied;
    ensure(touched.broken.is_none(), "rows", || touched.broken.clone().unwrap_or_default())?;
    for lane in &touched.lanes {
        covered(lane, &model.lanes[lane])?;
    }
    for lane in &touched.hooks {
        findable(lane, &model.lanes[lane])?;
    }
    for message in &touched.messages {
        routed(model, message, now_us)?;
    }
    for (lane, message) in &touched.new {
        let accepted = model.messages.get(message);
        let routing = touched.in_inbox.contains(message) || accepted.is_some_and(|accepted| accepted.inbox.is_some());
        ensure(routing, "routed-once", || format!("{message} is queued for {lane} and is in no inbox"))?;
    }
    for (lane, before) in &touched.leased {
        let over = before.until <= clock_ms + clock_slack_ms;
        let absurd = before.until + clock_slack_ms > clock_ms + LEASE_MS_MAX + CLOCK_SKEW_MS_MAX;
        ensure(over || absurd, "lease-respected", || {
            format!("call {call} leased {lane} at {clock_ms} ms by its clock, over the lease {before:?}")
        })?;
    }
    for (lane, message) in &touched.deliveries {
        one_place(lane, message, &model.lanes[lane].deliveries[message])?;
    }
    let held_before = |lane: &String| touched.held_before.get(lane).copied().flatten();
    for lane in &touched.freed {
        let held_by = held_before(lane);
        ensure(held_by == Some(call), "fenced", || format!("call {call} freed {lane}, which call {held_by:?} holds"))?;
    }
    for (lane, message, number) in &touched.logged {
        let held_by = held_before(lane);
        ensure(held_by == Some(call), "fenced", || {
            format!("call {call} recorded attempt {number} of {message} for {lane}, which call {held_by:?} holds")
        })?;
        truthful(model, lane, message, *number, applied, sent)?;
    }
    Ok(())
}

/// Every queue row is announced by a wake no later than itself, or its lane is leased; a leased lane's wake exists.
fn covered(id: &str, lane: &Lane) -> Result<(), Failure> {
    let leased = lane.lease.until != 0;
    let armed = lane.lease.wake.as_ref().is_some_and(|wake| lane.wakes.contains(wake));
    ensure(!leased || armed, "armed", || format!("{id} is leased and its wake {:?} is not there", lane.lease.wake))?;
    let Some(first) = lane.queue.keys().next() else { return Ok(()) };
    let Some(Row::Queue { due_ms, .. }) = rows::parse(first) else { return Ok(()) };
    let announced = lane.wakes.first().and_then(|wake| match rows::parse(wake) {
        Some(Row::Wake { due_ms, .. }) => Some(due_ms),
        _ => None,
    });
    ensure(leased || announced.is_some_and(|at_ms| at_ms <= due_ms), "announced", || {
        format!("'{first}' waits in the free lane {id}, whose wakes are {:?}", lane.wakes)
    })
}

/// A webhook is found by exactly its patterns.
fn findable(id: &str, lane: &Lane) -> Result<(), Failure> {
    let expected: BTreeSet<String> = match lane.registration() {
        Some(hook) => hook.events.iter().map(|pattern| encoded(pattern)).collect(),
        None => BTreeSet::new(),
    };
    ensure(lane.subs == expected, "findable", || format!("{id} is found by {:?}, not by {expected:?}", lane.subs))
}

fn encoded(pattern: &str) -> String {
    pattern.replace('*', "_2a")
}

/// A message is in its inbox until it is in the queue of every webhook that wanted it from accept to routing.
fn routed(model: &Model, id: &str, now_us: u64) -> Result<(), Failure> {
    let message = &model.messages[id];
    ensure(message.inbox.is_some() || message.routed_us.is_some(), "accepted", || format!("{id} is in no inbox"))?;
    if message.routed_us != Some(now_us) {
        return Ok(());
    }
    for (lane_id, lane) in model.lanes.range(format!("{}/", message.tenant_part)..) {
        if !lane_id.starts_with(&format!("{}/", message.tenant_part)) {
            break;
        }
        let states = during(lane, message.accepted_us, now_us);
        let wants = |hook: &rows::Hook| hook.events.iter().any(|pattern| matches(pattern, &message.event_type));
        // By one and the same pattern: the patterns are read one after the other, so a webhook that exchanges one that
        // matches for another, in that very moment, may be missed.
        let first = states.first().copied().flatten();
        let kept = |pattern: &&String| {
            let has = |hook: &rows::Hook| hook.active && hook.events.contains(pattern);
            matches(pattern, &message.event_type) && states.iter().all(|state| state.is_some_and(has))
        };
        let must = first.is_some_and(|hook| hook.events.iter().any(|pattern| kept(&pattern)));
        let may = states.iter().flatten().any(|hook| wants(hook));
        let queued = lane.deliveries.contains_key(id);
        ensure(queued || !must, "routed", || format!("{id} was routed past {lane_id}, which wanted it all the time"))?;
        ensure(!queued || may, "matched", || format!("{id} was routed to {lane_id}, which never wanted it"))?;
    }
    Ok(())
}

/// A delivery is queued once, or has ended; its attempts are dense from 1 and none follows a final one.
fn one_place(lane: &str, message: &str, delivery: &Delivery) -> Result<(), Failure> {
    let about = || format!("{message} for {lane}: queued {:?}, recorded {:?}", delivery.entries, delivery.log);
    let dense = delivery.log.keys().copied().eq(1..=u32::try_from(delivery.log.len()).unwrap_or(u32::MAX));
    ensure(dense, "dense", about)?;
    let finals = delivery.log.values().filter(|log| log.is_final()).count();
    let last_is_final = delivery.log.values().next_back().is_some_and(rows::Log::is_final);
    ensure(finals <= 1 && (finals == 0 || last_is_final), "one-end", about)?;
    if last_is_final {
        return ensure(delivery.entries.is_empty(), "ended", about);
    }
    ensure(delivery.entries.len() == 1, "queued-once", about)?;
    let (key, number) = &delivery.entries[0];
    ensure(*number as usize == delivery.log.len() + 1, "numbered", about)?;
    let Some(last) = delivery.log.values().next_back() else { return Ok(()) };
    let due = match rows::parse(key) {
        Some(Row::Queue { due_ms, .. }) => Some(due_ms),
        _ => None,
    };
    ensure(last.next_at_ms == due, "log-and-schedule-agree", about)
}

/// What is recorded happened: a request of this very call ended so, and what follows is what the schedule says.
fn truthful(
    model: &Model,
    lane_id: &str,
    message: &str,
    number: u32,
    applied: Applied,
    sent: &mut [Sent],
) -> Result<(), Failure> {
    let Applied { call, clock_slack_ms, .. } = applied;
    let lane = &model.lanes[lane_id];
    let delivery = &lane.deliveries[message];
    let log = &delivery.log[&number];
    let about = || format!("attempt {number} of {message} for {lane_id}: {log:?}");
    // Who holds a lane reads the webhook once, so what it was before the message came counts as well.
    let states: Vec<Option<&rows::Hook>> = lane.hook.iter().map(|(_, hook)| hook.as_ref()).collect();
    if !log.attempted() {
        let inactive = || states.iter().flatten().any(|hook| !hook.active);
        return match log.state.as_str() {
            "skipped" => ensure(inactive(), "state", || format!("{}: it was always active", about())),
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
    follows(log, number, &states, request.retry_after_s, clock_slack_ms, about)
}

/// Success ends it; a failure is followed by what some schedule of the webhook said.
fn follows(
    log: &rows::Log,
    number: u32,
    states: &[Option<&rows::Hook>],
    retry_after_s: Option<u64>,
    clock_slack_ms: u64,
    about: impl Fn() -> String,
) -> Result<(), Failure> {
    let success = log.status.is_some_and(|status| (200..300).contains(&status));
    ensure(success == (log.state == "delivered"), "state", &about)?;
    if success {
        return Ok(());
    }
    let waits = |index: u32| states.iter().flatten().filter_map(move |hook| hook.schedule_s.get(index as usize - 1));
    match log.state.as_str() {
        "retrying" => {
            let least_s = waits(number).copied().min().map(u64::from);
            let least_s = least_s.map(|wait_s| wait_s.max(retry_after_s.unwrap_or(0).min(24 * 3_600)));
            let in_time = least_s
                .zip(log.next_at_ms)
                .is_some_and(|(wait_s, next)| next + clock_slack_ms >= log.at_ms + wait_s * 1_000);
            ensure(in_time, "schedule", || format!("{}: the wait is at least {least_s:?} s", about()))
        }
        "exhausted" => {
            let last = states.iter().flatten().any(|hook| hook.schedule_s.len() < number as usize);
            ensure(last || log.status == Some(410), "schedule", || format!("{}: the schedule goes on", about()))
        }
        "skipped" => ensure(log.status == Some(410), "state", &about),
        "cancelled" => ensure(states.iter().any(Option::is_none), "state", &about),
        _ => Err(Failure { checker: "state", detail: about() }),
    }
}
