//! The Rust host: loads the component, gives it a store, an HTTP client, a clock and random bytes, and runs it.
//!
//! A Rust platform embeds it like this: one [`Runtime`] for the process, one [`Blueprint`] that says how an instance is
//! made, a [`Pool`] for its own calls and a [`Pump`] that delivers in the background.
//!
//! ```
//! use std::sync::Arc;
//! use hookwright_engine::memory::MemoryStore;
//! use hookwright_host::http::HttpClient;
//! use hookwright_host::wake::Wakes;
//! use hookwright_host::{Blueprint, Imports, Pool, Pump, Runtime, SealingKey, Settings};
//!
//! # fn main() -> anyhow::Result<()> {
//! let runtime = Runtime::builder().build()?;
//! let settings = Settings {
//!     sealing_keys: vec![SealingKey { id: "k1".into(), key_hex: "07".repeat(32) }],
//!     ..Settings::default()
//! };
//! let store = Arc::new(MemoryStore::new());
//! let http = HttpClient::builder().build()?;
//! let blueprint = Arc::new(Blueprint::new(runtime, settings, move |wakes| {
//!     Imports::new(store.clone(), Arc::new(http.queue(wakes)))
//! }));
//!
//! let wakes = Wakes::new();
//! let pump = Pump::start(blueprint.clone(), wakes.clone(), 2)?;
//! let pool = Pool::new(blueprint, 8);
//! let types = pool.call(|plugin| plugin.event_types());
//! // After an accepted event: `wakes.work()`.
//! pump.stop();
//! # drop(types);
//! # Ok(())
//! # }
//! ```
//!
//! The host decides nothing about webhooks: no signing, no matching, no scheduling.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod http;
mod imports;
mod limits;
mod linker;
mod plugin;
mod pool;
mod pump;
pub mod receiver;
mod runtime;
mod server;
pub mod stores;
mod ticker;
pub mod wake;

pub use hookwright_engine::{
    Accepted, ApiRequest, ApiResponse, Budget, Caller, DeliveryReport, PlainHttp, SealingKey, Settings,
};
pub use imports::{Imports, LogLevel, OsEntropy, SystemClock};
pub use linker::{Declined, Misfit};
pub use plugin::{CallError, Plugin, Trap};
pub use pool::{Blueprint, Pool};
pub use pump::Pump;
pub use runtime::{Runtime, RuntimeBuilder};
pub use server::{Server, ServerOptions};
pub use wasmtime;

/// The component that this host was built with.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hookwright.wasm"));
