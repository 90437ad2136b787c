//! Every stored value, as its fields and their names in the row. How they are spelled is left to `codec`.
//!
//! Each row carries the format's version; readers refuse a version that they do not know and ignore fields that they do
//! not know.

#[macro_use]
mod codec;
mod sound;

use crate::ports::HttpErrorKind;
use crate::support::json::Json;

use codec::{Fields, Record, Row, Value};
pub use codec::{decode, encode};

/// `message/`: an accepted event.
#[derive(Debug)]
pub struct Message {
    /// The tenant's name.
    pub tenant: String,
    /// The canonical event type.
    pub event_type: String,
    /// When the event happened, in microseconds.
    pub occurred_at_us: u64,
    /// When it was accepted, in microseconds: events of one instance have times of their own, in their order.
    pub accepted_at_us: u64,
    /// The hash of the event's content, by which a repetition is told from another event; none for a test send, and while the
    /// message is being removed.
    pub content_hash: Option<String>,
    /// Why the message is being removed; none: it is not.
    pub tombstone: Option<Tombstone>,
    /// True if it is a test send, which no event was accepted for.
    pub test: bool,
    /// The event as the host handed it over; none: it is no longer kept.
    pub event: Option<Json>,
    /// Of an event that is no longer kept, the hash of its subject, by which it can still be erased.
    pub subject_hash: Option<String>,
}

/// Why a message is being removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tombstone {
    /// It is older than messages are kept.
    #[default]
    Retention,
    /// Its subject is being erased.
    Erasure,
}

/// `inbox/`: a message that is not routed yet.
#[derive(Debug)]
pub struct Inbox {
    /// The tenant, as part of a key.
    pub tenant_part: String,
    /// The canonical event type.
    pub event_type: String,
    /// The last webhook that the message has been routed to.
    pub routed_to: Option<String>,
    /// How many it has been routed to; none: none yet.
    pub routed: Option<u32>,
}

/// `shard/`: who routes an inbox.
#[derive(Debug, Default)]
pub struct Shard {
    /// The last routing commit.
    pub token: String,
    /// Its worker goes on until then, in milliseconds; 0: it does not.
    pub until_ms: u64,
    /// The time in the key of the last `routed` rows, in milliseconds.
    pub routed_ms: Option<u64>,
}

/// `routed/`: the messages of a tenant whose routing one commit finished.
#[derive(Debug)]
pub struct Routed {
    /// The time in the keys of the `queue` rows of that commit, in milliseconds; those of lanes in strict order may have a later
    /// one, and move.
    pub queued_ms: u64,
    /// Whether some of their deliveries may be in other rows: routed by an earlier commit, or put behind others in strict order.
    pub elsewhere: Option<bool>,
    /// The messages, in the order of their inbox.
    pub messages: Vec<RoutedMessage>,
}

/// A message whose routing is finished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutedMessage {
    /// The message's id.
    pub message: String,
    /// When it was accepted, in milliseconds.
    pub accepted_ms: u64,
    /// The number of webhooks that it was routed to.
    pub webhooks: u32,
}

/// `lane/`: who delivers a webhook's queue.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    /// The commit that wrote the row.
    pub token: String,
    /// The end of the lease, in milliseconds; 0: the lane is free.
    pub until_ms: u64,
    /// The key of the timer that the lane owns.
    pub timer: Option<String>,
    /// What is held against it.
    pub quarantine: Option<Quarantine>,
}

/// What is held against a lane: leases that were not given back.
#[derive(Clone, Debug, Default)]
pub struct Quarantine {
    /// Claims in a row, the present one included.
    pub claims: u32,
    /// The quarantined delivery: the one that is sent alone.
    pub delivery: Option<QueuedDelivery>,
    /// When it was quarantined, in milliseconds.
    pub since_ms: Option<u64>,
    /// Of a free lane: how many deliveries have been recorded since the last lease that ran out; none: 0.
    pub recorded: Option<u32>,
}

/// `queue/`: deliveries due at one time.
#[derive(Debug, Default)]
pub struct Queue {
    /// The deliveries, in the order in which they are sent.
    pub deliveries: Vec<QueuedDelivery>,
    /// The number of the attempt with which their schedule began; none: 1.
    pub first: Option<u32>,
    /// When they are due, in milliseconds, if that is not the time in the key: in strict order the key is a place.
    pub due_ms: Option<u64>,
}

/// A delivery that waits for its next attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueuedDelivery {
    /// The message's id.
    pub message: String,
    /// The number of the next attempt.
    pub number: u32,
}

/// `health/`: how a webhook has fared.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// The last attempt, in milliseconds.
    pub last_at_ms: u64,
    /// Its response's status, if there was a response.
    pub last_status: Option<u16>,
    /// Attempts that failed since the last success.
    pub failures: u32,
    /// The last success, in milliseconds.
    pub succeeded_at_ms: Option<u64>,
    /// The first failed attempt since then, or since the webhook was made active, in milliseconds.
    pub failing_since_ms: Option<u64>,
    /// Deliveries that ended exhausted since then.
    pub exhausted: u32,
    /// When the next attempt may be made, by the webhook's rate or because it keeps failing, in microseconds.
    pub free_at_us: Option<u64>,
}

/// `attempt/`: an attempt, and what followed from it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it was sent (or, without an attempt, decided), in milliseconds.
    pub at_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The canonical event type.
    pub event_type: String,
    /// The response's status.
    pub status: Option<u16>,
    /// Why there was no response.
    pub error: Option<HttpErrorKind>,
    /// One sentence more about the error, or the reason of a state.
    pub detail: Option<String>,
    /// The beginning of the response's body.
    pub excerpt: Option<String>,
    /// What followed.
    pub state: AttemptState,
    /// When the next attempt is due, in milliseconds.
    pub next_at_ms: Option<u64>,
    /// The commit that asked for the next attempt, if it was not the schedule.
    pub again: Option<String>,
    /// The job that asked for it first.
    pub job: Option<String>,
    /// Whether it was a test send.
    pub test: bool,
}

/// What followed from an attempt. All but `retrying` are final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AttemptState {
    /// The receiver took it.
    Delivered,
    /// It failed and there will be another attempt.
    Retrying,
    /// It failed and the schedule has no further attempt.
    #[default]
    Exhausted,
    /// There was no attempt, because the webhook is not active.
    Skipped,
    /// There was no attempt, because the webhook, or the message, is gone.
    Cancelled,
    /// It could not be made into an attempt at all, which says nothing about the receiver.
    Failed,
}

/// `recent/`: what one commit recorded.
#[derive(Debug)]
pub struct Recent {
    /// The attempts, in the order in which they ended.
    pub attempts: Vec<RecordedAttempt>,
}

/// An attempt that one commit recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedAttempt {
    /// The message's id.
    pub message: String,
    /// The number of the attempt.
    pub number: u32,
}

/// `job/`: work that takes more than one commit.
#[derive(Clone, Debug)]
pub struct Job {
    /// The commit that wrote the row.
    pub token: String,
    /// What is done.
    pub kind: JobKind,
    /// Whether it still is.
    pub state: JobState,
    /// The webhook that it is about.
    pub webhook: Option<String>,
    /// The hash of the subject that it is about.
    pub subject_hash: Option<String>,
    /// How many of its phases are over; none: none.
    pub phase: Option<u32>,
    /// It is about what happened from then on, in milliseconds.
    pub since_ms: Option<u64>,
    /// And up to then, in milliseconds.
    pub until_ms: Option<u64>,
    /// The key from which it goes on.
    pub place: Option<String>,
    /// The message after which it goes on there.
    pub after: Option<String>,
    /// When the last delivery that it asked for was due, or the youngest message that it has looked at was routed, in milliseconds.
    pub asked_ms: Option<u64>,
    /// What it has looked at.
    pub scanned: u64,
    /// What it has done.
    pub affected: u64,
    /// In milliseconds.
    pub created_at_ms: u64,
    /// In milliseconds.
    pub updated_at_ms: u64,
    /// In milliseconds.
    pub ended_at_ms: Option<u64>,
    /// Why it ended as it did.
    pub detail: Option<String>,
    /// How often a worker has taken it up since it last made a step.
    pub claims: Option<u32>,
    /// The number of steps that each scan one thing only, because workers died of the job.
    pub single_steps: Option<u32>,
    /// The key of the timer that it owns.
    pub timer: Option<String>,
}

/// What a job does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobKind {
    /// Sends again what has failed.
    Recover,
    /// Sends what a webhook has missed.
    Replay,
    /// Removes what a removed webhook has left behind.
    #[default]
    Purge,
    /// Removes what is too old.
    Retention,
    /// Drops the contents of a tenant's messages.
    Redaction,
    /// Removes all that is kept about a subject.
    Erase,
}

/// How far a job is. All but `running` are final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobState {
    /// There is more to do.
    #[default]
    Running,
    /// Everything is done.
    Done,
    /// It cannot go on.
    Failed,
    /// It is not wanted any more.
    Cancelled,
}

/// `webhook/`: a registration.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The commit that wrote the row.
    pub token: String,
    /// The webhook's id.
    pub id: String,
    /// The tenant's name.
    pub tenant: String,
    /// Who registered it.
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
    pub secrets: Vec<WebhookSecret>,
    /// Custom headers: name and sealed value.
    pub headers: Vec<(String, String)>,
    /// Whether events are delivered.
    pub active: bool,
    /// Why not, if the engine decided it.
    pub inactive_reason: Option<String>,
    /// When it was last made active again or given another URL, in milliseconds: what was answered before does not count.
    pub activated_at_ms: Option<u64>,
    /// The timeout of an attempt.
    pub timeout_ms: u32,
    /// The waits after each failed attempt, in seconds.
    pub schedule_s: Vec<u32>,
    /// Requests in flight at once; none: the default.
    pub concurrency: Option<u32>,
    /// Attempts per minute; none: as many as there are.
    pub rate_per_minute: Option<u32>,
    /// Whether what receivers answer is kept; none: it is.
    pub keep_bodies: Option<bool>,
    /// Whether messages go out one at a time, in the order of acceptance.
    pub strict_order: bool,
    /// What follows there when a delivery has used up its attempts; none: it goes on.
    pub on_exhausted: Option<OnExhausted>,
    /// In milliseconds.
    pub created_at_ms: u64,
    /// In milliseconds.
    pub updated_at_ms: u64,
}

/// What follows in strict order when a delivery has used up its attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExhausted {
    /// The next message.
    #[default]
    Continue,
    /// Nothing, until the webhook is made active again.
    Pause,
}

/// A secret of a registration.
#[derive(Clone, Debug, Default)]
pub struct WebhookSecret {
    /// Sealed.
    pub sealed: String,
    /// The keyed fingerprint, for display and comparison.
    pub fingerprint: String,
    /// Signs until then, in milliseconds; none: until it is rotated.
    pub until_ms: Option<u64>,
}

/// `subscriptions/`: a tenant's subscriptions as a whole.
#[derive(Debug)]
pub struct Subscriptions {
    /// The commit that wrote the row.
    pub token: String,
    /// The tenant's webhooks.
    pub webhooks: u32,
}

/// `tenant/`: what a tenant has settled for itself.
#[derive(Debug)]
pub struct Tenant {
    /// The commit that wrote the row.
    pub token: String,
    /// Whether bodies are kept: of events beyond their deliveries, and of what receivers answer.
    pub keep_bodies: bool,
}

/// Nothing: the row's key says it all.
#[derive(Debug)]
pub struct Empty {}

impl Attempt {
    /// One without an outcome yet.
    pub fn new(at_ms: u64, event_type: &str, state: AttemptState) -> Attempt {
        Attempt {
            at_ms,
            duration_ms: 0,
            event_type: event_type.to_owned(),
            status: None,
            error: None,
            detail: None,
            excerpt: None,
            state,
            next_at_ms: None,
            again: None,
            job: None,
            test: false,
        }
    }

    /// Whether it has kept something of what the receiver answered.
    pub fn has_answer(&self) -> bool {
        self.excerpt.is_some() || (self.detail.is_some() && self.error == Some(HttpErrorKind::Protocol))
    }

    /// The same without it. What a client makes of an answer that is no HTTP may quote it.
    pub fn without_answer(self) -> Attempt {
        let detail = self.detail.filter(|_| self.error != Some(HttpErrorKind::Protocol));
        Attempt { excerpt: None, detail, ..self }
    }
}

impl WebhookSecret {
    /// Whether it still signs.
    pub fn is_live(&self, now_ms: u64) -> bool {
        self.until_ms.is_none_or(|until_ms| until_ms > now_ms)
    }
}

impl Message {
    /// When it was accepted, in milliseconds.
    pub fn accepted_at_ms(&self) -> u64 {
        self.accepted_at_us / 1_000
    }

    /// Returns true if it is being removed: it is neither sent nor shown any more.
    pub fn is_gone(&self) -> bool {
        self.tombstone.is_some()
    }

    /// Returns true if it is being removed because its subject is erased.
    pub fn is_erased(&self) -> bool {
        self.tombstone == Some(Tombstone::Erasure)
    }
}

impl Tombstone {
    const ALL: [Tombstone; 2] = [Tombstone::Retention, Tombstone::Erasure];

    /// Its name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Tombstone::Retention => "retention",
            Tombstone::Erasure => "erasure",
        }
    }
}

impl OnExhausted {
    /// Both.
    pub const ALL: [OnExhausted; 2] = [OnExhausted::Continue, OnExhausted::Pause];

    /// Its name in rows and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            OnExhausted::Continue => "continue",
            OnExhausted::Pause => "pause",
        }
    }
}

impl Job {
    /// The times that it is about, in milliseconds. What was there when it began may have been recorded by a clock that is
    /// ahead of the one it began by.
    pub fn range_ms(&self) -> (u64, u64) {
        let until_ms = self.until_ms.unwrap_or(self.created_at_ms + crate::support::limits::CLOCK_SKEW_MS_MAX);
        (self.since_ms.unwrap_or(0), until_ms)
    }
}

impl JobKind {
    const ALL: [JobKind; 6] =
        [JobKind::Recover, JobKind::Replay, JobKind::Purge, JobKind::Retention, JobKind::Redaction, JobKind::Erase];

    /// Returns true if it sends again: such a job may be given up, others may not.
    pub fn sends(self) -> bool {
        matches!(self, JobKind::Recover | JobKind::Replay)
    }

    /// Its name in rows and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            JobKind::Recover => "recover",
            JobKind::Replay => "replay",
            JobKind::Purge => "purge",
            JobKind::Retention => "retention",
            JobKind::Redaction => "redaction",
            JobKind::Erase => "erase",
        }
    }
}

impl JobState {
    const ALL: [JobState; 4] = [JobState::Running, JobState::Done, JobState::Failed, JobState::Cancelled];

    /// Its name in rows and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        }
    }
}

impl AttemptState {
    const ALL: [AttemptState; 6] = [
        AttemptState::Delivered,
        AttemptState::Retrying,
        AttemptState::Exhausted,
        AttemptState::Skipped,
        AttemptState::Cancelled,
        AttemptState::Failed,
    ];

    /// Its name in rows and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            AttemptState::Delivered => "delivered",
            AttemptState::Retrying => "retrying",
            AttemptState::Exhausted => "exhausted",
            AttemptState::Skipped => "skipped",
            AttemptState::Cancelled => "cancelled",
            AttemptState::Failed => "failed",
        }
    }
}

record!(Message {
    tenant = "tenant",
    event_type = "eventType",
    occurred_at_us = "occurredAtUs",
    accepted_at_us = "acceptedAtUs",
    content_hash = "contentHash",
    tombstone = "tombstone",
    test = "test",
    event = "event",
    subject_hash = "subjectHash",
});
record!(
    Inbox { tenant_part = "tenantPart", event_type = "eventType", routed_to = "routedTo", routed = "routed" },
    sound::inbox
);
record!(Shard { token = "token", until_ms = "untilMs", routed_ms = "routedMs" });
record!(Routed { queued_ms = "queuedMs", elsewhere = "elsewhere", messages = "messages" }, sound::routed);
record!(Lane { token = "token", until_ms = "untilMs", timer = "timer", quarantine = "quarantine" }, sound::lane);
record!(Quarantine { claims = "claims", delivery = "delivery", since_ms = "sinceMs", recorded = "recorded" });
record!(Queue { deliveries = "deliveries", first = "first", due_ms = "dueMs" }, sound::queue);
record!(Subscriptions { token = "token", webhooks = "webhooks" });
record!(Tenant { token = "token", keep_bodies = "keepBodies" });
record!(Health {
    last_at_ms = "lastAtMs",
    last_status = "lastStatus",
    failures = "failures",
    succeeded_at_ms = "succeededAtMs",
    failing_since_ms = "failingSinceMs",
    exhausted = "exhausted",
    free_at_us = "freeAtUs",
});
record!(Attempt {
    at_ms = "atMs",
    duration_ms = "durationMs",
    event_type = "eventType",
    status = "status",
    error = "error",
    detail = "detail",
    excerpt = "excerpt",
    state = "state",
    next_at_ms = "nextAtMs",
    again = "again",
    job = "job",
    test = "test",
});
record!(Recent { attempts = "attempts" }, sound::recent);
record!(
    Job {
        token = "token",
        kind = "kind",
        state = "state",
        webhook = "webhook",
        subject_hash = "subjectHash",
        phase = "phase",
        since_ms = "sinceMs",
        until_ms = "untilMs",
        place = "place",
        after = "after",
        asked_ms = "askedMs",
        scanned = "scanned",
        affected = "affected",
        created_at_ms = "createdAtMs",
        updated_at_ms = "updatedAtMs",
        ended_at_ms = "endedAtMs",
        detail = "detail",
        claims = "claims",
        single_steps = "singleSteps",
        timer = "timer",
    },
    sound::job
);
record!(Webhook {
    token = "token",
    id = "id",
    tenant = "tenant",
    user = "user",
    name = "name",
    url = "url",
    method = "method",
    events = "events",
    format = "format",
    secrets = "secrets",
    headers = "headers",
    active = "active",
    inactive_reason = "inactiveReason",
    activated_at_ms = "activatedAtMs",
    timeout_ms = "timeoutMs",
    schedule_s = "scheduleS",
    concurrency = "concurrency",
    rate_per_minute = "ratePerMinute",
    keep_bodies = "keepBodies",
    strict_order = "strictOrder",
    on_exhausted = "onExhausted",
    created_at_ms = "createdAtMs",
    updated_at_ms = "updatedAtMs",
});
record!(WebhookSecret { sealed = "sealed", fingerprint = "fingerprint", until_ms = "untilMs" });
record!(Empty {});

record!(QueuedDelivery { message = "message", number = "number" });
record!(RecordedAttempt { message = "message", number = "number" });
record!(RoutedMessage { message = "message", accepted_ms = "acceptedMs", webhooks = "webhooks" });

value_of_record!(WebhookSecret);
value_of_record!(QueuedDelivery);
value_of_record!(RecordedAttempt);
value_of_record!(RoutedMessage);
value_of_record!(Quarantine);
value_of_name!(Tombstone, Tombstone::ALL);
value_of_name!(AttemptState, AttemptState::ALL);
value_of_name!(OnExhausted, OnExhausted::ALL);
value_of_name!(JobKind, JobKind::ALL);
value_of_name!(JobState, JobState::ALL);
value_of_name!(HttpErrorKind, HttpErrorKind::ALL);
