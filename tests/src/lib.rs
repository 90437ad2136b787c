//! What the tests share: the deterministic simulator.
#![forbid(unsafe_code)]

pub mod sim;
