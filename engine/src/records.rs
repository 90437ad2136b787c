//! Every stored value. Each carries the format's version; readers refuse a version that they do not know and ignore
//! fields that they do not know.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::host::HttpErrorKind;
use crate::{Error, ErrorKind};

const VERSION: u32 = 1;

/// `msg/`: an accepted event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The tenant's name.
    pub tenant: String,
    /// The canonical event type.
    pub event_type: String,
    /// When the event happened, in microseconds.
    pub occurred_at_us: u64,
    /// When it was accepted, in milliseconds.
    pub accepted_at_ms: u64,
    /// What its id stands for: the hash of its content.
    pub content_hash: String,
    /// The event as the host handed it over.
    pub event: Box<RawValue>,
}

/// `inbox/`: a message that is not routed yet.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// The tenant, as part of a key.
    pub tenant_part: String,
    /// The canonical event type.
    pub event_type: String,
    /// The last webhook that the message has been routed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed_to: Option<String>,
}

/// `shard/`: who routes an inbox.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Shard {
    /// The last routing commit.
    pub token: String,
    /// Its worker goes on until then, in milliseconds; 0: it does not.
    pub until: u64,
}

/// `lane/`: who delivers a webhook's queue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lane {
    /// The commit that wrote the row.
    pub token: String,
    /// The end of the lease, in milliseconds; 0: the lane is free.
    pub until: u64,
    /// The key of the wake that the lane owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wake: Option<String>,
}

/// `queue/`: deliveries due at one time.
#[derive(Debug, Serialize, Deserialize)]
pub struct Queue {
    /// Message, and the number of its next attempt.
    #[serde(rename = "d")]
    pub deliveries: Vec<(String, u32)>,
}

/// `stat/`: how a webhook has fared.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stat {
    /// The last attempt, in milliseconds.
    pub last_at_ms: u64,
    /// Its response's status, if there was a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_status: Option<u16>,
    /// Attempts that failed since the last success.
    pub failures: u32,
    /// The last success, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded_at_ms: Option<u64>,
}

/// `log/`: an attempt, and what followed from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it was sent (or, without an attempt, decided), in milliseconds.
    pub at_ms: u64,
    /// How long it took, in milliseconds.
    #[serde(default)]
    pub duration_ms: u32,
    /// The canonical event type.
    pub event_type: String,
    /// The response's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was no response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<HttpErrorKind>,
    /// One sentence more about the error, or the reason of a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The beginning of the response's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// What followed.
    pub state: State,
    /// When the next attempt is due, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at_ms: Option<u64>,
    /// Whether it was a test send.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
}

/// What followed from an attempt. All but `retrying` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The receiver took it.
    Delivered,
    /// It failed and there will be another attempt.
    Retrying,
    /// It failed and the schedule has no further attempt.
    Exhausted,
    /// There was no attempt, because the webhook is not active.
    Skipped,
    /// There was no attempt, because the webhook, or the message, is gone.
    Cancelled,
}

/// `recent/`: what one commit recorded.
#[derive(Debug, Serialize, Deserialize)]
pub struct Recent {
    /// Message and number of each attempt, in the order in which they ended.
    #[serde(rename = "a")]
    pub attempts: Vec<(String, u32)>,
}

/// `hook/`: a registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hook {
    /// The commit that wrote the row.
    pub token: String,
    /// The webhook's id.
    pub id: String,
    /// The tenant's name.
    pub tenant: String,
    /// Who registered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub url: String,
    /// `POST` or `GET`.
    pub method: String,
    /// Its patterns.
    pub events: Vec<String>,
    /// The profile whose format it speaks.
    pub format: String,
    /// Its secrets, newest first; none: unsigned.
    pub secrets: Vec<HookSecret>,
    /// Custom headers: name and sealed value.
    pub headers: Vec<(String, String)>,
    /// Whether events are delivered.
    pub active: bool,
    /// Why not, if the engine decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive_reason: Option<String>,
    /// The timeout of an attempt.
    pub timeout_ms: u32,
    /// The waits after each failed attempt, in seconds.
    pub schedule_s: Vec<u32>,
    /// In milliseconds.
    pub created_at_ms: u64,
    /// In milliseconds.
    pub updated_at_ms: u64,
}

/// A secret of a registration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookSecret {
    /// Sealed.
    pub sealed: String,
    /// The keyed fingerprint, for display and comparison.
    pub fingerprint: String,
    /// Signs until then, in milliseconds; none: until it is rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// Nothing: the row's key says it all.
#[derive(Debug, Serialize, Deserialize)]
pub struct Empty {}

#[derive(Serialize)]
struct Versioned<'a, T> {
    v: u32,
    #[serde(flatten)]
    value: &'a T,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// The text of a value.
pub fn encode<T: Serialize>(value: &T) -> String {
    serde_json::to_string(&Versioned { v: VERSION, value }).expect("records have string keys and finite numbers")
}

/// The value of a text.
pub fn decode<T: DeserializeOwned>(key: &str, text: &str) -> Result<T, Error> {
    let broken = |problem: String| Error::of(ErrorKind::Internal, format!("the row '{key}' {problem}"));
    let version =
        serde_json::from_str::<VersionOnly>(text).map_err(|error| broken(format!("is not readable: {error}")))?;
    if version.v != VERSION {
        return Err(broken(format!("has the format {}; this version reads {VERSION}", version.v)));
    }
    serde_json::from_str(text).map_err(|error| broken(format!("is not readable: {error}")))
}
