//! The artifacts for others to use: the release binary, and the component as a file.

use crate::command::{cargo, root, run};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target of the component.
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Builds the release binary and puts the component that it embeds beside it.
pub fn build() -> Result<()> {
    ensure_wasm_target()?;
    let messages = build_host(&["--release"])?;
    let component = embedded_component(&messages).context("the host's build script made no component")?;
    let binary = executable(&messages).context("cargo built no binary")?;
    let beside = binary.with_file_name("hookwright.wasm");
    std::fs::copy(&component, &beside).with_context(|| format!("cannot copy {}", component.display()))?;
    for file in [binary, beside] {
        let bytes = std::fs::metadata(&file).with_context(|| format!("cannot find {}", file.display()))?.len();
        println!("{:>12} bytes  {}", bytes, file.strip_prefix(root()).unwrap_or(&file).display());
    }
    Ok(())
}

/// Builds the component and returns its path. The host's other code is built in the profile that the tests use.
pub fn component() -> Result<PathBuf> {
    ensure_wasm_target()?;
    embedded_component(&build_host(&[])?).context("the host's build script made no component")
}

/// Builds the Rust host and returns cargo's messages, one JSON object a line.
fn build_host(arguments: &[&str]) -> Result<String> {
    let mut build = cargo(&["build", "--locked", "--package", "hookwright-host"]);
    build.args(arguments).args(["--message-format", "json-render-diagnostics"]);
    let output = build.stdout(Stdio::piped()).stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo build failed ({})", output.status);
    }
    String::from_utf8(output.stdout).context("cargo's messages are not UTF-8")
}

/// Adds the component's target if the toolchain lacks it.
pub fn ensure_wasm_target() -> Result<()> {
    ensure_target(WASM_TARGET)
}

/// Adds a target if the toolchain lacks it, and prints that it does.
pub fn ensure_target(target: &str) -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(root())
        .output()
        .context("cannot start rustc")?;
    let folder = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    println!("the toolchain lacks the target {target}; adding it");
    run(Command::new("rustup").args(["target", "add", target]).current_dir(root()))
}

/// Returns the file that the host's build script has written: the bytes that the binary embeds.
pub fn embedded_component(messages: &str) -> Option<PathBuf> {
    let script = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["reason"] == "build-script-executed")
        .find(|message| message["package_id"].as_str().is_some_and(|id| id.contains("host-harness")))?;
    Some(Path::new(script["out_dir"].as_str()?).join("hookwright.wasm"))
}

fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "hookwright")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::{embedded_component, executable};
    use std::path::Path;

    #[test]
    fn paths_are_read_from_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"hookwright_host"},"executable":null}
not a message
{"reason":"build-script-executed","package_id":"path+file:///w/engine#0.1.0","out_dir":"/t/engine/out"}
{"reason":"build-script-executed","package_id":"path+file:///w/host-harness#hookwright-host@0.1.0","out_dir":"/t/host/out"}
{"reason":"compiler-artifact","target":{"name":"hookwright"},"executable":"/t/release/hookwright"}"#;
        assert_eq!(embedded_component(messages).as_deref(), Some(Path::new("/t/host/out/hookwright.wasm")));
        assert_eq!(executable(messages).as_deref(), Some(Path::new("/t/release/hookwright")));
        assert_eq!(embedded_component(""), None);
    }
}
