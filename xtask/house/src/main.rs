//! `cargo xtask house [PATH...]`: checks the tree and prints every finding, sorted by file.
//!
//! This file decides which rule reads which folders. Each rule is a function from sources to findings; `syntax` reads the
//! sources, `graph` finds the cycles that the three languages share.
#![forbid(unsafe_code)]

mod finding;
mod syntax;

mod graph;

mod javascript;
mod php;
mod rooms;
mod rust;

mod functions;
mod prose;

use anyhow::{Context, Result, ensure};
use finding::Finding;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use syntax::Source;

/// The crates by their folders of sources.
const CRATES: &[&str] = &[
    "engine/src",
    "plugin/src",
    "componentize/src",
    "host-harness/src",
    "hosts/native/src",
    "storage-check/src",
    "tests/src",
    "xtask/src",
    "xtask/house/src",
];
const ENGINE: &str = "engine/src";
const JAVASCRIPT: &str = "hosts/node/src";
const PHP: &str = "hosts/php/src";

/// The folders whose functions are measured.
const MEASURED: &[&str] = &[
    "engine/",
    "plugin/",
    "componentize/",
    "host-harness/",
    "hosts/native/",
    "hosts/node/src/",
    "hosts/node/bin/",
    "hosts/node/scripts/",
    "hosts/php/src/",
    "hosts/php/bin/",
    "storage-check/",
    "tests/",
    "xtask/",
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    match check(&wanted) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the findings in files whose path starts with one of the wanted ones, or all, and returns their number.
fn check(wanted: &[String]) -> Result<usize> {
    let root = root()?;
    let files = files(&root)?;
    let sources = syntax::read(&root, &files)?;
    let mut findings = tree(&sources);
    findings.extend(functions::check(sources.iter().filter(|source| is_in(&source.path, MEASURED))));
    findings.extend(prose::check(&root, &files, &sources)?);
    findings.retain(|finding| wanted.is_empty() || is_in(&finding.file, wanted));
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{finding}");
    }
    for (rule, count) in finding::counts(&findings) {
        println!("{count} of {rule}");
    }
    println!("{} files read, {} findings", files.len(), findings.len());
    Ok(findings.len())
}

/// Checks the modules of each crate and the files of the hosts for cycles, and the engine's modules against its rooms.
fn tree(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in CRATES {
        for edges in rust::edges(sources, folder) {
            findings.extend(graph::cycles(&edges));
            if *folder == ENGINE {
                findings.extend(rooms::check(&edges, rooms::ENGINE));
            }
        }
    }
    findings.extend(graph::cycles(&javascript::edges(sources, JAVASCRIPT)));
    findings.extend(graph::cycles(&php::edges(sources, PHP)));
    findings
}

/// The root of the repository in which this is called.
fn root() -> Result<PathBuf> {
    Ok(PathBuf::from(git(Path::new("."), &["rev-parse", "--show-toplevel"])?.trim_end()))
}

/// The repository's files that git knows or would add, sorted.
fn files(root: &Path) -> Result<Vec<String>> {
    let text = git(root, &["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"])?;
    // A file that was removed but not yet committed is still in the index.
    let mut files: Vec<String> = text.lines().filter(|file| root.join(file).is_file()).map(str::to_owned).collect();
    files.sort();
    Ok(files)
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).current_dir(folder).output().context("cannot start git")?;
    ensure!(output.status.success(), "git {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("git's output is not UTF-8")
}

fn is_in(path: &str, folders: &[impl AsRef<str>]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder.as_ref()))
}
