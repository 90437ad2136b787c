//! The kit's file. `tests/data/egress/README.md` specifies its fields.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use serde::Deserialize;

/// `tests/data/egress/cases.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kit {
    pub format: u32,
    pub deny: Vec<String>,
    pub names: HashMap<String, Vec<IpAddr>>,
    pub addresses: Vec<AddressCase>,
    pub urls: Vec<UrlCase>,
    pub sequences: Vec<SequenceCase>,
    pub redirects: Vec<RedirectCase>,
    pub responses: Vec<ResponseCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressCase {
    pub address: IpAddr,
    pub permitted: bool,
    pub why: String,
    #[serde(default)]
    pub allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrlCase {
    pub name: String,
    pub url: String,
    pub registration: Registration,
    pub client: Vec<String>,
    #[serde(default)]
    pub dials: Vec<SocketAddr>,
    #[serde(default)]
    pub allow: Vec<String>,
    pub host: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Registration {
    Taken,
    Refused,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceCase {
    pub name: String,
    pub server: Server,
    pub answers: HashMap<String, Vec<Vec<IpAddr>>>,
    pub requests: Vec<Step>,
    pub lookups: Option<usize>,
    pub dials: Vec<SocketAddr>,
    #[serde(default)]
    pub refuse: Vec<IpAddr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub url: String,
    pub client: Vec<String>,
    #[serde(default)]
    pub allow: Vec<String>,
}

/// How the test server treats a connection after a response.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Server {
    Keep,
    Close,
    Vanish,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedirectCase {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ResponseCase {
    pub name: String,
    pub steps: Vec<Sent>,
    pub expect: Expected,
    #[serde(default = "cap")]
    pub response_bytes_max: u32,
    #[serde(default = "patience")]
    pub timeout_ms: u32,
}

/// A step of a receiver after it has read the request.
#[derive(Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields, rename_all_fields = "camelCase")]
pub enum Sent {
    Text { text: String },
    Base64 { base64: String },
    Repeated { repeat: String, times: usize },
    Dripping { drip: String, every_ms: u64 },
    Word(Word),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Word {
    /// Sends nothing more and keeps the connection open until the client closes it.
    Hold,
}

impl Sent {
    /// Returns the bytes that are sent at once.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Sent::Text { text } => text.as_bytes().to_vec(),
            Sent::Base64 { base64 } => base64::engine::general_purpose::STANDARD.decode(base64).unwrap(),
            Sent::Repeated { repeat, times } => repeat.repeat(*times).into_bytes(),
            Sent::Dripping { .. } | Sent::Word(Word::Hold) => Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields, rename_all_fields = "camelCase")]
pub enum Expected {
    Failed { error: String },
    Whole { status: u16, body: String, truncated: bool },
    Filled { status: u16, filled_with: String, bytes: usize, truncated: bool },
    Status { status: u16 },
}

fn cap() -> u32 {
    hookwright_engine::limits::RESPONSE_BYTES_MAX
}

fn patience() -> u32 {
    super::PATIENCE_MS
}

/// Reads the kit.
pub fn read() -> Kit {
    let kit: Kit = serde_json::from_str(include_str!("../../data/egress/cases.json")).unwrap();
    assert_eq!(kit.format, 1);
    kit
}
