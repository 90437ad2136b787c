//! Hookwright's webhook logic: accepting events, routing them to webhooks, delivering them, and the management API.
//!
//! The engine performs no I/O and knows neither threads nor wasm. A [`ports::Host`] gives it storage, HTTP, time and
//! entropy; a [`Config`] names the profile and the keys that seal secrets. All state is in the storage.
//!
//! The modules stand in reading order. Each uses only modules before it.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod support;

pub mod ports;

pub mod event;

pub mod profile;

mod config;

pub mod store;

mod delivery;

mod intake;

mod jobs;

mod worker;

mod api;

#[cfg(test)]
mod testing;

pub use api::attempts::attempts;
pub use api::erase::erase;
pub use api::explain::explain;
pub use api::jobs::{cancel_job, job, jobs, recover, replay};
pub use api::messages::payload as delivery_payload;
pub use api::messages::{event_types, message, message_attempts};
pub use api::redeliver::redeliver;
pub use api::rotate::rotate_secret;
pub use api::settings::{tenant_settings, update_settings};
pub use api::test_send::test_webhook;
pub use api::webhooks::{get, list, register, unregister, update};
pub use api::{ApiRequest, ApiResponse, Caller, MANAGE, handle};
pub use config::{Config, PlainHttp, SealingKey, Settings};
pub use intake::{Accepted, DEFAULT_TENANT, on_event, on_events};
pub use ports::{contract, memory};
pub use profile::{payload, request, secret, sign, verify};
pub use store::{id, keys, rows};
pub use support::error::{Details, Error, ErrorKind};
pub use support::{error, json, limits, text, time};
pub use worker::{Budget, DeliveryReport, deliver, reclaim_leases};
