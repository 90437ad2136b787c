//! Accepting events: one commit that inserts rows of their own and reads nothing, whoever subscribes.

mod tenant;

pub use tenant::check_tenant;

use litemap::LiteMap;
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::event::Event;
use crate::ports::Host;
use crate::store::commit::{Commit, Outcome, deadline_ms};
use crate::store::id;
use crate::store::keys;
use crate::store::rows::{self, Inbox, Message};
use crate::support::error::Error;
use crate::support::error::ErrorKind;
use crate::support::limits::{self, COMMIT_MS_MAX};

/// Commits, each without the events that the one before found stored, before something must be wrong.
const ROUNDS_MAX: u32 = 8;

/// An event was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The message's id.
    pub message_id: String,
    /// False if the same event had been accepted before.
    pub new: bool,
}

/// The tenant of an event that names none, from a host that has established none.
pub const DEFAULT_TENANT: &str = "default";

/// Accepts one event.
pub fn on_event(host: &dyn Host, config: &Config, tenant: Option<&str>, event: &str) -> Result<Accepted, Error> {
    let prepared = prepare(host, config, tenant, event, host.accept_us(1))?;
    let accepted = commit(host, vec![prepared]).map_err(|(_, error)| error)?;
    accepted.into_iter().next().ok_or_else(|| Error::of(ErrorKind::Internal, "an event was lost on the way"))
}

/// Accepts up to [`limits::EVENTS_PER_CALL_MAX`] events in one commit: all of them or none.
pub fn on_events(
    host: &dyn Host,
    config: &Config,
    tenant: Option<&str>,
    events: &[String],
) -> Result<Vec<Accepted>, Error> {
    let too_large = |message: String| Error::of(ErrorKind::TooLarge, message).at("events");
    if events.len() > limits::EVENTS_PER_CALL_MAX {
        let message = format!("has {} events; {} are allowed in one call", events.len(), limits::EVENTS_PER_CALL_MAX);
        return Err(too_large(message).hint("send them in several calls"));
    }
    let bytes: usize = events.iter().map(String::len).sum();
    if bytes > limits::EVENTS_BYTES_MAX {
        let message = format!("has {bytes} bytes; {} are allowed in one call", limits::EVENTS_BYTES_MAX);
        return Err(too_large(message).hint("send them in several calls"));
    }
    // Read before anything else, so that what was accepted before this call began has an earlier time.
    let accepted_us = host.accept_us(events.len() as u64);
    let mut prepared = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let event = prepare(host, config, tenant, event, accepted_us + index as u64)
            .map_err(|error| error.within(&format!("events[{index}]")))?;
        prepared.push(event);
    }
    commit(host, prepared).map_err(|(index, error)| match index {
        Some(index) => error.within(&format!("events[{index}]")),
        None => error,
    })
}

/// An event as it will be stored.
struct Prepared {
    message_id: String,
    content_hash: String,
    message_key: String,
    message_value: String,
    inbox_key: String,
    inbox_value: String,
}

fn prepare(
    host: &dyn Host,
    config: &Config,
    tenant: Option<&str>,
    text: &str,
    accepted_at_us: u64,
) -> Result<Prepared, Error> {
    let mut event = Event::parse(text)?;
    event.event_type = config.profile().event_type(&event.event_type)?;
    let tenant = match (tenant, event.tenant.as_deref()) {
        (Some(tenant), Some(own)) if tenant != own => {
            let message = format!("is `{own}`, but the call is for `{tenant}`");
            return Err(Error::invalid("tenant", message).hint("leave the field out, or call for that tenant"));
        }
        (Some(tenant), _) => check_tenant(tenant)?,
        (None, Some(own)) => check_tenant(own)?,
        (None, None) => DEFAULT_TENANT,
    }
    .to_owned();
    let tenant_part = keys::part(&tenant);
    let content_hash = hex::encode(Sha256::digest(event.content().as_bytes()));
    let message_id = id::message(host, &tenant, event.id.as_deref());
    let message = Message {
        tenant,
        event_type: event.event_type.clone(),
        occurred_at_us: event.occurred_at_us.unwrap_or(accepted_at_us),
        accepted_at_us,
        content_hash: Some(content_hash.clone()),
        tombstone: None,
        test: false,
        event: Some(event.to_json()),
        subject_hash: None,
    };
    let inbox = Inbox { tenant_part: tenant_part.clone(), event_type: event.event_type, routed_to: None, routed: None };
    Ok(Prepared {
        message_key: keys::message(&tenant_part, &message_id),
        message_value: rows::encode(&message),
        inbox_key: keys::inbox(keys::shard_of(&tenant_part), accepted_at_us, &message_id),
        inbox_value: rows::encode(&inbox),
        message_id,
        content_hash,
    })
}

/// Commits what is new of these events. An error may be about one of them.
fn commit(host: &dyn Host, events: Vec<Prepared>) -> Result<Vec<Accepted>, (Option<usize>, Error)> {
    let mut new: LiteMap<&str, &Prepared> = LiteMap::new();
    for (index, event) in events.iter().enumerate() {
        let first = new.entry(&event.message_key).or_insert(event);
        if first.content_hash != event.content_hash {
            return Err((Some(index), other_content()));
        }
    }
    let deadline_ms = deadline_ms(host, COMMIT_MS_MAX);
    let mut known: Vec<&str> = Vec::new();
    let mut rounds = 0;
    while !new.is_empty() {
        rounds += 1;
        if rounds > ROUNDS_MAX {
            let error = Error::of(ErrorKind::Unavailable, "the storage contradicts itself about what is there");
            return Err((None, error));
        }
        let mut commit = Commit::default();
        for event in new.values() {
            commit.check(&event.message_key, None);
            commit.put(event.message_key.clone(), event.message_value.clone());
            commit.put(event.inbox_key.clone(), event.inbox_value.clone());
        }
        let Outcome::Conflict { keys: failed, .. } =
            commit.submit_until(host, deadline_ms).map_err(|error| (None, error))?
        else {
            break;
        };
        let found = host.get(&failed).map_err(|error| (None, error.into()))?;
        let mut settled: Vec<&str> = Vec::new();
        for (key, entry) in failed.iter().zip(found) {
            let Some(event) = new.get(key.as_str()) else { continue };
            let Some(entry) = entry else { continue };
            let row: Message = rows::decode(key, &entry.value).map_err(|error| (None, error))?;
            if row.is_gone() {
                let error = Error::of(ErrorKind::Unavailable, "a message with this id is being removed");
                return Err((None, error.hint("repeat the call")));
            }
            if row.content_hash.as_deref() != Some(&event.content_hash) {
                let index = events.iter().position(|event| event.message_key == *key);
                return Err((index, other_content()));
            }
            // A row with our very text was written by an earlier submission whose outcome was open.
            if entry.value != event.message_value {
                known.push(&event.message_key);
            }
            settled.push(&event.message_key);
        }
        for key in settled {
            new.remove(key);
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    let accepted = events.iter().map(|event| {
        let repeated = known.contains(&event.message_key.as_str()) || seen.contains(&event.message_key.as_str());
        seen.push(&event.message_key);
        Accepted { message_id: event.message_id.clone(), new: !repeated }
    });
    Ok(accepted.collect())
}

fn other_content() -> Error {
    Error::of(ErrorKind::Conflict, "an event with this id and another content was accepted before")
        .at("id")
        .hint("an id stands for one event for ever: give a new event a new id")
}
