//! `shard/`: the lease of an inbox shard.

use serde::{Deserialize, Serialize};

use super::Row;

/// `shard/`: the lease of an inbox shard.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shard {
    /// The last routing commit.
    pub token: String,
    /// The end of the lease, in milliseconds; 0: the shard is free.
    pub until_ms: u64,
    /// The time in the key of the last `routed/` rows, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed_ms: Option<u64>,
}

impl Row for Shard {}
