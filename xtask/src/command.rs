//! Runs commands: in the workspace's root, printed before they start, and checked when they end.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns the workspace's root, in every current folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Returns the folder of cargo's builds.
pub fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs this program, with the root as its working folder.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Returns the `PATH` with these folders before all others.
pub fn path_with(folders: &[PathBuf]) -> OsString {
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(std::env::split_paths(&others));
    std::env::join_paths(all).unwrap_or(others)
}

/// Prints a command, runs it, and fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("cannot start {:?}", command.get_program()))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Numbers of passed and failed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

/// Runs tests, prints their output, and counts them by the lines in which `cargo test` sums them up.
pub fn run_tests(command: &mut Command, counts: &mut Counts) -> Result<()> {
    run_counted(command, counts, parse_sum)
}

/// Runs tests, prints their output, and counts them by the lines that `sum` can read.
///
/// A run without a test fails, because a filter that matches nothing would pass otherwise.
pub fn run_counted(command: &mut Command, counts: &mut Counts, sum: fn(&str) -> Option<Counts>) -> Result<()> {
    println!("$ {}", shown(command));
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start the tests")?;
    let before = *counts;
    let output = child.stdout.take().context("the tests' output is not a pipe")?;
    for line in BufReader::new(output).lines() {
        let line = line.context("the tests' output is not UTF-8")?;
        println!("{line}");
        if let Some(sum) = sum(&line) {
            counts.passed += sum.passed;
            counts.failed += sum.failed;
        }
    }
    let status = child.wait().context("cannot wait for the tests")?;
    if !status.success() {
        if counts.failed == before.failed {
            // The build failed, or a test ended the whole process.
            counts.failed += 1;
        }
        bail!("`{}` failed ({status})", shown(command));
    }
    if counts.passed == before.passed {
        counts.failed += 1;
        bail!("`{}` ran no test", shown(command));
    }
    Ok(())
}

/// Reads a line such as `test result: ok. 3 passed; 0 failed; ...`.
fn parse_sum(line: &str) -> Option<Counts> {
    let sum = line.trim_start().strip_prefix("test result: ")?;
    let number = |word: &str| sum.split(word).next()?.split_whitespace().next_back()?.parse().ok();
    Some(Counts { passed: number(" passed")?, failed: number(" failed")? })
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().map(OsString::from).unwrap_or_default();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program.to_string_lossy().into_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Counts, parse_sum};

    #[test]
    fn sums_are_read_from_lines_of_cargo() {
        let check = |line, expected: Option<(u64, u64)>| {
            assert_eq!(parse_sum(line), expected.map(|(passed, failed)| Counts { passed, failed }), "{line}");
        };
        check("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out", Some((12, 0)));
        check("test result: FAILED. 3 passed; 1 failed; 0 ignored", Some((3, 1)));
        check("test sums_are_read ... ok", None);
        check("running 3 tests", None);
        check("test result: garbled", None);
    }
}
