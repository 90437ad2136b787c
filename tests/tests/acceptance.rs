//! The promises of the product, tested on the real thing: the binary `hookwright serve` as a child process, with the
//! component, a SQLite file, its HTTP API and receivers on loopback. These tests know nothing of its inside.

mod api_access;
mod api_attempts;
mod api_events;
mod api_jobs;
mod api_limits;
mod api_messages;
mod api_secrets;
mod api_webhooks;
pub mod binary;
mod cli;
mod cli_emit;
mod cli_import;
mod cli_listen;
mod cli_verify;
mod client;
mod conformance;
mod isolation;
mod keep;
mod kill;
mod raw;
mod recovery;
mod reports;
mod serve;
mod start;
mod strict;
mod wire;

use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than anything that works takes, and a bound on what does not.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer.
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The value has at least these members.
fn check_members(value: &Value, members: &Value) {
    for (name, expected) in members.as_object().unwrap() {
        assert_eq!(value.get(name), Some(expected), "{name} of {value}");
    }
}
