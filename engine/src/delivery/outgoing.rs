//! From a stored message and an opened webhook to a request for the host.

use crate::delivery::target::Target;
use crate::event::Event;
use crate::ports::{EgressPolicy, Request};
use crate::profile::request::{self, Outgoing};
use crate::store::rows::Message;
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits::RESPONSE_BYTES_MAX;

/// The bytes of one attempt. They depend on the stored event, the webhook and the time of the attempt, and on nothing else:
/// every attempt of a message carries the same body.
pub fn format(target: &Target, message_id: &str, message: &Message, now_us: u64) -> Result<Outgoing, Error> {
    let event = event(message)?;
    request::format(target.profile(), &target.request(), message_id, &event, now_us, target.secrets(now_us / 1_000))
}

/// The event of a stored message.
pub fn event(message: &Message) -> Result<Event, Error> {
    let stored = message.event.clone();
    let mut event =
        Event::of_json(stored.ok_or_else(|| Error::of(ErrorKind::Conflict, "the event is no longer kept"))?)?;
    event.event_type.clone_from(&message.event_type);
    event.occurred_at_us = Some(message.occurred_at_us);
    Ok(event)
}

/// The request that carries them.
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
