//! Values and rules that every other room uses: limits, errors, JSON, times.

pub mod error;
pub mod json;
pub mod limits;
pub mod time;

pub(crate) mod base64;
pub(crate) mod problems;
