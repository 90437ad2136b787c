//! Makes the shipped component from the plugin's sources: builds it, wraps it as a component, validates it, checks its imports.
//!
//! The host's build script calls [`plugin`]. Tests and release steps call the parts. Only this crate decides what the plugin may
//! import.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod cargo;
mod imports;

use std::path::Path;

use anyhow::{Context, Result};
use wasmparser::{Parser, Payload};

pub use cargo::{WASM_TARGET, core_module};
pub use imports::{ALLOWED_IMPORTS, check_imports, imports};

/// Builds the workspace's plugin in `target_dir` and returns the component. Fails if it is not valid, or imports more than
/// [`ALLOWED_IMPORTS`].
///
/// `target_dir` must not be the target folder of a cargo that waits for this call, because that cargo has locked it.
pub fn plugin(workspace: &Path, target_dir: &Path) -> Result<Vec<u8>> {
    let path = core_module(workspace, target_dir)?;
    let module = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let component = componentize(&module)?;
    check_imports(&component)?;
    Ok(component)
}

/// Makes a valid component of a core module with the custom sections of `wit-bindgen`.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    let component = wit_component::ComponentEncoder::default()
        .validate(true)
        // The encoder's own names are of no use to a host.
        .debug_names(false)
        .module(module)
        .context("reading the module's component types")?
        .encode()
        .context("encoding the component")?;
    without_names(&component)
}

/// Removes the names of a component's parts. They only help a person who reads the component, who can build it with names.
fn without_names(component: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Vec::with_capacity(component.len());
    let (mut depth, mut at) = (0_u32, 0);
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            _ => {}
        }
        // Each section begins at the end of the one before.
        if depth == 1
            && let Some((_, range)) = payload.as_section()
        {
            let is_names = matches!(&payload, Payload::CustomSection(section) if section.name() == "component-name");
            if !is_names {
                kept.extend(&component[at..range.end]);
            }
            at = range.end;
        }
    }
    kept.extend(&component[at..]);
    Ok(kept)
}

/// Adds the contract in `wit` to a hand-written core module, so that [`componentize`] accepts it as a plugin.
///
/// `wit-bindgen` does the same for the real plugin. Tests use this function for guests with faults.
pub fn describe(module: &mut Vec<u8>, wit: &Path) -> Result<()> {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(wit).with_context(|| format!("reading {}", wit.display()))?;
    let world = resolve.select_world(&[package], Some("plugin"))?;
    wit_component::embed_component_metadata(module, &resolve, world, wit_component::StringEncoding::UTF8)
}
