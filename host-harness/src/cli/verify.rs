//! `hookwright verify`: whether one request, from files or as text, bears a signature that holds.

mod request;

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use hookwright_engine::{time, verify};

use super::dialect::{self, Dialects};
use super::limits::REQUEST_BYTES_MAX;
use super::{input, text};
use request::Request;

const AFTER_HELP: &str = "\
Examples:
  hookwright verify --profile perscom --secret \"$SECRET\" --header \"Signature: $SIGNATURE\" --body payload.json
  HOOKWRIGHT_SECRET=whsec_... hookwright verify --request request.txt
  HOOKWRIGHT_SECRET=whsec_... hookwright verify --request log.txt --at 2025-02-04T12:00:07Z

A body must be the very bytes that came: an editor that adds a line break at the end breaks the signature. In a request with
a Content-Length, what follows the body is left aside.

Exit codes: 0 verified; 1 not verified, and stdout says why; 2 there was nothing to look at, or the command line makes no
sense.";

/// The options of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["body", "request"])))]
pub struct Options {
    #[command(flatten)]
    dialect: dialect::Options,
    /// A whole HTTP/1.1 request as text: request line, headers, an empty line, the body; `-` is stdin
    #[arg(long, env = "HOOKWRIGHT_REQUEST", value_name = "FILE")]
    request: Option<String>,
    /// The body alone, exactly as it came; `-` is stdin
    #[arg(long, env = "HOOKWRIGHT_BODY", value_name = "FILE")]
    body: Option<String>,
    /// A header of the request, `Name: value`; may be repeated
    ///
    /// The variable may hold several, one a line.
    #[arg(long, env = "HOOKWRIGHT_HEADER", hide_env_values = true, value_name = "HEADER", value_delimiter = '\n')]
    header: Vec<String>,
    /// The method with which the body came
    ///
    /// The signature of a `GET` covers JSON that the request does not carry; nobody can verify it.
    #[arg(long, env = "HOOKWRIGHT_METHOD", value_name = "METHOD", default_value = "POST")]
    method: String,
    /// When the request came, RFC 3339; now without it
    ///
    /// Standard Webhooks sign the time, and a request that is old by then is refused.
    #[arg(long, env = "HOOKWRIGHT_AT", value_name = "TIME")]
    at: Option<String>,
}

/// Prints the verdict.
pub fn run(options: &Options) -> Result<ExitCode> {
    let (verified, said) = match judge(options) {
        Ok(verdict) => verdict,
        Err(error) => {
            eprintln!("hookwright: error: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    writeln!(std::io::stdout(), "{said}").context("writing")?;
    Ok(if verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn judge(options: &Options) -> Result<(bool, String)> {
    let dialects = Dialects::new(&options.dialect)?;
    ensure!(dialects.has_secrets(), "there is no secret to try; give it with --secret or HOOKWRIGHT_SECRET");
    let at = match &options.at {
        None => SystemTime::now(),
        Some(text) => UNIX_EPOCH + Duration::from_micros(time::parse(text).context("--at")?),
    };
    let request = read(options)?;
    let judged = dialects.judge(&request.received(), at);
    let profile = judged.profile.map(|profile| format!(" (profile {})", text::plain(&profile.name)));
    let is_verified = matches!(judged.verdict, Some(verify::Verdict::Verified { .. }));
    Ok((is_verified, format!("{}{}", text::plain(&judged.detail()), profile.unwrap_or_default())))
}

fn read(options: &Options) -> Result<Request> {
    let mut request = match (&options.request, &options.body) {
        (Some(file), _) => {
            Request::parse(&input::read(file, REQUEST_BYTES_MAX)?).with_context(|| format!("the request in {file}"))?
        }
        (None, Some(file)) => Request {
            method: options.method.clone(),
            body: input::read(file, REQUEST_BYTES_MAX)?,
            ..Request::default()
        },
        (None, None) => Request::default(),
    };
    for line in &options.header {
        request.headers.push(request::header(line).context("--header")?);
    }
    Ok(request)
}
