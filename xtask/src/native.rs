//! The native bridge: builds the library that hosts ship, and runs those of its tests that need valgrind or another C library.

use crate::apt;
use crate::build::{ensure_target, ensure_wasm_target};
use crate::command::{Counts, cargo, root, run, run_tests, target_folder};
use crate::zig::Zig;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// The flag for a library without the compiler, which takes compiled code only.
const RUNTIME_ONLY: &str = "--runtime-only";

/// The oldest glibc on which a shipped library runs: that of RHEL 8 and Debian 10.
const GLIBC_MIN: &str = "2.28";

/// Builds the library, for the given targets or for this machine. Puts it into a folder of the target's name, with its header.
pub fn build(arguments: &[String]) -> Result<()> {
    let (flags, targets): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|one| one.starts_with('-'));
    if let Some(unknown) = flags.iter().find(|flag| **flag != RUNTIME_ONLY) {
        bail!(
            "unknown option {unknown}; `cargo xtask native` takes {RUNTIME_ONLY} and targets, such as x86_64-unknown-linux-musl"
        );
    }
    ensure_wasm_target()?;
    let own = host_target()?;
    if targets.is_empty() {
        return library(&own, !flags.is_empty(), &mut cargo(&["rustc"]), &own);
    }
    for target in targets {
        if target.contains("linux") {
            ensure_target(target)?;
            let with = if target.contains("gnu") { format!("{target}.{GLIBC_MIN}") } else { target.clone() };
            library(target, !flags.is_empty(), &mut Zig::ensure()?.cargo_rustc(), &with)?;
        } else if target.split('-').skip(1).eq(own.split('-').skip(1)) {
            ensure_target(target)?;
            library(target, !flags.is_empty(), &mut cargo(&["rustc"]), target)?;
        } else {
            bail!(
                "{target} cannot be built on {own}, because it links with its own system's libraries; build it there"
            );
        }
    }
    Ok(())
}

/// Builds one library in release by `rustc`, a `cargo rustc` that calls the target `called`.
///
/// `cargo build` would build a Rust library too, and cargo does no link-time optimization then.
fn library(target: &str, runtime_only: bool, rustc: &mut Command, called: &str) -> Result<()> {
    rustc.args(["--release", "--target", called]);
    run(shared(rustc, target, runtime_only))?;
    let name = if target.contains("apple") { "libhookwright_native.dylib" } else { "libhookwright_native.so" };
    let built = target_folder().join(target).join("release").join(name);
    let folder = target_folder().join("native").join(if runtime_only {
        format!("{target}{RUNTIME_ONLY}")
    } else {
        target.into()
    });
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let header = root().join("hosts/native/include/hookwright.h");
    for (from, name) in [(built, name), (header, "hookwright.h")] {
        let to = folder.join(name);
        let bytes = std::fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        println!("{bytes:>12} bytes  {}", to.strip_prefix(root()).unwrap_or(&to).display());
    }
    Ok(())
}

/// Adds the arguments that every build of a shipped library has.
fn shared<'c>(rustc: &'c mut Command, target: &str, runtime_only: bool) -> &'c mut Command {
    rustc.args(["--locked", "--package", "hookwright-native", "--lib", "--crate-type", "cdylib"]);
    if runtime_only {
        rustc.arg("--no-default-features");
    }
    if target.ends_with("musl") {
        // A library uses the C library of the process that loads it.
        rustc.env("RUSTFLAGS", "-C target-feature=-crt-static");
    }
    rustc
}

/// Runs the host in C under valgrind, and on musl with a library without the compiler. The latter takes code that this
/// machine's library has compiled.
///
/// It is one package, but `--workspace` keeps the features with which its dependencies were built before.
pub fn test(counts: &mut Counts) -> Result<()> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let loader = PathBuf::from(format!("/lib/ld-musl-{}.so.1", std::env::consts::ARCH));
    apt::ensure("the native bridge's tests", &|| {
        let valgrind = if apt::is_in_path("valgrind") { None } else { Some("valgrind") };
        let musl = if loader.exists() { None } else { Some("musl") };
        Ok(valgrind.into_iter().chain(musl).collect())
    })?;
    ensure_target(&target)?;
    let zig = Zig::ensure()?;
    run(shared(zig.cargo_rustc().args(["--target", &target]), &target, true))?;
    let mut test = cargo(&["test", "--locked", "--workspace", "--test", "all", "--", "valgrind", "on_musl"]);
    test.env("HOOKWRIGHT_ZIG", zig.python()).env("HOOKWRIGHT_MUSL", target_folder().join(&target).join("debug"));
    run_tests(&mut test, counts)
}

/// Returns rustc's name for this machine.
fn host_target() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(["-vV"]).current_dir(root()).output().context("cannot start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV prints no line `host: ...`")
}
