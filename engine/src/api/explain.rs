//! Why a delivery is where it is: what was decided about it, in order, read off the rows that decide it.

use crate::api::messages;
use crate::api::view;
use crate::api::webhooks;
use crate::config::Config;
use crate::delivery::order;
use crate::delivery::redeliver;
use crate::delivery::stored::read_webhook;
use crate::delivery::stored::unknown_webhook;
use crate::delivery::target::Target;
use crate::delivery::target::inactive_reason;
use crate::ports::{Direction, Host};
use crate::profile::pattern;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, AttemptState, Health, Message, Webhook};
use crate::support::error::Error;
use crate::support::json::{self, Json, Style};
use crate::support::limits::{BREAKER_FAILURES, QUARANTINE_ALONE_CLAIMS, SCAN_ENTRIES_MAX};

/// The steps of one message on its way to one webhook, oldest first, and what it waits for now.
pub fn explain(host: &dyn Host, config: &Config, tenant: &str, message: &str, webhook: &str) -> Result<String, Error> {
    let (_, row) = messages::stored_message(host, tenant, message)?;
    let lane = webhooks::lane(tenant, webhook)?;
    let hook = match read_webhook(host, &lane) {
        Ok((hook, stat, _)) => Some((hook, stat)),
        Err(error) if error.kind == crate::support::error::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut steps = Steps::default();
    steps.say(row.accepted_at_ms(), "accepted", format!("an event of the type {}", row.event_type));
    matched(&mut steps, &row, hook.as_ref().map(|(hook, _)| hook));
    let last = attempts(host, &lane, message, &mut steps)?;
    let state = match &last {
        Some((_, attempt)) if attempt.next_at_ms.is_none() => attempt.state.as_str(),
        // A webhook that is gone, and was never sent it, has nothing to wait for.
        None if hook.is_none() => return Err(unknown_webhook(webhook)),
        _ => waits(host, config, &Asked { lane: &lane, message, row: &row, hook: hook.as_ref() }, last, &mut steps)?,
    };
    let shown = Json::object(vec![
        ("messageId", Json::text(message)),
        ("webhookId", Json::text(webhook)),
        ("state", Json::text(state)),
        ("steps", Json::Array(steps.0)),
    ]);
    Ok(json::write(&shown, Style::Compact))
}

/// The delivery that is asked about.
struct Asked<'a> {
    lane: &'a Lane,
    message: &'a str,
    row: &'a Message,
    /// Its webhook, and how that has fared; none: it is no longer registered.
    hook: Option<&'a (Webhook, Health)>,
}

#[derive(Default)]
struct Steps(Vec<Json>);

impl Steps {
    fn say(&mut self, at_ms: u64, step: &str, detail: String) {
        self.0.push(Json::object(vec![
            ("at", view::millis(at_ms)),
            ("step", Json::text(step)),
            ("detail", Json::String(detail)),
        ]));
    }
}

fn matched(steps: &mut Steps, row: &Message, hook: Option<&Webhook>) {
    let Some(hook) = hook else {
        return steps.say(row.accepted_at_ms(), "unmatched", "the webhook is no longer registered".to_owned());
    };
    let candidates = pattern::candidates(&row.event_type);
    let by: Vec<&str> = candidates.iter().filter(|one| hook.events.contains(one)).map(String::as_str).collect();
    let when =
        if hook.created_at_ms > row.accepted_at_ms() { "; it was registered after the event was accepted" } else { "" };
    let (step, detail) = match by.as_slice() {
        [] => ("unmatched", format!("none of its patterns, as they are now, wants the type{when}")),
        by => ("matched", format!("by {}, of its patterns as they are now{when}", by.join(" and "))),
    };
    steps.say(row.accepted_at_ms().max(hook.created_at_ms), step, detail);
}

/// Says each attempt. Answers the last one, with its number.
fn attempts(host: &dyn Host, lane: &Lane, message: &str, steps: &mut Steps) -> Result<Option<(u32, Attempt)>, Error> {
    let mut last = None;
    let mut range = keys::attempts_of_delivery(lane, message);
    loop {
        let page = host.scan(&range, SCAN_ENTRIES_MAX, Direction::Forward)?;
        let whole = page.len() == SCAN_ENTRIES_MAX as usize;
        for entry in page {
            range.start = keys::next(&entry.key);
            let attempt: Attempt = rows::decode(&entry.key, &entry.value)?;
            let number = keys::parse_attempt(&entry.key).map_or(0, |(_, number)| number);
            if number > 0 {
                steps.say(attempt.at_ms, attempt.state.as_str(), outcome(number, &attempt));
            }
            if attempt.again.is_some() {
                let by = attempt.job.as_deref().map_or(String::new(), |job| format!(", by the job {job}"));
                let asked = format!("a redelivery was asked for{by}; the next attempt begins the schedule anew");
                steps.say(attempt.next_at_ms.unwrap_or(attempt.at_ms), "redelivery", asked);
            }
            last = Some((number, attempt));
        }
        if !whole {
            return Ok(last);
        }
    }
}

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
        // Of an answer the detail is what the receiver asked for.
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

/// What a delivery without a final state waits for.
fn waits(
    host: &dyn Host,
    config: &Config,
    asked: &Asked<'_>,
    last: Option<(u32, Attempt)>,
    steps: &mut Steps,
) -> Result<&'static str, Error> {
    let Asked { lane, message, row, hook } = *asked;
    let now_ms = host.now_us() / 1_000;
    let inbox = keys::inbox(keys::shard_of(lane.tenant_part()), row.accepted_at_us, message);
    if last.is_none() && host.get(&[inbox])?.iter().any(Option::is_some) {
        steps.say(now_ms, "waiting", "it is not routed yet: whom it concerns is decided next".to_owned());
        return Ok("accepted");
    }
    let due_ms = match &last {
        Some((_, attempt)) => attempt.next_at_ms.unwrap_or(now_ms),
        None if redeliver::is_queued(host, lane, message)? => now_ms,
        None => {
            steps.say(now_ms, "ended", "it was not routed to this webhook; a redelivery sends it".to_owned());
            return Ok("none");
        }
    };
    let number = last.map_or(1, |(number, _)| number + 1);
    steps.say(due_ms, "waiting", format!("attempt {number} is due then"));
    let Some((hook, stat)) = hook else { return Ok("waiting") };
    if let Some(reason) = inactive_reason(config, hook) {
        steps.say(now_ms, "waiting", format!("it will be skipped: {reason}"));
    } else if let Err(error) = Target::of(config, hook, now_ms) {
        steps.say(now_ms, "waiting", format!("the webhook cannot be sent to: {error}"));
    }
    if let Some(first) = hook.strict_order.then(|| order::first(host, lane)).transpose()?.flatten()
        && first != message
    {
        steps.say(now_ms, "waiting", format!("in strict order it is behind {first}, which is the first that waits"));
    }
    let free_at_ms = stat.free_at_us.unwrap_or(0) / 1_000;
    if free_at_ms > now_ms.max(due_ms) {
        let ill = stat.failures >= BREAKER_FAILURES;
        let why = if ill { "because its attempts keep failing" } else { "by its rate" };
        steps.say(free_at_ms, "waiting", format!("the webhook is sent nothing before then, {why}"));
    }
    if let Some(entry) = host.get_one(&keys::lane(lane))? {
        let lease: rows::Lane = rows::decode(&entry.key, &entry.value)?;
        if lease.quarantine.is_some_and(|quarantine| quarantine.claims >= QUARANTINE_ALONE_CLAIMS) {
            let alone =
                "deliveries of the webhook are made one at a time, because its workers have gone again and again";
            steps.say(now_ms, "waiting", alone.to_owned());
        }
        if lease.until_ms > now_ms {
            steps.say(
                lease.until_ms,
                "waiting",
                "a worker is at the webhook's queue, until then at the latest".to_owned(),
            );
        }
    }
    Ok("waiting")
}

#[cfg(test)]
mod tests;
