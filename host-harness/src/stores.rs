//! The stores of the Rust host. Each implements the engine's `Storage`.
//!
//! A store keeps rows and decides nothing about webhooks. The engine's `contract` decides which calls are well-formed.

pub mod sqlite;

pub use sqlite::SqliteStore;

use anyhow::{Context, Result, bail};
use hookwright_engine::memory::MemoryStore;
use hookwright_engine::ports::Storage;
use std::path::Path;
use std::sync::Arc;

/// A store that the host's threads share.
pub type SharedStorage = Arc<dyn Storage + Send + Sync>;

/// Opens a store: `sqlite:FILE`, whose file and table are made if they do not exist, or `memory:`, which is lost when the
/// process exits.
pub fn open(spec: &str) -> Result<SharedStorage> {
    match spec.split_once(':') {
        Some(("memory", "")) => Ok(Arc::new(MemoryStore::new())),
        Some(("sqlite", file)) if !file.is_empty() => {
            let path = Path::new(file);
            sqlite::create_schema(path)?;
            Ok(Arc::new(SqliteStore::open(path).with_context(|| format!("cannot use the store {spec:?}"))?))
        }
        _ => bail!(
            "{spec:?} does not name a store; write sqlite:FILE, or memory: for a store that is lost when the process exits"
        ),
    }
}
