//! What `cargo xtask test` consists of, in the order in which a mistake is cheapest to find.
//!
//! Everything is built in the dev profile, whose settings for wasmtime are in the workspace's `Cargo.toml`; clippy and the
//! docs share one check of all dependencies, the tests and the README's commands one build, because the host names the
//! features that the workspace has on. Only the simulator is built in release: it
//! needs the engine alone, and runs a hundred times as fast.

use crate::command::{Counts, cargo, root, run, run_tests};
use crate::{apt, build, limits, native, node, php, readme};
use anyhow::{Result, bail};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// A step counts for one, unless it counts its tests itself.
type Step = (&'static str, &'static str, fn(&mut Counts) -> Result<()>);

const STEPS: &[Step] = &[
    ("fmt", "Formatting", formatting),
    ("clippy", "Lints", lints),
    ("house", "Cycles, rooms, functions and prose", house),
    ("deny", "Licences, bans and sources of dependencies", dependencies),
    ("unit", "Unit tests and examples in the documentation", unit_tests),
    ("acceptance", "Acceptance tests", acceptance_tests),
    ("component", "The component's imports", component),
    ("simulation", "Simulation", simulation),
    ("fuzz", "Fuzzing", fuzzing),
    ("native", "The native bridge under valgrind, and on musl", native_bridge),
    ("node", "The Node host", node_host),
    ("php", "The PHP host", php_host),
    ("docs", "Documentation", documentation),
    ("readme", "README snippets", readme_snippets),
];

/// The steps that run only when they are named.
const NAMED_ONLY: &[&str] = &["house"];

/// Runs the steps that are named, or all; prints `N passed, N failed` as its last line.
pub fn test(names: &[String]) -> Result<ExitCode> {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|(step, ..)| step != name)) {
        let steps: Vec<&str> = STEPS.iter().map(|(step, ..)| *step).collect();
        bail!("there is no step {unknown:?}; there are {}", steps.join(" "));
    }
    build::ensure_wasm_target()?;
    let start = Instant::now();
    let mut total = Counts::default();
    let is_chosen = |step: &str| match names {
        [] => !NAMED_ONLY.contains(&step),
        _ => names.iter().any(|name| name == step),
    };
    let chosen: Vec<&Step> = STEPS.iter().filter(|(step, ..)| is_chosen(step)).collect();
    for (index, (name, title, step)) in chosen.iter().enumerate() {
        println!("\n=== {title} ({name}, {} of {})", index + 1, chosen.len());
        let (step_start, mut counts) = (Instant::now(), Counts::default());
        let result = step(&mut counts);
        if counts == Counts::default() {
            counts = Counts { passed: u64::from(result.is_ok()), failed: u64::from(result.is_err()) };
        }
        total.passed += counts.passed;
        total.failed += counts.failed;
        if let Err(error) = result {
            eprintln!("error: {error:#}");
            let rest: Vec<&str> = chosen[index + 1..].iter().map(|(name, ..)| *name).collect();
            let rest = if rest.is_empty() { String::new() } else { format!("; not run: {}", rest.join(" ")) };
            println!("=== {title}: failed{rest}");
            break;
        }
        println!("=== {title}: passed in {} s", step_start.elapsed().as_secs());
    }
    println!("\n{} s altogether", start.elapsed().as_secs());
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn formatting(_: &mut Counts) -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lints(_: &mut Counts) -> Result<()> {
    run(&mut cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Every finding is printed, sorted by file.
fn house(_: &mut Counts) -> Result<()> {
    run(&mut house_check(&[]))
}

/// The check of the tree, for the files whose path starts with one of the given texts, or all.
pub fn house_check(paths: &[String]) -> Command {
    let mut command = cargo(&["run", "--locked", "--quiet", "--package", "house", "--"]);
    command.args(paths);
    command
}

/// Not the advisories: they change without the code changing, and are fetched from elsewhere than the crates.
fn dependencies(_: &mut Counts) -> Result<()> {
    const VERSION: &str = "0.20.2";
    let folder = root().join("target/tools");
    // The version is in the folder's name, so that a new one is not mistaken for an old one.
    let tools = folder.join(format!("cargo-deny-{VERSION}"));
    let program = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        println!("cargo-deny {VERSION} is not in {}; installing it there, once", tools.display());
        let mut install = cargo(&["install", "cargo-deny", "--locked", "--debug", "--version", VERSION, "--root"]);
        run(install.arg(&tools).arg("--target-dir").arg(folder.join("build")))?;
        // As large as everything else in the folder together, and of no more use.
        std::fs::remove_dir_all(folder.join("build")).ok();
    }
    let mut deny = Command::new(program);
    run(deny
        .args(["--locked", "--workspace", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"])
        .current_dir(root()))
}

fn unit_tests(counts: &mut Counts) -> Result<()> {
    run_tests(&mut cargo(&["test", "--locked", "--workspace", "--lib", "--bins"]), counts)?;
    // There may be no example in the documentation at all, so none is no failure here.
    run(&mut cargo(&["test", "--locked", "--workspace", "--doc"]))
}

/// With `--workspace`, although it is one package: dependencies keep the features with which they were built already.
fn acceptance_tests(counts: &mut Counts) -> Result<()> {
    // The storage kit tries stores that are written in it.
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

/// The tests whose name says `component`: the imports are read off the artifact.
fn component(counts: &mut Counts) -> Result<()> {
    run_tests(&mut cargo(&["test", "--locked", "--workspace", "--test", "all", "--", "component"]), counts)
}

/// Random histories must hold, and each sabotage must be seen.
fn simulation(_: &mut Counts) -> Result<()> {
    let simulator = ["run", "--locked", "--release", "--package", "hookwright-tests", "--bin", "sim", "--"];
    run(cargo(&simulator).arg("--pinned"))?;
    run(cargo(&simulator).arg("--crash-points"))?;
    // No run without a crash notices this one.
    run(cargo(&simulator).args(["--crash-points", "--sabotage", "skip-settle-lane-check"]))?;
    run(cargo(&simulator).args(["--count", "10000"]))?;
    run(cargo(&simulator).args(["--sabotage", "all"]))
}

/// Each target over its corpus and over as many seeds as take some twenty seconds.
fn fuzzing(_: &mut Counts) -> Result<()> {
    run(&mut cargo(&["run", "--locked", "--release", "--package", "hookwright-tests", "--bin", "fuzz"]))
}

fn native_bridge(counts: &mut Counts) -> Result<()> {
    native::test(counts)
}

fn node_host(counts: &mut Counts) -> Result<()> {
    node::test(counts)
}

fn php_host(counts: &mut Counts) -> Result<()> {
    php::test(counts)
}

fn documentation(_: &mut Counts) -> Result<()> {
    limits::check()?;
    run(cargo(&["doc", "--locked", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn readme_snippets(counts: &mut Counts) -> Result<()> {
    readme::test("README.md", counts)
}
