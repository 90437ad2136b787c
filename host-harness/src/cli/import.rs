//! `hookwright import`: a platform's existing webhooks, with their secrets, into a running `serve`.
//!
//! It decides what order things happen in: read, rehearse, look at what is there, create. What a column means is in
//! `row`, and what a webhook may be is decided by the component.

mod columns;
mod rehearsal;
mod row;
mod there;

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use hookwright_host::{PlainHttp, Settings};
use serde::Deserialize;
use serde_json::Value;

use super::client::{self, ApiClient, Call, Patience};
use super::limits::{IMPORT_BYTES_MAX, PROBLEMS_TOLD_MAX};
use super::{input, profiles, text};
use row::Row;
use there::{Identity, There};

const AFTER_HELP: &str = "\
FILE is a JSON array of webhooks with the columns of Perfex Assets, DataGerry, PERSCOM.io or AssetsUp, or with the fields of
Hookwright's own API; docs/import.md has the columns and the queries that yield such a list. A webhook without a secret
is registered as unsigned, where its format allows that.

First every webhook is registered in a throw-away store with the profile that `serve` speaks, and nothing is written if one of
them is refused. A webhook of the same user, name, URL and events is taken for the same one and left alone: importing a
list again adds only what is missing. Secrets are never printed.

Examples:
  hookwright import webhooks.json --dry-run
  hookwright import - --tenant acme --format perfex-assets < webhooks.json

Exit codes: 0 all webhooks are there; 1 some are not, and stderr says which and why; 2 the command line makes no sense.";

/// The options of `import`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Options {
    /// The webhooks; `-` is stdin
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    client: client::Options,
    /// The format of webhooks that name none; the profile of `serve` without it
    #[arg(long, env = "HOOKWRIGHT_FORMAT", value_name = "NAME")]
    format: Option<String>,
    /// The profiles of its own that `serve` was given, so that all can be checked by them; may be repeated
    #[arg(long, env = "HOOKWRIGHT_PROFILE_FILE", value_name = "FILE", value_delimiter = ',')]
    profile_file: Vec<PathBuf>,
    /// Refuses `http` URLs before anything is written, as a `serve` with this option would
    #[arg(long, env = "HOOKWRIGHT_HTTPS_ONLY", value_parser = clap::builder::FalseyValueParser::new())]
    https_only: bool,
    /// Checks everything and says what would be done, and does nothing
    #[arg(long, env = "HOOKWRIGHT_DRY_RUN", value_parser = clap::builder::FalseyValueParser::new())]
    dry_run: bool,
}

/// What is wrong with a webhook of the list.
#[derive(Debug)]
pub struct Problem {
    /// Its index in the list, from 0.
    pub index: usize,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// What is wrong: the field, the fault, the mend. Never a secret.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.index)?;
        if let Some(name) = &self.name {
            write!(f, " {}", text::plain(&format!("{name:?}")))?;
        }
        write!(f, ": {}", text::plain(&self.what))
    }
}

#[derive(Default)]
struct Summary {
    created: usize,
    there: usize,
    refused: usize,
}

/// Imports everything, or nothing if something cannot be.
pub fn run(options: &Options) -> Result<ExitCode> {
    let client = ApiClient::new(&options.client)?;
    let list = read(&options.file)?;
    let tenant = options.client.tenant().unwrap_or("default");
    let (rows, mut problems) = row::rows(list, tenant, options.format.as_deref());
    let settings = Settings {
        profile: profile(&client)?,
        profiles: profiles::read(&options.profile_file)?,
        plain_http: if options.https_only { PlainHttp::Refused } else { PlainHttp::Allowed },
        ..Settings::default()
    };
    let (identities, refused) = rehearsal::rehearse(settings, &rows)?;
    problems.extend(refused);
    problems.sort_by_key(|problem| problem.index);
    if !problems.is_empty() {
        tell(&problems);
        bail!("{} problems; nothing was written", problems.len());
    }
    let mut there = There::look(&client, rows.iter().map(|row| row.tenant.as_str()))?;
    let mut summary = Summary::default();
    let done = create(&client, options.dry_run, &rows, &identities, &mut there, &mut summary);
    let created = if options.dry_run { "would create" } else { "created" };
    let Summary { created: count, there, refused } = summary;
    let said = writeln!(std::io::stdout(), "{created} {count}, already there {there}, refused {refused}");
    said.context("writing")?;
    done.context("to go on, import the same list again: what is there is left alone")?;
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn create(
    client: &ApiClient,
    dry_run: bool,
    rows: &[Row],
    identities: &[Identity],
    there: &mut There,
    summary: &mut Summary,
) -> Result<()> {
    for (row, identity) in rows.iter().zip(identities) {
        if there.take(identity) {
            summary.there += 1;
        } else if dry_run {
            summary.created += 1;
        } else {
            match create_one(client, row, identity, there)? {
                None => summary.created += 1,
                Some(why) => {
                    summary.refused += 1;
                    tell(&[row.problem(why)]);
                }
            }
        }
    }
    Ok(())
}

/// Creates a webhook; answers why not. When an answer is lost, a look at the list tells whether it was created.
fn create_one(client: &ApiClient, row: &Row, identity: &Identity, there: &mut There) -> Result<Option<String>> {
    let call = Call {
        method: "POST",
        path: "/webhooks".to_owned(),
        tenant: Some(row.tenant.clone()),
        user: row.user.clone(),
        body: row.registration.clone().into(),
    };
    let mut patience = Patience::new(client.retry());
    let before = there.count(identity);
    loop {
        match client.call(&call) {
            Ok(answer) if answer.status == 201 => break,
            Ok(answer) => return Ok(Some(answer.refusal())),
            Err(lost) => {
                if !patience.wait(&lost) {
                    return Err(lost.into());
                }
                let now = There::look(client, [row.tenant.as_str()].into_iter())?;
                if now.count(identity) > before {
                    break;
                }
            }
        }
    }
    there.add(identity);
    // It is this row's own: a twin further down is another one.
    there.take(identity);
    Ok(None)
}

fn tell(problems: &[Problem]) {
    for problem in problems.iter().take(PROBLEMS_TOLD_MAX) {
        eprintln!("hookwright: {problem}");
    }
    if problems.len() > PROBLEMS_TOLD_MAX {
        eprintln!("hookwright: ... and {} more", problems.len() - PROBLEMS_TOLD_MAX);
    }
}

fn read(file: &str) -> Result<Vec<Value>> {
    let bytes = input::read(file, IMPORT_BYTES_MAX)?;
    // The parser's errors tell the place, and never what stands there, which may be a secret.
    match serde_json::from_slice(&bytes).with_context(|| format!("{file} is no JSON"))? {
        Value::Array(list) => Ok(list),
        _ => bail!("{file} is not a JSON array of webhooks"),
    }
}

/// The profile that the service speaks.
fn profile(client: &ApiClient) -> Result<String> {
    #[derive(Deserialize)]
    struct EventTypes {
        profile: String,
    }
    let call = Call { method: "GET", path: "/event-types".to_owned(), ..Call::default() };
    let answer = client.call_patiently(&call)?;
    ensure!(answer.status == 200, "asking for the profile: {}", answer.refusal());
    let types: EventTypes = serde_json::from_str(&answer.body).context("asking for the profile")?;
    Ok(types.profile)
}
