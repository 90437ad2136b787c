//! The nested cargo that builds the plugin, with the same toolchain and a target folder and environment of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The target of the plugin. For `wasm32-wasip2` the standard library imports a dozen more interfaces.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Builds the plugin's core module and returns its path.
pub fn core_module(workspace: &Path, target_dir: &Path) -> Result<PathBuf> {
    ensure_target()?;
    let mut cargo = Command::new(program("CARGO", "cargo"));
    clear_environment(&mut cargo);
    cargo
        .current_dir(workspace)
        .args(["build", "--locked", "--package", "hookwright-plugin", "--profile", "plugin"])
        .args(["--target", WASM_TARGET, "--target-dir"])
        .arg(target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags(workspace));
    run(&mut cargo)?;
    Ok(target_dir.join(WASM_TARGET).join("plugin").join("hookwright_plugin.wasm"))
}

/// Adds the wasm target to the toolchain if it is missing.
fn ensure_target() -> Result<()> {
    let output = Command::new(program("RUSTC", "rustc"))
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .output()
        .context("asking rustc for the wasm target's libraries")?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && libraries.is_dir() {
        return Ok(());
    }
    // Cargo shows a build script's other output only if the build fails.
    println!("cargo:warning=the target {WASM_TARGET} is missing; adding it with rustup");
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", WASM_TARGET]);
    if let Some(toolchain) = std::env::var_os("RUSTUP_TOOLCHAIN") {
        rustup.arg("--toolchain").arg(toolchain);
    }
    run(&mut rustup).with_context(|| format!("adding the Rust target {WASM_TARGET}; install it for this toolchain"))
}

fn program(variable: &str, default: &str) -> OsString {
    std::env::var_os(variable).unwrap_or_else(|| default.into())
}

/// Removes the variables that the outer cargo has set for its own build: flags, wrappers, target folders, this package's metadata.
fn clear_environment(cargo: &mut Command) {
    const KEPT: [&str; 7] = [
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_INCREMENTAL",
        "CARGO_MAKEFLAGS",
        "CARGO_NET_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
    ];
    const DROPPED: [&str; 6] =
        ["RUSTFLAGS", "RUSTDOCFLAGS", "RUSTC_WORKSPACE_WRAPPER", "CLIPPY_ARGS", "CLIPPY_CONF_DIR", "LLVM_PROFILE_FILE"];
    for (name, _) in std::env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let cargos = name == "CARGO" || name.starts_with("CARGO_");
        if DROPPED.contains(&name) || (cargos && !KEPT.iter().any(|kept| name.starts_with(kept))) {
            cargo.env_remove(name);
        }
    }
}

/// Returns flags that remove this machine's paths from panic messages, so that the output is the same on every machine.
fn rustflags(workspace: &Path) -> OsString {
    let mut flags = OsString::from("--remap-path-prefix=");
    flags.push(workspace);
    flags.push("=.");
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    if let Some(home) = home {
        flags.push("\u{1f}--remap-path-prefix=");
        flags.push(home);
        flags.push("=cargo");
    }
    flags
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("starting {command:?}"))?;
    if !output.status.success() {
        bail!(
            "{} failed ({})\n{}",
            command.get_program().to_string_lossy(),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
