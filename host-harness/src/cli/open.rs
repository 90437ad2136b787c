//! Opening what the command line names: where a store's sealing keys lie, who else is at work on it, and the component.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hookwright_host::Runtime;

/// Where a store's sealing keys lie unless said otherwise: beside its file, if it has one.
pub fn sealing_key_file(store: &str) -> Option<PathBuf> {
    let file = store.strip_prefix("sqlite:")?;
    Some(PathBuf::from(format!("{file}.key")))
}

/// A process's mark on a store, held as long as it works there: a shared lock on a file beside it.
#[derive(Debug)]
pub struct Presence {
    _file: Option<File>,
}

impl Presence {
    /// Marks the store as in use. `alone` is run first if nobody else uses it: what a killed process left behind
    /// can be taken over then. A store in memory dies with its process.
    pub fn announce(store: &str, alone: impl FnOnce() -> Result<()>) -> Result<Presence> {
        let Some(file) = store.strip_prefix("sqlite:") else { return Ok(Presence { _file: None }) };
        let path = format!("{file}.lock");
        let context = || format!("locking {path}");
        let lock = File::options().create(true).truncate(false).write(true).open(&path).with_context(context)?;
        match lock.try_lock() {
            Ok(()) => {
                alone()?;
                lock.unlock().with_context(context)?;
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error).with_context(context),
        }
        lock.lock_shared().with_context(context)?;
        Ok(Presence { _file: Some(lock) })
    }
}

/// Loads the embedded component, or another.
pub fn runtime(component: Option<&Path>) -> Result<Runtime> {
    let builder = Runtime::builder();
    let builder = match component {
        None => builder,
        Some(path) => builder.component(std::fs::read(path).with_context(|| format!("reading {}", path.display()))?),
    };
    builder.build()
}
