//! The words of a profile's document, as types. They decide nothing: `payload`, `request`, `secret` and the flows say
//! what each word means.

use crate::event::Event;
use crate::support::json::Json;
use serde::Deserialize;

/// The meaning of letter case in event types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterCase {
    /// `exact`: types that differ in letter case are different types.
    Exact,
    /// `upper`: any letter case is accepted, upper case is sent.
    Upper,
}

impl LetterCase {
    /// Returns the canonical spelling of an event type or a pattern.
    pub fn fold(self, text: &str) -> String {
        match self {
            LetterCase::Exact => text.to_owned(),
            LetterCase::Upper => text.to_ascii_uppercase(),
        }
    }
}

/// A header that the profile sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name as it is sent. It is compared without regard to letter case.
    pub name: String,
    /// The source of the value.
    pub value: HeaderValue,
    /// True if the header is sent only for webhooks with a secret. The signature's header always is.
    pub signed_only: bool,
}

/// The source of a header's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderValue {
    /// `type`: the event's type.
    Type,
    /// `message-id`: the message's id.
    MessageId,
    /// `attempt.unix-seconds`: the time of this attempt.
    #[serde(rename = "attempt.unix-seconds")]
    AttemptSeconds,
    /// `signature`: the signature by the profile's scheme.
    Signature,
}

/// A signature scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// `body-hex`: HMAC-SHA256 over the body, with the secret's text as the key, in lower-case hexadecimal after a
    /// prefix. There is room for one signature: if several secrets are live, the oldest signs.
    BodyHex {
        /// `sha256=`, or empty.
        prefix: String,
    },
    /// `standard-webhooks`: Standard Webhooks 1.0, one signature for each live secret, newest first.
    StandardWebhooks,
}

impl Signature {
    /// Returns true if a request has room for one signature only.
    pub fn is_single(&self) -> bool {
        match self {
            Signature::BodyHex { .. } => true,
            Signature::StandardWebhooks => false,
        }
    }
}

/// The meaning of a registration without a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretAbsent {
    /// `make`: a secret is made.
    Make,
    /// `unsigned`: the webhook's requests have no signature.
    Unsigned,
    /// `refuse`: the registration is refused, because the secret is required.
    Refuse,
}

/// The policy on webhooks without a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsigned {
    /// `allow`
    Allow,
    /// `refuse`
    Refuse,
}

/// The HTTP methods that webhooks use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// The payload is the body.
    #[default]
    Post,
    /// The payload is the query.
    Get,
}

impl Method {
    /// Returns the method of this name, which is in upper case.
    pub fn parse(text: &str) -> Option<Method> {
        match text {
            "POST" => Some(Method::Post),
            "GET" => Some(Method::Get),
            _ => None,
        }
    }

    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Post => "POST",
            Method::Get => "GET",
        }
    }
}

/// The treatment of the query of a webhook's own URL if the payload is sent as a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnQuery {
    /// `keep`: it stays, and the payload follows.
    #[default]
    Keep,
    /// `replace`: the payload takes its place.
    Replace,
}

/// An example of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The event types that it is an example of: a type, or a pattern.
    pub pattern: String,
    /// The event. Its type is that of each use.
    pub event: Event,
}

/// The event that a test sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestEvent {
    /// Its type, which need not be in the catalogue.
    pub event_type: String,
    /// Its data.
    pub data: Option<Json>,
    /// The members of its payload, if they differ from those of every event.
    pub payload: Option<Vec<Member>>,
}

/// A member of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub name: String,
    /// Its value.
    pub value: MemberValue,
}

/// The value of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberValue {
    /// The first of these sources that the event has, else a constant. Without a constant the member is left out.
    First(Vec<Source>, Option<Json>),
    /// An object of further members.
    Members(Vec<Member>),
}

/// A part of an event. A source that the event lacks yields nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `type`: the event's type in the profile's spelling.
    Type,
    /// `message-id`: the id that all attempts share.
    MessageId,
    /// `subject.type`
    SubjectType,
    /// `subject.id`: a string or a number, as the host wrote it.
    SubjectId,
    /// `surviving-subject.id`: the same, but nothing for a deletion (`before` without `after`).
    SurvivingSubjectId,
    /// `before`
    Before,
    /// `after`
    After,
    /// `data`
    Data,
    /// `context.<key>`
    Context(String),
    /// `time.<format>`: the time of the event.
    Time(TimeFormat),
    /// `changes.attributes`: the members of `after` that differ from those of `before`. Nothing if none differs or a
    /// model is missing.
    ChangedAttributes,
    /// `changes.fields`: the entries that only one of the models' `fields` has, or the new `active`. Nothing if a model
    /// is missing.
    ChangedFields,
}

/// A format of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// `rfc3339-seconds`: `2025-02-04T12:00:00+00:00`
    Seconds,
    /// `rfc3339-millis`: `2025-02-04T12:00:00.000Z`
    Millis,
    /// `rfc3339-micros`: `2025-02-04T12:00:00.000000Z`
    Micros,
    /// `unix-seconds`: a number
    UnixSeconds,
    /// `unix-millis`: a number
    UnixMillis,
}

impl Source {
    /// Every source's name as profiles write it, for hints.
    pub const NAMES: &str = "type, message-id, subject.type, subject.id, surviving-subject.id, before, after, data, \
        context.<key>, time.rfc3339-seconds, time.rfc3339-millis, time.rfc3339-micros, time.unix-seconds, \
        time.unix-millis, changes.attributes, changes.fields";

    /// Returns the source of this name.
    pub fn parse(name: &str) -> Option<Source> {
        Some(match name {
            "type" => Source::Type,
            "message-id" => Source::MessageId,
            "subject.type" => Source::SubjectType,
            "subject.id" => Source::SubjectId,
            "surviving-subject.id" => Source::SurvivingSubjectId,
            "before" => Source::Before,
            "after" => Source::After,
            "data" => Source::Data,
            "time.rfc3339-seconds" => Source::Time(TimeFormat::Seconds),
            "time.rfc3339-millis" => Source::Time(TimeFormat::Millis),
            "time.rfc3339-micros" => Source::Time(TimeFormat::Micros),
            "time.unix-seconds" => Source::Time(TimeFormat::UnixSeconds),
            "time.unix-millis" => Source::Time(TimeFormat::UnixMillis),
            "changes.attributes" => Source::ChangedAttributes,
            "changes.fields" => Source::ChangedFields,
            _ => Source::Context(name.strip_prefix("context.").filter(|key| !key.is_empty())?.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_that_a_hint_names_is_parsed() {
        for name in Source::NAMES.split(", ") {
            assert!(Source::parse(&name.replace("<key>", "request_id")).is_some(), "{name}");
        }
        assert_eq!(Source::parse("context."), None);
        assert_eq!(Source::parse("time.stardate"), None);
    }
}
