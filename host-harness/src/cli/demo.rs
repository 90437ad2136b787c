//! `hookwright demo`: an asset's life on loopback, with the real component, store and HTTP client.
//!
//! This file owns the order of the steps and the time limits. `story` has the receivers and events. `verdict` checks the
//! outcome.

mod record;
mod story;
mod table;
mod verdict;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hookwright_host::http::HttpClient;
use hookwright_host::signal::Signals;
use hookwright_host::stores::sqlite::{SqliteStore, create_schema};
use hookwright_host::{Blueprint, Imports, Pool, Settings, Workers};

use super::{open, sealing};
use record::{Outcome, Reported, WebhookRecord};
use story::{Party, TENANT};

/// Time limit of a step. A step takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// The interval at which the attempt log is read.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// More attempts than any webhook of the story can have.
const ATTEMPTS_SHOWN: u32 = 100;

/// The options of `demo`: none. It only needs loopback and a folder for temporary files.
#[derive(Debug, clap::Args)]
pub struct Options {}

/// Plays the story. Succeeds if the outcome is as expected.
pub fn run(_: &Options) -> Result<ExitCode> {
    let folder = tempfile::tempdir().context("making a folder for the demo's database")?;
    let database = folder.path().join("demo.db");
    create_schema(&database)?;
    let store = Arc::new(SqliteStore::open(&database)?);
    let http = HttpClient::builder().build()?;
    let settings = Settings {
        profile: "perfex-assets".to_owned(),
        sealing_keys: vec![sealing::random()?],
        // Loopback is refused by default.
        allow_destinations: vec!["127.0.0.0/8".to_owned()],
        ..Settings::default()
    };
    let blueprint = Arc::new(Blueprint::new(open::runtime(None)?, settings, move |signals| {
        Imports::new(store.clone(), Arc::new(http.queue(signals)))
    }));
    let signals = Signals::new();
    let pool = Pool::new(blueprint.clone(), 2);
    let mut parties = story::parties()?;
    register(&pool, &mut parties)?;
    let workers = Workers::start(blueprint, signals.clone(), 2).context("starting the workers")?;

    let mut out = std::io::stdout().lock();
    table::write_introduction(&mut out, &parties)?;
    let reported = accept(&pool, &signals)?;
    play(&pool, &mut parties, &mut out)?;
    workers.stop();

    let outcome = Outcome { reported, webhooks: records(&pool, &parties)? };
    table::write_attempts(&mut out, &outcome)?;
    let failures = verdict::failures(&outcome);
    table::write_end(&mut out, &outcome, &failures)?;
    out.flush().context("writing")?;
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Registers each party's webhook, and gives its receiver the secret that the registration returns.
fn register(pool: &Pool, parties: &mut [Party]) -> Result<()> {
    for party in parties {
        let registration = story::registration(party);
        let answer = pool.call(|plugin| plugin.register(TENANT, &registration))?;
        let answer: serde_json::Value = serde_json::from_str(&answer).context("reading a registration")?;
        let text = |name| answer[name].as_str().with_context(|| format!("the registration has no `{name}`"));
        party.webhook_id = text("id")?.to_owned();
        party.receiver.verify(party.scheme(text("secret")?));
    }
    Ok(())
}

/// Reports the events as a platform does, and returns the messages that they became.
fn accept(pool: &Pool, signals: &Signals) -> Result<Vec<Reported>> {
    let mut reported = Vec::new();
    for story::Event { event_type, json } in story::events() {
        let event = json.to_string();
        let message = pool.call(|plugin| plugin.on_event(Some(TENANT), &event))?;
        reported.push(Reported { event_type: event_type.to_owned(), message });
        signals.work();
    }
    Ok(reported)
}

/// Waits for the failures, brings up the receiver that is down, and waits for the rest. The verdict reports steps that did not
/// happen in time.
fn play(pool: &Pool, parties: &mut [Party], out: &mut impl Write) -> Result<()> {
    for at in 0..parties.len() {
        if !parties[at].is_down {
            continue;
        }
        let expected = story::subscribed(&parties[at]).count();
        let all_refused = |records: &[WebhookRecord]| records[at].events_attempted() == expected;
        if wait_until(pool, parties, all_refused)? {
            writeln!(out, "{} has refused {expected} deliveries and comes up now.", parties[at].name)?;
        }
        parties[at].receiver.come_up()?;
        parties[at].is_down = false;
    }
    wait_until(pool, parties, |records| records.iter().all(WebhookRecord::is_final))?;
    Ok(())
}

fn wait_until(pool: &Pool, parties: &[Party], done: impl Fn(&[WebhookRecord]) -> bool) -> Result<bool> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if done(&records(pool, parties)?) {
            return Ok(true);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(false)
}

fn records(pool: &Pool, parties: &[Party]) -> Result<Vec<WebhookRecord>> {
    let record = |party: &Party| {
        let log = pool.call(|plugin| plugin.attempts(TENANT, &party.webhook_id, None, ATTEMPTS_SHOWN))?;
        WebhookRecord::new(party, &log)
    };
    parties.iter().map(record).collect()
}
