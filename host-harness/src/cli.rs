//! The command line: which commands there are. What each does is in its own file.

mod demo;
mod open;
mod sealing;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Outbound webhooks as one WebAssembly component: the Rust host.
#[derive(Debug, Parser)]
#[command(name = "hookwright", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows an asset's life on loopback: events in, signed requests out, one receiver down at first.
    Demo(demo::Options),
    /// Serves the HTTP API and delivers in the background.
    Serve(serve::Options),
}

/// Runs the command that was typed.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Serve(options) => serve::run(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("hookwright: error: {error:#}");
        ExitCode::FAILURE
    })
}
