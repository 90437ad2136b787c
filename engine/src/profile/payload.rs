//! What a profile's receivers find in the body: its members, drawn from an event by a closed set of extractors.
//! How the request around it looks, and who signs it, is left to `request`.
//!
//! There is no template language: a profile names where each member comes from, and nothing else can be said.

mod changes;

use crate::event::Event;
use crate::profile::Profile;
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json};
use crate::support::limits;
use crate::support::time;
use std::borrow::Cow;

/// One member of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its key.
    pub name: String,
    /// Where its value comes from.
    pub value: MemberValue,
}

/// Where a member's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberValue {
    /// The first of these that the event has, else a constant; without a constant the member is left out.
    First(Vec<Source>, Option<Json>),
    /// An object of further members.
    Members(Vec<Member>),
}

/// What can be drawn from an event. A source that the event lacks yields nothing.
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
    /// `time.<format>`: when the event happened.
    Time(TimeFormat),
    /// `changes.attributes`: the members of `after` that differ from those of `before`; nothing if none does or a model is
    /// missing.
    ChangedAttributes,
    /// `changes.fields`: the entries that only one of the models' `fields` has, or the new `active`; nothing if a model is
    /// missing.
    ChangedFields,
}

/// The named formats of times.
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

    /// The source of this name.
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

/// A payload: made once per message and profile, the same for every attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    pub(crate) event_type: String,
    pub(crate) json: Json,
    pub(crate) body: String,
}

impl Payload {
    /// The JSON text in the profile's style: the bytes that a `POST` carries and that signatures cover.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// The payload of an event, without the profile's hidden attributes. The profile's test event has members of its own if
/// the profile says so.
///
/// Errors: `internal` if the event does not say when it happened; `too-large` if the payload is longer than the limit.
pub fn build(profile: &Profile, message_id: &str, event: &Event) -> Result<Payload, Error> {
    let occurred_at_us = event
        .occurred_at_us
        .ok_or_else(|| Error::of(ErrorKind::Internal, "an event without its time cannot be formatted"))?;
    let event_type = profile.letter_case.fold(&event.event_type);
    let [before, after, data] = [&event.before, &event.after, &event.data]
        .map(|model| model.as_ref().map(|model| shown(model, &profile.hidden)));
    let drawn = Drawn { message_id, event_type: &event_type, occurred_at_us, event, before, after, data };
    let list = if event_type == profile.test.event_type { profile.test.payload.as_ref() } else { None };
    let json = drawn.members(list.unwrap_or(&profile.payload));
    let body = json::write_within(&json, profile.style, limits::BODY_BYTES_MAX).ok_or_else(|| {
        let message =
            format!("the payload has more than {} bytes in the style of {}", limits::BODY_BYTES_MAX, profile.name);
        Error::of(ErrorKind::TooLarge, message).hint("nest the event less deeply")
    })?;
    Ok(Payload { event_type, json, body })
}

/// What members are drawn from.
struct Drawn<'a> {
    message_id: &'a str,
    event_type: &'a str,
    occurred_at_us: u64,
    event: &'a Event,
    before: Option<Cow<'a, Json>>,
    after: Option<Cow<'a, Json>>,
    data: Option<Cow<'a, Json>>,
}

impl Drawn<'_> {
    fn members(&self, list: &[Member]) -> Json {
        let value = |member: &Member| match &member.value {
            MemberValue::Members(inner) => Some(self.members(inner)),
            MemberValue::First(sources, otherwise) => {
                sources.iter().find_map(|source| self.source(source)).or_else(|| otherwise.clone())
            }
        };
        let members = list.iter().filter_map(|member| Some((member.name.clone(), value(member)?)));
        Json::Object(members.collect())
    }

    fn source(&self, source: &Source) -> Option<Json> {
        let subject = self.event.subject.as_ref();
        let both = || self.before.as_deref().zip(self.after.as_deref());
        match source {
            Source::Type => Some(Json::text(self.event_type)),
            Source::MessageId => Some(Json::text(self.message_id)),
            Source::SubjectType => subject.and_then(|subject| subject.subject_type.as_deref()).map(Json::text),
            Source::SubjectId => subject.and_then(|subject| subject.id.clone()),
            Source::SurvivingSubjectId if self.before.is_some() && self.after.is_none() => None,
            Source::SurvivingSubjectId => self.source(&Source::SubjectId),
            Source::Before => self.before.as_deref().cloned(),
            Source::After => self.after.as_deref().cloned(),
            Source::Data => self.data.as_deref().cloned(),
            Source::Context(key) => {
                self.event.context.iter().find(|(name, _)| name == key).map(|(_, value)| Json::text(value))
            }
            Source::Time(format) => Some(at(*format, self.occurred_at_us)),
            Source::ChangedAttributes => both().and_then(|(before, after)| changes::attributes(before, after)),
            Source::ChangedFields => both().map(|(before, after)| changes::fields(before, after)),
        }
    }
}

fn at(format: TimeFormat, us: u64) -> Json {
    match format {
        TimeFormat::Seconds => Json::String(time::rfc3339_seconds(us)),
        TimeFormat::Millis => Json::String(time::rfc3339_millis(us)),
        TimeFormat::Micros => Json::String(time::rfc3339_micros(us)),
        TimeFormat::UnixSeconds => Json::from(time::unix_seconds(us)),
        TimeFormat::UnixMillis => Json::from(time::unix_millis(us)),
    }
}

/// The model as it may be seen.
fn shown<'a>(model: &'a Json, hidden: &[String]) -> Cow<'a, Json> {
    if hidden.is_empty() { Cow::Borrowed(model) } else { Cow::Owned(without(model, hidden)) }
}

/// The value without the hidden attributes, however deep they lie: a model brings its relations along.
pub(crate) fn without(json: &Json, hidden: &[String]) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.iter().map(|item| without(item, hidden)).collect()),
        Json::Object(members) => {
            let kept = members.iter().filter(|(key, _)| !hidden.iter().any(|name| name.eq_ignore_ascii_case(key)));
            Json::Object(kept.map(|(key, value)| (key.clone(), without(value, hidden))).collect())
        }
        _ => json.clone(),
    }
}

#[cfg(test)]
mod tests;
