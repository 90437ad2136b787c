//! `lane/`: the lease of a lane, and its quarantine.

use serde::{Deserialize, Serialize};

use super::{QueuedDelivery, Row};
use crate::store::keys;

/// `lane/`: the lease of a lane.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// The commit that wrote the row.
    pub token: String,
    /// The end of the lease, in milliseconds; 0: the lane is free.
    pub until_ms: u64,
    /// The key of the timer that the lane owns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<String>,
    /// The claims that count against the lane, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
}

/// The claims that count against a lane: leases that were not given back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    /// Claims in a row, the present one included.
    pub claims: u32,
    /// The quarantined delivery: the one that is sent alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<QueuedDelivery>,
    /// When it was quarantined, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
    /// The number of attempts recorded since the last lease that ran out, while the lane is free; none: 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<u32>,
}

impl Row for Lane {
    fn invalid_field(&self) -> Option<&'static str> {
        self.timer.as_ref().is_some_and(|key| !keys::is_timer(key)).then_some("timer")
    }
}
