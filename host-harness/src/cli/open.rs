//! Opening what the command line names: where a store's sealing keys lie, and the component.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hookwright_host::Runtime;

/// Where a store's sealing keys lie unless said otherwise: beside its file, if it has one.
pub fn sealing_key_file(store: &str) -> Option<PathBuf> {
    let file = store.strip_prefix("sqlite:")?;
    Some(PathBuf::from(format!("{file}.key")))
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
