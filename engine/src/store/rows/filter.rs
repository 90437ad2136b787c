//! The filter of a job that sends again: which deliveries of its time range it is about.

use serde::{Deserialize, Serialize};

use super::AttemptState;
use crate::event::pattern;
use crate::ports::HttpErrorKind;
use crate::support::statuses::StatusSet;

/// Which deliveries a job is about. An empty list allows all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobFilter {
    /// Patterns and exclusions that the event type must be selected by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub event_types: Vec<String>,
    /// The states of the delivery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<DeliveryState>,
    /// The statuses of the last response. With `errors`, one of the two must fit.
    #[serde(default, skip_serializing_if = "StatusSet::is_empty")]
    pub statuses: StatusSet,
    /// The reasons why there was no response.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<HttpErrorKind>,
}

/// A state of a delivery that can be sent again, as `explain` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// The schedule has no further attempt.
    Exhausted,
    /// No request could be made.
    Failed,
    /// The webhook was not active.
    Skipped,
    /// The message was not routed to the webhook.
    None,
}

impl JobFilter {
    /// Returns true if it is about events of this type.
    pub fn has_type(&self, event_type: &str) -> bool {
        self.event_types.is_empty() || pattern::selects(&self.event_types, event_type)
    }

    /// Returns true if it is about deliveries in this state.
    pub fn has_state(&self, state: DeliveryState) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }

    /// Returns true if it is about deliveries whose last attempt ended in this way.
    pub fn has_outcome(&self, status: Option<u16>, error: Option<HttpErrorKind>) -> bool {
        (self.statuses.is_empty() && self.errors.is_empty())
            || status.is_some_and(|status| self.statuses.contains(status))
            || error.is_some_and(|error| self.errors.contains(&error))
    }
}

impl DeliveryState {
    /// The state's name in the API, which is its name in rows.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Exhausted => "exhausted",
            DeliveryState::Failed => "failed",
            DeliveryState::Skipped => "skipped",
            DeliveryState::None => "none",
        }
    }

    /// Returns the state that an attempt leaves its delivery in, if the delivery can be sent again by a job.
    pub fn of(state: AttemptState) -> Option<DeliveryState> {
        match state {
            AttemptState::Exhausted => Some(DeliveryState::Exhausted),
            AttemptState::Failed => Some(DeliveryState::Failed),
            AttemptState::Skipped => Some(DeliveryState::Skipped),
            AttemptState::Delivered | AttemptState::Retrying | AttemptState::Cancelled => None,
        }
    }
}
