//! Explains why a delivery is where it is: the decisions about it, in order, as the stored rows show them.

use serde::Serialize;

use crate::api::messages;
use crate::api::pause;
use crate::api::view;
use crate::api::webhooks;
use crate::config::Config;
use crate::delivery::order;
use crate::delivery::redeliver::{self, Search};
use crate::delivery::stored::{Registered, read_webhook, unknown_webhook};
use crate::delivery::target::{Target, inactive_reason};
use crate::event::pattern::{self, Choice};
use crate::ports::{Direction, Host};
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, AttemptState, Health, Isolation, Message, Webhook};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::{
    BREAKER_FAILURES, CLOCK_SKEW_MS_MAX, EXPLAIN_ATTEMPTS_MAX, EXPLAIN_QUEUE_PAGES_MAX, SCAN_ENTRIES_MAX,
};

/// The explanation as the API shows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explanation<'a> {
    message_id: &'a str,
    webhook_id: &'a str,
    state: &'static str,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    at: String,
    step: &'static str,
    detail: String,
}

/// Returns the steps of one message on its way to one webhook, oldest first, and the reasons for which it waits now.
pub fn explain(host: &dyn Host, config: &Config, tenant: &str, message: &str, webhook: &str) -> Result<String, Error> {
    let (_, row) = messages::stored_message(host, tenant, message)?;
    let lane = webhooks::lane(tenant, webhook)?;
    let registered = match read_webhook(host, &lane) {
        Ok(registered) => Some(registered),
        Err(error) if error.kind == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut steps = Steps::default();
    steps.say(row.accepted_at_ms(), "accepted", format!("an event of the type {}", row.event_type));
    matched(&mut steps, &row, registered.as_ref().map(|registered| &registered.webhook));
    let last = attempts(host, &lane, message, &mut steps)?;
    let state = match &last {
        Some(last) if last.attempt.next_at_ms.is_none() => last.attempt.state.as_str(),
        // A message that was never sent to a removed webhook waits for nothing.
        None if registered.is_none() => return Err(unknown_webhook(webhook)),
        _ => {
            let asked = Asked { lane: &lane, message, row: &row, registered: registered.as_ref() };
            waits(host, config, &asked, last, &mut steps)?
        }
    };
    view::text(&Explanation { message_id: message, webhook_id: webhook, state, steps: steps.0 })
}

/// The delivery that is asked about.
struct Asked<'a> {
    lane: &'a Lane,
    message: &'a str,
    row: &'a Message,
    /// `None`: the webhook is not registered any more.
    registered: Option<&'a Registered>,
}

#[derive(Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn say(&mut self, at_ms: u64, step: &'static str, detail: String) {
        self.0.push(Step { at: view::millis(at_ms), step, detail });
    }
}

/// Adds the step that says whether the webhook subscribes to the message.
fn matched(steps: &mut Steps, row: &Message, webhook: Option<&Webhook>) {
    let Some(webhook) = webhook else {
        return steps.say(row.accepted_at_ms(), "unmatched", "the webhook is no longer registered".to_owned());
    };
    let when = if webhook.created_at_ms > row.accepted_at_ms() {
        "; it was registered after the event was accepted"
    } else {
        ""
    };
    let (step, detail) = match pattern::choose(&webhook.events, &row.event_type) {
        Choice::Unmatched => ("unmatched", format!("none of its present patterns matches the type{when}")),
        Choice::Excluded(by) => ("unmatched", format!("its present pattern {by} excludes the type{when}")),
        Choice::Matched(by) => ("matched", format!("by {}, of its present patterns{when}", by.join(" and "))),
    };
    steps.say(row.accepted_at_ms().max(webhook.created_at_ms), step, detail);
}

/// The last attempt of a delivery.
struct LastAttempt {
    number: u32,
    attempt: Attempt,
}

/// Adds a step for each of the latest attempts. Returns the last one.
fn attempts(host: &dyn Host, lane: &Lane, message: &str, steps: &mut Steps) -> Result<Option<LastAttempt>, Error> {
    let mut last = None;
    let range = keys::attempts_of_delivery(lane, message);
    let latest = host.scan(&range, EXPLAIN_ATTEMPTS_MAX, Direction::Reverse)?;
    let more = latest.len() == EXPLAIN_ATTEMPTS_MAX as usize;
    for entry in latest.into_iter().rev() {
        let attempt: Attempt = rows::decode(&entry.key, &entry.value)?;
        let number = keys::parse_attempt(&entry.key).map_or(0, |(_, number)| number);
        if more && last.is_none() && number > 1 {
            let detail = format!("the attempts before number {number} are left out; the message's attempts list them");
            steps.say(attempt.at_ms, "shortened", detail);
        }
        if number > 0 {
            steps.say(attempt.at_ms, attempt.state.as_str(), outcome(number, &attempt));
        }
        if attempt.again.is_some() {
            let by = attempt.job.as_deref().map_or(String::new(), |job| format!(", by the job {job}"));
            let asked = format!("a redelivery was requested{by}; the schedule starts again with the next attempt");
            steps.say(attempt.next_at_ms.unwrap_or(attempt.at_ms), "redelivery", asked);
        }
        last = Some(LastAttempt { number, attempt });
    }
    Ok(last)
}

/// Returns the sentence about an attempt.
fn outcome(number: u32, attempt: &Attempt) -> String {
    let detail = attempt.detail.as_deref().map_or(String::new(), |detail| format!(": {detail}"));
    let told = match (attempt.status, attempt.error) {
        _ if attempt.state == AttemptState::Failed => return format!("it could not be made into an attempt{detail}"),
        (Some(status), _) => format!("answered {status} after {} ms", attempt.duration_ms),
        (None, Some(kind)) => format!("failed with {} after {} ms", kind.as_str(), attempt.duration_ms),
        (None, None) => return format!("no attempt{detail}"),
    };
    let follows = match attempt.state {
        AttemptState::Retrying => "; another attempt follows",
        // With a response, the detail is the receiver's own request.
        AttemptState::Exhausted if attempt.status.is_none() || attempt.detail.is_none() => {
            "; there is no further wait in the schedule"
        }
        AttemptState::Exhausted
        | AttemptState::Delivered
        | AttemptState::Skipped
        | AttemptState::Cancelled
        | AttemptState::Failed => "",
    };
    format!("attempt {number} {told}{detail}{follows}")
}

/// Adds the reasons for which a delivery without a final state waits. Returns its state.
fn waits(
    host: &dyn Host,
    config: &Config,
    asked: &Asked<'_>,
    last: Option<LastAttempt>,
    steps: &mut Steps,
) -> Result<&'static str, Error> {
    let Asked { lane, message, row, registered } = *asked;
    let now_ms = host.now_us() / 1_000;
    let inbox = keys::inbox(keys::shard_of(lane.tenant_part()), row.accepted_at_us, message);
    if last.is_none() && host.get(&[inbox])?.iter().any(Option::is_some) {
        steps.say(now_ms, "waiting", "it is not routed yet; its webhooks are determined next".to_owned());
        return Ok("accepted");
    }
    let due_ms = match &last {
        Some(last) => last.attempt.next_at_ms.unwrap_or(now_ms),
        None => match search(host, lane, message, row)? {
            Search::Found(_) => now_ms,
            Search::Absent => {
                steps.say(now_ms, "ended", "it was not routed to this webhook; a redelivery sends it".to_owned());
                return Ok("none");
            }
            Search::Unfinished => {
                let detail = format!(
                    "the webhook's queue is too long to look through it: its first {} rows since the message was accepted do \
                     not name the message, which waits behind them or was not routed to this webhook",
                    EXPLAIN_QUEUE_PAGES_MAX * SCAN_ENTRIES_MAX
                );
                steps.say(now_ms, "unknown", detail);
                return Ok("unknown");
            }
        },
    };
    let number = last.map_or(1, |last| last.number + 1);
    steps.say(due_ms, "waiting", format!("attempt {number} is due then"));
    let Some(Registered { webhook, health, .. }) = registered else { return Ok("waiting") };
    if let Some(reason) = inactive_reason(config, webhook) {
        steps.say(now_ms, "waiting", format!("it will be skipped: {reason}"));
    } else if let Err(error) = Target::of(config, webhook, now_ms) {
        steps.say(now_ms, "waiting", format!("the webhook cannot be sent to: {error}"));
    }
    if let Some(first) = webhook.strict_order.then(|| order::first(host, lane)).transpose()?.flatten()
        && first != message
    {
        steps.say(now_ms, "waiting", format!("in strict order it waits for {first}, the first of the queue"));
    }
    if let Some(end_ms) = pause::end_ms(webhook, now_ms) {
        steps.say(end_ms, "waiting", "the webhook is paused until then".to_owned());
    }
    paced(health, now_ms, due_ms, steps);
    leased(host, lane, now_ms, steps)?;
    Ok("waiting")
}

/// Searches a message without attempt in a queue. It was queued after it was accepted, by another clock perhaps.
fn search(host: &dyn Host, lane: &Lane, message: &str, row: &Message) -> Result<Search, Error> {
    let from_ms = row.accepted_at_ms().saturating_sub(CLOCK_SKEW_MS_MAX);
    redeliver::search(host, keys::queue_from(lane, from_ms), message, EXPLAIN_QUEUE_PAGES_MAX)
}

/// Adds the step that says until when the webhook is spared attempts.
fn paced(health: &Health, now_ms: u64, due_ms: u64, steps: &mut Steps) {
    let free_at_ms = health.free_at_us.unwrap_or(0) / 1_000;
    if free_at_ms > now_ms.max(due_ms) {
        let keeps_failing = health.failures >= BREAKER_FAILURES;
        let why = if keeps_failing { "because its attempts keep failing" } else { "by its rate" };
        steps.say(free_at_ms, "waiting", format!("the webhook is sent nothing before then, {why}"));
    }
}

/// Adds the steps about the lane's quarantine and lease.
fn leased(host: &dyn Host, lane: &Lane, now_ms: u64, steps: &mut Steps) -> Result<(), Error> {
    let Some(entry) = host.get_one(&keys::lane(lane))? else { return Ok(()) };
    let row: rows::Lane = rows::decode(&entry.key, &entry.value)?;
    if row.isolation(now_ms) == Isolation::Quarantine {
        let detail = "the webhook's queue is in quarantine, because its workers died: one delivery is made at a time";
        steps.say(now_ms, "waiting", detail.to_owned());
    }
    if row.until_ms > now_ms {
        let detail = "a worker has leased the webhook's queue, until then at the latest";
        steps.say(row.until_ms, "waiting", detail.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
