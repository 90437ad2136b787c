//! `recent/`: the attempts that one commit recorded.

use serde::{Deserialize, Serialize};

use super::{Attempt, Row, is_attempt};

/// `recent/`: the attempts that one commit recorded.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recent {
    /// The attempts, in the order in which they ended.
    pub attempts: Vec<RecordedAttempt>,
}

/// An attempt that one commit recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedAttempt {
    /// The message's id.
    pub message: String,
    /// The number of the attempt.
    pub number: u32,
    /// The attempt's time, in milliseconds. After the message was removed and reported again under its id, an attempt of the new
    /// message can have the same number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
}

impl RecordedAttempt {
    /// Returns true if the row with this message and number is the attempt that was recorded.
    pub fn is_of(&self, attempt: &Attempt) -> bool {
        self.at_ms.is_none_or(|at_ms| at_ms == attempt.at_ms)
    }
}

impl Row for Recent {
    fn invalid_field(&self) -> Option<&'static str> {
        let is_valid = |attempt: &RecordedAttempt| is_attempt(&attempt.message, attempt.number);
        (!self.attempts.iter().all(is_valid)).then_some("attempts")
    }
}
