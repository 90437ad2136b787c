//! The answers of the management API, as JSON. A secret is in the one answer that is meant to show it, and nowhere else.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::api::pause;
use crate::api::statuses;
use crate::config::Config;
use crate::delivery::rotation;
use crate::delivery::target::inactive_reason;
use crate::ports::HttpErrorKind;
use crate::profile::request::query;
use crate::profile::secret::Secret;
use crate::profile::{Method, OwnQuery};
use crate::store::rows::{Attempt, Health, Job, JobFilter, Webhook};
use crate::support::error::{Error, ErrorKind};
use crate::support::json::{self, Json, Style};
use crate::support::limits::LANE_IN_FLIGHT_MAX;
use crate::support::statuses::StatusSet;
use crate::support::time;

/// The text shown in place of a custom header's value.
pub(super) const MASK: &str = "********";

/// Returns the JSON text of an answer.
pub(super) fn text<T: Serialize>(answer: &T) -> Result<String, Error> {
    serde_json::to_string(answer)
        .map_err(|error| Error::of(ErrorKind::Internal, format!("the answer cannot be written as JSON: {error}")))
}

/// Returns a JSON tree with its order of keys and its texts of numbers.
pub(super) fn raw(json: &Json) -> Result<Box<RawValue>, Error> {
    RawValue::from_string(json::write(json, Style::Compact))
        .map_err(|error| Error::of(ErrorKind::Internal, format!("an event cannot be written as JSON: {error}")))
}

/// Returns a time in milliseconds as RFC 3339 text.
pub(super) fn millis(ms: u64) -> String {
    time::rfc3339_millis(ms.saturating_mul(1_000))
}

/// A page of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
}

/// A webhook.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookView<'a> {
    id: &'a str,
    user_id: Option<&'a str>,
    name: &'a str,
    url: &'a str,
    method: &'a str,
    events: &'a [String],
    format: &'a str,
    headers: MaskedHeaders<'a>,
    is_active: bool,
    inactive_reason: Option<String>,
    timeout_ms: u32,
    schedule: &'a [u32],
    concurrency: usize,
    rate_per_minute: Option<u32>,
    keep_bodies: bool,
    strict_order: bool,
    on_exhausted: &'static str,
    paused_until: Option<String>,
    success_statuses: Option<StatusSet>,
    final_statuses: Option<StatusSet>,
    secret_hint: Option<&'a str>,
    new_secret_signs_from: Option<String>,
    old_secret_signs_until: Option<String>,
    last_triggered_at: Option<String>,
    last_response_code: Option<u16>,
    failure_count: u32,
    created_at: String,
    updated_at: String,
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

/// The names of custom headers, each with [`MASK`] for its value.
struct MaskedHeaders<'a>(&'a Webhook);

impl Serialize for MaskedHeaders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.headers.len()))?;
        for (name, _) in &self.0.headers {
            map.serialize_entry(name, MASK)?;
        }
        map.end()
    }
}

impl WebhookView<'_> {
    /// Returns the webhook with the time from which a secret signs that was set at this time. It differs if an earlier
    /// one signs first.
    pub(super) fn with_new_secret_from(mut self, now_ms: u64) -> Self {
        self.new_secret_signs_from.get_or_insert_with(|| millis(now_ms));
        self
    }
}

/// Returns a webhook as it is shown at a time. `secret` is shown in clear.
pub(super) fn webhook<'a>(
    config: &Config,
    webhook: &'a Webhook,
    health: &Health,
    secret: Option<&'a Secret>,
    now_ms: u64,
) -> WebhookView<'a> {
    // The stored reason, or the configuration's reason to deliver nothing.
    let inactive_reason = if webhook.active {
        inactive_reason(config, webhook).or_else(|| unreachable_reason(config, webhook))
    } else {
        webhook.inactive_reason.clone()
    };
    // Without its profile, nothing is sent.
    let profile = config.format("format", &webhook.format).ok();
    let (success_statuses, final_statuses) = statuses::shown(profile.as_deref(), webhook);
    let rotation = profile.and_then(|profile| rotation::under_way(&webhook.secrets, &profile.signature, now_ms));
    WebhookView {
        id: &webhook.id,
        user_id: webhook.user.as_deref(),
        name: &webhook.name,
        url: &webhook.url,
        method: &webhook.method,
        events: &webhook.events,
        format: &webhook.format,
        headers: MaskedHeaders(webhook),
        is_active: webhook.active,
        inactive_reason,
        timeout_ms: webhook.timeout_ms,
        schedule: &webhook.schedule_s,
        concurrency: webhook.concurrency.map_or(LANE_IN_FLIGHT_MAX, |requests| requests as usize),
        rate_per_minute: webhook.rate_per_minute,
        keep_bodies: webhook.keep_bodies != Some(false),
        strict_order: webhook.strict_order,
        on_exhausted: webhook.on_exhausted.unwrap_or_default().as_str(),
        paused_until: pause::end_ms(webhook, now_ms).map(millis),
        success_statuses,
        final_statuses,
        secret_hint: webhook.secrets.first().map(|secret| secret.fingerprint.as_str()),
        new_secret_signs_from: rotation.map(|rotation| millis(rotation.new_from_ms)),
        old_secret_signs_until: rotation.map(|rotation| millis(rotation.old_until_ms)),
        last_triggered_at: (health.last_at_ms > 0).then(|| millis(health.last_at_ms)),
        last_response_code: health.last_status,
        failure_count: health.failures,
        created_at: millis(webhook.created_at_ms),
        updated_at: millis(webhook.updated_at_ms),
        warnings: replaced_query(config, webhook).into_iter().collect(),
        secret: secret.map(Secret::expose),
    }
}

/// Returns the reason for which every attempt fails, if the platform's list of allowed networks has become shorter.
fn unreachable_reason(config: &Config, webhook: &Webhook) -> Option<String> {
    let reason = config.address_refusal(&webhook.url)?;
    Some(format!("its URL names an address that must not be reached: {reason}"))
}

/// Returns the warning that the query of a webhook's URL is never sent, if its format replaces it. Only the names are told,
/// because a value may be a credential.
fn replaced_query(config: &Config, webhook: &Webhook) -> Option<String> {
    if Method::parse(&webhook.method) != Some(Method::Get) || !webhook.url.contains('?') {
        return None;
    }
    let format = config.format("format", &webhook.format).ok()?;
    let names = query::own_names(&webhook.url);
    if format.own_query == OwnQuery::Keep || names.is_empty() {
        return None;
    }
    let names = names.iter().map(|name| format!("`{}`", json::quoted(name))).collect::<Vec<_>>().join(", ");
    Some(format!(
        "with the method GET the format {} replaces the query of the URL by the payload: {names} is not sent; use POST, a \
         header, or another format",
        format.name
    ))
}

/// An attempt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttemptView {
    message_id: String,
    webhook_id: String,
    event_type: String,
    number: u32,
    at: String,
    duration_ms: u32,
    state: &'static str,
    status: Option<u16>,
    error: Option<&'static str>,
    detail: Option<String>,
    response_excerpt: Option<String>,
    next_attempt_at: Option<String>,
    is_test: bool,
}

/// Returns an attempt as it is shown.
pub(super) fn attempt(webhook: &str, message: &str, number: u32, attempt: &Attempt) -> AttemptView {
    AttemptView {
        message_id: message.to_owned(),
        webhook_id: webhook.to_owned(),
        event_type: attempt.event_type.clone(),
        number,
        at: millis(attempt.at_ms),
        duration_ms: attempt.duration_ms,
        state: attempt.state.as_str(),
        status: attempt.status,
        error: attempt.error.map(HttpErrorKind::as_str),
        detail: attempt.detail.clone(),
        response_excerpt: attempt.excerpt.clone(),
        next_attempt_at: attempt.next_at_ms.map(millis),
        is_test: attempt.test,
    }
}

/// A message with its latest attempts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageView<'a> {
    pub id: &'a str,
    pub r#type: &'a str,
    pub occurred_at: String,
    pub accepted_at: String,
    pub event: Option<Box<RawValue>>,
    pub attempts: Vec<AttemptView>,
    pub next_cursor: Option<String>,
}

/// A job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobView {
    id: String,
    kind: &'static str,
    state: &'static str,
    scanned: u64,
    affected: u64,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    #[serde(flatten)]
    filter: Option<JobFilter>,
}

/// Returns a job as it is shown.
pub(super) fn job(id: &str, job: &Job) -> JobView {
    JobView {
        id: id.to_owned(),
        kind: job.kind.as_str(),
        state: job.state.as_str(),
        scanned: job.scanned,
        affected: job.affected,
        created_at: millis(job.created_at_ms),
        updated_at: millis(job.updated_at_ms),
        webhook_id: job.webhook.clone(),
        detail: job.detail.clone(),
        since: job.since_ms.map(millis),
        until: job.until_ms.map(millis),
        ended_at: job.ended_at_ms.map(millis),
        filter: job.filter.clone(),
    }
}

impl JobView {
    /// Returns the job's id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// A problem document (RFC 9457).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem<'a> {
    pub r#type: &'static str,
    pub title: &'a str,
    pub status: u16,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'a str>,
    /// The webhooks for which a call for several was carried out before it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_ids: Option<&'a [String]>,
    /// The other webhooks of such a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_ids_left: Option<&'a [String]>,
}
