//! `subscriptions/`: the subscriptions of a tenant as a whole.

use serde::{Deserialize, Serialize};

use super::Row;

/// `subscriptions/`: the subscriptions of a tenant as a whole. The row changes with each of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscriptions {
    /// The commit that wrote the row.
    pub token: String,
    /// The number of the tenant's webhooks.
    pub webhooks: u32,
}

impl Row for Subscriptions {}
