//! Claiming: which lanes this pump leases, and until when. A lane is leased and its timer moved to the lease's end before
//! anything of it is read.

use std::collections::VecDeque;

use litemap::LiteMap;

use super::{Held, Pump, Registration, health, is_believed, quarantine};
use crate::ports::{Direction, Entry};
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Health, Quarantine};
use crate::support::error::Error;
use crate::support::limits::{
    CLAIM_LANES_MAX, GET_KEYS_MAX, IN_FLIGHT_MAX, IN_FLIGHT_UNHEALTHY_MAX, LANE_TIMERS_MAX, LEASE_MARGIN_MS,
    LEASE_SENDING_MS, POLL_MS, QUARANTINE_WAIT_MS, TENANT_IN_FLIGHT_MAX, TENANT_UNHEALTHY_MAX, TIMEOUT_MS_MAX,
    TIMER_PAGE, TIMER_PAGES_MAX,
};

/// A lane that nobody has.
pub(super) struct Free {
    pub lane: Lane,
    version: Option<u64>,
    owned_timer: Option<String>,
    /// Its webhook wants strict order.
    pub strict: bool,
    seen: Vec<String>,
    stat: Health,
    quarantine: Quarantine,
    timeout_ms: u32,
}

/// A lease as a commit is about to take it.
pub(super) struct Lease {
    pub lane: Lane,
    token: String,
    until_ms: u64,
    armed: String,
    stat: Health,
    quarantine: Quarantine,
}

/// Looks through the timers that are due and leases lanes, as far as there is room. Answers whether it got any.
pub(super) fn claim(pump: &mut Pump<'_>) -> Result<bool, Error> {
    let mut candidates = due_lanes(pump)?;
    let mut progress = false;
    while !candidates.is_empty() {
        let now_ms = pump.now_ms();
        let token = pump.token();
        let mut commit = Commit::default();
        let leases: Vec<Lease> = candidates.drain(..).map(|free| lease(free, &token, now_ms, &mut commit)).collect();
        match commit.submit(pump.host)? {
            Outcome::Applied(versions) => {
                for lease in leases {
                    let version = versions.of(&keys::lane(&lease.lane))?;
                    hold(pump, lease, version);
                }
                return Ok(true);
            }
            Outcome::Conflict { keys: failed, .. } if failed.is_empty() => break,
            Outcome::Conflict { keys: failed, doubtful } => {
                let rest: Vec<Lane> = leases
                    .iter()
                    .map(|lease| lease.lane.clone())
                    .filter(|lane| !failed.contains(&keys::lane(lane)))
                    .collect();
                if doubtful && adopt(pump, leases)? {
                    progress = true;
                    break;
                }
                // The lanes that changed hands are somebody else's; the others are tried again.
                candidates = free_lanes(pump, &mut rest.iter(), CLAIM_LANES_MAX)?;
                let mut room = Room::of(pump);
                candidates.retain(|free| room.takes(free));
            }
        }
    }
    Ok(progress)
}

/// Lanes with a due timer and without a lease, among which a choice is made; timers of lanes that this pump has are noted.
/// A look that ends before the timers do is gone on with soon: lanes that nobody can take now must not hide others.
fn due_lanes(pump: &mut Pump<'_>) -> Result<Vec<Free>, Error> {
    let mut found: LiteMap<Lane, Box<Free>> = LiteMap::new();
    let mut looked: LiteMap<Lane, ()> = LiteMap::new();
    let mut place = pump.timer_place.take();
    let mut whole_look = place.is_none();
    for _ in 0..TIMER_PAGES_MAX {
        let page = pump.host.scan(&keys::timers_after(place.as_deref()), TIMER_PAGE, Direction::Forward)?;
        let now_ms = pump.now_ms();
        let whole = page.len() == TIMER_PAGE as usize;
        place = page.last().map(|entry| entry.key.clone());
        let mut seen: LiteMap<Lane, Vec<String>> = LiteMap::new();
        let mut past_due = false;
        for entry in page {
            let Some((due_ms, lane)) = keys::parse_timer(&entry.key) else { continue };
            if due_ms > now_ms {
                pump.next_look_ms = pump.next_look_ms.min(due_ms);
                past_due = true;
                break;
            }
            if lane.is_job() {
                pump.jobs.note(&lane, &entry.key);
            } else {
                seen.entry(lane).or_default().push(entry.key);
            }
        }
        note_own(pump, &mut seen);
        let mut fresh = seen.keys().filter(|lane| looked.insert((*lane).clone(), ()).is_none());
        let isolates = pump.isolates();
        for free in free_lanes(pump, &mut fresh, usize::MAX)?.into_iter().filter(|free| !isolates || free.is_suspect())
        {
            found.insert(free.lane.clone(), Box::new(free));
        }
        for (lane, timers) in seen {
            if let Some(free) = found.get_mut(&lane) {
                free.seen.extend(timers.into_iter().take(LANE_TIMERS_MAX - free.seen.len().min(LANE_TIMERS_MAX)));
            }
        }
        if past_due || !whole {
            place = None;
            break;
        }
        if found.len() >= 2 * CLAIM_LANES_MAX {
            break;
        }
    }
    if place.is_some() {
        pump.next_look_ms = pump.now_ms();
        pump.timer_place = place;
        whole_look = false;
    }
    Ok(choose(pump, found, whole_look))
}

/// A timer of a lane that this pump has announces rows that it will read before it releases the lane.
fn note_own(pump: &mut Pump<'_>, seen: &mut LiteMap<Lane, Vec<String>>) {
    seen.retain(|lane, timers| match pump.lanes.get_mut(lane) {
        Some(held) => {
            for timer in timers {
                if held.seen.len() < LANE_TIMERS_MAX && *timer != held.armed && !held.seen.contains(timer) {
                    held.seen.push(timer.clone());
                    held.scan = true;
                    // It may say that the webhook was removed.
                    held.hook = Registration::Unread;
                }
            }
            false
        }
        None => true,
    });
}

/// Picks from the candidates: tenants in turn, within a tenant in an order of this pump's own, so that two pumps rarely
/// want the same lane; as many as there is room for. Suspects come last: who is to have little company begins with none.
fn choose(pump: &mut Pump<'_>, found: LiteMap<Lane, Box<Free>>, whole_look: bool) -> Vec<Free> {
    let salt = if found.is_empty() { String::new() } else { pump.token() };
    let mut ordered: LiteMap<(String, u64, Lane), Box<Free>> = LiteMap::new();
    for (lane, free) in found {
        let order = id::derived_number("choose", &[&salt, lane.as_str()]);
        ordered.insert((lane.tenant_part().to_owned(), order, lane), free);
    }
    let mut chosen: Vec<Free> = Vec::new();
    let mut room = Room::of(pump);
    let mut turns: VecDeque<VecDeque<Box<Free>>> = VecDeque::new();
    let mut last = String::new();
    let mut suspects: Vec<Free> = Vec::new();
    for ((tenant, _, _), free) in ordered {
        if free.is_suspect() {
            suspects.push(*free);
            continue;
        }
        match turns.back_mut().filter(|_| tenant == last) {
            Some(lanes) => lanes.push_back(free),
            None => turns.push_back(VecDeque::from([free])),
        }
        last = tenant;
    }
    while let Some(mut lanes) = turns.pop_front() {
        let Some(free) = lanes.pop_front() else { continue };
        turns.push_back(lanes);
        if chosen.len() == CLAIM_LANES_MAX {
            pump.look = true;
            break;
        }
        if room.takes(&free) {
            chosen.push(*free);
        } else {
            pump.crowded = true;
        }
    }
    choose_suspects(pump, &mut room, suspects, &mut chosen, whole_look);
    chosen
}

/// Takes suspects as far as the company allows. One that has waited for long enough keeps the pump from taking others.
fn choose_suspects(
    pump: &mut Pump<'_>,
    room: &mut Room,
    suspects: Vec<Free>,
    chosen: &mut Vec<Free>,
    whole_look: bool,
) {
    let (mut taken, mut waits) = (false, false);
    for free in suspects {
        let company = room.lanes >= quarantine::together(free.quarantine.claims).min(room.together);
        if chosen.len() < CLAIM_LANES_MAX && room.takes(&free) {
            chosen.push(free);
            taken = true;
        } else {
            waits |= company;
            pump.crowded = true;
        }
    }
    let seen_all = pump.timer_place.is_none() && (whole_look || pump.lanes.is_empty());
    if taken || (!waits && seen_all) {
        pump.isolate_at_ms = u64::MAX;
    }
    if waits {
        // Not all pumps at once.
        let wait_ms = QUARANTINE_WAIT_MS + u64::from(pump.first_shard) * 500;
        pump.isolate_at_ms = pump.isolate_at_ms.min(pump.now_ms() + wait_ms);
    }
}

/// How many more lanes a pump takes. Lanes without a recent success have a share of their own, so that dead receivers
/// leave room for the others; whoever is suspect has little company.
pub(super) struct Room {
    lanes: usize,
    unproven: usize,
    /// How many lanes the pump may hold with those that it holds.
    together: usize,
    /// Only lanes that want to be alone, or with few others, are taken.
    isolates: bool,
    /// How many more each tenant may have, and how many of them without a recent success.
    tenants: LiteMap<String, (usize, usize)>,
}

const OF_TENANT: (usize, usize) = (TENANT_IN_FLIGHT_MAX, TENANT_UNHEALTHY_MAX);

impl Room {
    pub(super) fn of(pump: &Pump<'_>) -> Room {
        let unproven = pump.lanes.values().filter(|held| !held.proven).count();
        let mut tenants: LiteMap<String, (usize, usize)> = LiteMap::new();
        for (lane, held) in pump.lanes.iter() {
            let (room, unproven) = tenants.entry(lane.tenant_part().to_owned()).or_insert(OF_TENANT);
            *room = room.saturating_sub(1);
            *unproven = unproven.saturating_sub(usize::from(!held.proven));
        }
        let held = pump.lanes.values().map(|held| quarantine::together(held.quarantine.claims.saturating_sub(1)));
        Room {
            lanes: pump.lanes.len(),
            unproven,
            together: held.min().unwrap_or(IN_FLIGHT_MAX),
            isolates: pump.isolates(),
            tenants,
        }
    }

    /// Takes the lane into account if there is room for it.
    pub(super) fn takes(&mut self, free: &Free) -> bool {
        let unproven = !is_proven(&free.stat);
        let (of_tenant, unproven_of) = self.tenants.entry(free.lane.tenant_part().to_owned()).or_insert(OF_TENANT);
        let together = self.together.min(quarantine::together(free.quarantine.claims));
        let unproven_max = together.div_ceil(2).min(IN_FLIGHT_UNHEALTHY_MAX);
        if self.lanes >= together
            || *of_tenant == 0
            || (unproven && (self.unproven >= unproven_max || *unproven_of == 0))
            || (self.isolates && !free.is_suspect())
        {
            return false;
        }
        *of_tenant -= 1;
        *unproven_of -= usize::from(unproven);
        self.together = together;
        self.lanes += 1;
        self.unproven += usize::from(unproven);
        true
    }
}

impl Free {
    /// Whether it wants to be alone, or with few others.
    fn is_suspect(&self) -> bool {
        quarantine::together(self.quarantine.claims) < IN_FLIGHT_MAX
    }
}

/// Those of these lanes that nobody has, at most `most` of them, with what a claim needs to know.
pub(super) fn free_lanes(
    pump: &mut Pump<'_>,
    lanes: &mut dyn Iterator<Item = &Lane>,
    most: usize,
) -> Result<Vec<Free>, Error> {
    let lanes: Vec<&Lane> = lanes.filter(|lane| !pump.lanes.contains_key(lane)).take(most).collect();
    let mut free = Vec::new();
    for chunk in lanes.chunks(GET_KEYS_MAX / 3) {
        let mut wanted = Vec::new();
        for lane in chunk {
            wanted.extend([keys::lane(lane), keys::health(lane), keys::webhook(lane)]);
        }
        let mut entries = pump.host.get(&wanted)?.into_iter();
        let now_ms = pump.now_ms();
        for &lane in chunk {
            let (lease, stat, hook) = (entries.next().flatten(), entries.next().flatten(), entries.next().flatten());
            match read_free(lane, lease, stat, hook, now_ms) {
                Ok(found) => free.extend(found),
                // The lane waits; the others need not.
                Err(error) => pump.tell(&error),
            }
        }
    }
    Ok(free)
}

fn read_free(
    lane: &Lane,
    lease: Option<Entry>,
    stat: Option<Entry>,
    hook: Option<Entry>,
    now_ms: u64,
) -> Result<Option<Free>, Error> {
    let row: rows::Lane = match &lease {
        Some(entry) => rows::decode(&entry.key, &entry.value)?,
        None => rows::Lane::default(),
    };
    if is_believed(row.until_ms, now_ms) {
        return Ok(None);
    }
    let mut stat: Health = stat.map_or(Ok(Health::default()), |entry| rows::decode(&entry.key, &entry.value))?;
    stat.free_at_us = health::believed(stat.free_at_us, now_ms);
    // Only how long the lease must be; what the webhook is now is read after the lane has been leased.
    let (timeout_ms, strict) = match hook {
        Some(entry) => rows::decode::<rows::Webhook>(&entry.key, &entry.value)
            .map_or((TIMEOUT_MS_MAX, false), |hook| (hook.timeout_ms, hook.strict_order)),
        None => (0, false),
    };
    Ok(Some(Free {
        lane: lane.clone(),
        version: lease.map(|entry| entry.version),
        owned_timer: row.timer,
        strict,
        seen: Vec::new(),
        stat,
        quarantine: row.quarantine.unwrap_or_default(),
        timeout_ms: timeout_ms.min(TIMEOUT_MS_MAX),
    }))
}

/// Adds to a commit what leases a lane.
pub(super) fn lease(free: Free, token: &str, now_ms: u64, commit: &mut Commit) -> Lease {
    let until_ms = now_ms + u64::from(free.timeout_ms) + LEASE_MARGIN_MS + LEASE_SENDING_MS;
    let armed = keys::timer(until_ms, &free.lane, token);
    let quarantine = quarantine::claimed(&free.quarantine);
    let row = rows::Lane {
        token: token.to_owned(),
        until_ms,
        timer: Some(armed.clone()),
        quarantine: Some(quarantine.clone()),
    };
    commit.check(&keys::lane(&free.lane), free.version);
    commit.put(keys::lane(&free.lane), rows::encode(&row));
    commit.put(armed.clone(), rows::encode(&rows::Empty {}));
    let owned = free.owned_timer.filter(|owned| !free.seen.contains(owned));
    for timer in free.seen.into_iter().chain(owned) {
        commit.delete(timer);
    }
    let quarantine = Quarantine { recorded: free.quarantine.recorded, ..quarantine };
    Lease { lane: free.lane, token: token.to_owned(), until_ms, armed, stat: free.stat, quarantine }
}

/// Takes a lane whose lease has been committed.
pub(super) fn hold(pump: &mut Pump<'_>, lease: Lease, version: u64) {
    let held = Held {
        version,
        token: lease.token,
        until_ms: lease.until_ms,
        armed: lease.armed,
        seen: Vec::new(),
        proven: is_proven(&lease.stat),
        stat: lease.stat,
        quarantine: lease.quarantine,
        recorded: 0,
        spaced: false,
        hook: Registration::Unread,
        strict: false,
        partly: false,
        rows: LiteMap::new(),
        ready: VecDeque::new(),
        in_flight: 0,
        scan: true,
        broken: false,
        next_due_ms: u64::MAX,
    };
    pump.lanes.insert(lease.lane, Box::new(held));
}

/// After a commit with an open outcome: takes those lanes that turn out to be leased by it. Answers whether there are any.
pub(super) fn adopt(pump: &mut Pump<'_>, leases: Vec<Lease>) -> Result<bool, Error> {
    let wanted: Vec<String> = leases.iter().map(|lease| keys::lane(&lease.lane)).collect();
    if wanted.is_empty() {
        return Ok(false);
    }
    let entries = pump.host.get(&wanted)?;
    let mut any = false;
    for (lease, entry) in leases.into_iter().zip(entries) {
        let Some(entry) = entry else { continue };
        // What cannot be read is nobody's.
        let row = rows::decode::<rows::Lane>(&entry.key, &entry.value);
        if row.is_ok_and(|row| row.token == lease.token) {
            hold(pump, lease, entry.version);
            any = true;
        }
    }
    Ok(any)
}

pub(super) fn is_proven(stat: &Health) -> bool {
    stat.failures == 0 && stat.succeeded_at_ms.is_some()
}

/// Milliseconds until there is something to do: at most until the next poll.
pub(super) fn next_due_ms(pump: &Pump<'_>) -> Result<u32, Error> {
    let now_ms = pump.now_ms();
    let mut due_ms = now_ms + u64::from(POLL_MS);
    let inboxes = keys::inbox_shards(0, crate::support::limits::INBOX_SHARDS);
    if let Some(entry) = pump.host.scan(&inboxes, 1, Direction::Forward)?.first() {
        let shard = keys::parse_inbox(&entry.key).map_or(0, |(shard, _)| shard);
        let entry = pump.host.get_one(&keys::shard(shard))?;
        let row = entry.map_or(Ok(rows::Shard::default()), |entry| rows::decode(&entry.key, &entry.value));
        let until_ms = row.map_or(u64::MAX, |row: rows::Shard| row.until_ms);
        due_ms = due_ms.min(if is_believed(until_ms, now_ms) { until_ms } else { now_ms });
    }
    let timers = pump.host.scan(&keys::timers_after(None), TIMER_PAGE, Direction::Forward)?;
    let due: Vec<(u64, Lane)> = timers.iter().filter_map(|entry| keys::parse_timer(&entry.key)).collect();
    let lanes: Vec<String> = due.iter().map(|(_, lane)| keys::lane(lane)).collect();
    let leases = if lanes.is_empty() { Vec::new() } else { pump.host.get(&lanes)? };
    for ((at_ms, _), lease) in due.into_iter().zip(leases) {
        let until_ms = match lease {
            // Who cannot be read is nobody's; the claim has told it.
            Some(entry) => match rows::decode::<rows::Lane>(&entry.key, &entry.value) {
                Ok(row) => row.until_ms,
                Err(_) => continue,
            },
            None => 0,
        };
        due_ms = due_ms.min(if is_believed(until_ms, now_ms) { at_ms.max(until_ms) } else { at_ms });
    }
    Ok(u32::try_from(due_ms.saturating_sub(now_ms)).unwrap_or(POLL_MS))
}
