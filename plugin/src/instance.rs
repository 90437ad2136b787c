//! What an instance knows: its configuration, told once. Everything else is in the storage.

use std::cell::OnceCell;

use hookwright_engine::host::AcceptTimes;
use hookwright_engine::{Config, Error, ErrorKind};

use crate::bindings::hookwright::webhooks::log;
use crate::host::ComponentHost;

thread_local! {
    static CONFIG: OnceCell<Config> = const { OnceCell::new() };
    static ACCEPTED: AcceptTimes = const { AcceptTimes::new() };
}

/// Takes the configuration, the first and only time.
pub fn configure(config: Config) -> Result<(), Error> {
    CONFIG
        .with(|cell| cell.set(config))
        .map_err(|_| Error::of(ErrorKind::Conflict, "the instance is configured already").hint("make a new instance"))
}

/// Runs a call with the host and the configuration; without a configuration it is an error.
pub fn call<T>(run: impl FnOnce(&ComponentHost, &Config) -> Result<T, Error>) -> Result<T, Error> {
    CONFIG.with(|cell| match cell.get() {
        Some(config) => run(&ComponentHost, config),
        None => Err(Error::of(ErrorKind::Internal, "the instance is not configured").hint("call `configure` first")),
    })
}

/// The time of the first of so many events that are accepted now.
pub fn accept_us(now_us: u64, events: u64) -> u64 {
    ACCEPTED.with(|accepted| accepted.take(now_us, events))
}

/// A trap carries no text, so a panic writes its own to the log before it becomes one.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| log::write(log::Level::Error, &panic.to_string())));
}
