//! Accepts events: one commit that inserts their rows and reads nothing, independent of the subscribers.

mod tenant;

pub use tenant::check_tenant;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::event::Event;
use crate::ports::{Entry, Host};
use crate::store::commit::{Commit, Outcome, deadline_ms};
use crate::store::id;
use crate::store::keys;
use crate::store::rows::{self, Inbox, Message};
use crate::support::error::{Error, ErrorKind};
use crate::support::limits::{self, COMMIT_MS_MAX};

/// Commits of one call. Each leaves out the events that the one before found stored, so more show a broken storage.
const ROUNDS_MAX: u32 = 8;

/// An event was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The message's id.
    pub message_id: String,
    /// False if the same event had been accepted before.
    pub new: bool,
}

/// The tenant of an event without one, if the host has established none.
pub const DEFAULT_TENANT: &str = "default";

/// Accepts one event.
pub fn on_event(host: &dyn Host, config: &Config, tenant: Option<&str>, event: &str) -> Result<Accepted, Error> {
    let prepared = prepare(host, config, tenant, event, host.accept_us(1))?;
    let accepted = commit(host, vec![prepared]).map_err(|failure| failure.error)?;
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
    // Read first, so that events accepted before this call have an earlier time.
    let accepted_us = host.accept_us(events.len() as u64);
    let mut prepared = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let event = prepare(host, config, tenant, event, accepted_us + index as u64)
            .map_err(|error| error.within(&format!("events[{index}]")))?;
        prepared.push(event);
    }
    commit(host, prepared).map_err(|failure| match failure.event {
        Some(index) => failure.error.within(&format!("events[{index}]")),
        None => failure.error,
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
    let mut event = Event::parse_by(text, config.invalid_text())?;
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

/// An error of a commit, and the index of the event that it is about, if it is about one.
struct CommitError {
    event: Option<usize>,
    error: Error,
}

impl From<Error> for CommitError {
    fn from(error: Error) -> CommitError {
        CommitError { event: None, error }
    }
}

/// The events of one call that are not stored yet, by the keys of their messages.
type New<'e> = BTreeMap<&'e str, &'e Prepared>;

/// Commits the events that are new, all of them or none.
fn commit(host: &dyn Host, events: Vec<Prepared>) -> Result<Vec<Accepted>, CommitError> {
    let mut new: New<'_> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        let first = new.entry(&event.message_key).or_insert(event);
        if first.content_hash != event.content_hash {
            return Err(CommitError { event: Some(index), error: other_content() });
        }
    }
    let deadline_ms = deadline_ms(host, COMMIT_MS_MAX);
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let mut rounds = 0;
    while !new.is_empty() {
        rounds += 1;
        if rounds > ROUNDS_MAX {
            return Err(
                Error::of(ErrorKind::Unavailable, "the storage contradicts itself about stored messages").into()
            );
        }
        let mut commit = Commit::default();
        for event in new.values() {
            commit.check(&event.message_key, None);
            commit.put(event.message_key.clone(), event.message_value.clone());
            commit.put(event.inbox_key.clone(), event.inbox_value.clone());
        }
        let Outcome::Conflict { keys: failed, .. } = commit.submit_until(host, deadline_ms)? else { break };
        let found = host.get(&failed).map_err(Error::from)?;
        for entry in found.into_iter().flatten() {
            take_stored(&entry, &mut new, &mut known).map_err(|error| {
                let event = events.iter().position(|event| event.message_key == entry.key);
                CommitError { event: event.filter(|_| error.kind == ErrorKind::Conflict), error }
            })?;
        }
    }
    Ok(accepted(&events, &known))
}

/// Takes an event whose message is stored out of the new ones. Returns an error if the stored message has another content, or
/// is being removed.
fn take_stored<'e>(entry: &Entry, new: &mut New<'e>, known: &mut BTreeSet<&'e str>) -> Result<(), Error> {
    let Some((key, event)) = new.remove_entry(entry.key.as_str()) else { return Ok(()) };
    let row: Message = rows::decode(&entry.key, &entry.value)?;
    if row.is_gone() {
        let error = Error::of(ErrorKind::Unavailable, "a message with this id is being removed");
        return Err(error.hint("repeat the call"));
    }
    if row.content_hash.as_deref() != Some(&event.content_hash) {
        return Err(other_content());
    }
    // A row with the very text of this call was put by an earlier submission with an unknown outcome.
    if entry.value != event.message_value {
        known.insert(key);
    }
    Ok(())
}

/// Returns the answer for each event. An event is not new if it was stored before, or is a repetition within the call.
fn accepted(events: &[Prepared], known: &BTreeSet<&str>) -> Vec<Accepted> {
    let mut seen: BTreeSet<&str> = known.clone();
    let mut accepted = Vec::with_capacity(events.len());
    for event in events {
        let new = seen.insert(&event.message_key);
        accepted.push(Accepted { message_id: event.message_id.clone(), new });
    }
    accepted
}

fn other_content() -> Error {
    Error::of(ErrorKind::Conflict, "an event with this id and another content was accepted before")
        .at("id")
        .hint("give a new event a new id: an id never stands for two events")
}
