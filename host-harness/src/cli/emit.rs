//! `hookwright emit`: events from a file or stdin to a running `serve`, in batches, each event as the text that it is.
//!
//! An event that is sent again after a lost connection must not be doubled: every event without an `id` is given one
//! before the first try, made of the run's name and its number in the input.

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
use split::{Event, Events};

const AFTER_HELP: &str = "\
The input is one event, an array of events, or an event after the other, as in JSON lines; it is read as it is sent, so it
may be as long as it likes. Keys keep their order and numbers their text.

Events without an `id` are given one, RUN-1, RUN-2... by their number in the input. Without --run the name is made at random:
sending the same input again makes new events. With --run, what was accepted before is not accepted twice: after an
error, mend the input and run again with the name that the error tells.

Examples:
  hookwright emit events.jsonl
  psql -At -c 'SELECT payload FROM events' | hookwright emit - --tenant acme --run backfill-2025-02

Exit codes: 0 all were accepted; 1 not all were, and stderr says how many, which line is at fault and why; 2 the command
line makes no sense.";

/// The options of `emit`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Options {
    /// The events; `-` is stdin
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    client: client::Options,
    /// Names this run, 1 to 64 of A-Z a-z 0-9 . _ -, so that it can be repeated without doubling an event
    #[arg(long, env = "HOOKWRIGHT_RUN", value_name = "NAME", value_parser = run_name)]
    run: Option<String>,
}

/// Sends everything, or says where it stopped.
pub fn run(options: &Options) -> Result<ExitCode> {
    let run = match &options.run {
        Some(name) => name.clone(),
        None => {
            let mut bytes = [0; 8];
            getrandom::fill(&mut bytes).context("asking for random bytes")?;
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
        named: false,
    };
    let sent = sender.send_all(Events::new(BufReader::new(input)), &run);
    let accepted = sender.progress.finish();
    match sent {
        Ok(()) => {
            writeln!(std::io::stdout(), "accepted {accepted} events").context("writing")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(stopped(&error, accepted, sender.named.then_some(&run))),
    }
}

/// The error, with all that is needed to go on.
fn stopped(error: &Error, accepted: u64, run: Option<&String>) -> Error {
    let again = run.map(|run| format!("; to go on, run it again with --run {run}, which doubles nothing"));
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
    /// Whether an event was given its id here.
    named: bool,
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
                // What came before it is whole, and does not have to wait for the mend.
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
        let named = event.with_id(|number| format!("{run}-{number}"))?;
        self.named |= named.1;
        Ok(named.0)
    }

    /// Sends a batch; of one that is refused, what comes before the event at fault.
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
        let Some(index) = batch.at_fault(&answer) else { bail!("{}: {}", batch.lines(), answer.refusal()) };
        let before = Call { body: batch.body(index), ..call };
        if index > 0 {
            let first = self.client.call_patiently(&before).with_context(|| batch.lines())?;
            ensure!(first.status == 202, "{}: {}", batch.lines(), first.refusal());
            self.progress.add(index);
        }
        bail!("line {}: {}", batch.events()[index].line, batch.refusal(index, &answer))
    }
}
