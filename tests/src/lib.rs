//! What the tests share: suites that run against more than one subject, and the deterministic simulator.
#![forbid(unsafe_code)]

pub mod contract;
pub mod sim;
