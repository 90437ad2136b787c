//! The Rust host.
