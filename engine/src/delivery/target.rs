//! A webhook opened for use: its secrets and headers unsealed, its profile found.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::config::Config;
use crate::config::PlainHttp;
use crate::config::url;
use crate::delivery::rules::Rules;
use crate::ports::Entry;
use crate::profile::secret::Secret;
use crate::profile::{Method, Profile};
use crate::store::rows::{self, Webhook};
use crate::support::error::Error;
use crate::support::limits::{self, LANE_IN_FLIGHT_MAX, TIMEOUT_MS_MAX, TIMEOUT_MS_MIN};

/// A webhook as a worker needs it.
pub struct Target {
    profile: Arc<Profile>,
    url: String,
    authority: String,
    method: Method,
    headers: Zeroizing<Vec<(String, String)>>,
    secrets: Vec<Secret>,
    /// The time until which each secret signs, in milliseconds. No secret ends before an older one.
    secret_ends_ms: Vec<u64>,
    timeout_ms: u32,
    schedule_s: Vec<u32>,
    rules: Rules,
    inactive_reason: Option<String>,
    activated_at_ms: u64,
    concurrency: usize,
    rate_per_minute: Option<u32>,
    keep_bodies: bool,
    strict: bool,
    paused_until_ms: u64,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("authority", &self.authority)
            .field("profile", &self.profile.name)
            .finish_non_exhaustive()
    }
}

impl Target {
    /// Opens a stored webhook. Returns an error if its sealing key or its profile is not configured.
    pub fn read(config: &Config, entry: &Entry, now_ms: u64) -> Result<Target, Error> {
        Target::of(config, &rows::decode(&entry.key, &entry.value)?, now_ms)
    }

    /// Opens a webhook.
    pub fn of(config: &Config, webhook: &Webhook, now_ms: u64) -> Result<Target, Error> {
        let profile = config.format("format", &webhook.format)?;
        let (mut secrets, mut secret_ends_ms) = (Vec::new(), Vec::new());
        for secret in webhook.secrets.iter().filter(|secret| secret.is_live(now_ms)) {
            let text = config.sealing().open(&secret_place(&webhook.id), &secret.sealed)?;
            secrets.push(Secret::parse(&profile, &text)?);
            secret_ends_ms.push(secret.until_ms.unwrap_or(u64::MAX));
        }
        let mut headers = Zeroizing::new(Vec::new());
        for (name, sealed) in &webhook.headers {
            let value = config.sealing().open(&header_place(&webhook.id, name), sealed)?;
            headers.push((name.clone(), value.to_string()));
        }
        let inactive = inactive_reason(config, webhook);
        let rules = Rules::of(&profile, webhook);
        Ok(Target {
            profile,
            authority: authority(&webhook.url),
            url: webhook.url.clone(),
            method: Method::parse(&webhook.method).unwrap_or_default(),
            headers,
            secrets,
            secret_ends_ms,
            // A claim assumes the same bound. A longer timeout, from a version with other limits, would outlast every lease.
            timeout_ms: webhook.timeout_ms.clamp(TIMEOUT_MS_MIN, TIMEOUT_MS_MAX),
            schedule_s: webhook.schedule_s.clone(),
            rules,
            inactive_reason: inactive,
            activated_at_ms: webhook.activated_at_ms.unwrap_or(0),
            concurrency: match webhook.concurrency {
                _ if webhook.strict_order => 1,
                slots => slots.map_or(LANE_IN_FLIGHT_MAX, |slots| slots as usize),
            },
            rate_per_minute: webhook.rate_per_minute,
            keep_bodies: webhook.keep_bodies != Some(false),
            strict: webhook.strict_order,
            paused_until_ms: webhook.paused_until_ms.unwrap_or(0),
        })
    }

    /// Returns the webhook of a tenant that keeps no bodies.
    pub fn without_bodies(self) -> Target {
        Target { keep_bodies: false, ..self }
    }

    /// Returns true if parts of responses are kept.
    pub fn keep_bodies(&self) -> bool {
        self.keep_bodies
    }

    /// Returns the profile of its format.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Returns the URL, the method and the headers of its requests.
    pub fn request(&self) -> crate::profile::request::Target<'_> {
        crate::profile::request::Target { url: &self.url, method: self.method, headers: &self.headers }
    }

    /// Returns the secrets that sign at a time, newest first. All of them were live when the webhook was opened.
    pub fn secrets(&self, now_ms: u64) -> &[Secret] {
        let live = self.secret_ends_ms.iter().take_while(|until_ms| **until_ms > now_ms).count();
        &self.secrets[..live]
    }

    /// Returns the timeout of an attempt, in milliseconds.
    pub fn timeout_ms(&self) -> u32 {
        self.timeout_ms
    }

    /// Returns the waits after each failed attempt, in seconds.
    pub fn schedule_s(&self) -> &[u32] {
        &self.schedule_s
    }

    /// Returns the rules by which the outcome of an attempt is judged.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns the number of requests that may be in flight at once.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Returns the time between an attempt of a delivery that was due at a time and the next attempt, in microseconds.
    /// 0: no limit. A webhook without a rate is sent slowly what has waited for the end of a pause.
    pub fn spacing_us(&self, due_ms: u64) -> u64 {
        let has_waited = due_ms < self.paused_until_ms;
        let rate = self.rate_per_minute.or(has_waited.then_some(limits::PAUSE_BACKLOG_PER_MINUTE));
        rate.map_or(0, |rate| 60_000_000 / u64::from(rate.max(1)))
    }

    /// Returns the end of the webhook's last pause, in milliseconds. 0: it was never paused.
    pub fn paused_until_ms(&self) -> u64 {
        self.paused_until_ms
    }

    /// Returns true if messages are sent one at a time, in the order of acceptance.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Returns the host and the port of its URL, in one spelling.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Returns the time of the last activation or change of the URL, in milliseconds. 0: neither has happened.
    pub fn activated_at_ms(&self) -> u64 {
        self.activated_at_ms
    }

    /// Returns the reason for which nothing is delivered, if there is one.
    pub fn inactive_reason(&self) -> Option<&str> {
        self.inactive_reason.as_deref()
    }
}

fn authority(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let spelled = rest.split(['/', '?']).next().unwrap_or_default().to_ascii_lowercase();
    let default = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    let (host, port) = match spelled.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => (host, format!(":{port}")),
        None => (spelled.as_str(), default.to_owned()),
    };
    format!("{}{port}", host.strip_suffix('.').unwrap_or(host))
}

/// Returns the reason for which nothing is delivered to a webhook, if there is one.
pub fn inactive_reason(config: &Config, webhook: &Webhook) -> Option<String> {
    match (&webhook.inactive_reason, webhook.active) {
        (_, true) if config.plain_http() == PlainHttp::Refused && url::is_plain(&webhook.url) => {
            Some("its URL is http, and only https is allowed".to_owned())
        }
        (_, true) => None,
        (Some(reason), false) => Some(reason.clone()),
        (None, false) => Some("the webhook is not active".to_owned()),
    }
}

/// Returns the place to which a webhook's sealed secrets are bound.
pub(crate) fn secret_place(webhook: &str) -> String {
    format!("{webhook}/secret")
}

/// Returns the place to which a custom header's sealed value is bound.
pub(crate) fn header_place(webhook: &str, name: &str) -> String {
    format!("{webhook}/header/{}", name.to_ascii_lowercase())
}
