//! Where the binary under test is: beside this test's own executable, brought up to date by cargo, once per run.
//!
//! Cargo hands the path of a binary only to the tests of its own package, and builds it only for them. A nested
//! `cargo build` into the same target folder is safe: the outer cargo has released the folder by the time tests run. It
//! costs a second if there is nothing to do. `HOOKWRIGHT_TEST_BINARY` names another binary, to be taken as it is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The binary `hookwright`.
pub fn path() -> &'static Path {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BINARY.get_or_init(find) {
        Ok(path) => path,
        Err(error) => panic!("no binary to test: {error}"),
    }
}

fn find() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("HOOKWRIGHT_TEST_BINARY") {
        return Ok(path.into());
    }
    // `<target>/[<triple>/]<profile>/deps/<test>`
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    let profile = test.ancestors().nth(2).ok_or("the test is in no target folder")?;
    build(profile)?;
    Ok(profile.join(format!("hookwright{}", std::env::consts::EXE_SUFFIX)))
}

fn build(profile: &Path) -> Result<(), String> {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let parent = profile.parent().ok_or("the test is in no target folder")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The variables that cargo has set for this package make build scripts of other packages run again.
    for (variable, _) in std::env::vars_os() {
        let Some(variable) = variable.to_str() else { continue };
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_", "CARGO_TARGET_TMPDIR"]
            .iter()
            .any(|prefix| variable.starts_with(prefix))
        {
            cargo.env_remove(variable);
        }
    }
    cargo.args(["build", "--package", "hookwright-host", "--bin", "hookwright", "--profile"]);
    cargo.arg(Some(name(profile)).filter(|name| name != "debug").unwrap_or_else(|| "dev".to_owned()));
    // Cargo marks the target folder, with its tag where it has made the folder itself; one between it and the profile's is named
    // after the platform.
    if ["CACHEDIR.TAG", ".rustc_info.json"].iter().any(|mark| parent.join(mark).exists()) {
        cargo.arg("--target-dir").arg(parent);
    } else {
        cargo.arg("--target").arg(name(parent)).arg("--target-dir").arg(parent.parent().unwrap_or(parent));
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the package is in no workspace")?;
    let output = cargo.current_dir(workspace).output().map_err(|error| format!("{cargo:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{cargo:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}
