//! Reads the rows of `docs/storage-layout.md` with the simulator's own eyes, so that the engine's spelling of a key or a
//! value is not what judges it.

use hookwright_engine::limits::CLOCK_SKEW_MS_MAX;
use serde::Deserialize;

/// The meaning of a key. A lane is `<tenant>/<webhook>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row<'a> {
    Message { message: &'a str },
    Inbox { message: &'a str },
    Shard,
    Subscription { tenant: &'a str, pattern: &'a str, webhook: &'a str },
    Subscriptions { tenant: &'a str },
    Webhook { lane: &'a str },
    Queue { lane: &'a str, due_ms: u64 },
    Timer { lane: &'a str, due_ms: u64 },
    Lane { lane: &'a str },
    Attempt { tenant: &'a str, message: &'a str, webhook: &'a str, number: u32 },
    Health { lane: &'a str },
    Routed { tenant: &'a str, at_ms: u64 },
    Recent { lane: &'a str, at_ms: u64 },
    Job { job: &'a str },
    Tenant { tenant: &'a str },
    Other,
}

/// Returns the meaning of a key; `None` if the layout has no such key.
pub fn parse(key: &str) -> Option<Row<'_>> {
    let (kind, rest) = key.split_once('/')?;
    let parts: [&str; 4] = {
        let mut split = rest.splitn(4, '/');
        std::array::from_fn(|_| split.next().unwrap_or(""))
    };
    Some(match kind {
        "message" => Row::Message { message: parts[1] },
        "inbox" => Row::Inbox { message: parts[2] },
        "shard" => Row::Shard,
        "subscription" => Row::Subscription { tenant: parts[0], pattern: parts[1], webhook: parts[2] },
        "subscriptions" => Row::Subscriptions { tenant: rest },
        "webhook" => Row::Webhook { lane: rest },
        "queue" => Row::Queue { lane: two(rest)?, due_ms: parts[2].parse().ok()? },
        "timer" => Row::Timer { lane: two(rest.split_once('/')?.1)?, due_ms: parts[0].parse().ok()? },
        "lane" => Row::Lane { lane: rest },
        "attempt" => {
            Row::Attempt { tenant: parts[0], message: parts[1], webhook: parts[2], number: parts[3].parse().ok()? }
        }
        "health" => Row::Health { lane: rest },
        "recent" => Row::Recent { lane: two(rest)?, at_ms: parts[2].parse().ok()? },
        "erasure" => Row::Other,
        "tenant" => Row::Tenant { tenant: rest },
        "job" => Row::Job { job: rest },
        "routed" | "redacted" => Row::Routed { tenant: parts[0], at_ms: parts[1].parse().ok()? },
        _ => return None,
    })
}

fn two(text: &str) -> Option<&str> {
    let (end, _) = text.match_indices('/').nth(1)?;
    Some(&text[..end])
}

/// A lane's lease.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    pub token: String,
    pub until_ms: u64,
    #[serde(default)]
    pub timer: Option<String>,
    #[serde(default)]
    pub quarantine: Quarantine,
}

/// A message, and the number of an attempt of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Numbered {
    pub message: String,
    pub number: u32,
}

/// The quarantine record of a lane.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Quarantine {
    pub claims: u32,
    #[serde(default)]
    pub delivery: Option<Numbered>,
    #[serde(default)]
    pub recorded: usize,
}

/// A group of deliveries.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub deliveries: Vec<Numbered>,
    /// The attempt with which their schedule began.
    #[serde(default = "one")]
    pub first: u32,
    /// When they are due, if not at the time in the key.
    #[serde(default)]
    pub due_ms: Option<u64>,
}

impl Group {
    /// When they are due, in strict order or without.
    pub fn due_ms(&self, key: &str, strict: bool) -> u64 {
        let Some(Row::Queue { due_ms, .. }) = parse(key) else { return 0 };
        let own_ms = self.due_ms.unwrap_or(due_ms);
        if strict { own_ms } else { own_ms.max(due_ms) }
    }
}

impl Webhook {
    /// True if no delivery follows one that has used up its attempts.
    pub fn pauses(&self) -> bool {
        self.strict_order && self.on_exhausted.as_deref() == Some("pause")
    }

    /// True if that has happened.
    pub fn is_paused(&self) -> bool {
        !self.active && self.inactive_reason.as_ref().is_some_and(|reason| reason.starts_with("paused:"))
    }
}

fn one() -> u32 {
    1
}

/// How a webhook is found.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Subscription {
    #[serde(default)]
    pub patterns: Vec<String>,
    #[serde(default)]
    pub excluded: Vec<String>,
}

/// A tenant's subscriptions as a whole.
#[derive(Debug, Deserialize)]
pub struct Subscriptions {
    pub webhooks: usize,
    /// How many wide patterns they have.
    pub wide: usize,
}

/// The stored fields of an event that the checkers read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub event_type: String,
    pub accepted_at_us: u64,
    /// Why it is being removed.
    #[serde(default)]
    pub tombstone: Option<String>,
    #[serde(default)]
    pub event: Option<serde_json::Value>,
}

/// A tenant's settings.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    pub keep_bodies: bool,
}

/// The stored fields of a webhook that the checkers read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    pub url: String,
    pub events: Vec<String>,
    pub active: bool,
    pub schedule_s: Vec<u32>,
    /// Newest first.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    #[serde(default)]
    pub concurrency: Option<usize>,
    #[serde(default)]
    pub rate_per_minute: Option<u64>,
    #[serde(default)]
    pub strict_order: bool,
    #[serde(default)]
    pub on_exhausted: Option<String>,
    #[serde(default)]
    pub success_statuses: Option<Vec<serde_json::Value>>,
    #[serde(default)]
    pub final_statuses: Option<Vec<serde_json::Value>>,
    #[serde(default)]
    pub inactive_reason: Option<String>,
    #[serde(default)]
    pub activated_at_ms: Option<u64>,
    /// The end of its last pause.
    #[serde(default)]
    pub paused_until_ms: u64,
}

/// A webhook's secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    pub sealed: String,
    /// It signs until then; none: until it is rotated.
    #[serde(default)]
    pub until_ms: Option<u64>,
}

/// The records of one commit.
#[derive(Debug, Deserialize)]
pub struct Recent {
    pub attempts: Vec<Recorded>,
}

/// An attempt that a record names, with its time.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    pub message: String,
    pub number: u32,
    #[serde(default)]
    pub at_ms: Option<u64>,
}

/// The deliveries that a job is about.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct JobFilter {
    #[serde(default)]
    pub event_types: Vec<String>,
    #[serde(default)]
    pub states: Vec<String>,
    #[serde(default, deserialize_with = "texts")]
    pub statuses: Vec<String>,
    #[serde(default)]
    pub errors: Vec<String>,
}

/// A job.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub kind: String,
    pub state: String,
    pub webhook: Option<String>,
    pub since_ms: Option<u64>,
    pub until_ms: Option<u64>,
    #[serde(default)]
    pub filter: JobFilter,
    pub scanned: u64,
    pub affected: u64,
    pub created_at_ms: u64,
    pub ended_at_ms: Option<u64>,
    pub detail: Option<String>,
    pub claims: Option<u32>,
    pub timer: Option<String>,
}

impl Job {
    /// The times that it is about.
    pub fn range_ms(&self) -> (u64, u64) {
        (self.since_ms.unwrap_or(0), self.until_ms.unwrap_or(self.created_at_ms + CLOCK_SKEW_MS_MAX))
    }

    /// True if there is more to do.
    pub fn runs(&self) -> bool {
        self.state == "running"
    }
}

/// Messages of a tenant that one commit finished routing.
#[derive(Debug, Deserialize)]
pub struct Routed {
    pub messages: Vec<RoutedMessage>,
}

/// A message whose routing is finished.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoutedMessage {
    pub message: String,
    pub accepted_ms: u64,
    /// How many webhooks it was routed to.
    pub webhooks: usize,
}

/// How a webhook has fared, as far as the checkers look.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    #[serde(default)]
    pub free_at_us: Option<u64>,
    pub failures: u64,
    #[serde(default)]
    pub succeeded_at_ms: Option<u64>,
}

/// The stored fields of an attempt.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub at_ms: u64,
    #[serde(default)]
    pub status: Option<u16>,
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub detail: Option<String>,
    pub state: String,
    #[serde(default)]
    pub next_at_ms: Option<u64>,
    #[serde(default)]
    pub again: Option<String>,
    /// The job that asked for the next attempt first.
    #[serde(default)]
    pub job: Option<String>,
    #[serde(default)]
    pub test: bool,
}

impl Attempt {
    /// Returns true if the receiver has ended the message, which is no failure of the webhook.
    pub fn is_aborted(&self) -> bool {
        self.status.is_some() && self.detail.as_deref() == Some("the receiver wants this message no more")
    }

    /// Returns true if its round ends with it: the first delivery, or a redelivery.
    pub fn is_final(&self) -> bool {
        self.state != "retrying"
    }

    /// Returns true if nothing follows.
    pub fn is_last(&self) -> bool {
        self.is_final() && self.again.is_none()
    }

    /// Returns true if a request was made.
    pub fn attempted(&self) -> bool {
        self.status.is_some() || self.error.is_some()
    }
}

/// Returns true if a value of an `attempt` row is another one without the receiver's response.
pub fn is_without_answer(before: &str, after: &str) -> bool {
    let without = |text: &str| {
        let mut value: serde_json::Value = serde_json::from_str(text).ok()?;
        let row = value.as_object_mut()?;
        row.remove("excerpt");
        if row.get("error").is_some_and(|error| error == "protocol") {
            row.remove("detail");
        }
        Some(value)
    };
    before != after
        && without(before)
            .is_some_and(|before| serde_json::from_str(after).is_ok_and(|after: serde_json::Value| after == before))
}

/// Returns true if two values of an `attempt` row differ only in the fields that a redelivery changes.
pub fn same_attempt(before: &str, after: &str) -> bool {
    let without = |text: &str| {
        let mut value: serde_json::Value = serde_json::from_str(text).ok()?;
        let row = value.as_object_mut()?;
        row.remove("nextAtMs");
        row.remove("again");
        row.remove("job");
        Some(value)
    };
    without(before).is_some_and(|before| Some(before) == without(after))
}

/// Reads a list of texts and numbers as texts.
fn texts<'de, D: serde::Deserializer<'de>>(list: D) -> Result<Vec<String>, D::Error> {
    let text = |entry: serde_json::Value| entry.as_str().map_or_else(|| entry.to_string(), str::to_owned);
    Ok(Vec::<serde_json::Value>::deserialize(list)?.into_iter().map(text).collect())
}
