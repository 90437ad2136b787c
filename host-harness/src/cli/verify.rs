//! `hookwright verify`: verifies the signature of one request.

mod request;

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use hookwright_engine::{time, verify};

use super::judge::{self, Judge};
use super::limits::REQUEST_BYTES_MAX;
use super::{input, text};
use request::Request;

const AFTER_HELP: &str = "\
Examples:
  hookwright verify --profile perscom --secret \"$SECRET\" --header \"Signature: $SIGNATURE\" --body payload.json
  HOOKWRIGHT_SECRET=whsec_... hookwright verify --request request.txt
  HOOKWRIGHT_SECRET=whsec_... hookwright verify --request log.txt --at 2025-02-04T12:00:07Z

The body must be exactly the bytes that arrived: a line break that an editor adds at the end invalidates the signature. In a
request with a Content-Length, text after the body is ignored.

Exit codes: 0 verified; 1 not verified, and stdout says why; 2 the request cannot be read, or invalid command line.";

/// The options of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["body", "request"])))]
pub struct Options {
    #[command(flatten)]
    judge: judge::Options,
    /// File with a whole HTTP/1.1 request as text: request line, headers, an empty line, the body; `-` is stdin
    #[arg(long, env = "HOOKWRIGHT_REQUEST", value_name = "FILE")]
    request: Option<String>,
    /// File with the body only, exactly as it arrived; `-` is stdin
    #[arg(long, env = "HOOKWRIGHT_BODY", value_name = "FILE")]
    body: Option<String>,
    /// Header of the request, `Name: value`; may be repeated
    ///
    /// The variable may contain several headers, one a line.
    #[arg(long, env = "HOOKWRIGHT_HEADER", hide_env_values = true, value_name = "HEADER", value_delimiter = '\n')]
    header: Vec<String>,
    /// Method of the request
    ///
    /// The signature of a `GET` cannot be verified, because it covers JSON that the request does not contain.
    #[arg(long, env = "HOOKWRIGHT_METHOD", value_name = "METHOD", default_value = "POST")]
    method: String,
    /// Time when the request arrived, RFC 3339; now without this option
    ///
    /// Standard Webhooks sign the time. A request whose signed time is too far from this one is refused.
    #[arg(long, env = "HOOKWRIGHT_AT", value_name = "TIME")]
    at: Option<String>,
}

/// Prints the verdict on the signature.
pub fn run(options: &Options) -> Result<ExitCode> {
    let Outcome { is_verified, text } = match outcome_of(options) {
        Ok(outcome) => outcome,
        Err(error) => {
            eprintln!("hookwright: error: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    writeln!(std::io::stdout(), "{text}").context("writing")?;
    Ok(if is_verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The verdict on a request.
struct Outcome {
    is_verified: bool,
    text: String,
}

fn outcome_of(options: &Options) -> Result<Outcome> {
    let judge = Judge::new(&options.judge)?;
    ensure!(judge.has_secrets(), "there is no secret; give it with --secret or HOOKWRIGHT_SECRET");
    let at = match &options.at {
        None => SystemTime::now(),
        Some(text) => UNIX_EPOCH + Duration::from_micros(time::parse(text).context("--at")?),
    };
    let request = read(options)?;
    let judged = judge.judge(&request.received(), at);
    let profile = judged.profile.map(|profile| format!(" (profile {})", text::plain(&profile.name)));
    let is_verified = matches!(judged.verdict, Some(verify::Verdict::Verified { .. }));
    let text = format!("{}{}", text::plain(&judged.detail()), profile.unwrap_or_default());
    Ok(Outcome { is_verified, text })
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
