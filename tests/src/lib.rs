//! What the tests share: the deterministic simulator, and the targets of fuzzing.
#![forbid(unsafe_code)]

pub mod fuzz;
pub mod sim;
