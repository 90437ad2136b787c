//! The binary `hookwright`: a complete webhook service in one file, and a demonstration of it.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
