//! Makes the request for the host from a stored message and an opened webhook.

use crate::delivery::target::Target;
use crate::event::Event;
use crate::ports::{EgressPolicy, Request};
use crate::profile::request::{self, Outgoing};
use crate::store::rows::Message;
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits::RESPONSE_BYTES_MAX;

/// Returns the content of one attempt's request. It depends on the stored event, the webhook and the time of the attempt only,
/// so every attempt of a message has the same body.
pub fn format(target: &Target, message_id: &str, message: &Message, now_us: u64) -> Result<Outgoing, Error> {
    let event = event(message)?;
    request::format(target.profile(), &target.request(), message_id, &event, now_us, target.secrets(now_us / 1_000))
}

/// Returns the event of a stored message.
pub fn event(message: &Message) -> Result<Event, Error> {
    let stored = message.event.clone();
    let mut event =
        Event::of_json(stored.ok_or_else(|| Error::of(ErrorKind::Conflict, "the event is no longer kept"))?)?;
    event.event_type.clone_from(&message.event_type);
    event.occurred_at_us = Some(message.occurred_at_us);
    Ok(event)
}

/// Returns the request for the host.
pub fn request(outgoing: Outgoing, id: u64, timeout_ms: u32, egress: &EgressPolicy) -> Request {
    Request {
        id,
        method: outgoing.method.as_str().to_owned(),
        url: outgoing.url,
        headers: outgoing.headers,
        body: outgoing.body,
        timeout_ms,
        response_bytes_max: RESPONSE_BYTES_MAX,
        egress: egress.clone(),
    }
}
