//! A webhook as the API shows it: never a secret but in the one answer that is meant to.

use crate::config::Config;
use crate::delivery::target::inactive_reason;
use crate::profile::secret::Secret;
use crate::store::rows::{Health, Webhook};
use crate::support::json::{self, Json, Style};
use crate::support::limits::LANE_IN_FLIGHT_MAX;
use crate::support::time;

/// What stands for the value of a custom header.
pub const MASK: &str = "********";

/// The webhook as text.
pub fn show(config: &Config, hook: &Webhook, stat: &Health, secret: Option<&Secret>) -> String {
    json::write(&webhook(config, hook, stat, secret), Style::Compact)
}

/// The webhook.
pub fn webhook(config: &Config, hook: &Webhook, stat: &Health, secret: Option<&Secret>) -> Json {
    let texts = |list: &[String]| Json::Array(list.iter().map(|text| Json::text(text)).collect());
    // The one that is stored, or what the configuration has against it.
    let reason = if hook.active { inactive_reason(config, hook) } else { hook.inactive_reason.clone() };
    let headers = hook.headers.iter().map(|(name, _)| (name.clone(), Json::text(MASK))).collect();
    let mut members = vec![
        ("id", Json::text(&hook.id)),
        ("userId", hook.user.as_deref().map_or(Json::Null, Json::text)),
        ("name", Json::text(&hook.name)),
        ("url", Json::text(&hook.url)),
        ("method", Json::text(&hook.method)),
        ("events", texts(&hook.events)),
        ("format", Json::text(&hook.format)),
        ("headers", Json::Object(headers)),
        ("isActive", Json::Bool(hook.active)),
        ("inactiveReason", reason.map_or(Json::Null, |reason| Json::text(&reason))),
        ("timeoutMs", Json::from(u64::from(hook.timeout_ms))),
        ("schedule", Json::Array(hook.schedule_s.iter().map(|&wait_s| Json::from(u64::from(wait_s))).collect())),
        ("concurrency", Json::from(hook.concurrency.map_or(LANE_IN_FLIGHT_MAX as u64, u64::from))),
        ("ratePerMinute", hook.rate_per_minute.map_or(Json::Null, |rate| Json::from(u64::from(rate)))),
        ("keepBodies", Json::Bool(hook.keep_bodies != Some(false))),
        ("strictOrder", Json::Bool(hook.strict_order)),
        ("onExhausted", Json::text(hook.on_exhausted.unwrap_or_default().as_str())),
        ("secretHint", hook.secrets.first().map_or(Json::Null, |secret| Json::text(&secret.fingerprint))),
        ("lastTriggeredAt", if stat.last_at_ms == 0 { Json::Null } else { millis(stat.last_at_ms) }),
        ("lastResponseCode", stat.last_status.map_or(Json::Null, |status| Json::from(u64::from(status)))),
        ("failureCount", Json::from(u64::from(stat.failures))),
        ("createdAt", millis(hook.created_at_ms)),
        ("updatedAt", millis(hook.updated_at_ms)),
    ];
    if let Some(secret) = secret {
        members.push(("secret", Json::text(secret.expose())));
    }
    Json::object(members)
}

/// A time in milliseconds, as the API writes it.
pub(crate) fn millis(ms: u64) -> Json {
    Json::String(time::rfc3339_millis(ms.saturating_mul(1_000)))
}
