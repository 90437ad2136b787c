//! Debian's packages: installs, once, those that a step needs and the machine lacks.

use crate::command::run;
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// Installs the packages that `missing` returns. Fails if `missing` still returns some afterwards.
pub fn ensure(step: &str, missing: &dyn Fn() -> Result<Vec<&'static str>>) -> Result<()> {
    let packages = missing()?;
    if packages.is_empty() {
        return Ok(());
    }
    println!("{step}: installing missing packages with apt-get, once: {}", packages.join(" "));
    run(&mut get(&["update", "-qq"]))
        .context("cannot update the lists of packages; is the machine online, and are you root?")?;
    run(get(&["install", "-y", "-qq", "--no-install-recommends"]).args(&packages)).with_context(|| {
        format!("cannot install {}; install them by hand, so that their programs are in the PATH", packages.join(" "))
    })?;
    let left = missing()?;
    ensure!(left.is_empty(), "the packages {} are installed, but their programs are not in the PATH", left.join(" "));
    Ok(())
}

/// `apt-get` without questions. Packages that bring a server do not start it.
pub fn get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    // In this run level no package starts its server. The tests start their own.
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    command
}

/// Returns true if the program is in the `PATH`, or in `/usr/sbin`, where Debian keeps servers.
pub fn is_in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.any(|folder| folder.join(program).is_file())
}
