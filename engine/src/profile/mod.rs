//! A platform's dialect as data: which events there are, how a request looks and is signed, and what a webhook gets
//! that says nothing else. The built-in ones are files in `profiles/`; a host may hand in one of its own.
//!
//! A profile decides nothing by itself. What its words mean is said where they are used: `payload`, `request`,
//! `secret`, and the flows for the policy.

mod parse;
mod suggest;

pub mod payload;
pub mod request;
pub mod secret;
pub mod sign;
pub mod verify;

pub(crate) mod pattern;

use crate::event::{Event, check_type};
use crate::profile::payload::Member;
use crate::support::error::Error;
use crate::support::json::{Json, Style};
use std::sync::{Arc, OnceLock};

/// A platform's dialect. Made by [`Profile::builtin`] and [`Profile::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// `perfex-assets`
    pub name: String,
    /// The catalogue of event types; empty: any type is accepted.
    pub events: Vec<String>,
    /// What case means in event types.
    pub letter_case: LetterCase,
    /// How payloads are written.
    pub style: Style,
    /// The payload's members, in order.
    pub payload: Vec<Member>,
    /// The headers, beside those that every request has.
    pub headers: Vec<Header>,
    /// How requests are signed.
    pub signature: Signature,
    /// What a registration without a secret means.
    pub secret_absent: SecretAbsent,
    /// Whether a webhook may ask to be unsigned, by an empty secret.
    pub unsigned: Unsigned,
    /// The waits after the first attempt, in seconds: one more attempt each.
    pub schedule_s: Vec<u32>,
    /// How much longer than in the schedule a wait may be, in percent of it. Never shorter.
    pub jitter_percent: u32,
    /// For one attempt: headers and body of the response together.
    pub timeout_ms: u32,
    /// The first and the last status that mean success.
    pub success: (u16, u16),
    /// The methods that a webhook may choose; the first is the default.
    pub methods: Vec<Method>,
    /// Statuses with which a receiver asks to be disabled.
    pub disable_on: Vec<u16>,
    /// Statuses with which `Retry-After` counts.
    pub retry_after_on: Vec<u16>,
    /// Attributes that never leave, at any depth of `before`, `after` and `data`, in whatever case.
    pub hidden: Vec<String>,
    /// What a test sends.
    pub test: TestEvent,
}

/// What case means in event types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterCase {
    /// `exact`: it counts.
    Exact,
    /// `upper`: any is accepted, upper case is sent.
    Upper,
}

impl LetterCase {
    /// The canonical spelling of an event type, or of a pattern.
    pub fn fold(self, text: &str) -> String {
        match self {
            LetterCase::Exact => text.to_owned(),
            LetterCase::Upper => text.to_ascii_uppercase(),
        }
    }
}

/// A header of the profile's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// As it is sent; matched in any case.
    pub name: String,
    /// What it says.
    pub value: HeaderValue,
    /// Whether it is sent only where the webhook has a secret. A signature always is.
    pub signed_only: bool,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderValue {
    /// `type`: the event's type.
    Type,
    /// `message-id`: the message's id.
    MessageId,
    /// `attempt.unix-seconds`: when this attempt is made.
    AttemptSeconds,
    /// `signature`: what the scheme makes.
    Signature,
}

/// How requests are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// `body-hex`: HMAC-SHA256 over the body, with the secret's text as the key, in lower-case hexadecimal after a prefix.
    /// There is room for one signature: where several secrets are live, the newest signs.
    BodyHex {
        /// `sha256=`, or empty.
        prefix: String,
    },
    /// `standard-webhooks`: Standard Webhooks 1.0, one signature for each live secret, newest first.
    StandardWebhooks,
}

/// What a registration without a secret means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretAbsent {
    /// `make`: one is made.
    Make,
    /// `unsigned`: the webhook's requests bear no signature.
    Unsigned,
    /// `refuse`: the secret is required.
    Refuse,
}

/// Whether a webhook may be unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// `allow`
    Allow,
    /// `refuse`
    Refuse,
}

/// The HTTP methods that webhooks use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The payload is the body.
    #[default]
    Post,
    /// The payload is the query.
    Get,
}

impl Method {
    /// The method of this name, in upper case.
    pub fn parse(text: &str) -> Option<Method> {
        match text {
            "POST" => Some(Method::Post),
            "GET" => Some(Method::Get),
            _ => None,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Post => "POST",
            Method::Get => "GET",
        }
    }
}

/// What a test sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestEvent {
    /// Its type, which need not be in the catalogue.
    pub event_type: String,
    /// Its data.
    pub data: Option<Json>,
    /// The members of its payload, if they are not those of every event.
    pub payload: Option<Vec<Member>>,
}

/// Headers that no webhook may set: those that this engine sets, and those that belong to the transport.
const RESERVED: [&str; 15] = [
    // What the host can read again is the host's to say.
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

impl Profile {
    /// The names of the built-in profiles.
    pub const BUILTIN_NAMES: [&str; 5] = ["standard", "perfex-assets", "datagerry", "perscom", "assetsup"];

    const FILES: [&str; 5] = [
        include_str!("../../profiles/standard.json"),
        include_str!("../../profiles/perfex-assets.json"),
        include_str!("../../profiles/datagerry.json"),
        include_str!("../../profiles/perscom.json"),
        include_str!("../../profiles/assetsup.json"),
    ];

    /// The built-in profile of this name.
    pub fn builtin(name: &str) -> Option<&'static Profile> {
        Profile::parsed(name).map(Arc::as_ref)
    }

    pub(crate) fn builtin_shared(name: &str) -> Option<Arc<Profile>> {
        Profile::parsed(name).cloned()
    }

    /// The text of a built-in profile, as an example for others.
    pub fn builtin_text(name: &str) -> Option<&'static str> {
        let index = Profile::BUILTIN_NAMES.iter().position(|builtin| *builtin == name)?;
        Some(Profile::FILES[index])
    }

    fn parsed(name: &str) -> Option<&'static Arc<Profile>> {
        static PARSED: [OnceLock<Arc<Profile>>; 5] = [const { OnceLock::new() }; 5];
        let index = Profile::BUILTIN_NAMES.iter().position(|builtin| *builtin == name)?;
        Some(PARSED[index].get_or_init(|| {
            Arc::new(Profile::parse(Profile::FILES[index]).expect("a test parses every built-in profile"))
        }))
    }

    /// The profile that a JSON text describes, in the words of the built-in ones. Errors: `invalid`, with the field and the
    /// line.
    pub fn parse(text: &str) -> Result<Profile, Error> {
        parse::profile(text)
    }

    /// The canonical spelling of an event type, if the catalogue has it. Errors: `invalid` on the field `type`, with the
    /// names that come near.
    pub fn event_type(&self, text: &str) -> Result<String, Error> {
        check_type(text)?;
        let event_type = self.letter_case.fold(text);
        if self.events.is_empty() || self.events.contains(&event_type) {
            return Ok(event_type);
        }
        let message = format!("`{text}` is not in the catalogue of profile {}", self.name);
        Err(Error::invalid("type", message).hint(suggest::hint(&event_type, &self.events)))
    }

    /// Whether a custom header of this name is refused.
    pub fn reserves_header(&self, name: &str) -> bool {
        let own = self.headers.iter().map(|header| header.name.as_str());
        own.chain(RESERVED).any(|reserved| reserved.eq_ignore_ascii_case(name))
    }

    /// Whether a response of this status is a success.
    pub fn is_success(&self, status: u16) -> bool {
        (self.success.0..=self.success.1).contains(&status)
    }

    /// The event that a test sends, happening now.
    pub fn test_event(&self, now_us: u64) -> Event {
        let data = self.test.data.clone();
        Event { data, occurred_at_us: Some(now_us), ..Event::new(&self.test.event_type) }
    }
}

#[cfg(test)]
mod tests;
