//! Sends a message to a webhook once more, with the next attempt number. The commit changes the row of the last attempt, so one
//! of two redeliveries at the same time conflicts and finds the other's attempt.

use crate::delivery::order::{self, Place};
use crate::delivery::stored::unknown_message;
use crate::ports::{Direction, Entry, Host};
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, AttemptState, Empty, Inbox, Message, Queue, QueuedDelivery};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits::{ATTEMPT_NUMBER_MAX, QUEUE_PAGES_SEARCHED_MAX, SCAN_ENTRIES_MAX};

/// Commits of a redelivery, while the delivery changes in between, before the call fails.
const REDELIVERY_COMMITS_MAX: u32 = 8;

/// Returns an error if the message's event is no longer kept.
pub(crate) fn check_kept(row: &Message) -> Result<(), Error> {
    if row.event.is_some() {
        return Ok(());
    }
    let error = Error::of(ErrorKind::Conflict, "the event is no longer kept: the tenant keeps no bodies");
    Err(error.hint("report it again under another id"))
}

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

/// The rows that a redelivery relies on, read before the delivery.
struct Relied {
    webhook: Entry,
    message: Entry,
}

impl Relied {
    /// Reads the rows. Returns `None` if the webhook has been removed. `known` is the message as it was when the call began.
    fn read(host: &dyn Host, lane: &Lane, message: &str, known: &Message) -> Result<Option<Relied>, Error> {
        let mut rows = host.get(&[keys::webhook(lane), keys::message(lane.tenant_part(), message)])?.into_iter();
        let Some(webhook) = rows.next().flatten() else { return Ok(None) };
        let entry = rows.next().flatten().ok_or_else(|| unknown_message(message))?;
        // An erasure or the retention may have put a tombstone since the call began.
        let row: Message = rows::decode(&entry.key, &entry.value)?;
        if row.is_gone() {
            return Err(unknown_message(message));
        }
        if row.accepted_at_us != known.accepted_at_us {
            let error = Error::of(ErrorKind::Unavailable, "the message was removed and reported again meanwhile");
            return Err(error.hint("repeat the call"));
        }
        check_kept(&row)?;
        Ok(Some(Relied { webhook, message: entry }))
    }

    fn submit(self, host: &dyn Host, commit: &mut Commit) -> Result<Outcome, Error> {
        commit.check(&self.webhook.key, Some(self.webhook.version));
        put_same(commit, self.message);
        commit.submit(host)
    }
}

/// Adds to a commit that a row is put again unchanged. A commit that removes the row because nothing waits for it then
/// conflicts.
pub(crate) fn put_same(commit: &mut Commit, row: Entry) {
    commit.check(&row.key, Some(row.version));
    commit.put(row.key, row.value);
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

/// Adds to a commit that the delivery goes on after this attempt, with its schedule from the start.
pub(crate) fn put_again(
    commit: &mut Commit,
    lane: &Lane,
    message: &str,
    last: Last,
    queue_place: QueuePlace,
    token: &str,
) {
    commit.check(&last.key, Some(last.version));
    let attempt = Attempt { next_at_ms: Some(queue_place.next_ms), again: Some(token.to_owned()), ..last.attempt };
    commit.put(last.key, rows::encode(&attempt));
    put_due(commit, lane, queue_place, message, last.number + 1);
}

/// Adds to a commit that the webhook is sent a message that it was not routed to. A row with the number 0 stands before the
/// first attempt.
pub(crate) fn put_first(commit: &mut Commit, lane: &Lane, message: &str, queue_place: QueuePlace, asked: Attempt) {
    let key = keys::attempt(lane, message, 0);
    put_due(commit, lane, queue_place, message, 1);
    commit.check(&key, None);
    commit.put(key, rows::encode(&asked));
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

/// The place of a redelivery in the queue.
pub(crate) struct QueuePlace {
    /// The time at which it is due, in milliseconds.
    pub next_ms: u64,
    pub place: Place,
    /// The row that it keeps, if it waits for another attempt in strict order.
    pub stays: Option<String>,
}

/// Returns the place of a new redelivery: in strict order, behind every waiting delivery.
fn new_place(host: &dyn Host, lane: &Lane, now_ms: u64) -> Result<QueuePlace, Error> {
    let place = if is_strict(host, lane)? { Place::last(host, lane, now_ms)? } else { Place::now(now_ms) };
    Ok(QueuePlace { next_ms: now_ms, place, stays: None })
}

fn is_strict(host: &dyn Host, lane: &Lane) -> Result<bool, Error> {
    Ok(host.get_one(&keys::webhook(lane))?.as_ref().is_some_and(order::is_wanted))
}

/// Adds the queue row of a delivery, with its schedule from the start.
fn put_due(commit: &mut Commit, lane: &Lane, queue_place: QueuePlace, message: &str, number: u32) {
    let QueuePlace { next_ms, place, stays } = queue_place;
    let (key, due_ms) = match stays {
        Some(key) => (key, Some(next_ms)),
        None => (keys::retry(lane, place.at_ms, message, number), place.due_ms),
    };
    let deliveries = vec![QueuedDelivery { message: message.to_owned(), number }];
    let queue = Queue { deliveries, first: (number > 1).then_some(number), due_ms };
    commit.put(key, rows::encode(&queue));
}

/// Returns the row that stands before the first attempt, for a message that the webhook was not routed.
pub(crate) fn asked_attempt(event_type: &str, due_ms: u64, token: &str) -> Attempt {
    Attempt {
        next_at_ms: Some(due_ms),
        again: Some(token.to_owned()),
        ..Attempt::new(due_ms, event_type, AttemptState::Retrying)
    }
}

/// Returns true if a redelivery was requested after this attempt since its row was read.
fn asked_since(host: &dyn Host, key: &str, before: Option<String>) -> Result<bool, Error> {
    let Some(entry) = host.get_one(key)? else { return Ok(false) };
    Ok(rows::decode::<Attempt>(&entry.key, &entry.value)?.again != before)
}

/// Returns true if the message is in the webhook's queue.
pub(crate) fn is_queued(host: &dyn Host, lane: &Lane, message: &str) -> Result<bool, Error> {
    Ok(find_queued(host, lane, message)?.is_some())
}

/// Returns the queue row that names the message. Several pages are not one snapshot, but a delivery without an attempt keeps its
/// row until it has one, and so does the first delivery in strict order.
fn find_queued(host: &dyn Host, lane: &Lane, message: &str) -> Result<Option<Entry>, Error> {
    let mut range = keys::queue_all(lane);
    for _ in 0..QUEUE_PAGES_SEARCHED_MAX {
        let page = host.scan(&range, SCAN_ENTRIES_MAX, Direction::Forward)?;
        let last = page.last().filter(|_| page.len() == SCAN_ENTRIES_MAX as usize).map(|last| keys::next(&last.key));
        for entry in page {
            let group: Queue = rows::decode(&entry.key, &entry.value)?;
            if group.deliveries.iter().any(|queued| queued.message == message) {
                return Ok(Some(entry));
            }
        }
        match last {
            Some(next) => range.start = next,
            None => return Ok(None),
        }
    }
    let error = Error::of(ErrorKind::Blocked, "the webhook's queue is too long to look through it");
    Err(error.hint("repeat the call when it is shorter"))
}

/// The last attempt of a delivery, with its row.
pub(crate) struct Last {
    pub key: String,
    pub version: u64,
    pub number: u32,
    pub attempt: Attempt,
}

pub(crate) fn last_attempt(host: &dyn Host, lane: &Lane, message: &str) -> Result<Option<Last>, Error> {
    let found = host.scan(&keys::attempts_of_delivery(lane, message), 1, Direction::Reverse)?;
    let Some(entry) = found.into_iter().next() else { return Ok(None) };
    let attempt = rows::decode(&entry.key, &entry.value)?;
    let number = keys::parse_attempt(&entry.key).map_or(0, |(_, number)| number);
    Ok(Some(Last { key: entry.key, version: entry.version, number, attempt }))
}
