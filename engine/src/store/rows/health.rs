//! `health/`: the successes and failures of a webhook.

use serde::{Deserialize, Serialize};

use super::Row;

/// `health/`: the successes and failures of a webhook.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The time of the last attempt, in milliseconds.
    pub last_at_ms: u64,
    /// The status of its response, if there was a response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_status: Option<u16>,
    /// The number of attempts that failed since the last success.
    pub failures: u32,
    /// The time of the last success, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded_at_ms: Option<u64>,
    /// The first failed attempt since then, or since the webhook was made active, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since_ms: Option<u64>,
    /// The number of deliveries that ended exhausted since then.
    pub exhausted: u32,
    /// When the next attempt may be made, by the webhook's rate or because it keeps failing, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_at_us: Option<u64>,
}

impl Row for Health {}
