//! The imports of a component, and the imports that the plugin may have.

use anyhow::{Result, bail};
use wasmparser::{Parser, Payload};

/// The interfaces that the component may import, without their versions.
///
/// Any other import would give the component authority that platforms have not agreed to.
pub const ALLOWED_IMPORTS: [&str; 5] = [
    "hookwright:webhooks/http",
    "hookwright:webhooks/log",
    "hookwright:webhooks/storage",
    "wasi:clocks/wall-clock",
    "wasi:random/random",
];

/// Returns the names of a component's imports, as they are in the artifact, sorted.
pub fn imports(component: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            // The imports of inner modules and components are satisfied inside.
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    names.push(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    names.sort();
    Ok(names)
}

/// Fails if the component imports more than [`ALLOWED_IMPORTS`]. The error names the other imports.
pub fn check_imports(component: &[u8]) -> Result<()> {
    let refused: Vec<String> = imports(component)?
        .into_iter()
        .filter(|name| {
            let interface = name.split_once('@').map_or(name.as_str(), |(interface, _)| interface);
            !ALLOWED_IMPORTS.contains(&interface)
        })
        .collect();
    if !refused.is_empty() {
        bail!(
            "the component imports {}, which it must not (allowed: {}); find the dependency that added it with \
             `cargo tree -p hookwright-plugin --target wasm32-unknown-unknown`",
            refused.join(", "),
            ALLOWED_IMPORTS.join(", ")
        );
    }
    Ok(())
}
