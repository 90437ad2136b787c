//! `subscription/` and `subscriptions/`: how webhooks are found by their patterns, and the subscriptions of a tenant as a
//! whole.

use serde::{Deserialize, Serialize};

use super::Row;

/// `subscription/`: a pattern of one webhook, or its wide patterns that share a key, with the exclusions that can matter there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// The wide patterns; none: the pattern is in the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
    /// The webhook's exclusions, without `!`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<String>,
}

/// `subscriptions/`: the subscriptions of a tenant as a whole. The row changes with each of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscriptions {
    /// The commit that wrote the row.
    pub token: String,
    /// The number of the tenant's webhooks.
    pub webhooks: u32,
    /// The number of their wide patterns.
    #[serde(default)]
    pub wide: u32,
}

impl Row for Subscription {}

impl Row for Subscriptions {}
