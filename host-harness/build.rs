//! Builds the component that the host contains. Fails if the component has an import that is not allowed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

fn main() -> Result<()> {
    let manifest_dir = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").context("cargo sets CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").context("cargo sets OUT_DIR")?);
    let workspace = manifest_dir.parent().context("the host is in the workspace")?;
    for path in ["engine", "plugin", "wit", "Cargo.lock", "Cargo.toml"] {
        println!("cargo:rerun-if-changed={}", workspace.join(path).display());
    }
    let component = hookwright_componentize::plugin(workspace, &plugin_target_dir(&out_dir))?;
    std::fs::write(out_dir.join("hookwright.wasm"), component).context("writing the component")
}

/// Returns a folder inside the outer cargo's target folder. All profiles share it, because the plugin has one profile of its own.
///
/// The outer profile's folder is locked while this runs. `OUT_DIR` is `<target>/<profile>/build/<package>/out`.
fn plugin_target_dir(out_dir: &Path) -> PathBuf {
    out_dir.ancestors().nth(4).unwrap_or(out_dir).join("plugin")
}
