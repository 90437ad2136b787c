//! `attempt/`: an attempt, and what followed from it.

use serde::{Deserialize, Serialize};

use super::Row;
use crate::ports::HttpErrorKind;

/// `attempt/`: an attempt, and what followed from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it was sent, or decided if no request was made, in milliseconds.
    pub at_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The canonical event type.
    pub event_type: String,
    /// The response's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was no response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<HttpErrorKind>,
    /// One sentence more about the error, or the reason of the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The beginning of the response's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// The state that followed.
    pub state: AttemptState,
    /// When the next attempt is due, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at_ms: Option<u64>,
    /// The commit that asked for the next attempt, if it was not the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<String>,
    /// The job that asked for the next attempt first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// True if it was a test send.
    #[serde(default)]
    pub test: bool,
}

/// The state of a delivery after an attempt. All states but `retrying` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptState {
    /// The receiver took the message.
    Delivered,
    /// The attempt failed, and another one follows.
    Retrying,
    /// The attempt failed, and the schedule has no further attempt.
    Exhausted,
    /// No request was made, because the webhook is not active.
    Skipped,
    /// No request was made, because the webhook or the message is gone.
    Cancelled,
    /// No request could be made, for a reason that says nothing about the receiver.
    Failed,
}

impl Row for Attempt {}

impl Attempt {
    /// Returns an attempt without an outcome yet.
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

    /// Returns true if it has kept something of the receiver's response.
    pub fn has_answer(&self) -> bool {
        self.excerpt.is_some() || (self.detail.is_some() && self.error == Some(HttpErrorKind::Protocol))
    }

    /// Returns the attempt without the receiver's response. The detail of a protocol error may quote the response.
    pub fn without_answer(self) -> Attempt {
        let detail = self.detail.filter(|_| self.error != Some(HttpErrorKind::Protocol));
        Attempt { excerpt: None, detail, ..self }
    }
}

impl AttemptState {
    /// The state's name in the API, which is its name in rows.
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
