//! Sending: which deliveries of the lanes held go out now, and what the answer means for them. The bytes are
//! [`crate::profile::request`]'s business, the judgement of a response [`crate::delivery::verdict`]'s.

use std::collections::VecDeque;
use std::rc::Rc;

use litemap::LiteMap;

use super::{Delivery, Done, Flight, Held, Pump, Registration, Row, health, quarantine, tell};
use crate::delivery::outgoing;
use crate::delivery::target::Target;
use crate::delivery::verdict;
use crate::ports::{Completion, Direction, Entry, Request};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, AttemptState, Message, Queue, QueuedDelivery};
use crate::store::tenant::keeps_bodies;
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits::{
    GET_KEYS_MAX, HOST_IN_FLIGHT_MAX, IN_FLIGHT_MAX, IN_FLIGHT_UNHEALTHY_MAX, LANES_READ_MAX, LEASE_MARGIN_MS,
    QUEUE_PAGE, SEND_BATCH_MAX, TENANT_IN_FLIGHT_MAX, TENANT_UNHEALTHY_MAX, UNSENT_BATCH_MAX,
};

/// Reads what the held lanes have to send and sends it, as far as slots, leases and the budget allow.
pub(super) fn send(pump: &mut Pump<'_>) -> Result<(), Error> {
    let mut unsent = 0;
    loop {
        read_webhooks(pump)?;
        read_queues(pump)?;
        let chosen = choose(pump, &mut unsent);
        if chosen.is_empty() {
            return Ok(());
        }
        dispatch(pump, chosen)?;
        if pump.done.len() >= SEND_BATCH_MAX {
            return Ok(());
        }
    }
}

/// Reads the webhooks of fresh lanes: after the claim, so that what was changed before it is seen.
fn read_webhooks(pump: &mut Pump<'_>) -> Result<(), Error> {
    let fresh: Vec<Lane> = pump
        .lanes
        .iter()
        .filter(|(_, held)| matches!(held.hook, Registration::Unread))
        .map(|(lane, _)| lane.clone())
        .collect();
    for chunk in fresh.chunks(GET_KEYS_MAX / 3) {
        let keys = |lane: &Lane| [keys::webhook(lane), keys::tenant(lane.tenant_part()), keys::health(lane)];
        let wanted: Vec<String> = chunk.iter().flat_map(keys).collect();
        let mut entries = pump.host.get(&wanted)?.into_iter();
        let now_ms = pump.now_ms();
        for lane in chunk {
            let (entry, tenant) = (entries.next().flatten(), entries.next().flatten());
            let stat = entries.next().flatten();
            let mut strict = false;
            let hook = match entry {
                None => Registration::Gone,
                Some(entry) => match Target::read(pump.config, &entry, now_ms) {
                    Ok(target) => {
                        strict = target.is_strict();
                        match target.inactive_reason() {
                            Some(reason) => Registration::Inactive(reason.to_owned()),
                            // What cannot be read is not kept either.
                            None if !keeps_bodies(tenant.as_ref()).unwrap_or(false) => {
                                Registration::Active(Rc::new(target.without_bodies()))
                            }
                            None => Registration::Active(Rc::new(target)),
                        }
                    }
                    // A sealing key that is missing, say, or a format of a newer version: what waits goes on waiting.
                    Err(error) => {
                        let told = format!("what is for the webhook {} waits: {error}", lane.webhook());
                        pump.tell(&Error::of(error.kind, told));
                        Registration::Unusable
                    }
                },
            };
            if let Some(held) = pump.lanes.get_mut(lane) {
                held.hook = hook;
                held.strict = strict;
                // Who had the lane before may have recorded something until it was claimed.
                held.knows(stat, now_ms);
                if strict || held.partly {
                    // What is due next may be another row now; what was known of the rows is read again, whatever comes.
                    held.ready.clear();
                    held.scan = true;
                    held.partly = true;
                }
            }
        }
    }
    Ok(())
}

/// Reads the next rows of lanes that have used up the known ones, of a few lanes at a time: until what was found is sent,
/// the leases run. Of a webhook that is gone, all rows are due.
fn read_queues(pump: &mut Pump<'_>) -> Result<(), Error> {
    let now_ms = pump.now_ms();
    let may_start = pump.may_start();
    let (mut reads, mut found) = (0, false);
    for (lane, held) in pump.lanes.iter_mut() {
        if found && reads >= LANES_READ_MAX {
            break;
        }
        held.scan |= held.next_due_ms <= now_ms;
        let full = !held.ready.is_empty() || held.is_full() || held.is_paused(now_ms);
        if !held.scan || full || !may_start || !held.may_send(now_ms) {
            continue;
        }
        if held.strict || held.partly {
            // In strict order, whatever is under way is recorded before anything follows: it may keep its place.
            if held.in_flight > 0 || pump.done.iter().any(|done| done.lane == *lane) {
                continue;
            }
            held.rows.clear();
            held.partly = held.strict;
        }
        let limit = if held.sends_first_only() { 1 } else { QUEUE_PAGE };
        let entries = pump.host.scan(&keys::queue_all(lane), limit, Direction::Forward)?;
        reads += 1;
        read_rows(held, entries, now_ms, &mut pump.report.problems);
        found |= !held.ready.is_empty();
    }
    Ok(())
}

/// Notes what of these rows is due, and when the first of the others will be.
fn read_rows(held: &mut Held, entries: Vec<Entry>, now_ms: u64, problems: &mut Vec<String>) {
    let gone = matches!(held.hook, Registration::Gone);
    held.scan = entries.len() == QUEUE_PAGE as usize;
    held.next_due_ms = u64::MAX;
    for entry in entries {
        let at_ms = keys::queue_due_ms(&entry.key).unwrap_or(0);
        if at_ms > now_ms && !held.strict && !gone {
            held.next_due_ms = held.next_due_ms.min(at_ms);
            held.scan = false;
            return;
        }
        if held.rows.contains_key(&entry.key) {
            continue;
        }
        let row: Queue = match rows::decode(&entry.key, &entry.value) {
            Ok(row) => row,
            Err(error) => {
                held.broken = true;
                tell(problems, &error);
                // In strict order nothing passes it.
                if held.strict {
                    held.scan = false;
                    return;
                }
                continue;
            }
        };
        let due_ms = row.due_ms(&entry.key, held.strict);
        if due_ms > now_ms && !gone {
            held.next_due_ms = held.next_due_ms.min(due_ms);
            if held.strict {
                held.scan = false;
                return;
            }
            continue;
        }
        let count = if held.sends_first_only() { 1 } else { row.deliveries.len() };
        for QueuedDelivery { message, number } in row.deliveries.iter().take(count) {
            let (row_key, first) = (entry.key.clone(), row.first.unwrap_or(1));
            held.ready.push_back(Delivery { row: row_key, message: message.clone(), number: *number, first });
        }
        let Queue { deliveries, first, due_ms } = row;
        held.rows.insert(entry.key, Row { version: entry.version, left: deliveries, first, due_ms });
    }
}

/// Picks deliveries as long as there are slots: the next is of the tenant that has the fewest requests in flight, and of its
/// lanes in turn. What needs no request comes after that.
fn choose(pump: &mut Pump<'_>, unsent: &mut usize) -> Vec<(Lane, Delivery)> {
    let mut chosen = Vec::new();
    pump.next_send_ms = u64::MAX;
    if !pump.may_start() {
        return chosen;
    }
    let mut slots = Slots::of(pump);
    let mut tenants = turns(pump);
    // Room is kept for what needs no request.
    let unsent_ready: usize = pump.lanes.values().filter(|held| held.is_unsent()).map(|held| held.ready.len()).sum();
    let kept = UNSENT_BATCH_MAX.saturating_sub(*unsent).min(unsent_ready);
    while chosen.len() + kept < SEND_BATCH_MAX {
        let Some((&(flying, place), _)) = tenants.first() else { break };
        let Some(mut lanes) = tenants.remove(&(flying, place)) else { break };
        let Some(lane) = lanes.pop_front() else { continue };
        let mut flying_now = flying;
        if let Some(delivery) = pick(pump, &lane, &mut slots, &mut flying_now) {
            pump.turns.insert(lane.tenant_part().to_owned(), lane.clone());
            chosen.push((lane.clone(), delivery));
            lanes.push_back(lane);
        }
        tenants.insert((flying_now, place), lanes);
    }
    choose_unsent(pump, &mut slots, unsent, &mut chosen);
    chosen
}

/// Adds what needs no attempt, of the lanes in turn. While anything is sent it is a few at a time: what was gathered by a webhook
/// that is inactive, or gone, holds up nobody's answers.
fn choose_unsent(pump: &mut Pump<'_>, slots: &mut Slots, unsent: &mut usize, chosen: &mut Vec<(Lane, Delivery)>) {
    let busy = !chosen.is_empty() || !pump.flights.is_empty();
    let most = if busy { UNSENT_BATCH_MAX } else { SEND_BATCH_MAX };
    let lanes: Vec<Lane> =
        pump.lanes.iter().filter(|(_, held)| held.is_unsent()).map(|(lane, _)| lane.clone()).collect();
    let mut at = lanes.iter().position(|lane| Some(lane) > pump.unsent_turn.as_ref()).unwrap_or(0);
    let mut idle = 0;
    while *unsent < most && chosen.len() < SEND_BATCH_MAX && idle < lanes.len() {
        let lane = &lanes[at % lanes.len()];
        at += 1;
        idle += 1;
        if let Some(delivery) = pick_unsent(pump, lane, slots) {
            idle = 0;
            *unsent += 1;
            pump.unsent_turn = Some(lane.clone());
            chosen.push((lane.clone(), delivery));
        }
    }
}

/// The lanes of each tenant, beginning after the one that was last picked, by the tenant's requests in flight.
fn turns(pump: &mut Pump<'_>) -> LiteMap<(usize, usize), VecDeque<Lane>> {
    if pump.turns.len() > 2 * IN_FLIGHT_MAX {
        // Whose lanes are not here begins anew.
        pump.turns.retain(|_, last| pump.lanes.contains_key(last));
    }
    let mut tenants: LiteMap<(usize, usize), VecDeque<Lane>> = LiteMap::new();
    let (mut lanes, mut flying): (VecDeque<Lane>, usize) = (VecDeque::new(), 0);
    let mut held = pump.lanes.iter().peekable();
    let mut place = 0;
    while let Some((lane, state)) = held.next() {
        lanes.push_back(lane.clone());
        flying += state.in_flight;
        if held.peek().is_some_and(|(next, _)| next.tenant_part() == lane.tenant_part()) {
            continue;
        }
        let after = pump.turns.get(lane.tenant_part());
        let start = lanes.iter().position(|lane| Some(lane) > after).unwrap_or(0);
        lanes.rotate_left(start);
        tenants.insert((flying, place), std::mem::take(&mut lanes));
        flying = 0;
        place += 1;
    }
    tenants
}

/// What can still be sent now.
struct Slots {
    now_us: u64,
    free: usize,
    free_unproven: usize,
    /// How many requests without a recent success each tenant has in flight.
    unproven_of: LiteMap<String, usize>,
    /// The delivery of a lane that is worked on alone has been picked.
    alone: bool,
    /// What has been picked for each host and port.
    picked_of: LiteMap<String, usize>,
}

impl Slots {
    fn of(pump: &Pump<'_>) -> Slots {
        let mut flying = 0;
        let mut unproven_of: LiteMap<String, usize> = LiteMap::new();
        for flight in pump.flights.values().filter(|flight| !flight.proven) {
            flying += 1;
            count(&mut unproven_of, flight.lane.tenant_part());
        }
        Slots {
            now_us: pump.host.now_us(),
            free: IN_FLIGHT_MAX.saturating_sub(pump.flights.len()),
            free_unproven: IN_FLIGHT_UNHEALTHY_MAX.saturating_sub(flying),
            unproven_of,
            alone: false,
            picked_of: LiteMap::new(),
        }
    }
}

/// The lane, if its next delivery may be taken now.
fn may_pick<'p>(pump: &'p mut Pump<'_>, lane: &Lane, slots: &Slots) -> Option<&'p mut Held> {
    let held = pump.lanes.get_mut(lane)?;
    if held.ready.is_empty() || !held.may_send(slots.now_us / 1_000) {
        return None;
    }
    if held.is_isolated() {
        // Of a lane that this pump had before and has given up, something may still be in flight.
        if slots.alone || !pump.flights.is_empty() || pump.done.iter().any(|done| done.lane == *lane) {
            return None;
        }
        held.bring_suspect_forward();
    }
    Some(held)
}

/// The lane's next delivery, which needs no attempt.
fn pick_unsent(pump: &mut Pump<'_>, lane: &Lane, slots: &mut Slots) -> Option<Delivery> {
    let held = may_pick(pump, lane, slots)?;
    slots.alone |= held.is_isolated();
    held.ready.pop_front()
}

/// The lane's next delivery, if it may be sent now. `flying` counts the requests of its tenant.
fn pick(pump: &mut Pump<'_>, lane: &Lane, slots: &mut Slots, flying: &mut usize) -> Option<Delivery> {
    let now_ms = slots.now_us / 1_000;
    let target = match &may_pick(pump, lane, slots)?.hook {
        Registration::Active(target) => Rc::clone(target),
        _ => return None,
    };
    let held = pump.lanes.get_mut(lane)?;
    let unproven = !held.proven;
    let unproven_of = || slots.unproven_of.get(lane.tenant_part()).copied().unwrap_or(0);
    let crowded = slots.free == 0
        || (unproven && (slots.free_unproven == 0 || unproven_of() >= TENANT_UNHEALTHY_MAX))
        || *flying >= TENANT_IN_FLIGHT_MAX;
    // A lane's further slots are of the first half: receivers that begin to hang leave the others room.
    let greedy = held.in_flight > 0 && slots.free <= IN_FLIGHT_MAX / 2;
    if held.is_full() || crowded || greedy || pump.attempts_left == 0 {
        return None;
    }
    // What a failure means for the next attempt is known when it is settled.
    if !held.proven && pump.done.iter().any(|done| done.lane == *lane) {
        return None;
    }
    let paused_until_ms = held.paused_until_ms();
    if paused_until_ms > now_ms {
        pump.next_send_ms = pump.next_send_ms.min(paused_until_ms);
        return None;
    }
    let host = target.authority();
    let to_host = pump.hosts.get(host).copied().unwrap_or(0) + slots.picked_of.get(host).copied().unwrap_or(0);
    if to_host >= HOST_IN_FLIGHT_MAX {
        return None;
    }
    count(&mut slots.picked_of, host);
    let spacing_us = target.spacing_us();
    if spacing_us > 0 {
        held.spaced = true;
        held.stat.free_at_us = Some(held.stat.free_at_us.unwrap_or(0).max(slots.now_us) + spacing_us);
    }
    slots.free -= 1;
    if unproven {
        slots.free_unproven -= 1;
        count(&mut slots.unproven_of, lane.tenant_part());
    }
    pump.attempts_left -= 1;
    held.in_flight += 1;
    *flying += 1;
    held.ready.pop_front()
}

/// Sends what was chosen; what needs no attempt is done at once.
fn dispatch(pump: &mut Pump<'_>, chosen: Vec<(Lane, Delivery)>) -> Result<(), Error> {
    let Some(chosen) = quarantine::admitted(pump, chosen)? else { return Ok(()) };
    let mut wanted: Vec<String> = Vec::new();
    for (lane, delivery) in &chosen {
        let key = keys::message(lane.tenant_part(), &delivery.message);
        if !wanted.contains(&key) {
            wanted.push(key);
        }
    }
    let mut messages: Vec<(String, Result<Message, Error>)> = Vec::new();
    let found = match pump.host.get(&wanted) {
        Ok(found) => found,
        Err(error) => {
            put_back(pump, chosen);
            return Err(error.into());
        }
    };
    for entry in found.into_iter().flatten() {
        let message = rows::decode(&entry.key, &entry.value);
        if let Err(error) = &message {
            pump.tell(error);
        }
        messages.push((entry.key, message));
    }
    // The read may have taken longer than the lease allows.
    let now_ms = pump.now_ms();
    let in_time = |lane: &Lane| pump.lanes.get(lane).is_some_and(|held| held.may_send(now_ms));
    let (chosen, late): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|(lane, _)| in_time(lane));
    put_back(pump, late);
    let mut requests = Vec::new();
    for (lane, delivery) in chosen {
        let key = keys::message(lane.tenant_part(), &delivery.message);
        let message = messages.iter().find(|(found, _)| *found == key).map(|(_, message)| message);
        requests.extend(prepare(pump, lane, delivery, message));
    }
    if !requests.is_empty() {
        pump.host.submit(requests);
    }
    Ok(())
}

/// What was chosen is not sent now: its lane has it back, and its slot is free.
pub(super) fn put_back(pump: &mut Pump<'_>, chosen: Vec<(Lane, Delivery)>) {
    for (lane, delivery) in chosen.into_iter().rev() {
        let Some(held) = pump.lanes.get_mut(&lane) else { continue };
        if matches!(held.hook, Registration::Active(_)) {
            held.in_flight -= 1;
            pump.attempts_left += 1;
        }
        held.ready.push_front(delivery);
    }
}

fn prepare(
    pump: &mut Pump<'_>,
    lane: Lane,
    delivery: Delivery,
    message: Option<&Result<Message, Error>>,
) -> Option<Request> {
    let now_us = pump.host.now_us();
    let now_ms = now_us / 1_000;
    let held = pump.lanes.get_mut(&lane)?;
    let token = held.token.clone();
    let readable = message.and_then(|message| message.as_ref().ok());
    let event_type = readable.map_or_else(|| "unknown".to_owned(), |message| message.event_type.clone());
    let unsent = |state, detail: String| Attempt { detail: Some(detail), ..Attempt::new(now_ms, &event_type, state) };
    let gone = message.is_none() || readable.is_some_and(Message::is_gone);
    let verdict = match (&held.hook, message) {
        _ if gone => Err(unsent(AttemptState::Cancelled, "the message is gone".to_owned())),
        (Registration::Gone, _) => Err(unsent(AttemptState::Cancelled, "the webhook was deleted".to_owned())),
        (Registration::Inactive(reason), _) => Err(unsent(AttemptState::Skipped, reason.clone())),
        (Registration::Unread | Registration::Unusable, _) => return None,
        (Registration::Active(_), Some(Err(error))) if error.kind == ErrorKind::Blocked => {
            // A newer version will send it.
            held.in_flight -= 1;
            held.broken = true;
            return None;
        }
        (Registration::Active(_), Some(Err(error))) => Err(Attempt {
            error: Some(crate::ports::HttpErrorKind::Internal),
            ..unsent(AttemptState::Failed, error.to_string())
        }),
        (_, None) => return None,
        (Registration::Active(target), Some(Ok(message))) => {
            outgoing::format(target, &delivery.message, message, now_us)
                .map_err(|error| Attempt {
                    error: Some(crate::ports::HttpErrorKind::InvalidRequest),
                    ..unsent(AttemptState::Failed, error.to_string())
                })
                .map(|ready| (ready, target.clone()))
        }
    };
    match verdict {
        Ok((ready, target)) => {
            let timeout_ms = target.timeout_ms();
            let id = pump.next_request;
            pump.next_request += 1;
            let proven = held.proven;
            count(&mut pump.hosts, target.authority());
            let flight = Flight { lane, token, delivery, target, event_type, sent_ms: now_ms, proven };
            pump.flights.insert(id, Box::new(flight));
            Some(outgoing::request(ready, id, timeout_ms, &pump.egress))
        }
        Err(attempt) => {
            end(pump, lane, delivery, attempt);
            if let Some(done) = pump.done.back_mut() {
                done.gone = gone;
            }
            None
        }
    }
}

/// A delivery ends without a request.
pub(super) fn end(pump: &mut Pump<'_>, lane: Lane, delivery: Delivery, attempt: Attempt) {
    let Some(held) = pump.lanes.get_mut(&lane) else { return };
    if matches!(held.hook, Registration::Active(_)) {
        held.in_flight -= 1;
    }
    let token = held.token.clone();
    pump.done.push_back(Done {
        lane,
        token,
        delivery,
        attempt,
        disable: None,
        otherwise_at_ms: None,
        aborted: false,
        target: None,
        gone: false,
    });
}

/// One more of this name.
fn count(counts: &mut LiteMap<String, usize>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}

/// One request fewer is in flight to this host.
pub(super) fn leave(hosts: &mut LiteMap<String, usize>, host: &str) {
    if let Some(count) = hosts.get_mut(host) {
        *count -= 1;
        if *count == 0 {
            hosts.remove(host);
        }
    }
}

/// What a completion means for its delivery.
pub(super) fn judge(flight: Flight, completion: Completion, now_ms: u64) -> Done {
    let Flight { lane, token, delivery, target, event_type, sent_ms, .. } = flight;
    let salt = format!("{}/{}/{}", lane.webhook(), delivery.message, delivery.number);
    // A redelivery has the schedule from its beginning.
    let tries = (delivery.number + 1).saturating_sub(delivery.first).max(1);
    let judged = verdict::judge(target.profile(), target.schedule_s(), tries, &salt, completion, now_ms);
    let (disable, otherwise_at_ms, aborted) = (judged.disable.clone(), judged.otherwise_at_ms, judged.aborted);
    let attempt = judged.recorded(sent_ms, &event_type, target.keep_bodies());
    Done { lane, token, delivery, attempt, disable, otherwise_at_ms, aborted, target: Some(target), gone: false }
}

impl Held {
    /// Takes over how the webhook fares, as it is stored. When it is next free is also what has been sent since.
    pub(super) fn knows(&mut self, stat: Option<Entry>, now_ms: u64) {
        if let Some(stat) = stat.and_then(|entry| rows::decode::<rows::Health>(&entry.key, &entry.value).ok()) {
            let free_at_us = self.stat.free_at_us.max(health::believed(stat.free_at_us, now_ms));
            self.stat = rows::Health { free_at_us, ..stat };
        }
    }

    /// Whether it has deliveries that need no attempt.
    fn is_unsent(&self) -> bool {
        !self.ready.is_empty() && !matches!(self.hook, Registration::Active(_))
    }

    /// Whether nothing but the first delivery of its queue may be sent. What is skipped is skipped in order as well, but all at
    /// once.
    fn sends_first_only(&self) -> bool {
        self.strict && matches!(self.hook, Registration::Active(_))
    }

    /// Whether a request sent now would end, by its deadline, well before the lease does.
    pub(super) fn may_send(&self, now_ms: u64) -> bool {
        let timeout_ms = match &self.hook {
            Registration::Active(target) => target.timeout_ms(),
            Registration::Unusable => return false,
            Registration::Unread | Registration::Gone | Registration::Inactive(_) => 0,
        };
        now_ms + u64::from(timeout_ms) + LEASE_MARGIN_MS < self.until_ms
    }
}
