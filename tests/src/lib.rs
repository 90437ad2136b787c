//! Code that the tests share: the deterministic simulator, and the fuzz targets.
#![forbid(unsafe_code)]

pub mod fuzz;
pub mod sim;
