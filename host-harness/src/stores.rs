//! The stores that a Rust host can give to the component, each an `engine::host::Storage`.
//!
//! A store decides nothing about webhooks: it keeps rows. Which store is used is said once, as text, by whoever starts
//! the host; what may be asked of a store is decided by the engine's `contract`.

pub mod sqlite;

pub use sqlite::SqliteStore;

use anyhow::{Context, Result, bail};
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::Storage;
use std::path::Path;
use std::sync::Arc;

/// A store as the host's threads share it.
pub type SharedStorage = Arc<dyn Storage + Send + Sync>;

/// Opens `sqlite:FILE`, making the file and its table if they are not there, or `memory:`, which lasts as long as the
/// process.
pub fn open(spec: &str) -> Result<SharedStorage> {
    match spec.split_once(':') {
        Some(("memory", "")) => Ok(Arc::new(MemoryStore::new())),
        Some(("sqlite", file)) if !file.is_empty() => {
            let path = Path::new(file);
            sqlite::create_schema(path)?;
            Ok(Arc::new(SqliteStore::open(path).with_context(|| format!("cannot use the store {spec:?}"))?))
        }
        _ => bail!("{spec:?} names no store; write sqlite:FILE, or memory: for one that forgets"),
    }
}
