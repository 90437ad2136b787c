//! The Rust host: loads the component, gives it a store, an HTTP client, a clock and random bytes, and runs it.
//!
//! A Rust platform embeds it with one [`Runtime`] for the process, one [`Blueprint`] that makes instances, a [`Pool`] for its
//! own calls, and [`Workers`] that deliver in the background.
//!
//! ```
//! use std::sync::Arc;
//! use hookwright_engine::memory::MemoryStore;
//! use hookwright_host::http::HttpClient;
//! use hookwright_host::signal::Signals;
//! use hookwright_host::{Blueprint, Imports, Pool, Runtime, SealingKey, Settings, Workers};
//!
//! # fn main() -> anyhow::Result<()> {
//! let runtime = Runtime::builder().build()?;
//! let settings = Settings {
//!     sealing_keys: vec![SealingKey { id: "k1".into(), key_hex: "07".repeat(32) }],
//!     ..Settings::default()
//! };
//! let store = Arc::new(MemoryStore::new());
//! let http = HttpClient::builder().build()?;
//! let blueprint = Arc::new(Blueprint::new(runtime, settings, move |signals| {
//!     Imports::new(store.clone(), Arc::new(http.queue(signals)))
//! }));
//!
//! let signals = Signals::new();
//! let workers = Workers::start(blueprint.clone(), signals.clone(), 2)?;
//! let pool = Pool::new(blueprint, 8);
//! let types = pool.call(|plugin| plugin.event_types());
//! // Call `signals.work()` after each accepted event.
//! workers.stop();
//! # drop(types);
//! # Ok(())
//! # }
//! ```
//!
//! The host decides nothing about webhooks: it does not sign, match or schedule.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod limits;

pub mod signal;

pub mod http;
pub mod stores;

mod imports;
mod ticker;

mod linker;

mod plugin;

mod runtime;

mod pool;

mod worker;

mod server;

pub mod receiver;

pub use hookwright_engine::{
    Accepted, ApiRequest, ApiResponse, Budget, Caller, DeliveryReport, PlainHttp, SealingKey, Settings,
};
pub use imports::{Imports, LogLevel, OsEntropy, SystemClock};
pub use linker::{Declined, Misfit};
pub use plugin::{CallError, Plugin, Trap};
pub use pool::{Blueprint, Pool};
pub use runtime::{COMPONENT, Runtime, RuntimeBuilder};
pub use server::{Server, ServerOptions};
pub use wasmtime;
pub use worker::Workers;
