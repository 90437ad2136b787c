//! `job/`: work that takes more than one commit.

use serde::{Deserialize, Serialize};

use super::{JobFilter, Row};
use crate::store::{id, keys};
use crate::support::limits::CLOCK_SKEW_MS_MAX;

/// `job/`: work that takes more than one commit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// The commit that wrote the row.
    pub token: String,
    /// The kind of work.
    pub kind: JobKind,
    /// How far the work is.
    pub state: JobState,
    /// The webhook that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The hash of the subject that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_hash: Option<String>,
    /// The number of its phases that are over; none: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<u32>,
    /// The beginning of the time that it is about, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
    /// The end of the time that it is about, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// The deliveries that it is about; none: all of that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<JobFilter>,
    /// The key from which it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The message after which it goes on there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// When the last delivery that it asked for was due, or the youngest message that it has scanned was routed, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_ms: Option<u64>,
    /// The number of rows or deliveries that it has scanned.
    pub scanned: u64,
    /// The number of rows or deliveries that it has changed or removed.
    pub affected: u64,
    /// When it was created, in milliseconds.
    pub created_at_ms: u64,
    /// When it was last changed, in milliseconds.
    pub updated_at_ms: u64,
    /// When it ended, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at_ms: Option<u64>,
    /// Why it ended as it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The number of claims since its last step; none: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<u32>,
    /// The number of steps that each scan one thing only, because workers died of the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub single_steps: Option<u32>,
    /// The key of the timer that it owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<String>,
}

/// The kinds of jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    /// Sends failed deliveries again.
    Recover,
    /// Sends the messages that a webhook has missed.
    Replay,
    /// Removes the rows of a removed webhook.
    Purge,
    /// Removes old messages.
    Retention,
    /// Removes the contents of a tenant's messages.
    Redaction,
    /// Removes everything that is kept about a subject.
    Erase,
}

/// The states of a job. All states but `running` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// There is more to do.
    Running,
    /// All of it is done.
    Done,
    /// It cannot go on.
    Failed,
    /// A call has cancelled it.
    Cancelled,
}

impl Row for Job {
    /// A place is the beginning of a scan, so it must be one that the storage takes.
    fn invalid_field(&self) -> Option<&'static str> {
        if self.timer.as_ref().is_some_and(|key| !keys::is_timer(key)) {
            return Some("timer");
        }
        if self.place.as_ref().is_some_and(|place| !keys::is_key(place)) {
            return Some("place");
        }
        self.webhook.as_ref().is_some_and(|webhook| !id::is_id("wh_", webhook)).then_some("webhook")
    }
}

impl Job {
    /// Returns the filter. Without one, the job is about all deliveries of its time.
    pub fn filter(&self) -> JobFilter {
        self.filter.clone().unwrap_or_default()
    }

    /// Returns the beginning and the end of the time that it is about, in milliseconds. A row that was there when the job began
    /// may have been recorded by a clock that is ahead, so the end is later than the job's creation by the greatest skew.
    pub fn range_ms(&self) -> (u64, u64) {
        (self.since_ms.unwrap_or(0), self.until_ms.unwrap_or(self.created_at_ms + CLOCK_SKEW_MS_MAX))
    }
}

impl JobKind {
    /// Returns true if it sends again. Such a job may be given up; the others may not.
    pub fn sends(self) -> bool {
        matches!(self, JobKind::Recover | JobKind::Replay)
    }

    /// The kind's name in the API, which is its name in rows.
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
    /// The state's name in the API, which is its name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        }
    }
}
