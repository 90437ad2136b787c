//! `hookwright listen`: a receiver that verifies the signature of each request and prints the request.

mod line;

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use hookwright_host::receiver::{Received, Receiver};
use http::StatusCode;
use tokio::sync::Notify;

use super::judge::{self, Judge};
use super::limits::LISTEN_END_MS_MAX;
use super::termination::Termination;

const AFTER_HELP: &str = "\
Examples:
  HOOKWRIGHT_SECRET=whsec_... hookwright listen
  hookwright listen --profile perscom --secret typed-secret --fail-first 2
  hookwright listen --listen 127.0.0.1:9001 --json --count 10 > received.jsonl

The response does not depend on the verdict on the signature: the command shows requests, and does not refuse any for its
signature. Bodies of more than 2 MiB are refused with 413. stderr names the address.

Exit codes: 0 after SIGTERM, SIGINT or --count requests; 1 failure; 2 invalid command line.";

/// The options of `listen`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Options {
    /// Address on which it listens; port 0 takes a free port
    #[arg(long, env = "HOOKWRIGHT_LISTEN_AT", value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    #[command(flatten)]
    judge: judge::Options,
    /// Status of the responses, 200 to 599
    #[arg(long, env = "HOOKWRIGHT_STATUS", value_name = "CODE", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599))]
    status: u16,
    /// Number of requests that are answered with 503 first, to see the retries
    #[arg(long, env = "HOOKWRIGHT_FAIL_FIRST", value_name = "NUMBER", default_value_t = 0)]
    fail_first: u64,
    /// Prints one JSON object a line
    ///
    /// `at`, `method`, `target`, `profile`, `eventType`, `verdict` (`verified`, `missing`, `malformed`, `mismatch`, `stale`,
    /// `unverifiable`, `unrecognised`), `detail`, `answered`, `headers`, and `body`, or `bodyBase64` where it is not UTF-8.
    #[arg(long, env = "HOOKWRIGHT_JSON", value_parser = clap::builder::FalseyValueParser::new())]
    json: bool,
    /// Number of requests after which it ends
    #[arg(long, env = "HOOKWRIGHT_COUNT", value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

/// Receives until a signal, or until --count requests have arrived.
pub fn run(options: &Options) -> Result<ExitCode> {
    let termination = Termination::listen()?;
    let desk = Arc::new(Desk {
        judge: Judge::new(&options.judge)?,
        status: StatusCode::from_u16(options.status).context("--status")?,
        fail_first: options.fail_first,
        count: options.count,
        json: options.json,
        seen: Mutex::default(),
        done: Notify::new(),
    });
    let answering = desk.clone();
    let receiver = Receiver::start_with(options.listen, move |received| answering.answer(received))
        .with_context(|| format!("listening on {}", options.listen))?;
    eprintln!("listening on http://{} for {}", receiver.address(), desk.judge.names());
    if !desk.judge.has_secrets() {
        eprintln!("hookwright: no signature can be verified without a secret; give one with --secret");
    }
    termination.wait_or(desk.done.notified());
    receiver.stop(Duration::from_millis(LISTEN_END_MS_MAX));
    let failed = desk.seen.lock().unwrap_or_else(PoisonError::into_inner).failed.take();
    failed.map_or(Ok(ExitCode::SUCCESS), |error| Err(error).context("writing"))
}

/// Handles the requests one by one.
struct Desk {
    judge: Judge,
    status: StatusCode,
    fail_first: u64,
    count: Option<u64>,
    json: bool,
    seen: Mutex<Seen>,
    done: Notify,
}

#[derive(Default)]
struct Seen {
    requests: u64,
    failed: Option<std::io::Error>,
}

impl Desk {
    fn answer(&self, received: &Received) -> StatusCode {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.failed.is_some() || self.count.is_some_and(|count| seen.requests >= count) {
            // The request will not be printed. After a 503 its sender sends it again later.
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        seen.requests += 1;
        let failing = seen.requests <= self.fail_first;
        let status = if failing { StatusCode::SERVICE_UNAVAILABLE } else { self.status };
        let text = line::of(&self.judge, received, status.as_u16(), self.json);
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        if let Err(error) = written {
            seen.failed = Some(error);
        }
        if seen.failed.is_some() || self.count.is_some_and(|count| seen.requests >= count) {
            self.done.notify_one();
        }
        status
    }
}
