//! Hookwright's webhook logic: what is accepted, whom it concerns, what is sent when, and what is remembered of it.
//!
//! The engine performs no I/O and knows neither threads nor wasm. A [`host::Host`] gives it storage, HTTP, time and
//! entropy; a [`Config`] says which dialect is spoken and which keys seal the secrets. All state is in the storage.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod call;
mod config;
pub mod contract;
pub mod error;
pub mod event;
pub mod host;
pub mod json;
pub mod limits;
pub mod memory;
pub mod payload;
pub mod profile;
pub mod request;
pub mod secret;
pub mod sign;
mod surface;
pub mod time;
pub use call::{Accepted, ApiRequest, ApiResponse, Budget, Caller, DeliveryReport, SealingKey};
pub use config::Config;
pub use error::{Error, ErrorKind};
pub use surface::*;
