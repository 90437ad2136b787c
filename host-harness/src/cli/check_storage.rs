//! `hookwright check-storage`: checks a store in any language against the storage contract. The library has the cases.

use std::ffi::OsString;
use std::io::{LineWriter, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hookwright_storage_check::{Driven, Verdict, cases, check};

const AFTER_HELP: &str = "\
Examples:
  hookwright check-storage -- hookwright storage-driver --store sqlite:/tmp/check.db
  hookwright check-storage -- python3 docs/examples/storage-driver.py /tmp/check.db
  hookwright check-storage --case version -- php driver.php

Each case empties the store first: name a store whose rows you do not need. The command must be the driver itself, not a
shell that starts it, because its processes are killed. docs/storage-kit.md specifies the driver's protocol.

Exit codes: 0 all cases passed; 1 a case failed, and stdout says which; 2 invalid command line.";

/// The options of `check-storage`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Options {
    /// Part of the names of the cases to run
    #[arg(long, env = "HOOKWRIGHT_CASE", value_name = "TEXT")]
    case: Option<String>,
    /// Prints the names of the cases without running them
    #[arg(long, env = "HOOKWRIGHT_LIST_CASES")]
    list: bool,
    /// Longest time of one call, in seconds; must exceed the store's longest wait for a lock
    #[arg(long, env = "HOOKWRIGHT_CALL_TIMEOUT_S", value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=3_600))]
    call_timeout_s: u64,
    /// Command of the driver and its arguments, after `--`
    #[arg(value_name = "COMMAND", last = true, required_unless_present = "list")]
    command: Vec<OsString>,
}

/// Runs the cases and prints one line for each.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut out = LineWriter::new(std::io::stdout());
    let part = options.case.as_deref().unwrap_or_default();
    let is_wanted = |name: &str| name.contains(part);
    let wanted: Vec<&str> = cases().filter(|name| is_wanted(name)).collect();
    ensure!(!wanted.is_empty(), "no case has {part:?} in its name; --list prints all names");
    if options.list {
        wanted.iter().try_for_each(|name| writeln!(out, "{name}")).context("writing")?;
        return Ok(ExitCode::SUCCESS);
    }
    let driven = Driven::new(options.command.clone(), Duration::from_secs(options.call_timeout_s))?;
    let (mut passed, mut skipped, mut failed) = (0, 0, 0);
    let mut written = Ok(());
    let mut begun = Instant::now();
    check(&driven, is_wanted, |name, verdict| {
        let line = match verdict {
            Verdict::Passed => {
                passed += 1;
                format!("pass  {name} ({} ms)", begun.elapsed().as_millis())
            }
            Verdict::Skipped(why) => {
                skipped += 1;
                format!("skip  {name}: {why}")
            }
            Verdict::Failed(failure) => {
                failed += 1;
                format!("FAIL  {name}: {}", super::text::plain(&failure.to_string()))
            }
        };
        written = std::mem::replace(&mut written, Ok(())).and_then(|()| writeln!(out, "{line}"));
        begun = Instant::now();
    });
    written.context("writing")?;
    writeln!(out, "{passed} passed, {failed} failed, {skipped} skipped").context("writing")?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
