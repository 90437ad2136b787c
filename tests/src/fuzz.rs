//! Fuzz targets for the inputs from outside: plain functions that take any bytes, and panic if a property is broken.
//!
//! [`runner`], the tests and `cargo fuzz` call them (`docs/fuzzing.md`).

mod target;

mod mutate;
mod parts;
mod world;

pub mod runner;

mod api;
mod event;
mod json;
mod profile;
mod response;
mod stored;
mod url;
mod verify;

pub use target::Target;

/// All targets.
pub const TARGETS: [Target; 8] = [
    Target { name: "api", run: api::run, words: api::WORDS, share: 40 },
    Target { name: "event", run: event::run, words: event::WORDS, share: 300 },
    Target { name: "json", run: json::run, words: json::WORDS, share: 1_000 },
    Target { name: "profile", run: profile::run, words: profile::WORDS, share: 400 },
    Target { name: "response", run: response::run, words: response::WORDS, share: 40 },
    Target { name: "stored", run: stored::run, words: stored::WORDS, share: 25 },
    Target { name: "url", run: url::run, words: url::WORDS, share: 100 },
    Target { name: "verify", run: verify::run, words: verify::WORDS, share: 400 },
];

/// Returns the target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
