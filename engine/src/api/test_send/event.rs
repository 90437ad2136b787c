//! The event that a test sends: that of the call, the profile's example of its type, or the profile's test event.

use crate::config::Config;
use crate::event::Event;
use crate::profile::Profile;
use crate::support::error::{Error, ErrorKind};
use crate::support::json::{self, Json, quoted};
use crate::support::limits::EVENT_BYTES_MAX;

/// Returns the event that a call asks for. `format` is the webhook's profile. The type is one of the platform's catalogue, or
/// that of the test event. The webhook need not subscribe to it.
///
/// Errors: `invalid`, with the field; `too-large`.
pub(super) fn read(config: &Config, format: &Profile, text: &str, now_us: u64) -> Result<Event, Error> {
    if text.len() > EVENT_BYTES_MAX {
        let message = format!("the event has {} bytes; {EVENT_BYTES_MAX} are allowed", text.len());
        return Err(Error::of(ErrorKind::TooLarge, message).at("event"));
    }
    let tree = json::parse_optional(text, config.invalid_text())?;
    let Json::Object(fields) = tree else {
        return Err(Error::of(ErrorKind::Invalid, "expected an object").hint("send an event, or no body"));
    };
    for (name, _) in &fields {
        if name != "type" && !Event::MODEL_FIELDS.contains(&name.as_str()) {
            let hint = format!("the fields are type, {}", Event::MODEL_FIELDS.join(", "));
            return Err(Error::invalid(&quoted(name), "there is no such field").hint(hint));
        }
    }
    let given: Vec<(String, Json)> = fields.into_iter().filter(|(_, value)| *value != Json::Null).collect();
    if given.is_empty() {
        return Ok(format.test_event(now_us));
    }
    let names_only_a_type = given.len() == 1;
    let event = Event::of_json(Json::Object(given)).map_err(|error| match error.field.as_deref() {
        Some("type") if error.message == "is required" => {
            error.hint("name the event's type, or send no body for the test event of the format")
        }
        _ => error,
    })?;
    let event = with_type(config, format, event)?;
    let event = if names_only_a_type { example(config, format, event) } else { event };
    Ok(Event { occurred_at_us: Some(now_us), ..event })
}

/// Returns the event with its type in the catalogue's spelling.
fn with_type(config: &Config, format: &Profile, event: Event) -> Result<Event, Error> {
    let event_type = event.event_type.trim();
    if format.letter_case.fold(event_type) == format.test.event_type {
        return Ok(Event { event_type: format.test.event_type.clone(), ..event });
    }
    let event_type = config.profile().event_type(event_type)?;
    Ok(Event { event_type, ..event })
}

/// Returns an event of this type with the contents of an example, if a profile has one: the platform's, or the format's.
fn example(config: &Config, format: &Profile, event: Event) -> Event {
    if event.event_type == format.test.event_type {
        return Event { data: format.test.data.clone(), ..event };
    }
    let example = config.profile().sample(&event.event_type).or_else(|| format.sample(&event.event_type));
    example.unwrap_or(event)
}
