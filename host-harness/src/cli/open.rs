//! Opening what the command line names: the store, the component.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result};
use hookwright_engine::host::Storage;
use hookwright_engine::memory::MemoryStore;
use hookwright_host::Runtime;

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreAddress {
    /// In this process, until it ends.
    Memory,
    /// In this SQLite file.
    Sqlite(PathBuf),
}

impl FromStr for StoreAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<StoreAddress, String> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(StoreAddress::Memory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(StoreAddress::Sqlite(path.into())),
            _ => Err("a store is `sqlite:FILE` or `memory:`".to_owned()),
        }
    }
}

impl StoreAddress {
    /// Opens the store, making it if need be.
    pub fn open(&self) -> Result<Arc<dyn Storage + Send + Sync>> {
        match self {
            StoreAddress::Memory => Ok(Arc::new(MemoryStore::new())),
            StoreAddress::Sqlite(path) => anyhow::bail!("no SQLite yet: {}", path.display()),
        }
    }

    /// Where the store's sealing keys lie unless said otherwise: beside it.
    pub fn sealing_key_file(&self) -> Option<PathBuf> {
        match self {
            StoreAddress::Memory => None,
            StoreAddress::Sqlite(path) => {
                let mut file = path.clone().into_os_string();
                file.push(".key");
                Some(file.into())
            }
        }
    }
}

/// Loads the embedded component, or another.
pub fn runtime(component: Option<&Path>) -> Result<Runtime> {
    let builder = Runtime::builder();
    let builder = match component {
        None => builder,
        Some(path) => {
            builder.component(std::fs::read(path).with_context(|| format!("reading {}", path.display()))?)
        }
    };
    builder.build()
}
