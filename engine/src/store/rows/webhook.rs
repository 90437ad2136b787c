//! `webhook/`: a registration.

use serde::{Deserialize, Serialize};

use super::Row;
use crate::support::statuses::StatusSet;

/// `webhook/`: a registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// The commit that wrote the row.
    pub token: String,
    /// The webhook's id.
    pub id: String,
    /// The tenant's name.
    pub tenant: String,
    /// The user that registered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// `POST` or `GET`.
    pub method: String,
    /// Its patterns.
    pub events: Vec<String>,
    /// The name of its format, which is a profile.
    pub format: String,
    /// Its secrets, newest first; none: its requests are unsigned.
    pub secrets: Vec<WebhookSecret>,
    /// Its custom headers: name and sealed value.
    pub headers: Vec<(String, String)>,
    /// True if events are delivered to it.
    pub active: bool,
    /// Why it is not active, if the engine decided that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive_reason: Option<String>,
    /// When it was last made active again or given another URL, in milliseconds. Earlier responses do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_at_ms: Option<u64>,
    /// The timeout of an attempt, in milliseconds.
    pub timeout_ms: u32,
    /// The waits after each failed attempt, in seconds.
    pub schedule_s: Vec<u32>,
    /// The number of requests in flight at once; none: the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// The number of attempts per minute; none: without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_minute: Option<u32>,
    /// True if the receiver's responses are kept; none: they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_bodies: Option<bool>,
    /// True if messages go out one at a time, in the order of acceptance.
    #[serde(default)]
    pub strict_order: bool,
    /// The reaction to an exhausted delivery in strict order. `None`: the next message follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_exhausted: Option<OnExhausted>,
    /// The statuses of success; none: its format's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_statuses: Option<StatusSet>,
    /// The statuses that end a message at once; none: its format's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_statuses: Option<StatusSet>,
    /// The end of its last pause, in milliseconds: before it deliveries wait, and those that were due before it are paced.
    /// None: it was never paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until_ms: Option<u64>,
    /// When it was registered, in milliseconds.
    pub created_at_ms: u64,
    /// When it was last changed, in milliseconds.
    pub updated_at_ms: u64,
}

/// The reaction to an exhausted delivery in strict order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnExhausted {
    /// The next message.
    #[default]
    Continue,
    /// Nothing, until the webhook is made active again.
    Pause,
}

/// A secret of a registration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSecret {
    /// The sealed secret.
    pub sealed: String,
    /// The keyed fingerprint, for display and comparison.
    pub fingerprint: String,
    /// When it was set, in milliseconds.
    #[serde(default)]
    pub since_ms: u64,
    /// When it stops signing, in milliseconds; none: when it is rotated. No secret ends before an older one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

impl Row for Webhook {}

impl Webhook {
    /// Returns true if nothing follows a delivery that has used up its attempts.
    pub fn pauses(&self) -> bool {
        self.strict_order && self.on_exhausted == Some(OnExhausted::Pause)
    }
}

impl WebhookSecret {
    /// Returns true if it still signs at this time.
    pub fn is_live(&self, now_ms: u64) -> bool {
        self.until_ms.is_none_or(|until_ms| until_ms > now_ms)
    }
}

impl OnExhausted {
    /// All choices.
    pub const ALL: [OnExhausted; 2] = [OnExhausted::Continue, OnExhausted::Pause];

    /// The choice's name in the API, which is its name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            OnExhausted::Continue => "continue",
            OnExhausted::Pause => "pause",
        }
    }
}
