//! The test send: one attempt of a test event, made now and recorded like any other.

mod event;

use crate::api::view;
use crate::api::webhooks;
use crate::config::Config;
use crate::delivery::outgoing;
use crate::delivery::stored::read_webhook;
use crate::delivery::target::Target;
use crate::delivery::verdict;
use crate::ports::{Completion, Host, HttpError, HttpErrorKind};
use crate::profile::request;
use crate::store::commit::{Commit, Outcome};
use crate::store::id;
use crate::store::keys::{self, Lane};
use crate::store::rows::{self, Attempt, AttemptState, Recent, RecordedAttempt};
use crate::store::tenant::read_keeps_bodies;
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::POLL_MS;

/// Commits of the attempt, while other calls change the webhook, before the call fails.
const RECORD_COMMITS_MAX: u32 = 8;

/// Sends an event to a webhook as a test, whether or not its patterns match and it is active. `event` is the JSON of the
/// call; without a type it is the profile's test event. Returns the attempt.
pub fn test_webhook(
    host: &dyn Host,
    config: &Config,
    tenant: &str,
    webhook: &str,
    event: Option<&str>,
) -> Result<String, Error> {
    let lane = webhooks::lane(tenant, webhook)?;
    let webhook_row = read_webhook(host, &lane)?.webhook;
    let now_us = host.now_us();
    let target = Target::of(config, &webhook_row, now_us / 1_000)?;
    let event = event::read(config, target.profile(), event.unwrap_or_default(), now_us)?;
    if let Some(reason) = target.inactive_reason().filter(|_| webhook_row.active) {
        return Err(Error::of(ErrorKind::Conflict, reason).hint("give the webhook another URL"));
    }
    let message = id::message(host, tenant, None);
    let secrets = target.secrets(now_us / 1_000);
    // A completion that comes after its call is not taken for another call's. Every host's language holds 53 bits exactly.
    let request_id = id::derived_number("test-send", &[&message]) >> 11;
    let ready = request::format(target.profile(), &target.request(), &message, &event, now_us, secrets)?;
    let completion = send(host, outgoing::request(ready, request_id, target.timeout_ms(), &config.egress()));
    let keep_bodies = target.keep_bodies() && read_keeps_bodies(host, lane.tenant_part())?;
    let judged = verdict::judge(target.rules(), &[], 1, "", completion, host.now_us() / 1_000);
    let state = if judged.state == AttemptState::Delivered { AttemptState::Delivered } else { AttemptState::Exhausted };
    let attempt = Attempt { state, test: true, ..judged.recorded(now_us / 1_000, &event.event_type, keep_bodies) };
    let row = rows::Message {
        tenant: tenant.to_owned(),
        event_type: event.event_type.clone(),
        occurred_at_us: now_us,
        accepted_at_us: now_us,
        content_hash: None,
        tombstone: None,
        test: true,
        // Contents that are not kept of events are not kept of tests either.
        event: keep_bodies.then(|| event.to_json()),
        subject_hash: None,
    };
    record(host, &lane, &message, &row, &attempt)?;
    view::text(&view::attempt(lane.webhook(), &message, 1, &attempt))
}

/// Records the attempt, unless the webhook has been removed meanwhile: no job would remove the rows.
fn record(host: &dyn Host, lane: &Lane, message: &str, row: &rows::Message, attempt: &Attempt) -> Result<(), Error> {
    let key = keys::attempt(lane, message, 1);
    for _ in 0..RECORD_COMMITS_MAX {
        let version = read_webhook(host, lane)?.version;
        let mut commit = Commit::default();
        commit.check(&keys::webhook(lane), Some(version));
        commit.check(&key, None);
        commit.put(key.clone(), rows::encode(attempt));
        commit.put(keys::message(lane.tenant_part(), message), rows::encode(row));
        let recorded = RecordedAttempt { message: message.to_owned(), number: 1, at_ms: Some(attempt.at_ms) };
        let recent = Recent { attempts: vec![recorded] };
        commit.put(keys::recent(lane, host.now_us() / 1_000, &id::token(host)), rows::encode(&recent));
        match commit.submit(host)? {
            Outcome::Applied(_) => return Ok(()),
            // The id was drawn by this call, so a row with it was written by an earlier submission.
            Outcome::Conflict { keys: failed, .. } if failed.contains(&key) => return Ok(()),
            Outcome::Conflict { .. } => {}
        }
    }
    Err(Error::of(ErrorKind::Unavailable, "other calls kept changing the webhook").hint("repeat the call"))
}

/// Sends one request and waits for its completion, somewhat longer than the request's timeout.
fn send(host: &dyn Host, request: crate::ports::Request) -> Completion {
    let id = request.id;
    let deadline_us = host.now_us() + (u64::from(request.timeout_ms) + u64::from(POLL_MS) * 10) * 1_000;
    host.submit(vec![request]);
    loop {
        if let Some(found) = host.wait(POLL_MS).completions.into_iter().find(|completion| completion.id == id) {
            return found;
        }
        if host.now_us() > deadline_us {
            let detail = "the host did not end the request at its deadline".to_owned();
            return Completion { id, duration_ms: 0, result: Err(HttpError { kind: HttpErrorKind::Internal, detail }) };
        }
    }
}

#[cfg(test)]
mod tests;
