//! The configuration of an instance, set once. All other state is in the storage.

use std::cell::Cell;

use hookwright_engine::{Config, Error, ErrorKind};

use crate::bindings::hookwright::webhooks::log;
use crate::host::ComponentHost;

thread_local! {
    /// Lives as long as the instance.
    static CONFIG: Cell<Option<&'static Config>> = const { Cell::new(None) };
}

/// Sets the configuration. Fails if it is set already.
pub fn configure(config: Config) -> Result<(), Error> {
    if CONFIG.get().is_some() {
        let error = Error::of(ErrorKind::Conflict, "the instance is configured already");
        return Err(error.hint("make a new instance"));
    }
    CONFIG.set(Some(Box::leak(Box::new(config))));
    Ok(())
}

/// Runs a call with the host and the configuration. Fails if the instance is not configured.
pub fn call<T>(run: impl FnOnce(&ComponentHost, &Config) -> Result<T, Error>) -> Result<T, Error> {
    run(&ComponentHost, config()?)
}

fn config() -> Result<&'static Config, Error> {
    let unconfigured =
        || Error::of(ErrorKind::Internal, "the instance is not configured").hint("call `configure` first");
    CONFIG.get().ok_or_else(unconfigured)
}

/// Makes panics write their text to the log, because a trap carries none.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| log::write(log::Level::Error, &panic.to_string())));
}
