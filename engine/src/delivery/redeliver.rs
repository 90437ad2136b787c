//! Sends a message to a webhook once more, with the next attempt number. The commit changes the row of the last attempt, so one
//! of two redeliveries at the same time conflicts and finds the other's attempt.

mod find;
mod put;
mod relied;

use crate::delivery::order::{self, Place};
use crate::ports::{Entry, Host};
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, Empty, Inbox, Message, Queue, QueuedDelivery};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::ATTEMPT_NUMBER_MAX;

pub(crate) use find::{Last, Search, is_queued, search};
pub(crate) use put::{QueuePlace, asked_attempt, put_again, put_first, put_same};
pub(crate) use relied::check_kept;

use find::{find_queued, last_attempt};
use relied::Relied;

/// Commits of a redelivery, while the delivery changes in between, before the call fails.
const REDELIVERY_COMMITS_MAX: u32 = 8;

/// The work that a redelivery needs.
enum Plan {
    /// None: the delivery is due already.
    OnItsWay,
    /// The rows changed while they were read, so they are read again.
    Changed,
    /// The message is not routed yet. The commit makes the routing read the subscriptions again.
    Routing(Commit),
    /// A commit, with the key of the last attempt's row and the `again` that it had. Only redeliveries change `again`.
    Commit { commit: Commit, key: String, before: Option<String> },
}

/// The outcome of a redelivery to one webhook.
pub(crate) enum Redelivered {
    /// The delivery is due.
    Due,
    /// The webhook has been removed.
    Unregistered,
}

/// Makes one delivery due once more.
pub(crate) fn redeliver(
    host: &dyn Host,
    lane: &Lane,
    message: &str,
    row: &Message,
    subscribes: bool,
) -> Result<Redelivered, Error> {
    for _ in 0..REDELIVERY_COMMITS_MAX {
        let Some(relied) = Relied::read(host, lane, message, row)? else { return Ok(Redelivered::Unregistered) };
        let plan = match last_attempt(host, lane, message)? {
            Some(last) => plan_after(host, lane, message, last)?,
            None => plan_first(host, lane, message, row, subscribes)?,
        };
        match plan {
            Plan::OnItsWay => return Ok(Redelivered::Due),
            Plan::Changed => {}
            Plan::Routing(commit) => match commit.submit(host)? {
                Outcome::Applied(_) => return Ok(Redelivered::Due),
                Outcome::Conflict { .. } => {}
            },
            Plan::Commit { mut commit, key, before } => match relied.submit(host, &mut commit)? {
                Outcome::Applied(_) => return Ok(Redelivered::Due),
                // Either an earlier submission was applied or another redelivery asked meanwhile, and one attempt serves both.
                // That attempt may have ended by now, so this reads the known row instead of the last one.
                Outcome::Conflict { .. } if asked_since(host, &key, before)? => return Ok(Redelivered::Due),
                Outcome::Conflict { .. } => {}
            },
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "workers kept changing the delivery").hint("repeat the call"))
}

/// Plans a redelivery after an attempt: the next number, with the webhook's schedule from its start. A delivery that waits for
/// its next attempt makes that attempt now.
fn plan_after(host: &dyn Host, lane: &Lane, message: &str, last: Last) -> Result<Plan, Error> {
    if last.number >= ATTEMPT_NUMBER_MAX {
        let error = Error::of(ErrorKind::Conflict, format!("there were {ATTEMPT_NUMBER_MAX} attempts"));
        return Err(error.hint("send the event again under another id"));
    }
    let (now_ms, token, number) = (host.now_us() / 1_000, id::token(host), last.number + 1);
    let mut commit = Commit::default();
    let before = last.attempt.again.clone();
    let mut stays = None;
    match last.attempt.next_at_ms {
        None => {}
        Some(due_ms) if due_ms <= now_ms => return Ok(Plan::OnItsWay),
        Some(due_ms) => {
            let entry = host.get_one(&keys::retry(lane, due_ms, message, number))?;
            let entry = entry.map_or_else(|| find_queued(host, lane, message), |entry| Ok(Some(entry)))?;
            let Some(entry) = entry else { return Ok(Plan::Changed) };
            // A delivery that waits for another attempt is alone in its row. The row may name a later attempt by now.
            let waits = rows::decode::<Queue>(&entry.key, &entry.value)?.deliveries;
            // Another redelivery in the same millisecond has used the same key.
            let is_there = entry.key == keys::retry(lane, now_ms, message, number);
            if waits != [QueuedDelivery { message: message.to_owned(), number }] || is_there {
                return Ok(Plan::Changed);
            }
            commit.check(&entry.key, Some(entry.version));
            if is_strict(host, lane)? {
                stays = Some(entry.key);
            } else {
                commit.delete(entry.key);
            }
        }
    }
    let key = last.key.clone();
    let queue_place = match stays {
        Some(key) => QueuePlace { next_ms: now_ms, place: Place::now(now_ms), stays: Some(key) },
        None => new_place(host, lane, now_ms)?,
    };
    put_again(&mut commit, lane, message, last, queue_place, &token);
    commit.put(keys::timer(now_ms, lane, &token), rows::encode(&Empty {}));
    Ok(Plan::Commit { commit, key, before })
}

/// Plans a redelivery without an earlier attempt. A message moves from the inbox to the queue to its attempts; reading in this
/// order finds it at one of the three.
fn plan_first(host: &dyn Host, lane: &Lane, message: &str, row: &Message, subscribes: bool) -> Result<Plan, Error> {
    let key = keys::inbox(keys::shard_of(lane.tenant_part()), row.accepted_at_us, message);
    if let Some(entry) = host.get_one(&key)? {
        let inbox: Inbox = rows::decode(&key, &entry.value)?;
        let passed = inbox.routed_to.is_some_and(|routed_to| lane.webhook() <= routed_to.as_str());
        if subscribes && !passed {
            return Ok(Plan::Routing(route_afresh(entry)));
        }
        let error = Error::of(ErrorKind::Unavailable, "the message has just been accepted and is not routed yet");
        return Err(error.hint("repeat the call"));
    }
    if is_queued(host, lane, message)? {
        return Ok(Plan::OnItsWay);
    }
    if last_attempt(host, lane, message)?.is_some() {
        return Ok(Plan::Changed);
    }
    let (now_ms, token, key) = (host.now_us() / 1_000, id::token(host), keys::attempt(lane, message, 0));
    let mut commit = Commit::default();
    let queue_place = new_place(host, lane, now_ms)?;
    let asked = asked_attempt(&row.event_type, now_ms, &token);
    put_first(&mut commit, lane, message, queue_place, asked);
    commit.put(keys::timer(now_ms, lane, &token), rows::encode(&Empty {}));
    Ok(Plan::Commit { commit, key, before: None })
}

/// Returns a commit that puts the inbox row again unchanged. A routing commit that read the subscriptions before then conflicts
/// and reads them again.
fn route_afresh(inbox: Entry) -> Commit {
    let mut commit = Commit::default();
    commit.check(&inbox.key, Some(inbox.version));
    commit.put(inbox.key, inbox.value);
    commit
}

/// Returns the place of a new redelivery: in strict order, behind every waiting delivery.
fn new_place(host: &dyn Host, lane: &Lane, now_ms: u64) -> Result<QueuePlace, Error> {
    let place = if is_strict(host, lane)? { Place::last(host, lane, now_ms)? } else { Place::now(now_ms) };
    Ok(QueuePlace { next_ms: now_ms, place, stays: None })
}

fn is_strict(host: &dyn Host, lane: &Lane) -> Result<bool, Error> {
    Ok(host.get_one(&keys::webhook(lane))?.as_ref().is_some_and(order::is_wanted))
}

/// Returns true if a redelivery was requested after this attempt since its row was read.
fn asked_since(host: &dyn Host, key: &str, before: Option<String>) -> Result<bool, Error> {
    let Some(entry) = host.get_one(key)? else { return Ok(false) };
    Ok(rows::decode::<Attempt>(&entry.key, &entry.value)?.again != before)
}
