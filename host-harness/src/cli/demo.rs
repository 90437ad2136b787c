//! `hookwright demo`.

use std::process::ExitCode;

use anyhow::Result;

/// The options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Options {}

/// Runs it.
pub fn run(_: &Options) -> Result<ExitCode> {
    anyhow::bail!("the demo is not there yet")
}
