//! `hookwright import`: imports a platform's existing webhooks with their secrets into a running `serve`.
//!
//! This file owns the order of the steps: read, rehearse, list the existing webhooks, create. `row` decides what a column
//! means. The component decides which webhooks are valid.

mod columns;
mod existing;
mod problem;
mod rehearsal;
mod row;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use hookwright_host::{PlainHttp, Settings};
use serde::Deserialize;
use serde_json::Value;

use super::client::{self, ApiClient, Call, Patience};
use super::limits::{IMPORT_BYTES_MAX, PROBLEMS_PRINTED_MAX};
use super::{input, profiles};
use existing::{Existing, Identity};
use problem::Problem;
use rehearsal::Rehearsal;
use row::{Row, Rows};

const AFTER_HELP: &str = "\
FILE is a JSON array of webhooks with the columns of Perfex Assets, DataGerry, PERSCOM.io or AssetsUp, or with the fields of
Hookwright's API. docs/import.md lists the columns, and queries that return such a list. A webhook without a secret is
registered as unsigned, if its format allows that.

First, all webhooks are registered in a temporary store with the profile of `serve`. If one of them is refused, nothing is
written, unless --skip-invalid says that the others are imported all the same. White space around names, URLs, patterns and
headers is taken away, and user and password of a URL become the header `Authorization`. A webhook with the same user, name, URL and events as an existing one is skipped, so importing a list again adds
only the missing webhooks. Secrets are never printed.

Examples:
  hookwright import webhooks.json --dry-run
  hookwright import webhooks.json --skip-invalid
  hookwright import - --tenant acme --format perfex-assets < webhooks.json

Exit codes: 0 all webhooks exist; 1 some do not, also with --skip-invalid, and stderr says which and why; 2 invalid command
line.";

/// The options of `import`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Options {
    /// File with the webhooks; `-` is stdin
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    client: client::Options,
    /// Format of webhooks that name none; the profile of `serve` without this option
    #[arg(long, env = "HOOKWRIGHT_FORMAT", value_name = "NAME")]
    format: Option<String>,
    /// File with a profile that `serve` was given with its --profile-file; may be repeated
    #[arg(long, env = "HOOKWRIGHT_PROFILE_FILE", value_name = "FILE", value_delimiter = ',')]
    profile_file: Vec<PathBuf>,
    /// Refuses `http` URLs before anything is written, as a `serve` with this option does
    #[arg(long, env = "HOOKWRIGHT_HTTPS_ONLY", value_parser = clap::builder::FalseyValueParser::new())]
    https_only: bool,
    /// Imports the valid webhooks although others are refused; stderr lists each refused one with its reason
    #[arg(long, env = "HOOKWRIGHT_SKIP_INVALID", value_parser = clap::builder::FalseyValueParser::new())]
    skip_invalid: bool,
    /// Checks the list and prints what would be done, without doing it
    #[arg(long, env = "HOOKWRIGHT_DRY_RUN", value_parser = clap::builder::FalseyValueParser::new())]
    dry_run: bool,
}

/// The number of webhooks by what became of them.
#[derive(Default)]
struct Summary {
    created: usize,
    existing: usize,
    refused: usize,
}

/// Imports all webhooks, or none if one of them is invalid, unless the options say otherwise.
pub fn run(options: &Options) -> Result<ExitCode> {
    let client = ApiClient::new(&options.client)?;
    let list = read(&options.file)?;
    let tenant = options.client.tenant().unwrap_or("default");
    let Rows { rows, mut problems } = row::rows(list, tenant, options.format.as_deref());
    let settings = Settings {
        profile: profile(&client)?,
        profiles: profiles::read(&options.profile_file)?,
        plain_http: if options.https_only { PlainHttp::Refused } else { PlainHttp::Allowed },
        ..Settings::default()
    };
    let Rehearsal { valid, problems: refused } = rehearsal::rehearse(settings, rows)?;
    problems.extend(refused);
    problems.sort_by_key(|problem| problem.index);
    let mut summary = Summary { refused: count_of_webhooks(&problems), ..Summary::default() };
    if options.skip_invalid {
        // Each of them: the list of those that are left out is what the caller goes on with.
        problems.iter().for_each(|problem| eprintln!("hookwright: {problem}"));
    } else if !problems.is_empty() {
        print(&problems);
        bail!("{} problems; nothing was written (--skip-invalid imports the other webhooks)", problems.len());
    }
    let mut existing = Existing::list(&client, valid.iter().map(|(row, _)| row.tenant.as_str()))?;
    let done = create(&client, options.dry_run, &valid, &mut existing, &mut summary);
    let created = if options.dry_run { "would create" } else { "created" };
    let Summary { created: count, existing, refused } = summary;
    writeln!(std::io::stdout(), "{created} {count}, already there {existing}, refused {refused}").context("writing")?;
    done.context("to go on, import the same list again: existing webhooks are skipped")?;
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn create(
    client: &ApiClient,
    dry_run: bool,
    valid: &[(Row, Identity)],
    existing: &mut Existing,
    summary: &mut Summary,
) -> Result<()> {
    for (row, identity) in valid {
        if existing.take(identity) {
            summary.existing += 1;
        } else if dry_run {
            summary.created += 1;
        } else {
            match create_one(client, row, identity, existing)? {
                None => summary.created += 1,
                Some(why) => {
                    summary.refused += 1;
                    print(&[row.problem(why)]);
                }
            }
        }
    }
    Ok(())
}

/// Creates a webhook, or returns the reason of a refusal. If the response is lost, the list of existing webhooks shows whether it
/// was created.
fn create_one(client: &ApiClient, row: &Row, identity: &Identity, existing: &mut Existing) -> Result<Option<String>> {
    let call = Call {
        method: "POST",
        path: "/webhooks".to_owned(),
        tenant: Some(row.tenant.clone()),
        user: row.user.clone(),
        body: row.registration.clone().into(),
    };
    let mut patience = Patience::new(client.retry());
    let before = existing.count(identity);
    loop {
        match client.call(&call) {
            Ok(answer) if answer.status == 201 => break,
            Ok(answer) => return Ok(Some(answer.refusal())),
            Err(lost) => {
                if !patience.wait(&lost) {
                    return Err(lost.into());
                }
                let now = Existing::list(client, [row.tenant.as_str()].into_iter())?;
                if now.count(identity) > before {
                    break;
                }
            }
        }
    }
    existing.add(identity);
    // It belongs to this row. An equal row further down is another webhook.
    existing.take(identity);
    Ok(None)
}

/// Returns the number of webhooks that these problems are about. A webhook may have several, one after the other.
fn count_of_webhooks(problems: &[Problem]) -> usize {
    problems.chunk_by(|one, next| one.index == next.index).count()
}

fn print(problems: &[Problem]) {
    for problem in problems.iter().take(PROBLEMS_PRINTED_MAX) {
        eprintln!("hookwright: {problem}");
    }
    if problems.len() > PROBLEMS_PRINTED_MAX {
        eprintln!("hookwright: ... and {} more", problems.len() - PROBLEMS_PRINTED_MAX);
    }
}

fn read(file: &str) -> Result<Vec<Value>> {
    let bytes = input::read(file, IMPORT_BYTES_MAX)?;
    // Windows tools write a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    // The parser's errors name the place and do not quote the text, which may be a secret.
    match serde_json::from_slice(bytes).with_context(|| format!("{file} is not JSON"))? {
        Value::Array(list) => Ok(list),
        _ => bail!("{file} is not a JSON array of webhooks"),
    }
}

/// Asks the service for its profile.
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
