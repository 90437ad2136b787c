//! The Node host's tests, on the oldest and the newest Node that the host supports.
//!
//! Cargo builds the component and the binaries with which the tests compare. Node itself and all packages come from npm, in
//! locked versions, and are installed under `target/tools` and in `hosts/node`. PostgreSQL comes from apt-get. Every
//! installation is printed.

use crate::apt;
use crate::build::embedded_component;
use crate::command::{Counts, cargo, path_with, root, run, run_counted, target_folder};
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest supported Node, and the newest.
const VERSIONS: [&str; 2] = ["24.21.0", "26.10.0"];

/// The npm that reads and writes lock files. Versions of npm disagree about lock files, so the machine's npm installs this one.
const NPM_VERSION: &str = "11.19.1";
const NPM_NAME: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
/// The likely cause of an error of npm.
const NPM: &str = "the Node host's tests need npm (it comes with any Node) and its registry";

/// Builds, installs, and runs the tests.
pub fn test(counts: &mut Counts) -> Result<()> {
    let host = root().join("hosts/node");
    apt::ensure("the Node host's tests", &|| Ok(if apt::is_in_path(NPM_NAME) { vec![] } else { vec!["npm"] }))?;
    let built = build()?;
    tool("npm", NPM_VERSION, "node_modules/.bin/npm")?;
    let nodes = VERSIONS.iter().map(|version| node(version)).collect::<Result<Vec<_>>>()?;
    let oldest = nodes.first().context("VERSIONS is empty")?;
    install(&host, oldest)?;
    run(with(oldest, &host).arg("scripts/transpile.js").arg(&built.component))?;
    run(with(oldest, &host).arg("test/support/prepare.js"))?;
    for (node, version) in nodes.iter().zip(VERSIONS) {
        println!("on Node {version}");
        let mut test = with(node, &host);
        test.args(["--test", "--test-timeout=400000", "--test-concurrency=2", "test/*.test.js"]);
        if node == oldest {
            // These tests do not depend on Node's version.
            test.arg("test/once/*.test.js").env("HOOKWRIGHT_COMPONENT", &built.component);
        }
        test.env("HOOKWRIGHT_BIN", &built.binary).env("HOOKWRIGHT_HISTORY", &built.history);
        run_counted(&mut test, counts, summary)?;
    }
    Ok(())
}

struct Built {
    component: PathBuf,
    binary: PathBuf,
    history: PathBuf,
}

/// It is one package, but `--workspace` keeps the features with which its dependencies were built before.
fn build() -> Result<Built> {
    let mut build = cargo(&["build", "--locked", "--workspace", "--bin", "hookwright", "--example", "history"]);
    build.args(["--message-format", "json-render-diagnostics"]).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = build.output().context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo build failed ({})", output.status);
    let messages = String::from_utf8(output.stdout).context("cargo's messages are not UTF-8")?;
    let component = embedded_component(&messages).context("the host's build script made no component")?;
    let debug = target_folder().join("debug");
    let exe = std::env::consts::EXE_SUFFIX;
    let binary = debug.join(format!("hookwright{exe}"));
    let history = debug.join("examples").join(format!("history{exe}"));
    Ok(Built { component, binary, history })
}

/// Returns the program of a Node of this version, from the npm package `node`. The folder's name has the version, so that an
/// old one is not taken for a new one.
fn node(version: &str) -> Result<PathBuf> {
    Ok(tool("node", version, "node_modules/node/bin/node")?.join("node_modules/node/bin/node"))
}

/// Returns the folder of an npm package that is a tool. Installs the package if the folder lacks the file.
fn tool(package: &str, version: &str, file: &str) -> Result<PathBuf> {
    let folder = tool_folder(package, version);
    if !folder.join(file).exists() {
        println!("{package} {version} is not in {}; installing it there, once", folder.display());
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut npm = Command::new(NPM_NAME);
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
        run(npm.arg(format!("{package}@{version}"))).context(NPM)?;
    }
    Ok(folder)
}

fn tool_folder(package: &str, version: &str) -> PathBuf {
    root().join(format!("target/tools/{package}-{version}"))
}

/// Installs the packages of the lock file, unless the last installation was from the same lock file.
fn install(host: &Path, node: &Path) -> Result<()> {
    let lock = std::fs::read(host.join("package-lock.json")).context("cannot read hosts/node/package-lock.json")?;
    let stamp = host.join("node_modules/.installed");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("installing the packages of hosts/node/package-lock.json, once");
    let mut npm = Command::new(NPM_NAME);
    run(npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(host).env("PATH", path_to(node))).context(NPM)?;
    std::fs::write(&stamp, lock).context("cannot write node_modules/.installed")
}

fn with(node: &Path, host: &Path) -> Command {
    let mut command = Command::new(node);
    command.current_dir(host).env("PATH", path_to(node));
    command
}

/// Returns the `PATH` in which this Node and the pinned npm come first.
fn path_to(node: &Path) -> OsString {
    let folder = node.parent().map(Path::to_owned).unwrap_or_default();
    path_with(&[folder, tool_folder("npm", NPM_VERSION).join("node_modules/.bin")])
}

/// Reads lines such as `ℹ pass 3` and `ℹ fail 0`.
fn summary(line: &str) -> Option<Counts> {
    let mut words = line.split_whitespace().skip(1);
    let (word, number) = (words.next()?, words.next()?.parse().ok()?);
    let is_sum = line.starts_with('ℹ') && words.next().is_none();
    match word {
        "pass" if is_sum => Some(Counts { passed: number, failed: 0 }),
        "fail" | "cancelled" if is_sum => Some(Counts { passed: 0, failed: number }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::summary;
    use crate::command::Counts;

    #[test]
    fn sums_are_read_from_lines_of_node() {
        let check = |line, passed, failed| assert_eq!(summary(line), Some(Counts { passed, failed }), "{line}");
        check("ℹ pass 12", 12, 0);
        check("ℹ fail 3", 0, 3);
        check("ℹ cancelled 1", 0, 1);
        for line in ["ℹ tests 12", "✔ pass 12", "ℹ pass 12 more", "", "ℹ", "pass 1"] {
            assert_eq!(summary(line), None, "{line}");
        }
    }
}
