//! Zig, the C compiler and linker for other targets. One package serves all of them, and links with an older glibc than the
//! machine's.

use crate::apt;
use crate::command::{path_with, root, run};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

const ZIG: &str = "ziglang==0.17.1";
/// Calls Zig for rustc and for the `cc` crate.
const CARGO_ZIGBUILD: &str = "cargo-zigbuild==0.24.1";

/// An installed Zig.
pub struct Zig {
    folder: PathBuf,
}

impl Zig {
    /// Returns the installed Zig, and installs it first if it is missing.
    pub fn ensure() -> Result<Zig> {
        // The folder's name has the versions, so that an old one is not taken for a new one.
        let folder = root().join("target/tools").join(format!("{ZIG}-{CARGO_ZIGBUILD}").replace("==", "-"));
        let zig = Zig { folder };
        let stamp = zig.folder.join(".installed");
        if stamp.exists() {
            return Ok(zig);
        }
        apt::ensure("the libraries for other targets", &|| Ok(if has_venv() { vec![] } else { vec!["python3-venv"] }))?;
        println!("{ZIG} and {CARGO_ZIGBUILD} are not in {}; installing them there, once", zig.folder.display());
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&zig.folder))?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ZIG, CARGO_ZIGBUILD];
        run(Command::new(zig.python()).args(install))?;
        std::fs::write(&stamp, "").context("cannot write the file that says that Zig is installed")?;
        Ok(zig)
    }

    /// `cargo rustc` with Zig as the linker and C compiler.
    pub fn cargo_rustc(&self) -> Command {
        let mut command = Command::new(self.program("cargo-zigbuild"));
        command.arg("rustc").current_dir(root()).env("PATH", path_with(&[self.folder.join("bin")]));
        command
    }

    /// Returns the Python that has Zig as its module `ziglang`.
    pub fn python(&self) -> PathBuf {
        self.program("python3")
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }
}

/// Returns true if Python can make virtual environments. Debian has that in a package of its own.
fn has_venv() -> bool {
    let output = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    output.is_ok_and(|output| output.status.success())
}
