//! From the plugin's sources to the component that is shipped: build, componentize, validate, check the imports.
//!
//! The host's build script calls [`plugin`]; tests and release steps call the parts. What the plugin may import is
//! decided here and nowhere else.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod cargo;
mod imports;

use std::path::Path;

use anyhow::{Context, Result};
use wasmparser::{Parser, Payload};

pub use cargo::{WASM_TARGET, core_module};
pub use imports::{ALLOWED_IMPORTS, check_imports, imports};

/// Builds the workspace's plugin in `target_dir` and answers the component, valid and with no import that is not allowed.
///
/// `target_dir` must not be the target folder of a cargo that waits for this: it holds the lock.
pub fn plugin(workspace: &Path, target_dir: &Path) -> Result<Vec<u8>> {
    let path = core_module(workspace, target_dir)?;
    let module = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let component = componentize(&module)?;
    check_imports(&component)?;
    Ok(component)
}

/// Makes a valid component of a core module that `wit-bindgen` has described in custom sections.
pub fn componentize(module: &[u8]) -> Result<Vec<u8>> {
    let component = wit_component::ComponentEncoder::default()
        .validate(true)
        // The names of what the encoder itself adds: of no use to a host.
        .debug_names(false)
        .module(module)
        .context("reading the module's component types")?
        .encode()
        .context("encoding the component")?;
    without_names(&component)
}

/// The component without the names of its parts: they are of use to who reads it, and it can be built again with them.
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
        // Sections follow one another, so where one ends the next begins.
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

/// Describes a hand-written core module as a plugin by the contract in `wit`, so that [`componentize`] takes it.
///
/// What `wit-bindgen` does for the plugin itself; tests use it for guests that misbehave.
pub fn describe(module: &mut Vec<u8>, wit: &Path) -> Result<()> {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(wit).with_context(|| format!("reading {}", wit.display()))?;
    let world = resolve.select_world(&[package], Some("plugin"))?;
    wit_component::embed_component_metadata(module, &resolve, world, wit_component::StringEncoding::UTF8)
}
