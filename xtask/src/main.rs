//! The repository's chores: `cargo xtask test` and its smaller siblings. Every step is a command that could be typed.
//!
//! This file decides what can be asked for. What `test` consists of is in `steps`.
#![forbid(unsafe_code)]

mod apt;
mod build;
mod command;
mod limits;
mod native;
mod node;
mod php;
mod readme;
mod steps;
mod zig;

use crate::command::{cargo, run};
use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test             formatting, lints, dependencies, tests, component, simulation, fuzzing, native bridge, Node host, PHP host, docs, README; stops at a failure
cargo xtask test STEP...     only these steps: fmt clippy house deny unit acceptance component simulation fuzz native node php docs readme
cargo xtask build            the release binary, and the component beside it as a file
cargo xtask native [TARGET...]  the native bridge in release, for this machine or other targets, with its header, in target/native;
                             --runtime-only: without the compiler
cargo xtask house [PATH...]  the check of the tree that the step `house` makes; only for the files whose paths start so
cargo xtask limits           writes docs/limits.md from the constants
cargo xtask sim [ARGS]       the simulator, built quickly; `cargo xtask sim --help` is its own help
cargo xtask fuzz [ARGS]      the fuzz targets over their corpora and seeds, built quickly; `--help` is its own help
cargo xtask bench [ARGS]     the figures, in release
cargo xtask --help           this";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let Some((task, rest)) = arguments.split_first() else {
        eprintln!("{HELP}");
        return Ok(ExitCode::from(2));
    };
    let asks_help = rest.iter().any(|argument| argument == "--help" || argument == "-h");
    match task.as_str() {
        "--help" | "-h" | "help" => println!("{HELP}"),
        "test" | "build" | "native" | "house" | "limits" if asks_help => println!("{HELP}"),
        "test" => return steps::test(rest),
        "build" => build::build()?,
        "native" => native::build(rest)?,
        "house" => run(&mut steps::house_check(rest))?,
        "limits" => limits::write()?,
        "sim" => {
            run(cargo(&["run", "--profile", "sim", "--package", "hookwright-tests", "--bin", "sim", "--"]).args(rest))?
        }
        "fuzz" => {
            run(cargo(&["run", "--profile", "sim", "--package", "hookwright-tests", "--bin", "fuzz", "--"]).args(rest))?
        }
        "bench" => {
            run(cargo(&["run", "--release", "--package", "hookwright-host", "--example", "bench", "--"]).args(rest))?
        }
        other => bail!("there is no task {other:?}\n{HELP}"),
    }
    Ok(ExitCode::SUCCESS)
}
