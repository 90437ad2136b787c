//! Hookwright's webhook logic: what is accepted, whom it concerns, what is sent when, and what is remembered of it.
//!
//! The engine performs no I/O and knows neither threads nor wasm. A [`host::Host`] gives it storage, HTTP, time and
//! entropy; a [`Config`] says which dialect is spoken and which keys seal the secrets. All state is in the storage.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod error;
pub mod host;
pub mod limits;

mod call;
mod config;

mod accept;
mod commit;
mod deliver;
mod erase;
mod explain;
mod job;
mod order;
mod outgoing;
mod read;
mod redeliver;
mod settings;
mod subscriptions;
mod test_send;
mod verdict;
mod webhook;

mod api;

pub mod event;
pub mod json;
pub mod payload;
pub mod profile;
pub mod request;
pub mod secret;
pub mod sign;
pub mod time;
pub mod verify;

mod base64;
mod egress;
pub mod id;
pub mod keys;
mod pattern;
pub mod records;
mod seal;
mod url;

pub mod contract;
pub mod memory;
#[cfg(test)]
mod world;

pub use accept::{DEFAULT_TENANT, on_event, on_events};
pub use api::{MANAGE, handle};
pub use call::{Accepted, ApiRequest, ApiResponse, Budget, Caller, DeliveryReport, PlainHttp, SealingKey, Settings};
pub use config::Config;
pub use deliver::{deliver, take_over};
pub use erase::erase;
pub use error::{Details, Error, ErrorKind};
pub use explain::explain;
pub use job::{cancel_job, job, jobs, recover, replay};
pub use read::payload as delivery_payload;
pub use read::{attempts, event_types, message, message_attempts};
pub use redeliver::redeliver;
pub use settings::{tenant_settings, update_settings};
pub use test_send::test_webhook;
pub use webhook::{get, list, register, rotate_secret, unregister, update};
