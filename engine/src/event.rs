//! An event as a host hands it over: parsed once, with every bound and type enforced. Whether its type is known is
//! for the profile to say, and what becomes of it for the flows.

use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::json::{self, Json, Reader, Style, quoted};
use crate::support::limits;
use crate::support::time;

/// What happened to which model of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The caller's idempotency key.
    pub id: Option<String>,
    /// Whom it belongs to.
    pub tenant: Option<String>,
    /// `asset.updated`; a profile's canonical spelling once [`crate::profile::Profile::event_type`] has seen it.
    pub event_type: String,
    /// When it happened, in microseconds since 1970. What is formatted must have it.
    pub occurred_at_us: Option<u64>,
    /// The model's type and id.
    pub subject: Option<Subject>,
    /// The model before the change: an object.
    pub before: Option<Json>,
    /// The model after the change: an object.
    pub after: Option<Json>,
    /// What belongs to the event alone: any JSON but `null`.
    pub data: Option<Json>,
    /// What travels along, in the order in which it came.
    pub context: Vec<(String, String)>,
}

/// Which model an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `asset`
    pub subject_type: Option<String>,
    /// A string or a number.
    pub id: Option<Json>,
}

impl Event {
    /// An event of this type and nothing else.
    pub fn new(event_type: &str) -> Event {
        Event {
            id: None,
            tenant: None,
            event_type: event_type.to_owned(),
            occurred_at_us: None,
            subject: None,
            before: None,
            after: None,
            data: None,
            context: Vec::new(),
        }
    }

    /// The event in a JSON text. `null` counts as absent, and an empty array as an empty object where an object is
    /// wanted: PHP cannot tell them apart. Errors: `invalid` or `too-large`, with the field.
    pub fn parse(text: &str) -> Result<Event, Error> {
        if text.len() > limits::EVENT_BYTES_MAX {
            let message = format!("the event has {} bytes; {} are allowed", text.len(), limits::EVENT_BYTES_MAX);
            let error = Error::of(ErrorKind::TooLarge, message).at("event");
            return Err(error.hint("send the model's id and what changed rather than everything"));
        }
        Event::of_json(json::parse(text)?)
    }

    /// The event in a JSON value, by the same rules.
    pub(crate) fn of_json(json: Json) -> Result<Event, Error> {
        let mut fields = Reader::new("", json);
        let event = Event {
            event_type: event_type(&mut fields),
            id: name(&mut fields, "id", limits::EVENT_ID_BYTES_MAX),
            tenant: name(&mut fields, "tenant", limits::TENANT_BYTES_MAX),
            occurred_at_us: occurred_at_us(&mut fields),
            subject: subject(&mut fields),
            before: model(&mut fields, "before"),
            after: model(&mut fields, "after"),
            data: fields.value("data"),
            context: context(&mut fields),
        };
        fields.finish()?;
        Ok(event)
    }

    /// The event as JSON, from which [`Event::parse`] makes an equal one. What is absent is left out.
    pub fn to_json(&self) -> Json {
        let mut members = Vec::new();
        if let Some(id) = &self.id {
            members.push(("id", Json::text(id)));
        }
        if let Some(tenant) = &self.tenant {
            members.push(("tenant", Json::text(tenant)));
        }
        members.extend(self.content_members());
        Json::object(members)
    }

    /// What makes two events with one id the same event, as a text to be hashed: everything but `id` and `tenant`, which
    /// name the event rather than describe it.
    ///
    /// White space, escapes, the fields' order and the notation of `occurredAt` do not count; a field that is absent, `null`
    /// or, in `context`, empty is the same. Inside the values, the order of keys and the text of numbers count, as they
    /// do in what leaves. An `occurredAt` that the caller left out must not have been filled in yet.
    pub fn content(&self) -> String {
        json::write(&Json::object(self.content_members()), Style::Compact)
    }

    fn content_members(&self) -> Vec<(&'static str, Json)> {
        let mut members = vec![("type", Json::text(&self.event_type))];
        if let Some(us) = self.occurred_at_us {
            members.push(("occurredAt", Json::String(time::rfc3339_micros(us))));
        }
        if let Some(subject) = &self.subject {
            let mut inner = Vec::new();
            if let Some(subject_type) = &subject.subject_type {
                inner.push(("type", Json::text(subject_type)));
            }
            if let Some(id) = &subject.id {
                inner.push(("id", id.clone()));
            }
            members.push(("subject", Json::object(inner)));
        }
        for (name, value) in [("before", &self.before), ("after", &self.after), ("data", &self.data)] {
            if let Some(value) = value {
                members.push((name, value.clone()));
            }
        }
        if !self.context.is_empty() {
            let context = self.context.iter().map(|(key, value)| (key.clone(), Json::text(value))).collect();
            members.push(("context", Json::Object(context)));
        }
        members
    }
}

fn event_type(fields: &mut Reader) -> String {
    let text = fields.text("type");
    if let Some(text) = &text {
        fields.noted(check_type(text));
    } else {
        let error = Error::invalid("type", "is required");
        fields.refuse(error.hint("every event says what happened: asset.updated"));
    }
    text.unwrap_or_default()
}

fn occurred_at_us(fields: &mut Reader) -> Option<u64> {
    let text = fields.text("occurredAt")?;
    fields.noted(time::parse(&text).map_err(|error| error.within("occurredAt")))
}

/// Whether a text can be an event type at all: parts of `A-Z`, `a-z`, `0-9`, `_` and `-`, with dots between them.
pub(crate) fn check_type(text: &str) -> Result<(), Error> {
    let part_ok = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    if text.len() > limits::EVENT_TYPE_BYTES_MAX {
        let message = format!("has {} bytes; {} are allowed", text.len(), limits::EVENT_TYPE_BYTES_MAX);
        return Err(Error::invalid("type", message));
    }
    if !text.split('.').all(part_ok) {
        let message = format!("`{}` is no event type", quoted(text));
        return Err(Error::invalid("type", message).hint("use letters, digits, _ and -, and dots between parts"));
    }
    if text.split('.').count() > limits::EVENT_TYPE_PARTS_MAX {
        let message = format!("`{text}` has more than {} parts", limits::EVENT_TYPE_PARTS_MAX);
        return Err(Error::invalid("type", message));
    }
    Ok(())
}

/// A text of 1 to so many bytes without control characters.
fn name(fields: &mut Reader, name: &'static str, bytes_max: usize) -> Option<String> {
    let text = fields.text(name)?;
    if text.is_empty() {
        fields.refuse(Error::invalid(name, "is empty").hint("leave it out if there is none"));
    } else if text.len() > bytes_max {
        fields.refuse_field(name, &format!("has {} bytes; {bytes_max} are allowed", text.len()));
    } else if text.chars().any(char::is_control) {
        fields.refuse_field(name, &format!("`{}` has control characters", quoted(&text)));
    }
    Some(text)
}

fn subject(fields: &mut Reader) -> Option<Subject> {
    let mut inner = Reader::new("subject", model(fields, "subject")?);
    let subject_type = inner.text("type");
    let id = inner.value("id");
    if let Some(id) = &id
        && !matches!(id, Json::String(_) | Json::Number(_))
    {
        inner.wrong("id", "a string or a number", id);
    }
    fields.noted(inner.finish());
    Some(Subject { subject_type, id })
}

fn model(fields: &mut Reader, name: &'static str) -> Option<Json> {
    match fields.value(name)? {
        Json::Array(items) if items.is_empty() => Some(Json::Object(Vec::new())),
        json @ Json::Object(_) => Some(json),
        other => {
            fields.wrong(name, "an object", &other);
            None
        }
    }
}

fn context(fields: &mut Reader) -> Vec<(String, String)> {
    let Some(Json::Object(members)) = model(fields, "context") else { return Vec::new() };
    let mut context = Vec::new();
    for (key, value) in members {
        match value {
            Json::String(value) => context.push((key, value)),
            Json::Null => {}
            other => {
                let error = Error::invalid(&format!("context.{}", quoted(&key)), "must be a string");
                fields.refuse(error.hint(format!("{} belongs into `data`", other.kind())));
            }
        }
    }
    context
}

#[cfg(test)]
mod tests;
