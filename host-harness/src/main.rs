//! The Rust host.
fn main() {}
