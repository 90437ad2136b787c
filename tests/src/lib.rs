//! What the tests share: suites that run against more than one subject.
#![forbid(unsafe_code)]

pub mod contract;
