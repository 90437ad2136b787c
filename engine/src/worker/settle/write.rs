//! The rows that a settling commit writes for one lane.

use super::plan_lane::{Fate, LanePlan, Release};
use crate::store::commit::Commit;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Queue, Recent, RecordedAttempt, Webhook};
use crate::worker::quarantine;
use crate::worker::state::{LeasedLane, Registration, is_healthy};

/// The time and the token of a settling commit.
pub(super) struct Stamp {
    pub now_ms: u64,
    pub token: String,
}

/// Adds everything that is settled of a lane.
pub(super) fn put_lane(commit: &mut Commit, lane: &Lane, leased: &LeasedLane, planned: &LanePlan, stamp: &Stamp) {
    commit.check(&keys::lane(lane), Some(leased.lease.version));
    put_rows(commit, leased, planned);
    put_retries(commit, lane, planned);
    put_attempts(commit, lane, planned, stamp);
    if let Some(disable) = &planned.disable {
        commit.check(&keys::webhook(lane), Some(disable.version));
        let webhook = Webhook { token: stamp.token.clone(), ..disable.webhook.clone() };
        commit.put(keys::webhook(lane), rows::encode(&webhook));
    }
    match &planned.fate {
        Fate::Kept => {}
        Fate::Tidied => delete_seen(commit, leased),
        Fate::Released(release) => put_release(commit, (lane, leased), planned, release, stamp),
    }
}

/// Takes the recorded deliveries out of their rows.
fn put_rows(commit: &mut Commit, leased: &LeasedLane, planned: &LanePlan) {
    for (key, left) in &planned.rows {
        let known = leased.queue.rows.get(key);
        commit.check(key, known.map(|row| row.version));
        if left.is_empty() {
            commit.delete(key.clone());
            continue;
        }
        let (first, mut due_ms) = known.map_or((None, None), |row| (row.first, row.due_ms));
        if let Some(stays) = planned.stays.as_ref().filter(|stays| stays.row == *key) {
            if !stays.behind.is_empty() {
                let behind = Queue { deliveries: stays.behind.clone(), first, due_ms };
                commit.put(keys::next(key), rows::encode(&behind));
            }
            due_ms = Some(stays.until_ms);
        }
        commit.put(key.clone(), rows::encode(&Queue { deliveries: left.clone(), first, due_ms }));
    }
}

/// Adds the next attempts of deliveries that do not keep their places.
fn put_retries(commit: &mut Commit, lane: &Lane, planned: &LanePlan) {
    for ended in planned.ended.iter().filter(|ended| ended.stays_until_ms().is_none()) {
        let Some(next_at_ms) = ended.attempt.next_at_ms else { continue };
        let (message, number) = (&ended.delivery.message, ended.delivery.number + 1);
        let first = Some(ended.delivery.first).filter(|first| *first > 1);
        let row = Queue { deliveries: vec![ended.delivery.queued(number)], first, due_ms: None };
        commit.put(keys::retry(lane, next_at_ms, message, number), rows::encode(&row));
    }
}

/// Records the attempts and the health.
fn put_attempts(commit: &mut Commit, lane: &Lane, planned: &LanePlan, stamp: &Stamp) {
    let Some(health) = &planned.health else { return };
    let mut attempts = Vec::new();
    for ended in planned.ended.iter().filter(|ended| !ended.gone) {
        let delivery = &ended.delivery;
        commit.put(keys::attempt(lane, &delivery.message, delivery.number), rows::encode(&ended.attempt));
        let at_ms = Some(ended.attempt.at_ms);
        attempts.push(RecordedAttempt { message: delivery.message.clone(), number: delivery.number, at_ms });
    }
    if !attempts.is_empty() {
        commit.put(keys::recent(lane, stamp.now_ms, &stamp.token), rows::encode(&Recent { attempts }));
    }
    commit.put(keys::health(lane), rows::encode(health));
}

/// Releases the lane. Nothing is left of a webhook that was removed once its queue is empty.
fn put_release(
    commit: &mut Commit,
    (lane, leased): (&Lane, &LeasedLane),
    planned: &LanePlan,
    release: &Release,
    stamp: &Stamp,
) {
    let recorded = leased.recorded + planned.ended.len();
    let healthy = is_healthy(planned.health.as_ref().unwrap_or(&leased.standing.health));
    let enough = leased.attempts_to_leave_quarantine(healthy);
    let quarantine = quarantine::released(&leased.quarantine, recorded, enough, release.is_through);
    let timer = release.timer_ms.map(|timer_ms| keys::timer(timer_ms, lane, &stamp.token));
    if timer.is_none() && matches!(leased.registration, Registration::Gone) {
        commit.delete(keys::lane(lane));
    } else {
        let row = rows::Lane { token: stamp.token.clone(), until_ms: 0, timer: timer.clone(), quarantine };
        commit.put(keys::lane(lane), rows::encode(&row));
    }
    commit.delete(leased.lease.timer.clone());
    delete_seen(commit, leased);
    if let Some(timer) = timer {
        commit.put(timer, rows::encode(&rows::Empty {}));
    }
}

fn delete_seen(commit: &mut Commit, leased: &LeasedLane) {
    for seen in &leased.lease.seen {
        commit.delete(seen.clone());
    }
}
