//! The payload of a profile: its members, taken from an event by a closed set of sources. The request around it and its
//! signature are left to `request`.
//!
//! There is no template language: a profile names the source of each member, and nothing else.

mod changes;

use crate::event::Event;
use crate::profile::Profile;
use crate::profile::vocabulary::{Member, MemberValue, Source, TimeFormat};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json};
use crate::support::limits;
use crate::support::time;
use std::borrow::Cow;

/// A payload. It is made once for each message and profile, and is the same for every attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    pub(crate) event_type: String,
    pub(crate) json: Json,
    pub(crate) body: String,
}

impl Payload {
    /// Returns the JSON text in the profile's style: the bytes that a `POST` carries and that signatures cover.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// Returns the payload of an event, without the profile's hidden attributes. The profile's test event can have other
/// members.
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

/// The values that members are taken from.
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
            Source::SubjectType => subject.and_then(|subject| subject.subject_type.clone()).map(Json::String),
            Source::SubjectId => subject.and_then(|subject| subject.id.clone()),
            Source::SurvivingSubjectId if self.before.is_some() && self.after.is_none() => None,
            Source::SurvivingSubjectId => self.source(&Source::SubjectId),
            Source::Before => self.before.as_deref().cloned(),
            Source::After => self.after.as_deref().cloned(),
            Source::Data => self.data.as_deref().cloned(),
            Source::Context(key) => {
                self.event.context.iter().find(|(name, _)| name == key).map(|(_, value)| Json::String(value.clone()))
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

/// Returns the model without the hidden attributes.
fn shown<'a>(model: &'a Json, hidden: &[String]) -> Cow<'a, Json> {
    if hidden.is_empty() { Cow::Borrowed(model) } else { Cow::Owned(without(model, hidden)) }
}

/// Returns the value without the hidden attributes at any depth, because a model contains its relations.
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
