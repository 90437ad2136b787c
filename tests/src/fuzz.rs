//! Fuzzing of what comes from outside: a plain function for each door, which takes any bytes and panics if a property does not
//! hold. Who calls them, and with what, is left to [`runner`], to the tests, and to `cargo fuzz` (`docs/fuzzing.md`).

mod api;
mod event;
mod json;
mod mutate;
mod profile;
mod response;
pub mod runner;
mod stored;
mod url;
mod verify;
mod world;

/// A door to the outside.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and its folder's in `tests/data/fuzz`.
    pub name: &'static str,
    /// Takes an input; panics if a property does not hold. Answers whether the input got past the door, so that a run which
    /// proves nothing is seen.
    pub run: fn(&[u8]) -> bool,
    /// What mutations put in.
    pub words: &'static [&'static str],
    /// How many inputs it gets while the others get a hundred: one costs as much as ten of another.
    pub share: u64,
}

/// All of them.
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

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// An input of several parts, as in the corpus: what is between lines of `===`.
fn parts(input: &[u8]) -> Vec<String> {
    const PARTS_MAX: usize = 16;
    let text = String::from_utf8_lossy(input);
    text.split("\n===\n").take(PARTS_MAX).map(str::to_owned).collect()
}

/// What is before and after the first empty line.
fn head_and_body(part: &str) -> (&str, &str) {
    match part.strip_prefix('\n') {
        Some(body) => ("", body),
        None => part.split_once("\n\n").unwrap_or((part, "")),
    }
}

/// An error that a caller can use: it says something, in one line, and not everything.
fn check_error(error: &hookwright_engine::Error) {
    const SAID_BYTES_MAX: usize = 4_096;
    let said = error.to_string();
    assert!(!error.message.is_empty(), "an error says nothing: {error:?}");
    assert!(said.len() <= SAID_BYTES_MAX, "an error of {} bytes", said.len());
    assert!(!said.chars().any(char::is_control), "an error with control characters: {said:?}");
}

/// Text that must be JSON for a parser that is not ours. `None`: it is, with a number that is too large for that parser.
fn check_json(text: &str) -> Option<serde_json::Value> {
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        panic!("no JSON: {error}: {text:?}");
    }
    serde_json::from_str(text).ok()
}
