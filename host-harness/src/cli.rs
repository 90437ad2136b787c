//! The command line and its commands. Each command has a file of its own.

mod check_storage;
mod client;
mod demo;
mod egress;
mod emit;
mod import;
mod input;
mod judge;
mod limits;
mod listen;
mod open;
mod profiles;
mod sealing;
mod serve;
mod storage_driver;
mod termination;
mod text;
mod verify;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Outbound webhooks as one WebAssembly component: the Rust host
#[derive(Debug, Parser)]
#[command(name = "hookwright", version, after_long_help = AFTER_HELP, args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Every option can also be given as the environment variable that its help names. The option has priority. If an option
that may not be repeated is given twice, the last one counts. The name of an option ends in the unit of its value: `-s` is
seconds.

Exit codes: 0 success; 1 failure, and stderr says why; 2 invalid command line.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows an asset's life on loopback: events in, signed requests out, one receiver down at first
    Demo(demo::Options),
    /// Serves the HTTP API and delivers in the background
    Serve(serve::Options),
    /// Lists the profiles, prints one, or checks files with profiles of your own
    Profiles(profiles::Options),
    /// Sends events from a file or stdin to a running `serve`
    Emit(emit::Options),
    /// Imports existing webhooks with their secrets into a running `serve`
    Import(import::Options),
    /// Receives webhooks, verifies their signatures and prints them
    Listen(listen::Options),
    /// Verifies the signature of a request
    Verify(verify::Options),
    /// Checks a store in any language against the storage contract
    CheckStorage(check_storage::Options),
    /// Runs a store of this host for `check-storage`
    StorageDriver(storage_driver::Options),
}

/// Runs the command that the command line names.
pub fn run() -> ExitCode {
    let cli = Cli::from_arg_matches(&without_empty_variables(Cli::command()).get_matches());
    let done = match cli.unwrap_or_else(|error| error.exit()).command {
        Command::Demo(options) => demo::run(&options),
        Command::Serve(options) => serve::run(&options),
        Command::Profiles(options) => profiles::run(&options),
        Command::Emit(options) => emit::run(&options),
        Command::Import(options) => import::run(&options),
        Command::Listen(options) => listen::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::CheckStorage(options) => check_storage::run(&options),
        Command::StorageDriver(options) => storage_driver::run(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("hookwright: error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Ignores environment variables that are empty: a file that lists all variables leaves some of them empty.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| match arg.get_env() {
        Some(name) if std::env::var_os(name).is_some_and(|value| value.is_empty()) => arg.env(None),
        _ => arg,
    });
    command.mut_subcommands(without_empty_variables)
}
