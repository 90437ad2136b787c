//! What an instance knows: its configuration, told once. Everything else is in the storage.

use std::cell::Cell;

use hookwright_engine::ports::AcceptTimes;
use hookwright_engine::{Config, Error, ErrorKind};

use crate::bindings::hookwright::webhooks::log;
use crate::host::ComponentHost;

thread_local! {
    /// Kept as long as the instance is.
    static CONFIG: Cell<Option<&'static Config>> = const { Cell::new(None) };
    static ACCEPTED: AcceptTimes = const { AcceptTimes::new() };
}

/// Takes the configuration, the first and only time.
pub fn configure(config: Config) -> Result<(), Error> {
    if CONFIG.get().is_some() {
        let error = Error::of(ErrorKind::Conflict, "the instance is configured already");
        return Err(error.hint("make a new instance"));
    }
    CONFIG.set(Some(Box::leak(Box::new(config))));
    Ok(())
}

/// Runs a call with the host and the configuration; without a configuration it is an error.
pub fn call<T>(run: impl FnOnce(&ComponentHost, &Config) -> Result<T, Error>) -> Result<T, Error> {
    run(&ComponentHost, config()?)
}

fn config() -> Result<&'static Config, Error> {
    let unconfigured =
        || Error::of(ErrorKind::Internal, "the instance is not configured").hint("call `configure` first");
    CONFIG.get().ok_or_else(unconfigured)
}

/// The time of the first of so many events that are accepted now.
pub fn accept_us(now_us: u64, events: u64) -> u64 {
    ACCEPTED.with(|accepted| accepted.take(now_us, events))
}

/// A trap carries no text, so a panic writes its own to the log before it becomes one.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| log::write(log::Level::Error, &panic.to_string())));
}
