//! The JSON document of a profile: its fields and their types. Which values are allowed is left to `parse`.

use crate::profile::vocabulary::{HeaderValue, LetterCase, Method, OwnQuery, SecretAbsent, Unsigned};
use crate::support::json::{Json, Style};
use crate::support::statuses::StatusEntry;
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    pub name: String,
    #[serde(default)]
    pub events: Vec<String>,
    pub letter_case: LetterCase,
    pub style: Style,
    pub payload: Vec<DocumentMember>,
    #[serde(default)]
    pub headers: Vec<DocumentHeader>,
    pub user_agent: Option<String>,
    pub accept: Option<String>,
    pub signature: DocumentSignature,
    pub secret_absent: SecretAbsent,
    pub unsigned: Unsigned,
    pub schedule_s: Vec<u32>,
    pub jitter_percent: u32,
    pub timeout_ms: u32,
    pub success: Option<Vec<u16>>,
    pub success_statuses: Option<Vec<StatusEntry>>,
    #[serde(default)]
    pub final_statuses: Vec<StatusEntry>,
    pub methods: Vec<Method>,
    #[serde(default)]
    pub own_query: OwnQuery,
    #[serde(default)]
    pub disable_on: Vec<StatusEntry>,
    pub retry_after_on: Option<Vec<StatusEntry>>,
    #[serde(default)]
    pub hidden: Vec<String>,
    pub test: DocumentTest,
    /// An object: patterns, and the fields of events.
    #[serde(default, deserialize_with = "present")]
    pub samples: Option<Json>,
}

/// A member has `from` with or without `else`, or `constant`, or `members`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentMember {
    pub name: String,
    pub from: Option<Vec<String>>,
    #[serde(default, rename = "else", deserialize_with = "present")]
    pub otherwise: Option<Json>,
    #[serde(default, deserialize_with = "present")]
    pub constant: Option<Json>,
    pub members: Option<Vec<DocumentMember>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DocumentHeader {
    pub name: String,
    pub value: HeaderValue,
    #[serde(default)]
    pub signed_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentSignature {
    pub scheme: Scheme,
    pub prefix: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    BodyHex,
    StandardWebhooks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentTest {
    #[serde(rename = "type")]
    pub event_type: String,
    pub data: Option<Json>,
    pub payload: Option<Vec<DocumentMember>>,
}

/// Keeps a `null` apart from an absent field: it is a value like any other.
fn present<'de, D: Deserializer<'de>>(document: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(document).map(Some)
}
