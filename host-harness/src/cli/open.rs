//! Opening what the command line names: the path of a store's sealing keys, the mark of its users, and the component.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hookwright_host::Runtime;

/// Returns the default path of a store's sealing keys: beside its file, if it has one.
pub fn sealing_key_file(store: &str) -> Option<PathBuf> {
    let file = store.strip_prefix("sqlite:")?;
    Some(PathBuf::from(format!("{file}.key")))
}

/// A process's mark on a store that it uses: a shared lock on a file beside the store.
#[derive(Debug)]
pub struct Presence {
    _file: Option<File>,
}

impl Presence {
    /// Marks the store as in use. If no other process uses it, `alone` runs first: the leases of a killed process can be
    /// reclaimed then. A store in memory has one process only, and needs no mark.
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

/// Loads the built-in component, or the one at this path.
pub fn runtime(component: Option<&Path>) -> Result<Runtime> {
    let builder = Runtime::builder();
    let builder = match component {
        None => builder,
        Some(path) => builder.component(std::fs::read(path).with_context(|| format!("reading {}", path.display()))?),
    };
    builder.build()
}
