//! Every stored value: one file for each kind of row, with its fields, their names in the row, and the values that no field has.
//!
//! A row is a JSON object. It carries the version of the format in `v`; a reader refuses a newer version and ignores fields that
//! it does not know. A row that was damaged, or repaired by hand, is refused where it is read, by the name of its field, and not
//! later by the storage.

mod attempt;
mod event;
mod filter;
mod health;
mod inbox;
mod job;
mod lane;
mod message;
mod object;
mod queue;
mod recent;
mod routed;
mod shard;
mod subscriptions;
mod tenant;
mod webhook;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use crate::store::id;
use crate::support::error::{Error, ErrorKind};
use crate::support::json;
use crate::support::limits::ATTEMPT_NUMBER_MAX;

pub use attempt::{Attempt, AttemptState};
pub use filter::{DeliveryState, JobFilter};
pub use health::Health;
pub use inbox::Inbox;
pub use job::{Job, JobKind, JobState};
pub use lane::{Isolation, Lane, Quarantine};
pub use message::{Message, Tombstone};
pub use queue::{Queue, QueuedDelivery};
pub use recent::{Recent, RecordedAttempt};
pub use routed::{Routed, RoutedMessage};
pub use shard::Shard;
pub use subscriptions::{Subscription, Subscriptions};
pub use tenant::Tenant;
pub use webhook::{OnExhausted, Webhook, WebhookSecret};

/// The version of the format.
const VERSION: u32 = 1;

/// The beginning of every row that [`encode`] writes.
const HEAD: &str = "{\"v\":1";

/// The beginning of the message by which a field's own reader refuses it. The field is an outermost one of the row.
const INVALID: &str = "invalid";

/// A kind of row.
pub trait Row: Serialize + DeserializeOwned {
    /// Returns the first field whose value is of the right type and yet none that the engine writes.
    fn invalid_field(&self) -> Option<&'static str> {
        None
    }
}

/// A row without fields: its key says everything.
#[derive(Debug, Serialize, Deserialize)]
pub struct Empty {}

impl Row for Empty {}

/// Returns the text of a row.
///
/// # Panics
///
/// Never: every row is an object of fields that JSON can hold.
pub fn encode<T: Row>(row: &T) -> String {
    let mut text = HEAD.to_owned().into_bytes();
    serde_json::to_writer(&mut text, row).expect("a row is an object of fields that JSON can hold");
    // The row's own brace becomes the comma after the version, unless there is no field.
    if text[HEAD.len()..] == *b"{}" {
        text.remove(HEAD.len());
    } else {
        text[HEAD.len()] = b',';
    }
    String::from_utf8(text).expect("JSON is written as UTF-8")
}

/// Returns the row of a text.
///
/// Errors: `internal`, with the key and the field; `blocked` for a row of a newer version.
pub fn decode<T: Row>(key: &str, text: &str) -> Result<T, Error> {
    let starts_as_written = text.strip_prefix(HEAD).is_some_and(|rest| rest.starts_with([',', '}']));
    if !starts_as_written {
        check_version(key, text)?;
    }
    let row: T = object::read(text).map_err(|error| unreadable(key, text, &error))?;
    match row.invalid_field() {
        None => Ok(row),
        Some(name) => Err(broken(key, format!("has no valid field `{name}`"))),
    }
}

/// Refuses a row of another version, and a text that is no object.
fn check_version(key: &str, text: &str) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Versioned {
        #[serde(default)]
        v: u32,
    }
    if !text.trim_start().starts_with('{') {
        return Err(broken(key, "is not readable: it is no JSON object".to_owned()));
    }
    let Versioned { v } = object::read(text).map_err(|error| unreadable(key, text, &error))?;
    if v == VERSION {
        return Ok(());
    }
    let mut error = broken(key, format!("has the format {v}; this version reads {VERSION}"));
    if v > VERSION {
        // A newer version of the component reads the row, so the work waits for that.
        error.kind = ErrorKind::Blocked;
    }
    Err(error)
}

/// Returns the error about a text that is no such row, with the field if there is one.
fn unreadable(key: &str, text: &str, error: &serde_json::Error) -> Error {
    let place = format!("line {}, column {}", error.line(), error.column());
    if error.classify() != Category::Data {
        return broken(key, format!("is not readable: not JSON at {place}"));
    }
    let path = json::path_at(text, error.line(), error.column());
    // Other messages of serde than these quote the value, which may be anyone's data.
    let message = error.to_string();
    let named = |what: &str| message.strip_prefix(what)?.strip_prefix(" field `")?.split('`').next();
    let field = match named("missing").or_else(|| named("duplicate")) {
        // It has no path of its own: the place is that of the object.
        Some(name) if !path.is_empty() => format!("{path}.{name}"),
        Some(name) => name.to_owned(),
        None => named(INVALID).map_or(path, str::to_owned),
    };
    if field.is_empty() {
        return broken(key, format!("is not readable at {place}"));
    }
    broken(key, format!("has no valid field `{field}` ({place})"))
}

/// Returns an error about a row, which never quotes the value.
fn broken(key: &str, problem: String) -> Error {
    Error::of(ErrorKind::Internal, format!("the row '{key}' {problem}"))
}

/// Returns true if these can be the message and the number of an attempt.
fn is_attempt(message: &str, number: u32) -> bool {
    id::is_id("msg_", message) && is_number(number)
}

/// Returns true if an attempt can have this number. The last redelivery has a schedule of its own.
fn is_number(number: u32) -> bool {
    number <= ATTEMPT_NUMBER_MAX + 99
}

#[cfg(test)]
mod tests;
