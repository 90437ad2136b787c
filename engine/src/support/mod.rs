//! Values and rules that every other room uses: limits, errors, JSON, times. It uses no other room.

pub(crate) mod date;
pub mod error;
pub mod json;
pub mod limits;
pub(crate) mod percent;
pub(crate) mod problems;
pub mod redact;
pub mod statuses;
pub mod text;
pub mod time;
