//! `hookwright demo`: an asset's life on loopback, through the real component, store and HTTP client.
//!
//! It decides in which order things happen and when to stop waiting. Who takes part is in `story`, what must have come of
//! it in `verdict`.

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
use hookwright_host::stores::sqlite::{SqliteStore, create_schema};
use hookwright_host::wake::Wakes;
use hookwright_host::{Blueprint, Imports, Pool, Pump, Settings};

use super::{open, sealing};
use record::{Outcome, WebhookRecord};
use story::{Party, TENANT};

/// What should take a few seconds is given up after this.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at the attempt log.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// More attempts than any webhook of the story can have.
const ATTEMPTS_SHOWN: u32 = 100;

/// The options of `demo`: none; it needs nothing but loopback and a folder for temporary files.
#[derive(Debug, clap::Args)]
pub struct Options {}

/// Plays the story; success only if everything in it came true.
pub fn run(_: &Options) -> Result<ExitCode> {
    let folder = tempfile::tempdir().context("a folder for the demo's database")?;
    let database = folder.path().join("demo.db");
    create_schema(&database)?;
    let store = Arc::new(SqliteStore::open(&database)?);
    let http = HttpClient::builder().build()?;
    let settings = Settings {
        profile: "perfex-assets".to_owned(),
        sealing_keys: vec![sealing::random()?],
        // Receivers on loopback are refused unless the host says otherwise.
        allow_destinations: vec!["127.0.0.0/8".to_owned()],
        ..Settings::default()
    };
    let blueprint = Arc::new(Blueprint::new(open::runtime(None)?, settings, move |wakes| {
        Imports::new(store.clone(), Arc::new(http.queue(wakes)))
    }));
    let wakes = Wakes::new();
    let pool = Pool::new(blueprint.clone(), 2);
    let mut parties = story::parties()?;
    register(&pool, &mut parties)?;
    let pump = Pump::start(blueprint, wakes.clone(), 2).context("starting the workers")?;

    let mut out = std::io::stdout().lock();
    table::write_introduction(&mut out, &parties)?;
    let accepted = accept(&pool, &wakes)?;
    play(&pool, &mut parties, &mut out)?;
    pump.stop();

    let outcome = Outcome { accepted, webhooks: records(&pool, &parties)? };
    table::write_attempts(&mut out, &outcome)?;
    let failures = verdict::failures(&outcome);
    table::write_end(&mut out, &outcome, &failures)?;
    out.flush().context("writing")?;
    Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Registers every party's webhook, and tells its receiver the secret that the answer holds, this once.
fn register(pool: &Pool, parties: &mut [Party]) -> Result<()> {
    for party in parties {
        let registration = story::registration(party);
        let answer = pool.call(|plugin| plugin.register(TENANT, &registration))?;
        let answer: serde_json::Value = serde_json::from_str(&answer).context("the answer to a registration")?;
        let text = |name| answer[name].as_str().with_context(|| format!("a registration's answer has no `{name}`"));
        party.webhook_id = text("id")?.to_owned();
        party.receiver.verify(party.scheme(text("secret")?));
    }
    Ok(())
}

/// Reports the events, as a platform would from its models, and says which messages they became.
fn accept(pool: &Pool, wakes: &Wakes) -> Result<Vec<(String, hookwright_host::Accepted)>> {
    let mut accepted = Vec::new();
    for (event_type, event) in story::events() {
        let event = event.to_string();
        accepted.push((event_type.to_owned(), pool.call(|plugin| plugin.on_event(Some(TENANT), &event))?));
        wakes.work();
    }
    Ok(accepted)
}

/// Waits for the failures, lets the receiver that is down come up, and waits for the rest. What does not happen in time
/// is for the verdict to find.
fn play(pool: &Pool, parties: &mut [Party], out: &mut impl Write) -> Result<()> {
    for at in 0..parties.len() {
        if !parties[at].is_down {
            continue;
        }
        let expected = story::subscribed(&parties[at]).count();
        let all_refused = |records: &[WebhookRecord]| records[at].events_tried() == expected;
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
