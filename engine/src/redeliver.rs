//! Redelivery: a message goes to a webhook once more, with the next attempt number. The row of the last attempt is changed
//! in the same commit, so that of two who ask at once one finds the other's work.

use crate::commit::{Commit, Outcome};
use crate::config::Config;
use crate::host::{Direction, Entry, Host};
use crate::json::{self, Json, Style};
use crate::keys::{self, Lane};
use crate::limits::{ATTEMPT_NUMBER_MAX, ROUTE_DELIVERIES_MAX, SCAN_ENTRIES_MAX};
use crate::records::{self, Attempt, Empty, Message, Queue, State};
use crate::{Error, ErrorKind, id, pattern, read, subscriptions, webhook};

/// How often it is tried again because something else happened to the delivery in between.
const TRIES_MAX: u32 = 8;

/// Sends a message again: to one webhook, whether it subscribes to the type or not, or to every active one that subscribes
/// to it now. What is due already is left alone.
pub fn redeliver(
    host: &dyn Host,
    _config: &Config,
    tenant: &str,
    message: &str,
    webhook: Option<&str>,
) -> Result<String, Error> {
    let (tenant_part, row) = read::stored_message(host, tenant, message)?;
    let webhooks = match webhook {
        Some(webhook) => {
            let lane = webhook::lane(tenant, webhook)?;
            let (hook, _, _) = webhook::read(host, &lane)?;
            if !hook.active {
                let error = Error::of(ErrorKind::Conflict, "the webhook is not active");
                return Err(Error { field: Some("webhookId".to_owned()), ..error }.hint("set `isActive` to true first"));
            }
            let subscribes =
                pattern::candidates(&row.event_type).iter().any(|candidate| hook.events.contains(candidate));
            again(host, &lane, message, &row, subscribes)?;
            vec![webhook.to_owned()]
        }
        None => {
            let webhooks = active_subscribers(host, &tenant_part, &row)?;
            for webhook in &webhooks {
                again(host, &Lane::of(&tenant_part, webhook), message, &row, true)?;
            }
            webhooks
        }
    };
    let list = webhooks.iter().map(|webhook| Json::text(webhook)).collect();
    let shown = Json::object(vec![("messageId", Json::text(message)), ("webhookIds", Json::Array(list))]);
    Ok(json::write(&shown, Style::Compact))
}

fn active_subscribers(host: &dyn Host, tenant_part: &str, row: &Message) -> Result<Vec<String>, Error> {
    let mut webhooks = subscriptions::of(host, tenant_part, &row.event_type, None)?;
    if webhooks.len() > ROUTE_DELIVERIES_MAX {
        let message = format!("more than {ROUTE_DELIVERIES_MAX} webhooks subscribe to the event");
        return Err(Error::of(ErrorKind::Conflict, message).hint("name one as `webhookId`"));
    }
    let keys: Vec<String> = webhooks.iter().map(|webhook| keys::hook(&Lane::of(tenant_part, webhook))).collect();
    let hooks = if keys.is_empty() { Vec::new() } else { host.get(&keys)? };
    let active = |hook: Option<Entry>| match hook {
        Some(entry) => records::decode::<records::Hook>(&entry.key, &entry.value).map(|hook| hook.active),
        None => Ok(false),
    };
    let active = hooks.into_iter().map(active).collect::<Result<Vec<bool>, Error>>()?;
    let mut active = active.into_iter();
    webhooks.retain(|_| active.next() == Some(true));
    Ok(webhooks)
}

/// What there is to do for a redelivery.
enum Plan {
    /// It is due already.
    OnItsWay,
    /// Something happened while it was being read.
    Changed,
    /// A commit, with the row and the token by which it is known.
    Commit(Commit, String, String),
}

/// One delivery, once more.
fn again(host: &dyn Host, lane: &Lane, message: &str, row: &Message, subscribes: bool) -> Result<(), Error> {
    for _ in 0..TRIES_MAX {
        let plan = match last_attempt(host, lane, message)? {
            Some(last) => plan_after(host, lane, message, last)?,
            None => plan_first(host, lane, message, row, subscribes)?,
        };
        match plan {
            Plan::OnItsWay => return Ok(()),
            Plan::Changed => {}
            Plan::Commit(commit, key, token) => match commit.submit(host)? {
                Outcome::Applied(_) => return Ok(()),
                Outcome::Conflict { doubtful: false, .. } => {}
                Outcome::Conflict { doubtful: true, .. } => {
                    if last_attempt(host, lane, message)?.is_some_and(|last| last.is(&key, &token)) {
                        return Ok(());
                    }
                }
            },
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "the delivery was being worked on all the time").hint("repeat the call"))
}

/// After an attempt: the next number, with the webhook's schedule from its beginning. What waits for its next attempt has
/// that one now instead.
fn plan_after(host: &dyn Host, lane: &Lane, message: &str, last: Last) -> Result<Plan, Error> {
    if last.number >= ATTEMPT_NUMBER_MAX {
        let error = Error::of(ErrorKind::Conflict, format!("there were {ATTEMPT_NUMBER_MAX} attempts"));
        return Err(error.hint("send the event again under another id"));
    }
    let (now_ms, token, number) = (host.now_us() / 1_000, id::token(host), last.number + 1);
    let mut commit = Commit::default();
    let first = match last.attempt.next_at_ms {
        None => number,
        Some(due_ms) if due_ms <= now_ms => return Ok(Plan::OnItsWay),
        Some(due_ms) => {
            let key = keys::retry(lane, due_ms, message, number);
            let entry = host.get(std::slice::from_ref(&key))?.into_iter().next().flatten();
            let Some(entry) = entry else { return Ok(Plan::Changed) };
            let waiting: Queue = records::decode(&entry.key, &entry.value)?;
            commit.check(&key, Some(entry.version));
            commit.delete(key);
            waiting.first.unwrap_or(1)
        }
    };
    commit.check(&last.key, Some(last.version));
    let attempt = Attempt { next_at_ms: Some(now_ms), again: Some(token.clone()), ..last.attempt };
    commit.put(last.key.clone(), records::encode(&attempt));
    put_due(&mut commit, lane, now_ms, &token, message, number, first);
    Ok(Plan::Commit(commit, last.key, token))
}

/// Of a message that the webhook has not had, as far as the log says. It moves from the inbox to the queue to the log: read
/// in this order, it is seen somewhere.
fn plan_first(host: &dyn Host, lane: &Lane, message: &str, row: &Message, subscribes: bool) -> Result<Plan, Error> {
    let inbox = keys::inbox(keys::shard_of(lane.tenant_part()), row.accepted_at_ms, message);
    if host.get(&[inbox])?.iter().any(Option::is_some) {
        if subscribes {
            return Ok(Plan::OnItsWay);
        }
        let error = Error::of(ErrorKind::Unavailable, "the message has just been accepted and is not routed yet");
        return Err(error.hint("repeat the call"));
    }
    let queue = host.scan(&keys::queue_all(lane), SCAN_ENTRIES_MAX, Direction::Forward)?;
    if is_queued(&queue, message)? {
        return Ok(Plan::OnItsWay);
    }
    if last_attempt(host, lane, message)?.is_some() {
        return Ok(Plan::Changed);
    }
    let (now_ms, token, key) = (host.now_us() / 1_000, id::token(host), keys::log(lane, message, 0));
    let mut commit = Commit::default();
    commit.check(&key, None);
    commit.put(key.clone(), records::encode(&asked(row, now_ms, &token)));
    put_due(&mut commit, lane, now_ms, &token, message, 1, 1);
    Ok(Plan::Commit(commit, key, token))
}

fn put_due(commit: &mut Commit, lane: &Lane, now_ms: u64, token: &str, message: &str, number: u32, first: u32) {
    let queue = Queue { deliveries: vec![(message.to_owned(), number)], first: (first > 1).then_some(first) };
    commit.put(keys::retry(lane, now_ms, message, number), records::encode(&queue));
    commit.put(keys::wake(now_ms, lane, token), records::encode(&Empty {}));
}

/// Stands where the attempt before the first would: the webhook has not had this message yet.
fn asked(row: &Message, now_ms: u64, token: &str) -> Attempt {
    Attempt {
        at_ms: now_ms,
        duration_ms: 0,
        event_type: row.event_type.clone(),
        status: None,
        error: None,
        detail: None,
        excerpt: None,
        state: State::Retrying,
        next_at_ms: Some(now_ms),
        again: Some(token.to_owned()),
        test: false,
    }
}

/// Whether the message is in the queue. Of a queue that is too long to look through it is assumed.
fn is_queued(queue: &[Entry], message: &str) -> Result<bool, Error> {
    if queue.len() >= SCAN_ENTRIES_MAX as usize {
        return Ok(true);
    }
    for entry in queue {
        let group: Queue = records::decode(&entry.key, &entry.value)?;
        if group.deliveries.iter().any(|(queued, _)| queued == message) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The last attempt that a delivery has had.
struct Last {
    key: String,
    version: u64,
    number: u32,
    attempt: Attempt,
}

impl Last {
    fn is(&self, key: &str, token: &str) -> bool {
        self.key == key && self.attempt.again.as_deref() == Some(token)
    }
}

fn last_attempt(host: &dyn Host, lane: &Lane, message: &str) -> Result<Option<Last>, Error> {
    let found = host.scan(&keys::log_of_delivery(lane, message), 1, Direction::Reverse)?;
    let Some(entry) = found.into_iter().next() else { return Ok(None) };
    let attempt = records::decode(&entry.key, &entry.value)?;
    let number = keys::parse_log(&entry.key).map_or(0, |(_, number)| number);
    Ok(Some(Last { key: entry.key, version: entry.version, number, attempt }))
}
