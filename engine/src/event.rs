//! An event as a host hands it over, parsed once with every bound and type enforced. The profile decides which types
//! there are.
//!
//! An event stays a tree of the engine's own (`support::json`), where configuration is read by `serde`: the reason is
//! there.

pub mod pattern;

use crate::support::error::{Error, ErrorKind};
use crate::support::json::{self, Fields, InvalidText, Json, Style, quoted};
use crate::support::limits;
use crate::support::time;

/// A change of one of the platform's models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The caller's idempotency key.
    pub id: Option<String>,
    /// The tenant that it belongs to.
    pub tenant: Option<String>,
    /// `asset.updated`. The profile's canonical spelling once [`crate::profile::Profile::event_type`] has seen it.
    pub event_type: String,
    /// The time of the change, in microseconds since 1970-01-01T00:00:00Z. An event must have it before it is
    /// formatted.
    pub occurred_at_us: Option<u64>,
    /// The model's type and id. All texts from here on are as trees hold them ([`json::unicode`]).
    pub subject: Option<Subject>,
    /// The model before the change: an object.
    pub before: Option<Json>,
    /// The model after the change: an object.
    pub after: Option<Json>,
    /// Data of the event itself: any JSON but `null`.
    pub data: Option<Json>,
    /// Further names and values, in the order in which they came.
    pub context: Vec<(String, String)>,
}

/// The model that an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `asset`
    pub subject_type: Option<String>,
    /// A string or a number.
    pub id: Option<Json>,
}

impl Event {
    /// The fields that describe an event. The others name it, its tenant and its time.
    pub const MODEL_FIELDS: [&str; 5] = ["subject", "before", "after", "data", "context"];

    /// Returns an event of this type without any other field.
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

    /// Returns the event in a JSON text. `null` counts as absent. An empty array counts as an empty object in place of
    /// an object, because PHP cannot tell them apart.
    ///
    /// U+0000 and halves of surrogate pairs are kept in the fields that describe the event. An `id` or a `tenant` with one
    /// is always refused, because they tell events apart.
    ///
    /// Errors: `invalid` or `too-large`, with the field.
    pub fn parse(text: &str) -> Result<Event, Error> {
        Event::parse_by(text, InvalidText::Keep)
    }

    /// Returns the event in a JSON text, with another rule for U+0000 and halves of surrogate pairs.
    pub fn parse_by(text: &str, rule: InvalidText) -> Result<Event, Error> {
        if text.len() > limits::EVENT_BYTES_MAX {
            let message = format!("the event has {} bytes; {} are allowed", text.len(), limits::EVENT_BYTES_MAX);
            let error = Error::of(ErrorKind::TooLarge, message).at("event");
            return Err(error.hint("send the model's id and what changed rather than everything"));
        }
        let tree = if rule == InvalidText::Refuse { json::parse(text)? } else { json::parse_kept(text)? };
        Event::of_json(if rule == InvalidText::Replace { Event::replaced(tree) } else { tree })
    }

    /// Returns the tree of an event with U+FFFD for what is no text, in the fields that describe the event.
    pub(crate) fn replaced(mut tree: Json) -> Json {
        if let Json::Object(fields) = &mut tree {
            for (_, value) in fields.iter_mut().filter(|(name, _)| Event::MODEL_FIELDS.contains(&name.as_str())) {
                *value = json::replaced(std::mem::take(value));
            }
        }
        tree
    }

    /// Returns the event in a JSON value, by the same rules.
    pub(crate) fn of_json(json: Json) -> Result<Event, Error> {
        let mut fields = Fields::new("", json)?;
        let event = Event {
            event_type: event_type(&mut fields)?,
            id: name(&mut fields, "id", limits::EVENT_ID_BYTES_MAX)?,
            tenant: name(&mut fields, "tenant", limits::TENANT_BYTES_MAX)?,
            occurred_at_us: occurred_at_us(&mut fields)?,
            subject: subject(&mut fields)?,
            before: model(&mut fields, "before")?,
            after: model(&mut fields, "after")?,
            data: fields.value("data"),
            context: context(&mut fields)?,
        };
        fields.finish()?;
        Ok(event)
    }

    /// Returns the event as JSON, from which [`Event::parse`] makes an equal one. Absent fields are left out.
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

    /// Returns a text to be hashed that two events with one id share exactly if they are the same event. It has every
    /// field but `id` and `tenant`, which name the event and do not describe it.
    ///
    /// White space, escapes, the fields' order and the notation of `occurredAt` do not count; a field that is absent,
    /// `null` or, in `context`, empty is the same. Inside the values, the order of keys and the text of numbers count,
    /// as they do in what leaves. An `occurredAt` that the caller left out must not have been filled in yet.
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
                inner.push(("type", Json::String(subject_type.clone())));
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
            let context = self.context.iter().map(|(key, value)| (key.clone(), Json::String(value.clone()))).collect();
            members.push(("context", Json::Object(context)));
        }
        members
    }
}

fn event_type(fields: &mut Fields) -> Result<String, Error> {
    let text = fields
        .text("type")?
        .ok_or_else(|| Error::invalid("type", "is required").hint("every event says what happened: asset.updated"))?;
    check_type(&text)?;
    Ok(text)
}

fn occurred_at_us(fields: &mut Fields) -> Result<Option<u64>, Error> {
    let text = fields.text("occurredAt")?;
    text.map(|text| time::parse(&text).map_err(|error| error.within("occurredAt"))).transpose()
}

/// Checks the form of an event type: parts of `A-Z`, `a-z`, `0-9`, `_` and `-`, with dots between them.
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

/// Takes a text of 1 to `bytes_max` bytes without control characters.
fn name(fields: &mut Fields, name: &'static str, bytes_max: usize) -> Result<Option<String>, Error> {
    let Some(text) = fields.text(name)? else { return Ok(None) };
    if text.is_empty() {
        return Err(Error::invalid(name, "is empty").hint("leave it out if there is none"));
    }
    if text.len() > bytes_max {
        return Err(Error::invalid(name, format!("has {} bytes; {bytes_max} are allowed", text.len())));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(name, format!("`{}` has control characters", quoted(&text))));
    }
    if json::has_half(&text) {
        return Err(Error::invalid(name, "has half of a surrogate pair").hint("text cut in the middle of a character?"));
    }
    Ok(Some(json::unicode(&text).into_owned()))
}

fn subject(fields: &mut Fields) -> Result<Option<Subject>, Error> {
    let Some(json) = model(fields, "subject")? else { return Ok(None) };
    let mut inner = Fields::new("subject", json)?;
    let subject_type = inner.text("type")?;
    let id = match inner.value("id") {
        None => None,
        Some(id @ (Json::String(_) | Json::Number(_))) => Some(id),
        Some(other) => return Err(inner.wrong("id", "a string or a number", &other)),
    };
    inner.finish()?;
    Ok(Some(Subject { subject_type, id }))
}

fn model(fields: &mut Fields, name: &'static str) -> Result<Option<Json>, Error> {
    match fields.value(name) {
        None => Ok(None),
        Some(Json::Array(items)) if items.is_empty() => Ok(Some(Json::Object(Vec::new()))),
        Some(json @ Json::Object(_)) => Ok(Some(json)),
        Some(other) => Err(fields.wrong(name, "an object", &other)),
    }
}

fn context(fields: &mut Fields) -> Result<Vec<(String, String)>, Error> {
    let Some(Json::Object(members)) = model(fields, "context")? else { return Ok(Vec::new()) };
    let mut context = Vec::new();
    for (key, value) in members {
        match value {
            Json::String(value) => context.push((key, value)),
            Json::Null => {}
            other => {
                let error = Error::invalid(&format!("context.{}", quoted(&key)), "must be a string");
                return Err(error.hint(format!("{} belongs into `data`", other.kind())));
            }
        }
    }
    Ok(context)
}

#[cfg(test)]
mod tests;
