//! The HTTP client behind the engine's completion queue.
//!
//! It decides how a request travels (runtime, connection pool, TLS, name resolution, deadlines) and enforces the egress policy
//! of each request. The engine decides whether, when and what to send, and how many requests are in flight.

mod body;
mod client;
mod connect;
mod dial;
mod egress;
mod error;
mod network;
mod proxy;
mod queue;
mod race;
mod resolve;
mod routes;
mod send;
mod spelling;
mod tls;
mod trust;
mod versions;

pub use client::{Builder, HttpClient};
pub use network::{Answer, Network};
pub use queue::Queue;
