//! Settling: what came back is recorded together with what follows from it, and lanes with nothing left to do are released,
//! in one commit that only the lane's lease makes possible.

use std::collections::VecDeque;

use litemap::LiteMap;

use super::{Done, Held, Pump, Registration, Row, claim, health, quarantine, tell};
use crate::config::Config;
use crate::delivery::verdict;
use crate::ports::{Direction, Entry};
use crate::store::commit::{Commit, Outcome, Versions};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, AttemptState, Health, Queue, QueuedDelivery, Recent, RecordedAttempt, Webhook};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits::{
    CLOCK_SKEW_MS_MAX, LANE_TIMERS_MAX, QUEUE_PAGE, RELEASE_LANES_MAX, SETTLE_ATTEMPTS_MAX, UNUSABLE_MS,
};

/// Rounds of "read again and repeat the rest" before something must be wrong.
const ROUNDS_MAX: u32 = 50;

/// Records everything that is done and releases every lane that is idle. Answers whether there was any of it.
pub(super) fn settle(pump: &mut Pump<'_>) -> Result<bool, Error> {
    let mut progress = false;
    for _ in 0..ROUNDS_MAX {
        let batch = take_batch(pump);
        // What is recorded by nobody is out of the way as well: who waited for it goes on.
        progress |= !batch.is_empty();
        let plan = plan(pump, batch)?;
        progress |= plan.more;
        if plan.lanes.is_empty() {
            return Ok(progress);
        }
        progress |= carry_out(pump, plan)?;
    }
    Ok(progress)
}

/// What one commit settles, by lane.
struct Plan {
    lanes: LiteMap<Lane, Box<LanePlan>>,
    /// A lane that was about to be released has something to send after all.
    more: bool,
}

#[derive(Default)]
struct LanePlan {
    done: Vec<Done>,
    /// What is left of the rows touched; nothing left: the row goes.
    rows: LiteMap<String, Vec<QueuedDelivery>>,
    /// In strict order, the row of a delivery that keeps its place, and until when.
    stays: Option<(String, u64)>,
    /// What stood behind it in its row: that gets a row of its own.
    behind: Vec<QueuedDelivery>,
    stat: Option<Health>,
    /// The release, with the time of the timer to arm, if any row stays.
    release: Option<Option<u64>>,
    /// Nothing that was due is left then, by whoever's clock.
    is_through: bool,
    /// The timers seen are deleted, although the lane is kept: a lane that waits for its receiver must not gather them. The
    /// timer at the lease's end stays, and the release reads the queue.
    tidy: bool,
    /// The webhook's row, if it was read before.
    hook: Option<Entry>,
    /// The webhook has been changed since a request was sent.
    stale: bool,
    /// The webhook's row as it becomes, with its version before.
    disable: Option<(u64, Webhook)>,
}

/// Takes from what is done as much as one commit records; what belongs to a lost lease is dropped. An attempt that a
/// redelivery brought forward may have been made twice, from the row before and the row after: one commit records one of them.
fn take_batch(pump: &mut Pump<'_>) -> LiteMap<Lane, Vec<Done>> {
    let mut batch: LiteMap<Lane, Vec<Done>> = LiteMap::new();
    let mut twice = Vec::new();
    let mut count = 0;
    while count < SETTLE_ATTEMPTS_MAX {
        let Some(done) = pump.done.pop_front() else { break };
        if pump.lanes.get(&done.lane).is_none_or(|held| held.token != done.token) {
            continue;
        }
        let taken = batch.entry(done.lane.clone()).or_default();
        if taken.iter().any(|other| other.delivery.is_attempt(&done.delivery)) {
            twice.push(done);
        } else {
            taken.push(done);
            count += 1;
        }
    }
    for done in twice.into_iter().rev() {
        pump.done.push_front(done);
    }
    batch
}

fn plan(pump: &mut Pump<'_>, mut batch: LiteMap<Lane, Vec<Done>>) -> Result<Plan, Error> {
    let now_ms = pump.now_ms();
    let may_start = pump.may_start();
    let mut waiting: LiteMap<Lane, ()> = LiteMap::new();
    for done in &pump.done {
        waiting.insert(done.lane.clone(), ());
    }
    let mut lanes: LiteMap<Lane, Box<LanePlan>> = LiteMap::new();
    let mut releases = 0;
    let mut more = false;
    let mut failed = None;
    for (lane, held) in pump.lanes.iter_mut() {
        let mut done = batch.remove(lane).unwrap_or_default();
        let open = may_start && held.may_send(now_ms);
        let idle = held.in_flight == 0
            && !waiting.contains_key(lane)
            && (!open
                || held.is_paused(now_ms)
                || (held.ready.is_empty() && !held.scan && !matches!(held.hook, Registration::Unread)));
        let full = held.seen.len() >= LANE_TIMERS_MAX;
        if done.is_empty() && !idle && !full {
            continue;
        }
        let hook = match registration(pump.host, lane, &done) {
            Ok(hook) => hook,
            Err(error) => {
                failed = Some(error);
                None
            }
        };
        let stale = take_back(hook.as_ref(), &mut done);
        let mut planned = plan_lane(held, done);
        (planned.hook, planned.stale) = (hook, stale);
        match disable(pump.host, pump.config, lane, held, &planned, now_ms, &mut pump.report.problems) {
            Ok(disable) => planned.disable = disable,
            Err(error) => failed = Some(error),
        }
        if idle && releases < RELEASE_LANES_MAX {
            match first_that_stays(pump.host, lane, held, &planned) {
                Ok(stays_ms)
                    if open
                        && !held.broken
                        && !held.is_paused(now_ms)
                        && stays_ms.is_some_and(|due_ms| due_ms <= now_ms) =>
                {
                    held.scan = true;
                    more = true;
                }
                Ok(stays_ms) => {
                    let stat = planned.stat.as_ref().unwrap_or(&held.stat);
                    let earliest_ms = match held.hook {
                        Registration::Unusable => now_ms + UNUSABLE_MS,
                        _ if held.broken => now_ms + UNUSABLE_MS,
                        Registration::Active(_) => stat.free_at_us.unwrap_or(0).div_ceil(1_000),
                        Registration::Unread | Registration::Gone | Registration::Inactive(_) => 0,
                    };
                    // It has not been seen whether the webhook is there. If it is gone, its lane has to go.
                    let unseen = matches!(held.hook, Registration::Unread).then_some(now_ms);
                    let waits_ms = stays_ms.or(unseen);
                    planned.is_through = waits_ms.is_none_or(|due_ms| due_ms > now_ms + CLOCK_SKEW_MS_MAX);
                    planned.release = Some(waits_ms.map(|due_ms| due_ms.max(earliest_ms)));
                    if held.spaced && planned.stat.is_none() {
                        // The next holder must know what this one has sent.
                        planned.stat = Some(held.stat.clone());
                    }
                    releases += 1;
                }
                Err(error) => failed = Some(error),
            }
        }
        if full && planned.release.is_none() && releases < RELEASE_LANES_MAX {
            planned.tidy = true;
            releases += 1;
        }
        if !planned.done.is_empty() || planned.release.is_some() || planned.tidy {
            lanes.insert(lane.clone(), Box::new(planned));
        }
    }
    match failed {
        None => Ok(Plan { lanes, more }),
        Some(error) => {
            // What came back is not lost with the read.
            for (_, planned) in lanes {
                put_back(pump, planned.done.into_iter());
            }
            Err(error)
        }
    }
}

fn plan_lane(held: &Held, mut done: Vec<Done>) -> LanePlan {
    // What has been taken out of its row meanwhile is recorded by nobody.
    done.retain(|one| {
        held.rows.get(&one.delivery.row).is_some_and(|row| row.left.iter().any(|queued| one.delivery.is(queued)))
    });
    let mut rows: LiteMap<String, Vec<QueuedDelivery>> = LiteMap::new();
    let mut stat = held.stat.clone();
    let (mut stays, mut behind) = (None, Vec::new());
    for one in &done {
        let delivery = &one.delivery;
        let left = rows
            .entry(delivery.row.clone())
            .or_insert_with(|| held.rows.get(&delivery.row).map_or_else(Vec::new, |row| row.left.clone()));
        left.retain(|queued| !delivery.is(queued));
        if let Some(until_ms) = one.stays_until_ms() {
            behind = std::mem::replace(
                left,
                vec![QueuedDelivery { message: delivery.message.clone(), number: delivery.number + 1 }],
            );
            stays = Some((delivery.row.clone(), until_ms));
        }
        health::count(&mut stat, one);
    }
    LanePlan { stat: (!done.is_empty()).then_some(stat), done, rows, stays, behind, ..LanePlan::default() }
}

/// The webhook's row, if a receiver asks for its end: one reading decides all that follows from that.
fn registration(host: &dyn crate::ports::Host, lane: &Lane, done: &[Done]) -> Result<Option<Entry>, Error> {
    if done.iter().all(|done| done.disable.is_none()) {
        return Ok(None);
    }
    Ok(host.get_one(&keys::webhook(lane))?)
}

/// What asks for the end of a webhook that has been made active again, or given another URL, since the request was sent is not
/// about it any more: the attempt has failed like any other. Answers whether there was any of it.
fn take_back(hook: Option<&Entry>, done: &mut [Done]) -> bool {
    // What cannot be read is told where it is to be changed.
    let hook = hook.and_then(|entry| rows::decode::<Webhook>(&entry.key, &entry.value).ok());
    let Some(hook) = hook else { return false };
    let is_stale = |done: &&mut Done| {
        let target = done.target.as_ref().filter(|_| done.disable.is_some());
        target.is_some_and(|target| target.activated_at_ms() != hook.activated_at_ms.unwrap_or(0))
    };
    let mut stale = false;
    for done in done.iter_mut().filter(is_stale) {
        stale = true;
        done.disable = None;
        done.attempt.detail = done.aborted.then(verdict::aborted);
        if done.otherwise_at_ms.is_some() {
            done.attempt.state = AttemptState::Retrying;
            done.attempt.next_at_ms = done.otherwise_at_ms;
        }
    }
    stale
}

/// The webhook taken out of service, if a receiver asked for it or its health says so: once, and not if it has been made
/// active again or given another URL meanwhile. What it is taken out for is in the commit that does it.
fn disable(
    host: &dyn crate::ports::Host,
    config: &Config,
    lane: &Lane,
    held: &Held,
    planned: &LanePlan,
    now_ms: u64,
    problems: &mut Vec<String>,
) -> Result<Option<(u64, Webhook)>, Error> {
    let asked = planned.done.iter().rev().find(|done| done.disable.is_some());
    let given_up = planned.done.iter().find(|done| held.strict && done.is_given_up());
    let last = planned.done.iter().rev().find(|done| done.target.is_some());
    let ill = planned.stat.as_ref().filter(|_| last.is_some()).and_then(|stat| health::verdict(config, stat));
    let Some(decisive) = asked.or(given_up).or(last.filter(|_| ill.is_some())) else { return Ok(None) };
    let entry = match &planned.hook {
        Some(entry) => entry.clone(),
        None => match host.get_one(&keys::webhook(lane))? {
            Some(entry) => entry,
            None => return Ok(None),
        },
    };
    let hook: Webhook = match rows::decode(&entry.key, &entry.value) {
        Ok(hook) => hook,
        Err(error) => {
            // What came back is recorded all the same, and no other lane waits for this one.
            tell(problems, &error);
            return Ok(None);
        }
    };
    let paused = || given_up.filter(|_| hook.pauses()).map(paused);
    let Some(reason) = asked.and_then(|done| done.disable.clone()).or_else(paused).or(ill) else { return Ok(None) };
    let target = decisive.target.as_ref();
    let same = target.is_none_or(|target| target.activated_at_ms() == hook.activated_at_ms.unwrap_or(0));
    let off = Webhook { active: false, inactive_reason: Some(reason), updated_at_ms: now_ms, ..hook };
    Ok((hook.active && same).then_some((entry.version, off)))
}

/// Why nothing is to follow, in strict order, what was not delivered.
fn paused(given_up: &Done) -> String {
    let what =
        if given_up.attempt.state == AttemptState::Failed { "could not be sent" } else { "exhausted its attempts" };
    format!("paused: {} {what}", given_up.delivery.message)
}

/// When the lane's first row is due that is there after the plan's commit, whatever it is. Read after the timers that the
/// release deletes, so that no row goes without a timer.
fn first_that_stays(
    host: &dyn crate::ports::Host,
    lane: &Lane,
    held: &Held,
    plan: &LanePlan,
) -> Result<Option<u64>, Error> {
    let mut first = plan.done.iter().filter_map(|done| done.attempt.next_at_ms).min();
    if let Some((stays, _)) = plan.stays.as_ref().filter(|_| !plan.behind.is_empty()) {
        // What is behind it gets a row of its own, which is not there yet. Without strict order it need not wait.
        first = first.min(keys::queue_due_ms(stays)).or(first);
    }
    let going = plan.rows.values().filter(|left| left.is_empty()).count();
    let mut limit = u32::try_from(going + 1).unwrap_or(u32::MAX);
    let mut range = keys::queue_all(lane);
    loop {
        let entries = host.scan(&range, limit, Direction::Forward)?;
        for entry in &entries {
            if plan.rows.get(&entry.key).is_some_and(Vec::is_empty) {
                continue;
            }
            let at_ms = keys::queue_due_ms(&entry.key).unwrap_or(0);
            let row: Option<Queue> = rows::decode(&entry.key, &entry.value).ok();
            let due_ms = |strict: bool| match (&plan.stays, &row) {
                (Some((stays, until_ms)), _) if *stays == entry.key => *until_ms,
                (_, Some(row)) => row.due_ms(&entry.key, strict),
                (_, None) => at_ms,
            };
            let due_here_ms = match held.order() {
                // What was sent before strict order was switched on goes into a row of its own, which may be before this.
                Some(true) => {
                    let due_ms = due_ms(true);
                    return Ok(Some(first.map_or(due_ms, |first_ms| first_ms.min(due_ms))));
                }
                Some(false) => due_ms(false),
                // Whichever it is.
                None => due_ms(true).min(due_ms(false)),
            };
            first = Some(first.map_or(due_here_ms, |first_ms| first_ms.min(due_here_ms)));
            if due_ms(false) <= at_ms {
                // Those behind it are not due before.
                return Ok(first);
            }
            range.start = keys::next(&entry.key);
        }
        if entries.len() < limit as usize {
            return Ok(first);
        }
        limit = QUEUE_PAGE;
    }
}

fn carry_out(pump: &mut Pump<'_>, plan: Plan) -> Result<bool, Error> {
    let token = pump.token();
    let now_ms = pump.now_ms();
    let mut commit = Commit::default();
    for (lane, planned) in &plan.lanes {
        let Some(held) = pump.lanes.get(lane) else { continue };
        commit.check(&keys::lane(lane), Some(held.version));
        put_rows(lane, held, planned, &mut commit);
        put_log(lane, planned, &token, now_ms, &mut commit);
        if let Some((version, hook)) = &planned.disable {
            commit.check(&keys::webhook(lane), Some(*version));
            let hook = Webhook { token: token.clone(), ..hook.clone() };
            commit.put(keys::webhook(lane), rows::encode(&hook));
        }
        if let Some(timer_ms) = planned.release {
            put_release(lane, held, planned, timer_ms, &token, &mut commit);
        } else if planned.tidy {
            delete_seen(held, &mut commit);
        }
    }
    match commit.submit(pump.host) {
        Ok(Outcome::Applied(versions)) => {
            note_applied(pump, plan, &versions)?;
            Ok(true)
        }
        Ok(Outcome::Conflict { .. }) => {
            reconcile(pump, plan)?;
            Ok(true)
        }
        // The storage will not have it, and never will.
        Err(error) if error.kind == ErrorKind::Internal => {
            give_up(pump, plan, &error)?;
            Ok(true)
        }
        Err(error) => {
            keep(pump, plan);
            Err(error)
        }
    }
}

/// One lane of the plan is to blame: the others are settled without it. Its lease is left to run out, so that this counts
/// against it.
fn give_up(pump: &mut Pump<'_>, plan: Plan, error: &Error) -> Result<(), Error> {
    let alone = plan.lanes.len() == 1;
    let mut outcome = Ok(());
    for (lane, planned) in plan.lanes {
        if alone {
            pump.tell(error);
            pump.lanes.remove(&lane);
            continue;
        }
        let mut lanes = LiteMap::new();
        lanes.insert(lane, planned);
        outcome = outcome.and(carry_out(pump, Plan { lanes, more: false }).map(|_| ()));
    }
    outcome
}

fn put_rows(lane: &Lane, held: &Held, planned: &LanePlan, commit: &mut Commit) {
    for (key, left) in &planned.rows {
        let version = held.rows.get(key).map(|row| row.version);
        commit.check(key, version);
        if left.is_empty() {
            commit.delete(key.clone());
            continue;
        }
        let (first, mut due_ms) = held.rows.get(key).map_or((None, None), |row| (row.first, row.due_ms));
        if let Some((_, until_ms)) = planned.stays.as_ref().filter(|(stays, _)| stays == key) {
            if !planned.behind.is_empty() {
                let behind = Queue { deliveries: planned.behind.clone(), first, due_ms };
                commit.put(keys::next(key), rows::encode(&behind));
            }
            due_ms = Some(*until_ms);
        }
        commit.put(key.clone(), rows::encode(&Queue { deliveries: left.clone(), first, due_ms }));
    }
    for done in &planned.done {
        if let Some(next_at_ms) = done.attempt.next_at_ms.filter(|_| done.stays_until_ms().is_none()) {
            let next = QueuedDelivery { message: done.delivery.message.clone(), number: done.delivery.number + 1 };
            let key = keys::retry(lane, next_at_ms, &next.message, next.number);
            let first = Some(done.delivery.first).filter(|first| *first > 1);
            let queue = Queue { deliveries: vec![next], first, due_ms: None };
            commit.put(key, rows::encode(&queue));
        }
    }
}

fn put_log(lane: &Lane, planned: &LanePlan, token: &str, now_ms: u64, commit: &mut Commit) {
    let Some(stat) = &planned.stat else { return };
    let mut attempts = Vec::new();
    for done in planned.done.iter().filter(|done| !done.gone) {
        let delivery = &done.delivery;
        commit.put(keys::attempt(lane, &delivery.message, delivery.number), rows::encode(&done.attempt));
        attempts.push(RecordedAttempt { message: delivery.message.clone(), number: delivery.number });
    }
    if !attempts.is_empty() {
        commit.put(keys::recent(lane, now_ms, token), rows::encode(&Recent { attempts }));
    }
    commit.put(keys::health(lane), rows::encode(stat));
}

fn put_release(lane: &Lane, held: &Held, planned: &LanePlan, timer_ms: Option<u64>, token: &str, commit: &mut Commit) {
    let recorded = held.recorded + planned.done.len();
    let proven = claim::is_proven(planned.stat.as_ref().unwrap_or(&held.stat));
    let quarantine = quarantine::released(&held.quarantine, recorded, held.evidence(proven), planned.is_through);
    let timer = timer_ms.map(|timer_ms| keys::timer(timer_ms, lane, token));
    if timer.is_none() && matches!(held.hook, Registration::Gone) {
        // Nothing comes back for it, so nothing of it stays.
        commit.delete(keys::lane(lane));
    } else {
        let row = rows::Lane { token: token.to_owned(), until_ms: 0, timer: timer.clone(), quarantine };
        commit.put(keys::lane(lane), rows::encode(&row));
    }
    commit.delete(held.armed.clone());
    delete_seen(held, commit);
    if let Some(timer) = timer {
        commit.put(timer, rows::encode(&rows::Empty {}));
    }
}

fn delete_seen(held: &Held, commit: &mut Commit) {
    for seen in &held.seen {
        commit.delete(seen.clone());
    }
}

/// Brings what the pump knows in line with what was committed.
fn note_applied(pump: &mut Pump<'_>, plan: Plan, versions: &Versions) -> Result<(), Error> {
    for (lane, planned) in plan.lanes {
        for done in &planned.done {
            let attempted =
                !matches!(done.attempt.state, AttemptState::Skipped | AttemptState::Cancelled | AttemptState::Failed);
            pump.report.attempts += u32::from(attempted);
            pump.report.delivered += u32::from(done.attempt.state == AttemptState::Delivered);
        }
        let asked = planned.stale || planned.done.iter().any(|done| done.disable.is_some());
        let retries_ms = planned.done.iter().filter_map(|done| done.attempt.next_at_ms).collect::<Vec<_>>().into_iter();
        if let Some(timer_ms) = planned.release {
            pump.next_look_ms = timer_ms.map_or(pump.next_look_ms, |timer_ms| timer_ms.min(pump.next_look_ms));
            // While it was alone, nothing else was looked at.
            pump.look |= pump.lanes.remove(&lane).is_some_and(|held| held.is_isolated());
            pump.look |= std::mem::take(&mut pump.crowded);
            continue;
        }
        let Some(held) = pump.lanes.get_mut(&lane) else { continue };
        held.recorded += planned.done.len();
        if planned.tidy {
            held.seen.clear();
        }
        match planned.disable {
            Some((_, hook)) => held.hook = Registration::Inactive(hook.inactive_reason.unwrap_or_default()),
            // It has been changed or removed since the request was sent.
            None if asked => held.hook = Registration::Unread,
            None => {}
        }
        // Of a lane in strict order only the first delivery was known.
        held.scan |= held.partly && !planned.done.is_empty();
        held.next_due_ms = retries_ms.fold(held.next_due_ms, u64::min);
        if let Some(stat) = planned.stat {
            held.stat = stat;
        }
        for (key, left) in planned.rows {
            if left.is_empty() {
                held.rows.remove(&key);
            } else if let Some(row) = held.rows.get_mut(&key) {
                *row = Row { version: versions.of(&key)?, left, first: row.first, due_ms: row.due_ms };
            }
        }
    }
    Ok(())
}

/// After a conflict: a lane with another token is somebody else's. Under our token, rows that are gone, or no longer name
/// a delivery, had been settled by an earlier submission; the rest is settled again.
fn reconcile(pump: &mut Pump<'_>, plan: Plan) -> Result<(), Error> {
    let mut wanted: Vec<String> = Vec::new();
    for (lane, planned) in plan.lanes.iter() {
        wanted.extend([keys::lane(lane), keys::health(lane)]);
        wanted.extend(planned.rows.keys().cloned());
    }
    let now_ms = pump.now_ms();
    let mut entries = match pump.host.get(&wanted) {
        Ok(entries) => entries.into_iter(),
        Err(error) => {
            keep(pump, plan);
            return Err(error.into());
        }
    };
    for (lane, planned) in plan.lanes {
        let (lease, stat) = (entries.next().flatten(), entries.next().flatten());
        let rows: Vec<(String, Option<Entry>)> =
            planned.rows.into_iter().map(|(key, _)| (key, entries.next().flatten())).collect();
        let row = match &lease {
            // A lane that cannot be read is not ours.
            Some(entry) => rows::decode::<rows::Lane>(&entry.key, &entry.value).unwrap_or_else(|error| {
                pump.tell(&error);
                rows::Lane::default()
            }),
            None => rows::Lane::default(),
        };
        let Some(held) = pump.lanes.get_mut(&lane) else { continue };
        let Some(lease) = lease.filter(|_| row.token == held.token) else {
            pump.lanes.remove(&lane);
            continue;
        };
        held.is_now(lease.version, row);
        // An earlier submission has counted what it recorded.
        held.knows(stat, now_ms);
        for (key, entry) in rows {
            if let Err(error) = refresh(held, &key, entry) {
                held.broken = true;
                held.rows.remove(&key);
                tell(&mut pump.report.problems, &error);
            }
        }
        // It may have been disabled by an earlier submission, and what is due next may be another row.
        held.hook = Registration::Unread;
        held.scan |= held.partly;
        let all = planned.done.len();
        let unsettled: VecDeque<Done> = planned
            .done
            .into_iter()
            .filter(|done| {
                held.rows.get(&done.delivery.row).is_some_and(|row| {
                    // A redelivery that left it in its place has begun its schedule anew: the attempt is made again.
                    let same = row.first.unwrap_or(1) == done.delivery.first;
                    same && row.left.iter().any(|queued| done.delivery.is(queued))
                })
            })
            .collect();
        held.recorded += all - unsettled.len();
        put_back(pump, unsettled.into_iter());
    }
    Ok(())
}

fn refresh(held: &mut Held, key: &str, entry: Option<Entry>) -> Result<(), Error> {
    match entry {
        None => {
            held.rows.remove(key);
        }
        Some(entry) => {
            let row: Queue = rows::decode(key, &entry.value)?;
            let Queue { deliveries, first, due_ms } = row;
            held.rows.insert(key.to_owned(), Row { version: entry.version, left: deliveries, first, due_ms });
        }
    }
    Ok(())
}

/// What came of the commit is not known yet: what came back is kept to be settled again, and a lane that may have been
/// released sends nothing more.
fn keep(pump: &mut Pump<'_>, plan: Plan) {
    for (lane, planned) in plan.lanes {
        if planned.release.is_some()
            && let Some(held) = pump.lanes.get_mut(&lane)
        {
            held.until_ms = 0;
        }
        put_back(pump, planned.done.into_iter());
    }
}

/// Before what came back later of the same lane: it is recorded in this order.
fn put_back(pump: &mut Pump<'_>, done: impl DoubleEndedIterator<Item = Done>) {
    for one in done.rev() {
        let place = pump.done.iter().position(|other| other.lane == one.lane).unwrap_or(pump.done.len());
        pump.done.insert(place, one);
    }
}
