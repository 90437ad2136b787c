//! `cargo xtask`: the repository's tasks. Every step is a command that can also be typed.
//!
//! This file reads the command line. `steps` has the steps of `test`.
#![forbid(unsafe_code)]

mod apt;
mod build;
mod command;
mod limits;
mod native;
mod node;
mod php;
mod readme;
mod size;
mod steps;
mod zig;

use crate::command::{cargo, run};
use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test [STEP...]       runs the tests, or the named steps; stops at the first failure. The steps, in order:
                                 fmt clippy house deny unit acceptance component simulation fuzz native node php docs readme
cargo xtask build                builds the release binary, and writes the component beside it
cargo xtask native [TARGET...]   builds the native bridge in release, for this machine or the targets, with its header, in
                                 target/native; --runtime-only: without the compiler
cargo xtask house [PATH...]      checks the tree as the step `house` does, or only the files whose paths start with PATH
cargo xtask size                 prints the component's size and the recorded one, in bytes; --record: records the size in
                                 docs/component-size.txt
cargo xtask limits               generates docs/limits.md from the constants
cargo xtask sim [ARGS]           runs the simulator, from a quick build; --help: its options
cargo xtask fuzz [ARGS]          runs the fuzz targets over their corpora and seeds, from a quick build; --help: its options
cargo xtask bench [ARGS]         measures, in release
cargo xtask --help               prints this help";

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
        "test" | "build" | "native" | "house" | "size" | "limits" if asks_help => println!("{HELP}"),
        "test" => return steps::test(rest),
        "build" => build::build()?,
        "native" => native::build(rest)?,
        "house" => run(&mut steps::house_check(rest))?,
        "size" => size::run(rest)?,
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
        other => bail!("there is no task {other:?}; the tasks are:\n{HELP}"),
    }
    Ok(ExitCode::SUCCESS)
}
