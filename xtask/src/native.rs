//! The native bridge: its library for others to ship, and what its own tests cannot have by themselves, which is valgrind.

use crate::apt;
use crate::build::ensure_wasm_target;
use crate::command::{Counts, cargo, root, run, run_tests, target_folder};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Builds the library, for one target or for this machine, and puts it with its header into a folder of the target's name.
pub fn build(arguments: &[String]) -> Result<()> {
    let target = match arguments {
        [] => host_target()?,
        [target] if !target.starts_with('-') => target.clone(),
        _ => bail!("`cargo xtask native` takes one target or none, such as x86_64-unknown-linux-musl"),
    };
    ensure_wasm_target()?;
    // `rustc` and not `build`: of a library for Rust too there would be no link-time optimization.
    let mut build = cargo(&["rustc", "--locked", "--release", "--package", "hookwright-native", "--lib"]);
    build.args(["--crate-type", "cdylib", "--target", &target]);
    if target.ends_with("musl") {
        // A library shares the C library of whoever loads it.
        build.env("RUSTFLAGS", "-C target-feature=-crt-static");
    }
    run(&mut build)?;
    let name = if target.contains("apple") { "libhookwright_native.dylib" } else { "libhookwright_native.so" };
    let built = target_folder().join(&target).join("release").join(name);
    let folder = target_folder().join("native").join(&target);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let header = root().join("hosts/native/include/hookwright.h");
    for (from, name) in [(built, name), (header, "hookwright.h")] {
        let to = folder.join(name);
        let bytes = std::fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        println!("{bytes:>12} bytes  {}", to.strip_prefix(root()).unwrap_or(&to).display());
    }
    Ok(())
}

/// Runs the host in C under valgrind.
///
/// With `--workspace`, although it is one package: dependencies keep the features with which they were built already.
pub fn test(counts: &mut Counts) -> Result<()> {
    apt::ensure("the native bridge's tests", &|| {
        Ok(if apt::is_in_path("valgrind") { vec![] } else { vec!["valgrind"] })
    })?;
    run_tests(&mut cargo(&["test", "--locked", "--workspace", "--test", "all", "--", "valgrind"]), counts)
}

/// What rustc calls this machine.
fn host_target() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["-vV"]).current_dir(root()).output().context("cannot start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say for which machine it is")
}
