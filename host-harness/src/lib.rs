//! The Rust host.
#![forbid(unsafe_code)]

pub mod http;
pub mod receiver;
pub mod stores;
pub mod wake;

/// The component that this host was built with.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hookwright.wasm"));
