//! The command line: which commands there are. What each does is in its own file.

mod check_storage;
mod client;
mod demo;
mod dialect;
mod egress;
mod emit;
mod import;
mod input;
mod limits;
mod listen;
mod open;
mod profiles;
mod sealing;
mod serve;
mod signals;
mod storage_driver;
mod text;
mod verify;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// Outbound webhooks as one WebAssembly component: the Rust host.
#[derive(Debug, Parser)]
#[command(name = "hookwright", version, after_long_help = AFTER_HELP, args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Every option can also be given as the environment variable that its help names; the option wins. Of an
option that is given twice, and is not one that may be repeated, the last counts. Names of options end in the unit of what
they take: `-s` is seconds.

Exit codes: 0 success; 1 it failed, and stderr says why; 2 the command line makes no sense.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows an asset's life on loopback: events in, signed requests out, one receiver down at first.
    Demo(demo::Options),
    /// Serves the HTTP API and delivers in the background.
    Serve(serve::Options),
    /// Lists the dialects, prints one, or checks a file with one of your own.
    Profiles(profiles::Options),
    /// Hands events from a file or stdin to a running `serve`.
    Emit(emit::Options),
    /// Brings existing webhooks, with their secrets, into a running `serve`.
    Import(import::Options),
    /// Receives webhooks, checks their signatures and prints them.
    Listen(listen::Options),
    /// Says whether a request bears a signature that holds.
    Verify(verify::Options),
    /// Checks whether a store, in whatever language, keeps to the storage contract.
    CheckStorage(check_storage::Options),
    /// Lets `check-storage` drive a store of this host.
    StorageDriver(storage_driver::Options),
}

/// Runs the command that was typed.
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

/// A variable that is empty counts as one that is not set: files that list all of them leave some empty.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| match arg.get_env() {
        Some(name) if std::env::var_os(name).is_some_and(|value| value.is_empty()) => arg.env(None),
        _ => arg,
    });
    command.mut_subcommands(without_empty_variables)
}
