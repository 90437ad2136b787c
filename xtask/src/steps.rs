//! The steps of `cargo xtask test`, in the order in which they find a mistake at the lowest cost.
//!
//! Everything is built in the dev profile, whose settings for wasmtime are in the workspace's `Cargo.toml`. Clippy and the
//! documentation share one check of all dependencies. The tests and the README's commands share one build, because the host
//! names the features that the workspace enables. Only the simulator and the fuzz targets are built in release: they need
//! the engine alone, and run a hundred times as fast.

use crate::command::{Counts, cargo, root, run, run_tests};
use crate::{apt, build, limits, native, node, php, readme};
use anyhow::{Result, bail};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// A step. It counts as one test, unless `run` counts its tests.
struct Step {
    name: &'static str,
    title: &'static str,
    run: fn(&mut Counts) -> Result<()>,
}

const fn step(name: &'static str, title: &'static str, run: fn(&mut Counts) -> Result<()>) -> Step {
    Step { name, title, run }
}

const STEPS: &[Step] = &[
    step("fmt", "Formatting", formatting),
    step("clippy", "Lints", lints),
    step("house", "Cycles, rooms, functions and prose", house),
    step("deny", "Licences, bans and sources of dependencies", dependencies),
    step("unit", "Unit tests and examples in the documentation", unit_tests),
    step("acceptance", "Acceptance tests", acceptance_tests),
    step("component", "The component's imports and size", component),
    step("simulation", "Simulation", simulation),
    step("fuzz", "Fuzzing", fuzzing),
    step("native", "The native bridge under valgrind, and on musl", native::test),
    step("node", "The Node host", node::test),
    step("php", "The PHP host", php::test),
    step("docs", "Documentation", documentation),
    step("readme", "README snippets", readme_snippets),
];

/// Runs the named steps, or all, until one fails. Prints `N passed, N failed` as its last line.
pub fn test(names: &[String]) -> Result<ExitCode> {
    let all: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
    if let Some(unknown) = names.iter().find(|name| !all.contains(&name.as_str())) {
        bail!("there is no step {unknown:?}; the steps are {}", all.join(" "));
    }
    let is_chosen = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    let chosen: Vec<&Step> = STEPS.iter().filter(is_chosen).collect();
    build::ensure_wasm_target()?;
    let start = Instant::now();
    let total = run_steps(&chosen);
    println!("\n{} s in total", start.elapsed().as_secs());
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_steps(chosen: &[&Step]) -> Counts {
    let mut total = Counts::default();
    for (index, Step { name, title, run }) in chosen.iter().enumerate() {
        println!("\n=== {title} ({name}, {} of {})", index + 1, chosen.len());
        let (start, mut counts) = (Instant::now(), Counts::default());
        let result = run(&mut counts);
        if counts == Counts::default() {
            counts = Counts { passed: u64::from(result.is_ok()), failed: u64::from(result.is_err()) };
        }
        total.passed += counts.passed;
        total.failed += counts.failed;
        if let Err(error) = result {
            eprintln!("error: {error:#}");
            let rest: Vec<&str> = chosen[index + 1..].iter().map(|step| step.name).collect();
            let rest = if rest.is_empty() { String::new() } else { format!("; not run: {}", rest.join(" ")) };
            println!("=== {title}: failed{rest}");
            break;
        }
        println!("=== {title}: passed in {} s", start.elapsed().as_secs());
    }
    total
}

fn formatting(_: &mut Counts) -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lints(_: &mut Counts) -> Result<()> {
    run(&mut cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Prints every finding, sorted by file.
fn house(_: &mut Counts) -> Result<()> {
    run(&mut house_check(&[]))
}

/// Returns the command that checks the tree: the files whose paths start with one of the given texts, or all.
pub fn house_check(paths: &[String]) -> Command {
    let mut command = cargo(&["run", "--locked", "--quiet", "--package", "house", "--"]);
    command.args(paths);
    command
}

/// Leaves advisories out, because they change while the code does not, and come from a server of their own.
fn dependencies(_: &mut Counts) -> Result<()> {
    const VERSION: &str = "0.20.2";
    let folder = root().join("target/tools");
    // The folder's name has the version, so that an old one is not taken for a new one.
    let tools = folder.join(format!("cargo-deny-{VERSION}"));
    let program = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        println!("cargo-deny {VERSION} is not in {}; installing it there, once", tools.display());
        let mut install = cargo(&["install", "cargo-deny", "--locked", "--debug", "--version", VERSION, "--root"]);
        run(install.arg(&tools).arg("--target-dir").arg(folder.join("build")))?;
        // The build is as large as the other tools together, and is not needed again.
        std::fs::remove_dir_all(folder.join("build")).ok();
    }
    let mut deny = Command::new(program);
    run(deny
        .args(["--locked", "--workspace", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"])
        .current_dir(root()))
}

fn unit_tests(counts: &mut Counts) -> Result<()> {
    run_tests(&mut cargo(&["test", "--locked", "--workspace", "--lib", "--bins"]), counts)?;
    // Plain `run`, because documentation without an example is no failure.
    run(&mut cargo(&["test", "--locked", "--workspace", "--doc"]))
}

/// It is one package, but `--workspace` keeps the features with which its dependencies were built before.
fn acceptance_tests(counts: &mut Counts) -> Result<()> {
    // The storage kit's tests have stores in Python.
    apt::ensure("the storage kit's tests", &|| Ok(if has_python() { vec![] } else { vec!["python3"] }))?;
    let skipped = ["--skip", "component", "--skip", "valgrind", "--skip", "on_musl"];
    run_tests(
        cargo(&["test", "--locked", "--workspace", "--test", "all", "--test", "demo", "--"]).args(skipped),
        counts,
    )
}

fn has_python() -> bool {
    let asked = Command::new("python3").args(["-c", "import sqlite3"]).output();
    asked.is_ok_and(|asked| asked.status.success())
}

/// Runs the tests whose names have `component`. They read the built artifact.
fn component(counts: &mut Counts) -> Result<()> {
    run_tests(&mut cargo(&["test", "--locked", "--workspace", "--test", "all", "--", "component"]), counts)
}

/// Runs random histories, which must pass, and each sabotage, which a checker must find.
fn simulation(_: &mut Counts) -> Result<()> {
    let simulator = ["run", "--locked", "--release", "--package", "hookwright-tests", "--bin", "sim", "--"];
    run(cargo(&simulator).arg("--pinned"))?;
    run(cargo(&simulator).arg("--crash-points"))?;
    // Only runs with a crash find this sabotage.
    run(cargo(&simulator).args(["--crash-points", "--sabotage", "skip-settle-lane-check"]))?;
    run(cargo(&simulator).args(["--count", "10000"]))?;
    run(cargo(&simulator).args(["--sabotage", "all"]))
}

/// Runs each target over its corpus, and over seeds for about 20 s.
fn fuzzing(_: &mut Counts) -> Result<()> {
    run(&mut cargo(&["run", "--locked", "--release", "--package", "hookwright-tests", "--bin", "fuzz"]))
}

fn documentation(_: &mut Counts) -> Result<()> {
    limits::check()?;
    run(cargo(&["doc", "--locked", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn readme_snippets(counts: &mut Counts) -> Result<()> {
    readme::test("README.md", counts)
}
