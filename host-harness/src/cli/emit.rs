//! `hookwright emit`: sends events from a file or stdin to a running `serve`, in batches. Each event keeps its text.
//!
//! An event that is sent again after a lost connection must not be accepted twice. Therefore an event without an `id` gets one
//! before the first attempt, made of the run's name and the event's number in the input.

mod batch;
mod progress;
mod split;

use std::io::{BufReader, Read, Write};
use std::process::ExitCode;

use anyhow::{Context, Error, Result, bail, ensure};

use super::client::{self, ApiClient, Call};
use super::limits::RUN_BYTES_MAX;
use batch::Batch;
use progress::Progress;
use split::{Event, Events, Named};

const AFTER_HELP: &str = "\
The input is one event, an array of events, or a sequence of events, as in JSON lines. It is sent while it is read, so its
length has no limit. Keys keep their order, and numbers their text.

An event without an `id` gets one, RUN-1, RUN-2... by its number in the input. Without --run the name of the run is random, so
the same input makes new events when it is sent again. With --run, no event is accepted twice: after an error, correct
the input and repeat the command with the run that the error names.

Examples:
  hookwright emit events.jsonl
  psql -At -c 'SELECT payload FROM events' | hookwright emit - --tenant acme --run backfill-2025-02

Exit codes: 0 all events were accepted; 1 some were not, and stderr says how many were, and the line and reason of the error;
2 invalid command line.";

/// The options of `emit`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Options {
    /// File with the events; `-` is stdin
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    client: client::Options,
    /// Name of this run, 1 to 64 of A-Z a-z 0-9 . _ -; repeating a run accepts no event twice
    #[arg(long, env = "HOOKWRIGHT_RUN", value_name = "NAME", value_parser = run_name)]
    run: Option<String>,
}

/// Sends all events, or reports the line at which it stopped.
pub fn run(options: &Options) -> Result<ExitCode> {
    let run = match &options.run {
        Some(name) => name.clone(),
        None => {
            let mut bytes = [0; 8];
            getrandom::fill(&mut bytes).context("reading random bytes")?;
            hex::encode(bytes)
        }
    };
    let input: Box<dyn Read> = match options.file.as_str() {
        "-" => Box::new(std::io::stdin().lock()),
        path => Box::new(std::fs::File::open(path).with_context(|| format!("reading {path}"))?),
    };
    let mut sender = Sender {
        client: ApiClient::new(&options.client)?,
        tenant: options.client.tenant().map(str::to_owned),
        progress: Progress::new(),
        has_named: false,
    };
    let sent = sender.send_all(Events::new(BufReader::new(input)), &run);
    let accepted = sender.progress.finish();
    match sent {
        Ok(()) => {
            writeln!(std::io::stdout(), "accepted {accepted} events").context("writing")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(stopped(&error, accepted, sender.has_named.then_some(&run))),
    }
}

/// Adds to an error the number of accepted events and the run to repeat.
fn stopped(error: &Error, accepted: u64, run: Option<&String>) -> Error {
    let again = run.map(|run| format!("; to go on, repeat the command with --run {run}: no event is accepted twice"));
    anyhow::anyhow!("{error:#}; {accepted} events were accepted before it{}", again.unwrap_or_default())
}

fn run_name(text: &str) -> Result<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let length = 1..=RUN_BYTES_MAX;
    ensure!(length.contains(&text.len()) && text.bytes().all(fits), "1 to {RUN_BYTES_MAX} of A-Z a-z 0-9 . _ -");
    Ok(text.to_owned())
}

struct Sender {
    client: ApiClient,
    tenant: Option<String>,
    progress: Progress,
    /// True if an event got its id here.
    has_named: bool,
}

impl Sender {
    fn send_all(&mut self, mut events: Events<impl std::io::BufRead>, run: &str) -> Result<()> {
        let mut batch = Batch::default();
        loop {
            let next = match events.next() {
                Ok(Some(event)) => self.name(event, run),
                Ok(None) => return self.send(&batch),
                Err(error) => Err(error),
            };
            let event = match next {
                Ok(event) => event,
                // The events before it are complete, so they are sent.
                Err(error) => return self.send(&batch).and(Err(error)),
            };
            if !batch.has_room_for(&event) {
                self.send(&batch)?;
                batch = Batch::default();
            }
            batch.push(event);
        }
    }

    fn name(&mut self, event: Event, run: &str) -> Result<Event> {
        let Named { event, is_new } = event.with_id(|number| format!("{run}-{number}"))?;
        self.has_named |= is_new;
        Ok(event)
    }

    /// Sends a batch. If it is refused because of one event, the events before that one are sent.
    fn send(&mut self, batch: &Batch) -> Result<()> {
        if batch.events().is_empty() {
            return Ok(());
        }
        let call = Call {
            method: "POST",
            path: "/events".to_owned(),
            tenant: self.tenant.clone(),
            body: batch.body(batch.events().len()),
            ..Call::default()
        };
        let answer = self.client.call_patiently(&call).with_context(|| batch.lines())?;
        if answer.status == 202 {
            self.progress.add(batch.events().len());
            return Ok(());
        }
        let Some(index) = batch.refused_index(&answer) else { bail!("{}: {}", batch.lines(), answer.refusal()) };
        let before = Call { body: batch.body(index), ..call };
        if index > 0 {
            let first = self.client.call_patiently(&before).with_context(|| batch.lines())?;
            ensure!(first.status == 202, "{}: {}", batch.lines(), first.refusal());
            self.progress.add(index);
        }
        bail!("line {}: {}", batch.events()[index].line, batch.refusal(index, &answer))
    }
}
