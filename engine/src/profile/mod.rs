//! A platform's dialect as data: the event types, the form of a request, its signature, and the defaults of a webhook.
//! The built-in profiles are files in `profiles/`; a host may configure its own.

mod suggest;

pub mod vocabulary;

mod definition;

mod document;

mod parse;

mod builtin;

pub mod payload;

pub mod sign;

pub mod secret;

pub mod request;

pub mod verify;

pub(crate) mod pattern;

pub(crate) mod transport;

pub use definition::Profile;
pub(crate) use parse::check_user_agent;
pub use vocabulary::{
    Header, HeaderValue, LetterCase, Method, OwnQuery, Sample, SecretAbsent, Signature, TestEvent, Unsigned,
};

#[cfg(test)]
mod tests;
