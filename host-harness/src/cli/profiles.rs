//! `hookwright profiles`: lists the built-in profiles, prints one, or checks files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use hookwright_engine::limits::PROFILE_BYTES_MAX;
use hookwright_engine::profile::{Profile, Signature};

use super::input;

/// The options of `profiles`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  hookwright profiles\n  hookwright profiles --show standard > shop.json\n  hookwright profiles shop.json\n\n\
    Exit codes: 0 success; 1 a file is not a profile, and stderr says why; 2 invalid command line.\n\
    docs/profiles.md explains the fields of a profile."
)]
pub struct Options {
    /// Files to check, each a profile as JSON; `-` is stdin; without a file, the built-in profiles are listed
    #[arg(value_name = "FILE", conflicts_with = "show")]
    files: Vec<PathBuf>,
    /// Built-in profile whose file is printed, as a start for one of your own
    #[arg(long, env = "HOOKWRIGHT_SHOW_PROFILE", value_name = "NAME")]
    show: Option<String>,
}

/// Lists, prints or checks profiles.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    if let Some(name) = &options.show {
        let text = Profile::builtin_text(name).with_context(|| {
            format!("there is no built-in profile `{name}`; write one of {}", Profile::BUILTIN_NAMES.join(", "))
        })?;
        write!(out, "{text}").context("writing")?;
        return Ok(ExitCode::SUCCESS);
    }
    if options.files.is_empty() {
        writeln!(out, "{}", heading()).context("writing")?;
        for name in Profile::BUILTIN_NAMES {
            let profile = Profile::builtin(name).context("a built-in profile is missing")?;
            writeln!(out, "{}", line(profile)).context("writing")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut wrong = 0;
    for path in &options.files {
        match Profile::parse(&text_of(path)?) {
            Ok(profile) => {
                writeln!(out, "{}: valid\n{}\n{}", path.display(), heading(), line(&profile)).context("writing")?;
            }
            Err(error) => {
                wrong += 1;
                eprintln!("{}: {error}", path.display());
            }
        }
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads the texts of profiles for the component.
pub fn read(paths: &[PathBuf]) -> Result<Vec<String>> {
    paths
        .iter()
        .map(|path| {
            let text = text_of(path)?;
            // The component checks the profile again. Only here can the error name the file.
            Profile::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
            Ok(text)
        })
        .collect()
}

fn text_of(path: &Path) -> Result<String> {
    let name = path.to_str().with_context(|| format!("the file name {} is not UTF-8", path.display()))?;
    let bytes = input::read(name, PROFILE_BYTES_MAX)?;
    String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))
}

fn heading() -> String {
    format!("{:<15} {:>6}  {:<18} {:>7}  {:>8}  waits (s)", "profile", "events", "signature", "timeout", "attempts")
}

fn line(profile: &Profile) -> String {
    let events = if profile.events.is_empty() { "any".to_owned() } else { profile.events.len().to_string() };
    let signature = match &profile.signature {
        Signature::StandardWebhooks => "standard-webhooks",
        Signature::BodyHex { .. } => "body-hex",
    };
    let waits: Vec<String> = profile.schedule_s.iter().map(u32::to_string).collect();
    format!(
        "{:<15} {:>6}  {:<18} {:>5} s  {:>8}  {}",
        profile.name,
        events,
        signature,
        f64::from(profile.timeout_ms) / 1_000.0,
        profile.schedule_s.len() + 1,
        waits.join(" ")
    )
}
