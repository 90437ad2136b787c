//! A registration opened for use: secrets and headers unsealed, the dialect found.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::config::Config;
use crate::config::PlainHttp;
use crate::config::url;
use crate::ports::Entry;
use crate::profile::secret::Secret;
use crate::profile::{Method, Profile};
use crate::store::rows::{self, Webhook};
use crate::support::error::Error;
use crate::support::limits::{LANE_IN_FLIGHT_MAX, TIMEOUT_MS_MAX, TIMEOUT_MS_MIN};

/// A webhook as the pump needs it.
pub struct Target {
    profile: Arc<Profile>,
    url: String,
    authority: String,
    method: Method,
    headers: Zeroizing<Vec<(String, String)>>,
    secrets: Vec<Secret>,
    /// Until when each of them signs, in milliseconds. A rotation bounds all that are older, so none outlives a newer one.
    secret_ends_ms: Vec<u64>,
    timeout_ms: u32,
    schedule_s: Vec<u32>,
    inactive_reason: Option<String>,
    activated_at_ms: u64,
    concurrency: usize,
    rate_per_minute: Option<u32>,
    keep_bodies: bool,
    strict: bool,
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
    /// Opens a stored registration. Errors: a sealing key or a profile that is not there.
    pub fn read(config: &Config, entry: &Entry, now_ms: u64) -> Result<Target, Error> {
        Target::of(config, &rows::decode(&entry.key, &entry.value)?, now_ms)
    }

    /// Opens a registration.
    pub fn of(config: &Config, hook: &Webhook, now_ms: u64) -> Result<Target, Error> {
        let profile = config.format("format", &hook.format)?;
        let (mut secrets, mut secret_ends_ms) = (Vec::new(), Vec::new());
        for secret in hook.secrets.iter().filter(|secret| secret.is_live(now_ms)) {
            let text = config.sealing().open(&secret_place(&hook.id), &secret.sealed)?;
            secrets.push(Secret::parse(&profile, &text)?);
            secret_ends_ms.push(secret.until_ms.unwrap_or(u64::MAX));
        }
        let mut headers = Zeroizing::new(Vec::new());
        for (name, sealed) in &hook.headers {
            let value = config.sealing().open(&header_place(&hook.id, name), sealed)?;
            headers.push((name.clone(), value.to_string()));
        }
        let inactive = inactive_reason(config, hook);
        Ok(Target {
            profile,
            authority: authority(&hook.url),
            url: hook.url.clone(),
            method: Method::parse(&hook.method).unwrap_or_default(),
            headers,
            secrets,
            secret_ends_ms,
            // As a claim reckons: of a longer one, from a version with other limits, no lease would ever be long enough.
            timeout_ms: hook.timeout_ms.clamp(TIMEOUT_MS_MIN, TIMEOUT_MS_MAX),
            schedule_s: hook.schedule_s.clone(),
            inactive_reason: inactive,
            activated_at_ms: hook.activated_at_ms.unwrap_or(0),
            concurrency: match hook.concurrency {
                _ if hook.strict_order => 1,
                slots => slots.map_or(LANE_IN_FLIGHT_MAX, |slots| slots as usize),
            },
            rate_per_minute: hook.rate_per_minute,
            keep_bodies: hook.keep_bodies != Some(false),
            strict: hook.strict_order,
        })
    }

    /// The same, of a tenant that keeps no bodies.
    pub fn without_bodies(self) -> Target {
        Target { keep_bodies: false, ..self }
    }

    /// Whether what its receiver answers is kept.
    pub fn keep_bodies(&self) -> bool {
        self.keep_bodies
    }

    /// The dialect that it speaks.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Where and how.
    pub fn request(&self) -> crate::profile::request::Target<'_> {
        crate::profile::request::Target { url: &self.url, method: self.method, headers: &self.headers }
    }

    /// The secrets that sign at this time, newest first: some of those that were live when the registration was opened.
    pub fn secrets(&self, now_ms: u64) -> &[Secret] {
        let live = self.secret_ends_ms.iter().take_while(|until_ms| **until_ms > now_ms).count();
        &self.secrets[..live]
    }

    /// The timeout of an attempt.
    pub fn timeout_ms(&self) -> u32 {
        self.timeout_ms
    }

    /// The waits after each failed attempt, in seconds.
    pub fn schedule_s(&self) -> &[u32] {
        &self.schedule_s
    }

    /// Requests that may be in flight at once.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// The space between two attempts, in microseconds; 0: none.
    pub fn spacing_us(&self) -> u64 {
        self.rate_per_minute.map_or(0, |rate| 60_000_000 / u64::from(rate.max(1)))
    }

    /// Whether its messages go out one at a time, in the order of acceptance.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// The host and the port that it goes to, however the URL spells them.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// When it was made active again or given another URL, in milliseconds; 0: it is as it was registered.
    pub fn activated_at_ms(&self) -> u64 {
        self.activated_at_ms
    }

    /// Why nothing is delivered, if so.
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

/// Why nothing is delivered to a webhook, if so.
pub fn inactive_reason(config: &Config, hook: &Webhook) -> Option<String> {
    match (&hook.inactive_reason, hook.active) {
        (_, true) if config.plain_http() == PlainHttp::Refused && url::is_plain(&hook.url) => {
            Some("its URL is http, and only https is allowed".to_owned())
        }
        (_, true) => None,
        (Some(reason), false) => Some(reason.clone()),
        (None, false) => Some("the webhook is not active".to_owned()),
    }
}

/// What a webhook's secrets are sealed for.
pub(crate) fn secret_place(webhook: &str) -> String {
    format!("{webhook}/secret")
}

/// What a custom header's value is sealed for.
pub(crate) fn header_place(webhook: &str, name: &str) -> String {
    format!("{webhook}/header/{}", name.to_ascii_lowercase())
}
