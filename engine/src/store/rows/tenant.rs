//! `tenant/`: the settings that a tenant has stored for itself.

use serde::{Deserialize, Serialize};

use super::Row;

/// `tenant/`: the settings that a tenant has stored for itself.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// The commit that wrote the row.
    pub token: String,
    /// True if bodies are kept: of events beyond their deliveries, and of responses.
    pub keep_bodies: bool,
}

impl Row for Tenant {}
