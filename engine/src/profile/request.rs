//! The HTTP request of one attempt: method, URL, headers, body, signatures. When it is sent, and the meaning of its
//! response, are left to the flows.

pub(crate) mod query;

use crate::event::Event;
use crate::profile::payload::{self, Payload};
use crate::profile::secret::Secret;
use crate::profile::sign;
use crate::profile::{HeaderValue, Method, Profile, Signature};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits;
use crate::support::redact;
use crate::support::time;
use std::fmt;

/// The `User-Agent` of requests, unless the platform names its own.
pub const USER_AGENT: &str = concat!("Hookwright/", env!("CARGO_PKG_VERSION"));

/// The `Accept` of requests, unless the profile or a custom header names another one. Firewalls count a request without one
/// as suspicious.
pub const ACCEPT: &str = "*/*";

/// The destination of a webhook's requests.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The absolute URL, checked at registration.
    pub url: &'a str,
    /// The method, one of the profile's.
    pub method: Method,
    /// The webhook's custom headers, none of which the profile reserves.
    pub headers: &'a [(String, String)],
}

impl fmt::Debug for Target<'_> {
    /// Prints the URL's host and the names of the headers. The rest of the URL and the values may hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, headers) = (redact::url(self.url), redact::names(self.headers));
        f.debug_struct("Target").field("url", &url).field("method", &self.method).field("headers", &headers).finish()
    }
}

/// A request that is ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The URL. For `GET` the payload is its query.
    pub url: String,
    /// `Content-Type`, `User-Agent`, `Accept`, the profile's headers, the custom ones.
    pub headers: Vec<(String, String)>,
    /// The body of a `POST`.
    pub body: Option<String>,
    /// The payload that the attempt log keeps: the JSON that the signatures cover, also for a `GET`.
    pub logged_body: String,
}

impl fmt::Debug for Outgoing {
    /// Prints the URL's host and the names of the headers. The rest of the URL, the values and the body may hold
    /// credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, headers) = (redact::url(&self.url), redact::names(&self.headers));
        let mut shown = f.debug_struct("Outgoing");
        shown.field("method", &self.method).field("url", &url).field("headers", &headers).finish_non_exhaustive()
    }
}

/// Returns the request of one attempt. `secrets` are the live ones, newest first. Each of them signs, or only the oldest
/// if the scheme has one signature. Without any, the request has no signature.
///
/// Errors: `internal` if the event does not say when it happened; `too-large` if the payload, or its query, is longer
/// than the limits. Both are permanent: the same event fails again.
pub fn format(
    profile: &Profile,
    target: &Target<'_>,
    message_id: &str,
    event: &Event,
    attempt_at_us: u64,
    secrets: &[Secret],
) -> Result<Outgoing, Error> {
    let payload = payload::build(profile, message_id, event)?;
    of_payload(profile, target, message_id, payload, attempt_at_us, secrets)
}

/// Returns the request of one attempt for a payload that has been built.
pub fn of_payload(
    profile: &Profile,
    target: &Target<'_>,
    message_id: &str,
    payload: Payload,
    attempt_at_us: u64,
    secrets: &[Secret],
) -> Result<Outgoing, Error> {
    let attempt_at_s = time::unix_seconds(attempt_at_us);
    let mut headers = general_headers(profile, target);
    for header in profile.headers.iter().filter(|header| !header.signed_only || !secrets.is_empty()) {
        let value = match header.value {
            HeaderValue::Type => payload.event_type.clone(),
            HeaderValue::MessageId => message_id.to_owned(),
            HeaderValue::AttemptSeconds => attempt_at_s.to_string(),
            HeaderValue::Signature => signature(&profile.signature, message_id, attempt_at_s, &payload.body, secrets),
        };
        headers.push((header.name.clone(), value));
    }
    headers.extend(target.headers.iter().filter(|(name, _)| !is_content_type(name)).cloned());
    let (url, body) = match target.method {
        Method::Post => (target.url.to_owned(), Some(payload.body.clone())),
        Method::Get => {
            let query = query::encode(&payload.json, limits::QUERY_BYTES_MAX).ok_or_else(|| {
                let message = format!("the payload as a query has more than {} bytes", limits::QUERY_BYTES_MAX);
                Error::of(ErrorKind::TooLarge, message).hint("let the webhook use POST")
            })?;
            (query::join(target.url, profile.own_query, &query), None)
        }
    };
    Ok(Outgoing { method: target.method, url, headers, body, logged_body: payload.body })
}

/// Returns the headers that do not depend on the message.
fn general_headers(profile: &Profile, target: &Target<'_>) -> Vec<(String, String)> {
    let user_agent = profile.user_agent.as_deref().unwrap_or(USER_AGENT);
    // A webhook's own `Content-Type` names the same JSON more closely.
    let own = target.headers.iter().find(|(name, _)| is_content_type(name));
    let content_type = own.map_or("application/json", |(_, value)| value);
    let mut headers =
        vec![("Content-Type".to_owned(), content_type.to_owned()), ("User-Agent".to_owned(), user_agent.to_owned())];
    let accept = profile.accept.as_deref().unwrap_or(ACCEPT);
    let mut others =
        profile.headers.iter().map(|header| &header.name).chain(target.headers.iter().map(|(name, _)| name));
    if !accept.is_empty() && !others.any(|name| name.eq_ignore_ascii_case("accept")) {
        headers.push(("Accept".to_owned(), accept.to_owned()));
    }
    headers
}

fn is_content_type(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
}

fn signature(scheme: &Signature, message_id: &str, attempt_at_s: u64, body: &str, secrets: &[Secret]) -> String {
    match scheme {
        Signature::BodyHex { prefix } => {
            // A receiver that does not know the newer ones yet verifies the request.
            let oldest = secrets.last().map(|secret| sign::body_hex(secret.key(), body));
            oldest.map(|signature| format!("{prefix}{signature}")).unwrap_or_default()
        }
        Signature::StandardWebhooks => {
            let each = secrets.iter().map(|secret| sign::standard_v1(secret.key(), message_id, attempt_at_s, body));
            each.collect::<Vec<_>>().join(" ")
        }
    }
}

#[cfg(test)]
mod tests;
