//! `recent/`: the attempts that one commit recorded.

use serde::{Deserialize, Serialize};

use super::{Row, is_attempt};

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
}

impl Row for Recent {
    fn invalid_field(&self) -> Option<&'static str> {
        let is_valid = |attempt: &RecordedAttempt| is_attempt(&attempt.message, attempt.number);
        (!self.attempts.iter().all(is_valid)).then_some("attempts")
    }
}
