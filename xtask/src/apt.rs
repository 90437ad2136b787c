//! Debian's packages: what a step needs and the machine has not, installed once and said.

use crate::command::run;
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// Installs what is missing, by what this says before and after.
pub fn ensure(whose: &str, missing: &dyn Fn() -> Result<Vec<&'static str>>) -> Result<()> {
    let packages = missing()?;
    if packages.is_empty() {
        return Ok(());
    }
    println!("missing for {whose}; installing with apt-get, once: {}", packages.join(" "));
    run(&mut get(&["update", "-qq"])).context("the packages' lists cannot be had")?;
    run(get(&["install", "-y", "-qq", "--no-install-recommends"]).args(&packages))
        .with_context(|| format!("install {} so that the programs are in the PATH", packages.join(" ")))?;
    let left = missing()?;
    ensure!(left.is_empty(), "what {} should have brought is still not there", left.join(" "));
    Ok(())
}

/// `apt-get`, which asks nobody and starts nothing.
pub fn get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    // With this run level no package starts its server: the tests have their own.
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    command
}

/// Debian keeps servers in `/usr/sbin`, which is not in everybody's `PATH`.
pub fn is_in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.any(|folder| folder.join(program).is_file())
}
