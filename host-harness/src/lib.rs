//! The Rust host.
#![forbid(unsafe_code)]

pub mod http;
pub mod receiver;
pub mod stores;
pub mod wake;
